//! Real public documents through the whole line, with the real plugins. They are inputs, not answers: what must come
//! out is reasoned from who owns what.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use dns_allowlist::name::is_below;
use reeve_engine::{
    Brakes, Delivery, FactError, FactNeed, FactSource, Facts, Gate, Guarded, Policies, Policy, PolicyDigests,
    PolicySet, Route,
};
use reeve_kinds::{DnsRecordChange, Kind, Need, World, Zone};
use reeve_model::{AccountId, Digest, DnsName, Fact, FactValue, Mode, NameRule, Request, Sender};
use reeve_sandbox::{Dataset, Datasets, Index, Limits, Plugin, Sandbox};
use reeve_tests::{corpora, plugin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Who owns which names.
struct Owners {
    by_owner: BTreeMap<String, Vec<String>>,
    by_name: BTreeMap<String, String>,
}

/// Accounts for owners, in the order of their names.
fn owners(pairs: Vec<(String, String)>) -> Owners {
    let names: BTreeSet<&str> = pairs.iter().map(|(_, owner)| owner.as_str()).collect();
    let accounts: BTreeMap<&str, String> =
        names.iter().enumerate().map(|(at, owner)| (*owner, format!("{:012}", at + 1))).collect();
    let mut owners = Owners { by_owner: BTreeMap::new(), by_name: BTreeMap::new() };
    for (name, owner) in &pairs {
        let account = accounts[owner.as_str()].clone();
        if owners.by_name.insert(name.clone(), account.clone()).is_none() {
            owners.by_owner.entry(account).or_default().push(name.clone());
        }
    }
    owners
}

struct ListFacts {
    by_owner: BTreeMap<String, Vec<String>>,
    zone: String,
}

impl Facts for ListFacts {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        Sender {
            account: account.clone(),
            verified,
            name: Some("owner".into()),
            tier: None,
            organizational_unit: None,
            status: Some("active".into()),
        }
    }

    fn world(&self, _needs: &[Need]) -> Result<World, FactError> {
        let mut world = World::default();
        world.record_sets.insert(self.zone.clone(), Vec::new());
        Ok(world)
    }

    fn fact(&self, _policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError> {
        let names = self.by_owner.get(sender.account.as_str()).cloned().unwrap_or_default();
        Ok(Fact { name: need.name.clone(), value: FactValue::Texts(names), source: "list".into() })
    }
}

/// Brakes that let pass whatever the policies let pass.
fn every_change() -> Brakes {
    Brakes { allow: [Guarded::Apex, Guarded::Mx, Guarded::Caa].into(), ..Brakes::default() }
}

fn gate(owners: &Owners, zone: &str) -> Gate {
    let rows = owners.by_name.iter().map(|(name, account)| (name.clone(), vec![format!("{account} subtree")]));
    let table = Dataset::new(Index::Names, rows).expect("canonical names");
    let datasets = Datasets::new([("owners".to_owned(), table)]);
    let sandbox = Sandbox::new().expect("sandbox");
    // An owner of thousands of names hands all of them over with each request.
    let limits = Limits { fuel: 500_000_000, ..Limits::default() };
    let settings = r#"{"types":["A","CNAME","NS","TXT"]}"#;
    let loaded = sandbox.load(&plugin("dns-allowlist"), settings, datasets, limits).expect("loads");
    let kind = DnsRecordChange {
        zones: vec![Zone {
            id: "ZLIST".into(),
            name: DnsName::parse(zone, NameRule::Owner).expect("zone"),
            private: false,
        }],
        ttl_seconds: 60..=86_400,
    };
    let pattern = reeve_pattern::Pattern::compile(&kind.default_pattern()).expect("pattern");
    let none = Digest::of(b"");
    let policy = Policy {
        id: "dns-allowlist".into(),
        kinds: None,
        mode: Mode::Enforce,
        needs: vec![FactNeed { name: "allowed".into(), source: FactSource::Accounts { key: "list".into() } }],
        digests: PolicyDigests { plugin: none.clone(), settings: none.clone(), datasets: vec![] },
        plugin: Arc::new(loaded),
    };
    Gate {
        name: "list".into(),
        account: AccountId::parse("000000000000").expect("id"),
        routes: vec![Route { kind: Box::new(kind), pattern }],
        policies: Arc::new(Policies::new(PolicySet { digest: none, policies: vec![policy] })),
        facts: Box::new(ListFacts { by_owner: owners.by_owner.clone(), zone: "ZLIST".into() }),
        brakes: every_change(),
    }
}

/// Permitted, or the codes of the reasons.
fn ask(gate: &Gate, account: &str, record_type: &str, name: &str) -> Result<(), Vec<String>> {
    let values = match record_type {
        "A" => "192.0.2.1",
        "TXT" => "\\\"x\\\"",
        _ => "target.example.net",
    };
    let name = name.replace('\\', "\\\\");
    let body = format!(
        r#"{{"version":"0","id":"00000000-0000-4000-8000-000000000001","detail-type":"DNS_RECORD_CHANGE","source":"app.infra","account":"{account}","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{{"nonce":"00000000-0000-4000-8000-000000000001","changes":[{{"action":"UPSERT","name":"{name}","type":"{record_type}","ttl":300,"values":["{values}"]}}]}}}}"#
    );
    let delivery = Delivery { body: body.into_bytes(), origin: "list".into(), verified: true, content_type: None };
    let story = gate.judge(&delivery, "2026-01-01T00:00:00Z".parse().expect("time"));
    if story.decision.permitted() {
        return Ok(());
    }
    Err(story.decision.reasons().iter().map(|(_, reason)| reason.code.clone()).collect())
}

#[track_caller]
fn denied(gate: &Gate, account: &str, record_type: &str, name: &str) {
    let answer = ask(gate, account, record_type, name);
    assert!(answer.is_err(), "{account} may not change {record_type} of {name}");
    let codes = answer.expect_err("denied");
    assert!(!codes.iter().any(|code| code == "PLUGIN_FAULT" || code == "POLICY_ERROR"), "{name}: {codes:?}");
}

/// Every owner changes its own names, nobody changes another's: siblings, look-alikes, ancestors, descendants.
fn check_ownership(owners: &Owners, zone: &str) {
    let gate = gate(owners, zone);
    let accounts: Vec<&String> = owners.by_owner.keys().collect();
    let names: Vec<&String> = owners.by_name.keys().collect();
    for (at, name) in names.iter().enumerate() {
        let owner = &owners.by_name[*name];
        assert_eq!(ask(&gate, owner, "A", name), Ok(()), "{owner} owns {name}");
        // A sibling in the list, and an owner from far away.
        for other in [&owners.by_name[names[(at + 1) % names.len()]], accounts[(at * 7 + 3) % accounts.len()]] {
            if other != owner {
                denied(&gate, other, "A", name);
            }
        }
        if at % 16 == 0 {
            mutations(&gate, owners, name, owner, accounts[(at + 1) % accounts.len()]);
        }
    }
    let nested = nested_pairs(owners);
    for (above, below) in &nested {
        let (upper, lower) = (&owners.by_name[above], &owners.by_name[below]);
        if upper != lower {
            denied(&gate, lower, "A", above);
            denied(&gate, upper, "A", below);
            denied(&gate, upper, "A", &format!("deeper.{below}"));
            for (record_type, name) in [("CNAME", above.clone()), ("A", format!("*.{above}"))] {
                denied(&gate, upper, record_type, &name);
            }
        }
    }
    for (suffix, longer) in look_alikes(&names) {
        let (owner, other) = (&owners.by_name[suffix], &owners.by_name[longer]);
        if owner != other {
            denied(&gate, owner, "A", longer);
            denied(&gate, other, "A", suffix);
        }
    }
}

/// Case, dots, escapes and wildcards change nothing about who may.
fn mutations(gate: &Gate, owners: &Owners, name: &str, owner: &str, other: &str) {
    for spelling in [name.to_uppercase(), format!("{name}.")] {
        assert_eq!(ask(gate, owner, "A", &spelling), Ok(()), "{spelling}");
        if other != owner {
            denied(gate, other, "A", &spelling);
        }
    }
    for broken in [
        name.replacen('.', "\\056", 1),
        format!("\\{:03o}{}", name.as_bytes()[0], &name[1..]),
        format!("{name}.."),
        format!(".{name}"),
        format!("{name}.evil.com"),
        name.replacen('.', "\u{3002}", 1),
        format!("*{name}"),
    ] {
        denied(gate, owner, "A", &broken);
        denied(gate, other, "A", &broken);
    }
    let others_below = owners.by_name.iter().any(|(it, account)| is_below(it, name) && account != owner);
    if !others_below {
        assert_eq!(ask(gate, owner, "A", &format!("*.{name}")), Ok(()));
        assert_eq!(ask(gate, owner, "TXT", &format!("_acme-challenge.{name}")), Ok(()));
    }
    if other != owner {
        for above in [format!("*.{name}"), format!("_acme-challenge.{name}"), format!("new.{name}")] {
            denied(gate, other, "TXT", &above);
        }
    }
}

/// Pairs of a name and one below it.
fn nested_pairs(owners: &Owners) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for name in owners.by_name.keys() {
        let mut rest = name.as_str();
        while let Some((_, above)) = rest.split_once('.') {
            if owners.by_name.contains_key(above) {
                pairs.push((above.to_owned(), name.clone()));
            }
            rest = above;
        }
    }
    pairs
}

