//! A million names in a table: the plugin in its sandbox decides as the same rules do natively, over a plain map.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use dns_allowlist::rules::{Settings, judge};
use reeve_model::action::{ChangeRecordSets, Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{
    AccountId, Action, Answer, DnsName, Event, Fact, FactValue, NameRule, Nonce, PlannedAction, Request, Sender,
    Verdict,
};
use reeve_sandbox::{Dataset, Datasets, Index, Limits, Sandbox, Start};
use reeve_sdk::dataset::{Entry, Names};
use std::collections::BTreeMap;
use std::path::Path;

/// Names in the table.
const NAMES: u64 = 1_000_000;
/// Names that are asked for.
const PROBES: u64 = 100_000;
/// Who asks.
const ME: &str = "111122223333";
const EVENT: &str = r#"{"version":"0","id":"687754b2-abd6-3ae6-ae2d-f98bd134512e","detail-type":"DNS_RECORD_CHANGE","source":"app.infra","account":"111122223333","time":"2026-11-21T11:59:00Z","region":"eu-central-1","resources":[],"detail":{}}"#;

/// Numbers without any order, the same in every run (xorshift64, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// The `number`-th name of the table and who owns it how: a third of them at depth two, the rest below others.
fn row(number: u64) -> (String, String) {
    let name = match number % 3 {
        0 => format!("n{number}.example.com"),
        1 => format!("a.n{}.example.com", number - 1),
        _ => format!("b-{number}.team{}.example.com", number % 1_000),
    };
    let account = if number.is_multiple_of(7) { ME.to_owned() } else { (200_000_000_000 + number % 5_000).to_string() };
    let scope = ["subtree", "below", "exact"][usize::try_from(number / 3 % 3).expect("small")];
    (name, format!("{account} {scope}"))
}

/// The table as a plain map from reversed labels.
struct Plain(BTreeMap<String, (String, String)>);

fn reversed(name: &str) -> String {
    name.rsplit('.').map(|label| format!("{label}.")).collect()
}

impl Plain {
    fn entry(row: &(String, String)) -> Entry {
        Entry { key: row.0.clone(), values: vec![row.1.clone()] }
    }
}

impl Names for Plain {
    fn longest_suffix(&self, name: &str) -> Result<Option<Entry>, String> {
        let suffixes = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest));
        Ok(suffixes.filter_map(|suffix| self.0.get(&reversed(suffix))).next().map(Self::entry))
    }

    fn below(&self, name: &str, limit: u32) -> Result<Vec<Entry>, String> {
        let key = reversed(name);
        let from = self.0.range(key.clone()..).take_while(|(other, _)| other.starts_with(&key));
        let below = from.filter(|(other, _)| other.len() > key.len());
        Ok(below.take(usize::try_from(limit).expect("fits")).map(|(_, row)| Self::entry(row)).collect())
    }
}

/// Names near those of the table: themselves, below, above, beside.
fn probe(numbers: &mut Numbers) -> (String, RecordType) {
    let (name, _) = row(numbers.next(NAMES + NAMES / 10));
    let name = match numbers.next(6) {
        0 => name,
        1 => format!("x.{name}"),
        2 => format!("x.y.{name}"),
        3 => format!("x{name}"),
        4 => format!("*.{name}"),
        _ => name.split_once('.').map_or(name.clone(), |(_, above)| above.to_owned()),
    };
    (name, if numbers.next(3) == 0 { RecordType::Cname } else { RecordType::A })
}

