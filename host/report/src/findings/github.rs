//! Findings as workflow commands of GitHub Actions, which become annotations on the lines of a pull request.
//!
//! Syntax and escaping are those of "Workflow commands for GitHub Actions" and of `command.ts` in actions/toolkit: in
//! messages `%`, CR and LF, in properties also `:` and `,`. GitHub shows 10 errors, 10 warnings and 10 notices of a step.

use super::calm::calm;
use super::{Report, Sources};
use reeve_model::{Finding, Severity};

/// One command a line for each finding that stands; nothing for a clean check.
#[must_use]
pub fn github(report: &Report, sources: &Sources) -> String {
    report.standing.iter().map(|it| command(&it.finding, sources) + "\n").collect()
}

fn command(finding: &Finding, sources: &Sources) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(("file", calm(&place.file)));
        properties.push(("line", place.line.to_string()));
        properties.push(("col", place.column.to_string()));
        let end = sources.extent(place).map(|extent| extent.columns().end);
        // Only a column behind the first one marks anything.
        properties.extend(end.filter(|end| *end > place.column).map(|end| ("endColumn", end.to_string())));
    }
    properties.push(("title", calm(&finding.code)));
    let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    let about = finding.subject.as_ref().map(|subject| format!(" (about `{subject}`)")).unwrap_or_default();
    let fix = finding.fix.as_ref().map(|fix| format!("; fix: {fix}")).unwrap_or_default();
    let message = data(&calm(&format!("{}{about}{fix}", finding.message)));
    format!("::{name} {}::{message}", properties.join(","))
}

/// A message, escaped as `escapeData` of actions/toolkit does.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, escaped as `escapeProperty` of actions/toolkit does.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
