//! A table that is made of parameters: read from Parameter Store before the first request, and followed from then on.

use crate::audit::{proven, verify};
use crate::support::{record, told};
use reeve_tests::emulator::{Emulator, REGION};
use reeve_tests::proxy::{Plan, Proxy, Verdict};
use reeve_tests::reeve::{self, Serve};
use reeve_tests::runtime_api::RuntimeApi;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The policy of names, and its table: as it is shipped, and from where the senders' own entries are.
const POLICY: &str = "policies/dns-allowlist/policy.yaml";
const SHIPPED: &str = "owners: { accounts: allowed_dns_domains }";
const OF_LISTS: &str = "owners: { ssm: \"/reeve/dns/allowed/{sender.account}\", list: domains }";
/// How long a look at the parameters may take to come, and what follows from it: half a minute on an idle machine.
const PATIENCE: Duration = Duration::from_secs(180);
const BAR: &str = "bar.example.com,pay.foo.example.com";
const BAR_MORE: &str = "bar.example.com,pay.foo.example.com,shop.foo.example.com";

/// How often the gate has told this by now.
fn count(gate: &Serve, message: &str) -> usize {
    let lines = gate.stderr();
    lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok_and(|it| it["message"] == message)).count()
}

/// Exit code and all that a command said.
fn said(arguments: &[&str], variables: &[(String, String)]) -> (Option<i32>, String) {
    let output = reeve::run(arguments, variables);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

#[test]
fn whose_names_are_whose_follows_parameter_store() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings::default();
    stage.edit(POLICY, SHIPPED, OF_LISTS);
    // Nobody but Parameter Store says that bar has this name below foo's.
    stage.allow("bar", BAR_MORE);
    let gate = stage.gate_with(Gate::Dns, &settings);
    let ask = |operation: &str, name: &str| {
        told(&stage.answer("foo", "DNS_RECORD_CHANGE", &record(operation, name, "A", 60, &["192.0.2.1"])))
    };
    assert_eq!(ask("CREATE", "web.foo.example.com"), "permitted done");
    assert_eq!(ask("CREATE", "shop.foo.example.com"), "denied denied NAME_OWNED_BY_OTHER");
    let replaced = "another policy set is at work";
    assert_eq!(count(&gate, replaced), 0);
    // Given back: the gate finds that out by itself.
    stage.allow("bar", BAR);
    let line = gate.line(|line| line["message"] == replaced, PATIENCE).expect("it looks");
    assert_eq!(line["policies"], "dns-allowlist", "{line}");
    assert_eq!(ask("CREATE", "shop.foo.example.com"), "permitted done");
    // A malformed list makes no table: the one at work stays.
    stage.allow("baz", "Baz.example.com");
    gate.send("HUP");
    let line = gate.line(|line| line["message"] == "the policy set stays as it is", PATIENCE).expect("it is told");
    let reason = line["reason"].as_str().unwrap_or_default();
    let parameter = format!("parameter `/reeve/dns/allowed/{}`: `Baz.example.com` holds a capital", stage.id("baz"));
    assert!(reason.contains(&parameter) && reason.contains("policy.yaml:"), "{reason}");
    assert_eq!(ask("UPSERT", "shop.foo.example.com"), "permitted done");
    stage.allow("baz", "baz.example.com");
    // Another policy, and back: what was gone back to stays, with its table, until somebody has the files read.
    stage.edit(POLICY, "types: [A, AAAA, CNAME, TXT, MX]", "types: [TXT]");
    stage.until("the other policy", || count(&gate, replaced) == 2);
    assert_eq!(ask("UPSERT", "shop.foo.example.com"), "denied denied TYPE_NOT_ALLOWED");
    gate.send("USR1");
    let back = gate.line(|line| line["message"] == "went back to the policy set before", PATIENCE);
    assert!(back.is_some(), "{}", gate.stderr());
    assert_eq!(ask("UPSERT", "shop.foo.example.com"), "permitted done");
    stage.allow("bar", BAR_MORE);
    let keeps = |line: &Value| line["message"].as_str().unwrap_or_default().contains("keeps its tables");
    assert!(gate.line(keeps, PATIENCE).is_some(), "{}", gate.stderr());
    assert_eq!(ask("UPSERT", "shop.foo.example.com"), "permitted done");
    gate.send("HUP");
    stage.until("the files", || count(&gate, replaced) == 3);
    assert_eq!(ask("UPSERT", "shop.foo.example.com"), "denied denied TYPE_NOT_ALLOWED");
    // A look of its own may have come between the malformed list and the signal: both are refused.
    for (name, least, most) in [("replaced", 3.0, 3.0), ("refused", 1.0, 2.0), ("rolled_back", 1.0, 1.0)] {
        let counted = || (least..=most).contains(&gate.metric(&format!("reeve_policy_sets_{name}_total")));
        stage.until(name, counted);
    }
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    receipts_name_their_table(&stage, &settings);
}

