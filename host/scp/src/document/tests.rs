//! What is read, and what is refused where.

use super::*;
use crate::call::{Call, Key, Keys};
use crate::truth::Truth;

fn with(statement: &str) -> String {
    format!("{{\"Version\": \"2012-10-17\",\n \"Statement\": [{statement}]}}")
}

#[test]
fn statements_know_their_sid_and_place() {
    let text = with(
        "{\"Sid\": \"A\", \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n  \
         {\"Effect\": \"Deny\", \"NotAction\": [\"iam:*\", \"S3:Get?\"], \"NotResource\": \"arn:x\"}",
    );
    let document = Document::parse(&text).expect("a document");
    let [first, second] = document.statements() else { panic!("two statements") };
    assert_eq!((first.index(), first.sid(), first.effect()), (0, Some("A"), Effect::Allow));
    assert_eq!((second.index(), second.sid(), second.effect()), (1, None, Effect::Deny));
    assert_eq!(second.position().to_string(), "3:3");
    assert_eq!((second.actions(), second.is_not_action()), (&["iam:*".to_owned(), "S3:Get?".to_owned()][..], true));
    assert_eq!((second.resources(), second.is_not_resource()), (&["arn:x".to_owned()][..], true));
}

#[test]
fn one_statement_needs_no_list() {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "a:b", "Resource": "*"}}"#;
    assert_eq!(Document::parse(text).expect("a document").statements().len(), 1);
}

#[test]
fn what_cannot_be_evaluated_is_refused_at_its_place() {
    let rest = r#""Action": "a:b", "Resource": "*""#;
    let deny = |more: &str| with(&format!("{{\"Effect\": \"Deny\", {more}}}"));
    for (text, message, needle) in [
        ("{".to_owned(), "not JSON: the document ends inside a value", ""),
        ("[]".to_owned(), "the document is not an object", "[]"),
        ("{}".to_owned(), "the document has no `Statement`", "{}"),
        (
            r#"{"Statement": [], "Statements": []}"#.to_owned(),
            "`Statements` is not an element of a document",
            "\"Statements\"",
        ),
        (
            r#"{"Statement": [], "Statement": []}"#.to_owned(),
            "key `Statement` stands twice in one object",
            "\"Statement\": []}",
        ),
        (r#"{"Version": "2012-10-18", "Statement": []}"#.to_owned(), "`Version` is not `2012-10-17`", "\"2012-10-18\""),
        (with("5"), "a statement is not an object", "5]"),
        (with(&format!("{{{rest}}}")), "the statement has no `Effect`", "{\"Action"),
        (with(&format!("{{\"Effect\": \"deny\", {rest}}}")), "`Effect` is not `Allow` or `Deny`", "\"deny\""),
        (deny(r#""Resource": "*""#), "the statement has neither `Action` nor `NotAction`", "{\"Effect"),
        (deny(r#""Action": "a:b""#), "the statement has neither `Resource` nor `NotResource`", "{\"Effect"),
        (deny(&format!("{rest}, \"NotAction\": \"c:d\"")), "`NotAction` stands beside `Action`", "\"c:d\""),
        (deny(r#""Action": "ab", "Resource": "*""#), "`ab` is not `service:action` or `*`", "\"ab\""),
        (deny(r#""Action": ":b", "Resource": "*""#), "`:b` is not `service:action` or `*`", "\":b\""),
        (deny(r#""Action": "", "Resource": "*""#), "`` is not `service:action` or `*`", "\"\","),
        (deny(r#""Action": 5, "Resource": "*""#), "a pattern is not a string", "5,"),
        (
            deny(&format!("{rest}, \"Principal\": \"*\"")),
            "`Principal` is not an element of a statement of a service control policy",
            "\"Principal\"",
        ),
        (deny(&format!("{rest}, \"Condition\": []")), "`Condition` is not an object", "[]}"),
        (
            deny(&format!("{rest}, \"Condition\": {{\"StringEqual\": {{}}}}")),
            "`StringEqual` is not a condition operator",
            "\"StringEqual\"",
        ),
        (
            deny(&format!("{rest}, \"Condition\": {{\"Bool\": {{\"aws:A\": \"true\", \"aws:a\": \"true\"}}}}")),
            "condition key `aws:a` stands twice below one operator",
            "\"aws:a\"",
        ),
        (
            deny(&format!("{rest}, \"Condition\": {{\"Bool\": {{\"aws:A\": null}}}}")),
            "a condition value is not a string, number or boolean",
            "null",
        ),
        (
            deny(r#""Action": "a:b", "Resource": "arn:aws:s3:::${aws:username""#),
            "`arn:aws:s3:::${aws:username` has a variable without `}`",
            "\"arn:aws:s3",
        ),
    ] {
        let error = Document::parse(&text).expect_err(message);
        let place = reeve_json::position(text.as_bytes(), text.rfind(needle).expect(needle));
        assert_eq!((error.message.as_str(), error.position), (message, place), "{text}");
    }
}

#[test]
fn a_text_of_the_longest_length_is_read_and_a_longer_one_is_not() {
    let text = with(r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#);
    let filled = text.clone() + &" ".repeat(DOCUMENT_BYTES_MAX - text.len());
    assert!(Document::parse(&filled).is_ok());
    assert!(Document::parse(&(filled + " ")).is_err());
}

#[test]
fn a_document_nests_as_deep_as_a_condition_and_some_more() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let error = |depth| Document::parse(&nested(depth)).expect_err("no document").message;
    assert_eq!(error(DEPTH_MAX), "the document is not an object");
    assert_eq!(error(DEPTH_MAX + 1), "arrays and objects are nested too deeply");
}

#[test]
fn variables_are_text_before_the_second_version() {
    let policy = |version: &str| {
        format!(
            r#"{{{version}"Statement": {{"Effect": "Deny", "Action": "a:b", "Resource": "*",
            "Condition": {{"StringEquals": {{"aws:k": "${{aws:username}}"}}}}}}}}"#
        )
    };
    let mut keys = Keys::complete();
    keys.set("aws:k", Key::value("${aws:username}"));
    keys.set("aws:username", Key::value("anna"));
    let call = Call { keys, ..Call::new("a:b") }.on("x");
    for (version, expected) in [
        (r#""Version": "2012-10-17", "#, Truth::False),
        (r#""Version": "2008-10-17", "#, Truth::True),
        ("", Truth::True),
    ] {
        let document = Document::parse(&policy(version)).expect("a document");
        assert_eq!(document.statements()[0].speaks_of(&call), expected, "{version}");
    }
}
