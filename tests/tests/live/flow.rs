//! Every kind: permitted, denied and dry. Afterwards the world is what the permitted requests asked, and nothing else.

use crate::audit::proven;
use crate::support::{dry, lines, record, told};
use reeve_tests::emulator::Emulator;
use reeve_tests::stage::{Gate, INSTANCE, INSTANCE_HOSTILE, Options, Settings, Stage, document};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the public zone holds at the beginning.
pub(crate) const AT_FIRST: [&str; 3] = [
    "example.com CAA 3600 0 issue \"amazon.com\"",
    "legacy.foo.example.com A 300 192.0.2.77",
    "www.example.com A 300 192.0.2.10",
];
const HASH: &str = "_0123456789abcdef0123456789abcdef";
const HASH_OTHER: &str = "_fedcba9876543210fedcba9876543210";

#[test]
fn record_sets_and_certificates() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    assert_eq!(stage.zone_records("example.com"), lines(AT_FIRST));
    let gate = stage.gate(Gate::Dns);
    let validation = |name: &str, value: &str| json!({"name": name, "value": format!("{value}.acm-validations.aws.")});
    let two = json!({"changes": [
        {"action": "CREATE", "name": "api.foo.example.com", "type": "A", "ttl": 60, "values": ["192.0.2.2", "192.0.2.1"]},
        {"action": "CREATE", "name": "txt.foo.example.com", "type": "TXT", "ttl": 300, "values": ["\"hello world\""]},
    ]});
    let half = json!({"changes": [
        {"action": "CREATE", "name": "half.foo.example.com", "type": "A", "ttl": 60, "values": ["192.0.2.3"]},
        {"action": "CREATE", "name": "half.bar.example.com", "type": "A", "ttl": 60, "values": ["192.0.2.3"]},
    ]});
    let alias = json!({"changes": [{"action": "CREATE", "name": "cdn.foo.example.com", "type": "A",
        "alias": {"name": "d111111abcdef8.cloudfront.net", "evaluate_target_health": false}}]});
    let mut wrong = Vec::new();
    for (account, kind, detail, expected) in [
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "www.foo.example.com", "A", 300, &["192.0.2.1"]),
            "permitted done",
        ),
        ("foo", "DNS_RECORD_CHANGE", two, "permitted done"),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("UPSERT", "www.foo.example.com", "A", 600, &["192.0.2.9"]),
            "permitted done",
        ),
        ("foo", "DNS_RECORD_CHANGE", alias, "permitted done"),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "gone.foo.example.com", "A", 60, &["192.0.2.4"]),
            "permitted done",
        ),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("DELETE", "gone.foo.example.com", "A", 60, &["192.0.2.4"]),
            "permitted done",
        ),
        (
            "bar",
            "DNS_RECORD_CHANGE",
            record("CREATE", "pay.foo.example.com", "A", 60, &["192.0.2.5"]),
            "permitted done",
        ),
        (
            "shared",
            "DNS_RECORD_CHANGE",
            record("CREATE", "dc.corp.example.com", "A", 60, &["10.1.0.4"]),
            "permitted done",
        ),
        ("foo", "CERT_VALIDATION", validation(&format!("{HASH}.foo.example.com"), HASH_OTHER), "permitted done"),
        // A dry run is judged and answered, and changes nothing.
        (
            "foo",
            "DNS_RECORD_CHANGE",
            dry(record("CREATE", "dry.foo.example.com", "A", 60, &["192.0.2.6"])),
            "permitted dry_run",
        ),
        (
            "foo",
            "CERT_VALIDATION",
            dry(validation(&format!("{HASH_OTHER}.foo.example.com"), HASH)),
            "permitted dry_run",
        ),
        // Denied: by a policy, by the gate, by what stands in the zone.
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "www.bar.example.com", "A", 300, &["192.0.2.1"]),
            "denied denied NOT_IN_ALLOWLIST",
        ),
        ("foo", "DNS_RECORD_CHANGE", half, "denied denied NOT_IN_ALLOWLIST"),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "x.foo.example.com", "A", 1, &["192.0.2.1"]),
            "denied denied TTL_RANGE",
        ),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "api.foo.example.com", "A", 60, &["192.0.2.8"]),
            "denied denied RRSET_EXISTS",
        ),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("DELETE", "none.foo.example.com", "A", 60, &["192.0.2.8"]),
            "denied denied RRSET_MISSING",
        ),
        (
            "baz",
            "DNS_RECORD_CHANGE",
            record("CREATE", "www.baz.example.com", "A", 300, &["192.0.2.1"]),
            "denied denied UNKNOWN_SENDER",
        ),
        (
            "cicd",
            "CERT_VALIDATION",
            validation(&format!("{HASH_OTHER}.foo.example.com"), HASH),
            "denied denied ALLOWLIST_UNAVAILABLE",
        ),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            dry(record("CREATE", "dry.bar.example.com", "A", 60, &["192.0.2.6"])),
            "denied denied NOT_IN_ALLOWLIST",
        ),
    ] {
        let reply = stage.answer(account, kind, &detail);
        if told(&reply) != expected {
            wrong.push(format!("{account} {detail}: {} and not {expected}\n{reply}", told(&reply)));
        }
        assert_eq!((&reply["source"], &reply["detail-type"]), (&json!("reeve.dns"), &json!(format!("{kind}_REPLY"))));
        assert_eq!(reply["account"], json!(stage.id("dns")), "the gate's own account replies");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (hash, hash_other) = (HASH, HASH_OTHER);
    let mut expected = lines(AT_FIRST);
    expected.extend([
        "www.foo.example.com A 600 192.0.2.9".to_owned(),
        "api.foo.example.com A 60 192.0.2.1, 192.0.2.2".to_owned(),
        "txt.foo.example.com TXT 300 \"hello world\"".to_owned(),
        "cdn.foo.example.com A alias Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net".to_owned(),
        "pay.foo.example.com A 60 192.0.2.5".to_owned(),
        format!("{hash}.foo.example.com CNAME 300 {hash_other}.acm-validations.aws"),
    ]);
    assert_eq!(stage.zone_records("example.com"), expected);
    assert_eq!(stage.zone_records("corp.example.com"), lines(["dc.corp.example.com A 60 10.1.0.4"]));
    assert_eq!(stage.zone_list().len(), 2, "no zone was made");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(stage.dead(Gate::Dns), Vec::<String>::new());
    assert_eq!(stage.waiting(Gate::Dns), (0, 0));
    proven(&stage, Gate::Dns, &Settings::default());
}

