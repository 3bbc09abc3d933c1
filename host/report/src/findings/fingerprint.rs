//! What makes a finding the same finding after the lines around it have moved.

use super::Sources;
use reeve_json::Value;
use reeve_model::{Digest, Finding};
use std::collections::BTreeMap;

/// The rule by which fingerprints are made. Fingerprints of different rules never meet: a change of the rule is a new
/// number here, and every waiver and baseline that holds the old ones says so by no longer applying.
pub(crate) const RULE: i64 = 1;

/// Longest number that is taken for a line or column, digits. Account ids have twelve and stay what they are.
const POSITION_DIGITS_MAX: usize = 7;

/// A finding and its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// What was found.
    pub finding: Finding,
    /// SHA-256 over what the finding says and the text it is about; equal after the text moved to other lines.
    pub fingerprint: Digest,
}

/// Sorts findings by file, line and column, those without a place last; drops exact repeats; gives each its fingerprint.
///
/// A fingerprint covers code, severity, file, subject, message (without line and column numbers), the text at the place
/// and, among findings equal in all of these, the number of the occurrence from above. A changed text therefore never
/// inherits what was said of the old one.
pub(crate) fn identify(mut findings: Vec<Finding>, sources: &Sources) -> Vec<Identified> {
    findings.sort_by_cached_key(order);
    findings.dedup();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let identify = |finding: Finding| {
        let material = material(&finding, sources);
        let occurrence = seen.entry(material.clone()).or_default();
        *occurrence += 1;
        let fingerprint = Digest::of(format!("{material}\n{occurrence}").as_bytes());
        Identified { finding, fingerprint }
    };
    findings.into_iter().map(identify).collect()
}

/// By place first, as people read; then by all else that tells findings apart, so that equal input gives equal output.
pub(crate) fn order(finding: &Finding) -> impl Ord + use<> {
    let place = finding.place.clone();
    let rest = (finding.code.clone(), finding.subject.clone(), finding.message.clone(), finding.by.clone());
    (place.is_none(), place, finding.severity, rest, finding.fix.clone(), finding.related.clone())
}

fn material(finding: &Finding, sources: &Sources) -> String {
    let place = finding.place.as_ref();
    let context = place.and_then(|place| sources.extent(place)).map(|extent| extent.context());
    let parts: [Value; 7] = [
        Value::from(RULE),
        Value::from(finding.code.as_str()),
        Value::from(finding.severity.as_str()),
        Value::from(place.map(|place| place.file.clone())),
        Value::from(finding.subject.clone()),
        Value::from(settled(&finding.message)),
        Value::from(context),
    ];
    reeve_json::canonical(&Value::array(parts))
}

/// The message with `_` for line and column numbers: `line 12`, `column 3`, `:12:3`.
fn settled(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(char) = rest.chars().next() {
        match number_of_place(rest) {
            Some((kept, behind)) => {
                out.push_str(kept);
                rest = behind;
            }
            None => {
                out.push(char);
                rest = rest.get(char.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// If `text` starts with the mention of a place: what stands for it, and what comes behind.
fn number_of_place(text: &str) -> Option<(&'static str, &str)> {
    for (word, kept) in [("line ", "line _"), ("column ", "column _")] {
        if let Some(behind) = text.strip_prefix(word).and_then(after_number) {
            return Some((kept, behind));
        }
    }
    let behind = text.strip_prefix(':').and_then(after_number)?;
    Some((":_:_", behind.strip_prefix(':').and_then(after_number)?))
}

fn after_number(text: &str) -> Option<&str> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    if (1..=POSITION_DIGITS_MAX).contains(&end) { text.get(end..) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::{Place, Severity};

    #[test]
    fn numbers_of_lines_and_columns_do_not_count() {
        for (message, settled_message) in [
            ("first set at line 12, column 3", "first set at line _, column _"),
            ("first set at accounts.yaml:12:3", "first set at accounts.yaml:_:_"),
            ("line 1234567 and line 12345678", "line _ and line 12345678"),
            ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
            ("10,240 characters", "10,240 characters"),
            ("a:12 stays", "a:12 stays"),
            ("line é", "line é"),
            ("", ""),
        ] {
            assert_eq!(settled(message), settled_message, "{message}");
        }
    }

    fn at(line: u32, column: u32) -> Finding {
        let place = Place { file: "f".to_owned(), line, column };
        Finding::new("scp", "A", Severity::Warning, "bad").at(place)
    }

    fn prints(findings: Vec<Finding>, text: &str) -> Vec<Digest> {
        let found = identify(findings, &Sources::from_iter([("f", text)]));
        found.into_iter().map(|it| it.fingerprint).collect()
    }

    #[test]
    fn fingerprints_follow_moved_text_and_leave_changed_text() {
        let before = prints(vec![at(1, 1)], "a: 1\nb: 2");
        for (same, line, column, text) in [
            (true, 3, 1, "\n\na: 1\nb: 2"),
            (true, 1, 3, "  a: 1\nb: 3"),
            (true, 1, 1, "a: 1\r\nb: 2"),
            (false, 1, 1, "a: 2\nb: 2"),
            (false, 1, 1, "a:  1\nb: 2"),
            (false, 2, 1, "a: 1\nb: 2"),
            (false, 9, 1, "a: 1\nb: 2"),
        ] {
            assert_eq!(prints(vec![at(line, column)], text) == before, same, "{text:?} {line}:{column}");
        }
    }

    #[test]
    fn everything_that_tells_findings_apart_counts() {
        let base = prints(vec![at(1, 1)], "a");
        let mut file = at(1, 1);
        file.place = Some(Place { file: "g".to_owned(), line: 1, column: 1 });
        for other in [
            Finding { code: "B".to_owned(), ..at(1, 1) },
            Finding { severity: Severity::Error, ..at(1, 1) },
            Finding { message: "worse".to_owned(), ..at(1, 1) },
            at(1, 1).about("foo"),
            file,
        ] {
            let name = format!("{other:?}");
            assert_ne!(prints(vec![other], "a"), base, "{name}");
        }
        assert_eq!(prints(vec![Finding { by: "other".to_owned(), ..at(1, 1) }.fix("x")], "a"), base);
    }

    #[test]
    fn a_statement_is_one_text() {
        let text = |action: &str| format!("[{{\n \"Action\": \"{action}\"\n}}]");
        assert_ne!(prints(vec![at(1, 2)], &text("s3:*")), prints(vec![at(1, 2)], &text("*")));
        assert_eq!(prints(vec![at(1, 2)], &text("*")), prints(vec![at(3, 2)], &format!("\n\n{}", text("*"))));
    }

    #[test]
    fn equal_findings_are_counted_and_exact_repeats_dropped() {
        let text = "x\nx\nx";
        let all = prints(vec![at(3, 1), at(1, 1), at(2, 1), at(2, 1)], text);
        assert_eq!(all.len(), 3);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(prints(vec![at(2, 1)], text)[0], all[0], "the first occurrence, wherever it stands");
    }
}
