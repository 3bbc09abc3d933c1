//! What the service control policies of a tree leave of permissions: who would be locked out, and which actions change
//! for which accounts.

use super::place::in_policy;
use crate::project::Project;
use reeve_model::{Finding, Place, Severity};
use reeve_scp::table::ActionTable;
use reeve_scp::{Level, LevelKind, Lockout, Organization, PermissionChange, Protected, Source, Truth, Why};
use std::collections::{BTreeMap, BTreeSet};

/// Name under which this is told.
const BY: &str = "simulation";
/// Most names in one message: as many as a person reads.
const NAMED_MAX: usize = 8;

/// Principals that the policies of a tree lock out, or may lock out.
#[must_use]
pub(crate) fn lockouts(project: &Project, organization: &Organization) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known: BTreeSet<&str> = organization.accounts().collect();
    let mut protected = Vec::new();
    for it in &project.file.check.protect {
        let accounts = it.accounts.clone().unwrap_or_default();
        for unknown in accounts.iter().filter(|name| !known.contains(name.as_str())) {
            let message = format!("protected account `{}` is not in the accounts file", unknown.escape_debug());
            findings.push(Finding::new(BY, "PROTECT_UNKNOWN_ACCOUNT", Severity::Error, message).about(&it.principal));
        }
        let accounts: Vec<String> = accounts.into_iter().filter(|name| known.contains(name.as_str())).collect();
        if it.accounts.is_none() || !accounts.is_empty() {
            protected.push(Protected { principal: it.principal.clone(), accounts, actions: it.actions.clone() });
        }
    }
    protected.extend(gate_roles(project, &known));
    match reeve_scp::lockouts(organization, &protected) {
        Ok(found) => findings.extend(locked_out(project, found)),
        Err(error) => findings.push(Finding::new(BY, "NOT_SIMULATED", Severity::Error, error.to_string())),
    }
    findings
}

/// The roles that gates assume, in the accounts of the file that they live in.
fn gate_roles(project: &Project, known: &BTreeSet<&str>) -> Vec<Protected> {
    let mut protected = Vec::new();
    for role in project.roles.iter() {
        let id = role.arn.split(':').nth(4).unwrap_or_default();
        let principal = role.arn.replace("{account}", "*");
        let accounts: Vec<String> = match project.accounts.by_id(id) {
            Some(account) if known.contains(account.name()) => vec![account.name().to_owned()],
            // The role is in every account, or in one that no policy of this file binds.
            None if role.arn.contains("{account}") => Vec::new(),
            Some(_) | None => continue,
        };
        let actions = role.actions.iter().map(|action| (*action).to_owned()).collect();
        protected.push(Protected { principal, accounts, actions });
    }
    protected
}

/// One finding for each principal and each thing that locks it out.
fn locked_out(project: &Project, found: Vec<Lockout>) -> Vec<Finding> {
    type Group = (BTreeSet<String>, BTreeSet<String>, Why);
    let mut groups: BTreeMap<(String, bool, String), Group> = BTreeMap::new();
    for it in found {
        let key = (it.principal, it.certain, cause(&it.why));
        let group = groups.entry(key).or_insert_with(|| (BTreeSet::new(), BTreeSet::new(), it.why));
        group.0.insert(it.account);
        group.1.insert(it.action);
    }
    let finding = |((principal, certain, cause), (accounts, actions, why)): ((String, bool, String), Group)| {
        let (code, severity, loses) = if certain {
            ("LOCKED_OUT", Severity::Error, "loses")
        } else {
            ("MAY_BE_LOCKED_OUT", Severity::Warning, "may lose")
        };
        // The message names a few; what it is about is all of them, so that a lock-out of others is another finding.
        let subject = format!("{principal}: {}", [&accounts, &actions].map(joined).join(": "));
        let (actions, accounts) = (named(actions.iter()), named(accounts.iter()));
        let message = format!("`{}` {loses} {actions} in {accounts}: {cause}", principal.escape_debug());
        let finding = Finding::new(BY, code, severity, message).about(subject);
        at(
            finding.fix("spare it with `ArnNotLike` on `aws:PrincipalArn`, or leave the policy unattached"),
            place(project, &why),
        )
    };
    groups.into_iter().map(finding).collect()
}

/// Which actions change for which accounts. `table` says which actions there are.
#[must_use]
pub(crate) fn changes(
    base: (&Project, &Organization),
    head: (&Project, &Organization),
    table: &ActionTable<'_>,
) -> Vec<Finding> {
    let names: Vec<String> = table
        .services()
        .flat_map(|service| {
            let prefix = service.prefix().to_owned();
            service.actions().map(move |action| format!("{prefix}:{}", action.name())).collect::<Vec<_>>()
        })
        .collect();
    let changes = reeve_scp::changes(base.1, head.1, names.iter().map(String::as_str));
    changes.permissions.iter().map(|change| permission(base.0, head.0, change)).collect()
}

