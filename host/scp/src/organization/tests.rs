//! What is an organization and what is not.

use super::*;

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

fn builder() -> Builder {
    let mut builder = Organization::builder("r-1", "999999999999");
    builder.unit("ou-1", "Dev", "r-1").account("111111111111", Some("111111111111"), "foo", "ou-1");
    builder.policy("p-1", "FullAWSAccess", Document::parse(ALLOW).expect("a document")).attach("r-1", "p-1");
    builder
}

#[test]
fn levels_go_from_the_root_down() {
    let organization = builder().build().expect("an organization");
    let names: Vec<String> = organization.levels("111111111111").into_iter().map(|level| level.name).collect();
    assert_eq!(names, ["root", "Dev", "foo"]);
    assert_eq!(organization.parent("111111111111"), Some("ou-1"));
    assert_eq!(organization.attached("r-1").map(|policy| policy.name.as_str()).collect::<Vec<_>>(), ["FullAWSAccess"]);
    assert_eq!(organization.attached("ou-1").count(), 0);
    assert_eq!(organization.accounts().collect::<Vec<_>>(), ["111111111111"]);
    assert_eq!(organization.levels("nobody"), []);
}

#[test]
fn an_account_is_found_by_key_and_by_id() {
    let mut builder = builder();
    builder.account("bar", Some("222222222222"), "bar", "ou-1").account("new", None, "new", "r-1");
    let organization = builder.build().expect("an organization");
    for (asked, expected) in [
        ("bar", Some("bar")),
        ("222222222222", Some("bar")),
        ("new", Some("new")),
        ("333333333333", None),
        ("ou-1", None),
    ] {
        assert_eq!(organization.account_key(asked), expected, "{asked}");
    }
}

