//! Whole templates of gates as golden files (`BLESS=1` rewrites them), each without a finding of cfn-lint.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(clippy::print_stdout, clippy::wildcard_enum_match_arm, reason = "tests tell counts and match foreign values")]

use reeve_accounts::Accounts;
use reeve_json::{Node, Options, StringRule, Value};
use reeve_model::{AccountId, Region};
use reeve_template::needs::{self, Place};
use reeve_template::{
    Function, KindNeeds, Ledger, ParameterRead, Partition, PolicyDocument, Receipts, Reply, Runs, Senders, Source,
    Statement, Template, Twin, TwinKind, TwinNames, TwinOptions, TwinZone, cloudformation, iam_twin, render, rule_name,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn workspace() -> PathBuf {
    package().ancestors().nth(2).expect("workspace").to_owned()
}

fn golden(name: &str, text: &str) {
    let path = package().join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        std::fs::write(&path, text).expect("written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "{name} has changed; look at the difference, then bless it with BLESS=1");
}

fn json(text: &str) -> Node {
    let options = Options { bytes_max: 1 << 20, depth_max: 32, strings: StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).expect("JSON")
}

fn example_accounts() -> Accounts {
    let path = workspace().join("policies/examples/accounts.yaml");
    Accounts::parse("accounts.yaml", &std::fs::read_to_string(path).expect("accounts")).expect("accounts")
}

/// The gate of `policies/examples/dns/gate.yaml`: its zones, its kinds, and the types of its policy's settings.
fn example_twin() -> Twin {
    let zone = |id: &str, name: &str| TwinZone { id: id.to_owned(), name: name.to_owned() };
    let public = zone("Z0123456789EXAMPLE1", "example.com");
    let private = zone("Z0123456789PRIVATE1", "corp.example.com");
    let types = |types: &[&str]| types.iter().map(|text| (*text).to_owned()).collect();
    let changes = TwinKind {
        zones: vec![public.clone(), private],
        types: types(&["A", "AAAA", "CNAME", "TXT", "MX"]),
        names: TwinNames::Any,
    };
    let validations = TwinKind { zones: vec![public], types: types(&["CNAME"]), names: TwinNames::Attributes };
    iam_twin(&example_accounts(), &[changes, validations], TwinOptions::default())
}

fn pattern(detail_type: &str, region: &Region) -> Value {
    Value::object([("detail-type", Value::array([detail_type])), ("region", Value::array([region.as_str()]))])
}

fn kind<'a>(gate: &str, name: &'a str, region: &Region, permissions: Vec<Statement>) -> KindNeeds<'a> {
    KindNeeds { name, detail_type: name, pattern: pattern(name, region), rule: rule_name(gate, name), permissions }
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("id")
}

fn region(name: &str) -> Region {
    Region::parse(name).expect("Region")
}

const ZONES: [&str; 2] = ["Z0123456789EXAMPLE1", "Z0123456789PRIVATE1"];

fn dns<'a>(
    account: &'a AccountId,
    region: &'a Region,
    senders: &'a [AccountId],
    twin: &'a [PolicyDocument],
) -> Template<'a> {
    let place = Place { partition: Partition::of(region), account, region };
    Template {
        gate: "dns",
        account,
        region,
        bus: "infra",
        senders: Senders::Accounts(senders.iter().collect()),
        source: Source::Sqs { queue: "dns-requests", fifo: false, visibility_seconds: 120 },
        runs: Runs::Function(Function {
            timeout_seconds: 60,
            memory_mib: 256,
            environment: vec![("RUST_LOG", "info")],
        }),
        kinds: vec![
            kind("dns", "DNS_RECORD_CHANGE", region, needs::record_changes(place, &ZONES)),
            kind("dns", "CERT_VALIDATION", region, needs::record_changes(place, &ZONES[..1])),
        ],
        reply: Some(Reply { bus: "infra", source: "reeve.dns", detail_types: vec!["REEVE_REPLY"] }),
        ledger: Ledger::Dynamo { table: "reeve-dns" },
        receipts: Receipts::S3 { bucket: "example-reeve-receipts", prefix: "dns", lock_days: Some(365) },
        parameters: vec![ParameterRead { name: "/reeve/dns/allowed/{sender.account}", below: false }],
        roles: vec!["arn:aws:iam::{account}:role/reeve-facts"],
        twin,
        alarm_topics: vec!["arn:aws:sns:ap-southeast-2:210987654321:oncall"],
        log_days: 30,
    }
}