fn permission(base: &Project, head: &Project, change: &PermissionChange) -> Finding {
    let (code, severity, becomes) = match (change.before, change.after) {
        (_, Truth::False) => ("ACTIONS_NOW_DENIED", Severity::Info, "are denied from now on"),
        (Truth::False, Truth::True) => ("ACTIONS_NOW_ALLOWED", Severity::Warning, "are no longer denied"),
        (Truth::Unknown, Truth::True) => ("ACTIONS_NOW_ALLOWED", Severity::Warning, "no longer depend on a condition"),
        (Truth::True, Truth::True) => ("ACTIONS_CHANGE", Severity::Info, "are allowed for another reason"),
        (Truth::True | Truth::False, Truth::Unknown) => {
            ("ACTIONS_NOW_CONDITIONAL", Severity::Info, "depend on a condition from now on")
        }
        (Truth::Unknown, Truth::Unknown) => ("ACTIONS_NOW_CONDITIONAL", Severity::Info, "depend on another condition"),
    };
    let (actions, accounts) = (named(change.actions.iter()), named(change.accounts.iter()));
    let cause = match change.after {
        Truth::True => format!("before, {}", cause(&change.why_before)),
        Truth::False | Truth::Unknown => cause(&change.why_after),
    };
    let message = format!("{} actions ({actions}) {becomes} in {accounts}: {cause}", change.count);
    let finding = Finding::new(BY, code, severity, message).about(change.accounts.join(" "));
    // What allows from now on is a statement that is gone: the place is where it was attached.
    let place = match change.after {
        Truth::True => detached(head, &change.why_before).or_else(|| place(base, &change.why_before)),
        Truth::False | Truth::Unknown => place(head, &change.why_after),
    };
    at(finding, place)
}

/// What decides, as the end of a message.
pub(crate) fn cause(why: &Why) -> String {
    let statement = |source: &Source| match &source.sid {
        Some(sid) => format!("statement `{}`", sid.escape_debug()),
        None => format!("statement {}", source.statement + 1),
    };
    let level = |level: &Level| match level.kind {
        LevelKind::Root => "the root".to_owned(),
        LevelKind::Unit => format!("unit `{}`", level.name.escape_debug()),
        LevelKind::Account => format!("account `{}`", level.name.escape_debug()),
    };
    let of = |source: &Source, word: &str| {
        let policy = source.policy_name.escape_debug();
        format!("{} of policy `{policy}` at {} {word}", statement(source), level(&source.level))
    };
    match why {
        Why::ManagementAccount => "policies do not bind the management account".to_owned(),
        Why::ServiceLinkedRole => "policies do not bind service-linked roles".to_owned(),
        Why::Allowed => "every level allows it".to_owned(),
        Why::Denied(source) => of(source, "denies it"),
        Why::NotAllowed(at) => format!("no policy at {} allows it", level(at)),
        Why::MayBeDenied(source) => of(source, "denies it under a condition"),
        Why::MayNotBeAllowed(at) => format!("what {} allows depends on a condition", level(at)),
    }
}

/// Where what decides stands in the files.
pub(crate) fn place(project: &Project, why: &Why) -> Option<Place> {
    match why {
        Why::Denied(source) | Why::MayBeDenied(source) => {
            let file = project.scps.get(&source.policy_name)?;
            Some(in_policy(&file.path, &file.text, &format!("/Statement/{}", source.statement)))
        }
        Why::NotAllowed(level) | Why::MayNotBeAllowed(level) => level_place(project, level),
        Why::ManagementAccount | Why::ServiceLinkedRole | Why::Allowed => None,
    }
}

/// Where a statement that is not at work any more was attached, as the files are now.
fn detached(head: &Project, why: &Why) -> Option<Place> {
    match why {
        Why::Denied(source) | Why::MayBeDenied(source) => level_place(head, &source.level),
        Why::NotAllowed(level) | Why::MayNotBeAllowed(level) => level_place(head, level),
        Why::ManagementAccount | Why::ServiceLinkedRole | Why::Allowed => None,
    }
}

fn level_place(project: &Project, level: &Level) -> Option<Place> {
    match level.kind {
        LevelKind::Root | LevelKind::Unit => project.state.units.get(&level.name)?.place.clone(),
        LevelKind::Account => project.state.accounts.get(&level.name)?.place.clone(),
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A few names in backticks, and how many more there are.
fn named<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let mut text =
        names.take(NAMED_MAX).map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn at(finding: Finding, place: Option<Place>) -> Finding {
    match place {
        Some(place) => finding.at(place),
        None => finding,
    }
}
