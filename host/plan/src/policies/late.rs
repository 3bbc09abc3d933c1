//! What may be detached only after accounts have moved away.
//!
//! An account that goes from a unit with a Deny to one that has it too must not be without it on the way: were the policy
//! detached first and the move then refused, the account would be left where nothing denies.

use super::diff::PairChange;
use super::{Target, is_first};
use crate::compare::Pair;
use reeve_scp::{Document, Effect};
use std::collections::BTreeSet;

/// An account on its way from one unit to another.
pub(super) struct Move {
    /// Id of the request.
    id: String,
    account: String,
    /// Units that bind it now and will not.
    left: BTreeSet<String>,
    /// The unit it goes to.
    to: String,
}

/// The accounts that are to move.
pub(super) fn moves(pair: &Pair<'_>) -> Vec<Move> {
    let mut moves = Vec::new();
    for (name, account) in &pair.after.accounts {
        let was = pair.account_before(name).and_then(|(_, before)| before.unit.as_deref());
        let (Some(was), Some(to)) = (was.map(|was| pair.unit_now(was)), account.unit.as_deref()) else { continue };
        if was == to {
            continue;
        }
        let above: BTreeSet<String> = pair.path_up(to).into_iter().collect();
        let left = pair.path_up(was).into_iter().filter(|unit| !above.contains(unit)).collect();
        moves.push(Move { id: format!("move-account/{name}"), account: name.clone(), left, to: to.to_owned() });
    }
    moves
}

/// Ids of the moves that must have been made before a pair is detached.
pub(super) fn awaited(pair: &Pair<'_>, moves: &[Move], change: &PairChange<'_>) -> BTreeSet<String> {
    let leaves = |it: &&Move| match &change.target {
        Target::Unit(unit) => it.left.contains(unit),
        Target::Account(account) => *account == it.account,
    };
    if change.attach || is_first(change.policy) {
        return BTreeSet::new();
    }
    // Where the Deny is to go altogether, the move waits for that: the gate refuses one that loses a Deny.
    moves.iter().filter(leaves).filter(|it| is_kept(pair, change.policy, it)).map(|it| it.id.clone()).collect()
}

/// Whether an account will be denied, where it goes, all that a policy denies it now.
fn is_kept(pair: &Pair<'_>, policy: &str, account: &Move) -> bool {
    let bound = pair.path_up(&account.to).into_iter().filter_map(|unit| pair.after.units.get(&unit)?.policies.as_ref());
    let own = pair.after.accounts.get(&account.account).and_then(|account| account.policies.as_ref());
    let names: BTreeSet<&String> = bound.chain(own).flat_map(|attached| attached.keys()).collect();
    let parse = |text: &str| Document::parse(text).ok();
    let after: Vec<Document> =
        names.into_iter().filter_map(|name| parse(&pair.after.policies.get(name)?.document)).collect();
    let Some(before) = pair.before.policies.get(policy).and_then(|policy| parse(&policy.document)) else {
        return false;
    };
    let mut denies = before.statements().iter().filter(|it| it.effect() == Effect::Deny);
    denies.all(|deny| {
        let mut there = after.iter().flat_map(Document::statements);
        there.any(|it| it.effect() == Effect::Deny && it.covers(deny))
    })
}
