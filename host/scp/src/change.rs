//! Which actions change for which accounts between two states of an organization.
//!
//! An action is asked as any call of it: by whomever, on whatever, with any keys. So a condition makes it depend, and a
//! change of the condition alone is told as such.

mod profile;

use crate::call::Call;
use crate::decide::{Why, is_decided};
use crate::organization::{Chain, Level, Organization};
use crate::truth::Truth;
use profile::{Documents, Profiles, Reading};
use std::collections::{BTreeMap, BTreeSet};

/// What is different between two states of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Accounts that were not there before.
    pub added: Vec<Level>,
    /// Accounts that are not there any more.
    pub removed: Vec<Level>,
    /// Accounts that are below another unit.
    pub moved: Vec<Move>,
    /// Actions whose outcome is another one, for accounts that are there before and after.
    pub permissions: Vec<PermissionChange>,
}

/// An account that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The account.
    pub account: Level,
    /// The unit or root it was in.
    pub from: Level,
    /// The unit or root it will be in.
    pub to: Level,
}

/// Actions of which the same becomes the same, for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PermissionChange {
    /// Keys of the accounts, in order.
    pub accounts: Vec<String>,
    /// Whether the policies let the actions through before. [`Truth::Unknown`] is "under conditions".
    pub before: Truth,
    /// Whether they do after. If both depend, they depend on something else than before.
    pub after: Truth,
    /// What decided before; its levels are those of the first account. Of actions that depend before and after it is
    /// what they do not depend on any more, if there is such a thing, or else what the first of them depended on.
    pub why_before: Why,
    /// What decides after, as above. Of actions that depend before and after it is what they newly depend on, if there
    /// is such a thing, or else what the first of them depends on.
    pub why_after: Why,
    /// The actions as patterns, in order: `*` for all that were asked about, `service:*` for all of a service.
    pub actions: Vec<String>,
    /// How many actions these are.
    pub count: usize,
}

/// What the policies attached to one account are, level by level, as places in [`Documents`].
type Signature = Vec<Vec<usize>>;

/// What becomes of an action: before, after, and what decides, as far as it is part of the change.
type Outcome = (Truth, Truth, Option<Why>, Option<Why>);

/// Actions of one account group by what becomes of them, with what decides about the first of them.
type Outcomes<'a> = BTreeMap<Outcome, ((Why, Why), Vec<&'a str>)>;

/// Both reasons for one call, then both as far as they are part of the change.
type Reasons = ((Why, Why), (Option<Why>, Option<Why>));

/// Compares two states over these actions, each `service:Action`. Accounts are the same if their keys are. Actions that no
/// policy can deny ([`Organization::decide`]) change never, and are left out before anything is counted.
///
/// Accounts with the same policies are decided once, and so are actions that the same statements speak of.
pub fn changes<'a>(before: &Organization, after: &Organization, actions: impl IntoIterator<Item = &'a str>) -> Changes {
    let mut changes = compare_accounts(before, after);
    let mut documents = Documents::default();
    let (places_before, places_after) = (documents.add(before), documents.add(after));
    let mut groups: BTreeMap<(Signature, Signature), Vec<&str>> = BTreeMap::new();
    for account in before.accounts().filter(|account| after.account_level(account).is_some()) {
        if before.is_management_account(account) || after.is_management_account(account) {
            continue;
        }
        let pair = (signature(before, account, &places_before), signature(after, account, &places_after));
        if pair.0 != pair.1 {
            groups.entry(pair).or_default().push(account);
        }
    }
    if groups.is_empty() {
        return changes;
    }
    let actions: BTreeSet<&str> = actions.into_iter().filter(|action| is_decided(action)).collect();
    let profiles = Profiles::of(&documents, &actions);
    let mut merged: BTreeMap<_, ((Why, Why), Vec<String>)> = BTreeMap::new();
    for ((left, right), accounts) in &groups {
        let Some(first) = accounts.first() else { continue };
        let why = |call: &Call| reasons(&before.chain(first), &after.chain(first), call);
        for (outcome, (why, list)) in outcomes(&profiles, (left, right), why) {
            let (_, merged) = merged.entry((outcome, list)).or_insert_with(|| (why, Vec::new()));
            merged.extend(accounts.iter().map(|&account| account.to_owned()));
        }
    }
    changes.permissions = merged
        .into_iter()
        .map(|(((before, after, gone, new), list), ((was, is), mut accounts))| {
            accounts.sort();
            let (why_before, why_after) = (gone.unwrap_or(was), new.unwrap_or(is));
            let (count, actions) = (list.len(), compress(&list, &actions));
            PermissionChange { accounts, before, after, why_before, why_after, actions, count }
        })
        .collect();
    changes.permissions.sort();
    changes
}

