//! What was kept is proven, a changed byte is found, and a stricter gate says what it would have decided.

use crate::support::record;
use reeve_tests::emulator::Emulator;
use reeve_tests::reeve;
use reeve_tests::stage::{Gate, Options, Settings, Stage};
use serde_json::json;
use std::path::Path;

/// `reeve audit verify` over the receipts of a gate: exit code and what it said.
pub(crate) fn verify(gate_file: &Path, receipts: &Path) -> (Option<i32>, String) {
    let (gate, receipts) = (gate_file.display().to_string(), receipts.display().to_string());
    let output = reeve::run(&["audit", "verify", "--gate", &gate, &receipts], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// Everything that a gate has kept in this run is proven.
pub(crate) fn proven(stage: &Stage<'_>, gate: Gate, settings: &Settings) {
    let file = stage.folder().join(format!("gate-{}{}.yaml", gate.name(), settings.instance));
    let (code, told) = verify(&file, &stage.receipts(gate, settings));
    assert_eq!(code, Some(0), "{told}");
    let count = stage.kept(gate, settings).len();
    assert!(count > 0 && told.contains(&format!("{count} receipts proven")), "{count}: {told}");
}

#[test]
fn a_changed_byte_is_found_and_a_stricter_gate_tells_its_flips() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings::default();
    let gate = stage.gate_with(Gate::Dns, &settings);
    for (sender, name) in [("foo", "a.foo"), ("bar", "a.bar"), ("foo", "b.bar"), ("foo", "c.foo")] {
        let name = format!("{name}.example.com");
        let _ = stage.answer(sender, "DNS_RECORD_CHANGE", &record("CREATE", &name, "A", 60, &["192.0.2.1"]));
    }
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    proven(&stage, Gate::Dns, &settings);
    let file = stage.folder().join("gate-dns.yaml");

    let path = stage.receipts(Gate::Dns, &settings).join("receipts.jsonl");
    let whole = std::fs::read(&path).expect("receipts");
    let changed = stage.folder().join("changed.jsonl");
    // A letter of the second receipt's name, and of its decision.
    let text = String::from_utf8(whole.clone()).expect("UTF-8");
    let second = text.find('\n').expect("two lines") + 1;
    for needle in ["a.bar.example.com", "\"permitted\"", "192.0.2.1"] {
        let at = second + text[second..].find(needle).expect("there") + 2;
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&changed, &bytes).expect("written");
        let (code, told) = verify(&file, &changed);
        assert_eq!(code, Some(4), "{needle}: {told}");
        assert!(told.contains("changed.jsonl:2: "), "{needle}: {told}");
    }
    // A receipt that is left out.
    let without: Vec<&str> =
        text.lines().enumerate().filter(|(number, _)| *number != 1).map(|(_, line)| line).collect();
    std::fs::write(&changed, without.join("\n") + "\n").expect("written");
    let (code, told) = verify(&file, &changed);
    assert_eq!(code, Some(4), "{told}");

    // A gate at which dev accounts change no records any more.
    stage.edit("policies/sender-trust/policy.yaml", "DNS_RECORD_CHANGE: dev", "DNS_RECORD_CHANGE: standard");
    let (gate, receipts) = (file.display().to_string(), path.display().to_string());
    let output = reeve::run(&["replay", &receipts, "--gate", &gate, "--format", "json"], &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let flips: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(flips.len(), 2, "both of foo's permitted requests: {told}");
    for flip in flips {
        assert_eq!((&flip["before"], &flip["after"]), (&json!("permitted"), &json!("denied")), "{flip}");
        assert_eq!(flip["sender"], json!(stage.id("foo")));
        assert_eq!(flip["reasons"][0]["code"], json!("TIER_FORBIDS_ACTION"));
    }
    // It is another configuration now, and says so.
    let (code, told) = verify(&file, &path);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("OTHER_CONFIGURATION"), "{told}");
}
