//! What the rules of the table do beside finding their cases: fixes, old tables, broken and hostile documents.

use super::super::super::table::{TABLE_MAX_AGE_DAYS, is_stale};
use super::*;

#[test]
fn messages_of_the_table_follow_the_house_style() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    for case in cases() {
        for finding in found(&unmark(&case.bad).0, &table, false) {
            for text in std::iter::once(&finding.message).chain(&finding.fix) {
                assert!(!text.starts_with(char::is_uppercase) && !text.ends_with('.'), "{text}");
                assert!(!text.contains('\n') && !text.contains("  "), "{text}");
            }
        }
    }
}

#[test]
fn a_fix_is_offered_where_there_is_one() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    let of_action =
        |action: &str| policy(&format!(r#"{{"Sid":"A","Effect":"Deny","Action":"{action}","Resource":"*"}}"#));
    for (action, fix) in [
        ("s3s:GetObject", Some("write `s3:GetObject`")),
        ("S3:Get*", Some("write `s3:Get*`")),
        ("s3:GetObjects", Some("write `s3:GetObject`")),
        ("s3:FlyToTheMoon", None),
        ("flights:*", None),
    ] {
        let findings = found(&of_action(action), &table, false);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0].fix.as_deref(), fix, "{action}");
    }
}

#[test]
fn an_old_table_warns_of_what_it_does_not_know() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    for (document, code) in [
        (r#"{"Effect":"Deny","Action":"s3s:GetObject","Resource":"*"}"#, "UNKNOWN_SERVICE"),
        (r#"{"Effect":"Deny","Action":"s3:GetObjects","Resource":"*"}"#, "UNKNOWN_ACTION"),
        (r#"{"Effect":"Deny","Action":"s3:Fetch*","Resource":"*"}"#, "ACTION_PATTERN_MATCHES_NOTHING"),
        (
            r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:Nope":"x"}}}"#,
            "UNKNOWN_CONDITION_KEY",
        ),
    ] {
        for (stale, severity) in [(false, Severity::Error), (true, Severity::Warning)] {
            let findings = found(&policy(document), &table, stale);
            let of_code: Vec<_> = findings.iter().filter(|finding| finding.code == code).collect();
            assert_eq!(of_code.len(), 1, "{findings:#?}");
            assert_eq!(of_code[0].severity, severity, "{code}");
        }
    }
    // A wildcard in a service is wrong whatever the table knows.
    let findings = found(&policy(r#"{"Effect":"Deny","Action":"s*:Get*","Resource":"*"}"#), &table, true);
    assert!(findings.iter().any(|one| one.code == "WILDCARD_IN_SERVICE" && one.severity == Severity::Error));
}

#[test]
fn a_table_is_old_when_its_days_are_over() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    // The data is of 2026-09-26; 180 days later is 2027-03-25.
    for (now, expected) in [
        ("2026-09-26T00:00:00Z", false),
        ("2027-03-25T23:59:59Z", false),
        ("2027-03-26T00:00:00Z", true),
        ("2020-01-01T00:00:00Z", false),
        ("soon", false),
    ] {
        assert_eq!(is_stale(&table, now, TABLE_MAX_AGE_DAYS), expected, "{now}");
    }
}

#[test]
fn what_is_broken_otherwise_is_left_to_other_rules() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    for statement in [
        r#"{"Effect":"Deny","Action":"s3.GetObject","Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":["s3:",":Get","",7,"s3:Get Object"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"${service}:Get","Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"<service>:Get","Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"s3:ListBucket","Resource":"arn:aws:s3:::[BUCKET]/*"}"#,
        r#"{"Effect":"Deny","Action":"s3:ListBucket","Resource":["b/*"]}"#,
        r#"{"Effect":"Deny","Action":"s3:ListBucket","Resource":{}}"#,
        r#"{"Effect":"deny","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b/*"}"#,
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"${key}":"x"}}}"#,
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":[]}"#,
        r#"[]"#,
    ] {
        assert_eq!(found(&policy(statement), &table, false), [], "{statement}");
    }
    assert_eq!(found(r#"{"Version":"2012-10-17"}"#, &table, false), []);
    assert_eq!(found(r#"{"Statement":7}"#, &table, false), []);
}

#[test]
fn a_variable_may_turn_into_what_fits() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    for (action, resource, expected) in [
        ("s3:GetObject", "arn:aws:s3:::${aws:PrincipalAccount}/x", 0),
        ("s3:ListBucket", "arn:aws:s3:::${aws:PrincipalAccount}/x", 1),
        ("iam:DeleteUser", "arn:aws:iam::*:user/${aws:username}", 0),
        ("iam:DeleteUser", "arn:aws:iam::*:role/${aws:username}", 1),
        ("iam:*", "arn:aws:iam::*:role/team/*", 0),
        ("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/aws/x:*", 0),
        ("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:f:*", 0),
        ("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/a/b/c", 0),
        ("sns:Publish", "arn:aws:sns:*:*:*", 0),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/*", 0),
        ("ssm:GetParameter", "arn:aws:ssm::210987654321:parameter/x", 1),
        ("s3:GetObject", "arn:aws:*:::b/x", 0),
        ("*", "arn:aws:nosuch:::x", 0),
    ] {
        let document = format!(r#"{{"Sid":"A","Effect":"Deny","Action":"{action}","Resource":"{resource}"}}"#);
        let findings = found(&policy(&document), &table, false);
        let misses = findings.iter().filter(|one| one.code == "ACTION_RESOURCE_MISMATCH").count();
        assert_eq!(misses, expected, "{document}\n{findings:#?}");
    }
}

#[test]
fn a_hostile_document_ends_and_is_still_looked_up() {
    let text = shipped();
    let table = ActionTable::parse(&text).expect("the shipped table");
    let actions = (0..8_000).map(|at| format!(r#""ec2:*{at:x}*""#)).collect::<Vec<_>>().join(",");
    let resources = (0..2_000).map(|at| format!(r#""arn:aws:s3:::*{at:x}/*""#)).collect::<Vec<_>>().join(",");
    let document = policy(&format!(
        r#"{{"Sid":"A","Effect":"Deny","Action":[{actions},"s3:GetObjects"],"Resource":[{resources}]}}"#
    ));
    let findings = found(&document, &table, false);
    assert_eq!(findings.len(), FINDINGS_MAX);
    let last = policy(&format!(
        r#"{{"Sid":"A","Effect":"Deny","Action":["s3:GetObjects","s3:Get*"],"Resource":[{resources}]}}"#
    ));
    assert!(found(&last, &table, false).iter().any(|one| one.code == "UNKNOWN_ACTION"));
}
