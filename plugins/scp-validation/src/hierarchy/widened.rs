//! What a level denied by not allowing it, and allows now.
//!
//! An action must be allowed on every level from the root to the account ("SCP evaluation"), so a level without
//! `FullAWSAccess` denies all that its Allow statements leave out. To attach a wider Allow there, or to edit the list, takes
//! that Deny away as surely as a detach does; [`super::removed`] sees statements of Deny alone.

use super::describe::{self, quote};
use super::levels::{allows_all, is_full};
use super::pieces::{Piece, Rule, rules};
use super::state::State;
use super::view::View;
use super::{ALLOW_WIDENS, Finding};
use reeve_scp::{Effect, LEVELS_MAX, Organization};
use std::collections::{BTreeMap, BTreeSet};

/// The Allow statements of one level.
struct Allows<'s> {
    /// With the key of the policy that each is of.
    rules: Vec<(&'s str, Rule)>,
}

impl<'s> Allows<'s> {
    /// None when the level has no policy: AWS leaves none without, so that says nothing.
    fn of(state: &'s State, level: &str) -> Option<Self> {
        let keys = state.attached(level);
        let text = |key: &str| state.policies.get(key).map(|policy| policy.text.as_str()).unwrap_or_default();
        let of_policy = |key: &'s String| rules(text(key), Effect::Allow).into_iter().map(|rule| (key.as_str(), rule));
        (!keys.is_empty()).then(|| Self { rules: keys.iter().flat_map(of_policy).collect() })
    }

    fn pieces(&self) -> impl Iterator<Item = (&'s str, &Piece)> {
        self.rules.iter().flat_map(|(key, rule)| rule.pieces.iter().map(|piece| (*key, piece)))
    }

    fn is_full(&self) -> bool {
        self.pieces().any(|(_, piece)| piece.statement().is_some_and(allows_all))
    }

    /// What it allows that `other` does not, with the key of its policy. As [`Piece::is_covered_by`], this may name more.
    fn beyond(&self, other: &Self) -> Vec<(&'s str, &Piece)> {
        self.pieces().filter(|(_, piece)| !other.rules.iter().any(|(_, rule)| piece.is_covered_by(rule))).collect()
    }
}

/// Checks every level above and at the accounts that the request touches. What a move sheds is the host's to refuse
/// (`MOVE_LOSES_DENY`).
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    // Most levels allow everything, which the compiled organization tells without reading a text again.
    let full = |organization: &Organization, level: &str| organization.attached(level).any(is_full);
    let narrow = |level| {
        let was_full = view.before.is_some_and(|before| full(before, level));
        let list = if was_full { None } else { Allows::of(view.base, level) };
        list.filter(|list| !list.is_full()).map(|list| (level, list))
    };
    let lists: BTreeMap<&str, Allows<'_>> = view.touched().into_iter().filter_map(narrow).collect();
    if lists.is_empty() {
        return;
    }
    let mut known: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    let mut widened: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group in view.groups() {
        let parent = |state: &State| state.accounts.get(group.first).map(|account| account.parent.clone());
        if parent(view.base).is_none() || parent(view.base) != parent(view.head) {
            continue;
        }
        let path = view.head.path(group.first, LEVELS_MAX);
        for (level, before) in path.iter().filter_map(|level| lists.get_key_value(level)) {
            // Another level may hold what this one lets go.
            let mut holds = |other| {
                let within = || Allows::of(view.head, other).is_some_and(|now| now.beyond(before).is_empty());
                *known.entry((level, other)).or_insert_with(|| !full(view.after, other) && within())
            };
            if !path.iter().any(|other| holds(*other)) {
                widened.entry(level).or_default().extend(&group.accounts);
            }
        }
    }
    for (level, accounts) in widened {
        if let Some((before, now)) = lists.get(level).zip(Allows::of(view.head, level)) {
            found.push(finding(view, level, &now.beyond(before), &Vec::from_iter(accounts)));
        }
    }
}

fn finding(view: &View<'_>, level: &str, grown: &[(&str, &Piece)], accounts: &[&str]) -> Finding {
    let actions: BTreeSet<&str> = grown.iter().map(|(_, piece)| piece.label.as_str()).collect();
    let key = grown.last().map_or("", |(key, _)| *key);
    let policy = view.head.policies.get(key).map_or(key, |policy| policy.name.as_str());
    let message = format!(
        "{} did not allow {} and so denied it, policy {} allows it there now, in {}",
        describe::target(view.head, level),
        describe::names(actions),
        quote(policy),
        describe::accounts(view.head, accounts)
    );
    let (code, severity, _) = ALLOW_WIDENS;
    let fix = Some("allow no more than before, or say in a waiver why the accounts may do it".to_owned());
    let extra = vec![
        ("policy".to_owned(), policy.to_owned()),
        ("target".to_owned(), level.to_owned()),
        ("accounts".to_owned(), accounts.join(",")),
    ];
    Finding { code, severity, message, fix, at: view.at(Some(key), Some(level)), extra }
}
