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
        return report.add(codes::VARIABLE_SYNTAX, path, node.span.start, message, fix);
    }
    if let Some(why) = malformed(text) {
        let message = format!("{} is no action: {why}", quote(text));
        let fix = text.replacen('.', ":", 1);
        let fix = if !text.contains(':') && malformed(&fix).is_none() {
            format!("write `{fix}`")
        } else {
            "write `service:Action`, such as `s3:GetObject`, or `*`".to_owned()
        };
        report.add(codes::ACTION_FORMAT, path, node.span.start, message, Some(fix));
    }
}

/// Why a pattern cannot be an action ("IAM JSON policy elements: Action").
fn malformed(text: &str) -> Option<&'static str> {
    if text == "*" {
        return None;
    }
    let Some((service, name)) = text.split_once(':') else {
        return Some("it has no `:` between service and name");
    };
    let wild = |byte: u8| matches!(byte, b'*' | b'?');
    if service.is_empty() {
        Some("it names no service")
    } else if name.is_empty() {
        Some("it names no action of the service")
    } else if !service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || wild(byte)) {
        Some("a service is letters, digits and `-`")
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || wild(byte)) {
        Some("a name is letters and digits")
    } else {
        None
    }
}
