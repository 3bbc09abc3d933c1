//! Cases on NotAction and NotResource, on the form of actions, and on what is in the text of a policy.

use super::*;

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow",{rest}}}"#)
}

fn deny(rest: &str) -> String {
    format!(r#"{{"Sid":"A","Effect":"Deny",{rest}}}"#)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = negations();
    cases.extend(actions());
    cases.extend(secrets());
    cases
}

fn negations() -> Vec<Case> {
    let not_action = "/Statement/0/NotAction";
    let not_resource = "/Statement/0/NotResource";
    vec![
        statement(
            "ALLOW_NOTACTION",
            not_action,
            &allow(r#""NotAction":§["iam:*"],"Resource":"*""#),
            &deny(r#""NotAction":["iam:*"],"Resource":"*""#),
        ),
        statement(
            "ALLOW_NOTACTION",
            not_action,
            &allow(r#""NotAction":§"iam:*","Resource":"arn:aws:s3:::b""#),
            &allow(r#""Action":"iam:*","Resource":"*""#),
        ),
        statement(
            "DENY_NOTACTION_UNCONDITIONAL",
            not_action,
            &deny(r#""NotAction":§["s3:*"],"Resource":"*""#),
            &deny(r#""NotAction":["s3:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#),
        ),
        statement(
            "DENY_NOTACTION_UNCONDITIONAL",
            not_action,
            &deny(r#""NotAction":§"s3:*","Resource":["arn:aws:s3:::b","*"],"Condition":{}"#),
            &deny(r#""NotAction":"s3:*","Resource":"arn:aws:s3:::b""#),
        ),
        statement(
            "NOTACTION_SINGLE_NEGATION_PAIR",
            not_resource,
            &deny(r#""NotAction":"s3:*","NotResource":§"arn:aws:s3:::b""#),
            &deny(r#""Action":"s3:*","NotResource":"arn:aws:s3:::b""#),
        ),
        statement(
            "NOTACTION_SINGLE_NEGATION_PAIR",
            not_resource,
            &allow(r#""NotAction":"s3:*","NotResource":§["arn:aws:s3:::b"]"#),
            &allow(r#""NotAction":"s3:*","Resource":["arn:aws:s3:::b"]"#),
        ),
        statement(
            "NOTRESOURCE_WITH_ALLOW",
            not_resource,
            &allow(r#""Action":"s3:*","NotResource":§"arn:aws:s3:::b""#),
            &deny(r#""Action":"s3:*","NotResource":"arn:aws:s3:::b""#),
        ),
        statement(
            "NOTRESOURCE_WITH_ALLOW",
            not_resource,
            &allow(r#""Action":"s3:*","NotResource":§"arn:aws:s3:::b""#),
            &allow(r#""Action":"s3:*","Resource":"arn:aws:s3:::b""#),
        ),
    ]
}

fn actions() -> Vec<Case> {
    let action = |bad: &str, good: &str| {
        let wrap = |text: String| deny(&format!(r#""Action":{text},"Resource":"*""#));
        let bad = wrap(format!("§\"{bad}\""));
        statement("ACTION_FORMAT", "/Statement/0/Action", &bad, &wrap(format!("\"{good}\"")))
    };
    vec![
        action("s3.GetObject", "s3:GetObject"),
        action("s3:", "s3:*"),
        action(":Get", "s3:Get"),
        action("Get*", "*:Get*"),
        action("", "?3:*"),
        action("s3:Get Object", "s3:Get?Object"),
        action("s3:Get:Object", "aws-marketplace:*Agreement"),
        action("s3 :Get", "sms-voice:Get*"),
        action("s3:Get-Object", "*"),
        statement(
            "ACTION_FORMAT",
            "/Statement/0/NotAction/1",
            &deny(r#""NotAction":["s3:*",§"arn:aws:iam::aws:policy/x"],"Resource":"*""#),
            &deny(r#""NotAction":["s3:*","iam:*"],"Resource":"*""#),
        ),
    ]
}

fn secrets() -> Vec<Case> {
    let value = |bad: &str, good: &str| {
        let wrap = |text: String| format!(r#"{{"StringLike":{{"aws:userid":{text}}}}}"#);
        let pointer = "/Statement/0/Condition/StringLike/aws:userid";
        let bad = wrap(format!("§\"{bad}\""));
        condition("SECRET_OR_PII_IN_POLICY", pointer, &bad, &wrap(format!("\"{good}\"")))
    };
    vec![
        value("AIDAEXAMPLE:jane.doe@example.com", "AROAEXAMPLE:*"),
        value("AKIAIOSFODNN7EXAMPLE", "AIDAIOSFODNN7EXAMPLE"),
        value("*:ASIAIOSFODNN7EXAMPLE", "*:ASIAIOSFODNN7EXAMPL"),
        condition(
            "SECRET_OR_PII_IN_POLICY",
            "/Statement/0/Condition/StringEquals/aws:RequestTag~1a@b.example",
            r#"{"StringEquals":{§"aws:RequestTag/a@b.example":"x"}}"#,
            r#"{"StringEquals":{"aws:RequestTag/a@b":"x"}}"#,
        ),
    ]
}
