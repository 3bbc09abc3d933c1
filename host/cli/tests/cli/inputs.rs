//! Every form in which an event may arrive.

use crate::support::{DNS, change, codes, reeve, reeve_fed, run_args};

#[test]
fn one_event_is_judged_alike_in_every_form() {
    let body = change(1, "web.foo.example.com");
    let quoted = serde_json::to_string(&body).expect("JSON");
    let value: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    for (form, input) in [
        ("a line", format!("{body}\n")),
        ("a document", pretty),
        ("an SQS message", format!(r#"{{"MessageId":"m","Body":{quoted}}}"#)),
        ("an answer of ReceiveMessage", format!(r#"{{"Messages":[{{"MessageId":"m","Body":{quoted}}}]}}"#)),
        ("a Lambda batch", format!(r#"{{"Records":[{{"messageId":"m","eventSource":"aws:sqs","body":{quoted}}}]}}"#)),
    ] {
        let output = reeve_fed(&run_args(DNS, &["--vouch", "--no-receipts"]), input.as_bytes());
        assert_eq!(output.code, 0, "{form}: {}{}", output.stdout, output.stderr);
        let lines = output.json();
        assert_eq!(lines.len(), 1, "{form}");
        assert_eq!(lines[0]["actions"][0]["changes"][0]["name"], "web.foo.example.com", "{form}");
    }
}

#[test]
fn a_batch_is_judged_message_by_message() {
    let quoted = |body: &str| serde_json::to_string(body).expect("JSON");
    let good = quoted(&change(1, "web.foo.example.com"));
    let bad = quoted("not an event");
    let raw = format!(r#"{{"body":{good},"messageAttributes":{{"ContentType":{{"stringValue":"text/plain"}}}}}}"#);
    let batch = format!(r#"{{"Records":[{{"body":{good}}},{{"body":{bad}}},{{"messageId":"x"}},{raw}]}}"#);
    let output = reeve_fed(&run_args(DNS, &["--vouch", "--no-receipts"]), batch.as_bytes());
    assert_eq!(output.code, 3);
    let lines = output.json();
    let decisions: Vec<_> = lines.iter().map(|line| line["decision"].as_str().expect("decision")).collect();
    assert_eq!(decisions, ["permitted", "denied", "denied", "denied"]);
    assert_eq!(codes(&lines[1]), ["BAD_JSON"]);
    assert_eq!(codes(&lines[3]), ["RAW_EVENT_NOT_ENVELOPE"]);
    assert_eq!(lines[2]["origin"], "stdin:1#2");
}

#[test]
fn a_hostile_name_reaches_no_terminal() {
    let hostile = change(1, "x\\u001b[31m\\u202e.foo.example.com").replace("DNS_RECORD_CHANGE", "DNS\\u001b[2J");
    let output = reeve_fed(&["run", "--gate", DNS, "--no-receipts", "--color", "never"], hostile.as_bytes());
    assert_eq!(output.code, 3);
    let raw = |char: char| (char.is_control() && char != '\n') || char == '\u{202e}';
    assert!(!output.stdout.contains(raw), "{:?}", output.stdout);
}

#[test]
fn recorded_events_are_judged_as_of_their_own_time_when_asked() {
    let body = change(1, "web.foo.example.com");
    let at = |now: &str| {
        let args = ["run", "--format", "json", "--gate", DNS, "--vouch", "--no-receipts", "--now", now];
        reeve_fed(&args, body.as_bytes())
    };
    assert_eq!(at("event").code, 0);
    let late = at("2027-01-01T00:00:00Z");
    assert_eq!((late.code, codes(&late.json()[0])), (3, vec!["STALE_EVENT".to_owned()]));
    assert_eq!(at("soon").code, 1);
    let wall = reeve_fed(&["run", "--gate", DNS, "--vouch", "--no-receipts"], body.as_bytes());
    assert!(wall.code == 0 || wall.stdout.contains("STALE_EVENT"), "{}", wall.stdout);
}

#[test]
fn a_policy_that_the_sandbox_refuses_denies() {
    let folder = tempfile::tempdir().expect("folder");
    let plugin = crate::support::root().join("target/plugins/dns-allowlist.wasm");
    // No `datasets`: the plugin's import is not granted.
    let policy = format!(
        "policy: ungranted\nplugin: {}\nneeds: {{ allowed: {{ accounts: allowed_dns_domains }} }}\n",
        plugin.display()
    );
    std::fs::create_dir(folder.path().join("ungranted")).expect("made");
    std::fs::write(folder.path().join("ungranted/policy.yaml"), policy).expect("written");
    let examples = crate::support::root().join("policies/examples");
    let gate = std::fs::read_to_string(examples.join("dns/gate.yaml")).expect("gate");
    let gate = gate
        .replace("../accounts.yaml", &examples.join("accounts.yaml").display().to_string())
        .replace("facts: facts.yaml", &format!("facts: {}", examples.join("dns/facts.yaml").display()))
        .replace("policies-root: ../..", "policies-root: .");
    let start = gate.find("policies:").expect("policies");
    let end = start + gate[start..].find(']').expect("a list") + 1;
    let gate = format!("{}policies: [ungranted]{}", &gate[..start], &gate[end..]);
    let path = folder.path().join("gate.yaml");
    std::fs::write(&path, gate).expect("written");
    let path = path.display().to_string();
    let output =
        reeve_fed(&run_args(&path, &["--vouch", "--no-receipts"]), change(1, "web.foo.example.com").as_bytes());
    assert_eq!(output.code, 3, "{}", output.stderr);
    let line = &output.json()[0];
    assert_eq!(codes(line), ["PLUGIN_FAULT"]);
    assert_eq!(line["policies"][0]["fault"]["name"], "ImportNotGranted");
    assert!(output.stderr.contains("reeve:policy/dataset"), "{}", output.stderr);
}

#[test]
fn a_hundred_thousand_events_stream_in_bounded_memory() {
    // Each is refused at a different depth of the line: what is measured is the stream, not one path.
    let mut input = Vec::new();
    for nonce in 0..100_000_u32 {
        let line = match nonce % 50 {
            0 => change(nonce, "web.foo.example.com"),
            1 => change(nonce, "web.bar.example.com"),
            _ => format!("{{\"n\":{nonce}}}"),
        };
        input.extend_from_slice(line.as_bytes());
        input.push(b'\n');
    }
    let folder = tempfile::tempdir().expect("folder");
    let dir = folder.path().display().to_string();
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, &input).expect("written");
    let args = ["run", "--gate", DNS, "--vouch", "--now", crate::support::NOW, "--receipts", &dir, "--format", "json"];
    let mut command = crate::support::command(&args);
    command.arg(&file);
    let mut child =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("started");
    let mut peak_kib = 0;
    let code = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let seen = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = seen.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak_kib = peak_kib.max(seen.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("waited") {
            break status.code();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(code, Some(3));
    assert!(peak_kib > 0, "the process's memory was seen");
    assert!(peak_kib < 200 * 1_024, "{peak_kib} KiB");
    let receipts = std::fs::read_to_string(folder.path().join("receipts.jsonl")).expect("receipts");
    assert_eq!(receipts.lines().count(), 100_000);
    let last = reeve(&["explain", &folder.path().join("receipts.jsonl").display().to_string()]);
    assert_eq!(last.code, 0, "{}", last.stderr);
}
