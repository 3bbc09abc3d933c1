//! Recorded calls against changed policies.

use super::*;
use crate::document::Document;

const FULL: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const ROLE: &str = "arn:aws:iam::111111111111:role/app";

fn organization(deny: &str) -> Organization {
    let mut builder = Organization::builder("r", "999999999999");
    builder.account("foo", Some("111111111111"), "foo", "r");
    builder.account("999999999999", Some("999999999999"), "management", "r");
    let document = |statement: &str| {
        Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)).expect("a document")
    };
    builder.policy("full", "full", document(FULL)).attach("r", "full").attach("foo", "full");
    if !deny.is_empty() {
        builder.policy("deny", "deny", document(deny)).attach("r", "deny");
    }
    builder.build().expect("an organization")
}

fn record(account: &str, role: &str) -> Node {
    let text = format!(
        r#"{{"eventType": "AwsApiCall", "eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl",
        "awsRegion": "eu-west-1", "userIdentity": {{"type": "AssumedRole", "accountId": "{account}",
        "sessionContext": {{"sessionIssuer": {{"arn": "{role}"}}}}}}}}"#
    );
    let options = reeve_json::Options { bytes_max: 1 << 16, depth_max: 32, strings: reeve_json::StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).expect("JSON")
}

fn deny(condition: &str) -> String {
    format!(r#"{{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {{{condition}}}}}"#)
}

fn name(fate: &Fate) -> &'static str {
    match fate {
        Fate::Same => "same",
        Fate::Denied(_) => "denied",
        Fate::MayBeDenied(_) => "may be denied",
        Fate::Allowed(_) => "allowed",
        Fate::Exempt(_) => "exempt",
        Fate::Service(_) => "service",
        Fate::NotEvaluable(_) => "not evaluable",
    }
}

#[test]
fn a_change_does_to_a_call_what_it_does() {
    let region = |region: &str| deny(&format!(r#""StringNotEquals": {{"aws:RequestedRegion": "{region}"}}"#));
    let tag = |team: &str| deny(&format!(r#""StringNotEquals": {{"aws:PrincipalTag/team": "{team}"}}"#));
    let all = deny("");
    let linked = "arn:aws:iam::111111111111:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS";
    for (before, after, account, role, expected) in [
        (String::new(), String::new(), "111111111111", ROLE, "same"),
        (String::new(), all.clone(), "111111111111", ROLE, "denied"),
        (all.clone(), all.clone(), "111111111111", ROLE, "same"),
        (all.clone(), String::new(), "111111111111", ROLE, "allowed"),
        (String::new(), region("eu-west-1"), "111111111111", ROLE, "same"),
        (String::new(), region("us-east-1"), "111111111111", ROLE, "denied"),
        (String::new(), tag("a"), "111111111111", ROLE, "may be denied"),
        (all.clone(), tag("a"), "111111111111", ROLE, "may be denied"),
        (tag("a"), tag("a"), "111111111111", ROLE, "same"),
        (tag("a"), tag("b"), "111111111111", ROLE, "may be denied"),
        (tag("a"), all.clone(), "111111111111", ROLE, "denied"),
        (tag("a"), String::new(), "111111111111", ROLE, "allowed"),
        (String::new(), all.clone(), "999999999999", ROLE, "exempt"),
        (String::new(), all.clone(), "111111111111", linked, "exempt"),
        (String::new(), all.clone(), "222222222222", ROLE, "not evaluable"),
    ] {
        let replayed = replay(&record(account, role), &organization(&before), &organization(&after));
        assert_eq!(name(&replayed.fate), expected, "{before} {after} {account} {role}");
        assert!(replayed.recorded.is_some());
    }
}

#[test]
fn an_account_named_like_another_ones_id_does_not_stand_for_it() {
    let organization = |deny: bool| {
        let mut builder = Organization::builder("r", "999999999999");
        builder.account("999999999999", Some("111111111111"), "named like the manager", "r");
        builder.account("111111111111", Some("222222222222"), "named like the account above", "r");
        let parse = |statement: &str| {
            Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)).expect("a document")
        };
        builder.policy("full", "full", parse(FULL)).attach("r", "full");
        builder.attach("999999999999", "full").attach("111111111111", "full");
        builder.policy("deny", "deny", parse(&self::deny("")));
        if deny {
            builder.attach("999999999999", "deny");
        }
        builder.build().expect("an organization")
    };
    for (account, expected) in [("111111111111", "denied"), ("222222222222", "same"), ("999999999999", "exempt")] {
        let replayed = replay(&record(account, ROLE), &organization(false), &organization(true));
        assert_eq!(name(&replayed.fate), expected, "{account}");
    }
}

#[test]
fn services_and_sign_ins_are_told_apart() {
    let text = |kind: &str| {
        let text = format!(r#"{{"eventType": "{kind}"}}"#);
        let options = reeve_json::Options { bytes_max: 1 << 16, depth_max: 32, strings: reeve_json::StringRule::Any };
        reeve_json::parse(text.as_bytes(), &options).expect("JSON")
    };
    let organization = organization("");
    for (kind, expected) in
        [("AwsServiceEvent", "service"), ("AwsConsoleSignIn", "not evaluable"), ("", "not evaluable")]
    {
        let replayed = replay(&text(kind), &organization, &organization);
        assert_eq!((name(&replayed.fate), replayed.recorded), (expected, None), "{kind}");
    }
}
