//! Every bound of the service's keys, at its edge.

use super::*;

#[test]
fn numbers_stay_inside_their_limits() {
    let visible = |seconds: i64| format!("sources: [ {{ sqs: {{ visibility-seconds: {seconds}, queue: {QUEUE} }} }} ]");
    let batch = |count: u32| format!("sources: [ {{ sqs: {{ batch: {count}, queue: {QUEUE} }} }} ]");
    for text in [
        visible(VISIBILITY_SECONDS_MIN),
        visible(VISIBILITY_SECONDS_MAX),
        batch(1),
        batch(BATCH_MAX),
        "brakes: { changes-per-request: 1_000_000, zone-share: 1% }".to_owned(),
        format!("serve: {{ in-flight: {IN_FLIGHT_MAX}, drain-seconds: 1 }}"),
    ] {
        assert!(read(&text).is_ok(), "{text}");
    }
    for (text, told) in [
        (visible(VISIBILITY_SECONDS_MIN - 1), "1:41: `visibility-seconds` must be from 90 to 43200, found `89`"),
        (visible(VISIBILITY_SECONDS_MAX + 1), "1:41: `visibility-seconds` must be from 90 to 43200, found `43201`"),
        (batch(0), "1:28: `batch` must be from 1 to 10, found `0`"),
        (batch(BATCH_MAX + 1), "1:28: `batch` must be from 1 to 10, found `11`"),
        ("brakes: { changes-per-hour: 0 }".to_owned(), "1:29: `changes-per-hour` must be from 1 to 1000000, found `0`"),
        (
            "brakes: { changes-per-zone-hour: 1_000_001 }".to_owned(),
            "1:34: `changes-per-zone-hour` must be from 1 to 1000000, found `1000001`",
        ),
        ("serve: { in-flight: 129 }".to_owned(), "1:21: `in-flight` must be from 1 to 128, found `129`"),
        ("serve: { in-flight: 0 }".to_owned(), "1:21: `in-flight` must be from 1 to 128, found `0`"),
        (
            "serve: { probe: { resolvers: [localhost] } }".to_owned(),
            "1:31: item 1 of `resolvers` must be an IP address and a port",
        ),
        ("serve: { probe: { port: 65536 } }".to_owned(), "1:25: `port` must be from 1 to 65535, found `65536`"),
        (
            "serve: { probe: { deadline-seconds: 901 } }".to_owned(),
            "1:37: `deadline-seconds` must be from 1 to 900, found `901`",
        ),
        ("serve: { drain-seconds: 601 }".to_owned(), "1:25: `drain-seconds` must be from 1 to 600, found `601`"),
    ] {
        assert_eq!(wrong(&text), told, "{text}");
    }
    for share in ["0%", "101%", "30", "0.3", "30 %", "+30%", "030%", "'%'", "''", "30%%", "-1%"] {
        let text = format!("brakes: {{ zone-share: {share} }}");
        assert_eq!(wrong(&text), "1:23: `zone-share` must be from `1%` to `100%`", "{share}");
    }
}

#[test]
fn lists_stay_inside_their_limits() {
    let rules = |count: usize| {
        let rules: Vec<String> = (0..count).map(|index| format!("{RULE}-{index}")).collect();
        format!("sources: [ {{ sqs: {{ queue: {QUEUE}, verified-by: [{}] }} }} ]", rules.join(", "))
    };
    let ports = |count: usize| {
        let ports: Vec<String> = (0..count).map(|_| "{ http: { listen: 127.0.0.1:0 } }".to_owned()).collect();
        format!("sources: [{}]", ports.join(", "))
    };
    assert!(read(&rules(RULES_MAX)).is_ok());
    assert!(wrong(&rules(RULES_MAX + 1)).ends_with("`verified-by` must have 1 to 100 items"));
    assert!(wrong(&rules(0)).ends_with("`verified-by` must have 1 to 100 items"));
    assert!(read(&ports(SOURCES_MAX)).is_ok());
    assert_eq!(wrong(&ports(SOURCES_MAX + 1)), "1:10: `sources` must have 1 to 100 items");
    assert_eq!(wrong(&ports(0)), "1:10: `sources` must have 1 to 100 items");
}

#[test]
fn names_stay_inside_their_limits() {
    let (bus, table) = ("b".repeat(256), "t".repeat(255));
    let (bucket, prefix) = ("b".repeat(63), "p".repeat(PREFIX_CHARS_MAX));
    for text in [
        format!("reply: {{ bus: {bus} }}"),
        "reply: { bus: 'arn:aws:events:us-east-1:012345678901:event-bus/infra' }".to_owned(),
        "ledger: { dynamodb: abc }".to_owned(),
        format!("ledger: {{ dynamodb: {table} }}"),
        "receipts: { s3: { bucket: a.b-c } }".to_owned(),
        format!("receipts: {{ s3: {{ bucket: {bucket}, prefix: {prefix} }} }}"),
        "receipts: { s3: { bucket: abc, prefix: a/b=c/d.e } }".to_owned(),
        "receipts: { dir: receipts }".to_owned(),
    ] {
        assert!(read(&text).is_ok(), "{text}");
    }
    let not_a_bus =
        "`bus` must be the name of an event bus, or its ARN: `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`";
    for text in [
        format!("{{ bus: {bus}b }}"),
        "{ bus: '' }".to_owned(),
        "{ bus: 'a b' }".to_owned(),
        "{ bus: /a }".to_owned(),
        "{ bus: 'arn:aws:events:us-east-1:012345678901:rule/infra' }".to_owned(),
        "{ bus: 'arn:aws:events:us-east-1:*:event-bus/infra' }".to_owned(),
        "{ bus: 'arn:aws:sns:us-east-1:012345678901:infra' }".to_owned(),
    ] {
        let told = wrong(&format!("reply: {text}"));
        assert_eq!(told, format!("1:15: {not_a_bus}"), "{text}");
    }
    for table in ["ab".to_owned(), format!("{table}t"), "'a/b'".to_owned(), "'a b'".to_owned()] {
        let told = wrong(&format!("ledger: {{ dynamodb: {table} }}"));
        assert!(told.starts_with("1:21: `dynamodb` must be the name of a table"), "{table}: {told}");
    }
    for bucket in ["ab", "-ab", "ab-", "a..b", "Abc", "a_b", "'s3://abc'", &format!("{bucket}b")] {
        let told = wrong(&format!("receipts: {{ s3: {{ bucket: {bucket} }} }}"));
        assert!(told.starts_with("1:27: `bucket` must be the name of a bucket"), "{bucket}: {told}");
    }
    for prefix in ["''", "/a", "a/", "a//b", "a/../b", ".", "'a b'", "'a\\b'", &format!("{prefix}p")] {
        let told = wrong(&format!("receipts: {{ s3: {{ bucket: abc, prefix: {prefix} }} }}"));
        assert!(told.starts_with("1:40: `prefix` must be a prefix such as"), "{prefix}: {told}");
    }
}

