//! The cases of policies: those of every policy that a merge changes.

use crate::commands::policy_test;
use crate::exit::Failure;
use reeve_model::{Finding, Place, Severity};
use reeve_sandbox::Sandbox;
use std::collections::BTreeSet;
use std::path::Path;

/// Names of the policy folders below `policies` that the files belong to, sorted.
#[must_use]
pub fn changed(policies: &str, paths: &BTreeSet<String>) -> BTreeSet<String> {
    let name = |path: &String| {
        let inside = path.strip_prefix(policies)?.strip_prefix('/')?;
        inside.split_once('/').map(|(name, _)| name.to_owned())
    };
    paths.iter().filter_map(name).collect()
}

/// Runs the cases of these policies, where they are still there. A policy without cases is told.
///
/// # Errors
/// When a policy, its plugin or a case cannot be read.
pub fn run(
    (root, prefix): (&Path, &str),
    sandbox: &Sandbox,
    policies: &str,
    names: &BTreeSet<String>,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for name in names {
        let folder = root.join(policies).join(name);
        if !folder.join("policy.yaml").is_file() {
            continue;
        }
        let shown = format!("{prefix}{policies}/{name}");
        if !folder.join("cases").is_dir() {
            let message = format!("policy `{}` has no cases, so nothing shows what it does", name.escape_debug());
            let place = Place { file: format!("{shown}/policy.yaml"), line: 1, column: 1 };
            let finding = Finding::new("cases", "NO_CASES", Severity::Warning, message).at(place);
            findings.push(finding.fix("write one below `cases/`: a request and the verdict that must come of it"));
            continue;
        }
        for result in policy_test::cases(&folder, sandbox, None)? {
            if result.problems.is_empty() {
                continue;
            }
            let file =
                Path::new(&result.file).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let place = Place { file: format!("{shown}/cases/{file}"), line: 1, column: 1 };
            let message = format!("{}: {}", result.name, result.problems.join("; "));
            findings.push(Finding::new("cases", "CASE_FAILED", Severity::Error, message).at(place).about(name));
        }
    }
    Ok(findings)
}
