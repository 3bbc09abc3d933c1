//! The allowlist's own rules, compiled natively, and in which ways IAM may be broader than they are.

use dns_allowlist::rules::{Settings, judge};
use reeve_accounts::{DomainOwner, DomainScope};
use reeve_sdk::dataset::Table;
use reeve_sdk::{
    Action, ChangeRecordSets, Event, Fact, FactValue, Operation, PlannedAction, RecordContent, RecordSetChange,
    Request, Sender, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// A change of one record set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) record_type: &'static str,
    pub(crate) delete: bool,
}

/// The allowlist of every account.
pub(crate) struct Native {
    pub(crate) owners: Vec<DomainOwner>,
    by_id: BTreeMap<String, Vec<usize>>,
    by_name: BTreeMap<String, Vec<usize>>,
    /// Reversed labels, to find what is below a name.
    below: BTreeSet<Vec<String>>,
    table: Table,
    settings: Settings,
    wildcards: bool,
}

/// In which way IAM is broader than the allowlist; `docs/templates.md` says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broader {
    /// The allowlist lets another account do it.
    AnotherAccount,
    /// A longer match of another account that no pattern can leave out.
    LongerMatch,
    /// It stands above a name of another account.
    Shadows,
    /// A wildcard whose owner does not own everything below.
    WildcardWithoutSubtree,
    /// A wildcard that also speaks for a name its owner does not own, as TXT does.
    WildcardSpeaks,
    /// NS or DS of an owner that does not own everything below.
    DelegationWithoutSubtree,
    /// An attribute of the name of a `.name` entry.
    AttributeOfBelow,
    /// An attribute of a name below a `=name` entry.
    AttributeBelowExact,
}

fn is_in(name: &str, ancestor: &str) -> bool {
    name == ancestor || name.ends_with(&format!(".{ancestor}"))
}

/// What follows the last label that begins with `_`.
fn speaks_for(name: &str) -> &str {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.iter().rposition(|label| label.starts_with('_'));
    let taken = last.map_or(0, |at| labels[..=at].iter().map(|label| label.len() + 1).sum());
    if taken < name.len() { &name[taken..] } else { name }
}

fn covers(owner: &DomainOwner, name: &str) -> bool {
    let entry = &owner.entry;
    match entry.scope {
        DomainScope::Subtree => is_in(name, &entry.name),
        DomainScope::Below => is_in(name, &entry.name) && name != entry.name,
        DomainScope::Exact => name == entry.name,
    }
}

fn reversed(name: &str) -> Vec<String> {
    name.rsplit('.').map(str::to_owned).collect()
}

