//! Health, metrics, logs, and an end that finishes what is in hand.

use crate::audit::proven;
use crate::support::{record, told};
use reeve_tests::emulator::Emulator;
use reeve_tests::http::{Message, Server};
use reeve_tests::stage::{Gate, Options, Settings, Stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Nobody may read these in a log.
const SECRET_KEY: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYSECRETKEY";
const SECRET_VALUE: &str = "hunter2-is-in-the-parameter";

#[test]
fn what_is_in_hand_is_finished() {
    let emulator = Emulator::start();
    // Long enough for the signal to come in between, whatever the machine.
    let stage = Stage::new(&emulator, Options { create_seconds: 3.0, ..Options::default() });
    let gate = stage.gate(Gate::Management);
    let address = gate.ops();
    assert_eq!(gate.look("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(gate.look("/readyz"), (200, "ready\n".to_owned()));
    let nonce = stage.nonce();
    let detail = json!({"name": "qux", "email": "aws+qux@example.com", "OU": "Dev", "nonce": nonce});
    stage.ask("cicd", "CREATE_ACCOUNT", &detail);
    stage.until("the call", || !emulator.calls("organizations", "CreateAccount").is_empty());
    assert!((gate.metric("reeve_in_flight") - 1.0).abs() < f64::EPSILON);
    gate.signal();
    stage.until("not ready", || gate.look("/readyz").0 != 200);
    let said = gate.look("/readyz");
    assert!(said == (503, "draining\n".to_owned()) || said.0 == 0, "{said:?}");
    // Asked while it drains: answered by this gate if a poll was under way, and otherwise by the next one.
    let late = stage.nonce();
    stage.ask("cicd", "LIST_ACCOUNTS", &json!({"nonce": late}));
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.lines().any(|line| line.contains("\"message\":\"stopped\"")), "{log}");
    assert!(reeve_tests::http::connect(address).is_err(), "it listens no more");
    assert_eq!(told(&stage.wait_for("cicd", &nonce)), "permitted done");
    assert!(stage.accounts().contains("qux aws+qux@example.com in Dev"));
    let (visible, hidden) = stage.waiting(Gate::Management);
    assert!(visible + hidden <= 1, "the finished one is off the queue: {visible} and {hidden}");
    let gate = stage.gate(Gate::Management);
    assert_eq!(told(&stage.wait_for("cicd", &late)), "permitted done");
    stage.wait_until_empty(Gate::Management);
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(stage.replies("cicd").len(), 2, "each is answered once");
    assert_eq!(emulator.calls("organizations", "CreateAccount").len(), 1);
    proven(&stage, Gate::Management, &Settings::default());
}

#[test]
fn metrics_have_their_names() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let gate = stage.gate(Gate::Dns);
    for (sender, name) in [("foo", "a.foo.example.com"), ("foo", "a.bar.example.com"), ("bar", "a.bar.example.com")] {
        let _ = stage.answer(sender, "DNS_RECORD_CHANGE", &record("CREATE", name, "A", 60, &["192.0.2.1"]));
    }
    // The answer is sent before the delivery is counted.
    let counted = |name: &str, count: f64| {
        stage.until(name, || (gate.metric(name) - count).abs() < f64::EPSILON);
    };
    counted("reeve_delivery_seconds_count{source=\"sqs\"}", 3.0);
    counted("reeve_requests_total{kind=\"DNS_RECORD_CHANGE\",status=\"done\"}", 2.0);
    counted("reeve_requests_total{kind=\"DNS_RECORD_CHANGE\",status=\"denied\"}", 1.0);
    counted("reeve_reasons_total{policy=\"dns-allowlist\",code=\"NOT_IN_ALLOWLIST\"}", 1.0);
    counted("reeve_outcomes_total{call=\"route53:ChangeResourceRecordSets\",state=\"applied\",class=\"\"}", 2.0);
    counted("reeve_dns_change_requests_total", 2.0);
    counted("reeve_in_flight", 0.0);
    counted("reeve_receive_errors_total", 0.0);
    assert!(gate.metric("reeve_dns_change_calls_total") >= 1.0);
    assert!(gate.metric("reeve_policy_fuel_total{policy=\"dns-allowlist\"}") > 0.0);
    assert!(gate.metric("reeve_policy_fuel_total{policy=\"sender-trust\"}") > 0.0);
    let (_, text) = gate.look("/metrics");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let told: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let page = std::fs::read_to_string(reeve_tests::root().join("docs/operations.md")).expect("the page");
    let names = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let names = names.map(|(name, _)| name).filter(|name| name.starts_with("reeve_"));
    // A counter's name has an ending that its type line has not (OpenMetrics 1.0, "Counter").
    let documented: BTreeSet<&str> = names.map(|name| name.strip_suffix("_total").unwrap_or(name)).collect();
    // What has not happened yet is not told: nothing was given back, and no policy has failed.
    let silent: Vec<&str> = documented.difference(&told).copied().collect();
    assert_eq!(silent, ["reeve_policy_faults", "reeve_redeliveries"]);
    assert!(told.is_subset(&documented), "{told:?} is more than docs/operations.md says");
    assert_eq!(gate.look("/nothing").0, 404);
}

#[test]
fn logs_are_json_and_hold_no_secret() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    for level in ["warn,reeve=info", "debug"] {
        let variables =
            [("AWS_SECRET_ACCESS_KEY", SECRET_KEY), ("AWS_SESSION_TOKEN", SECRET_KEY), ("REEVE_LOG", level)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let settings = Settings { variables, ..Settings::default() };
        let gate = stage.gate_with(Gate::Management, &settings);
        let put = |name: &str, value: &str| json!({"parameters": [{"name": name, "value": value}]});
        let nonce = stage.nonce();
        let mut detail = put("/pub/secret", SECRET_VALUE);
        detail["nonce"] = json!(nonce);
        let id = stage.ask("cicd", "PUT_PARAMETER", &detail);
        assert_eq!(told(&stage.wait_for("cicd", &nonce)), "permitted done");
        for (sender, detail) in [
            ("cicd", put("/elsewhere", SECRET_VALUE)),
            ("cicd", put("/pub/x", &format!("{{{{{SECRET_VALUE}}}}}"))),
            ("foo", put("/pub/x", SECRET_VALUE)),
        ] {
            let reply = stage.answer(sender, "PUT_PARAMETER", &detail);
            assert_eq!(reply["detail"]["decision"], json!("denied"), "{reply}");
        }
        // A message that is no event at all.
        stage.send(Gate::Management, &format!("{{\"{SECRET_VALUE}"));
        stage.wait_until_empty(Gate::Management);
        let (status, log) = gate.term();
        assert_eq!(status.code(), Some(0), "{log}");
        for secret in [SECRET_KEY, SECRET_VALUE] {
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "at `{level}` the log holds a secret: {line:?}");
        }
        let entries: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
        let answered = entries.iter().find(|entry| entry["message"] == "answered" && entry["event_id"] == id);
        let answered = answered.unwrap_or_else(|| panic!("no line for {id}: {log}"));
        for (name, value) in
            [("kind", "PUT_PARAMETER"), ("sender", stage.id("cicd")), ("nonce", &nonce), ("status", "done")]
        {
            assert_eq!(answered[name], json!(value), "{answered}");
        }
        for entry in &entries {
            assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{entry}");
        }
    }
}