/// By its digest; and whoever writes the parameters into the file of facts proves what that table has decided.
fn receipts_name_their_table(stage: &Stage<'_>, settings: &Settings) {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for receipt in stage.kept(Gate::Dns, settings) {
        let policies = receipt["policies"].as_array().expect("policies");
        let asked = policies.iter().find(|it| it["policy"] == "dns-allowlist").expect("it was asked");
        let table = asked["digests"]["datasets"]["owners"].as_str().expect("a digest").to_owned();
        tables.entry(table).or_default().push(receipt["decision"].as_str().expect("a decision").to_owned());
    }
    let mut decisions: Vec<String> = tables.values().map(|decisions| decisions.join(" ")).collect();
    decisions.sort();
    assert_eq!(decisions, ["permitted denied denied", "permitted permitted denied permitted permitted"]);
    let file = stage.folder().join("gate-dns.yaml");
    let chain = stage.receipts(Gate::Dns, settings);
    let (code, told) = verify(&file, &chain);
    let nothing = "no account of `accounts.yaml` has a parameter `/reeve/dns/allowed/{sender.account}` in `facts.yaml`";
    assert!(code == Some(1) && told.contains(nothing), "{told}");
    // Of eight receipts, two are of the other policy.
    stage.edit(POLICY, "types: [TXT]", "types: [A, AAAA, CNAME, TXT, MX]");
    for (bar, findings) in [(BAR, 4), (BAR_MORE, 6)] {
        write_facts(stage, bar);
        let (code, told) = verify(&file, &chain);
        assert_eq!(code, Some(4), "{told}");
        assert_eq!(told.matches("OTHER_CONFIGURATION").count(), findings, "{told}");
        assert!(!told.contains("DECISION_DIFFERS"), "{told}");
    }
}

/// The lists as recorded facts.
fn write_facts(stage: &Stage<'_>, bar: &str) {
    let lists = [("foo", "foo.example.com"), ("bar", bar), ("baz", "baz.example.com")];
    let lists = lists.into_iter().chain([("infra", "=example.com,www.example.com"), ("shared", ".corp.example.com")]);
    let line = |(name, domains): (&str, &str)| {
        format!("  /reeve/dns/allowed/{}: {{ type: StringList, value: \"{domains}\" }}\n", stage.id(name))
    };
    let facts = "inventory:\n  targets:\n    d111111abcdef8.cloudfront.net: Z2FDTNDATAQYW2\nparameters:\n".to_owned();
    let facts = lists.map(line).fold(facts, |facts, line| facts + &line);
    std::fs::write(stage.folder().join("facts.yaml"), facts).expect("written");
}