impl Native {
    pub(crate) fn new(owners: Vec<DomainOwner>, types: &[&str], wildcards: bool) -> Self {
        let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let (mut by_id, mut by_name): (BTreeMap<_, Vec<usize>>, BTreeMap<_, Vec<usize>>) = Default::default();
        for (at, owner) in owners.iter().enumerate() {
            let scope = match owner.entry.scope {
                DomainScope::Subtree => "subtree",
                DomainScope::Below => "below",
                DomainScope::Exact => "exact",
            };
            rows.entry(owner.entry.name.clone()).or_default().push(format!("{} {scope}", owner.id));
            by_id.entry(owner.id.clone()).or_default().push(at);
            by_name.entry(owner.entry.name.clone()).or_default().push(at);
        }
        let types: Vec<String> = types.iter().map(|text| format!("\"{text}\"")).collect();
        let wild = if wildcards { "subtree-owner" } else { "never" };
        let settings = format!(r#"{{"types":[{}],"wildcards":"{wild}"}}"#, types.join(","));
        Self {
            by_id,
            by_name,
            below: owners.iter().map(|owner| reversed(&owner.entry.name)).collect(),
            table: Table::new(rows.iter().map(|(name, values)| (name.as_str(), values.clone()))),
            settings: Settings::parse(&settings).expect("settings"),
            wildcards,
            owners,
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &String> {
        self.by_id.keys()
    }

    pub(crate) fn of(&self, id: &str) -> impl Iterator<Item = &DomainOwner> {
        self.by_id.get(id).into_iter().flatten().map(|at| &self.owners[*at])
    }

    /// `None` when the change is permitted, or the code of the refusal.
    pub(crate) fn refuses(&self, id: &str, change: &Change) -> Option<String> {
        let entries = self.of(id).map(|owner| owner.entry.to_string()).collect();
        match judge(&request(id, entries, change), &self.settings, &self.table).expect("judged") {
            Verdict::Allow(_) => None,
            Verdict::Deny(reasons) => Some(reasons[0].code.clone()),
            Verdict::Abstain(why) => panic!("{why}"),
        }
    }

    /// Entries at a name and its ancestors, of any account.
    fn at_or_above<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a DomainOwner> {
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
        starts.filter_map(|at| self.by_name.get(&name[at..])).flatten().map(|at| &self.owners[*at])
    }

    /// Why IAM allows what the allowlist refuses to this account, or to everybody when none is given.
    pub(crate) fn class(&self, id: Option<&str>, change: &Change) -> Option<Broader> {
        let name = change.name.as_str();
        let Some(id) = id else {
            let ids: BTreeSet<&str> = self.at_or_above(name).map(|owner| owner.id.as_str()).collect();
            if ids.iter().any(|id| self.refuses(id, change).is_none()) {
                return Some(Broader::AnotherAccount);
            }
            return ids.into_iter().find_map(|id| self.class(Some(id), change));
        };
        let mine = |owner: &&DomainOwner| owner.id == id;
        let owner = speaks_for(name);
        let wildcard = name.starts_with("*.");
        let all_below = self
            .at_or_above(owner)
            .filter(mine)
            .any(|it| it.entry.scope != DomainScope::Exact && is_in(owner, &it.entry.name));
        let delegates = matches!(change.record_type, "NS" | "DS");
        let above = if wildcard { owner } else { name };
        let prefix = reversed(above);
        let mut below = self.below.range(prefix.clone()..).take_while(|key| key.starts_with(&prefix));
        let something_below = below.any(|key| key.len() > prefix.len());
        let covered = self.at_or_above(owner).filter(mine).any(|it| covers(it, owner));
        if !covered
            && name != owner
            && self
                .at_or_above(owner)
                .filter(mine)
                .any(|it| it.entry.scope == DomainScope::Below && it.entry.name == owner)
        {
            let attribute = name.trim_start_matches("*.") != owner;
            return Some(if attribute { Broader::AttributeOfBelow } else { Broader::WildcardSpeaks });
        }
        if !covered {
            let exact = self
                .at_or_above(owner)
                .filter(mine)
                .any(|it| it.entry.scope == DomainScope::Exact && it.entry.name != owner);
            return (exact && name.split('.').any(|label| label.starts_with('_')))
                .then_some(Broader::AttributeBelowExact);
        }
        if wildcard && (!all_below || !self.wildcards) {
            return Some(Broader::WildcardWithoutSubtree);
        }
        if delegates && !all_below {
            return Some(Broader::DelegationWithoutSubtree);
        }
        let wide = wildcard.then(|| format!("*.{owner}"));
        // From the longest entry up: the first that covers the name says whose it is.
        let longer = |name: &str| {
            let longest = self.at_or_above(name).find(|it| covers(it, name)).map(|it| it.entry.name.as_str());
            let covering = |it: &&DomainOwner| covers(it, name) && Some(it.entry.name.as_str()) == longest;
            longest.is_some() && !self.at_or_above(name).filter(covering).any(|it| it.id == id)
        };
        // An address wildcard does not speak for the name that it stands below.
        let speaks = !wildcard || !matches!(change.record_type, "A" | "AAAA");
        if (speaks && longer(owner)) || wide.is_some_and(|wide| longer(&wide)) {
            return Some(Broader::LongerMatch);
        }
        let shadows = (wildcard || delegates || change.record_type == "CNAME") && !change.delete;
        (shadows && something_below).then_some(Broader::Shadows)
    }
}

fn request(id: &str, entries: Vec<String>, change: &Change) -> Request {
    let record = RecordSetChange {
        at: "/detail/changes/0".into(),
        operation: if change.delete { Operation::Delete } else { Operation::Upsert },
        name: change.name.clone(),
        record_type: change.record_type.into(),
        ttl_seconds: Some(300),
        content: RecordContent::Values(vec!["192.0.2.1".into()]),
    };
    let call = ChangeRecordSets {
        hosted_zone_id: "Z1".into(),
        zone_name: "example.com".into(),
        private_zone: false,
        changes: vec![record],
    };
    Request {
        kind: "DNS_RECORD_CHANGE".into(),
        event: Event {
            id: String::new(),
            source: String::new(),
            detail_type: String::new(),
            region: String::new(),
            time: String::new(),
            resources: vec![],
            extra: vec![],
        },
        sender: Sender {
            account: id.into(),
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
        actions: vec![PlannedAction { at: "/detail".into(), action: Action::ChangeRecordSets(call) }],
        facts: vec![Fact { name: "allowed".into(), value: FactValue::Texts(entries), source: String::new() }],
        now: String::new(),
        extra: vec![],
    }
}