#[test]
fn accounts_parameters_policies() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let accounts = stage.accounts();
    let gate = stage.gate(Gate::Management);
    let root_user = document("deny-root-user");
    let account = |name: &str, unit: &str| {
        let tags = json!({"scope": "dev", "service-name": "qux"});
        json!({"name": name, "email": format!("aws+{name}@example.com"), "OU": unit, "tags": tags})
    };
    let parameters = |items: &[(&str, &str, &str)]| {
        let items: Vec<Value> =
            items.iter().map(|(name, value, kind)| json!({"name": name, "value": value, "type": kind})).collect();
        json!({"parameters": items})
    };
    let policy = |name: &str, text: &str, target: &str| {
        json!({"policies": [{"name": name, "description": "d", "document": text}],
               "attach": [{"policy": name, "target": target}]})
    };
    let shifted =
        json!({"Version": "2012-10-17", "Statement": [{"Sid": "X", "Effect": "Deny", "Action": "*", "Resource": "*"}]});
    let mut wrong = Vec::new();
    for (sender, kind, detail, expected) in [
        ("cicd", "CREATE_ACCOUNT", account("qux", "Dev"), "permitted done"),
        ("cicd", "CREATE_ACCOUNT", dry(account("dry", "Dev")), "permitted dry_run"),
        ("foo", "CREATE_ACCOUNT", account("foo2", "Dev"), "denied denied TIER_FORBIDS_ACTION"),
        ("cicd", "CREATE_ACCOUNT", account("morgue", "Morgue"), "denied denied OU_NOT_ALLOWED"),
        ("cicd", "MOVE_ACCOUNT", json!({"account_to_move": stage.id("baz"), "OU": "Morgue"}), "permitted done"),
        ("cicd", "MOVE_ACCOUNT", dry(json!({"account_to_move": stage.id("bar"), "OU": "Morgue"})), "permitted dry_run"),
        (
            "cicd",
            "MOVE_ACCOUNT",
            json!({"account_to_move": stage.id("foo"), "OU": "Standard"}),
            "denied denied MOVE_LOSES_DENY",
        ),
        (
            "foo",
            "MOVE_ACCOUNT",
            json!({"account_to_move": stage.id("foo"), "OU": "Morgue"}),
            "denied denied TIER_FORBIDS_ACTION",
        ),
        (
            "cicd",
            "PUT_PARAMETER",
            parameters(&[("/pub/network/zone", "corp2.example.com", "String"), ("/pub/new/list", "a,b", "StringList")]),
            "permitted done",
        ),
        ("cicd", "PUT_PARAMETER", dry(parameters(&[("/pub/dry", "x", "String")])), "permitted dry_run"),
        ("cicd", "PUT_PARAMETER", parameters(&[("/public/x", "x", "String")]), "denied denied PARAM_PATH"),
        ("infra", "PUT_PARAMETER", parameters(&[("/pub/x", "x", "String")]), "denied denied TIER_FORBIDS_ACTION"),
        ("cicd", "SCP_UPDATE", policy("deny-root-user", &root_user, "Scp"), "permitted done"),
        (
            "cicd",
            "SCP_UPDATE",
            json!({"detach": [{"policy": "restrict-regions", "target": "Dev"}]}),
            "denied denied DIFF_REMOVES_DENY",
        ),
        ("cicd", "SCP_UPDATE", json!({"attach": [{"policy": "deny-root-user", "target": "Live"}]}), "permitted done"),
        // Nothing is lost now: the unit above has it.
        ("cicd", "SCP_UPDATE", json!({"detach": [{"policy": "deny-root-user", "target": "Scp"}]}), "permitted done"),
        ("cicd", "SCP_UPDATE", dry(policy("dry-root-user", &root_user, "Scp")), "permitted dry_run SHADOWED_DENY"),
        ("cicd", "SCP_UPDATE", policy("lock-out", &shifted.to_string(), "Scp"), "denied denied DENY_ALL"),
        (
            "cicd",
            "SCP_UPDATE",
            json!({"detach": [{"policy": "FullAWSAccess", "target": "Scp"}]}),
            "denied denied LAST_SCP",
        ),
        ("foo", "SCP_UPDATE", policy("of-foo", &root_user, "Scp"), "denied denied SHADOWED_DENY TIER_FORBIDS_ACTION"),
        ("foo", "LIST_ACCOUNTS", json!({}), "denied denied TIER_FORBIDS_ACTION"),
    ] {
        let reply = stage.answer(sender, kind, &detail);
        if told(&reply) != expected {
            wrong.push(format!("{sender} {kind} {detail}: {} and not {expected}\n{reply}", told(&reply)));
        }
        assert_eq!(reply["source"], json!("reeve.management"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut expected = accounts;
    assert!(expected.remove("baz aws+baz@example.com in Dev"), "{expected:?}");
    expected.extend(lines(["baz aws+baz@example.com in Morgue", "qux aws+qux@example.com in Dev"]));
    assert_eq!(stage.accounts(), expected);
    let made = stage.account_named("qux").expect("made");
    let tags = stage.tags(&made);
    assert!(tags.is_superset(&lines(["scope=dev", "service-name=qux"])), "{tags:?}");
    assert_eq!(
        stage.parameters("management", "/"),
        lines([
            "/pub/accounts/names StringList v1 dns,foo,bar",
            "/pub/network/zone String v2 corp2.example.com",
            "/pub/new/list StringList v1 a,b",
        ])
    );
    assert_eq!(
        stage.attachments(),
        lines(["deny-leave-organization on Live", "deny-root-user on Live", "restrict-regions on Dev"]),
        "FullAWSAccess is everywhere else"
    );
    let mut policies = stage.policies();
    assert!(policies.remove("FullAWSAccess").is_some());
    let expected: BTreeMap<String, String> = ["deny-leave-organization", "restrict-regions", "deny-root-user"]
        .map(|name| (name.to_owned(), document(name)))
        .into();
    assert_eq!(policies, expected);
    assert_eq!(
        stage.units(),
        lines(["Live in root", "Morgue in root", "Dev in Live", "Standard in Live", "Infra in Live", "Scp in Live"])
    );
    for (operation, count) in [
        ("CreateAccount", 1),
        ("MoveAccount", 2),
        ("CreatePolicy", 1),
        ("AttachPolicy", 2),
        ("DetachPolicy", 1),
        ("UpdatePolicy", 0),
        ("DeletePolicy", 0),
    ] {
        assert_eq!(stage.calls("organizations", operation), count, "{operation}");
    }
    assert_eq!(stage.calls("ssm", "PutParameter"), 2);
    let reply = stage.answer("cicd", "LIST_ACCOUNTS", &json!({}));
    assert_eq!(told(&reply), "permitted done", "{reply}");
    let listed = reply["detail"]["answer"].as_array().expect("a list");
    let ids: Vec<&str> = listed.iter().filter_map(|account| account["id"].as_str()).collect();
    assert!(ids.contains(&made.as_str()), "the new account is listed: {listed:?}");
    assert_eq!(ids.len(), stage.accounts().len());
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(stage.dead(Gate::Management), Vec::<String>::new());
    proven(&stage, Gate::Management, &Settings::default());
}

#[test]
fn hosts_register_and_go() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let gate = stage.gate(Gate::Management);
    let group = "my-asg-name";
    for (account, event, instance, expected, commands) in [
        // Nothing was registered yet.
        ("foo", "Terminate", INSTANCE, "denied denied INSTANCE_NOT_VERIFIED", 0),
        ("foo", "Launch", INSTANCE, "permitted done", 1),
        ("foo", "Launch", INSTANCE_HOSTILE, "denied denied HOSTNAME_FORMAT", 1),
        // Another account's instance.
        ("bar", "Terminate", INSTANCE, "denied denied INSTANCE_NOT_VERIFIED", 1),
        ("foo", "Terminate", INSTANCE, "permitted done", 2),
        ("foo", "Terminate", INSTANCE, "denied denied INSTANCE_NOT_VERIFIED", 2),
    ] {
        let nonce = stage.auto_scaling(account, event, instance, group);
        let reply = stage.wait_for(account, &nonce);
        assert_eq!(told(&reply), expected, "{account} {event} {instance}\n{reply}");
        assert_eq!(stage.commands().len(), commands, "{account} {event} {instance}");
    }
    // One that bar does not have: it may still report to Systems Manager, so nobody is answered yet, and nothing is done.
    stage.auto_scaling("bar", "Launch", INSTANCE, group);
    let waits = |line: &Value| line["why"].as_str().is_some_and(|why| why.contains("has not reported"));
    assert!(gate.line(waits, Duration::from_secs(60)).is_some(), "{}", gate.stderr());
    // foo's own that reports only after its launch was told.
    let late = "i-0123456789abcdef2";
    let nonce = stage.auto_scaling("foo", "Launch", late, group);
    let waits = |line: &Value| line["why"].as_str().is_some_and(|why| why.contains(late));
    assert!(gate.line(waits, Duration::from_secs(60)).is_some(), "{}", gate.stderr());
    stage.instance("foo", late, "web-2.corp.example.com", "10.0.0.7");
    assert_eq!(told(&stage.wait_for("foo", &nonce)), "permitted done");
    let commands = stage.commands();
    assert_eq!(commands.len(), 3);
    assert!(commands[2].contains("web-2") && commands[2].contains("10.0.0.7"), "{}", commands[2]);
    assert_eq!(stage.replies("bar").len(), 1, "bar has heard of its false termination alone");
    for (command, word) in [(&commands[0], "Add"), (&commands[1], "Remove")] {
        for part in [word, "web-1", "corp.example.com", "10.0.0.5", "AWS-RunPowerShellScript", "i-0aaaaaaaaaaaaaaa0"] {
            assert!(command.contains(part), "{part} is not in {command}");
        }
        assert!(!command.contains("AllowUpdateAny"), "{command}");
    }
    let calls = emulator.calls("ssm", "SendCommand");
    assert!(calls.iter().all(|call| call["account"] == json!(stage.id("shared"))), "in the controllers' account");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    proven(&stage, Gate::Management, &Settings::default());
}
