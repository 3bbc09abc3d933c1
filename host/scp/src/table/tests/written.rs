//! What is written, and what cannot be written.

use super::super::header::days_of;
use super::*;
use proptest::prelude::*;

#[test]
fn a_small_table_says_what_was_written() {
    let text = write(&small()).unwrap();
    let table = ActionTable::parse(&text).unwrap();
    assert_eq!((table.source(), table.version(), table.licence()), ("source", "1.2.3", "MIT"));
    assert_eq!(table.counts(), Counts { services: 2, actions: 6, global_keys: 3 });
    assert_eq!(table.services().map(|service| service.prefix()).collect::<Vec<_>>(), ["ark", "zoo"]);
    let zoo = table.service("ZOO").unwrap();
    assert_eq!(zoo.name(), "A Zoo");
    assert_eq!(zoo.actions().map(|action| action.name()).collect::<Vec<_>>(), ["Feed", "OpenCage", "Visit"]);
    let feed = table.action("Zoo:feed").unwrap();
    assert_eq!((feed.service().prefix(), feed.access_level()), ("zoo", AccessLevel::Write));
    let types: Vec<_> = feed.resource_types().map(|one| (one.resource_type().name(), one.required())).collect();
    assert_eq!(types, [("cage", false), ("pool", false)]);
    let arns: Vec<_> = feed.resource_types().flat_map(|one| one.resource_type().arns()).collect();
    assert_eq!(
        arns.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["arn:*:zoo:*:*:cage/*", "arn:*:zoo:::p/*", "arn:*:zoo:::q:*"]
    );
    assert_eq!(arns[2].parts(), Some(["zoo", "", "", "q:*"]));
    let keys: Vec<_> = feed.all_condition_keys().map(|key| key.name).collect();
    assert_eq!(keys, ["zoo:Fed", "zoo:Room/${Name}/Size"]);
    let open = zoo.action("OPENCAGE").unwrap();
    assert!(open.resource_types().all(|one| one.required()));
    assert_eq!(open.condition_keys().map(|key| key.name).collect::<Vec<_>>(), ["zoo:Fed"]);
    assert_eq!(zoo.action("Visit").unwrap().resource_types().count(), 0);
    assert!(!feed.deprecated() && zoo.action("Visit").unwrap().deprecated());
    let levels: Vec<_> = table.service("ark").unwrap().actions().map(|action| action.access_level()).collect();
    assert_eq!(levels, [AccessLevel::Read, AccessLevel::PermissionsManagement, AccessLevel::Tagging]);
    assert!(table.service("zo").is_none() && zoo.action("Open").is_none() && table.action("zoo").is_none());
}

