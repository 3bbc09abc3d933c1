//! Cases on the document as a whole.

use super::*;

const ALLOW: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

/// A good policy whose Sid is padded with `filler` until the text has `chars` characters.
pub(super) fn policy_of(chars: usize, filler: char) -> String {
    let frame = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Sid":"A","Action":"s3:Put*","Resource":"arn:aws:s3:::{sid}"}}}}"#
        )
    };
    let empty = frame("").chars().count();
    frame(&filler.to_string().repeat(chars.saturating_sub(empty)))
}

fn version(version: &str) -> String {
    format!(r#"{{{version}"Statement":{ALLOW}}}"#)
}

pub(super) fn cases() -> Vec<Case> {
    let good = policy(ALLOW);
    let marked = |text: &str| format!("§{text}");
    let mut cases = vec![
        whole("JSON_SYNTAX", "", "§", &good),
        whole("JSON_SYNTAX", "/Version", r#"{"Version":§"#, &good),
        whole("JSON_SYNTAX", "", r#"{"Version":"2012-10-17",§}"#, &good),
        whole(
            "JSON_SYNTAX",
            "",
            "{\n  §// a comment\n}",
            &policy(ALLOW).replace("e\":\"*\"", "e\":\"arn:aws:s3:::a//b\""),
        ),
        whole("JSON_SYNTAX", "", "{} §x", &good),
        whole("JSON_SYNTAX", "/Statement", "{\"Statement\":§${STATEMENTS}}", &good),
        whole("JSON_SYNTAX", "/Version", "{\"Version\":§\"\u{202e}\"}", &good),
        whole("JSON_DUPLICATE_KEY", "/Statement", r#"{"Statement":[],§"Statement":[]}"#, &good),
        whole("NOT_SINGLE_OBJECT", "", "§[]", &good),
        whole("NOT_SINGLE_OBJECT", "", "§\"x\"", &good),
        whole("NOT_SINGLE_OBJECT", "", "{}\n§{}", &format!("{good}\n")),
        whole("NOT_SINGLE_OBJECT", "", "{}§,{}", &good),
        whole("SIZE_QUOTA", "", &marked(&policy_of(10_241, 'a')), &policy_of(10_240, 'a')),
        whole("SIZE_NEAR_QUOTA", "", &marked(&policy_of(9_217, 'a')), &policy_of(9_216, 'a')),
        whole("BYTES_OVER_QUOTA", "", &marked(&policy_of(10_200, 'é')), &policy_of(5_000, 'é')),
        whole("SIZE_QUOTA", "", &format!("§\"{}\"", "a".repeat(DOCUMENT_BYTES_MAX)), &good),
        whole(
            "NOT_MINIFIED",
            "",
            &format!("{good}§\n").replacen("\n{", "{", 1).replacen("\n]", "]", 1),
            &good.replace('\n', ""),
        ),
        whole(
            "NOT_MINIFIED",
            "",
            "{§ \"a\":\"b c\"}",
            &good.replace('\n', "").replace("e\":\"*\"", r#"e":"arn:aws:s3:::a \\\" b""#),
        ),
        whole("MISSING_VERSION", "", &marked(&version("")), &version("\"Version\":\"2012-10-17\",")),
        whole("INVALID_VERSION", "/Version", &version("\"Version\":§\"2008-10-17\","), &good),
        whole("INVALID_VERSION", "/Version", &version("\"Version\":§\"2012-10-18\","), &good),
        whole("MISSING_STATEMENT", "", "§{\"Version\":\"2012-10-17\"}", &version("\"Version\":\"2012-10-17\",")),
        whole("MISSING_STATEMENT", "/Statement", "{\"Version\":\"2012-10-17\",\"Statement\":§[]}", &good),
        whole("ID_ELEMENT", "/Id", &version("\"Version\":\"2012-10-17\",§\"Id\":\"a\","), &good),
        whole("UNKNOWN_ELEMENT", "/version", &version("§\"version\":\"2012-10-17\","), &good),
        whole("UNKNOWN_ELEMENT", "/a~1b", &version("\"Version\":\"2012-10-17\",§\"a/b\":1,"), &good),
        whole("DATA_TYPE", "/Version", &version("\"Version\":§5,"), &good),
        whole("DATA_TYPE", "/Statement", "{\"Version\":\"2012-10-17\",\"Statement\":§null}", &good),
        whole("DATA_TYPE", "/Statement/1", &good.replace("\n]", "§\n,7]").replace("§\n,", ",§"), &good),
    ];
    let other = [
        r#"{"tags":{"CostCenter":{"tag_key":{"@@assign":"CostCenter"}}}}"#,
        r#"{"plans":{"P":{"regions":["us-east-1"]}}}"#,
        r#"{"services":{"lex":{"opt_out_policy":{"@@assign":"optIn"}}}}"#,
        r#"{"ec2_attributes":{"serial_console_access":{"status":{"@@assign":"enabled"}}}}"#,
        r#"{"something_new":[{"x":{"@@append":["y"]}}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#,
    ];
    let near = [
        &good,
        &policy(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:x":"@@assign"}}}"#),
    ];
    for text in other {
        for near in near {
            cases.push(whole("POLICY_TYPE_MISMATCH", "", &marked(text), near));
        }
    }
    cases
}

#[test]
fn a_document_of_another_kind_gives_one_finding() {
    for text in [
        "",
        "{",
        "[]",
        "{\"a\":1,\"a\":1}",
        "{}{}",
        "{\"tags\":{}, \"plans\" : {\"a\":{\"@@assign\":1}}}",
        r#"{"Statement":{"Effect":"Deny","Principal":"*","NotAction":5}}"#,
    ] {
        assert_eq!(validate(text, &Settings::default()).len(), 1, "{text}");
    }
}

#[test]
fn the_size_message_says_whether_minifying_is_enough() {
    let settings = Settings { size_quota_chars: 150, ..Settings::default() };
    let text = policy(ALLOW).replace(',', &format!(",{}", " ".repeat(40)));
    let found = validate(&text, &settings);
    let fix = found.iter().find(|finding| finding.code == "SIZE_QUOTA").and_then(|finding| finding.fix.clone());
    assert_eq!(fix.as_deref(), Some("minify the document to 85 characters"));
}

#[test]
fn a_comment_is_named_as_one() {
    for (text, expected) in [("{// a\n}", true), ("{/* a */}", true), ("# a\n{}", true), ("{a}", false)] {
        let found = validate(text, &Settings::default());
        let fix = found.first().and_then(|finding| finding.fix.clone());
        assert_eq!(fix.as_deref() == Some("remove the comment"), expected, "{text}");
    }
}

#[test]
fn no_more_findings_than_the_maximum() {
    let statements = vec!["{}"; 5_000].join(",");
    let found = validate(&format!("{{\"Statement\":[{statements}]}}"), &Settings::default());
    assert_eq!(found.len(), FINDINGS_MAX);
}

#[test]
fn white_space_that_is_taken_out_before_sending_does_not_count() {
    let text = policy_of(140, 'a').replace(',', ",\n                                        ");
    let codes = |minified_later| {
        let settings = Settings { size_quota_chars: 150, minified_later, ..Settings::default() };
        validate(&text, &settings).into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert!(codes(false).contains(&"SIZE_QUOTA"), "{:?}", codes(false));
    assert!(codes(false).contains(&"NOT_MINIFIED"));
    assert_eq!(codes(true), ["SIZE_NEAR_QUOTA"]);
}