#[test]
fn a_store_that_does_not_answer_keeps_nobody_from_going_back() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let proxy = Proxy::start(emulator.address(), Plan::calm()).expect("a port");
    let settings = Settings { url: Some(proxy.url()), ..Settings::default() };
    stage.edit(POLICY, SHIPPED, OF_LISTS);
    let gate = stage.gate_with(Gate::Dns, &settings);
    stage.edit(POLICY, "types: [A, AAAA, CNAME, TXT, MX]", "types: [TXT]");
    stage.until("the other policy", || count(&gate, "another policy set is at work") == 1);
    let (silent, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (is_silent, is_asked) = (Arc::clone(&silent), Arc::clone(&asked));
    proxy.on_call(move |call| {
        if call.operation == "GetParameters" {
            is_asked.store(true, Ordering::SeqCst);
            while is_silent.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Verdict::Drawn
    });
    stage.until("a look at the parameters", || asked.load(Ordering::SeqCst));
    gate.send("USR1");
    let back = gate.line(|line| line["message"] == "went back to the policy set before", Duration::from_secs(20));
    assert!(back.is_some(), "{}", gate.stderr());
    silent.store(false, Ordering::SeqCst);
    let detail = record("CREATE", "web.foo.example.com", "A", 60, &["192.0.2.1"]);
    assert_eq!(told(&stage.answer("foo", "DNS_RECORD_CHANGE", &detail)), "permitted done");
}

#[test]
fn a_gate_without_its_table_does_not_start() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings::default();
    stage.edit(POLICY, SHIPPED, OF_LISTS);
    let file = stage.gate_file(Gate::Dns, &settings).display().to_string();
    let variables = stage.environment(Gate::Dns, &settings);
    let doctor = |word: &str| {
        let (_, told) = said(&["doctor", "--gate", &file], &variables);
        let line = told.lines().find(|line| line.contains("dataset owners from parameter")).unwrap_or(&told).to_owned();
        assert!(line.starts_with(word), "{told}");
        line
    };
    assert!(doctor("good").contains(" 7 rows, sha256:"));
    stage.allow("baz", "baz.example.com,co.uk");
    assert!(doctor("bad").contains("`co.uk` is a public suffix"));
    let refused = stage.try_gate(Gate::Dns, &settings).expect_err("no table");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("`co.uk` is a public suffix"), "{}", refused.stderr);
    // Nor does it read the lists of another account than its own.
    stage.allow("baz", "baz.example.com");
    let other = stage.environment(Gate::Management, &settings);
    let refused = Serve::try_start(Path::new(&file), &[], &other).expect_err("another account's credentials");
    assert!(refused.stderr.contains("credentials: they are of account"), "{}", refused.stderr);
    let event = stage.folder().join("event.json");
    std::fs::write(&event, stage.envelope("foo", "DNS_RECORD_CHANGE", &Value::Null).to_string()).expect("written");
    let event = event.display().to_string();
    let (code, told) = said(&["run", "--execute", "--gate", &file, &event], &other);
    assert!(code == Some(1) && told.contains("credentials: they are of account"), "{told}");
    // What does not touch AWS says where the lists have to be, and goes on once they are there.
    let dry = ["run", "--no-receipts", "--gate", &file, &event];
    let (code, told) = said(&dry, &[]);
    assert!(code == Some(1) && told.contains("has a parameter") && told.contains("in `facts.yaml`"), "{told}");
    write_facts(&stage, BAR);
    let (code, told) = said(&dry, &[]);
    assert!(code == Some(3) && told.contains("BAD_DETAIL"), "{told}");
    // A stack lets the gate read them, whatever is recorded.
    stage.edit(POLICY, OF_LISTS, "owners: { ssm: /of-nobody-else/, index: names }");
    let (code, told) = said(&["template", &file], &[]);
    assert!(code == Some(0) && told.contains(":parameter/of-nobody-else/*"), "{told}");
}

#[test]
fn a_function_has_no_table_of_parameters() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let settings = Settings { ledger: LedgerKind::DynamoDb, ..Settings::default() };
    stage.edit(POLICY, SHIPPED, OF_LISTS);
    let api = RuntimeApi::start().expect("it listens");
    let mut variables = stage.environment(Gate::Dns, &settings);
    variables.extend(api.env());
    let file = stage.gate_file(Gate::Dns, &settings);
    variables.push(("REEVE_GATE".to_owned(), file.display().to_string()));
    let mut function = Serve::spawn(reeve::command(&[], &variables));
    let ended = function.ended(PATIENCE).expect("it ends");
    assert_eq!(ended.code(), Some(1), "{}", function.stderr());
    let refusal = "a function cannot keep a table of parameters";
    assert!(function.stderr().contains(refusal), "{}", function.stderr());
    // Who looks before is told the same.
    let function = format!(
        "[{{ lambda: {{ function: \"arn:aws:lambda:{REGION}:{}:function:reeve\", verified-by: \"{}\" }} }}]",
        stage.id("dns"),
        stage.rules(Gate::Dns)[0]
    );
    let settings = Settings { sources: Some(function), instance: "function".to_owned(), ..settings };
    let file = stage.gate_file(Gate::Dns, &settings).display().to_string();
    let (code, told) = said(&["template", &file], &[]);
    assert!(code == Some(1) && told.contains(refusal), "{told}");
    let (code, told) = said(&["doctor", "--gate", &file], &stage.environment(Gate::Dns, &settings));
    let line = told.lines().find(|line| line.contains("dataset owners from parameter")).unwrap_or_default();
    assert!(code == Some(4) && line.starts_with("bad") && line.contains(refusal), "{told}");
    serves_with_the_shipped_table(&stage);
}

/// With the table that is shipped, the same gate serves.
fn serves_with_the_shipped_table(stage: &Stage<'_>) {
    let settings = Settings::default();
    stage.edit(POLICY, OF_LISTS, SHIPPED);
    let gate = stage.gate_with(Gate::Dns, &settings);
    let detail = record("CREATE", "web.foo.example.com", "A", 60, &["192.0.2.1"]);
    assert_eq!(told(&stage.answer("foo", "DNS_RECORD_CHANGE", &detail)), "permitted done");
    drop(gate.term());
    proven(stage, Gate::Dns, &settings);
}
