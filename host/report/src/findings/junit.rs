//! Findings as JUnit XML, for CI systems that show test reports.

use super::calm::calm;
use super::{Identified, Report};
use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};
use reeve_model::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// The report as XML: one suite for each file, or for who found it where there is no file; one case for each finding.
/// Errors fail; waived findings and those in the baseline are skipped, with the reason; warnings and remarks pass and
/// say what they are in their output. What was checked and found clean is a suite with one case that passed.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut suites: BTreeMap<String, Vec<TestCase>> = BTreeMap::new();
    for it in &report.standing {
        suites.entry(suite(it)).or_default().push(standing(it));
    }
    for it in &report.waived {
        let waiver = &it.waiver;
        let why = format!("waived until {} by {}: {}", waiver.expires, waiver.by, waiver.reason);
        suites.entry(suite(&it.found)).or_default().push(skipped(&it.found, &why));
    }
    for it in &report.known {
        suites.entry(suite(it)).or_default().push(skipped(it, "in the baseline"));
    }
    let found: BTreeSet<String> = suites.keys().cloned().collect();
    for name in report.checked.iter().map(|name| xml(name)).filter(|name| !found.contains(name)) {
        let mut case = TestCase::new("checked", TestCaseStatus::success());
        case.set_classname(name.as_str());
        suites.insert(name, vec![case]);
    }
    let mut out = Xml::new("reeve check");
    for (name, cases) in suites {
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(cases);
        out.add_test_suite(suite);
    }
    // Writing to a string fails only where a formatter of ours does; there is none.
    out.to_string().unwrap_or_default()
}

/// A text that XML 1.0 can hold (section 2.2), calm.
fn xml(text: &str) -> String {
    calm(text).replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}")
}

fn suite(it: &Identified) -> String {
    it.finding.place.as_ref().map_or_else(|| xml(&it.finding.by), |place| xml(&place.file))
}

fn standing(it: &Identified) -> TestCase {
    match it.finding.severity {
        Severity::Error => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(xml(&it.finding.message)).set_type(xml(&it.finding.code)).set_description(told(it));
            case(it, status)
        }
        Severity::Warning | Severity::Info => {
            let mut case = case(it, TestCaseStatus::success());
            case.set_system_out(format!("{}: {}", it.finding.severity.as_str(), told(it)));
            case
        }
    }
}

fn skipped(it: &Identified, why: &str) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(xml(why)).set_type(xml(&it.finding.code)).set_description(told(it));
    case(it, status)
}

fn case(it: &Identified, status: TestCaseStatus) -> TestCase {
    let place = it.finding.place.as_ref().map(|place| format!(" at {}:{}", place.line, place.column));
    let subject = it.finding.subject.as_ref().map(|subject| format!(" about {}", xml(subject)));
    let name = format!("{}{}{}", xml(&it.finding.code), place.unwrap_or_default(), subject.unwrap_or_default());
    let mut case = TestCase::new(name, status);
    case.set_classname(suite(it));
    case
}

/// The finding in words, one thing a line.
fn told(it: &Identified) -> String {
    let finding = &it.finding;
    let place = finding.place.as_ref().map(|place| format!("{}: ", xml(&place.to_string()))).unwrap_or_default();
    let mut lines = vec![format!("{place}{}", xml(&finding.message))];
    lines.extend(finding.fix.as_ref().map(|fix| format!("fix: {}", xml(fix))));
    let related = finding.related.iter();
    lines.extend(related.map(|(place, why)| format!("{}: {}", xml(&place.to_string()), xml(why))));
    lines.push(format!("found by {}", xml(&finding.by)));
    lines.join("\n")
}
