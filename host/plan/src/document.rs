//! Policy documents as text: how they are compared and shown, and what they allow.

use reeve_json::canonical;
use reeve_kinds::policy_document::{allows_everything, allows_nothing, read};

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

/// What the Allows of a document come to, by the rule of the gate that changes policies.
pub(crate) fn allows(document: &str) -> Allows {
    if allows_nothing(document) {
        Allows::Nothing
    } else if allows_everything(document) {
        Allows::Everything
    } else {
        Allows::Something
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