/// The gate of `policies/examples/management/gate.yaml`.
fn management<'a>(account: &'a AccountId, region: &'a Region) -> Template<'a> {
    let place = Place { partition: Partition::of(region), account, region };
    let launch = KindNeeds {
        name: "REGISTER_HOST",
        detail_type: "EC2 Instance Launch Successful",
        pattern: Value::object([
            ("source", Value::array(["aws.autoscaling"])),
            ("detail-type", Value::array(["EC2 Instance Launch Successful"])),
            ("detail", Value::object([("AutoScalingGroupName", Value::array(["my-asg-name"]))])),
            ("region", Value::array([region.as_str()])),
        ]),
        rule: rule_name("management", "REGISTER_HOST"),
        permissions: vec![],
    };
    let units = ["ou-abcd-11111111", "ou-abcd-12222222"];
    Template {
        gate: "management",
        account,
        region,
        bus: "management",
        senders: Senders::Organization("o-abcdefghij"),
        source: Source::Sqs { queue: "management-requests.fifo", fifo: true, visibility_seconds: 300 },
        runs: Runs::Service(vec!["ecs-tasks.amazonaws.com"]),
        kinds: vec![
            kind("management", "CREATE_ACCOUNT", region, needs::create_account(place, &units)),
            kind("management", "MOVE_ACCOUNT", region, needs::move_account(place)),
            kind("management", "LIST_ACCOUNTS", region, needs::read_organization()),
            kind("management", "PUT_PARAMETER", region, needs::put_parameter(place, "/pub")),
            kind("management", "SCP_UPDATE", region, needs::scp_update(place)),
            launch,
        ],
        reply: None,
        ledger: Ledger::Sqlite,
        receipts: Receipts::Dir,
        parameters: vec![],
        roles: vec!["arn:aws:iam::555566667777:role/reeve-register-host"],
        twin: &[],
        alarm_topics: vec![],
        log_days: 30,
    }
}

/// Rules that invoke the function, in another partition and on the default bus.
fn direct<'a>(account: &'a AccountId, region: &'a Region, senders: &'a [AccountId]) -> Template<'a> {
    let place = Place { partition: Partition::of(region), account, region };
    let delegation = needs::delegation(place, &[(ZONES[0], "example.com")]);
    Template {
        gate: "delegation",
        bus: "default",
        source: Source::Lambda,
        kinds: vec![kind("delegation", "DNS_DELEGATION", region, delegation)],
        reply: None,
        ledger: Ledger::Sqlite,
        receipts: Receipts::S3 { bucket: "example-reeve-delegation", prefix: "", lock_days: None },
        parameters: vec![ParameterRead { name: "/reeve/delegation", below: true }],
        alarm_topics: vec![],
        ..dns(account, region, senders, &[])
    }
}

/// Every golden template by name.
fn templates() -> Vec<(&'static str, Value)> {
    let twin = example_twin();
    let senders = ["444455556666", "111122223333"].map(account);
    let (sydney, gov) = (region("ap-southeast-2"), region("us-gov-west-1"));
    let (dns_account, management_account) = (account("210987654321"), account("999988887777"));
    let made = |template: &Template<'_>| cloudformation(template).expect("good values");
    vec![
        ("dns.json", made(&dns(&dns_account, &sydney, &senders, &twin.gate))),
        ("management.json", made(&management(&management_account, &sydney))),
        ("direct.json", made(&direct(&dns_account, &gov, &senders))),
    ]
}

