//! What stands on one level: how many policies, whether they allow anything, whether they were tried before.

use super::describe::{self, quote};
use super::state::{Change, State, What};
use super::view::View;
use super::{
    ALLOW_INEFFECTIVE, ALLOW_SHRINKS, ATTACH_COUNT, Code, DENY_ONLY_SOLE_SCP, DEPTH, Finding, LAST_SCP, MGMT_NO_EFFECT,
    ROOT_ATTACH_UNTESTED,
};
use reeve_scp::{Effect, LEVELS_MAX, Organization, Policy, Statement};

/// Units below the root, one in another ("Quotas for AWS Organizations").
const UNITS_DEEP_MAX: usize = 5;

fn finding(code: Code, at: String, message: String, fix: &str, target: &str) -> Finding {
    let extra = vec![("target".to_owned(), target.to_owned())];
    Finding { code: code.0, severity: code.1, message, fix: Some(fix.to_owned()), at, extra }
}

/// Reports accounts that a request moves, and targets that it names, deeper than AWS allows.
pub(super) fn depth(head: &State, changes: &[Change], found: &mut Vec<Finding>) {
    for change in changes {
        let target = match &change.what {
            What::Attached { target, .. } | What::Detached { target, .. } => target,
            What::Moved { account } => account,
            What::Stored { .. } => continue,
        };
        let units = head.path(target, LEVELS_MAX + 1).iter().filter(|id| head.units.contains_key(**id)).count();
        if units > UNITS_DEEP_MAX {
            let message = format!(
                "{} is below {units} units, AWS allows {UNITS_DEEP_MAX} below the root",
                describe::target(head, target)
            );
            found.push(finding(DEPTH, change.at.clone(), message, "use a unit that is less deep", target));
        }
    }
}

/// Checks every level that the request touches.
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    for target in view.touched() {
        count(view, target, found);
        allows(view, target, found);
    }
    for change in view.changes {
        let What::Attached { policy, target } = &change.what else { continue };
        if *target == view.head.management_account {
            let message =
                format!("{} is the management account, SCPs do not bind it", describe::target(view.head, target));
            found.push(finding(MGMT_NO_EFFECT, change.at.clone(), message, "attach it to a unit", target));
        }
        if *target == view.head.root {
            untested(view, policy, &change.at, found);
        }
    }
    named(view, found);
}

fn count(view: &View<'_>, target: &str, found: &mut Vec<Finding>) {
    let (before, after) = (view.base.attached(target).len(), view.head.attached(target).len());
    let name = describe::target(view.head, target);
    if after > view.settings.attach_max && after > before {
        let message = format!("{name} gets {after} policies, AWS allows {}", view.settings.attach_max);
        found.push(finding(ATTACH_COUNT, view.at(None, Some(target)), message, "join two policies to one", target));
    }
    if after == 0 && before > 0 {
        let message = format!("{name} is left without a policy, AWS refuses that and nothing would be allowed");
        let fix = "attach another policy first, such as `FullAWSAccess`";
        found.push(finding(LAST_SCP, view.at(None, Some(target)), message, fix, target));
    }
}

/// Whether a statement allows everything, whatever the request is.
pub(super) fn allows_all(statement: &Statement) -> bool {
    statement.effect() == Effect::Allow
        && !statement.is_not_action()
        && !statement.is_not_resource()
        && statement.condition_keys().next().is_none()
        && statement.actions().iter().any(|action| matches!(action.as_str(), "*" | "*:*"))
        && statement.resources().iter().any(|resource| resource == "*")
}

fn has_allow(policy: &Policy) -> bool {
    policy.document.statements().iter().any(|statement| statement.effect() == Effect::Allow)
}

/// Whether one statement of a policy allows everything.
pub(super) fn is_full(policy: &Policy) -> bool {
    policy.document.statements().iter().any(allows_all)
}

/// Whether some policy of the target allows anything, and whether one allows everything.
fn allowance(organization: &Organization, target: &str) -> (bool, bool) {
    let any = organization.attached(target).any(has_allow);
    (any, organization.attached(target).any(is_full))
}

