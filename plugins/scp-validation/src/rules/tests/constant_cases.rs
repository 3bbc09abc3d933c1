//! Cases on conditions that are the same for every request.

use super::*;

const CODE: &str = "CONSTANT_CONDITION";

/// Members of a Condition; `place` is that of the finding below it.
fn case(place: &str, bad: &str, good: &str) -> Case {
    let pointer = format!("/Statement/0/Condition/{place}");
    condition(CODE, pointer.leak(), &format!("{{{bad}}}"), &format!("{{{good}}}"))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = together();
    cases.extend(bounds());
    cases.extend(alone());
    cases.extend(formats());
    cases
}

fn together() -> Vec<Case> {
    vec![
        case(
            "StringEquals/aws:PrincipalTag~1a",
            r#""StringEquals":{§"aws:PrincipalTag/a":"x"},"StringNotEquals":{"aws:PrincipalTag/a":["x","y"]}"#,
            r#""StringEquals":{"aws:PrincipalTag/a":["x","z"]},"StringNotEquals":{"aws:PrincipalTag/a":["x","y"]}"#,
        ),
        case(
            "StringEquals/aws:PrincipalTag~1a",
            r#""StringEquals":{§"aws:PrincipalTag/a":"x"},"StringLike":{"aws:principaltag/a":"y*"}"#,
            r#""StringEquals":{"aws:PrincipalTag/a":"x"},"StringLike":{"aws:PrincipalTag/b":"y*"}"#,
        ),
        case(
            "StringLike/aws:PrincipalTag~1a",
            r#""StringLike":{§"aws:PrincipalTag/a":"x-*"},"StringNotLike":{"aws:PrincipalTag/a":"x*"}"#,
            r#""StringLike":{"aws:PrincipalTag/a":"x*"},"StringNotLike":{"aws:PrincipalTag/a":"x-*"}"#,
        ),
        case(
            "StringLike/aws:PrincipalTag~1a",
            r#""StringLike":{§"aws:PrincipalTag/a":"x"},"StringEqualsIgnoreCase":{"aws:PrincipalTag/a":"y"}"#,
            r#""StringLike":{"aws:PrincipalTag/a":"x"},"StringEqualsIgnoreCase":{"aws:PrincipalTag/a":"X"}"#,
        ),
        case(
            "ArnLike/aws:PrincipalArn",
            r#""ArnLike":{§"aws:PrincipalArn":"arn:aws:iam::*:role/a-*"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a-*"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a-b*"}"#,
        ),
        case(
            "Bool/aws:MultiFactorAuthPresent",
            r#""Bool":{§"aws:MultiFactorAuthPresent":"true"},"BoolIfExists":{"aws:MultiFactorAuthPresent":"False"}"#,
            r#""Bool":{"aws:MultiFactorAuthPresent":"true"},"BoolIfExists":{"aws:MultiFactorAuthPresent":"True"}"#,
        ),
        case(
            "IpAddress/aws:SourceIp",
            r#""IpAddress":{§"aws:SourceIp":"203.0.113.0/24"},"NotIpAddress":{"aws:SourceIp":"203.0.0.0/16"}"#,
            r#""IpAddress":{"aws:SourceIp":"203.0.0.0/16"},"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
        ),
        case(
            "Null/aws:SourceVpc",
            r#""Null":{§"aws:SourceVpc":"true"},"StringEquals":{"aws:SourceVpc":"vpc-0a1b2c3d"}"#,
            r#""Null":{"aws:SourceVpc":"true"},"StringEqualsIfExists":{"aws:SourceVpc":"vpc-0a1b2c3d"}"#,
        ),
        case(
            "Null/aws:TagKeys",
            r#""Null":{§"aws:TagKeys":true},"ForAnyValue:StringLike":{"aws:TagKeys":"a*"}"#,
            r#""Null":{"aws:TagKeys":false},"ForAnyValue:StringLike":{"aws:TagKeys":"a*"}"#,
        ),
        // A request without the key passes both.
        case(
            "StringEquals/aws:username",
            r#""StringEquals":{§"aws:username":"x"},"StringEqualsIfExists":{"aws:username":"y"}"#,
            r#""StringLikeIfExists":{"aws:username":"x"},"StringEqualsIfExists":{"aws:username":"y"}"#,
        ),
        // Two values of one request can meet both.
        case(
            "StringEquals/aws:username",
            r#""StringEquals":{§"aws:username":"x"},"StringLike":{"aws:username":"y"}"#,
            r#""ForAnyValue:StringEquals":{"aws:TagKeys":"x"},"ForAnyValue:StringLike":{"aws:TagKeys":"y"}"#,
        ),
        // A variable may be anything.
        case(
            "StringEquals/aws:username",
            r#""StringEquals":{§"aws:username":"x"},"StringLike":{"aws:username":"y"}"#,
            r#""StringEquals":{"aws:username":"x"},"StringLike":{"aws:username":"${aws:PrincipalTag/y}"}"#,
        ),
    ]
}

