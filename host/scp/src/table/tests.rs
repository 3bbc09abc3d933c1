//! Tests of the table: what is written is read, what is damaged is survived, and the shipped file says what the AWS
//! service authorization reference says.

mod damage;
mod shipped;
mod written;

use super::*;

/// Asks a table everything there is to ask, and says how many actions, and how many things beside them, it named.
fn walk(table: &ActionTable<'_>) -> (usize, usize) {
    let (mut actions, mut others) = (0, table.condition_keys().count());
    for service in table.services() {
        others += usize::from(table.service(service.prefix()).is_some()) + service.condition_keys().count();
        for resource_type in service.resource_types() {
            others += resource_type.arns().filter(|arn| arn.parts().is_some()).count();
            others += resource_type.condition_keys().count();
        }
        for action in service.actions() {
            actions += 1;
            others += usize::from(service.action(action.name()).is_some()) + action.all_condition_keys().count();
            others += action.resource_types().filter(ActionResource::required).count();
        }
    }
    (actions, others + table.actions_matching("*:*Get?*").count())
}

fn key(name: &str, key_type: KeyType, multivalued: bool) -> KeySource {
    KeySource { name: name.into(), key_type, multivalued }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Two services that have one of everything.
fn small() -> TableSource {
    let tag = || key("aws:ResourceTag/${TagKey}", KeyType::String, false);
    let action = |name: &str, level, keys: &[&str], types| ActionSource {
        name: name.into(),
        level,
        deprecated: false,
        keys: texts(keys),
        types,
    };
    let on = |name: &str, required, keys: &[&str]| ActionTypeSource { name: name.into(), required, keys: texts(keys) };
    let mut visit = action("Visit", AccessLevel::List, &[], vec![]);
    visit.deprecated = true;
    TableSource {
        source: "source".into(),
        version: "1.2.3".into(),
        licence: "MIT".into(),
        date: "2026-09-26".into(),
        global_keys: vec![
            tag(),
            key("aws:SourceIp", KeyType::IpAddress, false),
            key("aws:TagKeys", KeyType::String, true),
        ],
        services: vec![
            ServiceSource {
                prefix: "zoo".into(),
                name: "A Zoo".into(),
                keys: vec![
                    tag(),
                    key("zoo:Fed", KeyType::Bool, false),
                    key("zoo:Room/${Name}/Size", KeyType::Numeric, false),
                ],
                types: vec![
                    TypeSource { name: "cage".into(), arns: texts(&["zoo:*:*:cage/*"]), keys: texts(&["zoo:Fed"]) },
                    TypeSource { name: "pool".into(), arns: texts(&["zoo:::p/*", "zoo:::q:*"]), keys: vec![] },
                ],
                actions: vec![
                    action(
                        "OpenCage",
                        AccessLevel::Write,
                        &["zoo:Fed"],
                        vec![on("cage", true, &["aws:ResourceTag/${TagKey}"])],
                    ),
                    action(
                        "Feed",
                        AccessLevel::Write,
                        &[],
                        vec![on("cage", false, &[]), on("pool", false, &["zoo:Room/${Name}/Size"])],
                    ),
                    visit,
                ],
            },
            ServiceSource {
                prefix: "ark".into(),
                name: "Ark".into(),
                actions: vec![
                    action("TagPair", AccessLevel::Tagging, &[], vec![]),
                    action("GetPair", AccessLevel::Read, &[], vec![]),
                    action("PutPairPolicy", AccessLevel::PermissionsManagement, &[], vec![]),
                ],
                ..ServiceSource::default()
            },
        ],
    }
}