fn allows(view: &View<'_>, target: &str, found: &mut Vec<Finding>) {
    if view.head.attached(target).is_empty() {
        return;
    }
    let (before_any, before_full) = view.before.map_or((true, true), |before| {
        if view.base.attached(target).is_empty() { (true, false) } else { allowance(before, target) }
    });
    let (any, full) = allowance(view.after, target);
    let name = describe::target(view.head, target);
    let at = || view.at(None, Some(target));
    if !any {
        if before_any {
            let message = format!("no policy of {name} allows anything: every action is denied below it");
            let fix = "attach `FullAWSAccess` beside the policies that deny";
            found.push(finding(DENY_ONLY_SOLE_SCP, at(), message, fix, target));
        }
    } else if !full && before_full {
        let message =
            format!("{name} allowed everything and allows only a part of it now: the rest is denied below it");
        let fix = "keep `FullAWSAccess` and deny what is not wanted";
        found.push(finding(ALLOW_SHRINKS, at(), message, fix, target));
    }
    if full {
        for policy in view.after.attached(target).filter(|policy| has_allow(policy) && !is_full(policy)) {
            let everything =
                view.after.attached(target).find(|policy| is_full(policy)).map_or("", |policy| &policy.name);
            let new = view.changes.iter().any(|change| change.stores(&policy.key))
                || !view.base.attached(target).contains(&policy.key);
            if new {
                let message = format!(
                    "what {} allows restricts nothing on {name}: {} allows everything there",
                    quote(&policy.name),
                    quote(everything)
                );
                let fix = "deny what is not wanted, or detach the policy that allows everything";
                let at = view.at(Some(&policy.key), Some(target));
                found.push(finding(ALLOW_INEFFECTIVE, at, message, fix, target));
            }
        }
    }
}

/// A policy on the root binds every account at once: it is tried on a unit first, with the same text.
fn untested(view: &View<'_>, key: &str, at: &str, found: &mut Vec<Finding>) {
    let units = &view.settings.test_units;
    let (Some(policy), false) = (view.head.policies.get(key), units.is_empty()) else { return };
    let is_test = |id: &String| {
        units.iter().any(|unit| unit == id || view.base.units.get(id).is_some_and(|known| known.name == *unit))
    };
    let tried = view.base.attachments.iter().filter(|(target, _)| is_test(target)).any(|(_, keys)| {
        keys.iter().any(|key| view.base.policies.get(key).is_some_and(|known| known.text == policy.text))
    });
    let already = view.base.attached(&view.head.root).iter().any(|attached| attached == key);
    if !tried && !already {
        let names = describe::names(units.iter().map(String::as_str));
        let message =
            format!("{} goes to the root, this text of it was on none of {names} before", quote(&policy.name));
        let fix = "attach it to a test unit in a request of its own first";
        found.push(finding(ROOT_ATTACH_UNTESTED, at.to_owned(), message, fix, &view.head.root));
    }
}

/// Rules for principals of the management account.
fn named(view: &View<'_>, found: &mut Vec<Finding>) {
    for change in view.changes {
        let What::Stored { policy, .. } = &change.what else { continue };
        let Some(policy) = view.head.policies.get(policy) else { continue };
        for (text, position, pointer) in crate::rules::aimed_principals(&policy.text) {
            let account = &view.head.management_account;
            if text != *account && text.split(':').nth(4) != Some(account) {
                continue;
            }
            let message = format!("{} is of the management account, SCPs do not bind its principals", quote(&text));
            let mut finding =
                finding(MGMT_NO_EFFECT, change.at.clone(), message, "remove it", &view.head.management_account);
            finding.extra.extend([
                ("policy".to_owned(), policy.name.clone()),
                ("pointer".to_owned(), pointer),
                ("line".to_owned(), position.line.to_string()),
                ("column".to_owned(), position.column.to_string()),
            ]);
            found.push(finding);
        }
    }
}