fn bounds() -> Vec<Case> {
    let numeric = |operator: &str, value: &str| format!(r#""{operator}":{{"s3:max-keys":"{value}"}}"#);
    let range = |low: &str, high: &str, mark: &str| {
        numeric("NumericGreaterThan", low).replace("\"s3", &format!("{mark}\"s3"))
            + ","
            + &numeric("NumericLessThan", high)
    };
    vec![
        case("NumericGreaterThan/s3:max-keys", &range("10", "10", "§"), &range("10", "10.5", "")),
        case("NumericGreaterThan/s3:max-keys", &range("20", "10", "§"), &range("-20", "10", "")),
        case(
            "NumericEquals/s3:max-keys",
            r#""NumericEquals":{§"s3:max-keys":[5,20]},"NumericLessThanEquals":{"s3:max-keys":4}"#,
            r#""NumericEquals":{"s3:max-keys":[5,20]},"NumericLessThanEquals":{"s3:max-keys":5}"#,
        ),
        case(
            "NumericEquals/s3:max-keys",
            r#""NumericEquals":{§"s3:max-keys":5},"NumericNotEquals":{"s3:max-keys":"5.0"}"#,
            r#""NumericEquals":{"s3:max-keys":5},"NumericNotEquals":{"s3:max-keys":"6"}"#,
        ),
        case(
            "DateGreaterThan/aws:CurrentTime",
            r#""DateGreaterThan":{§"aws:CurrentTime":"2026-06-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2026-05-01"}"#,
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-05-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2026-06-01"}"#,
        ),
        case(
            "DateGreaterThan/aws:TokenIssueTime",
            r#""DateGreaterThan":{§"aws:TokenIssueTime":"2026-05-15T02:00:00+02:00"},"DateLessThanEquals":{"aws:TokenIssueTime":"1778803200"}"#,
            r#""DateGreaterThanEquals":{"aws:TokenIssueTime":"2026-05-15T02:00:00+02:00"},"DateLessThanEquals":{"aws:TokenIssueTime":"1778803200"}"#,
        ),
    ]
}

fn alone() -> Vec<Case> {
    vec![
        case(
            "ArnLike/aws:PrincipalArn",
            r#""ArnLike":{§"aws:PrincipalArn":"*"}"#,
            r#""ArnLike":{"aws:SourceArn":"*"}"#,
        ),
        case(
            "ArnNotLike/aws:PrincipalArn",
            r#""ArnNotLike":{§"aws:PrincipalArn":["arn:aws:iam::*:role/BreakGlass","arn:*:*:*:*:*"]}"#,
            r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/BreakGlass"]}"#,
        ),
        case(
            "StringLikeIfExists/aws:username",
            r#""StringLikeIfExists":{§"aws:username":"*"}"#,
            r#""StringLike":{"aws:username":"*"}"#,
        ),
        case(
            "ForAllValues:StringLike/aws:TagKeys",
            r#""ForAllValues:StringLike":{§"aws:TagKeys":["**"]}"#,
            r#""ForAllValues:StringLike":{"aws:TagKeys":["*?"]},"Null":{"aws:TagKeys":"false"}"#,
        ),
        case("Null/aws:PrincipalArn", r#""Null":{§"aws:PrincipalArn":"true"}"#, r#""Null":{"aws:SourceArn":"true"}"#),
        case(
            "Null/aws:RequestedRegion",
            r#""Null":{§"aws:RequestedRegion":"false"}"#,
            r#""Null":{"aws:username":"false"}"#,
        ),
    ]
}

fn formats() -> Vec<Case> {
    let value = |operator: &str, key: &str, bad: &str, good: &str| {
        let wrap = |text: &str, mark: &str| format!(r#""{operator}":{{"{key}":{mark}"{text}"}}"#);
        case(&format!("{operator}/{key}"), &wrap(bad, "§"), &wrap(good, ""))
    };
    vec![
        value("StringEquals", "aws:PrincipalAccount", "21098765432", "210987654321"),
        value("StringNotEquals", "aws:ResourceOrgID", "a1b2c3d4e5", "o-a1b2c3d4e5"),
        value("StringEquals", "aws:SourceVpc", "vpce-0a1b2c3d", "vpc-0a1b2c3d"),
        value("StringNotEquals", "aws:SourceVpce", "vpce-1", "vpce-0a1b2c3d4e5f60718"),
        value("StringEquals", "aws:PrincipalType", "Role", "AssumedRole"),
        value("StringEquals", "aws:CalledViaFirst", "athena", "athena.amazonaws.com"),
        value("ArnLike", "aws:PrincipalArn", "arn:aws:s3:::b", "arn:aws:iam::*:root"),
        value("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:group/admins", "arn:aws:iam::*:r*"),
        value("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:rootuser", "arn:aws:sts::*:federated-user/x"),
        value("ArnLike", "iam:PolicyARN", "arn:aws:iam::aws:role/x", "arn:aws:iam::aws:policy/x"),
        value("ArnLike", "lambda:SourceFunctionArn", "arn:aws:ec2:*:*:instance/*", "arn:aws:lambda:*:*:function:*"),
        value("ArnLike", "ec2:SourceInstanceArn", "arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:inst*"),
        value(
            "StringNotEquals",
            "aws:PrincipalArn",
            "arn:aws:iam::210987654321:policy/x",
            "arn:aws:iam::210987654321:role/x",
        ),
    ]
}
