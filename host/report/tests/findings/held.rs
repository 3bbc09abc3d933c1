//! Waivers and baselines: what they set aside, for how long, and what they must never hide.

use crate::sample::{SCP, day, findings, place, sources, waivers};
use reeve_model::{Finding, Severity};
use reeve_report::findings::{BASELINE_BYTES_MAX, Baseline, Day, Held, Report, Sources, Waivers};
use std::collections::BTreeSet;

fn report(found: Vec<Finding>, text: &str, today: &str, whole: bool) -> Report {
    let (waivers, today) = (waivers(text), day(today));
    let held = Held { waivers: &waivers, baseline: None, today: &today, whole };
    Report::of(found, &sources(), &held, BTreeSet::new())
}

fn codes(report: &Report) -> Vec<&str> {
    report.standing.iter().map(|it| it.finding.code.as_str()).collect()
}

/// A security warning in a file: an error that a waiver may set aside.
fn risky() -> Finding {
    Finding::new("scp", "RISKY", Severity::Error, "too wide")
        .at(place("scps/limits.json", 6, 7))
        .about("foo")
        .waivable()
}

const RISKY: &str = "- { code: RISKY, file: scps/**, reason: r, by: b, expires: 2026-11-22 }\n";

#[test]
fn a_waiver_means_code_and_file_and_subject_and_fingerprint() {
    let print = report(vec![risky()], "[]", "2026-11-22", true).standing[0].fingerprint.clone();
    let other = format!("sha256:{}", "0".repeat(64));
    for (waived, keys) in [
        (true, "code: RISKY, file: scps/limits.json".to_owned()),
        (true, "code: RISKY, file: \"**/*.json\"".to_owned()),
        (false, "code: RISKY, file: \"*.json\"".to_owned()),
        (true, "code: RISKY, subject: foo".to_owned()),
        (false, "code: RISKY, subject: fo".to_owned()),
        (true, "code: RISKY, subject: foo, file: scps/*".to_owned()),
        (false, "code: RISKY, subject: bar, file: scps/*".to_owned()),
        (false, "code: RISK, subject: foo".to_owned()),
        (false, "code: risky, subject: foo".to_owned()),
        (true, format!("code: RISKY, subject: foo, fingerprint: \"{print}\"")),
        (false, format!("code: RISKY, subject: foo, fingerprint: \"{other}\"")),
    ] {
        let text = format!("- {{ {keys}, reason: r, by: b, expires: 2026-12-31 }}");
        let report = report(vec![risky()], &text, "2026-11-22", true);
        assert_eq!(report.waived.len(), usize::from(waived), "{keys}");
        assert_eq!(codes(&report), if waived { vec![] } else { vec!["RISKY", "WAIVER_UNUSED"] }, "{keys}");
    }
}

#[test]
fn a_waiver_holds_through_its_last_day() {
    for (today, standing) in [
        ("2025-01-01", vec![]),
        ("2026-11-22", vec![]),
        ("2026-11-23", vec!["RISKY", "WAIVER_EXPIRED"]),
        ("2027-01-01", vec!["RISKY", "WAIVER_EXPIRED"]),
    ] {
        let report = report(vec![risky()], RISKY, today, true);
        assert_eq!(codes(&report), standing, "{today}");
    }
}

#[test]
fn an_expired_waiver_points_at_its_day_and_a_valid_one_beside_it_counts() {
    let report_of = |text: &str| report(vec![risky()], text, "2026-11-23", true);
    let expired = report_of(RISKY);
    let finding = &expired.standing[1].finding;
    assert_eq!((finding.severity, finding.waivable), (Severity::Warning, false));
    assert_eq!(finding.place, Some(place("waivers.yaml", 1, 60)));
    assert!(finding.message.contains("expired after 2026-11-22"), "{}", finding.message);

    let both = report_of(&format!("{RISKY}{}", RISKY.replace("2026-11-22", "2026-12-31")));
    assert_eq!((codes(&both), both.waived.len()), (vec!["WAIVER_EXPIRED"], 1));
    let nothing = report(vec![], RISKY, "2026-11-23", true);
    assert_eq!(codes(&nothing), ["WAIVER_EXPIRED"]);
}

#[test]
fn an_unused_waiver_is_news_only_when_everything_was_checked() {
    for (whole, standing) in [(true, vec!["WAIVER_UNUSED"]), (false, vec![])] {
        let report = report(vec![], RISKY, "2026-11-22", whole);
        assert_eq!(codes(&report), standing);
        assert_eq!(report.summary().errors, 0);
    }
}

