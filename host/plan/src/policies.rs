//! `SCP_UPDATE`: documents that change, and what is attached where.
//!
//! All changes that touch each other (a document, the targets it is or will be attached to, whatever else changes there)
//! go into one request. The gate then sees the whole of what is left on each target: it adds first, then changes, then
//! detaches, gives up a slot early where a target is full, and refuses what would leave a target without an allow, be it
//! for a moment. Split requests could each be refused for what another one is about to mend. Changes that do
//! not touch each other are requests of their own, so that one refusal does not hold up the rest.

mod diff;
mod groups;
mod late;

use crate::compare::Pair;
use crate::document::pretty;
use crate::files::FULL_AWS_ACCESS;
use crate::gates::{GateRole, only};
use crate::plan::{Change, Draft, Drafts, digest_of};
use diff::{Difference, PairChange};
use groups::{Group, groups};
use reeve_json::{Object, Value, canonical};
use reeve_model::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Most entries in each list of one request; the gate takes no more (`ENTRIES_MAX` of `SCP_UPDATE`).
pub(crate) const ENTRIES_MAX: usize = 200;
/// Longest `detail`, bytes: EventBridge took entries of 256 KB until it took 1 MB, and targets may still; the rest is
/// for the envelope and for quotes that are escaped once more on the way.
pub(crate) const DETAIL_BYTES_MAX: usize = 200_000;

/// What policies are attached to, by the name in the later state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A unit, or the root.
    Unit(String),
    /// An account.
    Account(String),
}

impl Target {
    fn shown(&self) -> String {
        match self {
            Self::Unit(name) if name == crate::ROOT => "the root".to_owned(),
            Self::Unit(name) => format!("unit `{}`", name.escape_debug()),
            Self::Account(name) => format!("account `{}`", name.escape_debug()),
        }
    }
}

/// Which requests change what binds a target.
#[derive(Debug, Default)]
pub(crate) struct Written {
    by_target: BTreeMap<Target, BTreeSet<String>>,
}

impl Written {
    /// Ids of the requests that must have been made before an account may arrive in a unit, or leave one.
    pub(crate) fn above(&self, pair: &Pair<'_>, unit: &str) -> BTreeSet<String> {
        let targets = pair.path_up(unit).into_iter().map(Target::Unit);
        targets.filter_map(|target| self.by_target.get(&target)).flatten().cloned().collect()
    }

    /// Ids of the requests that change what is attached to an account itself.
    pub(crate) fn of_account(&self, name: &str) -> BTreeSet<String> {
        self.by_target.get(&Target::Account(name.to_owned())).cloned().unwrap_or_default()
    }
}

/// Plans the requests.
pub(crate) fn plan(pair: &Pair<'_>, gates: &[GateRole], drafts: &mut Drafts) -> Written {
    let difference = diff::of(pair, &mut drafts.findings);
    let mut written = Written::default();
    if difference.is_empty() {
        return written;
    }
    let gate = match only(gates, "SCP_UPDATE", "change policies", difference.place(pair)) {
        Ok(gate) => gate,
        Err(found) => {
            drafts.findings.push(*found);
            return written;
        }
    };
    let mut made: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let moves = late::moves(pair);
    for mut group in groups(pair, &difference) {
        let name = group.name().to_owned();
        let mut ids: BTreeSet<String> = BTreeSet::new();
        let (late, early): (Vec<_>, Vec<_>) =
            group.pairs.into_iter().partition(|change| !late::awaited(pair, &moves, change).is_empty());
        group.pairs = early;
        for (index, part) in parts(pair, &group).into_iter().enumerate() {
            let mut id = format!("scp-update/{name}");
            if index > 0 {
                id.push_str(&format!("/{}", index + 1));
            }
            let draft = draft(pair, &gate.name, id.clone(), &part, ids.clone(), Vec::new());
            drafts.requests.push(draft);
            ids.insert(id);
        }
        if !late.is_empty() {
            let after = late.iter().flat_map(|change| late::awaited(pair, &moves, change)).chain(ids.clone()).collect();
            let part = Group { pairs: late, ..Group::default() };
            let id = format!("scp-update/{name}/moved");
            drafts.requests.push(draft(pair, &gate.name, id, &part, after, Vec::new()));
        }
        for policy in &group.documents {
            made.entry(policy).or_default().extend(ids.iter().cloned());
        }
        for target in group.targets {
            written.by_target.entry(target).or_default().extend(ids.iter().cloned());
        }
    }
    for (account, pairs) in &difference.awaiting {
        let policies = pairs.iter().map(|pair| pair.policy);
        let mut after: BTreeSet<String> = policies.filter_map(|policy| made.get(policy)).flatten().cloned().collect();
        if pair.account_before(account).is_none() {
            after.insert(format!("create-account/{account}"));
        }
        let part = Group { pairs: pairs.clone(), ..Group::default() };
        let awaits = vec![format!("the id of account `{account}`")];
        drafts.requests.push(draft(pair, &gate.name, format!("scp-update/account/{account}"), &part, after, awaits));
    }
    written
}