#[test]
fn a_name_like_an_id_is_no_id() {
    // Keyed by names, as a plan's accounts are: some are called like the id of another one.
    let mut builder = builder();
    builder.account("boss", Some("999999999999"), "boss", "r-1");
    builder.account("222222222222", Some("333333333333"), "named like nobody", "ou-1");
    builder.account("333333333333", Some("444444444444"), "named like an account", "ou-1");
    builder.account("555555555555", None, "no id yet", "ou-1");
    let listed = builder.build().expect("an organization");
    let mut builder = self::builder();
    builder.account("999999999999", Some("222222222222"), "named like the manager", "ou-1");
    let named = builder.build().expect("an organization");
    let mut builder = self::builder();
    builder.account("999999999999", None, "named like the manager, no id yet", "ou-1");
    let new = builder.build().expect("an organization");
    let mut builder = Organization::builder("r-1", "boss");
    builder.account("boss", Some("999999999999"), "boss", "r-1");
    let by_key = builder.build().expect("an organization");
    for (organization, asked, key, manages) in [
        (&listed, "333333333333", Some("222222222222"), false),
        (&listed, "444444444444", Some("333333333333"), false),
        (&listed, "222222222222", None, false),
        (&listed, "555555555555", None, false),
        (&listed, "999999999999", Some("boss"), true),
        (&named, "222222222222", Some("999999999999"), false),
        (&named, "999999999999", None, true),
        (&new, "999999999999", None, true),
        (&by_key, "999999999999", Some("boss"), true),
    ] {
        assert_eq!((organization.account_key(asked), organization.is_management_id(asked)), (key, manages), "{asked}");
    }
    for (organization, key, manages) in [
        (&listed, "boss", true),
        (&listed, "333333333333", false),
        (&named, "999999999999", false),
        (&new, "999999999999", false),
        (&by_key, "boss", true),
    ] {
        assert_eq!(organization.is_management_account(key), manages, "{key}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    fn full() -> Document {
        Document::parse(ALLOW).expect("a document")
    }
    type Change = fn(&mut Builder);
    let cases: [(Change, OrganizationError); 9] = [
        (
            |it| {
                it.unit("ou-1", "Again", "r-1").unit("x", "x", "r-1");
            },
            OrganizationError::Twice("ou-1".into()),
        ),
        (
            |it| {
                it.account("ou-1", None, "x", "r-1").unit("x", "x", "r-1");
            },
            OrganizationError::Twice("ou-1".into()),
        ),
        (
            |it| {
                it.policy("p-1", "x", full()).attach("ou-1", "p-1");
            },
            OrganizationError::Twice("p-1".into()),
        ),
        (
            |it| {
                it.attach("r-1", "p-1").unit("x", "x", "r-1");
            },
            OrganizationError::Twice("r-1/p-1".into()),
        ),
        (
            |it| {
                it.unit("x", "x", "ou-9").unit("y", "y", "x");
            },
            OrganizationError::NoParent("x".into()),
        ),
        (
            |it| {
                it.unit("x", "x", "111111111111");
            },
            OrganizationError::NoParent("x".into()),
        ),
        (
            |it| {
                it.unit("x", "x", "y").unit("y", "y", "x");
            },
            OrganizationError::NoRoot("x".into()),
        ),
        (
            |it| {
                it.attach("ou-9", "p-1");
            },
            OrganizationError::NoTarget("ou-9".into()),
        ),
        (
            |it| {
                it.attach("ou-1", "p-9");
            },
            OrganizationError::NoPolicy("p-9".into()),
        ),
    ];
    for (change, expected) in cases {
        let mut builder = builder();
        change(&mut builder);
        assert_eq!(builder.build().expect_err("refused"), expected);
    }
}

#[test]
fn five_units_may_lie_between_account_and_root() {
    let deep = |units: usize| {
        let mut builder = Organization::builder("r-1", "999999999999");
        let mut parent = "r-1".to_owned();
        for unit in 0..units {
            let key = format!("ou-{unit}");
            builder.unit(&key, "unit", &parent);
            parent = key;
        }
        builder.account("111111111111", None, "foo", &parent);
        builder.build().map(|organization| organization.levels("111111111111").len())
    };
    assert_eq!(deep(LEVELS_MAX - 2), Ok(LEVELS_MAX));
    assert_eq!(deep(LEVELS_MAX - 1), Err(OrganizationError::NoRoot("111111111111".into())));
}

#[test]
fn the_facts_of_a_request_are_an_organization() {
    let allow = ALLOW.replace('"', "\\\"");
    let text = format!(
        r#"{{"root_id": "r-1", "management_account": "999999999999",
        "units": {{"ou-1": {{"name": "Dev", "parent_id": "r-1"}}}},
        "accounts": {{"111111111111": {{"id": "111111111111", "name": "foo", "email": "a@b.example", "parent_id": "ou-1"}}}},
        "policies": {{"p-1": {{"name": "FullAWSAccess", "document": "{allow}", "aws_managed": true}}}},
        "attachments": {{"r-1": ["p-1"]}}}}"#
    );
    let options = reeve_json::Options { bytes_max: 1 << 16, depth_max: 8, strings: reeve_json::StringRule::Any };
    let read = |text: &str| Organization::from_json(&reeve_json::parse(text.as_bytes(), &options).expect("JSON").value);
    let mut expected = Organization::builder("r-1", "999999999999");
    expected.unit("ou-1", "Dev", "r-1").account("111111111111", Some("111111111111"), "foo", "ou-1");
    expected.policy("p-1", "FullAWSAccess", Document::parse(ALLOW).expect("a document")).attach("r-1", "p-1");
    assert_eq!(read(&text), Ok(expected.build().expect("an organization")));
    for (from, to, message) in [
        ("\"root_id\"", "\"root\"", "`/root_id` of the organization is not a string"),
        ("\"name\": \"foo\"", "\"name\": 5", "`/accounts/111111111111/name` of the organization is not a string"),
        ("[\"p-1\"]", "\"p-1\"", "`/attachments/r-1` of the organization is not an array"),
        ("[\"p-1\"]", "[\"p-2\"]", "the unknown policy `p-2` is attached"),
        ("\"ou-1\"}}", "\"ou-2\"}}", "`111111111111` is below no known unit"),
        ("Allow", "allow", "policy `FullAWSAccess` cannot be evaluated: `Effect` is not `Allow` or `Deny` at 1:51"),
    ] {
        let error = read(&text.replacen(from, to, 1)).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    assert!(read(r#"{"root_id": "r-1", "management_account": "1"}"#).is_ok());
}
