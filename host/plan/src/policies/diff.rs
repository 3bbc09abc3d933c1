//! What differs between policies and attachments of two states.

use super::{Target, is_first};
use crate::compare::Pair;
use crate::document::{Allows, allows, same};
use crate::gates::finding;
use crate::state::Attached;
use crate::{Origin, ROOT};
use reeve_model::{Finding, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// One policy that is to be attached to one target, or detached from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PairChange<'a> {
    pub(super) policy: &'a str,
    pub(super) target: Target,
    pub(super) attach: bool,
    pub(super) place: Option<Place>,
}

/// All that differs.
#[derive(Debug, Default)]
pub(super) struct Difference<'a> {
    /// Policies whose documents are new or other than they were.
    pub(super) documents: BTreeSet<&'a str>,
    /// Pairs on targets whose id is known, or which requests name by name.
    pub(super) pairs: Vec<PairChange<'a>>,
    /// Pairs on accounts whose id is not known yet, by account.
    pub(super) awaiting: BTreeMap<&'a str, Vec<PairChange<'a>>>,
}

/// A target with what is attached to it, before and after.
struct Attachments<'a> {
    target: Target,
    before: Option<BTreeSet<&'a str>>,
    after: &'a Attached,
    place: Option<Place>,
}

pub(super) fn of<'a>(pair: &Pair<'a>, findings: &mut Vec<Finding>) -> Difference<'a> {
    let mut difference = Difference { documents: documents(pair, findings), ..Difference::default() };
    for attachments in targets(pair, findings) {
        let known = |name: &str| pair.after.policies.contains_key(name) || pair.before.policies.contains_key(name);
        let before = attachments.before.clone().unwrap_or_default();
        // What was so before, in files too, is for the checks of the files to tell.
        let as_before =
            |policy: &String| before.contains(policy.as_str()) && !pair.before.policies.contains_key(policy);
        let missing = attachments.after.iter().filter(|(policy, _)| !has_file(pair, policy) && !as_before(policy));
        for (policy, place) in missing {
            findings.push(file_missing(pair, policy, place.clone(), &attachments.target));
        }
        let place = attachments.place.clone();
        let change = |policy: &'a str, attach: bool, place: Option<Place>| PairChange {
            policy,
            target: attachments.target.clone(),
            attach,
            place,
        };
        let mut changes: Vec<PairChange<'a>> = attachments
            .after
            .iter()
            .filter(|(policy, _)| !before.contains(policy.as_str()) && known(policy))
            .map(|(policy, at)| change(policy, true, at.clone()))
            .collect();
        let gone = before.iter().filter(|policy| !attachments.after.contains_key(**policy));
        changes.extend(gone.map(|policy| change(policy, false, place.clone())));
        let edited = attachments.after.keys().any(|policy| difference.documents.contains(policy.as_str()));
        if (!changes.is_empty() || edited)
            && let Some(found) = starved(pair, &attachments, &changes)
        {
            findings.push(found);
            continue;
        }
        match &attachments.target {
            Target::Account(name) if pair.id(name).is_none() && !changes.is_empty() => {
                let name = pair.after.accounts.get_key_value(name.as_str()).map(|(name, _)| name.as_str());
                difference.awaiting.extend(name.map(|name| (name, changes)));
            }
            Target::Account(_) | Target::Unit(_) => difference.pairs.extend(changes),
        }
    }
    difference
}

fn documents<'a>(pair: &Pair<'a>, findings: &mut Vec<Finding>) -> BTreeSet<&'a str> {
    let mut changed = BTreeSet::new();
    for (name, policy) in pair.after.policies.iter().filter(|(_, policy)| !policy.aws_managed) {
        match pair.before.policies.get(name) {
            Some(before) if same(&before.document, &policy.document) => {}
            Some(before) if before.aws_managed => {
                let message = format!("policy `{}` is managed by AWS and cannot be edited", name.escape_debug());
                let found = finding("PLAN_POLICY_AWS_MANAGED", Severity::Error, message, policy.place.clone());
                findings.push(found.fix("give the policy another name").about(name));
            }
            Some(_) | None => {
                changed.insert(name.as_str());
            }
        }
    }
    if pair.before.origin == Origin::Files {
        // What the organization holds beside the files is somebody else's.
        for name in pair.before.policies.keys().filter(|name| !pair.after.policies.contains_key(*name)) {
            let message = format!("policy `{}` has no file any more, and nobody deletes it", name.escape_debug());
            findings.push(finding("PLAN_POLICY_STAYS", Severity::Info, message, None).about(name));
        }
    }
    changed
}

