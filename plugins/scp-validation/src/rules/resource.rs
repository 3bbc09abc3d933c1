//! The strings of Resource and NotResource.
//!
//! It must not know which resource types an action has: that is a table of another module.

use super::arn;
use super::codes;
use super::placeholder::{self, Variables};
use super::report::{Path, Report, quote};
use reeve_json::Node;

/// Checks one resource pattern: `*` or an ARN, variables only in its resource part (IAM user guide, "Policy variables").
pub(super) fn check(text: &str, node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    let start = node.span.start;
    let template = placeholder::report_left(text, start, path, report);
    let broken = placeholder::report_broken(text, start, path, report);
    if template || broken || (!text.is_empty() && text.bytes().all(|byte| byte == b'*')) {
        return;
    }
    if let Some(arn) = arn::split(text) {
        let head = [arn.partition, arn.service, arn.region, arn.account];
        if head.into_iter().any(|part| Variables::new(part).next().is_some()) {
            let message =
                format!("{} has a policy variable before its fifth colon, none is expanded there", quote(text));
            let fix = Some("write the value or `*` there, and use `Condition` for the rest".to_owned());
            report.add(codes::VARIABLE_SYNTAX, path, start, message, fix);
        }
    }
    let partition = report.settings.partition.as_str();
    for fault in arn::faults(text, partition) {
        let message = format!("resource {}: {}", quote(text), fault.message);
        report.add(fault.code, path, start, message, Some(fault.fix));
    }
}
