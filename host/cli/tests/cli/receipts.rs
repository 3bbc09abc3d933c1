//! Receipts: the same for the same input, chained, whole after Ctrl-C, and told by `explain`.

use crate::support::{DNS, NOW, change, command, reeve, reeve_fed, run_args};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const EVENTS: &str = "policies/examples/events/dns.ndjson";

#[test]
fn the_same_input_gives_the_same_bytes_in_two_processes() {
    let (one, two) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let run = |folder: &tempfile::TempDir| {
        let dir = folder.path().display().to_string();
        let output = reeve(&run_args(DNS, &["--vouch", "--receipts", &dir, EVENTS]));
        let receipts = std::fs::read(folder.path().join("receipts.jsonl")).expect("receipts");
        (output.stdout, receipts)
    };
    let (first, second) = (run(&one), run(&two));
    assert!(first.1.len() > 10_000);
    assert_eq!(first, second);
}

#[test]
fn the_same_input_gives_the_same_bytes_twice_in_one_process() {
    let gate = crate::support::root().join(DNS);
    let now = NOW.parse().expect("time");
    let story = |nonce, name| {
        let wired = reeve::wiring::gate(&gate).expect("wired");
        let body = change(nonce, name).into_bytes();
        let delivery = reeve_engine::Delivery { body, origin: "test".into(), verified: true, content_type: None };
        let lines: Vec<String> = (0..2).map(|_| wired.gate.judge(&delivery, now).seal(None).into_line()).collect();
        assert_eq!(lines[0], lines[1], "one gate, twice");
        lines[0].clone()
    };
    for name in ["web.foo.example.com", "web.bar.example.com", "bad\\\\056.example.com"] {
        assert_eq!(story(1, name), story(1, name), "two gates");
    }
}

#[test]
fn an_unverified_sender_cannot_use_up_a_nonce() {
    let now: reeve_model::Timestamp = NOW.parse().expect("time");
    let gate = reeve::wiring::gate(&crate::support::root().join(DNS)).expect("wired").gate;
    let runner = reeve::wiring::dry_runner(gate, Box::new(reeve_local::NoReceipts), Box::new(move || now));
    let judge = |name, verified| {
        let body = change(1, name).into_bytes();
        let delivery = reeve_engine::Delivery { body, origin: "test".into(), verified, content_type: None };
        let reeve_engine::Handled::Done(stories) = runner.handle(&delivery) else { panic!("not answered") };
        stories[0].0.decision.reasons().iter().map(|(_, reason)| reason.code.clone()).collect::<Vec<_>>()
    };
    assert_eq!(judge("forged.foo.example.com", false), ["UNVERIFIED_INTAKE_PATH"]);
    assert!(judge("web.foo.example.com", true).is_empty(), "the nonce is still the account's own");
    assert_eq!(judge("other.foo.example.com", true), ["NONCE_REUSE"]);
    assert_eq!(judge("web.foo.example.com", true), ["DUPLICATE_SUPPRESSED"]);
}

#[test]
fn a_write_that_fails_half_way_leaves_a_whole_chain() {
    let folder = tempfile::tempdir().expect("folder");
    let dir = folder.path().display().to_string();
    let binary = env!("CARGO_BIN_EXE_reeve");
    // The file may hold 20 KiB, as on a full disk: some receipts fit, and one of them only in part.
    let script = r#"trap "" XFSZ; ulimit -f 20; exec "$@""#;
    let mut limited = Command::new("bash");
    limited.args(["-c", script, "bash", binary]).args(run_args(DNS, &["--vouch", "--receipts", &dir, EVENTS]));
    let output = crate::support::finish(limited.current_dir(crate::support::root()).stdin(Stdio::null()));
    assert_ne!(output.code, 0, "{}", output.stderr);
    let path = folder.path().join("receipts.jsonl");
    let text = std::fs::read_to_string(&path).expect("receipts");
    assert!(text.len() > 1_000 && text.len() < 20 * 1_024 && text.ends_with('\n'), "{} bytes", text.len());
    let mut whole = 0;
    let read = reeve_local::ReceiptFile::read_all(&path, |number, receipt| {
        assert!(receipt.is_ok(), "line {number}: {receipt:?}");
        whole += 1;
        true
    });
    read.expect("readable");
    assert!(whole > 0);
}

