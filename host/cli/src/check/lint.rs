//! Static checks of the accounts file, with what the project file says of the organization.

use super::Head;
use crate::exit::Failure;
use crate::project::Project;
use reeve_accounts::lint::{Bus, LintOptions, ScpFile, Suggestion, suggestions};
use reeve_model::Finding;

/// What is wrong with the accounts of a tree.
///
/// # Errors
/// When the policy of a bus cannot be read.
pub(crate) fn findings(head: &Head<'_>) -> Result<Vec<Finding>, Failure> {
    Ok(all(head)?.into_iter().map(|suggestion| suggestion.finding).collect())
}

/// The same, each with the edit that mends it where there is one.
///
/// # Errors
/// As [`findings`].
pub(crate) fn all(head: &Head<'_>) -> Result<Vec<Suggestion>, Failure> {
    Ok(suggestions(&head.project.accounts, &options(head)?))
}

fn options(head: &Head<'_>) -> Result<LintOptions, Failure> {
    let project: &Project = head.project;
    let check = &project.file.check;
    let mut buses = Vec::new();
    for (gate, role) in project.file.gates.iter().zip(&project.gates) {
        let (Some(path), Some(bus)) = (&gate.bus_policy, &gate.bus) else { continue };
        let policy = head
            .tree
            .text(path)?
            .ok_or_else(|| Failure::new(format!("{}: there is no file `{}`", gate.place, path.escape_debug())))?;
        buses.push(Bus {
            account: role.account.as_str().to_owned(),
            name: bus.rsplit('/').next().unwrap_or_default().to_owned(),
            gate: true,
            file: format!("{}{path}", head.prefix),
            policy,
        });
    }
    let scp = |(name, file): (&String, &reeve_plan::ScpFile)| (name.clone(), ScpFile::read(&file.path, &file.text));
    Ok(LintOptions {
        email_domains: check.email_domains.clone(),
        policies_max: check.attach_max,
        scp_files: project.file.scps.is_some().then(|| project.scps.iter().map(scp).collect()),
        morgue: check.morgue.clone(),
        tiers: check.tiers.clone(),
        buses,
        admissions: Vec::new(),
    })
}
