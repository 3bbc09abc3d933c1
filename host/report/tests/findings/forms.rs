//! Each form of the sample is a golden file; `BLESS=1` accepts a change, which is a thing to do on purpose.

use crate::sample::{self, findings, meanings, place, plain, report, sources, tool};
use reeve_model::{Finding, Severity};
use reeve_report::findings::{Report, Sources, github, human, json, junit, sarif};
use std::collections::BTreeSet;

fn golden(name: &str, actual: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} changed; if that is meant, run the tests with `BLESS=1`");
}

#[test]
fn people_see_the_lines_that_they_wrote() {
    golden("findings.txt", &human(&report(), &sources(), false));
}

#[test]
fn colour_adds_escape_sequences_and_nothing_else() {
    let coloured = human(&report(), &sources(), true);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = behind.split_once('m').expect("an SGR sequence").1;
    }
    plain.push_str(rest);
    assert_ne!(coloured, plain);
    let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trimmed(&plain), trimmed(&human(&report(), &sources(), false)));
}

#[test]
fn programs_get_one_document() {
    golden("findings.json", &(json(&report(), &sources()) + "\n"));
}

#[test]
fn code_scanning_gets_sarif() {
    golden("findings.sarif", &sarif(&report(), &sources(), &tool(&meanings())));
}

#[test]
fn test_reports_get_junit() {
    golden("findings.junit.xml", &junit(&report()));
}

#[test]
fn pull_requests_get_annotations() {
    golden("findings.github.txt", &github(&report(), &sources()));
}

#[test]
fn a_clean_check_says_nothing_to_people_and_what_was_checked_to_programs() {
    let report = Report { checked: BTreeSet::from(["scps/clean.json".to_owned()]), ..Report::default() };
    assert_eq!(human(&report, &sources(), false), "");
    assert_eq!(github(&report, &sources()), "");
    golden("clean.json", &(json(&report, &sources()) + "\n"));
    golden("clean.junit.xml", &junit(&report));
    golden("clean.sarif", &sarif(&report, &sources(), &tool(&meanings())));
}

#[test]
fn findings_come_by_file_and_line_and_those_without_a_place_last() {
    let codes: Vec<String> = report().standing.into_iter().map(|it| it.finding.code).collect();
    assert_eq!(codes, ["UNKNOWN_REGION", "EMAIL_TAKEN", "ENDS_EARLY", "REDUNDANT_ACTION", "LOCKS_OUT"]);
    let mut backwards = findings();
    backwards.reverse();
    let forms = |findings| human(&plain(findings, &sources()), &sources(), false);
    assert_eq!(forms(backwards), forms(findings()));
}

#[test]
fn columns_are_characters_for_people_and_utf16_units_in_sarif() {
    // `😀` is one character, two UTF-16 units, four bytes; `e` and its accent are two characters.
    for (line, column, end_column, utf16) in [
        ("😀😀 bad x", 4, 7, (6, 9)),
        ("e\u{301}\tbad", 4, 7, (4, 7)),
        ("\u{202e}bad", 2, 5, (2, 5)),
        ("bad\r", 1, 4, (1, 4)),
        ("bad", 40, 40, (4, 4)),
    ] {
        let sources = Sources::from_iter([("f", format!("first\n{line}\nlast"))]);
        let finding = Finding::new("t", "A", Severity::Error, "bad").at(place("f", 2, column));
        let report = plain(vec![finding], &sources);
        let shown = human(&report, &sources, false);
        assert!(shown.contains(&format!("--> f:2:{column}\n")), "{shown}");
        let parsed: serde_json::Value = serde_json::from_str(&json(&report, &sources)).expect("JSON");
        assert_eq!(parsed["findings"][0]["place"]["end_column"], end_column, "{line:?}");
        let parsed: serde_json::Value =
            serde_json::from_str(&sarif(&report, &sources, &tool(&meanings()))).expect("JSON");
        let region = &parsed["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startColumn"], &region["endColumn"]), (&utf16.0.into(), &utf16.1.into()), "{line:?}");
    }
}

#[test]
fn a_place_past_the_end_is_told_without_an_excerpt() {
    let sources = Sources::from_iter([("f", "one\n")]);
    for (line, column) in [(3, 1), (u32::MAX, u32::MAX), (0, 0)] {
        let finding = Finding::new("t", "A", Severity::Error, "bad").at(place("f", line, column));
        let report = plain(vec![finding], &sources);
        let shown = human(&report, &sources, false);
        assert!(shown.contains(&format!("--> f:{line}:{column}\n")) && !shown.contains('|'), "{shown}");
        assert_eq!(github(&report, &sources), format!("::error file=f,line={line},col={column},title=A::bad\n"));
    }
}

#[test]
fn a_line_of_a_megabyte_is_shown_around_the_place() {
    let line = format!("{}\"bad\"{}", "x".repeat(500_000), "y".repeat(500_000));
    let sources = Sources::from_iter([("f", line)]);
    let finding = Finding::new("t", "A", Severity::Error, "bad").at(place("f", 1, 500_001));
    let shown = human(&plain(vec![finding], &sources), &sources, false);
    assert!(shown.contains("--> f:1:500001\n") && shown.contains("\"bad\"") && shown.contains("^^^^^"), "{shown}");
    assert!(shown.len() < 2_000, "{} bytes", shown.len());
}

#[test]
fn the_summary_counts_in_words() {
    let severities = [Severity::Error, Severity::Error, Severity::Error, Severity::Warning, Severity::Info];
    let findings = severities.into_iter().zip('A'..).map(|(it, code)| Finding::new("t", code, it, "bad")).collect();
    let shown = human(&plain(findings, &sample::sources()), &sample::sources(), false);
    assert_eq!(shown.lines().last(), Some("3 errors, 1 warning, 1 remark"));
    assert_eq!(
        human(&report(), &sources(), false).lines().last(),
        Some("3 errors, 2 warnings, 1 waived, 1 in the baseline",)
    );
}