fn compare_accounts(before: &Organization, after: &Organization) -> Changes {
    let only = |these: &Organization, others: &Organization| -> Vec<Level> {
        let gone = these.accounts().filter(|account| others.account_level(account).is_none());
        gone.filter_map(|account| these.level(account)).collect()
    };
    let moved = |account: &str| {
        let (from, to) = (before.parent(account)?, after.parent(account)?);
        let (from, to) = (before.level(from)?, after.level(to)?);
        (from.key != to.key).then_some(Move { account: after.level(account)?, from, to })
    };
    Changes {
        added: only(after, before),
        removed: only(before, after),
        moved: before.accounts().filter_map(moved).collect(),
        permissions: Vec::new(),
    }
}

fn signature(organization: &Organization, account: &str, places: &[usize]) -> Signature {
    let chain = organization.chain(account);
    let level = |attached: &[usize]| {
        let mut level: Vec<usize> = attached.iter().filter_map(|index| places.get(*index).copied()).collect();
        level.sort_unstable();
        level
    };
    chain.signature().into_iter().map(level).collect()
}

/// What becomes of the actions below two lists of policies, where it is not the same.
fn outcomes<'a>(
    profiles: &Profiles<'a>,
    (left, right): (&Signature, &Signature),
    why: impl Fn(&Call) -> Reasons,
) -> Outcomes<'a> {
    let mut outcomes = Outcomes::new();
    for (profile, actions) in profiles.iter() {
        let (before, after) = (Reading::of(profile, left), Reading::of(profile, right));
        let same = before.allowed() == after.allowed() && (before.allowed() != Truth::Unknown || before == after);
        let Some(first) = actions.first().filter(|_| !same) else { continue };
        let (both, (gone, new)) = why(&Call::new(first));
        let outcome = (before.allowed(), after.allowed(), gone, new);
        outcomes.entry(outcome).or_insert_with(|| (both, Vec::new())).1.extend(actions);
    }
    outcomes.values_mut().for_each(|(_, actions)| actions.sort_unstable());
    outcomes
}

/// What decided and what decides; of a call that depends both times, what it does not depend on any more and what it newly
/// depends on.
fn reasons(old: &Chain<'_>, new: &Chain<'_>, call: &Call) -> Reasons {
    let (was, is) = (old.decide(call), new.decide(call));
    let both = (was.why.clone(), is.why.clone());
    if (was.allowed, is.allowed) != (Truth::Unknown, Truth::Unknown) {
        return (both, (Some(was.why), Some(is.why)));
    }
    let (old, new) = (old.questions(call), new.questions(call));
    (both, (new.first_beyond(&old), old.first_beyond(&new)))
}

/// The shortest patterns, over all actions that were asked about, that stand for exactly these. Both are in order.
fn compress(actions: &[&str], all: &BTreeSet<&str>) -> Vec<String> {
    if actions.len() == all.len() {
        return vec!["*".to_owned()];
    }
    let service = |action: &str| action.split_once(':').map_or(action, |(service, _)| service).to_ascii_lowercase();
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for action in all {
        *sizes.entry(service(action)).or_default() += 1;
    }
    let mut by_service: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for action in actions {
        by_service.entry(service(action)).or_default().push(action);
    }
    let patterns = by_service.into_iter().flat_map(|(service, list)| {
        // A service of which one action is asked about is no list to shorten.
        if list.len() > 1 && sizes.get(&service) == Some(&list.len()) {
            vec![format!("{service}:*")]
        } else {
            list.into_iter().map(str::to_owned).collect()
        }
    });
    patterns.collect()
}

#[cfg(test)]
mod tests;
