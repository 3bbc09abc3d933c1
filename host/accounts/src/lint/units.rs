//! Units and the policies attached to them and to accounts: what is named and not there, what is there and not named,
//! and what AWS would refuse to attach or detach.

use super::{FULL_ACCESS, Lint, about, accounts_listed, finding, nearest};
use crate::account::Status;
use crate::accounts::Target;
use crate::units::PolicyName;
use reeve_model::{Finding, Place, Severity};
use reeve_yaml::{Mark, quoted};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(lint: &mut Lint<'_>) {
    undefined(lint);
    attached(lint);
    files(lint);
    morgue(lint);
}

/// Units that accounts name and the file does not define. A file without `OrganizationUnits` says nothing of units, so
/// that it is a warning there.
fn undefined(lint: &mut Lint<'_>) {
    let accounts = lint.accounts;
    let known: Vec<&str> = accounts.organizational_units().map(|unit| unit.name.as_str()).collect();
    let severity = if known.is_empty() { Severity::Warning } else { Severity::Error };
    let mut strange: BTreeMap<(Mark, &str), Vec<&str>> = BTreeMap::new();
    for account in accounts.iter() {
        let (Some(unit), Some(sourced)) = (account.organization_unit(), account.value("organization_unit")) else {
            continue;
        };
        if unit != accounts.root_unit() && accounts.organizational_unit(unit).is_none() {
            strange.entry((sourced.value_at, unit)).or_default().push(account.name());
        }
    }
    for ((at, unit), names) in strange {
        let (hint, edit) = nearest(unit, known.iter().copied(), at, "units");
        let message = format!(
            "organizational unit {} of {} is not in `OrganizationUnits`",
            quoted(unit),
            accounts_listed(&names)
        );
        let told = finding("UNIT_UNKNOWN", severity, message).at(lint.place(at)).fix(hint);
        lint.suggest(about(told, &names), edit);
    }
}

/// What is attached to each unit, and to each account that says so.
fn attached(lint: &mut Lint<'_>) {
    let accounts = lint.accounts;
    for unit in accounts.organizational_units() {
        match unit.policies_at {
            Some(at) => policies(lint, Target::Unit(unit), &unit.policies, at),
            None => {
                let message = format!("organizational unit {} says nothing of its policies", quoted(&unit.name));
                lint.tell(
                    finding("UNIT_WITHOUT_POLICY", Severity::Warning, message)
                        .at(lint.place(unit.at))
                        .about(&unit.name)
                        .fix(format!("write `policies: [{FULL_ACCESS}]`, which is what AWS attaches by itself")),
                );
            }
        }
    }
    for account in accounts.iter() {
        if let (Some(list), Some(sourced)) = (account.policies(), account.value("policies")) {
            policies(lint, Target::Account(account), &list, sourced.at);
        }
    }
}

fn shown(target: Target<'_>) -> String {
    match target {
        Target::Unit(unit) => format!("organizational unit {}", quoted(&unit.name)),
        Target::Account(account) => format!("account {}", quoted(account.name())),
    }
}

fn policies(lint: &mut Lint<'_>, target: Target<'_>, list: &[PolicyName], at: Mark) {
    let what = shown(target);
    let here = |code: &str, severity: Severity, message: String, at: Place| -> Finding {
        finding(code, severity, message).at(at).about(target.name())
    };
    if list.is_empty() {
        let message = format!("{what} has no policy, and AWS detaches no last one");
        let fix = format!("write `policies: [{FULL_ACCESS}]` where nothing is to be restricted");
        let told = here("LAST_SCP", Severity::Error, message, lint.place(at)).fix(fix);
        lint.tell(told);
        return;
    }
    let max = lint.options.policies_max;
    if let Some(first_beyond) = list.get(max) {
        let message = format!("{what} has {} policies, more than the {max} that AWS attaches", list.len());
        let told = here("POLICY_COUNT", Severity::Error, message, lint.place(first_beyond.at))
            .fix("merge policies, or attach some to the unit above");
        lint.tell(told);
    }
    let files = lint.options.scp_files.as_ref();
    let allowing = |policy: &PolicyName| {
        // Without the folder, and where a file is missing, the policy may allow.
        policy.name == FULL_ACCESS || files.and_then(|files| files.get(&policy.name)).is_none_or(|file| file.allows)
    };
    if !list.iter().any(allowing) {
        let message = format!("{what} has no policy that allows anything, so that everything is denied below it");
        let told = here("FULL_ACCESS_MISSING", Severity::Warning, message, lint.place(at))
            .fix(format!("add `{FULL_ACCESS}`, or a policy with an `Allow`"));
        lint.tell(told);
    }
}

/// Names without a file, and files without a name.
fn files(lint: &mut Lint<'_>) {
    let Some(files) = &lint.options.scp_files else { return };
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (target, policy) in lint.accounts.attachments() {
        if policy.name != FULL_ACCESS && !files.contains_key(&policy.name) {
            let known = files.keys().map(String::as_str).chain([FULL_ACCESS]);
            let (hint, edit) = nearest(&policy.name, known, policy.at, "policies");
            let message = format!("policy {} of {} has no file", quoted(&policy.name), shown(target));
            let told = finding("POLICY_WITHOUT_FILE", Severity::Error, message)
                .at(lint.place(policy.at))
                .about(&policy.name)
                .fix(hint);
            lint.suggest(told, edit);
        }
        used.insert(policy.name);
    }
    for (name, file) in files.iter().filter(|(name, _)| !used.contains(*name)) {
        let message = format!("policy {} is attached to nothing", quoted(name));
        lint.tell(
            finding("POLICY_NOT_ATTACHED", Severity::Warning, message)
                .at(Place { file: file.path.clone(), line: 1, column: 1 })
                .about(name)
                .fix("name it under `policies` of a unit or an account, or delete the file"),
        );
    }
}

/// Suspended accounts outside the unit for closed ones keep the access and the policies of a live account.
fn morgue(lint: &mut Lint<'_>) {
    let Some(morgue) = lint.options.morgue.as_deref() else { return };
    for account in lint.accounts.iter().filter(|account| account.status() == Status::Suspended) {
        if account.organization_unit() == Some(morgue) {
            continue;
        }
        let place = account.value("status").map_or_else(|| lint.place(account.at()), |sourced| sourced.value_place());
        let message = format!("account {} is suspended and not in the unit {}", quoted(account.name()), quoted(morgue));
        let mut told = finding("SUSPENDED_OUTSIDE_MORGUE", Severity::Warning, message)
            .at(place)
            .about(account.name())
            .fix(format!("write `organization_unit: {morgue}` on the account"));
        if let Some(unit) = account.value("organization_unit") {
            told = told.related(unit.key_place(), "the unit it is in");
        }
        // No edit: the account would move.
        lint.suggest(told, None);
    }
}