#[test]
fn templates_of_the_example_gates_are_golden() {
    for (name, template) in templates() {
        golden(&format!("stack/{name}"), &render(&template));
    }
}

#[test]
fn twins_of_the_example_gate_are_golden() {
    let twin = example_twin();
    assert_eq!(twin.notes, Vec::<String>::new());
    for document in twin.gate.iter().chain(twin.accounts.iter().flat_map(|account| &account.documents)) {
        golden(&format!("twin/{}.json", document.name), &render(&document.document));
    }
    let names: Vec<&str> = twin.accounts.iter().map(|account| account.account.as_str()).collect();
    assert_eq!(names, ["bar", "baz", "foo", "infra", "shared"]);
}

#[test]
fn cfn_lint_finds_nothing() {
    let lint = workspace().join("target/python/bin/cfn-lint");
    assert!(lint.exists(), "{} is not there; run `cargo xtask python`", lint.display());
    let folder = package().join("tests/golden/stack");
    for (name, _) in templates() {
        // No rule is ignored; in the Region each is for, information included.
        let region = if name == "direct.json" { "us-gov-west-1" } else { "ap-southeast-2" };
        let output = Command::new(&lint)
            .args(["--include-checks", "I", "--regions", region, "--"])
            .arg(folder.join(name))
            .output()
            .expect("cfn-lint runs");
        let told = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.trim().is_empty(), "{name}:\n{told}{error}");
    }
}

