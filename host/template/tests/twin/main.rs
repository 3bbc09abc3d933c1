//! The IAM twin against the allowlist's own rules: IAM is never narrower, and where it is broader, it is so in one of
//! the ways that `docs/templates.md` names.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests panic")]
#![allow(clippy::print_stdout, clippy::wildcard_enum_match_arm, reason = "tests tell counts and match foreign values")]

mod iam;
mod native;
mod tables;

use iam::{Call, Policy, allows};
use native::{Broader, Change, Native};
use reeve_accounts::{DomainEntry, DomainOwner, DomainScope};
use reeve_template::{
    POLICIES_PER_ROLE_MAX, POLICY_CHARS_MAX, PolicyDocument, Twin, TwinKind, TwinNames, TwinOptions, TwinZone,
    iam_twin_of, normal_form,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const TYPES: [&str; 4] = ["A", "CNAME", "NS", "TXT"];

fn owner(id: &str, entry: &str) -> DomainOwner {
    let entry = DomainEntry::parse(entry).expect(entry);
    DomainOwner { entry, account: format!("account-{id}"), id: id.to_owned() }
}

fn zone(name: &str) -> TwinZone {
    TwinZone { id: "Z1".to_owned(), name: name.to_owned() }
}

fn writes(zones: &[TwinZone]) -> TwinKind {
    let types = TYPES.iter().map(|text| (*text).to_owned()).collect();
    TwinKind { zones: zones.to_vec(), types, names: TwinNames::Any }
}

fn unlimited(wildcards: bool) -> TwinOptions {
    TwinOptions { wildcards, policies_max: usize::MAX, ..TwinOptions::default() }
}

fn read(documents: &[PolicyDocument]) -> Vec<Policy> {
    for document in documents {
        assert!(document.chars <= POLICY_CHARS_MAX, "{} has {} characters", document.name, document.chars);
        assert_eq!(document.chars, reeve_json::compact(&document.document).chars().count());
    }
    documents.iter().map(|document| Policy::read(&document.document)).collect()
}

fn call(changes: &[Change]) -> Call {
    let operation = |change: &Change| if change.delete { "DELETE" } else { "UPSERT" };
    Call {
        action: "route53:ChangeResourceRecordSets".to_owned(),
        resource: "arn:aws:route53:::hostedzone/Z1".to_owned(),
        names: changes.iter().map(|change| normal_form(&change.name)).collect(),
        types: changes.iter().map(|change| change.record_type.to_owned()).collect(),
        operations: changes.iter().map(|change| operation(change).to_owned()).collect(),
    }
}

fn upsert(record_type: &'static str, name: &str) -> Change {
    Change { name: name.to_owned(), record_type, delete: false }
}

/// A twin, its policies read, and the rules it must agree with.
struct Pair {
    native: Native,
    twin: Twin,
    gate: Vec<Policy>,
    accounts: BTreeMap<String, Vec<Policy>>,
    broader: BTreeMap<Broader, usize>,
    checked: usize,
}

impl Pair {
    fn new(owners: Vec<DomainOwner>, zone_name: &str, wildcards: bool) -> Self {
        let twin = iam_twin_of(&owners, &[writes(&[zone(zone_name)])], unlimited(wildcards));
        let gate = read(&twin.gate);
        let accounts = twin.accounts.iter().map(|it| (it.id.clone(), read(&it.documents))).collect();
        let native = Native::new(owners, &TYPES, wildcards);
        Self { native, twin, gate, accounts, broader: BTreeMap::new(), checked: 0 }
    }

    /// One change of one account: the gate's policies, and the account's own.
    fn check(&mut self, id: &str, change: &Change) {
        self.checked += 1;
        let refused = self.native.refuses(id, change);
        let call = call(std::slice::from_ref(change));
        let by_gate = allows(&self.gate, &call);
        let by_account = self.accounts.get(id).is_some_and(|policies| allows(policies, &call));
        let Some(code) = refused else {
            assert!(by_gate, "the gate's own policies are narrower: {id} {change:?}");
            assert!(by_account, "the account's policy is narrower: {id} {change:?}");
            return;
        };
        for (allowed, whose) in [(by_gate, None), (by_account, Some(id))] {
            if allowed {
                let class = self.native.class(whose, change);
                let class =
                    class.unwrap_or_else(|| panic!("IAM is broader in no known way: {whose:?} {change:?} {code}"));
                if whose.is_some() {
                    assert!(explains(class, &code), "{class:?} is not why {code}: {id} {change:?}");
                }
                *self.broader.entry(class).or_default() += 1;
            }
        }
    }
}

/// Whether the allowlist refuses for this code what is in this class.
fn explains(class: Broader, code: &str) -> bool {
    match class {
        Broader::AnotherAccount => false,
        Broader::LongerMatch => code == "NAME_OWNED_BY_OTHER",
        // An address wildcard below a longer match is refused for the match, any other for what it speaks for.
        Broader::Shadows => code == "SHADOWS_OTHER_OWNER",
        Broader::WildcardWithoutSubtree => code == "DNS_WILDCARD_NOT_ALLOWED",
        Broader::DelegationWithoutSubtree => code == "DELEGATION_NEEDS_SUBTREE",
        Broader::WildcardSpeaks | Broader::AttributeOfBelow | Broader::AttributeBelowExact => {
            matches!(
                code,
                "NOT_IN_ALLOWLIST"
                    | "CERT_VALIDATION_NAME"
                    | "MAIL_AUTH_NAME"
                    | "DNS_WILDCARD_NOT_ALLOWED"
                    | "NAME_OWNED_BY_OTHER"
                    | "SHADOWS_OTHER_OWNER"
            )
        }
    }
}

/// The name, and what a careless or hostile sender would try beside it.
fn probes(name: &str, zone: &str) -> Vec<String> {
    let parent = name.split_once('.').map_or(zone, |(_, parent)| parent);
    let mut all = vec![
        name.to_owned(),
        parent.to_owned(),
        format!("www.{name}"),
        format!("a.b.{name}"),
        format!("*.{name}"),
        format!("*.a.{name}"),
        format!("_acme-challenge.{name}"),
        format!("s1._domainkey.{name}"),
        format!("*._tcp.{name}"),
        format!("_dmarc.www.{name}"),
        format!("s1._domainkey.www.{name}"),
        format!("evil{name}"),
        format!("evil.{parent}"),
        format!("*.{parent}"),
        format!("_dmarc.{parent}"),
    ];
    all.retain(|name| name == zone || name.ends_with(&format!(".{zone}")));
    all
}

fn corpora(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("REEVE_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        println!("{test}: REEVE_CORPORA names no folder of documents, so this ran without");
    }
    folder
}

/// Accounts of a list that is `mixed`: few enough that each owns many names.
const MIXED_ACCOUNTS: usize = 499;

/// Owners of names with ids in the order of their names. When `mixed`, scopes and owners take turns, so that names of
/// different owners are below each other.
fn listed(pairs: Vec<(String, String)>, mixed: bool) -> Vec<DomainOwner> {
    let names: BTreeSet<String> = pairs.iter().map(|(_, owner)| owner.clone()).collect();
    let ids: BTreeMap<&String, String> =
        names.iter().enumerate().map(|(at, it)| (it, format!("{:012}", at + 1))).collect();
    let mut seen = BTreeSet::new();
    let mut owners = Vec::new();
    for (name, who) in &pairs {
        // An entry that is no domain of the accounts file is refused there.
        let Ok(mut entry) = DomainEntry::parse(name) else { continue };
        if seen.insert(name.clone()) {
            entry.scope = match owners.len() % 5 {
                1 if mixed => DomainScope::Below,
                3 if mixed => DomainScope::Exact,
                _ => DomainScope::Subtree,
            };
            let id = if mixed { format!("{:012}", owners.len() % MIXED_ACCOUNTS) } else { ids[who].clone() };
            owners.push(DomainOwner { entry, account: format!("account-{id}"), id });
        }
    }
    owners.sort();
    owners
}

/// Every `step`th name with its probes, of its owner and of others.
fn check_list(owners: Vec<DomainOwner>, zone: &str, step: usize) -> Pair {
    let mut pair = Pair::new(owners, zone, true);
    let ids: Vec<String> = pair.native.ids().cloned().collect();
    let names: Vec<(String, String)> =
        pair.native.owners.iter().map(|it| (it.entry.name.clone(), it.id.clone())).collect();
    let all: BTreeSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    for (at, (name, id)) in names.iter().enumerate() {
        pair.check(id, &upsert("A", name));
        let nested = name.match_indices('.').any(|(dot, _)| all.contains(&name[dot + 1..]));
        if at % step != 0 && !(nested && at % 4 == 0) {
            continue;
        }
        let stranger = &ids[(at * 7 + 3) % ids.len()];
        let sibling = &names[(at + 1) % names.len()].1;
        for probe in probes(name, zone) {
            for record_type in TYPES {
                for id in BTreeSet::from([id, stranger, sibling]) {
                    pair.check(id, &upsert(record_type, &probe));
                }
                pair.check(id, &Change { delete: true, ..upsert(record_type, &probe) });
            }
        }
    }
    whole_requests(&pair);
    println!("{zone}: {} changes, {} policies, broader: {:?}", pair.checked, pair.gate.len(), pair.broader);
    pair
}

/// A request of all that an account may do is one call, and IAM permits it as a whole.
fn whole_requests(pair: &Pair) {
    for id in pair.native.ids() {
        let mine = pair.native.of(id).map(|it| upsert("TXT", &it.entry.name));
        let permitted: Vec<Change> = mine.filter(|change| pair.native.refuses(id, change).is_none()).collect();
        if !permitted.is_empty() {
            assert!(allows(&pair.gate, &call(&permitted)), "{id} {permitted:?}");
            assert!(allows(&pair.accounts[id], &call(&permitted)), "{id} {permitted:?}");
        }
        let parts = pair.twin.parts.iter().filter(|part| part.accounts.contains(id)).count();
        assert_eq!(parts, 1, "the names of {id} are in one statement");
    }
}

fn gov() -> Option<Vec<(String, String)>> {
    let text = std::fs::read_to_string(corpora("gov")?.join("dns/gov-owners.half.csv")).expect("the list");
    let pair = |line: &str| {
        let (name, rest) = line.split_once(',').expect("columns");
        (name.to_owned(), rest.to_owned())
    };
    let pairs: Vec<_> = text.lines().skip(1).map(pair).collect();
    assert!(pairs.len() > 1_000, "only {} names", pairs.len());
    Some(pairs)
}

fn is_a_dev() -> Option<Vec<(String, String)>> {
    let text = std::fs::read_to_string(corpora("is_a_dev")?.join("dns/is-a-dev.half.jsonl")).expect("the list");
    let field = |line: &str, key: &str| {
        let (_, rest) = line.split_once(&format!("\"{key}\":\"")).expect("field");
        rest.split('"').next().expect("text").to_owned()
    };
    let pairs: Vec<_> = text.lines().map(|line| (field(line, "name"), field(line, "owner"))).collect();
    assert!(pairs.len() > 5_000, "only {} names", pairs.len());
    Some(pairs)
}

fn classes(pair: &Pair) -> Vec<Broader> {
    pair.broader.keys().copied().collect()
}

#[test]
fn gov_owners_have_one_entry_each_and_iam_agrees() {
    let Some(pairs) = gov() else { return };
    // Names that nobody owns below each other: nothing is broader but the union over accounts.
    let pair = check_list(listed(pairs, false), "gov", 80);
    assert_eq!(classes(&pair), [Broader::AnotherAccount]);
}

#[test]
fn gov_owners_with_all_scopes() {
    let Some(pairs) = gov() else { return };
    let pair = check_list(listed(pairs, true), "gov", 80);
    use Broader::{
        AnotherAccount, AttributeBelowExact, AttributeOfBelow, DelegationWithoutSubtree, WildcardSpeaks,
        WildcardWithoutSubtree,
    };
    assert_eq!(
        classes(&pair),
        [
            AnotherAccount,
            WildcardWithoutSubtree,
            WildcardSpeaks,
            DelegationWithoutSubtree,
            AttributeOfBelow,
            AttributeBelowExact,
        ]
    );
}

#[test]
fn is_a_dev_owners_have_names_below_each_other() {
    let Some(pairs) = is_a_dev() else { return };
    let pair = check_list(listed(pairs, false), "is-a.dev", 80);
    // Whoever has a name there has what is below it too.
    assert_eq!(classes(&pair), [Broader::AnotherAccount]);
}

#[test]
fn is_a_dev_owners_with_all_scopes() {
    let Some(pairs) = is_a_dev() else { return };
    let pair = check_list(listed(pairs, true), "is-a.dev", 80);
    let all = [
        Broader::AnotherAccount,
        Broader::LongerMatch,
        Broader::Shadows,
        Broader::WildcardWithoutSubtree,
        Broader::WildcardSpeaks,
        Broader::DelegationWithoutSubtree,
        Broader::AttributeOfBelow,
        Broader::AttributeBelowExact,
    ];
    assert_eq!(classes(&pair), all);
}

#[test]
fn a_list_that_fits_no_role_is_bounded_by_its_zone() {
    let Some(pairs) = gov() else { return };
    let owners = listed(pairs, false);
    let kind = writes(&[zone("gov")]);
    let twin = iam_twin_of(&owners, std::slice::from_ref(&kind), TwinOptions::default());
    assert_eq!((twin.gate.len(), twin.notes.len()), (1, 1), "{:?}", twin.notes);
    let gate = read(&twin.gate);
    assert!(owners.iter().all(|it| allows(&gate, &call(&[upsert("A", &it.entry.name)]))));
    assert!(!allows(&gate, &call(&[upsert("A", "example.com")])));
    // A tenth of it fits, to the name.
    let few = &owners[..owners.len() / 10];
    let twin = iam_twin_of(few, &[kind], TwinOptions::default());
    assert!((2..=POLICIES_PER_ROLE_MAX).contains(&twin.gate.len()), "{}", twin.gate.len());
    let gate = read(&twin.gate);
    assert!(few.iter().all(|it| allows(&gate, &call(&[upsert("A", &it.entry.name)]))));
    assert!(!allows(&gate, &call(&[upsert("A", "not-in-any-list.gov")])));
}
