//! Brakes, and what the ledger knows: how much may change, and what belongs to whom.

use crate::support::{lines, record, told};
use reeve_tests::emulator::Emulator;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::{Value, json};

fn kind() -> &'static str {
    "DNS_RECORD_CHANGE"
}

/// What a reply says about mending it.
fn fix(reply: &Value) -> &str {
    reply["detail"]["reasons"][0]["fix"].as_str().unwrap_or_default()
}

/// An account whose name is handed to another keeps its records until it gives them up.
fn takeover(ledger: LedgerKind) {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings { ledger, ..Settings::default() };
    // At first pay.foo.example.com is nobody's but foo's.
    stage.edit("accounts.yaml", ", \"pay.foo.example.com\"", "");
    stage.allow("bar", "bar.example.com");
    let gate = stage.gate_with(Gate::Dns, &settings);
    for name in ["pay.foo.example.com", "other.pay.foo.example.com"] {
        let reply = stage.answer("foo", kind(), &record("CREATE", name, "A", 60, &["192.0.2.1"]));
        assert_eq!(told(&reply), "permitted done", "{reply}");
    }
    drop(gate.term());
    // Then it is bar's, and foo may still ask: both allowlists have it.
    stage.edit("accounts.yaml", "\"bar.example.com\"", "\"bar.example.com\", \"pay.foo.example.com\"");
    stage.allow("bar", "bar.example.com,pay.foo.example.com");
    let gate = stage.gate_with(Gate::Dns, &settings);
    for detail in [
        record("UPSERT", "pay.foo.example.com", "A", 60, &["198.51.100.1"]),
        record("DELETE", "pay.foo.example.com", "A", 60, &["192.0.2.1"]),
    ] {
        let reply = stage.answer("bar", kind(), &detail);
        assert_eq!(told(&reply), "denied denied RRSET_NOT_OWNED", "{reply}");
    }
    let expected = lines([
        "example.com CAA 3600 0 issue \"amazon.com\"",
        "legacy.foo.example.com A 300 192.0.2.77",
        "www.example.com A 300 192.0.2.10",
        "pay.foo.example.com A 60 192.0.2.1",
        "other.pay.foo.example.com A 60 192.0.2.1",
    ]);
    assert_eq!(stage.zone_records("example.com"), expected);
    // What is new there is bar's.
    let reply = stage.answer("bar", kind(), &record("CREATE", "new.pay.foo.example.com", "A", 60, &["192.0.2.1"]));
    assert_eq!(told(&reply), "permitted done", "{reply}");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_takeover_is_refused_from_the_ledger() {
    takeover(LedgerKind::Sqlite);
}

#[test]
fn a_takeover_is_refused_from_the_table() {
    takeover(LedgerKind::DynamoDb);
}

#[test]
fn an_hour_has_an_end() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    for (instance, brakes, code, key) in [
        ("-a", "{ changes-per-account-hour: 2 }", "BRAKE_ACCOUNT_HOUR", "changes-per-account-hour"),
        ("-g", "{ changes-per-hour: 2 }", "BRAKE_HOUR", "changes-per-hour"),
        ("-z", "{ changes-per-zone-hour: 2 }", "BRAKE_ZONE_HOUR", "changes-per-zone-hour"),
    ] {
        let settings =
            Settings { instance: instance.to_owned(), brakes: Some(brakes.to_owned()), ..Settings::default() };
        let gate = stage.gate_with(Gate::Dns, &settings);
        // A clock hour may end between two of these; then there are twice as many.
        let mut permitted = 0;
        let refused = loop {
            let name = format!("n{permitted}{instance}.foo.example.com");
            let reply = stage.answer("foo", kind(), &record("CREATE", &name, "A", 60, &["192.0.2.1"]));
            if reply["detail"]["decision"] == "denied" {
                break reply;
            }
            permitted += 1;
            assert!(permitted <= 4, "{brakes}: {permitted} changes were made");
        };
        assert!(permitted >= 2, "{brakes}: {refused}");
        assert_eq!(told(&refused), format!("denied denied {code}"), "{refused}");
        assert!(fix(&refused).contains(key), "{refused}");
        drop(gate);
        let made = stage.zone_records("example.com");
        assert_eq!(made.iter().filter(|line| line.contains(&format!("{instance}.foo"))).count(), permitted, "{made:?}");
    }
}

#[test]
fn one_request_has_its_bounds() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let before = stage.zone_records("example.com");
    let settings = Settings { brakes: Some("{ changes-per-request: 12 }".to_owned()), ..Settings::default() };
    let gate = stage.gate_with(Gate::Dns, &settings);
    let many = |count: usize| {
        let change = |number| json!({"action": "CREATE", "name": format!("m{number}.foo.example.com"), "type": "A", "ttl": 60, "values": ["192.0.2.1"]});
        json!({"changes": (0..count).map(change).collect::<Vec<_>>()})
    };
    let mail = record("CREATE", "foo.example.com", "MX", 60, &["10 mail.foo.example.com"]);
    for (sender, detail, code, key) in [
        ("foo", many(13), "BRAKE_REQUEST", "changes-per-request"),
        ("foo", many(12), "BRAKE_ZONE_SHARE", "zone-share"),
        ("infra", record("CREATE", "example.com", "A", 60, &["192.0.2.1"]), "BRAKE_APEX", "apex"),
        ("foo", mail, "BRAKE_MX", "mx"),
    ] {
        let reply = stage.answer(sender, kind(), &detail);
        assert!(told(&reply).starts_with("denied denied "), "{reply}");
        let reasons = reply["detail"]["reasons"].as_array().expect("a list");
        let reason = reasons.iter().find(|reason| reason["code"] == code);
        let reason = reason.unwrap_or_else(|| panic!("{code} is not in {reply}"));
        assert!(reason["fix"].as_str().unwrap_or_default().contains(key), "{reason}");
    }
    drop(gate);
    assert_eq!(stage.zone_records("example.com"), before);
}
