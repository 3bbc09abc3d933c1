//! Denies that a request takes away: by a new version or by detaching.

use super::describe::{self, quote};
use super::pieces::{Rule, rules};
use super::state::{State, What};
use super::view::{Group, View};
use super::{DIFF_REMOVES_DENY, Finding};
use reeve_json::Position;
use reeve_scp::{Effect, LEVELS_MAX};
use std::collections::BTreeSet;

/// A Deny that is gone, as far as it is.
pub(crate) struct Lost {
    /// What is not denied any more.
    pub(crate) message: String,
    /// Where to look in the new text: the statement of the same Sid, else the beginning.
    pub(crate) position: Position,
    /// JSON pointer of that place.
    pub(crate) pointer: String,
    /// The Sid of the statement that was.
    pub(crate) sid: Option<String>,
}

/// Compares two versions of a document; `after` is none when it is removed. What cannot be read denies nothing.
pub(crate) fn between(before: &str, after: Option<&str>) -> Vec<Lost> {
    let new = after.map(|text| rules(text, Effect::Deny)).unwrap_or_default();
    rules(before, Effect::Deny).iter().filter_map(|old| lost(old, &new, after.is_none())).collect()
}

fn name(rule: &Rule) -> String {
    rule.sid
        .as_deref()
        .map_or_else(|| "a statement without a sid".to_owned(), |sid| format!("statement {}", quote(sid)))
}

fn lost(old: &Rule, new: &[Rule], removed: bool) -> Option<Lost> {
    let labels = uncovered(old, new);
    if labels.is_empty() {
        return None;
    }
    let same = new.iter().find(|rule| rule.sid.is_some() && rule.sid == old.sid);
    let what = if removed {
        "the file is removed"
    } else if same.is_some() {
        "it got an exemption or less to deny"
    } else {
        "it is dropped"
    };
    let message = format!("{} denied {}: {what}", name(old), describe::names(labels.iter().map(String::as_str)));
    let position = same.map_or(Position { line: 1, column: 1 }, |rule| rule.position);
    let pointer = same.map(|rule| rule.pointer.clone()).unwrap_or_default();
    Some(Lost { message, position, pointer, sid: old.sid.clone() })
}

/// What of a rule no other rule does.
fn uncovered(old: &Rule, new: &[Rule]) -> BTreeSet<String> {
    let left = old.pieces.iter().filter(|piece| !new.iter().any(|rule| piece.is_covered_by(rule)));
    left.map(|piece| piece.label.clone()).collect()
}

/// Checks what accounts lose because other policies bind them. A new version of a policy is compared by [`between`].
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for group in view.groups() {
        chains(view, &group, &mut told, found);
    }
}

/// Keys of the policies that bind an account.
fn bound<'s>(state: &'s State, account: &'s str) -> BTreeSet<&'s str> {
    let path = state.path(account, LEVELS_MAX);
    path.into_iter().flat_map(|level| state.attached(level)).map(String::as_str).collect()
}

/// Denies of policies that bound an account and do not any more. A policy that still does has been compared by text.
fn chains(view: &View<'_>, group: &Group<'_>, told: &mut BTreeSet<String>, found: &mut Vec<Finding>) {
    let parent = |state: &State| state.accounts.get(group.first).map(|account| account.parent.clone());
    // What a move sheds is the host's to refuse (`MOVE_LOSES_DENY`), and the gate file says where it may.
    if parent(view.base).is_none() || parent(view.base) != parent(view.head) {
        return;
    }
    let (before, after) = (bound(view.base, group.first), bound(view.head, group.first));
    let gone: Vec<&str> = before.difference(&after).copied().collect();
    if gone.is_empty() {
        return;
    }
    let text = |state: &State, key: &str| state.policies.get(key).map(|policy| policy.text.clone()).unwrap_or_default();
    let new: Vec<Rule> = after.iter().flat_map(|key| rules(&text(view.head, key), Effect::Deny)).collect();
    let accounts = describe::accounts(view.head, &group.accounts);
    for key in gone {
        let policy = view.base.policies.get(key).map_or(key, |policy| policy.name.as_str());
        for rule in rules(&text(view.base, key), Effect::Deny) {
            let labels = uncovered(&rule, &new);
            if labels.is_empty() {
                continue;
            }
            let message = format!(
                "{} of policy {} no longer denies {} in {accounts}",
                name(&rule),
                quote(policy),
                describe::names(labels.iter().map(String::as_str))
            );
            if told.insert(message.clone()) {
                let (code, severity, _) = DIFF_REMOVES_DENY;
                let fix = Some("attach the policy where the accounts are, or say in a waiver why it may go".to_owned());
                let mut extra =
                    vec![("policy".to_owned(), policy.to_owned()), ("accounts".to_owned(), group.accounts.join(","))];
                extra.extend(rule.sid.clone().map(|sid| ("sid".to_owned(), sid)));
                let at = view.at(Some(key), None);
                let at = if view
                    .changes
                    .iter()
                    .any(|change| change.at == at && matches!(change.what, What::Detached { .. }))
                {
                    at
                } else {
                    view.at(None, Some(group.first))
                };
                found.push(Finding { code, severity, message, fix, at, extra });
            }
        }
    }
}
