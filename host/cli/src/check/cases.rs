//! The cases of policies: those of every policy that a merge changes.

use super::Head;
use super::base::Base;
use super::files::Files;
use crate::commands::policy_test;
use crate::exit::Failure;
use crate::loader::{self, Loader};
use crate::parameters::Parameters;
use crate::wiring;
use reeve_accounts::Accounts;
use reeve_model::{Finding, Place, Severity};
use std::collections::BTreeSet;
use std::path::Path;

/// Name under which this is told.
const BY: &str = "cases";
/// The file that makes a folder a policy.
const POLICY_FILE: &str = "policy.yaml";

/// Folders of changed policies, from the folder of the project, sorted: those below the folder of policies, and those
/// that gates and checks name elsewhere. Without a base, all of them.
///
/// # Errors
/// When a folder cannot be listed, or git cannot tell what differs.
pub(crate) fn changed(head: &Head<'_>, base: Option<&Base>, files: &Files) -> Result<BTreeSet<String>, Failure> {
    let file = &head.project.file;
    let ending = format!("/{POLICY_FILE}");
    let listed = head.tree.list(&file.policies)?;
    let inside: BTreeSet<&str> = listed.iter().filter_map(|path| path.strip_suffix(&ending)).collect();
    let is_in = |path: &String, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let mut folders: BTreeSet<String> = inside
        .iter()
        .filter(|folder| files.paths.iter().any(|path| is_in(path, folder)))
        .map(|folder| (*folder).to_owned())
        .collect();
    for folder in named(head) {
        let known = inside.contains(folder.as_str());
        let differs = || match base {
            Some(base) => head.repository.map_or(Ok(true), |it| it.differs(&base.hash, &folder)),
            None => Ok(true),
        };
        if !known && differs()? {
            folders.insert(folder);
        }
    }
    Ok(folders)
}

/// Folders of policies that gates and the checks of files name.
fn named(head: &Head<'_>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for gate in &head.project.gate_policies {
        let (base, root) = (Path::new(&gate.folder), Path::new(&gate.folder).join(&gate.policies_root));
        for name in &gate.names {
            let candidates =
                if name.contains('/') { vec![base.join(name), root.join(name)] } else { vec![root.join(name)] };
            folders.extend(candidates.into_iter().find(|it| head.root.join(it).join(POLICY_FILE).is_file()));
        }
    }
    let file = &head.project.file;
    for (name, _) in &file.check.policies {
        let folder = if name.contains('/') { Path::new(name).to_owned() } else { Path::new(&file.policies).join(name) };
        folders.insert(folder);
    }
    folders.iter().map(|folder| loader::plain(folder)).collect()
}

/// Loads the policies of these folders and runs their cases. What cannot be run is found; so are policies without cases,
/// and cases that the merge takes away.
pub(crate) fn run(
    head: &Head<'_>,
    loader: &Loader,
    folders: &BTreeSet<String>,
    files: &Files,
    accounts: &Accounts,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in folders {
        let path = head.root.join(folder);
        let shown = format!("{}{folder}", head.prefix);
        let at = |file: &str| Place { file: format!("{shown}/{file}"), line: 1, column: 1 };
        let policy = folder.rsplit('/').next().unwrap_or(folder).escape_debug().to_string();
        let prefix = format!("{folder}/cases/");
        let gone = files.removed.iter().filter(|path| path.starts_with(&prefix)).count();
        if gone > 0 {
            let message = format!("{gone} cases of policy `{policy}` are taken away");
            findings.push(Finding::new(BY, "CASES_REMOVED", Severity::Warning, message).at(at(POLICY_FILE)));
        }
        // Only loaded: its cases bring rows of their own.
        if let Err(failure) = wiring::policy(&path, loader, accounts, &Parameters::unread()) {
            let message = format!("policy `{policy}` cannot be loaded: {}", failure.line());
            findings.push(Finding::new(BY, "BAD_POLICY", Severity::Error, message).at(at(POLICY_FILE)));
            continue;
        }
        if !path.join("cases").is_dir() {
            let message = format!("policy `{policy}` has no cases, so nothing shows what it does");
            let finding = Finding::new(BY, "NO_CASES", Severity::Warning, message).at(at(POLICY_FILE));
            findings.push(finding.fix("write one below `cases/`: a request and the verdict that must come of it"));
            continue;
        }
        match policy_test::cases(&path, loader, None) {
            Ok(results) => findings.extend(results.iter().filter(|it| !it.problems.is_empty()).map(|result| {
                let name = Path::new(&result.file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let message = format!("{}: {}", result.name, result.problems.join("; "));
                let finding = Finding::new(BY, "CASE_FAILED", Severity::Error, message);
                finding.at(at(&format!("cases/{name}"))).about(folder)
            })),
            Err(failure) => {
                let message = format!("the cases of policy `{policy}` cannot be run: {}", failure.line());
                findings.push(Finding::new(BY, "BAD_CASE", Severity::Error, message).at(at("cases")).about(folder));
            }
        }
    }
    findings
}
