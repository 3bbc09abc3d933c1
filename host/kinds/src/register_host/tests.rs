//! Tables over hostile and ordinary requests of the kind above.

use super::*;
use crate::testing::{NONCE, SENDER, codes, event, expected, plan, refused};
use reeve_json::compact;
use std::collections::BTreeMap;

const ID: &str = "i-0123456789abcdef0";

fn config() -> RegisterHost {
    RegisterHost {
        zones: vec!["corp.example".to_owned(), "lab.example".to_owned()],
        document: Document { name: RUN_POWERSHELL_SCRIPT.to_owned(), version: "1".to_owned(), hash: None },
        // Only the first one is told.
        controllers: vec!["i-0aaaaaaaaaaaaaaaa".to_owned(), "i-0bbbbbbbbbbbbbbbb".to_owned()],
        role_arn: "arn:aws-cn:iam::210987654321:role/register-host".to_owned(),
        region: "cn-north-1".to_owned(),
        ttl_seconds: 3600,
        groups: Vec::new(),
    }
}

fn instance() -> Instance {
    Instance {
        account: AccountId::parse(SENDER).expect("an id"),
        host: "web-1".to_owned(),
        zone: "corp.example".to_owned(),
        private_ip: "10.0.0.5".to_owned(),
    }
}

fn world(instance: Instance) -> World {
    World { instances: BTreeMap::from([(ID.to_owned(), instance)]), ..World::default() }
}

