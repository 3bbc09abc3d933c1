//! Findings as SARIF 2.1.0 (OASIS), for code scanning and editors. Numbers in comments are its sections.

use super::calm::calm;
use super::{Identified, Report, Sources, Waived};
use reeve_model::{Place, Severity};
use serde_json::json;
use serde_sarif::sarif;
use std::collections::BTreeMap;

/// Where the published schema is found; the name under which validators know it.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of our fingerprint among those of a result (3.27.17).
const FINGERPRINT: &str = "reeve/v1";

/// Who tells, and what the document cannot know from the findings.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// The version of Reeve.
    pub version: &'a str,
    /// What each code means, in one sentence; a code that is not here is its own description.
    pub meanings: &'a BTreeMap<String, String>,
    /// The file to which findings without a place are put, relative to the root of the repository: the project file.
    /// GitHub refuses the whole document if one result is nowhere (`locationFromSarifResult: expected at least one
    /// location`).
    pub home: &'a str,
}

/// The report as one SARIF document of one run. Waived findings are results with an accepted suppression, those of the
/// baseline are `unchanged`.
///
/// There are no `fixes`: a finding's fix is a sentence, and stands in the message.
#[must_use]
pub fn sarif(report: &Report, sources: &Sources, tool: &Tool<'_>) -> String {
    let rules = rules(report, tool);
    let numbers: BTreeMap<&str, i64> = rules.iter().zip(0_i64..).map(|(rule, at)| (rule.id.as_str(), at)).collect();
    let one = |it: &Identified, state, waived| result(it, &Told { sources, tool, numbers: &numbers, state, waived });
    let state = |state| report.has_baseline.then_some(state);
    let standing = report.standing.iter().map(|it| one(it, state("new"), None));
    let waived = report.waived.iter().map(|it| one(&it.found, state("new"), Some(it)));
    let known = report.known.iter().map(|it| one(it, state("unchanged"), None));
    let results: Vec<sarif::Result> = standing.chain(waived).chain(known).collect();
    let driver = sarif::ToolComponent::builder().name("reeve").version(tool.version).rules(rules.clone()).build();
    let run = sarif::Run::builder()
        .tool(sarif::Tool::builder().driver(driver).build())
        .column_kind(json!("utf16CodeUnits"))
        .results(results)
        .build();
    let document = sarif::Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build();
    // Maps of texts, lists and numbers always have a JSON form.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// One rule for each code of the report, sorted; its level is the gravest that the code has here.
fn rules(report: &Report, tool: &Tool<'_>) -> Vec<sarif::ReportingDescriptor> {
    let waived = report.waived.iter().map(|it| &it.found);
    let mut levels: BTreeMap<&str, Severity> = BTreeMap::new();
    for it in report.standing.iter().chain(waived).chain(&report.known) {
        let level = levels.entry(&it.finding.code).or_insert(it.finding.severity);
        *level = it.finding.severity.min(*level);
    }
    let rule = |(code, severity): (&str, Severity)| {
        let meaning = tool.meanings.get(code).map_or(code, String::as_str);
        // `helpUri` must be absolute (3.49.12), and the documentation comes with the repository: so it is help in words.
        let help = format!("docs/findings.md says what a finding is, and how one is waived: {}", calm(code));
        sarif::ReportingDescriptor::builder()
            .id(code)
            .short_description(words(&calm(meaning)))
            .help(words(&help))
            .default_configuration(sarif::ReportingConfiguration::builder().level(json!(level(severity))).build())
            .build()
    };
    levels.into_iter().map(rule).collect()
}

fn words(text: &str) -> sarif::MultiformatMessageString {
    sarif::MultiformatMessageString::builder().text(text).build()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// What a result needs beside its finding.
struct Told<'a> {
    sources: &'a Sources,
    tool: &'a Tool<'a>,
    /// The index of each code's rule.
    numbers: &'a BTreeMap<&'a str, i64>,
    /// The state against the baseline, where there is one (3.27.24).
    state: Option<&'static str>,
    waived: Option<&'a Waived>,
}

fn result(it: &Identified, told: &Told<'_>) -> sarif::Result {
    let finding = &it.finding;
    let fix = finding.fix.as_ref().map(|fix| format!("\nfix: {}", calm(fix))).unwrap_or_default();
    // GitHub shows the message and no logical location.
    let about = finding.subject.as_ref().map(|subject| format!(" (about `{}`)", calm(subject))).unwrap_or_default();
    let message = sarif::Message::builder().text(format!("{}{about}{fix}", calm(&finding.message))).build();
    let related = finding.related.iter().zip(0_i64..).map(|((place, why), id)| {
        let mut location = location(place, told.sources);
        location.id = Some(id);
        location.message = Some(sarif::Message::builder().text(calm(why)).build());
        location
    });
    let level = match finding.severity {
        Severity::Error => sarif::ResultLevel::Error,
        Severity::Warning => sarif::ResultLevel::Warning,
        Severity::Info => sarif::ResultLevel::Note,
    };
    let fingerprint = BTreeMap::from([(FINGERPRINT.to_owned(), it.fingerprint.as_str().to_owned())]);
    let mut result = sarif::Result::builder()
        .rule_id(finding.code.as_str())
        .level(level)
        .message(message)
        .locations(vec![main_location(it, told)])
        .related_locations(related.collect::<Vec<_>>())
        .partial_fingerprints(fingerprint)
        // Either all results of a run have `suppressions` or none has (3.27.23).
        .suppressions(told.waived.map(|waived| suppression(waived, told.sources)).into_iter().collect::<Vec<_>>())
        .build();
    result.rule_index = told.numbers.get(finding.code.as_str()).copied();
    result.baseline_state = told.state.map(|state| json!(state));
    result
}

fn main_location(it: &Identified, told: &Told<'_>) -> sarif::Location {
    let mut main = match &it.finding.place {
        Some(place) => location(place, told.sources),
        None => {
            let file = sarif::ArtifactLocation::builder().uri(uri(told.tool.home)).build();
            let place = sarif::PhysicalLocation::builder().artifact_location(file).build();
            sarif::Location::builder().physical_location(place).build()
        }
    };
    let logical = it.finding.subject.as_ref();
    main.logical_locations = logical.map(|subject| vec![sarif::LogicalLocation::builder().name(calm(subject)).build()]);
    main
}

fn suppression(waived: &Waived, sources: &Sources) -> sarif::Suppression {
    let waiver = &waived.waiver;
    let why = format!("{} (by {}, until {})", calm(&waiver.reason), calm(&waiver.by), waiver.expires);
    sarif::Suppression::builder()
        .kind(json!("external"))
        .status(json!("accepted"))
        .justification(why)
        .location(location(&waiver.place, sources))
        .build()
}

/// A place with the word that stands there; only its line and column where the text is not known.
fn location(place: &Place, sources: &Sources) -> sarif::Location {
    let file = sarif::ArtifactLocation::builder().uri(uri(&place.file)).build();
    // Lines and columns are at least 1 (3.30.5, 3.30.6).
    let line = i64::from(place.line.max(1));
    let mut region = sarif::Region::builder().start_line(line).start_column(i64::from(place.column.max(1))).build();
    if let Some(extent) = sources.extent(place) {
        let columns = extent.utf16_columns();
        region.start_column = Some(i64::from(columns.start));
        region.end_line = Some(line);
        region.end_column = Some(i64::from(columns.end));
    }
    let place = sarif::PhysicalLocation::builder().artifact_location(file).region(region).build();
    sarif::Location::builder().physical_location(place).build()
}

/// A path as a relative reference (RFC 3986, 4.2): all but unreserved characters and `/` as percent and two digits. A
/// colon too, or the first part would be taken for a scheme.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        for (path, expected) in [
            ("scps/deny-all.json", "scps/deny-all.json"),
            ("a b#c?d%e.json", "a%20b%23c%3Fd%25e.json"),
            ("http://x", "http%3A//x"),
            ("é\n", "%C3%A9%0A"),
        ] {
            assert_eq!(uri(path), expected, "{path}");
        }
    }
}
