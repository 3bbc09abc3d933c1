//! Cases on policy variables and on placeholders that were left in.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = variables();
    cases.extend(templates());
    cases
}

fn variables() -> Vec<Case> {
    let arn = |bad: &str, good: &str| resource("VARIABLE_SYNTAX", &format!("§\"{bad}\""), &format!("\"{good}\""));
    let value = |pointer, bad: &str, good: &str| condition("VARIABLE_SYNTAX", pointer, bad, good);
    let good = "arn:aws:s3:::b/${aws:username}";
    vec![
        arn("arn:aws:s3:::b/${aws:username", good),
        arn("arn:aws:s3:::b/${ }", "arn:aws:s3:::b/${*}${?}${$}"),
        arn("arn:aws:s3:::b/${}", "arn:aws:s3:::b/$"),
        arn("arn:aws:s3:::b/${aws: username}", "arn:aws:s3:::b/${aws:PrincipalTag/my team}"),
        arn("arn:aws:s3:::b/${aws:username, x}", "arn:aws:s3:::b/${aws:username, 'x y'}"),
        arn("arn:aws:iam::${aws:PrincipalAccount}:role/x", "arn:aws:iam::*:role/${aws:PrincipalAccount}"),
        statement(
            "VARIABLE_SYNTAX",
            "/Statement/0/Action/1",
            r#"{"Sid":"A","Effect":"Deny","Action":["s3:Put*",§"s3:${aws:username}"],"Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":["s3:Put*","s3:Get*"],"Resource":"*"}"#,
        ),
        value(
            "/Statement/0/Condition/NumericLessThan/s3:max-keys",
            r#"{"NumericLessThan":{"s3:max-keys":§"${aws:PrincipalTag/n}"}}"#,
            r#"{"StringEquals":{"s3:max-keys":"${aws:PrincipalTag/n}"}}"#,
        ),
        value(
            "/Statement/0/Condition/IpAddress/aws:SourceIp/1",
            r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24",§"${aws:SourceIp}"]}}"#,
            r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:ResourceAccount}:role/x"}}"#,
        ),
        value(
            "/Statement/0/Condition/StringEquals/${aws:username}",
            r#"{"StringEquals":{§"${aws:username}":"x"}}"#,
            r#"{"StringEquals":{"aws:username":"${aws:username}"}}"#,
        ),
    ]
}

fn templates() -> Vec<Case> {
    let arn = |bad: &str, good: &str| resource("TEMPLATE_LEFT", &format!("§\"{bad}\""), &format!("\"{good}\""));
    let value = |bad: &str, good: &str| {
        let wrap = |text: &str| format!(r#"{{"StringLike":{{"aws:x":{text}}}}}"#);
        let pointer = "/Statement/0/Condition/StringLike/aws:x";
        condition("TEMPLATE_LEFT", pointer, &wrap(&format!("§\"{bad}\"")), &wrap(&format!("\"{good}\"")))
    };
    vec![
        arn("arn:aws:iam::${Account}:role/x", "arn:aws:iam::*:role/${aws:username}"),
        arn("arn:aws:iam::*:role/[PRIVILEGED_ROLE]", "arn:aws:iam::*:role/PRIVILEGED_ROLE"),
        arn("arn:${PARTITION}:s3:::b", "arn:aws:s3:::b/${s3:prefix}"),
        arn("arn:aws:s3:::b/${AWS::AccountId}", "arn:aws:s3:::b/${aws:PrincipalTag/a::b}"),
        arn("arn:aws:s3:::b/${self:custom.stage}", "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}"),
        arn("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789013:role/x"),
        arn("arn:aws:s3:::b-111122223333", "arn:aws:s3:::b-1111222233334"),
        arn("{{ bucket_arn }}", "arn:aws:s3:::b/{}"),
        value("<my-org-id>", "<>"),
        value("{example-region-1}", "{\\\"a\\\":1}"),
        value("o-exampleorgid", "o-a1b2c3d4e5"),
        value("o-exampleorgid/*", "o-a1b2c3d4e5/*"),
        value("[your-role]", "[a-z]*"),
        condition(
            "TEMPLATE_LEFT",
            "/Statement/0/Condition/StringLike/<provider>:sub",
            r#"{"StringLike":{§"<provider>:sub":"x"}}"#,
            r#"{"StringLike":{"provider.example:sub":"x"}}"#,
        ),
        statement(
            "TEMPLATE_LEFT",
            "/Statement/0/NotAction",
            r#"{"Sid":"A","Effect":"Allow","NotAction":§"iam:{Exclude:ListUsers}","Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Allow","NotAction":"iam:ListUsers","Resource":"*"}"#,
        ),
    ]
}

#[test]
fn one_finding_names_all_placeholders_of_a_string() {
    let text =
        policy(r#"{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:iam::${Account}:role/[ROLE]"}"#);
    let found: Vec<_> = validate(&text, &Settings::default())
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(finding.fix.as_deref(), Some("replace `${Account}`, `[ROLE]` by the real value"));
}
