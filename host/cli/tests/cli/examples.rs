//! The shipped examples, and the systems that Reeve replaces.

use crate::support::{DNS, MANAGEMENT, codes, event, reeve, reeve_fed, root, run_args};
use std::path::Path;

/// Line, decision, codes and pointers of every example event. `BLESS=1` accepts what came out.
fn check_golden(gate: &str, events: &str, golden: &str) {
    let output = reeve(&run_args(gate, &["--vouch", "--no-receipts", events]));
    assert_eq!(output.code, 3, "{}", output.stderr);
    let mut text = String::new();
    for line in output.json() {
        let number = line["origin"].as_str().and_then(|origin| origin.rsplit(':').next()).expect("a line number");
        let reasons = line["reasons"].as_array().expect("reasons").iter().map(|reason| {
            let at = reason["at"].as_str().unwrap_or("-");
            format!(" {}({}) {at}", reason["code"].as_str().expect("code"), reason["policy"].as_str().expect("policy"))
        });
        let calls = line["actions"].as_array().expect("actions").iter();
        let calls: Vec<&str> = calls.map(|action| action["call"].as_str().expect("call")).collect();
        let decision = line["decision"].as_str().expect("decision");
        let kind = line["kind"].as_str().unwrap_or("-");
        text.push_str(&format!("{number} {decision} {kind} [{}]{}\n", calls.join(" "), reasons.collect::<String>()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(golden);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file; make it with `cargo xtask bless`");
    assert_eq!(text, expected, "{}", path.display());
}

#[test]
fn the_dns_example_decides_as_blessed() {
    check_golden(DNS, "policies/examples/events/dns.ndjson", "dns.txt");
}

#[test]
fn the_management_example_decides_as_blessed() {
    check_golden(MANAGEMENT, "policies/examples/events/management.ndjson", "management.txt");
}

/// The detail of system B's CREATE_ACCOUNT, as its article prints it, but for the nonce that `event` adds.
const CREATE_ACCOUNT: &str = r#""name":"foo-nonprod-us-east-1","email":"aws+foo-nonprod-us-east-1@example.com","OU":"Dev","tags":{"scope":"dev","service-name":"foo","environment":"nonprod","region":"us-east-1"},"dryrun":false"#;

#[test]
fn create_account_is_planned_as_sent_and_decided_by_who_asks() {
    let cicd = account("cicd");
    let dev = account("foo");
    for (sender, vouch, decision, code) in [
        (&cicd, true, "permitted", None),
        (&dev, true, "denied", Some("TIER_FORBIDS_ACTION")),
        (&cicd, false, "denied", Some("UNVERIFIED_INTAKE_PATH")),
    ] {
        let body = event(sender, "CREATE_ACCOUNT", 1, CREATE_ACCOUNT);
        let more: &[&str] = if vouch { &["--vouch", "--no-receipts"] } else { &["--no-receipts"] };
        let output = reeve_fed(&run_args(MANAGEMENT, more), body.as_bytes());
        let line = &output.json()[0];
        assert_eq!(line["decision"], decision, "{line}");
        assert_eq!(output.code, if decision == "permitted" { 0 } else { 3 });
        assert_eq!(codes(line).first().map(String::as_str), code, "{line}");
        let action = &line["actions"][0];
        assert_eq!(action["call"], "organizations:CreateAccount");
        assert_eq!(action["name"], "foo-nonprod-us-east-1");
        assert_eq!(action["email"], "aws+foo-nonprod-us-east-1@example.com");
        assert_eq!(action["destination"]["name"], "Dev");
        let tags = serde_json::json!({"scope":"dev","service-name":"foo","environment":"nonprod","region":"us-east-1"});
        assert_eq!(action["tags"], tags);
        assert_eq!(line["sender"]["verified"], vouch);
    }
}

/// The id of an account of the example accounts file.
fn account(name: &str) -> String {
    let output = reeve(&["explain", "--accounts", "policies/examples/accounts.yaml", "--account", name, "--key", "id"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    output.stdout.chars().filter(char::is_ascii_digit).take(12).collect()
}

#[test]
fn every_line_of_output_is_as_the_schema_says() {
    let text = std::fs::read_to_string(root().join("docs/schema/run-output.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let mut lines = 0;
    for (gate, events) in
        [(DNS, "policies/examples/events/dns.ndjson"), (MANAGEMENT, "policies/examples/events/management.ndjson")]
    {
        for more in [&["--vouch", "--no-receipts", events][..], &["--no-receipts", events]] {
            for line in reeve(&run_args(gate, more)).json() {
                let wrong: Vec<String> =
                    validator.iter_errors(&line).map(|e| format!("{e} at {}", e.instance_path())).collect();
                assert!(wrong.is_empty(), "{wrong:?}\n{line}");
                lines += 1;
            }
        }
    }
    assert!(lines > 40, "only {lines} lines");
}

#[test]
fn the_shipped_policies_pass_their_cases() {
    let output = reeve(&["policy", "test", "policies", "--format", "json"]);
    assert_eq!(output.code, 0, "{}\n{}", output.stdout, output.stderr);
    for policy in ["dns-allowlist", "sender-trust", "scp-validation"] {
        let cases = output.json().iter().filter(|line| line["policy"] == policy).count();
        assert!(cases >= 8, "{policy} has {cases} cases");
    }
}