fn statements(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(object) => {
            for member in object {
                if member.key == "Statement" {
                    match &member.value.value {
                        Value::Array(items) => found.extend(items.iter().map(|item| item.value.clone())),
                        one => found.push(one.clone()),
                    }
                }
                statements(&member.value.value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| statements(&item.value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_statement_has_a_name_and_no_more_than_it_needs() {
    // Actions for which AWS has no resource-level permission, or none that holds for the whole tree.
    let unbounded = ["organizations:", "route53:CreateHostedZone", "route53:ListHostedZonesByName"];
    for (name, template) in templates() {
        let mut found = Vec::new();
        statements(&template, &mut found);
        assert!(found.len() > 8, "{name}");
        for statement in &found {
            let object = statement.as_object().expect("statement");
            let sid = object.get("Sid").and_then(Node::as_str).expect("Sid");
            assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !sid.is_empty(), "{name} {sid}");
            let allows = object.get("Effect").and_then(Node::as_str) == Some("Allow");
            let actions = match &object.get("Action").expect("Action").value {
                Value::String(one) => vec![one.clone()],
                many => {
                    many.as_array().expect("actions").iter().map(|it| it.as_str().expect("text").to_owned()).collect()
                }
            };
            let everywhere = object.get("Resource").is_some_and(|it| {
                it.as_str() == Some("*")
                    || it.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == Some("*")))
            });
            for action in actions.iter().filter(|_| allows) {
                assert!(!action.contains('*'), "{name} {sid}: {action}");
                let may = unbounded.iter().any(|start| action.starts_with(start));
                assert!(!everywhere || may, "{name} {sid}: {action} on everything");
            }
        }
    }
}

#[test]
fn names_of_statements_are_unique_in_each_document() {
    for (name, template) in templates() {
        let node = json(&render(&template));
        assert_eq!(node.value, template, "{name} reads back");
        let resources = node.pointer("/Resources").and_then(Node::as_object).expect("resources");
        for resource in resources {
            for pointer in ["/Properties/PolicyDocument/Statement", "/Properties/Policies/0/PolicyDocument/Statement"] {
                let Some(all) = resource.value.pointer(pointer).and_then(Node::as_array) else { continue };
                let sids: BTreeSet<&str> = all.iter().filter_map(|it| it.as_object()?.get("Sid")?.as_str()).collect();
                assert_eq!(sids.len(), all.len(), "{name} {}", resource.key);
            }
        }
    }
}

#[test]
fn a_queue_hides_messages_for_as_long_as_its_function_needs() {
    let (id, sydney, senders) = (account("210987654321"), region("ap-southeast-2"), [account("111122223333")]);
    for (asked, timeout, expected) in [(120, 60, 360), (120, 20, 120), (1, 900, 5_400)] {
        let mut it = dns(&id, &sydney, &senders, &[]);
        it.source = Source::Sqs { queue: "q", fifo: false, visibility_seconds: asked };
        it.runs = Runs::Function(Function { timeout_seconds: timeout, memory_mib: 128, environment: vec![] });
        let made = Node::from(cloudformation(&it).expect("good"));
        let found = made.pointer("/Resources/Queue/Properties/VisibilityTimeout").and_then(|node| node.value.as_i64());
        assert_eq!(found, Some(expected), "{asked} {timeout}");
    }
}

#[test]
fn what_cannot_be_is_refused_all_at_once() {
    let (id, sydney, senders) = (account("210987654321"), region("ap-southeast-2"), [account("111122223333")]);
    type Change = fn(&mut Template<'_>);
    for (change, expected) in [
        ((|it| it.gate = "a b") as Change, "gate `a b` is not 1 to 40 letters, digits and `-`"),
        (|it| it.kinds.clear(), "the gate takes no kind"),
        (|it| it.senders = Senders::Accounts(vec![]), "nobody may put events on the bus"),
        (|it| it.senders = Senders::Organization("*"), "`*` is no id of an organization"),
        (|it| it.kinds[1].rule = it.kinds[0].rule.clone(), "two kinds have the rule `dns-dns-record-change`"),
        (|it| it.roles = vec!["arn:aws:iam::*:role/x"], "`arn:aws:iam::*:role/x` is not the ARN of one role"),
        (
            |it| it.source = Source::Sqs { queue: "q", fifo: true, visibility_seconds: 1 },
            "`q` is no name of such a queue",
        ),
        (
            |it| it.source = Source::Sqs { queue: "q", fifo: false, visibility_seconds: 43_201 },
            "a message cannot stay hidden for 43201 seconds",
        ),
        (
            |it| it.receipts = Receipts::S3 { bucket: "bucket", prefix: "a*", lock_days: None },
            "`a*` is no prefix of keys",
        ),
        (|it| it.parameters = vec![ParameterRead { name: "/a/*", below: false }], "`/a/*` is no name of a parameter"),
        (
            |it| it.kinds[1].permissions[1] = Statement::allow("ReadChanges", ["route53:ListHostedZones"], ["*"]),
            "two permissions are named `ReadChanges`",
        ),
        (
            |it| it.kinds[0].pattern = Value::object([("detail-type", Value::array(["x".repeat(4_096)]))]),
            "the pattern of DNS_RECORD_CHANGE has 4116 characters, at most 4096 fit",
        ),
        (
            |it| it.kinds[0].permissions.push(Statement::allow("Many", ["a:B"], [&"x".repeat(10_240)])),
            "the role's policy has",
        ),
    ] {
        let mut it = dns(&id, &sydney, &senders, &[]);
        change(&mut it);
        let wrong = cloudformation(&it).expect_err(expected);
        assert!(wrong.len() == 1 && wrong[0].starts_with(expected), "{expected}: {wrong:?}");
    }
    let mut it = dns(&id, &sydney, &senders, &[]);
    it.gate = "";
    it.kinds.clear();
    it.runs = Runs::Service(vec![]);
    assert_eq!(cloudformation(&it).expect_err("three").len(), 3);
    let many: Vec<AccountId> = (0..400).map(|at| account(&format!("{at:012}"))).collect();
    let wrong = cloudformation(&dns(&id, &sydney, &many, &[])).expect_err("too many senders");
    assert!(wrong[0].starts_with("the bus policy has"), "{wrong:?}");
}
