//! What a policy document says, as far as planning must know: what a gate refuses, and what is known before it is asked.
//! Whether a document is a good one is for policies to judge.

use reeve_json::{Node, Object, Options, ParseError, StringRule, Value, canonical, parse};
use reeve_model::limits::{EVENT_BYTES_MAX, EVENT_DEPTH_MAX};

/// A document is read as leniently as a text of an event can be.
const OPTIONS: Options = Options { bytes_max: EVENT_BYTES_MAX, depth_max: EVENT_DEPTH_MAX, strings: StringRule::Any };

/// The document as a value.
///
/// # Errors
/// Byte offset and message of the first fault, when it is no strict JSON.
pub fn read(document: &str) -> Result<Value, ParseError> {
    parse(document.as_bytes(), &OPTIONS).map(|node| node.value)
}

/// A statement that takes something away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deny {
    /// Canonical JSON without `Sid`: two statements with the same rule are the same.
    pub(crate) rule: String,
    /// Its `Sid` in backticks, or its number in the document.
    pub(crate) label: String,
}

/// The statements of a document that are not plain Allows. A document that cannot be read counts as one statement.
pub(crate) fn denies(document: &str) -> Vec<Deny> {
    let Some(statements) = statements(document) else {
        return vec![Deny { rule: document.to_owned(), label: "the unreadable document".to_owned() }];
    };
    let takes_away = |statement: &Object| text(statement, "Effect") != Some("Allow");
    let denies = statements.into_iter().enumerate().filter(|(_, statement)| takes_away(statement));
    denies
        .map(|(index, mut statement)| {
            let sid = statement.remove("Sid").and_then(|sid| sid.as_str().map(|sid| sid.escape_debug().to_string()));
            let label = sid.map_or_else(|| format!("statement {}", index + 1), |sid| format!("`{sid}`"));
            Deny { rule: canonical(&Value::Object(statement)), label }
        })
        .collect()
}

/// Whether one statement allows every action on every resource, without a condition. Source: Organizations user guide,
/// "SCP evaluation".
#[must_use]
pub fn allows_everything(document: &str) -> bool {
    let star = |statement: &Object, key: &str| {
        statement.get(key).is_some_and(|node| match &node.value {
            Value::String(text) => text == "*",
            Value::Array(items) => items.iter().any(|item| item.as_str() == Some("*")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        })
    };
    // A key that is not known here could narrow the statement.
    let plain =
        |statement: &Object| statement.iter().all(|it| ["Sid", "Effect", "Action", "Resource"].contains(&&*it.key));
    statements(document).unwrap_or_default().iter().any(|statement| {
        text(statement, "Effect") == Some("Allow")
            && star(statement, "Action")
            && star(statement, "Resource")
            && plain(statement)
    })
}

/// Whether no statement allows anything. A document that cannot be read might.
#[must_use]
pub fn allows_nothing(document: &str) -> bool {
    statements(document).is_some_and(|statements| statements.iter().all(|it| text(it, "Effect") == Some("Deny")))
}

/// A JSON text without the white space between its tokens, all else as written. Organizations counts every character
/// against its quota.
#[must_use]
pub fn minified(document: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let kept = |char: &char| {
        let keep = in_string || !matches!(char, ' ' | '\t' | '\n' | '\r');
        (in_string, escaped) = match (in_string, escaped, char) {
            (true, false, '"') => (false, false),
            (true, false, '\\') => (true, true),
            (true, _, _) => (true, false),
            (false, _, char) => (*char == '"', false),
        };
        keep
    };
    document.chars().filter(kept).collect()
}

fn text<'a>(statement: &'a Object, key: &str) -> Option<&'a str> {
    statement.get(key).and_then(Node::as_str)
}

/// The statements, one or several; none when the document is not an object with statements that are objects.
fn statements(document: &str) -> Option<Vec<Object>> {
    let document = read(document).ok()?;
    let statement = document.as_object()?.get("Statement")?;
    match &statement.value {
        Value::Object(object) => Some(vec![object.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_object().cloned()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ALLOW_ALL;

    #[test]
    fn a_deny_is_its_rule_and_not_its_spelling() {
        let rules = |document: &str| denies(document).into_iter().map(|deny| deny.rule).collect::<Vec<_>>();
        let one = r#"{"Statement":[{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
        let two = r#"{ "Statement": {"Resource":"*","Action":"s3:*","Effect":"Deny","Sid":"B"} }"#;
        assert_eq!(rules(one), rules(two));
        assert_eq!(rules(ALLOW_ALL), [""; 0]);
        assert_eq!(rules("not json"), ["not json"]);
        assert_eq!(rules(r#"{"Statement":[{"Effect":"deny"}]}"#), [r#"{"Effect":"deny"}"#]);
        let labels = |document: &str| denies(document).into_iter().map(|deny| deny.label).collect::<Vec<_>>();
        let both = r#"{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"},{"Sid":"X\u202e","Effect":"Deny"}]}"#;
        assert_eq!(labels(both), ["statement 2", "`X\\u{202e}`"]);
    }

    #[test]
    fn an_equal_allow_has_no_strings_attached() {
        let allow = |rest: &str| format!(r#"{{"Statement":[{{"Effect":"Deny"}},{{"Effect":"Allow",{rest}}}]}}"#);
        for (document, good) in [
            (ALLOW_ALL.to_owned(), true),
            (allow(r#""Action":["s3:*","*"],"Resource":["*"],"Sid":"x""#), true),
            (allow(r#""Action":"*","Resource":"*","Condition":{}"#), false),
            (allow(r#""Action":"*","Resource":"arn:aws:s3:::*""#), false),
            (allow(r#""Action":"s3:*","Resource":"*""#), false),
            (allow(r#""NotAction":"iam:*","Resource":"*""#), false),
            (allow(r#""Action":"*","NotResource":"*""#), false),
            (r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#.to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(allows_everything(&document), good, "{document}");
        }
    }

    #[test]
    fn only_denies_allow_nothing() {
        for (document, nothing) in [
            (r#"{"Statement":[{"Effect":"Deny"},{"Effect":"Deny"}]}"#, true),
            (r#"{"Statement":[{"Effect":"Deny"},{"Effect":"Allow"}]}"#, false),
            (r#"{"Statement":{"Effect":"deny"}}"#, false),
            ("", false),
        ] {
            assert_eq!(allows_nothing(document), nothing, "{document}");
        }
    }

    #[test]
    fn white_space_goes_between_tokens_alone() {
        for (document, expected, chars) in [
            ("", "", 0),
            (" { \"a b\" :\n\t1 }\r\n", "{\"a b\":1}", 9),
            (r#""a \" b" "#, r#""a \" b""#, 8),
            (r#""\\" "x y""#, r#""\\""x y""#, 9),
            (r#""\\" , "x y""#, r#""\\","x y""#, 10),
            ("[ \"\u{a0}\" , \"\\u00e9\" ]", "[\"\u{a0}\",\"\\u00e9\"]", 14),
            ("\"\u{1f600} \u{e9}\" ", "\"\u{1f600} \u{e9}\"", 5),
        ] {
            let minified = minified(document);
            assert_eq!((minified.as_str(), minified.chars().count()), (expected, chars), "{document}");
        }
    }
}
