//! At least once: messages that come several times and in any order have one effect, and every time the same answer.

use crate::support::{lines, record, told};
use reeve_tests::emulator::Emulator;
use reeve_tests::proxy::plan::mix;
use reeve_tests::stage::{Gate, INSTANCE, Options, Settings, Stage, document};
use serde_json::{Value, json};

/// Requests of both gates that do not depend on each other: sender, kind, detail, what is told.
fn requests(stage: &Stage<'_>) -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let account = json!({"name": "qux", "email": "aws+qux@example.com", "OU": "Dev"});
    let policy = json!({"policies": [{"name": "deny-root-user", "description": "d", "document": document("deny-root-user")}],
                        "attach": [{"policy": "deny-root-user", "target": "Scp"}]});
    vec![
        ("foo", "DNS_RECORD_CHANGE", record("CREATE", "a.foo.example.com", "A", 60, &["192.0.2.1"]), "permitted done"),
        ("foo", "DNS_RECORD_CHANGE", record("UPSERT", "b.foo.example.com", "TXT", 60, &["\"b\""]), "permitted done"),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("DELETE", "legacy.foo.example.com", "A", 300, &["192.0.2.77"]),
            "permitted done",
        ),
        (
            "foo",
            "DNS_RECORD_CHANGE",
            record("CREATE", "a.bar.example.com", "A", 60, &["192.0.2.1"]),
            "denied denied NOT_IN_ALLOWLIST",
        ),
        ("bar", "DNS_RECORD_CHANGE", record("CREATE", "c.bar.example.com", "A", 60, &["192.0.2.1"]), "permitted done"),
        ("cicd", "CREATE_ACCOUNT", account, "permitted done"),
        ("cicd", "MOVE_ACCOUNT", json!({"account_to_move": stage.id("baz"), "OU": "Morgue"}), "permitted done"),
        ("cicd", "PUT_PARAMETER", json!({"parameters": [{"name": "/pub/new", "value": "x"}]}), "permitted done"),
        ("cicd", "SCP_UPDATE", policy, "permitted done"),
        (
            "foo",
            "CREATE_ACCOUNT",
            json!({"name": "no", "email": "aws+no@example.com", "OU": "Dev"}),
            "denied denied TIER_FORBIDS_ACTION",
        ),
    ]
}

/// The message that Auto Scaling's launch of an instance becomes.
fn launch(stage: &Stage<'_>, nonce: &str) -> Value {
    let detail = json!({"StatusCode": "InProgress", "AutoScalingGroupName": "my-asg-name", "ActivityId": nonce,
        "RequestId": nonce, "EC2InstanceId": INSTANCE, "Description": "x", "Details": {}, "StatusMessage": ""});
    let mut envelope = stage.envelope("foo", "EC2 Instance Launch Successful", &detail);
    envelope["source"] = json!("aws.autoscaling");
    envelope
}

