//! Cases on the Condition block.

use super::*;

/// One key under one operator; the mark stands before the value.
fn value(code: &'static str, operator: &str, key: &str, bad: &str, good: &str) -> Case {
    let pointer = format!("/Statement/0/Condition/{operator}/{}", key.replace('/', "~1"));
    let wrap = |value: &str| format!(r#"{{"{operator}":{{"{key}":{value}}}}}"#);
    condition(code, pointer.leak(), &wrap(&format!("§{bad}")), &wrap(good))
}

/// One key under one operator; the mark stands before the key, and the near miss may have another operator.
fn key(code: &'static str, pointer: &'static str, bad: &str, good: &str) -> Case {
    condition(code, pointer, bad, good)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = operators();
    cases.extend(values());
    cases.extend(kinds());
    cases
}

fn operators() -> Vec<Case> {
    let operator = |bad: &str, good: &str| {
        let pointer = format!("/Statement/0/Condition/{bad}");
        let wrap = |name: &str| format!(r#"{{{name}:{{"aws:x":"true"}}}}"#);
        condition("INVALID_OPERATOR", pointer.leak(), &wrap(&format!("§\"{bad}\"")), &wrap(&format!("\"{good}\"")))
    };
    vec![
        operator("StringEqual", "StringEquals"),
        operator("StringsLike", "stringlike"),
        operator("NullIfExists", "Null"),
        operator("BinaryLike", "BOOLIFEXISTS"),
        operator("ForAllValue:StringEquals", "forallvalues:StringEqualsIfExists"),
        operator("ForAnyValues:StringEquals", "ForAnyValue:StringNotEquals"),
        key(
            "DUPLICATE_KEY_CASE",
            "/Statement/0/Condition/StringEquals/aws:username",
            r#"{"StringEquals":{"aws:UserName":"a",§"aws:username":"b"}}"#,
            r#"{"StringEquals":{"aws:UserName":"a"},"StringLike":{"aws:username":"b"}}"#,
        ),
        key(
            "DUPLICATE_KEY_CASE",
            "/Statement/0/Condition/StringEquals/aws:RequestTag~1team",
            r#"{"StringEquals":{"aws:RequestTag/Team":"a",§"aws:RequestTag/team":"b"}}"#,
            r#"{"StringEquals":{"aws:RequestTag/Team":"a","aws:RequestTag/teams":"b"}}"#,
        ),
        key(
            "MISSING_QUALIFIER",
            "/Statement/0/Condition/StringEquals/aws:TagKeys",
            r#"{"StringEquals":{§"aws:TagKeys":["a"]}}"#,
            r#"{"ForAnyValue:StringEquals":{"aws:tagkeys":["a"]}}"#,
        ),
        key(
            "MISSING_QUALIFIER",
            "/Statement/0/Condition/StringNotLikeIfExists/AWS:principalorgpaths",
            r#"{"StringNotLikeIfExists":{§"AWS:principalorgpaths":"o-a/*"}}"#,
            r#"{"Null":{"aws:PrincipalOrgPaths":"true"},"StringEquals":{"aws:CalledViaFirst":"a"}}"#,
        ),
        condition(
            "DATA_TYPE",
            "/Statement/0/Condition/Bool",
            r#"{"Bool":§"true"}"#,
            r#"{"Bool":{"aws:SecureTransport":false}}"#,
        ),
    ]
}

fn values() -> Vec<Case> {
    vec![
        value("DATA_TYPE", "StringEquals", "aws:x", "null", "5"),
        value("DATA_TYPE", "StringEquals", "aws:x", "{}", "[\"a\",true]"),
        value("EMPTY_ARRAY", "StringEquals", "aws:x/y", "[]", "[\"\"]"),
        value("TYPE_MISMATCH", "Bool", "aws:SecureTransport", "\"flase\"", "\"False\""),
        value("TYPE_MISMATCH", "Null", "aws:x", "\"null\"", "true"),
        value("TYPE_MISMATCH", "NumericLessThan", "s3:max-keys", "\"ten\"", "\"10\""),
        value("TYPE_MISMATCH", "NumericLessThan", "s3:max-keys", "true", "10"),
        value("TYPE_MISMATCH", "DateLessThan", "aws:CurrentTime", "\"tomorrow\"", "\"2026-05-15T00:00:00Z\""),
        value("TYPE_MISMATCH", "IpAddress", "aws:SourceIp", "\"203.0.113.*\"", "[\"203.0.113.0/24\",\"2001:db8::1\"]"),
        value("TYPE_MISMATCH", "BinaryEquals", "x:y", "\"?\"", "\"QQ==\""),
        value("TYPE_MISMATCH", "ArnLikeIfExists", "aws:PrincipalArn", "5", "\"arn:aws:iam::*:role/x\""),
        value("MULTIPLE_BOOLEAN", "Bool", "aws:SecureTransport", "[\"true\",\"false\"]", "[\"true\"]"),
        value("MULTIPLE_BOOLEAN", "BoolIfExists", "aws:SecureTransport", "[true,false]", "true"),
        value("MULTIPLE_BOOLEAN", "Null", "aws:x", "[\"true\",\"false\"]", "\"false\""),
        value(
            "WILDCARD_WITHOUT_LIKE",
            "StringNotEquals",
            "aws:PrincipalArn",
            "\"arn:aws:iam::*:role/A\"",
            "\"arn:aws:iam::210987654321:role/A\"",
        ),
        value("WILDCARD_WITHOUT_LIKE", "ForAnyValue:StringEquals", "aws:TagKeys", "\"dp:*\"", "[\"dp:${*}\",\"who?\"]"),
        value(
            "WILDCARD_WITHOUT_LIKE",
            "StringEqualsIgnoreCase",
            "aws:SourceArn",
            "\"arn:aws:s3:::b?\"",
            "\"arn:aws:s3:::b${?}\"",
        ),
        value("WILDCARD_WITHOUT_LIKE", "StringEquals", "lambda:Principal", "\"*.amazonaws.com\"", "\"*\""),
        value("WILDCARD_WITHOUT_LIKE", "StringEquals", "aws:x", "\"*\"", "\"${*}\""),
        value("WILDCARD_WITHOUT_LIKE", "StringEquals", "aws:x", "\"arn:aws:s3:::b?\"", "\"b?\""),
        value(
            "ASSUMED_ROLE_ARN",
            "ArnNotLike",
            "aws:PrincipalARN",
            "\"arn:aws:sts::*:assumed-role/Admin/*\"",
            "[\"arn:aws:iam::*:role/assumed-role/x\",\"arn:aws:sts::*:federated-user/x\"]",
        ),
        value(
            "ASSUMED_ROLE_ARN",
            "StringLike",
            "aws:principalarn",
            "\"*:sts:*:assumed-role/A*\"",
            "\"arn:aws:iam::*:role/A*\"",
        ),
        value(
            "ARN_PARTITION",
            "ArnNotLike",
            "aws:PrincipalArn",
            "\"arn:aws-cn:iam::*:role/x\"",
            "\"arn:*:iam::*:role/x\"",
        ),
        value(
            "ARN_PARTITION",
            "StringNotLike",
            "aws:PrincipalArn",
            "\"arn:aws-cn:iam::*:role/x\"",
            "\"arn:aws:*role/x\"",
        ),
        value("ARN_FORMAT", "ArnLike", "aws:PrincipalArn", "\"role/x\"", "\"arn:aws:iam::*\""),
        value(
            "ARN_ACCOUNT",
            "ArnLike",
            "aws:PrincipalArn",
            "\"arn:aws:iam:::role/x\"",
            "[\"*\",\"${aws:PrincipalArn}\"]",
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let kind = |pointer, bad, good| key("OPERATOR_KEY_TYPE", pointer, bad, good);
    vec![
        kind(
            "/Statement/0/Condition/StringLike/aws:PrincipalArn",
            r#"{"StringLike":{§"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#,
            r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:root"}}"#,
        ),
        kind(
            "/Statement/0/Condition/ArnLike/aws:PrincipalOrgID",
            r#"{"ArnLike":{§"aws:PrincipalOrgID":"o-a1b2c3d4e5*"}}"#,
            r#"{"StringLike":{"aws:PrincipalOrgID":"o-a1b2c3d4e5*"}}"#,
        ),
        kind(
            "/Statement/0/Condition/StringNotEquals/aws:SourceIp",
            r#"{"StringNotEquals":{§"aws:SourceIp":"203.0.113.0/24"}}"#,
            r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
        ),
        kind(
            "/Statement/0/Condition/Bool/aws:RequestedRegion",
            r#"{"Bool":{§"aws:RequestedRegion":"true"}}"#,
            r#"{"StringEquals":{"aws:SecureTransport":"true"},"Null":{"aws:SourceIp":"true"},"Bool":{"aws:RequestTag/x":"true"}}"#,
        ),
    ]
}