/// A group in requests that the gate takes: none if nothing is left of it, one if it fits. Else documents come first and then target by target, each
/// request waiting for the one before; what only the whole could permit is then refused by the gate.
fn parts<'a>(pair: &Pair<'_>, group: &Group<'a>) -> Vec<Group<'a>> {
    let fits = |group: &Group<'_>| {
        let attached = group.pairs.iter().filter(|pair| pair.attach).count();
        let lists = [group.documents.len(), attached, group.pairs.len() - attached];
        lists.iter().all(|&length| length <= ENTRIES_MAX)
            && canonical(&Value::Object(detail(pair, group))).len() <= DETAIL_BYTES_MAX
    };
    if group.documents.is_empty() && group.pairs.is_empty() {
        return Vec::new();
    }
    if fits(group) {
        return vec![group.clone()];
    }
    let documents = group.documents.iter().map(|name| Group { documents: vec![name], ..Group::default() });
    let mut by_target: BTreeMap<&Target, Vec<PairChange<'a>>> = BTreeMap::new();
    for change in &group.pairs {
        by_target.entry(&change.target).or_default().push(change.clone());
    }
    let targets = by_target.into_values().map(|pairs| Group { pairs, ..Group::default() });
    let mut parts: Vec<Group<'a>> = Vec::new();
    for piece in documents.chain(targets) {
        let joined = parts.last().map(|last| Group {
            documents: [last.documents.clone(), piece.documents.clone()].concat(),
            pairs: [last.pairs.clone(), piece.pairs.clone()].concat(),
            targets: BTreeSet::new(),
        });
        match (joined.filter(|joined| fits(joined)), parts.last_mut()) {
            (Some(joined), Some(last)) => *last = joined,
            (_, _) => parts.push(piece),
        }
    }
    parts
}

/// The `detail` without nonce. A target that is not known yet is left out of its pair.
fn detail(pair: &Pair<'_>, group: &Group<'_>) -> Object {
    let mut detail = Object::new();
    let documents: Vec<Value> = group.documents.iter().filter_map(|name| document(pair, name)).collect();
    if !documents.is_empty() {
        detail.set("policies", Value::array(documents));
    }
    for (list, attach) in [("attach", true), ("detach", false)] {
        let of_list = group.pairs.iter().filter(|change| change.attach == attach);
        let entries: Vec<Value> = of_list.map(|change| entry(pair, change)).collect();
        if !entries.is_empty() {
            detail.set(list, Value::array(entries));
        }
    }
    detail
}

fn document(pair: &Pair<'_>, name: &str) -> Option<Value> {
    let mut entry = Object::new();
    entry.set("name", name);
    entry.set("document", pair.after.policies.get(name)?.document.as_str());
    if let Some(before) = pair.before.policies.get(name) {
        entry.set("replaces", digest_of(&before.document).as_str());
    }
    Some(Value::Object(entry))
}

fn entry(pair: &Pair<'_>, change: &PairChange<'_>) -> Value {
    let mut entry = Object::new();
    entry.set("policy", change.policy);
    let target = match &change.target {
        Target::Unit(name) => Some(pair.unit_text(name)),
        Target::Account(name) => pair.id(name).map(reeve_model::AccountId::as_str),
    };
    if let Some(target) = target {
        entry.set("target", target);
    }
    Value::Object(entry)
}

fn draft(
    pair: &Pair<'_>,
    gate: &str,
    id: String,
    group: &Group<'_>,
    after: BTreeSet<String>,
    awaits: Vec<String>,
) -> Draft {
    let changes = changes(pair, group);
    let place = changes.iter().find_map(|change| change.place.clone());
    Draft {
        id,
        kind: "SCP_UPDATE",
        gate: gate.to_owned(),
        detail: detail(pair, group),
        after,
        awaits,
        place,
        summary: summary(pair, group),
        changes,
    }
}

fn changes(pair: &Pair<'_>, group: &Group<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in &group.documents {
        let document = |policy: &crate::PolicyState| pretty(&policy.document);
        let now = pair.after.policies.get(*name);
        changes.push(Change {
            what: format!("document of policy `{}`", name.escape_debug()),
            before: pair.before.policies.get(*name).map(document),
            after: now.map(document),
            place: now.and_then(|policy| policy.place.clone()),
        });
    }
    for change in &group.pairs {
        let shown = change.policy.escape_debug();
        let what = format!("policy `{shown}` on {}", change.target.shown());
        let (before, after) =
            if change.attach { (None, Some("attached".to_owned())) } else { (Some("attached".to_owned()), None) };
        changes.push(Change { what, before, after, place: change.place.clone() });
    }
    changes
}

fn summary(pair: &Pair<'_>, group: &Group<'_>) -> String {
    let new = group.documents.iter().filter(|name| !pair.before.policies.contains_key(**name)).count();
    let attach = group.pairs.iter().filter(|pair| pair.attach).count();
    let counted = [
        (new, "make", "policy", "policies"),
        (group.documents.len() - new, "change", "policy", "policies"),
        (attach, "attach", "policy", "policies"),
        (group.pairs.len() - attach, "detach", "policy", "policies"),
    ];
    let parts: Vec<String> = counted
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, verb, one, many)| format!("{verb} {count} {}", if *count == 1 { one } else { many }))
        .collect();
    parts.join(", ")
}

impl Difference<'_> {
    fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.pairs.is_empty() && self.awaiting.is_empty()
    }

    fn place(&self, pair: &Pair<'_>) -> Option<Place> {
        let mut documents = self.documents.iter().filter_map(|name| pair.after.policies.get(*name)?.place.clone());
        documents.next().or_else(|| {
            let pairs = self.pairs.iter().chain(self.awaiting.values().flatten());
            pairs.filter_map(|change| change.place.clone()).next()
        })
    }
}

/// Whether a policy is the one that AWS attaches to every new account.
fn is_first(name: &str) -> bool {
    name == FULL_AWS_ACCESS
}
