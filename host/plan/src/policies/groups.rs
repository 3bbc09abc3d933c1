//! Changes that touch each other, together.

use super::Target;
use super::diff::{Difference, PairChange};
use crate::compare::Pair;
use std::collections::{BTreeMap, BTreeSet};

/// Changes that touch each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Group<'a> {
    /// Policies whose documents change, sorted.
    pub(super) documents: Vec<&'a str>,
    /// Pairs that change, in the order of the difference.
    pub(super) pairs: Vec<PairChange<'a>>,
    /// Targets whose permissions may change.
    pub(super) targets: BTreeSet<Target>,
}

impl<'a> Group<'a> {
    /// The policy that the group is named after: the first of all that it holds, which no other group does.
    pub(super) fn name(&self) -> &'a str {
        let pairs = self.pairs.iter().map(|change| change.policy);
        self.documents.iter().copied().chain(pairs).min().unwrap_or_default()
    }
}

/// A policy or a target, as a node of the graph of what touches what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'a> {
    Policy(&'a str),
    Target(Target),
}

/// The groups, by the names of their policies.
pub(super) fn groups<'a>(pair: &Pair<'a>, difference: &Difference<'a>) -> Vec<Group<'a>> {
    let mut edges: BTreeMap<Node<'a>, BTreeSet<Node<'a>>> = BTreeMap::new();
    for policy in &difference.documents {
        edges.entry(Node::Policy(policy)).or_default();
    }
    let of_documents =
        difference.documents.iter().flat_map(|policy| bound(pair, policy).into_iter().map(|target| (*policy, target)));
    let of_pairs = difference.pairs.iter().map(|change| (change.policy, change.target.clone()));
    for (policy, target) in of_documents.chain(of_pairs) {
        let (policy, target) = (Node::Policy(policy), Node::Target(target));
        edges.entry(policy.clone()).or_default().insert(target.clone());
        edges.entry(target).or_default().insert(policy);
    }
    let mut group_of: BTreeMap<&Node<'a>, usize> = BTreeMap::new();
    let mut count = 0;
    for start in edges.keys() {
        if group_of.contains_key(start) {
            continue;
        }
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            if group_of.insert(node, count).is_none() {
                open.extend(edges.get(node).into_iter().flatten());
            }
        }
        count += 1;
    }
    let mut groups = vec![Group::default(); count];
    for (node, index) in &group_of {
        let Some(group) = groups.get_mut(*index) else { continue };
        match node {
            Node::Policy(policy) if difference.documents.contains(policy) => group.documents.push(policy),
            Node::Policy(_) => {}
            Node::Target(target) => {
                group.targets.insert(target.clone());
            }
        }
    }
    for change in &difference.pairs {
        let index = group_of.get(&Node::Target(change.target.clone()));
        if let Some(group) = index.and_then(|index| groups.get_mut(*index)) {
            group.pairs.push(change.clone());
        }
    }
    groups.sort_by_key(Group::name);
    groups
}

/// The targets that a policy is or will be attached to, as far as either state says.
fn bound(pair: &Pair<'_>, policy: &str) -> BTreeSet<Target> {
    let has = |attached: Option<&crate::Attached>| attached.is_some_and(|attached| attached.contains_key(policy));
    let mut targets = BTreeSet::new();
    for (name, unit) in &pair.before.units {
        if has(unit.policies.as_ref()) {
            targets.insert(Target::Unit(pair.unit_now(name).to_owned()));
        }
    }
    let units = pair.after.units.iter().filter(|(_, unit)| has(unit.policies.as_ref()));
    targets.extend(units.map(|(name, _)| Target::Unit(name.clone())));
    for (name, account) in &pair.after.accounts {
        let was = pair.account_before(name).and_then(|(_, before)| before.policies.as_ref());
        if has(account.policies.as_ref()) || has(was) {
            targets.insert(Target::Account(name.clone()));
        }
    }
    targets
}