#[test]
fn roles_stand_in_the_senders_account() {
    let told = "`delegation` must be the ARN of an IAM role in the sender's account";
    for role in [
        "arn:aws:iam::012345678901:role/x",
        "arn:aws:iam::{account}x:role/x",
        "arn:aws:iam:us-east-1:{account}:role/x",
        "arn:aws:iam::{account}:role/",
        "arn:aws:iam::{account}:role/*",
        "arn:aws:iam::{account}:role/{account}",
        "arn:aws:iam::{account}:user/x",
        "arn:{account}:iam::{account}:role/x",
        "{account}",
        &format!("arn:aws:iam::{{account}}:role/{}", "r".repeat(65)),
        &format!("arn:aws:iam::{{account}}:role/{}/r", "p".repeat(511)),
    ] {
        let text = format!("roles: {{ delegation: '{role}' }}");
        assert_eq!(wrong(&text), format!("1:22: {told}"), "{role}");
    }
    for role in [&format!("{}/{}", "p".repeat(510), "r".repeat(64)), "a+=,.@-_9"] {
        assert!(read(&format!("roles: {{ delegation: 'arn:aws:iam::{{account}}:role/{role}' }}")).is_ok(), "{role}");
    }
}

#[test]
fn one_thing_is_chosen_and_nothing_else_is_there() {
    for (text, told) in [
        ("sources: { sqs: {} }", "1:10: `sources` must be a list, found a mapping"),
        ("sources: [ {} ]", "1:12: item 1 of `sources` must have exactly one key: `sqs` or `lambda` or `http`"),
        (
            "sources: [ { sqs: {}, http: {} } ]",
            "1:12: item 1 of `sources` must have exactly one key: `sqs` or `lambda` or `http`",
        ),
        ("sources: [ { kafka: {} } ]", "1:14: key `kafka` is not known"),
        ("sources: [ { sqs: {} } ]", "1:19: key `queue` is missing"),
        ("sources: [ { lambda: {} } ]", "1:22: key `function` is missing"),
        ("sources: [ { http: { listen: 127.0.0.1:1, verified-by: x } } ]", "1:43: key `verified-by` is not known"),
        (
            "sources: [ { http: { listen: 127.0.0.1:1 } }, { http: { listen: 127.0.0.1:1 } } ]",
            "1:47: source `127.0.0.1:1` is there twice",
        ),
        ("brakes: { changes-per-day: 1 }", "1:11: key `changes-per-day` is not known"),
        ("brakes: { allow: mx }", "1:18: `allow` must be a list, found a string"),
        ("brakes: { allow: [txt] }", "1:19: `txt` is nothing that a gate guards"),
        ("brakes: { allow: [mx, mx] }", "1:23: `mx` is there twice"),
        ("reply: { bus: a, to: b }", "1:18: key `to` is not known"),
        ("ledger: {}", "1:9: `ledger` must have exactly one key: `sqlite` or `dynamodb`"),
        ("ledger: { sqlite: a, dynamodb: abc }", "1:9: `ledger` must have exactly one key: `sqlite` or `dynamodb`"),
        ("ledger: { sqlite: '' }", "1:19: `sqlite` must be a path"),
        ("receipts: {}", "1:11: `receipts` must have exactly one key: `dir` or `s3`"),
        ("receipts: { dir: a, s3: {} }", "1:11: `receipts` must have exactly one key: `dir` or `s3`"),
        ("receipts: { s3: {} }", "1:17: key `bucket` is missing"),
        ("roles: { facts: x }", "1:10: key `facts` is not known"),
        ("serve: { port: 1 }", "1:10: key `port` is not known"),
    ] {
        assert_eq!(wrong(text), told, "{text}");
    }
    let rule_twice = format!("sources: [ {{ sqs: {{ queue: {QUEUE}, verified-by: [{RULE}, {RULE}] }} }} ]");
    assert!(wrong(&rule_twice).ends_with(&format!("rule `{RULE}` is there twice")));
    let hint = |text: &str| read(text).expect_err(text).hint;
    assert_eq!(
        hint("brakes: { allow: [max] }").as_deref(),
        Some("did you mean `mx`? known words: `apex`, `mx`, `caa`")
    );
    assert_eq!(
        hint("serve: { listen: 0.0.0.0:1 }").as_deref(),
        Some("if that is meant, write `expose: true` beside it")
    );
}