#[test]
fn three_times_and_out_of_order_is_once() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let mut messages = Vec::new();
    let mut expected = Vec::new();
    for (sender, kind, mut detail, told) in requests(&stage) {
        let nonce = stage.nonce();
        detail["nonce"] = json!(nonce);
        messages.push((Gate::of(kind), stage.envelope(sender, kind, &detail).to_string()));
        expected.push((sender, nonce, told));
    }
    let nonce = stage.nonce();
    messages.push((Gate::Management, launch(&stage, &nonce).to_string()));
    expected.push(("foo", nonce, "permitted done"));
    // Each three times, in the order of a seed; all are there before a gate looks.
    let mut order: Vec<usize> = (0..messages.len() * 3).collect();
    order.sort_by_key(|index| mix(7, *index as u64));
    for index in order {
        let (gate, body) = &messages[index % messages.len()];
        stage.send(*gate, body);
    }
    // One at a time: a copy that comes while the first is in hand would wait for the end of its lease.
    let settings = Settings { in_flight: Some(1), ..Settings::default() };
    let gates = Gate::ALL.map(|gate| stage.gate_with(gate, &settings));
    for (sender, nonce, wanted) in &expected {
        let replies = stage.wait_for_more(sender, nonce, 3);
        assert_eq!(replies.len(), 3, "{nonce}");
        assert_eq!(told(&replies[0]), *wanted, "{}", replies[0]);
        for reply in &replies[1..] {
            assert_eq!(reply["detail"], replies[0]["detail"], "the stored answer, with the same receipt");
        }
    }
    Gate::ALL.iter().for_each(|gate| stage.wait_until_empty(*gate));
    for (gate, of) in gates.into_iter().zip(Gate::ALL) {
        let (status, log) = gate.term();
        assert_eq!(status.code(), Some(0), "{log}");
        assert_eq!(stage.dead(of), Vec::<String>::new());
    }
    let zone = lines([
        "example.com CAA 3600 0 issue \"amazon.com\"",
        "www.example.com A 300 192.0.2.10",
        "a.foo.example.com A 60 192.0.2.1",
        "b.foo.example.com TXT 60 \"b\"",
        "c.bar.example.com A 60 192.0.2.1",
    ]);
    assert_eq!(stage.zone_records("example.com"), zone);
    assert_eq!(record_changes(&emulator), 4, "one for each permitted request");
    for (service, operation, count) in [
        ("organizations", "CreateAccount", 1),
        ("organizations", "MoveAccount", 2),
        ("organizations", "CreatePolicy", 1),
        ("organizations", "AttachPolicy", 1),
        ("ssm", "PutParameter", 1),
        ("ssm", "SendCommand", 1),
    ] {
        assert_eq!(emulator.calls(service, operation).len(), count, "{operation}");
    }
}

/// How many changes of record sets were asked of Route 53, over all calls.
pub(crate) fn record_changes(emulator: &Emulator) -> usize {
    let calls = emulator.calls("route53", "ChangeResourceRecordSets");
    calls.iter().map(|call| call["request"].to_string().matches("\"Action\"").count()).sum()
}

#[test]
fn copies_that_come_at_once_have_one_effect() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let mut expected = Vec::new();
    for number in 0..8 {
        let name = format!("h{number}.foo.example.com");
        let mut detail = record("CREATE", &name, "A", 60, &["192.0.2.1"]);
        let nonce = stage.nonce();
        detail["nonce"] = json!(nonce);
        let body = stage.envelope("foo", "DNS_RECORD_CHANGE", &detail).to_string();
        (0..3).for_each(|_| drop(stage.send(Gate::Dns, &body)));
        expected.push(nonce);
    }
    let gate = stage.gate(Gate::Dns);
    for nonce in &expected {
        assert_eq!(told(&stage.wait_for("foo", nonce)), "permitted done");
    }
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    let made = stage.zone_records("example.com");
    assert_eq!(made.iter().filter(|line| line.starts_with('h')).count(), 8, "{made:?}");
    assert_eq!(record_changes(&emulator), 8);
    for nonce in &expected {
        let answers = stage.answers("foo", nonce);
        assert!(answers.iter().all(|reply| reply["detail"] == answers[0]["detail"]), "{answers:?}");
    }
}

#[test]
fn a_nonce_is_for_one_request() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let gate = stage.gate(Gate::Dns);
    let nonce = stage.nonce();
    let ask = |sender: &str, name: &str| {
        let mut detail = record("CREATE", name, "A", 60, &["192.0.2.1"]);
        detail["nonce"] = json!(nonce);
        stage.ask(sender, "DNS_RECORD_CHANGE", &detail);
    };
    ask("foo", "one.foo.example.com");
    assert_eq!(told(&stage.wait_for("foo", &nonce)), "permitted done");
    ask("foo", "two.foo.example.com");
    let replies = stage.wait_for_more("foo", &nonce, 2);
    assert_eq!(told(&replies[1]), "denied denied NONCE_REUSE", "{}", replies[1]);
    // Nonces of another sender are others.
    ask("bar", "one.bar.example.com");
    assert_eq!(told(&stage.wait_for("bar", &nonce)), "permitted done");
    drop(gate);
    let made = stage.zone_records("example.com");
    assert!(made.contains("one.foo.example.com A 60 192.0.2.1") && made.contains("one.bar.example.com A 60 192.0.2.1"));
    assert!(!made.iter().any(|line| line.starts_with("two.")), "{made:?}");
}
