//! Static checks of the accounts file, with what the project file says of the organization.

use super::Head;
use crate::project::{Project, place_of};
use reeve_accounts::lint::{Bus, LintOptions, ScpFile, Suggestion, suggestions};
use reeve_model::{Finding, Severity};

/// What is wrong with the accounts of a tree.
pub(crate) fn findings(head: &Head<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let options = options(head, &mut findings);
    findings.extend(suggestions(&head.project.accounts, &options).into_iter().map(|suggestion| suggestion.finding));
    findings
}

/// The same, each with the edit that mends it where there is one.
pub(crate) fn all(head: &Head<'_>) -> Vec<Suggestion> {
    suggestions(&head.project.accounts, &options(head, &mut Vec::new()))
}

fn options(head: &Head<'_>, findings: &mut Vec<Finding>) -> LintOptions {
    let project: &Project = head.project;
    let check = &project.file.check;
    let mut buses = Vec::new();
    for (gate, role) in project.file.gates.iter().zip(&project.gates) {
        let Some(path) = &gate.bus_policy else { continue };
        let mut wrong = |code: &str, message: String| {
            let finding = Finding::new("project", code, Severity::Error, message).about(&gate.name);
            findings.push(match place_of(&gate.place) {
                Some(place) => finding.at(place),
                None => finding,
            });
        };
        let Some(bus) = &gate.bus else {
            wrong("BUS_UNNAMED", format!("`{}` is the policy of a bus that is not named", path.escape_debug()));
            continue;
        };
        let policy = match head.tree.text(path) {
            Ok(Some(policy)) => policy,
            Ok(None) => {
                wrong("MISSING_FILE", format!("there is no file `{}`", path.escape_debug()));
                continue;
            }
            Err(failure) => {
                wrong("BAD_FILE", failure.line());
                continue;
            }
        };
        buses.push(Bus {
            account: role.account.as_str().to_owned(),
            name: bus.rsplit('/').next().unwrap_or_default().to_owned(),
            gate: true,
            file: format!("{}{path}", head.prefix),
            policy,
        });
    }
    let scp = |(name, file): (&String, &reeve_plan::ScpFile)| (name.clone(), ScpFile::read(&file.path, &file.text));
    LintOptions {
        email_domains: check.email_domains.clone(),
        policies_max: check.attach_max,
        scp_files: project.file.scps.is_some().then(|| project.scps.iter().map(scp).collect()),
        morgue: check.morgue.clone(),
        tiers: check.tiers.clone(),
        buses,
        admissions: Vec::new(),
    }
}
