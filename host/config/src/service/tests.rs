//! Tables over what a gate file may say of the service, and what it is told otherwise.

use super::sources::{
    BATCH_MAX, RULES_MAX, SOURCES_MAX, VISIBILITY_SECONDS_DEFAULT, VISIBILITY_SECONDS_MAX, VISIBILITY_SECONDS_MIN,
};
use super::*;
use reeve_model::AccountId;
use reeve_yaml::Document;

const RULE: &str = "arn:aws:events:ap-southeast-2:210987654321:rule/infra/dns";
const QUEUE: &str = "https://sqs.ap-southeast-2.amazonaws.com/210987654321/dns-requests";

fn read(text: &str) -> Result<ServiceFile, YamlError> {
    let document = Document::parse("gate.yaml", text)?;
    let mut map = document.root().mapping()?;
    let service = ServiceFile::read(&mut map)?;
    map.finish()?;
    Ok(service)
}

#[track_caller]
fn good(text: &str) -> ServiceFile {
    read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `line:column: message` of what is wrong.
#[track_caller]
fn wrong(text: &str) -> String {
    let error = read(text).expect_err(text);
    error.to_string().trim_start_matches("gate.yaml:").to_owned()
}

fn queue_url(url: &str, account: &str, name: &str) -> QueueUrl {
    QueueUrl { url: url.to_owned(), account: AccountId::parse(account).expect("an id"), name: name.to_owned() }
}

#[test]
fn what_is_left_out_has_its_default() {
    let service = good("{}");
    assert_eq!(service.sources, []);
    assert_eq!(service.brakes, Brakes::default());
    assert_eq!((service.brakes.changes_per_request, service.brakes.changes_per_hour), (100, 2_000));
    assert_eq!(service.brakes.zone_share_percent, 30);
    assert_eq!((service.reply_bus, service.ledger, service.receipts), (None, None, None));
    assert_eq!(service.roles, RolesFile::default());
    let serve = ServeFile {
        in_flight: 64,
        listen: "127.0.0.1:9090".parse().expect("an address"),
        wait_for_insync: false,
        drain_seconds: 25,
        probe: ProbeFile { resolvers: Vec::new(), port: 53, deadline_seconds: 120 },
    };
    assert_eq!(service.serve, serve);
    for text in ["brakes: {}", "roles: {}", "serve: {}"] {
        assert_eq!(good(text), good("{}"), "{text}");
    }
}

#[test]
fn everything_can_be_said() {
    let text = format!(
        "sources:\n\
         - sqs: {{ queue: {QUEUE}, verified-by: [{RULE}, {RULE}-2], batch: 3, visibility-seconds: 300 }}\n\
         - lambda: {{ function: 'arn:aws-cn:lambda:cn-north-1:210987654321:function:reeve', queue: {QUEUE}, \
                      verified-by: {RULE} }}\n\
         - http: {{ listen: 127.0.0.1:8080 }}\n\
         brakes: {{ changes-per-request: 1, changes-per-hour: 2, changes-per-account-hour: 3, \
                    changes-per-zone-hour: 1_000_000, zone-share: 100%, allow: [mx, apex, caa] }}\n\
         reply: {{ bus: infra }}\n\
         ledger: {{ sqlite: ./ledger.db }}\n\
         receipts: {{ s3: {{ bucket: audit-receipts, prefix: reeve/dns }} }}\n\
         roles: {{ instance-facts: 'arn:aws:iam::{{account}}:role/reeve/facts', \
                   delegation: 'arn:aws-us-gov:iam::{{account}}:role/delegate' }}\n\
         serve: {{ in-flight: 8, listen: '[::1]:0', wait-for-insync: true, drain-seconds: 600,
          probe: {{ resolvers: ['10.0.0.2:53', '[::1]:5353'], port: 65535, deadline-seconds: 900 }} }}\n"
    );
    let service = good(&text);
    let queue = queue_url(QUEUE, "210987654321", "dns-requests");
    let sqs = SqsFile {
        queue: queue.clone(),
        verified_by: vec![RULE.to_owned(), format!("{RULE}-2")],
        batch: 3,
        visibility_seconds: 300,
    };
    let lambda = LambdaFile {
        function: "arn:aws-cn:lambda:cn-north-1:210987654321:function:reeve".to_owned(),
        queue: Some(queue),
        verified_by: vec![RULE.to_owned()],
    };
    let http = HttpFile { listen: "127.0.0.1:8080".parse().expect("an address") };
    assert_eq!(service.sources, [SourceFile::Sqs(sqs), SourceFile::Lambda(lambda), SourceFile::Http(http)]);
    let brakes = Brakes {
        changes_per_request: 1,
        changes_per_hour: 2,
        changes_per_account_hour: 3,
        changes_per_zone_hour: CHANGES_MAX,
        zone_share_percent: 100,
        allow: BTreeSet::from([Guarded::Apex, Guarded::Mx, Guarded::Caa]),
    };
    assert_eq!(service.brakes, brakes);
    assert_eq!(service.reply_bus.as_deref(), Some("infra"));
    assert_eq!(service.ledger, Some(LedgerFile::Sqlite("./ledger.db".into())));
    let s3 = ReceiptsFile::S3 { bucket: "audit-receipts".to_owned(), prefix: "reeve/dns".to_owned() };
    assert_eq!(service.receipts, Some(s3));
    let account = AccountId::parse("011122223333").expect("an id");
    let facts = service.roles.instance_facts.expect("given");
    assert_eq!(facts.arn(&account), "arn:aws:iam::011122223333:role/reeve/facts");
    let delegation = service.roles.delegation.expect("given");
    assert_eq!(delegation.as_str(), "arn:aws-us-gov:iam::{account}:role/delegate");
    let serve = ServeFile {
        in_flight: 8,
        listen: "[::1]:0".parse().expect("an address"),
        wait_for_insync: true,
        drain_seconds: DRAIN_SECONDS_MAX,
        probe: ProbeFile {
            resolvers: vec!["10.0.0.2:53".parse().expect("good"), "[::1]:5353".parse().expect("good")],
            port: 65_535,
            deadline_seconds: PROBE_SECONDS_MAX,
        },
    };
    assert_eq!(service.serve, serve);
}