fn detail(id: &str) -> String {
    // As AWS sends it, with fields that are not read, one of which is a name of the gate's.
    let others = r#""StatusCode":"InProgress","AutoScalingGroupName":"my-asg-name","Region":"x","Details":{"AZ":"y"}"#;
    format!(r#"{{"EC2InstanceId":"{id}",{others}}}"#)
}

fn with_host(host: &str) -> World {
    world(Instance { host: host.to_owned(), ..instance() })
}

#[track_caller]
fn facts_refused(world: &World) -> Vec<(&'static str, String)> {
    refused(&config(), &detail(ID), world)
}

#[test]
fn a_launch_becomes_one_command() {
    let command = "Add-DnsServerResourceRecordA -ZoneName 'corp.example' -Name 'web-1' -IPv4Address '10.0.0.5' \
                   -TimeToLive 01:00:00";
    let wanted = action::SendCommand {
        instance_ids: vec!["i-0aaaaaaaaaaaaaaaa".to_owned()],
        document_name: "AWS-RunPowerShellScript".to_owned(),
        document_version: "1".to_owned(),
        document_hash: None,
        parameters: vec![
            ("commands".to_owned(), vec![command.to_owned()]),
            ("executionTimeout".to_owned(), vec!["120".to_owned()]),
        ],
        role_arn: "arn:aws-cn:iam::210987654321:role/register-host".to_owned(),
        region: "cn-north-1".to_owned(),
        comment: format!("reeve {NONCE}"),
        timeout_seconds: 600,
    };
    assert!(wanted.comment.len() <= 100);
    let planned = |command| vec![PlannedAction { at: INSTANCE_AT.to_owned(), action: Action::SendCommand(command) }];
    assert_eq!(plan(&config(), &detail(ID), &world(instance())), Ok(planned(wanted.clone())));

    let hash = Some("ab".repeat(32));
    let document = Document { name: "register-host".to_owned(), version: "7".to_owned(), hash: hash.clone() };
    let own = RegisterHost { document, ..config() };
    let parameter = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let wanted = action::SendCommand {
        document_name: "register-host".to_owned(),
        document_version: "7".to_owned(),
        document_hash: hash,
        parameters: vec![
            parameter("Operation", "Add"),
            parameter("HostName", "web-1"),
            parameter("ZoneName", "corp.example"),
            parameter("IPv4Address", "10.0.0.5"),
            parameter("TtlSeconds", "3600"),
        ],
        ..wanted
    };
    assert_eq!(plan(&own, &detail(ID), &world(instance())), Ok(planned(wanted)));
    let event = event(&own, &detail(ID));
    let ask = Ask::read(&event, &own).expect("good");
    let draft = own.draft(&ask).expect("good");
    assert_eq!(draft.needs(), [Need::Instance { id: ID.to_owned(), account: instance().account }]);
    let held = r#"{"host":"web-1","private_ip":"10.0.0.5","zone":"corp.example"}"#;
    assert_eq!(
        draft.holdings(&world(instance())),
        [
            ("host".to_owned(), ID.to_owned(), held.to_owned()),
            ("host-name".to_owned(), "web-1.corp.example".to_owned(), ID.to_owned()),
        ]
    );
    assert_eq!(draft.released(&world(instance())), []);
}

#[test]
fn the_pattern_names_the_groups() {
    let common = r#"{"source":["aws.autoscaling"],"detail-type":["EC2 Instance Launch Successful"]"#;
    assert_eq!(compact(&config().default_pattern()), format!("{common}}}"));
    let some = RegisterHost { groups: vec!["my-asg-name".to_owned()], ..config() };
    let wanted = format!(r#"{common},"detail":{{"AutoScalingGroupName":["my-asg-name"]}}}}"#);
    assert_eq!(compact(&some.default_pattern()), wanted);
    reeve_pattern::Pattern::compile(&some.default_pattern()).expect("EventBridge takes it");
}

#[test]
fn the_event_is_checked_but_may_hold_more() {
    for id in ["i-01234567", ID] {
        let world = World { instances: BTreeMap::from([(id.to_owned(), instance())]), ..World::default() };
        assert!(plan(&config(), &detail(id), &world).is_ok(), "{id}");
    }
    for id in [
        "",
        "*",
        "i-",
        "i-123",
        "i-0123456",
        "i-012345678",
        "i-0123456789abcdef",
        "i-0123456789abcdef01",
        "i-0123456789ABCDEF0",
        "i-0123456789abcdeg0",
        "mi-0123456789abcdef0",
        "i-01234567;x",
        " i-01234567",
        "i-\u{ff10}1234567",
    ] {
        let refusals = refused(&config(), &detail(id), &world(instance()));
        assert_eq!(refusals, expected(&[("INSTANCE_ID_FORMAT", "/detail/EC2InstanceId")]), "{id}");
    }
    for (sent, pairs) in [
        ("{}", &[("MISSING_FIELD", "/detail/EC2InstanceId")][..]),
        (r#"{"EC2InstanceId":["i-01234567"]}"#, &[("BAD_TYPE", "/detail/EC2InstanceId")]),
        (
            r#"{"EC2InstanceId":"i-1","AutoScalingGroupName":1,"PrivateIpAddress":2}"#,
            &[
                ("INSTANCE_ID_FORMAT", "/detail/EC2InstanceId"),
                ("BAD_TYPE", "/detail/AutoScalingGroupName"),
                ("BAD_TYPE", "/detail/PrivateIpAddress"),
            ],
        ),
        (r#"{"EC2InstanceId":"i-01234567","RequestId":"1"}"#, &[("BAD_NONCE", "/detail/RequestId")]),
    ] {
        assert_eq!(refused(&config(), sent, &world(instance())), expected(pairs), "{sent}");
    }
}

#[test]
fn only_a_launch_into_service_counts() {
    let with = |field: &str, value: &str| format!(r#"{{"EC2InstanceId":"{ID}","{field}":"{value}"}}"#);
    for (field, value, good) in [
        ("StatusCode", "InProgress", true),
        ("StatusCode", "Successful", true),
        ("StatusCode", "Failed", false),
        ("StatusCode", "Cancelled", false),
        ("Destination", "AutoScalingGroup", true),
        ("Destination", "WarmPool", false),
        ("Origin", "WarmPool", true),
    ] {
        let found = plan(&config(), &with(field, value), &world(instance())).map_err(|found| codes(&found)).err();
        let at = format!("/detail/{field}");
        assert_eq!(found, (!good).then(|| expected(&[("BAD_ENUM", &at)])), "{field} {value}");
    }
    let sent = format!(r#"{{"EC2InstanceId":"{ID}","StatusCode":1,"Destination":[]}}"#);
    let pairs = [("BAD_TYPE", "/detail/StatusCode"), ("BAD_TYPE", "/detail/Destination")];
    assert_eq!(refused(&config(), &sent, &world(instance())), expected(&pairs));
}

#[test]
fn groups_are_those_of_the_gate() {
    let of = |group: &str| RegisterHost { groups: vec![group.to_owned()], ..config() };
    assert!(plan(&of("my-asg-name"), &detail(ID), &world(instance())).is_ok());
    let refusals = refused(&of("my-asg"), &detail(ID), &world(instance()));
    assert_eq!(refusals, expected(&[("TARGET_NOT_ALLOWED", "/detail/AutoScalingGroupName")]));
    let refusals = refused(&of("my-asg"), &format!(r#"{{"EC2InstanceId":"{ID}"}}"#), &world(instance()));
    assert_eq!(refusals, expected(&[("MISSING_FIELD", "/detail/AutoScalingGroupName")]));
}

#[test]
fn the_instance_must_be_the_senders() {
    let at = expected(&[("INSTANCE_NOT_VERIFIED", INSTANCE_AT)]);
    assert_eq!(facts_refused(&World::default()), at);
    let other = AccountId::parse("111111111111").expect("an id");
    // Nothing else of a stranger's instance is told.
    assert_eq!(facts_refused(&world(Instance { account: other, host: "BAD".to_owned(), ..instance() })), at);
    for (sent, good) in [("10.0.0.5", true), ("10.0.0.6", false), ("10.0.0.05", false), ("", false)] {
        let sent = format!(r#"{{"EC2InstanceId":"{ID}","PrivateIpAddress":"{sent}"}}"#);
        let found = plan(&config(), &sent, &world(instance())).map_err(|found| codes(&found)).err();
        let wanted = (!good).then(|| expected(&[("INSTANCE_NOT_VERIFIED", "/detail/PrivateIpAddress")]));
        assert_eq!(found, wanted, "{sent}");
    }
}

#[test]
fn host_names_cannot_leave_their_quotes() {
    let long = "a".repeat(HOST_BYTES_MAX);
    for host in ["a", "0", "web-1", "a--b", &long] {
        assert!(plan(&config(), &detail(ID), &with_host(host)).is_ok(), "{host}");
    }
    for host in [
        "",
        "-a",
        "a-",
        "Web",
        "a.b",
        "a_b",
        "a b",
        "x\"; Remove-Item C:\\ -Recurse; \"",
        "$(iwr e|iex)",
        "a`b",
        "a'; calc; '",
        "a\u{2018}",
        "a\u{2019}",
        "a\u{201a}",
        "a\u{201b}",
        "a\u{201c}",
        "a\u{201d}",
        "a\u{201e}",
        "a\u{2013}b",
        "a\u{2014}b",
        "a\u{2015}b",
        "a\nb",
        "a\rb",
        "a\u{85}b",
        "a\u{a0}b",
        "a\u{2028}b",
        "a\0",
        "\u{430}",
        "\u{ff41}",
        "{x}",
        &format!("{long}a"),
    ] {
        assert_eq!(facts_refused(&with_host(host)), expected(&[("HOSTNAME_FORMAT", INSTANCE_AT)]), "{host:?}");
    }
    for host in ["{{ssm:/prod/db}}", "{{ssm-secure:x}}", "{{ x }}", "a{{"] {
        assert_eq!(facts_refused(&with_host(host)), expected(&[("SSM_TEMPLATE", INSTANCE_AT)]), "{host}");
    }
}

#[test]
fn zones_and_addresses_are_restricted() {
    for zone in ["", "Corp.example", "corp.example.", "corp.example -ComputerName evil", "other.example", "corp\n"] {
        let found = facts_refused(&world(Instance { zone: zone.to_owned(), ..instance() }));
        assert_eq!(found, expected(&[("ZONE_NOT_IN_ENUM", INSTANCE_AT)]), "{zone}");
    }
    for address in ["10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"] {
        assert!(
            plan(&config(), &detail(ID), &world(Instance { private_ip: address.to_owned(), ..instance() })).is_ok()
        );
    }
    for address in [
        "",
        "10.0.0.5; calc",
        "10.0.0.5/24",
        "10.0.0",
        "10.0.0.05",
        "0xa.0.0.5",
        " 10.0.0.5",
        "10.0.0.256",
        "::ffff:10.0.0.5",
        "fd00::1",
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.0.1",
        "192.169.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "8.8.8.8",
    ] {
        let found = facts_refused(&world(Instance { private_ip: address.to_owned(), ..instance() }));
        assert_eq!(found, expected(&[("ADDR_FORMAT", INSTANCE_AT)]), "{address}");
    }
    let all = Instance { host: "A".to_owned(), zone: "x".to_owned(), private_ip: "1".to_owned(), ..instance() };
    let codes = ["HOSTNAME_FORMAT", "ZONE_NOT_IN_ENUM", "ADDR_FORMAT"].map(|code| (code, INSTANCE_AT));
    assert_eq!(facts_refused(&world(all)), expected(&codes));
}

#[test]
fn a_hostile_gate_file_does_not_reach_the_shell() {
    let zone = "x'; calc; '";
    let config = RegisterHost { zones: vec![zone.to_owned()], ..config() };
    let found = refused(&config, &detail(ID), &world(Instance { zone: zone.to_owned(), ..instance() }));
    assert_eq!(found, expected(&[("ZONE_NOT_IN_ENUM", INSTANCE_AT)]));
    for (zone, good) in [
        ("corp.example", true),
        ("corp", true),
        ("_msdcs.corp.example", true),
        ("*.corp.example", false),
        ("Corp.example", false),
        ("corp.example.", false),
        ("", false),
        (zone, false),
    ] {
        assert_eq!(RegisterHost::check_zone(zone).is_ok(), good, "{zone}");
    }
}

#[test]
fn times_to_live_are_read_as_they_are_meant() {
    for (seconds, text) in [
        (0, "00:00:00"),
        (59, "00:00:59"),
        (3600, "01:00:00"),
        (86_399, "23:59:59"),
        (86_400, "1.00:00:00"),
        (u32::MAX, "49710.06:28:15"),
    ] {
        assert_eq!(time_span(seconds), text);
    }
}

#[test]
fn documents_are_pinned() {
    let hash = "0123456789abcdef".repeat(4);
    let check = |name: &str, version: &str, hash: Option<&str>| {
        let document = Document { name: name.to_owned(), version: version.to_owned(), hash: hash.map(str::to_owned) };
        document.check().map_err(|refusal| refusal.code)
    };
    for (name, version, hash) in [
        (RUN_POWERSHELL_SCRIPT, "1", None),
        (RUN_POWERSHELL_SCRIPT, "12", Some(hash.as_str())),
        ("register-host", "3", Some(&hash)),
        (&"d".repeat(128), "3", Some(&hash)),
    ] {
        assert_eq!(check(name, version, hash), Ok(()), "{name} {version}");
    }
    for (name, version, hash) in [
        (RUN_POWERSHELL_SCRIPT, "$LATEST", None),
        (RUN_POWERSHELL_SCRIPT, "$DEFAULT", None),
        (RUN_POWERSHELL_SCRIPT, "", None),
        (RUN_POWERSHELL_SCRIPT, "0", None),
        (RUN_POWERSHELL_SCRIPT, "1.0", None),
        (RUN_POWERSHELL_SCRIPT, "\u{661}", None),
        (RUN_POWERSHELL_SCRIPT, "1", Some("")),
        ("register-host", "3", None),
        ("register-host", "3", Some(hash.trim_end_matches('f'))),
        ("register-host", "3", Some(&hash.replace('f', "g"))),
        ("aws-runpowershellscript", "1", Some(&hash)),
        ("AWS-RunShellScript", "1", Some(&hash)),
        ("Amazon-x", "1", Some(&hash)),
        ("arn:aws:ssm:us-east-1:111111111111:document/x", "1", Some(&hash)),
        ("a/b", "1", Some(&hash)),
        ("ab", "1", Some(&hash)),
        ("", "1", Some(&hash)),
        (&"d".repeat(129), "3", Some(&hash)),
    ] {
        assert_eq!(check(name, version, hash), Err(Code::DocumentNotPinned), "{name} {version}");
    }
}

#[test]
fn controllers_are_instances_by_id() {
    let check = |ids: Vec<String>| {
        let config = RegisterHost { controllers: ids, ..config() };
        config.check_controllers().map_err(|refusal| refusal.code)
    };
    let many = |count: usize| (0..count).map(|index| format!("i-{index:08x}")).collect::<Vec<_>>();
    assert_eq!(check(many(1)), Ok(()));
    assert_eq!(check(many(CONTROLLERS_MAX)), Ok(()));
    assert_eq!(check(many(CONTROLLERS_MAX + 1)), Err(Code::TargetNotAllowed));
    assert_eq!(check(Vec::new()), Err(Code::TargetNotAllowed));
    assert_eq!(check([many(1), many(1)].concat()), Err(Code::TargetNotAllowed));
    for id in ["*", "", "dc-1", "mi-0123456789abcdef0", "i-0123456789ABCDEF0"] {
        assert_eq!(check(vec![id.to_owned()]), Err(Code::InstanceIdFormat), "{id}");
    }
}