/// Targets that exist or will, and whose policies the later state names.
fn targets<'a>(pair: &Pair<'a>, findings: &mut Vec<Finding>) -> Vec<Attachments<'a>> {
    let mut targets = Vec::new();
    for (name, unit) in &pair.after.units {
        let Some(after) = unit.policies.as_ref().filter(|_| pair.unit_exists(name)) else { continue };
        let before = pair.unit_before(name).and_then(|unit| names(unit.policies.as_ref()));
        let target = Target::Unit(name.clone());
        targets.push(Attachments { target, before, after, place: unit.place.clone() });
    }
    for (name, account) in &pair.after.accounts {
        let Some(after) = &account.policies else { continue };
        let place = account.place_of("policies");
        let was = pair.account_before(name);
        let before = was.and_then(|(_, before)| names(before.policies.as_ref()));
        if pair.is_management(name) {
            if before == names(Some(after)) {
                continue;
            }
            let message = format!("account `{name}` is the management account, on which policies have no effect");
            let found = finding("PLAN_MANAGEMENT_ACCOUNT", Severity::Error, message, place);
            findings.push(found.fix("take its `policies` away").about(name));
            continue;
        }
        let before = match was {
            Some(_) => before,
            // What the organization should have and does not is told where accounts are planned.
            None if pair.is_missing(name) => continue,
            None if account.id.is_some() => None,
            None if !account.active => continue,
            None => Some(BTreeSet::from([crate::files::FULL_AWS_ACCESS])),
        };
        targets.push(Attachments { target: Target::Account(name.clone()), before, after, place });
    }
    targets
}

fn names(attached: Option<&Attached>) -> Option<BTreeSet<&str>> {
    attached.map(|attached| attached.keys().map(String::as_str).collect())
}

/// Whether a policy needs no file or has one.
fn has_file(pair: &Pair<'_>, name: &str) -> bool {
    let managed = |state: &crate::State| state.policies.get(name).is_some_and(|policy| policy.aws_managed);
    pair.after.policies.contains_key(name) || managed(pair.before)
}

fn file_missing(pair: &Pair<'_>, policy: &str, place: Option<Place>, target: &Target) -> Finding {
    let shown = policy.escape_debug();
    let message = match pair.before.policies.contains_key(policy) {
        true => format!("policy `{shown}` is attached to {} and has no file any more", target.shown()),
        false => format!("policy `{shown}` is to be attached to {} and has no file", target.shown()),
    };
    let found = finding("PLAN_POLICY_FILE_MISSING", Severity::Error, message, place);
    found.fix(format!("bring back the file of `{shown}`, or take the policy from the list")).about(policy)
}

/// What the gate would refuse because everything on the target would be denied. Source: Organizations user guide, "SCP
/// evaluation": an action must be allowed at every level.
fn starved(pair: &Pair<'_>, attachments: &Attachments<'_>, changes: &[PairChange<'_>]) -> Option<Finding> {
    let document = |name: &String| {
        let policy = pair.after.policies.get(name).or_else(|| pair.before.policies.get(name));
        // A document that nobody knows might allow something.
        policy.map_or(Allows::Something, |policy| allows(&policy.document))
    };
    let most = attachments.after.keys().map(document).max().unwrap_or(Allows::Nothing);
    let frees = changes.iter().any(|change| !change.attach && is_first(change.policy));
    let target = attachments.target.shown();
    let message = match most {
        Allows::Nothing => format!("{target} would have no policy that allows anything"),
        Allows::Something if frees => {
            format!("{target} would lose `FullAWSAccess` and have no policy that allows everything")
        }
        Allows::Something | Allows::Everything => return None,
    };
    let found = finding("PLAN_NO_ALLOW", Severity::Error, message, attachments.place.clone());
    let subject = match &attachments.target {
        Target::Unit(name) | Target::Account(name) => name.as_str(),
    };
    Some(found.fix("name `FullAWSAccess` in `policies` too").about(if subject == ROOT { ROOT } else { subject }))
}
