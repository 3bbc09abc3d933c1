//! The gates of a project, as they would start after the merge.

use super::Head;
use crate::loader::Loader;
use crate::project::place_of;
use crate::wiring;
use reeve_engine::Gate;
use reeve_model::{Finding, Severity};
use std::collections::BTreeMap;

/// Name under which this is told.
const BY: &str = "project";

/// Gates by the names that the project has for them. One that would not start, or that denies everything because a plugin
/// cannot be loaded, is found.
pub(crate) fn wired(head: &Head<'_>, loader: &Loader, findings: &mut Vec<Finding>) -> BTreeMap<String, Gate> {
    let mut gates = BTreeMap::new();
    for gate in &head.project.file.gates {
        let mut found = |code: &str, message: String, hint: Option<&str>| {
            let finding = Finding::new(BY, code, Severity::Error, message).about(&gate.name);
            let finding = match place_of(&gate.place) {
                Some(place) => finding.at(place),
                None => finding,
            };
            findings.push(match hint {
                Some(hint) => finding.fix(hint),
                None => finding,
            });
        };
        let shown = gate.name.escape_debug();
        match wiring::gate_in(&head.root.join(&gate.file), loader) {
            Ok(wired) => {
                for (policy, fault) in &wired.faults {
                    let policy = policy.escape_debug();
                    let message = format!("gate `{shown}` denies all that policy `{policy}` judges: {fault}");
                    found("POLICY_NOT_LOADED", message, None);
                }
                gates.insert(gate.name.clone(), wired.gate);
            }
            Err(failure) => {
                found(
                    "GATE_NOT_STARTED",
                    format!("gate `{shown}` does not start: {}", failure.line()),
                    failure.first_hint(),
                );
            }
        }
    }
    gates
}
