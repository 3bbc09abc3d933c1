//! Checked nothing never passes.

use crate::support::{DNS, change, command, event, finish, reeve, reeve_fed, run_args};

#[test]
fn an_input_without_events_is_an_error() {
    for input in ["", "\n \n", r#"{"Records":[]}"#, r#"{"Messages":[]}"#] {
        let output = reeve_fed(&run_args(DNS, &["--vouch", "--no-receipts"]), input.as_bytes());
        assert_eq!(output.code, 1, "{input:?}");
        assert!(output.stderr.contains("nothing was checked"), "{}", output.stderr);
    }
}

#[test]
fn an_unreadable_file_is_an_error_with_its_name() {
    let output = reeve(&run_args(DNS, &["--vouch", "--no-receipts", "no-such-file.json"]));
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("`no-such-file.json`"), "{}", output.stderr);
    let output = reeve(&run_args("no-such-gate.yaml", &[]));
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("no-such-gate.yaml"), "{}", output.stderr);
}

#[test]
fn events_that_match_no_kind_are_denied() {
    let body = event("111122223333", "SOMETHING_ELSE", 1, "");
    let output = reeve_fed(&run_args(DNS, &["--vouch", "--no-receipts"]), body.as_bytes());
    assert_eq!(output.code, 3);
    assert_eq!(crate::support::codes(&output.json()[0]), ["UNKNOWN_ACTION"]);
}

#[test]
fn an_empty_policy_set_and_an_unknown_key_are_errors_with_their_place() {
    let folder = tempfile::tempdir().expect("folder");
    let head =
        "gate: x\naccount: \"000000000001\"\nregion: us-east-1\naccounts: a.yaml\nkinds: { LIST_ACCOUNTS: {} }\n";
    for (tail, place, text) in [
        ("policies: []\n", "gate.yaml:1:1: ", "`policies` is empty"),
        ("policies: [x]\npolicy: y\n", "gate.yaml:7:1: ", "policy"),
        ("policies: [x]\nkinds: {}\n", "gate.yaml:7:1: ", "kinds"),
        ("policies: [x\n", "gate.yaml:", "YAML"),
    ] {
        let path = folder.path().join("gate.yaml");
        std::fs::write(&path, format!("{head}{tail}")).expect("written");
        let output = finish(command(&["run", "--gate", "gate.yaml"]).current_dir(folder.path()));
        assert_eq!(output.code, 1, "{tail}");
        assert!(output.stderr.contains(place) && output.stderr.contains(text), "{tail}: {}", output.stderr);
    }
}

#[test]
fn a_policy_for_a_misspelt_kind_is_an_error() {
    let folder = tempfile::tempdir().expect("folder");
    let root = crate::support::root();
    let examples = root.join("policies/examples");
    std::fs::create_dir(folder.path().join("p")).expect("made");
    let plugin = root.join("target/plugins/sender-trust.wasm");
    let settings = "settings: { tiers: [dev], kinds: { LIST_ACCOUNTS: dev } }";
    let policy = format!("policy: p\nplugin: {}\nkinds: [LIST_ACCOUNT]\n{settings}\n", plugin.display());
    std::fs::write(folder.path().join("p/policy.yaml"), policy).expect("written");
    let gate = format!(
        "gate: x\naccount: \"000000000001\"\nregion: us-east-1\naccounts: {}\npolicies-root: .\nkinds: {{ LIST_ACCOUNTS: {{}} }}\npolicies: [p]\n",
        examples.join("accounts.yaml").display()
    );
    std::fs::write(folder.path().join("gate.yaml"), gate).expect("written");
    let output = finish(command(&["run", "--gate", "gate.yaml"]).current_dir(folder.path()));
    assert_eq!(output.code, 1, "{}", output.stdout);
    for text in ["`LIST_ACCOUNT`, which is no kind", "did you mean `LIST_ACCOUNTS`"] {
        assert!(output.stderr.contains(text), "lacks {text}: {}", output.stderr);
    }
}

#[test]
fn what_was_judged_before_an_input_failed_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let good = folder.path().join("good.ndjson");
    std::fs::write(&good, format!("{}\n", change(1, "web.foo.example.com"))).expect("written");
    let good = good.display().to_string();
    let output = reeve(&run_args(DNS, &["--vouch", "--no-receipts", &good, "no-such-file.json"]));
    assert_eq!(output.code, 1);
    assert_eq!(output.json().len(), 1, "{}", output.stderr);
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("one.ndjson");
    std::fs::write(&file, format!("{}\n", change(1, "web.foo.example.com"))).expect("written");
    let file = file.display().to_string();
    let args = run_args(DNS, &["--vouch", "--no-receipts", &file]);
    let status = command(&args).stdout(full).stderr(std::process::Stdio::null()).status().expect("ran");
    assert_eq!(status.code(), Some(1));
}

#[test]
fn no_case_is_an_error_and_a_failed_case_a_finding() {
    let filtered = reeve(&["policy", "test", "policies/sender-trust", "--filter", "no such case"]);
    assert_eq!(filtered.code, 1);
    assert!(filtered.stderr.contains("nothing was checked"), "{}", filtered.stderr);
    let folder = tempfile::tempdir().expect("folder");
    let none = reeve(&["policy", "test", &folder.path().display().to_string()]);
    assert_eq!(none.code, 1);
    let plugin = crate::support::root().join("target/plugins/sender-trust.wasm");
    let policy = format!(
        "policy: p\nplugin: {}\nsettings: {{ tiers: [dev], kinds: {{ LIST_ACCOUNTS: dev }} }}\n",
        plugin.display()
    );
    std::fs::write(folder.path().join("policy.yaml"), policy).expect("written");
    std::fs::create_dir(folder.path().join("cases")).expect("made");
    let empty = reeve(&["policy", "test", &folder.path().display().to_string()]);
    assert_eq!(empty.code, 1);
    assert!(empty.stderr.contains("nothing would be checked"), "{}", empty.stderr);
    let case = "case: wrong\nrequest: { kind: LIST_ACCOUNTS, sender: \"111122223333\" }\nexpect: { verdict: allow, fuel-below: 1 }\n";
    std::fs::write(folder.path().join("cases/wrong.yaml"), case).expect("written");
    let wrong = reeve(&["policy", "test", &folder.path().display().to_string()]);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    for text in ["expected allow, got deny", "expected fuel below 1, used", "NO_TIER"] {
        assert!(wrong.stdout.contains(text), "lacks {text}: {}", wrong.stdout);
    }
}

#[test]
fn a_pinned_plugin_with_another_digest_is_not_loaded() {
    let folder = tempfile::tempdir().expect("folder");
    let plugin = crate::support::root().join("target/plugins/sender-trust.wasm");
    let digest = format!("sha256:{}", "0".repeat(64));
    let policy = format!("policy: p\nplugin: {}\ndigest: {digest}\n", plugin.display());
    std::fs::write(folder.path().join("policy.yaml"), policy).expect("written");
    std::fs::create_dir(folder.path().join("cases")).expect("made");
    let output = reeve(&["policy", "test", &folder.path().display().to_string()]);
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("PLUGIN_NOT_PINNED"), "{}", output.stderr);
    let ok = reeve_fed(&run_args(DNS, &["--vouch", "--no-receipts"]), change(1, "web.foo.example.com").as_bytes());
    assert_eq!(ok.code, 0, "{}", ok.stderr);
}