fn native(name: &str, record_type: RecordType, settings: &Settings, owners: &Plain) -> (&'static str, Vec<String>) {
    let change = reeve_sdk::RecordSetChange {
        at: "/detail/changes/0".into(),
        operation: reeve_sdk::Operation::Upsert,
        name: name.into(),
        record_type: record_type.as_str().into(),
        ttl_seconds: Some(300),
        content: reeve_sdk::RecordContent::Values(vec!["192.0.2.1".into()]),
    };
    let call = reeve_sdk::ChangeRecordSets {
        hosted_zone_id: "Z1".into(),
        zone_name: "example.com".into(),
        private_zone: false,
        changes: vec![change],
    };
    let action = reeve_sdk::Action::ChangeRecordSets(call);
    let request = reeve_sdk::Request {
        kind: "DNS_RECORD_CHANGE".into(),
        event: reeve_sdk::Event {
            id: String::new(),
            source: String::new(),
            detail_type: String::new(),
            region: String::new(),
            time: String::new(),
            resources: vec![],
            extra: vec![],
        },
        sender: reeve_sdk::Sender {
            account: ME.into(),
            verified: true,
            name: None,
            tier: None,
            organizational_unit: None,
            status: None,
            extra: vec![],
        },
        nonce: String::new(),
        dry_run: false,
        detail: String::new(),
        actions: vec![reeve_sdk::PlannedAction { at: "/detail".into(), action }],
        facts: vec![reeve_sdk::Fact {
            name: "allowed".into(),
            value: reeve_sdk::FactValue::Texts(vec!["example.com".into()]),
            source: String::new(),
        }],
        now: String::new(),
        extra: vec![],
    };
    match judge(&request, settings, owners).expect("judged") {
        reeve_sdk::Verdict::Allow(_) => ("allow", vec![]),
        reeve_sdk::Verdict::Deny(reasons) => ("deny", reasons.into_iter().map(|reason| reason.code).collect()),
        reeve_sdk::Verdict::Abstain(_) => ("abstain", vec![]),
    }
}

#[test]
fn a_million_names_are_judged_as_natively() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/dns-allowlist.wasm");
    let plugin = std::fs::read(&path).unwrap_or_else(|error| panic!("{error}; run `cargo xtask guests` first"));
    let rows = (0..NAMES).map(row).map(|(name, owner)| (name, [owner]));
    let table = Dataset::new(Index::Names, rows).expect("a table");
    assert_eq!(table.rows(), usize::try_from(NAMES).expect("fits"), "no name stands twice");
    let sandbox = Sandbox::new().and_then(Sandbox::with_snapshots).expect("a sandbox");
    let text = r#"{"types":["A","CNAME"],"wildcards":"subtree-owner"}"#;
    let datasets = Datasets::new([("owners".to_owned(), table)]);
    let limits = Limits { fuel: 15_000_000, ..Limits::default() };
    let plugin = sandbox.load(&plugin, text, datasets, limits).expect("loads");
    assert_eq!(plugin.start(), &Start::Snapshot);
    let plain = Plain((0..NAMES).map(row).map(|(name, owner)| (reversed(&name), (name, owner))).collect());
    let settings = Settings::parse(text).expect("settings");
    let event = Event::parse(EVENT.as_bytes()).expect("an event");
    let sender = Sender {
        account: AccountId::parse(ME).expect("an account"),
        verified: true,
        name: None,
        tier: None,
        organizational_unit: None,
        status: None,
    };
    let facts =
        [Fact { name: "allowed".into(), value: FactValue::Texts(vec!["example.com".into()]), source: "test".into() }];
    let parse = |name: &str| DnsName::parse(name, NameRule::Owner).expect(name);
    let (mut numbers, mut told) = (Numbers(0x9e37_79b9_7f4a_7c15), BTreeMap::new());
    for _ in 0..PROBES {
        let (name, record_type) = probe(&mut numbers);
        let change = RecordSetChange {
            at: "/detail/changes/0".into(),
            operation: Operation::Upsert,
            name: parse(&name),
            record_type,
            ttl_seconds: Some(300),
            content: RecordContent::Values(vec!["192.0.2.1".into()]),
        };
        let call = ChangeRecordSets {
            hosted_zone_id: "Z1".into(),
            zone_name: parse("example.com"),
            private_zone: false,
            changes: vec![change],
        };
        let asked = plugin.ask(&Request {
            kind: "DNS_RECORD_CHANGE",
            event: &event,
            detail: "{}",
            sender: &sender,
            nonce: &Nonce::parse("687754b2-abd6-3ae6-ae2d-f98bd134512e").expect("a nonce"),
            dry_run: false,
            actions: &[PlannedAction { at: "/detail".into(), action: Action::ChangeRecordSets(call) }],
            facts: &facts,
            now: "2026-11-21T12:00:00Z".parse().expect("a moment"),
        });
        let sandboxed = match asked.answer {
            Answer::Verdict(Verdict::Allow(_)) => ("allow", vec![]),
            Answer::Verdict(Verdict::Deny(reasons)) => {
                ("deny", reasons.into_iter().map(|reason| reason.code).collect::<Vec<_>>())
            }
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(sandboxed, native(&name, record_type, &settings, &plain), "{name}");
        *told.entry(sandboxed).or_insert(0_u64) += 1;
    }
    assert!(told.len() >= 3 && told.values().all(|count| *count > 100), "all kinds of answers are tried: {told:?}");
}
