//! Tables over what a gate file may say of the service, and what it is told otherwise.

mod limits;

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
