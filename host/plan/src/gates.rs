//! Which gate takes which request.

use reeve_model::{AccountId, Finding, Place, Region, Severity};
use std::collections::BTreeSet;

/// What a gate takes, as far as planning must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRole {
    /// Its name.
    pub name: String,
    /// The account it acts in.
    pub account: AccountId,
    /// The Region it acts in.
    pub region: Region,
    /// Names of the kinds that it takes.
    pub kinds: BTreeSet<String>,
    /// Paths below which it puts parameters; a slash at the end counts for nothing.
    pub parameter_paths: Vec<String>,
    /// The bus that it lets send to every account it makes, when its gate file names one.
    pub forwards: Option<String>,
}

impl GateRole {
    /// Whether it puts parameters of this name.
    #[must_use]
    pub fn puts(&self, parameter: &str) -> bool {
        let below = |path: &String| {
            parameter.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
        };
        self.kinds.contains("PUT_PARAMETER") && self.parameter_paths.iter().any(below)
    }
}

/// The one gate that takes a kind. Two gates that both change the organization would each plan over the other.
///
/// # Errors
/// `PLAN_NO_GATE`, `PLAN_SEVERAL_GATES`, about what was to be done.
pub(crate) fn only<'a>(
    gates: &'a [GateRole],
    kind: &str,
    what: &str,
    place: Option<Place>,
) -> Result<&'a GateRole, Box<Finding>> {
    let mut taking = gates.iter().filter(|gate| gate.kinds.contains(kind));
    match (taking.next(), taking.next()) {
        (Some(gate), None) => Ok(gate),
        (None, _) => {
            let message = format!("no gate takes `{kind}`, so nobody can {what}");
            Err(Box::new(
                finding("PLAN_NO_GATE", Severity::Error, message, place)
                    .fix("name a gate whose gate file has this kind in the project file"),
            ))
        }
        (Some(one), Some(other)) => {
            let message =
                format!("gates `{}` and `{}` both take `{kind}`", one.name.escape_debug(), other.name.escape_debug());
            Err(Box::new(
                finding("PLAN_SEVERAL_GATES", Severity::Error, message, place).fix("leave the kind to one gate"),
            ))
        }
    }
}

/// A finding of planning.
pub(crate) fn finding(code: &str, severity: Severity, message: String, place: Option<Place>) -> Finding {
    let finding = Finding::new("plan", code, severity, message);
    match place {
        Some(place) => finding.at(place),
        None => finding,
    }
}
