//! Policy documents as text: how they are stored, compared and shown.

use reeve_json::{Object, Options, StringRule, Value, canonical, parse};
use reeve_model::limits::{EVENT_BYTES_MAX, EVENT_DEPTH_MAX};

/// A document is read as leniently as a text of a file can be: whether it is a good one is for policies to judge.
const OPTIONS: Options = Options { bytes_max: EVENT_BYTES_MAX, depth_max: EVENT_DEPTH_MAX, strings: StringRule::Any };

/// The document, if it is strict JSON; else byte offset and message of the first fault.
pub(crate) fn read(text: &str) -> Result<Value, reeve_json::ParseError> {
    parse(text.as_bytes(), &OPTIONS).map(|node| node.value)
}

/// The text without the white space between its tokens, all else as written. Organizations counts every character
/// against its quota, so this is what is sent. The text is JSON.
pub(crate) fn minified(text: &str) -> String {
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
    text.chars().filter(kept).collect()
}

/// Whether two documents say the same: white space, escapes and the order of keys do not count. Documents that cannot
/// be read are compared as texts.
pub(crate) fn same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    match (read(one), read(other)) {
        (Ok(one), Ok(other)) => canonical(&one) == canonical(&other),
        (_, _) => false,
    }
}

/// A document for people, one member or element a line; a text that is no JSON as it is.
pub(crate) fn pretty(text: &str) -> String {
    read(text).map_or_else(|_| text.to_owned(), |value| reeve_json::pretty(&value))
}

/// What a document allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allows {
    /// Nothing: every statement is a Deny.
    Nothing,
    /// Something; a document that cannot be read might.
    Something,
    /// Every action on every resource, without a condition.
    Everything,
}

/// What the Allows of a document come to. Source: Organizations user guide, "SCP evaluation"; the gate that changes
/// policies refuses by the same rule.
pub(crate) fn allows(document: &str) -> Allows {
    let Some(statements) = statements(document) else { return Allows::Something };
    if statements.iter().all(|statement| effect(statement) == Some("Deny")) {
        return Allows::Nothing;
    }
    if statements.iter().any(everything) { Allows::Everything } else { Allows::Something }
}

fn effect(statement: &Object) -> Option<&str> {
    statement.get("Effect").and_then(reeve_json::Node::as_str)
}

fn everything(statement: &Object) -> bool {
    let star = |key: &str| {
        statement.get(key).is_some_and(|node| {
            node.as_str() == Some("*")
                || node.as_array().is_some_and(|items| items.iter().any(|it| it.as_str() == Some("*")))
        })
    };
    // A key that is not known here could narrow the statement.
    let plain = statement.iter().all(|it| ["Sid", "Effect", "Action", "Resource"].contains(&&*it.key));
    effect(statement) == Some("Allow") && star("Action") && star("Resource") && plain
}

/// The statements, one or several; none when the document does not have the form of one.
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

    #[test]
    fn white_space_goes_between_tokens_alone() {
        for (text, minified_text) in [
            ("", ""),
            (" { \"a b\" :\n\t1 }\r\n", "{\"a b\":1}"),
            (r#""a \" b" "#, r#""a \" b""#),
            (r#""\\" , "x y""#, r#""\\","x y""#),
            ("[ \"\u{a0}\" , \"\\u00e9\" ]", "[\"\u{a0}\",\"\\u00e9\"]"),
        ] {
            assert_eq!(minified(text), minified_text, "{text}");
        }
    }

    #[test]
    fn spelling_does_not_make_another_document() {
        for (one, other, equal) in [
            (r#"{"a":1,"b":[1, 2]}"#, "{\"b\":[1,2],\n\"a\":1}", true),
            (r#"{"a":"\u0041"}"#, r#"{"a":"A"}"#, true),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
            ("no json", "no json", true),
            ("no json", "no  json", false),
        ] {
            assert_eq!(same(one, other), equal, "{one} {other}");
        }
    }

    #[test]
    fn people_read_one_member_a_line() {
        let shown = "{\n  \"a\": [\n    1,\n    {\n      \"b\\n\": {}\n    }\n  ],\n  \"c\": []\n}";
        assert_eq!(pretty(r#"{"a":[1,{"b\n":{}}],"c":[]}"#), shown);
        assert_eq!(pretty("no json"), "no json");
    }

    #[test]
    fn only_a_plain_allow_allows_everything() {
        let allow = |rest: &str| format!(r#"{{"Statement":[{{"Effect":"Deny"}},{{"Effect":"Allow",{rest}}}]}}"#);
        for (document, allowed) in [
            (allow(r#""Action":["s3:*","*"],"Resource":["*"],"Sid":"x""#), Allows::Everything),
            (allow(r#""Action":"*","Resource":"*","Condition":{}"#), Allows::Something),
            (allow(r#""Action":"s3:*","Resource":"*""#), Allows::Something),
            (allow(r#""NotAction":"iam:*","Resource":"*""#), Allows::Something),
            (r#"{"Statement":{"Effect":"Deny"}}"#.to_owned(), Allows::Nothing),
            (r#"{"Statement":[]}"#.to_owned(), Allows::Nothing),
            ("no json".to_owned(), Allows::Something),
        ] {
            assert_eq!(allows(&document), allowed, "{document}");
        }
    }
}