#[test]
fn traces_say_what_became_of_a_request_and_no_more() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let spans: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let writing = Arc::clone(&spans);
    let collector = Server::answering(move |request| {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        writing.lock().unwrap().push((request.method_and_target().1.to_owned(), text));
        Message::reply(200, &[("content-type", "application/x-protobuf")], "")
    });
    let collector = collector.expect("a port");
    let variables = vec![("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.url())];
    let settings = Settings { variables, ..Settings::default() };
    let gate = stage.gate_with(Gate::Management, &settings);
    let put = json!({"parameters": [{"name": "/pub/secret", "value": SECRET_VALUE}]});
    let reply = stage.answer("cicd", "PUT_PARAMETER", &put);
    assert_eq!(told(&reply), "permitted done");
    stage.wait_until_empty(Gate::Management);
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    let spans = spans.lock().unwrap();
    assert!(!spans.is_empty() && spans.iter().all(|(path, _)| path == "/v1/traces"), "{spans:?}");
    let text: String = spans.iter().map(|(_, text)| text.as_str()).collect();
    let nonce = reply["detail"]["nonce"].as_str().expect("text");
    let receipt = reply["detail"]["receipt"].as_str().expect("text");
    for part in
        ["reeve.delivery", "reeve.gate", "management", "PUT_PARAMETER", "permitted", stage.id("cicd"), nonce, receipt]
    {
        assert!(text.contains(part), "{part} is not in the traces");
    }
    assert!(!text.contains(SECRET_VALUE), "the traces hold a secret");
}
