//! Statements that change nothing where they are attached, because of what stands further up.

use super::describe::{self, quote};
use super::levels::allows_all;
use super::pieces::{Piece, Rule, rules, turned};
use super::state::What;
use super::view::View;
use super::{ALLOW_UNREACHABLE, Code, Finding, SHADOWED_DENY};
use reeve_scp::{Effect, Glob, LEVELS_MAX, Statement};
use std::collections::BTreeSet;

/// Checks every policy that the request stores or attaches, wherever it is attached then.
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for change in view.changes {
        match &change.what {
            What::Attached { policy, target } => {
                pairs.insert((target, policy));
            }
            What::Stored { policy, .. } => {
                let holding = view.head.attachments.iter().filter(|(_, keys)| keys.contains(policy));
                pairs.extend(holding.map(|(target, _)| (target.as_str(), policy.as_str())));
            }
            What::Detached { .. } | What::Moved { .. } => {}
        }
    }
    for (target, key) in pairs {
        let Some(policy) =
            view.head.policies.get(key).filter(|_| view.head.attached(target).iter().any(|it| it == key))
        else {
            continue;
        };
        let above: Vec<&str> = view.head.path(target, LEVELS_MAX).into_iter().skip(1).collect();
        for rule in rules(&policy.text, Effect::Deny) {
            if let Some((level, upper)) = shadow(view, &above, &rule) {
                let message = format!(
                    "what the Deny says on {} is said by policy {} on {} already",
                    describe::target(view.head, target),
                    quote(upper),
                    describe::target(view.head, level)
                );
                found.push(finding(view, SHADOWED_DENY, (target, key, &policy.name), &rule, message, "remove it"));
            }
        }
        for rule in rules(&policy.text, Effect::Allow) {
            let dead: Vec<(&Piece, String)> =
                rule.pieces.iter().filter_map(|piece| Some((piece, unreachable(view, &above, piece)?))).collect();
            let Some((_, why)) = dead.first() else { continue };
            let labels: BTreeSet<&str> = dead.iter().map(|(piece, _)| piece.label.as_str()).collect();
            let message = format!(
                "the Allow of {} on {} has no effect: {why}",
                describe::names(labels),
                describe::target(view.head, target)
            );
            let fix = "remove it, or allow the actions further up";
            found.push(finding(view, ALLOW_UNREACHABLE, (target, key, &policy.name), &rule, message, fix));
        }
    }
}

fn finding(
    view: &View<'_>,
    code: Code,
    (target, key, name): (&str, &str, &str),
    rule: &Rule,
    message: String,
    fix: &str,
) -> Finding {
    let mut extra = vec![
        ("policy".to_owned(), name.to_owned()),
        ("target".to_owned(), target.to_owned()),
        ("pointer".to_owned(), rule.pointer.clone()),
        ("line".to_owned(), rule.position.line.to_string()),
        ("column".to_owned(), rule.position.column.to_string()),
    ];
    extra.extend(rule.sid.clone().map(|sid| ("sid".to_owned(), sid)));
    let at = view.at(Some(key), Some(target));
    let message = format!("policy {} {}: {message}", quote(name), rule.position);
    Finding { code: code.0, severity: code.1, message, fix: Some(fix.to_owned()), at, extra }
}

/// The level and the name of a policy above whose Denies take in all of the rule.
fn shadow<'v>(view: &View<'v>, above: &[&'v str], rule: &Rule) -> Option<(&'v str, &'v str)> {
    for level in above {
        for policy in view.after.attached(level) {
            let denies = || policy.document.statements().iter().filter(|upper| upper.effect() == Effect::Deny);
            let mut pieces = rule.pieces.iter().filter_map(Piece::statement);
            let covered = !rule.pieces.is_empty() && pieces.all(|mine| denies().any(|upper| upper.covers(mine)));
            if covered {
                return Some((level, policy.name.as_str()));
            }
        }
    }
    None
}

/// Why what an Allow lets pass never gets through the levels above, if so.
fn unreachable(view: &View<'_>, above: &[&str], piece: &Piece) -> Option<String> {
    let mine = piece.statement()?;
    if allows_all(mine) {
        return None;
    }
    let denied = turned(piece, "Deny")?;
    let denied = denied.statements().first()?;
    for level in above {
        for policy in view.after.attached(level) {
            if policy.document.statements().iter().any(|upper| upper.covers(denied)) {
                let place = describe::target(view.head, level);
                return Some(format!("policy {} on {place} denies it", quote(&policy.name)));
            }
        }
        let mut statements = view.after.attached(level).flat_map(|policy| policy.document.statements());
        let attached = view.after.attached(level).next().is_some();
        if attached && !statements.any(|upper| upper.effect() == Effect::Allow && may_allow(upper, mine)) {
            return Some(format!("no policy of {} allows it", describe::target(view.head, level)));
        }
    }
    None
}

/// Whether an Allow can speak of an action that the other statement speaks of.
fn may_allow(upper: &Statement, mine: &Statement) -> bool {
    let globs = |statement: &Statement| -> Vec<Glob> {
        statement.actions().iter().map(|action| Glob::new(&action.to_ascii_lowercase())).collect()
    };
    let (upper_globs, my_globs) = (globs(upper), globs(mine));
    match (upper.is_not_action(), mine.is_not_action()) {
        (false, false) => upper_globs.iter().any(|upper| my_globs.iter().any(|mine| upper.meets(mine))),
        (true, false) => my_globs.iter().any(|mine| !upper_globs.iter().any(|upper| upper.covers(mine))),
        // All but a few always meets a list, unless the list is among those few; that is too rare to be told.
        (false | true, true) => true,
    }
}