#[test]
fn a_chain_goes_on_over_runs() {
    let folder = tempfile::tempdir().expect("folder");
    let dir = folder.path().display().to_string();
    for nonce in 1..=2 {
        let body = change(nonce, "web.foo.example.com");
        let output = reeve_fed(&run_args(DNS, &["--vouch", "--receipts", &dir]), body.as_bytes());
        assert_eq!(output.code, 0, "{}", output.stderr);
    }
    let path = folder.path().join("receipts.jsonl");
    let shown = path.display().to_string();
    assert_eq!(reeve(&["explain", &shown]).code, 0);
    let text = std::fs::read_to_string(&path).expect("receipts");
    std::fs::write(&path, text.replacen("permitted", "forbidden", 1)).expect("written");
    let broken = reeve(&["explain", &shown]);
    assert_eq!(broken.code, 1);
    assert!(broken.stderr.contains(":1: the content has the hash"), "{}", broken.stderr);
}

#[test]
fn explain_tells_policies_reasons_and_facts() {
    let folder = tempfile::tempdir().expect("folder");
    let dir = folder.path().display().to_string();
    let body = change(7, "web.bar.example.com");
    reeve_fed(&run_args(DNS, &["--vouch", "--receipts", &dir]), body.as_bytes());
    let shown = folder.path().join("receipts.jsonl").display().to_string();
    for which in [
        &["explain", &shown][..],
        &["explain", &shown, "--receipt", "1"],
        &["explain", &shown, "--receipt", "00000000-0000-4000-8000-000000000007"],
    ] {
        let output = reeve(which);
        assert_eq!(output.code, 0, "{}", output.stderr);
        for text in [
            "denied",
            "NOT_IN_ALLOWLIST",
            "dns-allowlist: deny",
            "sender-trust: allow",
            "fact allowed = ",
            "accounts.yaml:",
        ] {
            assert!(output.stdout.contains(text), "lacks {text}:\n{}", output.stdout);
        }
    }
    assert_eq!(reeve(&["explain", &shown, "--receipt", "99"]).code, 1);
}

#[test]
fn explain_tells_where_an_accounts_value_comes_from() {
    let args = ["explain", "--accounts", "policies/examples/accounts.yaml", "--account", "foo", "--key", "create_vpc"];
    let output = reeve(&args);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for text in ["create_vpc = false", "from Accounts.foo", "over true in Scopes.dev", "over false in Default"] {
        assert!(output.stdout.contains(text), "lacks {text}:\n{}", output.stdout);
    }
    let unknown = reeve(&["explain", "--accounts", "policies/examples/accounts.yaml", "--account", "fooo"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("did you mean `foo`"), "{}", unknown.stderr);
}

#[test]
fn ctrl_c_leaves_a_valid_chain() {
    let folder = tempfile::tempdir().expect("folder");
    let dir = folder.path().display().to_string();
    let args = run_args(DNS, &["--vouch", "--receipts", &dir, "--input", "ndjson"]);
    let mut child =
        command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let feeder = std::thread::spawn(move || {
        // Until the process is gone.
        for nonce in 0.. {
            if writeln!(stdin, "{}", change(nonce, "web.foo.example.com")).is_err() {
                break;
            }
        }
    });
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a first line");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    std::io::copy(&mut stdout, &mut std::io::sink()).expect("drained");
    let status = child.wait().expect("ended");
    feeder.join().expect("fed");
    assert_eq!(status.code(), Some(130));
    let text = std::fs::read_to_string(folder.path().join("receipts.jsonl")).expect("receipts");
    assert!(text.ends_with('\n') && text.lines().count() > 0);
    let shown = folder.path().join("receipts.jsonl").display().to_string();
    let output = reeve(&["explain", &shown]);
    assert_eq!(output.code, 0, "{}", output.stderr);
}