#[test]
fn what_may_not_be_waived_stands_and_the_waiver_is_an_error() {
    let firm = Finding { waivable: false, ..risky() };
    let report = report(vec![firm], RISKY, "2026-11-22", true);
    assert_eq!(codes(&report), ["RISKY", "WAIVER_NOT_ALLOWED"]);
    assert_eq!((report.summary().errors, report.waived.len()), (2, 0));
    assert_eq!(report.standing[1].finding.related[0].0, place("scps/limits.json", 6, 7));
}

#[test]
fn no_waiver_sets_aside_what_is_said_of_waivers() {
    let of_waivers = Finding::new("waivers", "WAIVER_INVALID", Severity::Info, "bad").at(place("waivers.yaml", 1, 1));
    let text = "- { code: WAIVER_INVALID, file: waivers.yaml, reason: r, by: b, expires: 2026-12-31 }";
    let report = report(vec![of_waivers], text, "2026-11-22", true);
    assert_eq!((codes(&report), report.waived.len()), (vec!["WAIVER_INVALID", "WAIVER_NOT_ALLOWED"], 0));
}

#[test]
fn everything_wrong_with_the_waivers_is_told_at_once_with_its_place() {
    let text = "- code: A\n  file: /abs\n  reason: \" \"\n  by: b\n  expires: 2026-02-30\n\
        - code: A\n  subject: s\n  resaon: r\n  by: b\n  expires: 2026-12-31\n  fingerprint: abc\n\
        - 7\n- { code: A, reason: r, by: b, expires: 2026-12-31 }\n";
    let findings = Waivers::parse("waivers.yaml", text).expect_err("wrong");
    let told: Vec<(u32, u32)> =
        findings.iter().map(|it| it.place.as_ref().expect("place")).map(|it| (it.line, it.column)).collect();
    // Each is the place of the value, or of the mapping where a key is missing, or of the unknown key.
    assert_eq!(told, [(2, 9), (3, 11), (5, 12), (6, 3), (11, 16), (8, 3), (12, 3), (13, 3)], "{findings:#?}");
    assert!(findings.iter().all(|it| it.code == "WAIVER_INVALID" && it.severity == Severity::Error && !it.waivable));
    assert!(findings[3].fix.as_deref().is_some_and(|fix| fix.contains("resaon")), "{:?}", findings[3]);
}

#[test]
fn a_waivers_file_is_a_list() {
    assert_eq!(Waivers::parse("w", "[]"), Ok(Waivers::default()));
    for text in ["", "{}", "waivers: []", "- [", "- &a {}"] {
        let findings = Waivers::parse("w", text).expect_err(text);
        assert_eq!(findings.len(), 1, "{text}");
    }
}

#[test]
fn days_are_days_of_the_calendar() {
    for (text, valid) in [
        ("2026-11-22", true),
        ("2028-02-29", true),
        ("2026-02-29", false),
        ("2026-13-01", false),
        ("2026-1-1", false),
        ("20261122", false),
        ("2026-11-22T00:00:00Z", false),
        ("-026-11-22", false),
        ("２026-11-2", false),
        ("", false),
    ] {
        assert_eq!(Day::parse(text).is_some(), valid, "{text}");
    }
    let moment = "2026-11-22T23:59:59.999Z".parse().expect("moment");
    assert_eq!(Day::of(moment), day("2026-11-22"));
    assert!(day("2026-09-30") < day("2026-10-01"));
}

fn held(found: Vec<Finding>, text: &str, baseline: &Baseline) -> Report {
    let (waivers, today) = (Waivers::default(), day("2026-11-22"));
    let held = Held { waivers: &waivers, baseline: Some(baseline), today: &today, whole: true };
    Report::of(found, &Sources::from_iter([("scps/limits.json", text)]), &held, BTreeSet::new())
}

fn at(line: u32, column: u32) -> Finding {
    Finding::new("scp", "WIDE", Severity::Error, "the statement is wide").at(place("scps/limits.json", line, column))
}

#[test]
fn a_baseline_knows_what_moved_and_nothing_that_changed() {
    let before = Sources::from_iter([("scps/limits.json", SCP)]);
    let baseline = Baseline::of(vec![at(4, 5)], &before);
    let moved = SCP.replace("{\n  \"Version\"", "{\n\n\n  \"Version\"");
    for (name, line, text, new) in [
        ("same", 4, SCP.to_owned(), 0),
        ("moved", 6, moved, 0),
        ("indented", 4, SCP.replace("\n    ", "\n\t"), 0),
        ("changed inside", 4, SCP.replace("s3:Delete*", "s3:*"), 1),
        ("changed elsewhere", 4, SCP.replace("ec2:RunInstances", "ec2:StopInstances"), 0),
        ("another statement", 9, SCP.to_owned(), 1),
    ] {
        let column = if name == "indented" { 2 } else { 5 };
        let report = held(vec![at(line, column)], &text, &baseline);
        assert_eq!((report.standing.len(), report.known.len()), (new, 1 - new), "{name}");
    }
}

