//! Condition operators: their names, and how each one compares (IAM user guide, "Condition operators" and "Conditions
//! with multiple context keys or values").
//!
//! It must not know condition keys or values.

use super::text::nearest;

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    String,
    Numeric,
    Date,
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// Set qualifier in front of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// An operator as written in a Condition block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) class: Class,
    /// True when the key does not have the value: `StringNotEquals`, `ArnNotLike`, ... True also for a missing key.
    pub(super) negated: bool,
    /// Whether `*` and `?` are wildcards.
    pub(super) wildcards: bool,
    pub(super) qualifier: Option<Qualifier>,
    /// `...IfExists`: true for a missing key.
    pub(super) if_exists: bool,
}

/// Name, class, negated, wildcards. The four Arn operators all take wildcards.
const OPERATORS: [(&str, Class, bool, bool); 27] = [
    ("StringEquals", Class::String, false, false),
    ("StringNotEquals", Class::String, true, false),
    ("StringEqualsIgnoreCase", Class::String, false, false),
    ("StringNotEqualsIgnoreCase", Class::String, true, false),
    ("StringLike", Class::String, false, true),
    ("StringNotLike", Class::String, true, true),
    ("NumericEquals", Class::Numeric, false, false),
    ("NumericNotEquals", Class::Numeric, true, false),
    ("NumericLessThan", Class::Numeric, false, false),
    ("NumericLessThanEquals", Class::Numeric, false, false),
    ("NumericGreaterThan", Class::Numeric, false, false),
    ("NumericGreaterThanEquals", Class::Numeric, false, false),
    ("DateEquals", Class::Date, false, false),
    ("DateNotEquals", Class::Date, true, false),
    ("DateLessThan", Class::Date, false, false),
    ("DateLessThanEquals", Class::Date, false, false),
    ("DateGreaterThan", Class::Date, false, false),
    ("DateGreaterThanEquals", Class::Date, false, false),
    ("Bool", Class::Bool, false, false),
    ("BinaryEquals", Class::Binary, false, false),
    ("IpAddress", Class::Ip, false, false),
    ("NotIpAddress", Class::Ip, true, false),
    ("ArnEquals", Class::Arn, false, true),
    ("ArnNotEquals", Class::Arn, true, true),
    ("ArnLike", Class::Arn, false, true),
    ("ArnNotLike", Class::Arn, true, true),
    ("Null", Class::Null, false, false),
];

const QUALIFIERS: [(&str, Qualifier); 2] =
    [("ForAllValues:", Qualifier::ForAllValues), ("ForAnyValue:", Qualifier::ForAnyValue)];

const IF_EXISTS: &str = "IfExists";

impl Operator {
    /// Reads an operator; the case of letters does not count, as AWS takes them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (qualifier, name, if_exists) = cut(text);
        let (_, class, negated, wildcards) = *OPERATORS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        let operator = Self { class, negated, wildcards, qualifier: qualifier.map(|(_, value)| value), if_exists };
        // Null asks whether the key exists: IfExists has no meaning there, AWS refuses it.
        (class != Class::Null || !if_exists).then_some(operator)
    }
}

/// Cuts qualifier and `IfExists` off.
fn cut(text: &str) -> (Option<(&'static str, Qualifier)>, &str, bool) {
    let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let qualifier = QUALIFIERS.into_iter().find(|(prefix, _)| starts(prefix));
    let name = qualifier.map_or(text, |(prefix, _)| text.get(prefix.len()..).unwrap_or_default());
    let end = name.len().saturating_sub(IF_EXISTS.len());
    match name.split_at_checked(end) {
        Some((start, suffix)) if suffix.eq_ignore_ascii_case(IF_EXISTS) => (qualifier, start, true),
        Some(_) | None => (qualifier, name, false),
    }
}

/// The operator that a wrong one was most likely meant to be.
pub(super) fn suggest(text: &str) -> Option<String> {
    let (qualifier, name, if_exists) = cut(text);
    // A misspelt qualifier stays in front of the name.
    let (start, name) = match (qualifier, name.split_once(':')) {
        (Some((prefix, _)), _) => (prefix, name),
        (None, Some((start, rest))) => (nearest(start, ["ForAllValues", "ForAnyValue"].into_iter())?, rest),
        (None, None) => ("", name),
    };
    let word = nearest(name, OPERATORS.iter().map(|(known, ..)| *known))?;
    let colon = if start.is_empty() || start.ends_with(':') { "" } else { ":" };
    let suffix = if if_exists && word != "Null" { IF_EXISTS } else { "" };
    Some(format!("{start}{colon}{word}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_with_their_additions() {
        let operator = Operator::parse("foranyvalue:stringnotlikeifexists").expect("an operator");
        let expected = Operator {
            class: Class::String,
            negated: true,
            wildcards: true,
            qualifier: Some(Qualifier::ForAnyValue),
            if_exists: true,
        };
        assert_eq!(operator, expected);
        for text in ["", "StringEqual", "NullIfExists", "ForAllValues:", "ForEachValue:Bool", "StringEquals "] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
        assert!(Operator::parse("ForAllValues:Null").is_some());
    }

    #[test]
    fn misspellings_get_a_suggestion() {
        for (text, expected) in [
            ("StringEqual", Some("StringEquals")),
            ("StringsLike", Some("StringLike")),
            ("NullIfExists", Some("Null")),
            ("ForAllValue:StringEqualsIfExists", Some("ForAllValues:StringEqualsIfExists")),
            ("ForAnyValue:StringEqualIfExists", Some("ForAnyValue:StringEqualsIfExists")),
            ("Frobnicate", None),
        ] {
            assert_eq!(suggest(text).as_deref(), expected, "{text}");
        }
    }
}
