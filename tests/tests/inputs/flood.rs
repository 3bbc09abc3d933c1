//! One event with as much wrong in it as fits: the answer must still be one that can be kept, read and shown.

use super::check::{now, sealed, shown};
use super::gates::Gates;
use super::table::{CICD, FOO, NONCE, dns, envelope, upsert, with};
use reeve_engine::Delivery;
use reeve_report::Paint;
use serde_json::{Value, json};

/// Longest report for people about one event, bytes: what a terminal keeps.
const REPORT_BYTES_MAX: usize = 1_048_576;

fn list(members: &str) -> String {
    envelope(CICD, "LIST_ACCOUNTS", &format!("{{\"nonce\":\"{NONCE}\",{members}}}"), &[])
}

/// Many members, each a key and `1`.
fn members(count: usize, key: impl Fn(usize) -> String) -> String {
    let members: Vec<String> = (0..count).map(|index| format!("\"{}\":1", key(index))).collect();
    members.join(",")
}

#[test]
fn a_flood_of_faults_still_makes_a_receipt() {
    let gates = Gates::wire();
    let inner = members(400, |index| format!("{index}.x"));
    let values = with(upsert("a.foo.example.com", "A", ""), json!({ "values": vec!["x"; 400] }));
    let wide = |text: &str| Value::from(text).to_string();
    let account = wide(&"\u{ad}".repeat(400_000));
    let quotes = wide(&"\\\"".repeat(200_000));
    let floods = [
        ("fields that are unknown", list(&members(90_000, |index| format!("k{index}")))),
        (
            "fields of the envelope",
            list(&members(1, |_| "x".to_owned())).replacen(
                '{',
                &format!("{{{},", members(90_000, |index| format!("k{index}"))),
                1,
            ),
        ),
        ("dotted keys below a long one", list(&format!("\"{}\":{{{inner}}}", "k".repeat(65_536)))),
        ("values that are no address", dns(FOO, json!(vec![values; 500]))),
        ("an account that is long", envelope(CICD, "LIST_ACCOUNTS", "{}", &[("account", Some(&account))])),
        ("a source that is long", envelope(CICD, "LIST_ACCOUNTS", "{}", &[("source", Some(&quotes))])),
        ("a body that is no JSON", "\"\\u001b\u{1b}".repeat(100_000)),
    ];
    let mut wrong = Vec::new();
    for (text, body) in floods {
        assert!(body.len() <= 1_048_576, "{text}: {}", body.len());
        let delivery =
            Delivery { body: body.into_bytes(), origin: "events.ndjson:1".into(), verified: true, content_type: None };
        for gate in [&gates.dns.gate, &gates.management.gate] {
            let story = gate.judge(&delivery, now());
            assert!(!story.decision.permitted(), "{text}");
            let report = reeve_report::human(&story, Paint::new(false)).len();
            if report > REPORT_BYTES_MAX {
                wrong.push(format!("{text}: the report has {report} bytes"));
            }
            wrong.extend(sealed(&story).and_then(|()| shown(&story)).err().map(|error| format!("{text}: {error}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