#[test]
fn one_more_of_the_same_is_new() {
    let text = "x\nx\nx\n";
    let one = Baseline::of(vec![at(2, 1)], &Sources::from_iter([("scps/limits.json", text)]));
    let report = held(vec![at(1, 1), at(2, 1), at(3, 1)], text, &one);
    assert_eq!((report.standing.len(), report.known.len()), (2, 1));
    assert_eq!(held(vec![at(3, 1)], text, &report.baseline()).standing.len(), 0);
}

#[test]
fn what_grew_worse_is_new() {
    let text = "x\n";
    let warning = Finding { severity: Severity::Warning, ..at(1, 1) };
    let baseline = Baseline::of(vec![warning], &Sources::from_iter([("scps/limits.json", text)]));
    assert_eq!(held(vec![at(1, 1)], text, &baseline).summary().errors, 1);
}

#[test]
fn a_baseline_hides_neither_expired_waivers_nor_findings_about_them() {
    let sources = sources();
    let baseline = Baseline::of(vec![risky()], &sources);
    for (today, standing, waived) in [("2026-11-22", vec![], 1), ("2026-11-23", vec!["RISKY", "WAIVER_EXPIRED"], 0)] {
        let (waivers, today) = (waivers(RISKY), day(today));
        let held = |baseline| Held { waivers: &waivers, baseline: Some(baseline), today: &today, whole: true };
        let report = Report::of(vec![risky()], &sources, &held(&baseline), BTreeSet::new());
        assert_eq!((codes(&report), report.waived.len()), (standing.clone(), waived));
        // Writing the baseline anew keeps what is said of waivers out, and waived findings with it.
        let again = Report::of(vec![risky()], &sources, &held(&report.baseline()), BTreeSet::new());
        assert_eq!(codes(&again), standing);
    }
}

#[test]
fn the_file_is_sorted_and_reads_back_as_it_was_written() {
    let baseline = Baseline::of(findings(), &sources());
    let text = baseline.to_json();
    assert_eq!(Baseline::parse("baseline.json", &text), Ok(baseline.clone()));
    let mut backwards = findings();
    backwards.reverse();
    assert_eq!(Baseline::of(backwards, &sources()).to_json(), text);
    assert_eq!(text.lines().count(), findings().len() + 2, "one finding a line:\n{text}");
    assert_eq!(Baseline::default().to_json(), "{\"version\": 1, \"findings\": []}\n");
    assert_eq!(Baseline::parse("b", &Baseline::default().to_json()), Ok(Baseline::default()));
    let report = Report { standing: vec![], ..held(findings(), SCP, &Baseline::default()) };
    assert_eq!(report.baseline(), Baseline::default());
}

#[test]
fn a_baseline_that_is_none_is_refused_with_its_place() {
    let entry = r#"{"code": "A", "message": "m", "fingerprint": "sha256:0"}"#;
    for (text, at) in [
        ("", (1, 1)),
        ("[]", (1, 1)),
        ("{\"findings\": []}", (1, 1)),
        ("{\"version\": 2, \"findings\": []}", (1, 1)),
        ("{\"version\": 1}", (1, 1)),
        ("{\"version\": 1,\n\"findings\": [\n {}]}", (3, 2)),
        (&format!("{{\"version\": 1,\n\"findings\": [{entry}]}}"), (2, 14)),
        ("{\"version\": 1, \"version\": 1}", (1, 16)),
    ] {
        let finding = Baseline::parse("baseline.json", text).expect_err(text);
        let told = finding.place.as_ref().map(|it| (it.line, it.column));
        assert_eq!((finding.code.as_str(), told), ("BASELINE_INVALID", Some(at)), "{text}");
    }
    let empty = Baseline::default().to_json();
    let padded = |bytes: usize| format!("{empty}{}", " ".repeat(bytes - empty.len()));
    assert!(Baseline::parse("b", &padded(BASELINE_BYTES_MAX)).is_ok());
    assert!(Baseline::parse("b", &padded(BASELINE_BYTES_MAX + 1)).is_err());
}