#[test]
fn a_key_is_found_with_its_type() {
    let text = write(&small()).unwrap();
    let table = ActionTable::parse(&text).unwrap();
    for (name, expected) in [
        ("aws:SOURCEIP", Some((KeyType::IpAddress, false, true))),
        ("aws:TagKeys", Some((KeyType::String, true, true))),
        ("zoo:fed", Some((KeyType::Bool, false, false))),
        ("aws:ResourceTag/team", Some((KeyType::String, false, true))),
        ("aws:resourcetag/${TagKey}", Some((KeyType::String, false, true))),
        ("aws:ResourceTag/", None),
        ("aws:ResourceTag", None),
        ("zoo:Room/x/size", Some((KeyType::Numeric, false, false))),
        ("zoo:Room/x", None),
        ("zoo:Room//Size", None),
        ("zoo:Room/\u{e9}", None),
        ("zoo:", None),
        ("", None),
    ] {
        let found = table.condition_key(name).map(|key| (key.key_type, key.multivalued, key.global));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_template_stands_for_at_least_one_character() {
    for (key, name, expected) in [
        ("a:B", "A:b", true),
        ("a:${X}", "a:b", true),
        ("a:${X}", "a:", false),
        ("a:${X}/c", "a:b/C", true),
        ("a:${X}/c", "a:/c", false),
        ("a${X}b${Y}c", "a1b2c", true),
        ("a${X}b${Y}c", "abbbc", true),
        ("a${X}b${Y}c", "abc", false),
        ("a${X}b${Y}c", "a1b2d", false),
        ("a:${X", "a:b", false),
    ] {
        let key = ConditionKey { name: key, key_type: KeyType::String, multivalued: false, global: false };
        assert_eq!(key.is(name), expected, "{} {name}", key.name);
    }
}

#[test]
fn a_pattern_names_its_actions() {
    let text = write(&small()).unwrap();
    let table = ActionTable::parse(&text).unwrap();
    for (pattern, expected) in [
        ("*", "ark:GetPair ark:PutPairPolicy ark:TagPair zoo:Feed zoo:OpenCage zoo:Visit"),
        ("**", "ark:GetPair ark:PutPairPolicy ark:TagPair zoo:Feed zoo:OpenCage zoo:Visit"),
        ("*:*", "ark:GetPair ark:PutPairPolicy ark:TagPair zoo:Feed zoo:OpenCage zoo:Visit"),
        ("zoo:*", "zoo:Feed zoo:OpenCage zoo:Visit"),
        ("ZOO:feed", "zoo:Feed"),
        ("zoo:Fee", ""),
        ("zoo:*e*", "zoo:Feed zoo:OpenCage"),
        ("ark:*pair", "ark:GetPair ark:TagPair"),
        ("ark:?etPair", "ark:GetPair"),
        ("ark:GetPair?", ""),
        ("ark:GetPair*", "ark:GetPair"),
        ("?o*:*t", "zoo:Visit"),
        ("zo:*", ""),
        ("zoo", ""),
        (":", ""),
        ("", ""),
    ] {
        let found: Vec<String> = table
            .actions_matching(pattern)
            .map(|action| format!("{}:{}", action.service().prefix(), action.name()))
            .collect();
        assert_eq!(found.join(" "), expected, "{pattern}");
    }
}

#[test]
fn equal_sources_give_equal_bytes_in_whatever_order() {
    let mut other = small();
    other.services.reverse();
    other.global_keys.reverse();
    for service in &mut other.services {
        service.keys.reverse();
        service.types.reverse();
        service.actions.reverse();
    }
    assert_eq!(write(&small()), write(&other));
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let change = |edit: fn(&mut TableSource)| {
        let mut source = small();
        edit(&mut source);
        write(&source).expect_err("refused").to_string()
    };
    for (found, expected) in [
        (change(|source| source.date = "2026-02-30".into()), "`2026-02-30` is no date"),
        (change(|source| source.source = "a;b".into()), "`a;b` cannot stand in a table"),
        (change(|source| source.licence = String::new()), "`` cannot stand in a table"),
        (change(|source| source.services[0].name = "a\"".into()), "service `zoo`: `a\\\"` cannot stand in a table"),
        (change(|source| source.services[1].prefix = "Zoo".into()), "a service stands twice"),
        (change(|source| source.services[0].actions[1].name = "VISIT".into()), "service `zoo`: an action stands twice"),
        (
            change(|source| source.services[0].types[1].name = "Cage".into()),
            "service `zoo`: a resource type stands twice",
        ),
        (
            change(|source| source.services[0].actions[0].keys = texts(&["zoo:Nope"])),
            "service `zoo`: no service lists key `zoo:Nope`",
        ),
        (
            change(|source| source.services[0].actions[0].types[0].name = "nest".into()),
            "service `zoo`: action `OpenCage` names resource type `nest`, which is not listed",
        ),
        (change(|source| source.services[0].types[0].arns = vec![]), "service `zoo`: resource type `cage` has no ARN"),
        (
            change(|source| source.services[0].types[0].arns = texts(&["zoo::x"])),
            "service `zoo`: `zoo::x` lacks a part of an ARN",
        ),
        (
            change(|source| source.services[1].keys = vec![key("zoo:Fed", KeyType::Arn, false)]),
            "key `zoo:Fed` has two types",
        ),
        (
            change(|source| source.global_keys.push(key("aws:sourceip", KeyType::IpAddress, false))),
            "global key `aws:sourceip` stands twice",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_global_key_keeps_its_own_type() {
    let mut source = small();
    source.services[1].keys.push(key("aws:SourceIp", KeyType::String, true));
    let text = write(&source).unwrap();
    let found = ActionTable::parse(&text).unwrap().condition_key("aws:SourceIp").unwrap();
    assert_eq!((found.key_type, found.multivalued, found.global), (KeyType::IpAddress, false, true));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let mut source = small();
    // 262,144 bytes of actions are the first that three digits cannot count; the small table's own have 25.
    let row = |name: usize| ActionSource {
        name: "x".repeat(name - "000;".len()),
        level: AccessLevel::Read,
        deprecated: false,
        keys: vec![],
        types: vec![],
    };
    let own: usize = source.services[0].actions.iter().map(|action| action.name.len() + "000;".len()).sum();
    source.services[0].actions.push(row(262_143 - own));
    let text = write(&source).unwrap();
    assert_eq!(ActionTable::parse(&text).unwrap().service("zoo").unwrap().actions().count(), 4);
    source.services[0].actions[3] = row(262_144 - own);
    assert_eq!(
        write(&source).expect_err("refused").to_string(),
        "service `zoo`: 262144 does not fit into 3 digits of base 64"
    );
}

#[test]
fn a_day_is_counted_from_1970() {
    for (text, expected) in [
        ("1970-01-01", Some(0)),
        ("1969-12-31", Some(-1)),
        ("2000-02-29", Some(11_016)),
        ("2000-03-01T00:00:00Z", Some(11_017)),
        ("2026-09-26", Some(20_722)),
        ("1900-02-29", None),
        ("2026-13-01", None),
        ("2026-00-10", None),
        ("2026-04-31", None),
        ("2026-4-030", None),
        ("2026-+4-01", None),
        ("2026-09-2", None),
        ("", None),
    ] {
        assert_eq!(days_of(text), expected, "{text}");
    }
    let text = write(&small()).unwrap();
    let table = ActionTable::parse(&text).unwrap();
    assert_eq!(table.age_days("2026-10-06T12:00:00Z"), Some(10));
    assert_eq!(table.age_days("2026-09-25T23:59:59Z"), Some(-1));
    assert_eq!(table.age_days("soon"), None);
}

fn names(count: usize) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set("[A-Za-z]{1,8}", 0..count).prop_map(|names| {
        let mut seen = std::collections::BTreeSet::new();
        names.into_iter().filter(|name| seen.insert(name.to_ascii_lowercase())).collect()
    })
}

proptest! {
    #[test]
    fn every_action_that_is_written_is_found(prefixes in names(12), actions in names(40)) {
        let service = |prefix: &String| ServiceSource {
            prefix: prefix.to_ascii_lowercase(),
            name: "x".into(),
            actions: actions
                .iter()
                .enumerate()
                .map(|(index, name)| ActionSource {
                    name: name.clone(),
                    level: AccessLevel::ALL[index % AccessLevel::ALL.len()],
                    deprecated: false,
                    keys: vec![],
                    types: vec![],
                })
                .collect(),
            ..ServiceSource::default()
        };
        let source = TableSource { services: prefixes.iter().map(service).collect(), ..small() };
        let text = write(&source).unwrap();
        let table = ActionTable::parse(&text).unwrap();
        prop_assert_eq!(table.services().count(), prefixes.len());
        for prefix in &prefixes {
            for (index, name) in actions.iter().enumerate() {
                let found = table.action(&format!("{prefix}:{}", name.to_ascii_uppercase())).unwrap();
                prop_assert_eq!(found.name(), name);
                prop_assert_eq!(found.access_level(), AccessLevel::ALL[index % AccessLevel::ALL.len()]);
                prop_assert_eq!(found.service().prefix(), prefix.to_ascii_lowercase());
            }
            let among = |wanted: &str| actions.iter().any(|name| name.eq_ignore_ascii_case(wanted));
            prop_assert_eq!(table.action(&format!("{prefix}:m")).is_some(), among("m"));
        }
    }
}
