//! The strings of Action and NotAction.
//!
//! It must not know which services and actions exist: that is a table of another module.

use super::codes;
use super::placeholder::{self, Variables};
use super::report::{Path, Report, quote};
use reeve_json::Node;

/// Checks one action pattern. Nothing is expanded here (IAM user guide, "Policy variables": not in Action), so any `${`
/// is either a forgotten placeholder or a mistake.
pub(super) fn check(text: &str, node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    if placeholder::report_left(text, node.span.start, path, report) {
        return;
    }
    if Variables::new(text).next().is_some() {
        let message = format!("{} holds a policy variable, none is expanded in an action", quote(text));
        let fix = Some("write the action or a wildcard".to_owned());
        report.add(codes::VARIABLE_SYNTAX, path, node.span.start, message, fix);
    }
}
