//! Who loses what he needs: the gate's roles, protected roles, and everybody, of the actions in use.

use super::describe::{self, quote};
use super::view::View;
use super::{ALLOW_MISSING_AT_LEVEL, Code, Finding, PROTECTED_ROLE_LOCKOUT, SELF_LOCKOUT};
use crate::rules::Severity;
use reeve_scp::{Call, Level, Lockout, Organization, Protected, Truth, Why, lockouts};
use std::collections::{BTreeMap, BTreeSet};

/// Checks the request.
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    roles(view, &view.settings.gate_roles, SELF_LOCKOUT, "the gate's role", found);
    roles(view, &view.settings.protect, PROTECTED_ROLE_LOCKOUT, "the protected role", found);
    in_use(view, found);
}

/// What the protected principals lose, in the accounts that are there.
fn lost(organization: &Organization, protected: &[Protected]) -> Vec<Lockout> {
    let there = |id: &&String| organization.level(id).is_some();
    let protected: Vec<Protected> = protected
        .iter()
        .map(|it| Protected { accounts: it.accounts.iter().filter(there).cloned().collect(), ..it.clone() })
        .zip(protected)
        // Of all accounts that are named none is there: that is none, not all.
        .filter(|(known, asked)| known.accounts.is_empty() == asked.accounts.is_empty())
        .map(|(known, _)| known)
        .collect();
    // An account that is not there is the only error, and those are gone.
    lockouts(organization, &protected).unwrap_or_default()
}

/// Accounts and actions of one cause.
type Lost = (BTreeSet<String>, BTreeSet<String>);

fn roles(view: &View<'_>, protected: &[Protected], code: Code, what: &str, found: &mut Vec<Finding>) {
    let key = |it: &Lockout| (it.account.clone(), it.principal.clone(), it.action.clone());
    let mut known: BTreeMap<_, bool> = BTreeMap::new();
    for it in view.before.map(|before| lost(before, protected)).unwrap_or_default() {
        known.insert(key(&it), it.certain);
    }
    // One finding for what one cause takes from one role.
    let mut groups: BTreeMap<(String, bool, Why), Lost> = BTreeMap::new();
    for it in lost(view.after, protected) {
        let worse = known.get(&key(&it)).is_none_or(|was_certain| it.certain && !was_certain);
        if worse {
            let (accounts, actions) = groups.entry((it.principal, it.certain, it.why)).or_default();
            accounts.insert(it.account);
            actions.insert(it.action);
        }
    }
    for ((principal, certain, why), (accounts, actions)) in groups {
        let ids: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let verb = if certain { "loses" } else { "may lose" };
        let message = format!(
            "{what} {} {verb} {} in {}: {}",
            quote(&principal),
            describe::names(actions.iter().map(String::as_str)),
            describe::accounts(view.head, &ids),
            cause(&why)
        );
        let (policy, target) = place(&why);
        let mut extra = vec![("accounts".to_owned(), ids.join(",")), ("principal".to_owned(), principal.clone())];
        extra.extend(source(&why));
        let severity = if certain { code.1 } else { Severity::Warning };
        let fix = Some("exempt it by `ArnNotLike` on `aws:PrincipalArn`, or spare the actions".to_owned());
        // An account's own level is not told: the group has many.
        let at = view.at(policy.as_deref(), target.as_deref().or(ids.first().copied()));
        found.push(Finding { code: code.0, severity, message, fix, at, extra });
    }
}

/// A cause in words.
fn cause(why: &Why) -> String {
    let statement = |source: &reeve_scp::Source| {
        let name = source
            .sid
            .as_deref()
            .map_or_else(|| format!("statement {}", source.statement + 1), |sid| format!("statement {}", quote(sid)));
        format!("{name} of policy {} on {}", quote(&source.policy_name), describe::level(&source.level))
    };
    match why {
        Why::Denied(source) => format!("{} denies it", statement(source)),
        Why::MayBeDenied(source) => format!("{} may deny it", statement(source)),
        Why::NotAllowed(level) => format!("no policy of {} allows it", describe::level(level)),
        Why::MayNotBeAllowed(level) => format!("the policies of {} allow it under conditions", describe::level(level)),
        Why::ManagementAccount | Why::ServiceLinkedRole | Why::Allowed => "nothing denies it".to_owned(),
    }
}

/// The policy and the level that decide.
fn place(why: &Why) -> (Option<String>, Option<String>) {
    match why {
        Why::Denied(source) | Why::MayBeDenied(source) => (Some(source.policy.clone()), Some(source.level.key.clone())),
        Why::NotAllowed(level) | Why::MayNotBeAllowed(level) => (None, Some(level.key.clone())),
        Why::ManagementAccount | Why::ServiceLinkedRole | Why::Allowed => (None, None),
    }
}

fn source(why: &Why) -> Vec<(String, String)> {
    let (Why::Denied(source) | Why::MayBeDenied(source)) = why else { return Vec::new() };
    let mut extra = vec![
        ("policy".to_owned(), source.policy_name.clone()),
        ("pointer".to_owned(), format!("/Statement/{}", source.statement)),
        ("line".to_owned(), source.position.line.to_string()),
        ("column".to_owned(), source.position.column.to_string()),
    ];
    extra.extend(source.sid.clone().map(|sid| ("sid".to_owned(), sid)));
    extra
}

/// Actions in use that a level stops to allow, whoever calls.
fn in_use(view: &View<'_>, found: &mut Vec<Finding>) {
    let mut groups: BTreeMap<Level, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for group in view.groups() {
        for action in &view.settings.actions_in_use {
            let call = Call::new(action);
            let decide = |organization: &Organization| organization.decide(group.first, &call).ok();
            let before = view.before.and_then(decide).is_none_or(|before| before.allowed != Truth::False);
            let Some(Why::NotAllowed(level)) = decide(view.after).map(|after| after.why).filter(|_| before) else {
                continue;
            };
            let (actions, accounts) = groups.entry(level).or_default();
            actions.insert(action);
            accounts.extend(&group.accounts);
        }
    }
    for (level, (actions, accounts)) in groups {
        let ids: Vec<&str> = accounts.into_iter().collect();
        let message = format!(
            "no policy of {} allows {}, in use in {}",
            describe::level(&level),
            describe::names(actions),
            describe::accounts(view.head, &ids)
        );
        let fix = Some("allow the actions on that level too: every level must".to_owned());
        let extra = vec![("accounts".to_owned(), ids.join(",")), ("target".to_owned(), level.key.clone())];
        let at = view.at(None, Some(&level.key));
        found.push(Finding {
            code: ALLOW_MISSING_AT_LEVEL.0,
            severity: ALLOW_MISSING_AT_LEVEL.1,
            message,
            fix,
            at,
            extra,
        });
    }
}