/// Pairs in which the longer name ends with the letters of the shorter one, and is not below it.
fn look_alikes<'a>(names: &[&'a String]) -> Vec<(&'a str, &'a str)> {
    let known: BTreeSet<&str> = names.iter().map(|name| name.as_str()).collect();
    let mut pairs = Vec::new();
    for name in names {
        for start in 1..name.len() {
            let Some(suffix) = name.get(start..) else { continue };
            if known.contains(suffix) && !is_below(name, suffix) {
                pairs.push((*known.get(suffix).expect("known"), name.as_str()));
            }
        }
    }
    pairs
}

#[test]
fn gov_owners_change_their_own_names_only() {
    let Some(folder) = corpora("gov_owners") else { return };
    let text = std::fs::read_to_string(folder.join("dns/gov-owners.half.csv")).expect("the list");
    let mut pairs = Vec::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let (name, kind) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let organization: String = cells.collect::<Vec<_>>().join(",");
        pairs.push((name.to_owned(), format!("{kind}/{organization}")));
    }
    assert!(pairs.len() > 1_000, "only {} names", pairs.len());
    check_ownership(&owners(pairs), "gov");
}

#[test]
fn is_a_dev_owners_change_their_own_names_only() {
    let Some(folder) = corpora("is_a_dev_owners") else { return };
    let text = std::fs::read_to_string(folder.join("dns/is-a-dev.half.jsonl")).expect("the list");
    let mut pairs = Vec::new();
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let name = entry["name"].as_str().expect("name");
        // Underscore labels are attributes of the name below them, not names to own.
        if name.split('.').all(|label| !label.starts_with('_')) && DnsName::parse(name, NameRule::Owner).is_ok() {
            pairs.push((name.to_owned(), entry["owner"].as_str().expect("owner").to_owned()));
        }
    }
    assert!(pairs.len() > 5_000, "only {} names", pairs.len());
    let owners = owners(pairs);
    assert!(!nested_pairs(&owners).is_empty(), "the list has names below names");
    check_ownership(&owners, "is-a.dev");
}

