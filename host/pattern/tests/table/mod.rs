//! Running tables of patterns and events. Shared by the tests of this crate.

use reeve_json::{Options, StringRule, Value, parse};
use reeve_pattern::{Pattern, PatternError};

pub(crate) fn json(text: &str) -> Value {
    let options = Options { bytes_max: 1 << 20, depth_max: 400, strings: StringRule::Any };
    parse(text.as_bytes(), &options).unwrap_or_else(|error| panic!("{text}: {error}")).value
}

pub(crate) fn compile(text: &str) -> Result<Pattern, PatternError> {
    Pattern::compile(&json(text))
}

/// Checks each pattern against the events that it matches and those that it does not.
#[allow(dead_code, reason = "not every test file has such a table")]
pub(crate) fn check(rows: &[(&str, &[&str], &[&str])]) {
    for (pattern_text, matching, others) in rows {
        let pattern = compile(pattern_text).unwrap_or_else(|error| panic!("{pattern_text}: {error:?}"));
        for event in *matching {
            assert!(pattern.matches(&json(event)), "{pattern_text} does not match {event}");
        }
        for event in *others {
            assert!(!pattern.matches(&json(event)), "{pattern_text} matches {event}");
        }
    }
}

/// As [`check`], with the list of values of a field and values for that field.
#[allow(dead_code, reason = "not every test file has such a table")]
pub(crate) fn check_values(rows: &[(&str, &[&str], &[&str])]) {
    for (list, matching, others) in rows {
        let pattern = format!(r#"{{"f":{list}}}"#);
        let event = |value: &&str| format!(r#"{{"f":{value}}}"#);
        for value in *matching {
            check(&[(&pattern, &[&event(value)], &[])]);
        }
        for value in *others {
            check(&[(&pattern, &[], &[&event(value)])]);
        }
    }
}
