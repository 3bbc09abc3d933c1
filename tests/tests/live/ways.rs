//! Other ways to the same end: a FIFO queue, ledger and receipts in AWS, an answer in pages.

use crate::flow::AT_FIRST;
use crate::support::{lines, record, told};
use reeve_tests::emulator::Emulator;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn a_long_directory_comes_in_pages() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    stage.more_accounts(700);
    let gate = stage.gate(Gate::Management);
    let nonce = stage.nonce();
    stage.ask("cicd", "LIST_ACCOUNTS", &json!({"nonce": nonce}));
    let first = stage.wait_for("cicd", &nonce);
    let pages = usize::try_from(first["detail"]["pages"].as_u64().expect("a number")).expect("small");
    assert!(pages > 1, "{pages}");
    let replies = stage.wait_for_more("cicd", &nonce, pages);
    let items = |reply: &Value| reply["detail"]["answer"].as_array().cloned().unwrap_or_default();
    let mut numbers: Vec<u64> = replies.iter().filter_map(|reply| reply["detail"]["page"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=pages as u64).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply.to_string().len() < 256 * 1024));
    let mut ids: Vec<String> =
        replies.iter().flat_map(items).map(|account| account["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), stage.account_count());
    drop(gate);
}

#[test]
fn a_fifo_queue_keeps_its_order() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options { queue_fifo: true, ..Options::default() });
    // One message of a receive at a time, as the documentation says.
    let source = stage.queue_source(Gate::Dns).replace("verified-by", "batch: 1, verified-by");
    let settings = Settings { sources: Some(source), ..Settings::default() };
    let name = "turn.foo.example.com";
    let steps = [
        record("CREATE", name, "A", 60, &["192.0.2.1"]),
        record("UPSERT", name, "A", 60, &["192.0.2.2"]),
        record("DELETE", name, "A", 60, &["192.0.2.2"]),
        record("CREATE", name, "A", 60, &["192.0.2.3"]),
        record("DELETE", name, "A", 60, &["192.0.2.3"]),
        record("CREATE", name, "A", 60, &["192.0.2.4"]),
    ];
    let ask = |detail: &Value| {
        let mut detail = detail.clone();
        let nonce = stage.nonce();
        detail["nonce"] = json!(nonce);
        stage.ask("foo", "DNS_RECORD_CHANGE", &detail);
        nonce
    };
    let nonces: Vec<String> = steps.iter().map(ask).collect();
    let gate = stage.gate_with(Gate::Dns, &settings);
    for (nonce, step) in nonces.iter().zip(&steps) {
        let reply = stage.wait_for("foo", nonce);
        assert_eq!(told(&reply), "permitted done", "{step}: {reply}");
    }
    stage.wait_until_empty(Gate::Dns);
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    let mut expected = lines(AT_FIRST);
    expected.insert(format!("{name} A 60 192.0.2.4"));
    assert_eq!(stage.zone_records("example.com"), expected);
    assert_eq!(stage.dead(Gate::Dns), Vec::<String>::new());
}

#[test]
fn receipts_and_ledger_can_be_in_aws() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings { ledger: LedgerKind::DynamoDb, receipts_s3: true, ..Settings::default() };
    let gate = stage.gate_with(Gate::Dns, &settings);
    // More than there are chains, so that some receipts follow others.
    let ask = |number: usize| {
        let domain = if number.is_multiple_of(2) { "foo" } else { "bar" };
        let mut detail = record("CREATE", &format!("n{number:02}.{domain}.example.com"), "A", 60, &["192.0.2.1"]);
        let nonce = stage.nonce();
        detail["nonce"] = json!(nonce);
        stage.ask("foo", "DNS_RECORD_CHANGE", &detail);
        nonce
    };
    let nonces: Vec<String> = (0..40).map(ask).collect();
    let hash = |nonce: &String| stage.wait_for("foo", nonce)["detail"]["receipt"].as_str().expect("a hash").to_owned();
    let receipts: BTreeSet<String> = nonces.iter().map(hash).collect();
    assert_eq!(receipts.len(), 40);
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    let kept = stage.objects(Gate::Dns);
    let hashes: BTreeSet<String> = kept.iter().map(|it| it["hash"].as_str().expect("a hash").to_owned()).collect();
    assert_eq!(hashes, receipts, "each answer has its receipt, and there is no other");
    let previous: Vec<&str> = kept.iter().filter_map(|receipt| receipt["previous"].as_str()).collect();
    assert!(!previous.is_empty() && previous.iter().all(|hash| hashes.contains(*hash)), "chained: {previous:?}");
    assert!(!stage.receipts(Gate::Dns, &settings).exists(), "nothing is kept on disk");
    let mut expected = lines(AT_FIRST);
    expected.extend((0..40).step_by(2).map(|number| format!("n{number:02}.foo.example.com A 60 192.0.2.1")));
    assert_eq!(stage.zone_records("example.com"), expected);
}
