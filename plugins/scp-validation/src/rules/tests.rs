//! Every code on a document that must give it and on a near miss that must not, and documents that were broken at random.
//!
//! In the tables `§` marks the place where the finding must stand; it is taken out before the document is checked.

mod blast_cases;
mod condition_cases;
mod constant_cases;
mod document_cases;
mod negation_cases;
mod placeholder_cases;
mod reach_cases;
mod robust;
mod statement_cases;
mod table_cases;

use super::*;

/// A document that gives `code` at the marked place, and one that looks much like it and does not.
pub(super) struct Case {
    pub(super) code: &'static str,
    pub(super) pointer: &'static str,
    pub(super) bad: String,
    pub(super) good: String,
}

/// Whole documents.
pub(super) fn whole(code: &'static str, pointer: &'static str, bad: &str, good: &str) -> Case {
    Case { code, pointer, bad: bad.to_owned(), good: good.to_owned() }
}

/// A document of one statement, which stands on line 2.
pub(super) fn policy(statement: &str) -> String {
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[\n{statement}\n]}}")
}

/// The members of one statement.
pub(super) fn statement(code: &'static str, pointer: &'static str, bad: &str, good: &str) -> Case {
    Case { code, pointer, bad: policy(bad), good: policy(good) }
}

/// A Resource of an otherwise good statement.
pub(super) fn resource(code: &'static str, bad: &str, good: &str) -> Case {
    let wrap = |text: &str| policy(&format!(r#"{{"Sid":"A","Effect":"Deny","Action":"s3:Get*","Resource":{text}}}"#));
    Case { code, pointer: "/Statement/0/Resource", bad: wrap(bad), good: wrap(good) }
}

/// A Condition of an otherwise good statement.
pub(super) fn condition(code: &'static str, pointer: &'static str, bad: &str, good: &str) -> Case {
    let wrap = |text: &str| {
        policy(&format!(r#"{{"Sid":"A","Effect":"Deny","Action":"s3:Get*","Resource":"*","Condition":{text}}}"#))
    };
    Case { code, pointer, bad: wrap(bad), good: wrap(good) }
}

fn all_cases() -> Vec<Case> {
    let mut cases = document_cases::cases();
    cases.extend(statement_cases::cases());
    cases.extend(placeholder_cases::cases());
    cases.extend(condition_cases::cases());
    cases.extend(blast_cases::cases());
    cases.extend(negation_cases::cases());
    cases.extend(reach_cases::cases());
    cases.extend(constant_cases::cases());
    cases
}

/// Takes the mark out of a text and says where it stood.
fn unmark(text: &str) -> (String, Position) {
    let at = text.find('§').unwrap_or_else(|| panic!("no mark in {text}"));
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let number = |count: usize| u32::try_from(count).expect("a small number");
    (text.replacen('§', "", 1), Position { line: number(line), column: number(column) })
}

#[test]
fn every_case_gives_its_finding_and_its_near_miss_does_not() {
    let settings = Settings::default();
    for case in all_cases() {
        let (text, position) = unmark(&case.bad);
        let found = validate(&text, &settings);
        assert!(
            found.iter().any(|finding| {
                (finding.code, finding.pointer.as_str(), finding.position) == (case.code, case.pointer, position)
            }),
            "{} at {} {position} is missing in {text}\n{found:#?}",
            case.code,
            case.pointer
        );
        let found = validate(&case.good, &settings);
        assert!(found.iter().all(|finding| finding.code != case.code), "{} in {}\n{found:#?}", case.code, case.good);
    }
}

#[test]
fn near_misses_are_otherwise_good() {
    // A near miss that is refused for another reason would prove nothing.
    let settings = Settings::default();
    for case in all_cases() {
        let found = validate(&case.good, &settings);
        let errors: Vec<_> = found.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "near miss of {}: {}\n{errors:#?}", case.code, case.good);
    }
}

/// Codes that are a warning in their milder form.
const TWO_SEVERITIES: [&str; 4] = ["EMPTY_ARRAY", "PRIVATE_SOURCE_IP", "UNKNOWN_REGION", "BREAKGLASS_TOO_BROAD"];

#[test]
fn every_code_is_unique_documented_and_produced() {
    let cases = all_cases();
    let with_table = table_cases::cases();
    for (index, (code, _, text)) in CODES.iter().enumerate() {
        assert!(!text.is_empty(), "{code}");
        assert!(CODES.iter().skip(index + 1).all(|(other, ..)| other != code), "{code} stands twice");
        assert!(cases.iter().chain(&with_table).any(|case| case.code == *code), "{code} has no test case");
    }
    for case in &cases {
        for finding in validate(&unmark(&case.bad).0, &Settings::default()) {
            let (_, severity, _) = CODES.iter().find(|(code, ..)| *code == finding.code).expect("a documented code");
            let own = TWO_SEVERITIES.contains(&finding.code) && finding.severity == Severity::Warning;
            assert!(own || finding.severity == *severity, "{finding:?}");
        }
    }
}

#[test]
fn messages_follow_the_house_style() {
    for case in all_cases() {
        for finding in validate(&unmark(&case.bad).0, &Settings::default()) {
            for text in std::iter::once(&finding.message).chain(&finding.fix) {
                let start = text.chars().next().expect("a text");
                let proper = text.starts_with("ARNs") || text.starts_with("JSON");
                assert!(!start.is_uppercase() || proper, "{text}");
                assert!(!text.ends_with('.') && !text.contains('\n') && !text.contains("  "), "{text}");
            }
        }
    }
}

#[test]
fn findings_are_sorted_and_the_same_each_time() {
    let settings = Settings::default();
    for case in all_cases() {
        let (text, _) = unmark(&case.bad);
        let found = validate(&text, &settings);
        assert!(found.is_sorted_by_key(|finding| finding.position), "{found:#?}");
        assert_eq!(found, validate(&text, &settings));
    }
}

#[test]
fn a_good_policy_gives_nothing() {
    let text = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyOutsideEU","Effect":"Deny","NotAction":["iam:*","sts:*","#,
        r#""organizations:*","route53:*","cloudfront:*","support:*","health:*","globalaccelerator:*","wafv2:*","#,
        r#""shield:*","ce:*","account:*"],"#,
        r#""Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1","eu-west-1"]},"#,
        r#""ArnNotLike":{"aws:PrincipalARN":["arn:aws:iam::*:role/BreakGlass"]}}}]}"#
    );
    let settings = Settings { break_glass: vec!["arn:aws:iam::*:role/BreakGlass".to_owned()], ..Settings::default() };
    assert_eq!(validate(text, &settings), []);
}