#[test]
fn sources_have_defaults_of_their_own() {
    let service = good(&format!("sources: [ {{ sqs: {{ queue: {QUEUE} }} }} ]"));
    let sqs = SqsFile {
        queue: queue_url(QUEUE, "210987654321", "dns-requests"),
        verified_by: Vec::new(),
        batch: BATCH_MAX,
        visibility_seconds: VISIBILITY_SECONDS_DEFAULT,
    };
    assert_eq!(service.sources, [SourceFile::Sqs(sqs)]);
}

#[test]
fn queues_are_read_as_sqs_tells_them() {
    let long = "q".repeat(80);
    for (url, account, name) in [
        ("https://sqs.us-east-1.amazonaws.com/012345678901/a-b_c", "012345678901", "a-b_c"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/012345678901/x.fifo", "012345678901", "x.fifo"),
        ("https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/012345678901/x", "012345678901", "x"),
        ("http://127.0.0.1:4566/000000000000/x", "000000000000", "x"),
        ("http://localhost:4566/000000000000/x", "000000000000", "x"),
        ("http://sqs.us-east-1.localhost:4566/000000000000/x", "000000000000", "x"),
        (&format!("https://h/012345678901/{long}"), "012345678901", &long),
    ] {
        let service = good(&format!("sources: [ {{ sqs: {{ queue: '{url}' }} }} ]"));
        let [SourceFile::Sqs(sqs)] = service.sources.as_slice() else { panic!("{url}") };
        assert_eq!(sqs.queue, queue_url(url, account, name));
    }
    for url in [
        "",
        "dns-requests",
        "arn:aws:sqs:us-east-1:012345678901:x",
        "http://sqs.us-east-1.amazonaws.com/012345678901/x",
        "http://localhost.evil.example/012345678901/x",
        "http://127.0.0.1.evil.example/012345678901/x",
        "https://user@sqs.us-east-1.amazonaws.com/012345678901/x",
        "https://sqs.us-east-1.amazonaws.com:0/012345678901/x",
        "https://sqs.us-east-1.amazonaws.com:x/012345678901/x",
        "https:///012345678901/x",
        "https://h/12345678901/x",
        "https://h/012345678901/",
        "https://h/012345678901/.fifo",
        "https://h/012345678901/x/y",
        "https://h/012345678901/x?y",
        &format!("https://h/012345678901/{long}q"),
    ] {
        let told = wrong(&format!("sources: [ {{ sqs: {{ queue: '{url}' }} }} ]"));
        assert_eq!(told, "1:28: `queue` must be the URL of a queue", "{url}");
    }
}

#[test]
fn rules_and_functions_are_read_whole() {
    let long = "r".repeat(64);
    for rule in [
        "arn:aws:events:us-east-1:012345678901:rule/dns",
        "arn:aws:events:us-east-1:012345678901:rule/infra/dns",
        "arn:aws-cn:events:cn-north-1:012345678901:rule/aws.partner/x.com/1/dns",
        &format!("arn:aws:events:us-east-1:012345678901:rule/infra/{long}"),
    ] {
        let service = good(&format!("sources: [ {{ sqs: {{ queue: {QUEUE}, verified-by: '{rule}' }} }} ]"));
        let [SourceFile::Sqs(sqs)] = service.sources.as_slice() else { panic!("{rule}") };
        assert_eq!(sqs.verified_by, [rule]);
    }
    for rule in [
        "",
        "*",
        "dns",
        "arn:aws:events:us-east-1:012345678901:rule/*",
        "arn:aws:events:us-east-1:012345678901:rule/infra/",
        "arn:aws:events:us-east-1:012345678901:rule//dns",
        "arn:aws:events:us-east-1:012345678901:event-bus/infra",
        "arn:aws:events:*:012345678901:rule/dns",
        "arn:aws:events:us-east-1:{account}:rule/dns",
        "arn:aws:events::012345678901:rule/dns",
        "arn:aws:iam::012345678901:role/dns",
        "arn:evil:events:us-east-1:012345678901:rule/dns",
        "arn:aws-:events:us-east-1:012345678901:rule/dns",
        &format!("arn:aws:events:us-east-1:012345678901:rule/infra/{long}r"),
    ] {
        let told = wrong(&format!("sources: [ {{ sqs: {{ verified-by: '{rule}', queue: {QUEUE} }} }} ]"));
        assert_eq!(told, "1:34: `verified-by` must be the ARN of one EventBridge rule", "{rule}");
    }
    let function = |arn: &str| read(&format!("sources: [ {{ lambda: {{ function: '{arn}' }} }} ]"));
    for arn in ["reeve", "reeve:live", "reeve:$LATEST", &"f".repeat(64)] {
        let arn = format!("arn:aws:lambda:us-east-1:012345678901:function:{arn}");
        assert!(function(&arn).is_ok(), "{arn}");
    }
    for arn in ["", "*", "reeve:", "reeve:$X", "a:b:c", "a/b", &"f".repeat(65)] {
        let arn = format!("arn:aws:lambda:us-east-1:012345678901:function:{arn}");
        let told = function(&arn).expect_err(&arn).to_string();
        assert_eq!(told, "gate.yaml:1:34: `function` must be the ARN of one Lambda function", "{arn}");
    }
    assert!(function("reeve").is_err());
}

#[test]
fn addresses_are_of_this_host_unless_said() {
    for text in [
        "sources: [ { http: { listen: 127.255.0.1:80 } } ]",
        "sources: [ { http: { listen: '[::1]:0' } } ]",
        "sources: [ { http: { listen: 0.0.0.0:80, expose: true } } ]",
        "sources: [ { http: { listen: 127.0.0.1:0 } }, { http: { listen: 127.0.0.1:0 } } ]",
        "serve: { listen: 0.0.0.0:9090, expose: true }",
        "serve: { listen: 127.0.0.1:9090, expose: false }",
    ] {
        assert!(read(text).is_ok(), "{text}");
    }
    for (text, told) in [
        ("sources: [ { http: { listen: 0.0.0.0:80 } } ]", "1:30: `0.0.0.0:80` can be reached from other hosts"),
        (
            "sources: [ { http: { listen: '[::]:80', expose: false } } ]",
            "1:30: `[::]:80` can be reached from other hosts",
        ),
        ("serve: { listen: 10.0.0.1:80 }", "1:18: `10.0.0.1:80` can be reached from other hosts"),
        ("serve: { listen: localhost:80 }", "1:18: `listen` must be an IP address and a port"),
        ("serve: { listen: 127.0.0.1 }", "1:18: `listen` must be an IP address and a port"),
        ("serve: { listen: 127.0.0.1:65536 }", "1:18: `listen` must be an IP address and a port"),
        ("serve: { expose: true }", "1:18: `expose` without `listen` exposes nothing"),
        ("serve: { listen: 127.0.0.1:1, expose: yes }", "1:39: `expose` must be a boolean, found a string"),
    ] {
        assert_eq!(wrong(text), told, "{text}");
    }
}

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