#[test]
fn every_scp_goes_through_the_plugin_without_a_fault() {
    let Some(folder) = corpora("every_scp") else { return };
    let sandbox = Sandbox::new().expect("sandbox");
    // As `policies/scp-validation/policy.yaml` grants it.
    let limits = Limits { fuel: 500_000_000, memory_bytes: 64 << 20, ..Limits::default() };
    let loaded = sandbox.load(&plugin("scp-validation"), "{}", Datasets::default(), limits).expect("loads");
    let loaded = Arc::new(loaded);
    let mut files = Vec::new();
    json_files(&folder.join("scp"), &mut files);
    files.retain(|path| !path.ends_with("peer-verdicts.json"));
    assert!(files.len() > 100, "only {} documents", files.len());
    for path in files {
        let document = std::fs::read_to_string(&path).expect("readable");
        let native = scp_validation::rules::validate(&document, &scp_validation::rules::Settings::default());
        let (codes, positions) = scp_codes(&loaded, &document, &path);
        let mut expected: Vec<String> = native.iter().map(|finding| finding.code.to_owned()).collect();
        // No organization is given, and that is told.
        expected.push("NO_HIERARCHY".to_owned());
        let mut found = codes.clone();
        expected.sort();
        found.sort();
        if expected.len() <= 100 {
            assert_eq!(found, expected, "{}", path.display());
        }
        if serde_json::from_str::<serde_json::Value>(&document).is_err() {
            assert_eq!(codes.first().map(String::as_str), Some("JSON_SYNTAX"), "{}", path.display());
            assert!(positions.first().is_some_and(|line| *line > 1), "{} {positions:?}", path.display());
        }
    }
}

fn json_files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).expect("folder").map(|it| it.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            json_files(&path, out);
        } else if path.extension().is_some_and(|it| it == "json") {
            out.push(path);
        }
    }
}

/// Codes and lines of the findings, as the plugin tells them.
fn scp_codes(plugin: &Plugin, document: &str, path: &Path) -> (Vec<String>, Vec<u32>) {
    use reeve_model::action::CreatePolicy;
    use reeve_model::{Action, Answer, Event, Nonce, PlannedAction};
    let body = r#"{"version":"0","id":"00000000-0000-4000-8000-000000000001","detail-type":"SCP_UPDATE","source":"app.infra","account":"111122223333","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{}}"#;
    let event = Event::parse(body.as_bytes()).expect("event");
    let sender = Sender {
        account: event.account.clone(),
        verified: true,
        name: None,
        tier: None,
        organizational_unit: None,
        status: None,
    };
    let action = Action::CreatePolicy(CreatePolicy {
        name: "p".into(),
        description: String::new(),
        document: document.to_owned(),
    });
    let request = Request {
        kind: "SCP_UPDATE",
        event: &event,
        detail: "{}",
        sender: &sender,
        nonce: &Nonce::parse("00000000-0000-4000-8000-000000000001").expect("nonce"),
        dry_run: false,
        actions: &[PlannedAction { at: "/detail/policies/0".into(), action }],
        facts: &[],
        now: "2026-01-01T00:00:00Z".parse().expect("time"),
    };
    let asked = plugin.ask(&request);
    let Answer::Verdict(verdict) = asked.answer else { panic!("{}: {:?}", path.display(), asked.answer) };
    let line = |reason: &reeve_model::Reason| {
        let line = reason.extra.iter().find(|(name, _)| name == "line").map(|(_, line)| line.as_str());
        line.and_then(|line| line.parse().ok()).unwrap_or(0)
    };
    let reasons = verdict.reasons();
    (reasons.iter().map(|reason| reason.code.clone()).collect(), reasons.iter().map(line).collect())
}
