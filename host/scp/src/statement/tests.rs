//! What a statement speaks of, and which statement says all that another one says.

use super::*;
use crate::document::Document;
use crate::truth::Truth::{False, True, Unknown};

fn statement(body: &str) -> Statement {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", {body}}}}}"#);
    Document::parse(&text).expect(body).statements()[0].clone()
}

#[test]
fn actions_are_matched_without_regard_to_case() {
    for (element, action, expected) in [
        (r#""Action": "*""#, "s3:GetObject", true),
        (r#""Action": "*:*""#, "s3:GetObject", true),
        (r#""Action": "S3:getobject""#, "s3:GetObject", true),
        (r#""Action": "s3:*Object""#, "s3:GetObject", true),
        (r#""Action": "s3:Get?bject""#, "s3:GetObject", true),
        (r#""Action": "s3:Get""#, "s3:GetObject", false),
        (r#""Action": "s?:Get*""#, "s3:GetObject", true),
        (r#""Action": "ec2:*""#, "s3:GetObject", false),
        (r#""Action": []"#, "s3:GetObject", false),
        (r#""NotAction": ["s3:*", "iam:*"]"#, "s3:GetObject", false),
        (r#""NotAction": ["s3:*", "iam:*"]"#, "ec2:RunInstances", true),
        (r#""NotAction": []"#, "ec2:RunInstances", true),
        (r#""NotAction": "*""#, "ec2:RunInstances", false),
        (r#""Action": "*""#, "odd", true),
        (r#""Action": "odd:*""#, "odd", true),
    ] {
        let statement = statement(&format!(r#"{element}, "Resource": "*""#));
        assert_eq!(statement.speaks_of_action(action), expected, "{element} {action}");
    }
}

#[test]
fn a_service_is_spoken_of_whole_in_part_or_not() {
    for (element, expected) in [
        (r#""Action": "*""#, Some(true)),
        (r#""Action": ["s3:Get*", "s3:*"]"#, Some(true)),
        (r#""Action": "s3:Get*""#, None),
        (r#""Action": "s*:Get*""#, None),
        (r#""Action": "ec2:*""#, Some(false)),
        (r#""NotAction": "ec2:*""#, Some(true)),
        (r#""NotAction": "s3:*""#, Some(false)),
        (r#""NotAction": "s3:Get*""#, None),
    ] {
        let statement = statement(&format!(r#"{element}, "Resource": "*""#));
        assert_eq!(statement.actions.whole_service("s3"), expected, "{element}");
    }
}

#[test]
fn resources_are_matched_as_far_as_they_are_known() {
    let known = |arn: &str| Resource::Known(arn.to_owned());
    let like = |pattern: &str| Resource::Like(Glob::new(pattern));
    for (element, resource, expected) in [
        (r#""Resource": "*""#, Resource::Unknown, True),
        (r#""Resource": "arn:aws:s3:::b/*""#, Resource::Unknown, Unknown),
        (r#""Resource": "arn:aws:s3:::b/*""#, known("arn:aws:s3:::b/x"), True),
        (r#""Resource": "arn:aws:s3:::b/*""#, known("arn:aws:s3:::B/x"), False),
        (r#""Resource": "arn:aws:iam::*""#, known("arn:aws:iam::1:role/a"), True),
        (r#""Resource": ["a", "arn:aws:s3:::b"]"#, known("arn:aws:s3:::b"), True),
        (r#""Resource": "arn:aws:s3:::${aws:username}""#, known("arn:aws:s3:::anna"), True),
        (r#""Resource": "arn:aws:s3:::${aws:nothing}""#, known("arn:aws:s3:::anna"), Unknown),
        // Variables are for the part after the fifth colon.
        (r#""Resource": "arn:aws:iam::${aws:PrincipalAccount}:role/x""#, known("arn:aws:iam::1:role/x"), Unknown),
        (r#""Resource": "arn:aws:iam::${aws:PrincipalAccount, '1'}:role/x""#, known("arn:aws:iam::2:role/x"), Unknown),
        (r#""NotResource": "arn:aws:iam::${aws:PrincipalAccount}:role/x""#, known("arn:aws:iam::1:role/x"), Unknown),
        (r#""Resource": "arn:aws:s3::${aws:username}:b""#, known("arn:aws:s3::anna:b"), Unknown),
        (r#""Resource": "*${aws:username}""#, known("arn:aws:s3:::anna"), Unknown),
        (r#""Resource": "arn:aws:sns:eu:1:t:${aws:username}""#, known("arn:aws:sns:eu:1:t:anna"), True),
        // Whether a wildcard within a segment matches a colon is not said.
        (r#""Resource": "arn:aws:s3:::b*/x""#, known("arn:aws:s3:::b/a:b/x"), Unknown),
        (r#""NotResource": "arn:aws:s3:::b*/x""#, known("arn:aws:s3:::b/a:b/x"), Unknown),
        (r#""Resource": "arn:aws:s3:::?*/x""#, like("arn:aws:s3:::b/*/x"), Unknown),
        (r#""NotResource": "*""#, Resource::Unknown, False),
        (r#""NotResource": "arn:aws:s3:::b/*""#, known("arn:aws:s3:::b/x"), False),
        (r#""NotResource": "arn:aws:s3:::b/*""#, known("arn:aws:s3:::c/x"), True),
        (r#""NotResource": "arn:aws:s3:::b/*""#, Resource::Unknown, Unknown),
        (r#""Resource": "arn:aws:s3:::b/*""#, like("arn:aws:s3:::b/c*"), True),
        (r#""Resource": "arn:aws:s3:::b/*""#, like("arn:aws:s3:::*"), Unknown),
        (r#""Resource": "arn:aws:s3:::b/*""#, like("arn:aws:iam:*"), False),
    ] {
        let statement = statement(&format!(r#""Action": "*", {element}"#));
        let mut call = Call::new("s3:GetObject").with("aws:username", crate::Key::value("anna"));
        call.keys.set("aws:PrincipalAccount", crate::Key::value("1"));
        call.resource = resource.clone();
        assert_eq!(statement.speaks_of(&call), expected, "{element} {resource:?}");
    }
}

#[test]
fn conditions_must_all_hold() {
    let both = r#""Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:a": "1", "aws:b": "1"},
        "Bool": {"aws:c": "true"}}"#;
    let key = crate::Key::value;
    let call = Call::new("a:b").with("aws:a", key("1")).with("aws:b", key("1"));
    assert_eq!(statement(both).speaks_of(&call), Unknown);
    assert_eq!(statement(both).speaks_of(&call.clone().with("aws:c", key("true"))), True);
    assert_eq!(statement(both).speaks_of(&call.clone().with("aws:b", key("2"))), False);
    assert_eq!(statement(both).condition_keys().collect::<Vec<_>>(), ["aws:a", "aws:b", "aws:c"]);
}

#[test]
fn a_statement_with_a_variable_that_may_have_no_value_may_be_invalid() {
    let key = crate::Key::value;
    let with = |variable: &str| {
        format!(
            r#""Action": "*", "Resource": "*", "Condition": {{"StringEquals": {{"aws:a": ["1", "${{{variable}}}"]}}}}"#
        )
    };
    let on = |variable: &str| format!(r#""Action": "*", "Resource": ["arn:aws:s3:::b", "arn:aws:{variable}"]"#);
    let both = crate::Key::Values(vec!["x".to_owned(), "y".to_owned()]);
    let call = Call::new("a:b").on("arn:aws:s3:::b").with("aws:a", key("1")).with("aws:told", key("2"));
    let call = call.with("aws:none", crate::Key::Absent).with("aws:both", both).with("aws:some", crate::Key::present());
    for (body, expected) in [
        (with("aws:told"), True),
        (with("aws:none, '3'"), True),
        (with("aws:some"), True),
        (with("aws:none"), Unknown),
        (with("aws:both, '3'"), Unknown),
        (with("aws:unknown"), Unknown),
        (on("s3:::${aws:told}"), True),
        (on("s3:::${aws:none}"), Unknown),
        (on("s3::${aws:told}:b"), Unknown),
    ] {
        assert_eq!(statement(&body).speaks_of(&call), expected, "{body}");
        // What does not hold does not hold of an invalid statement either.
        let other = call.clone().on("arn:aws:s3:::zz").with("aws:a", key("9"));
        assert_ne!(statement(&body).speaks_of(&other), True, "{body}");
    }
}

#[test]
fn a_statement_covers_what_says_less() {
    let condition = r#", "Condition": {"Bool": {"aws:ViaAWSService": "false"}}"#;
    let with = |element: &str| format!(r#"{element}, "Resource": "*""#);
    for (outer, inner, expected) in [
        (with(r#""Action": "*""#), with(r#""Action": "s3:*""#), true),
        (with(r#""Action": "s3:*""#), with(r#""Action": "*""#), false),
        (with(r#""Action": ["s3:Get*", "s3:Put*"]"#), with(r#""Action": ["s3:PutObject", "S3:getobject"]"#), true),
        (with(r#""NotAction": "iam:*""#), with(r#""Action": "s3:*""#), true),
        (with(r#""NotAction": "iam:*""#), with(r#""Action": ["s3:*", "*:Get*"]"#), false),
        (with(r#""NotAction": "iam:Get*""#), with(r#""NotAction": "iam:*""#), true),
        (with(r#""NotAction": "iam:*""#), with(r#""NotAction": "iam:Get*""#), false),
        (with(r#""Action": "*""#), with(r#""NotAction": "iam:*""#), true),
        (with(r#""Action": "s3:*""#), with(r#""NotAction": "iam:*""#), false),
        (with(r#""Action": "*""#), with(r#""Action": "*""#) + condition, true),
        (with(r#""Action": "*""#) + condition, with(r#""Action": "*""#), false),
        (with(r#""Action": "*""#) + condition, with(r#""Action": "s3:*""#) + condition, true),
        (with(r#""Action": "*""#), r#""Action": "*", "Resource": "arn:aws:s3:::${aws:username}""#.to_owned(), true),
        (
            r#""Action": "*", "Resource": "arn:a*""#.to_owned(),
            r#""Action": "*", "Resource": "arn:ab""#.to_owned(),
            true,
        ),
        (
            r#""Action": "*", "Resource": "arn:ab""#.to_owned(),
            r#""Action": "*", "Resource": "arn:a*""#.to_owned(),
            false,
        ),
        (r#""Action": "*", "NotResource": "b*""#.to_owned(), r#""Action": "*", "Resource": "a*""#.to_owned(), true),
        (r#""Action": "*", "NotResource": "a*""#.to_owned(), r#""Action": "*", "Resource": "a*""#.to_owned(), false),
        (r#""Action": "*", "NotResource": "ab""#.to_owned(), r#""Action": "*", "NotResource": "a*""#.to_owned(), true),
        (with(r#""Action": "*""#), r#""Action": "*", "NotResource": "a*""#.to_owned(), true),
        (r#""Action": "*", "Resource": "a*b""#.to_owned(), r#""Action": "*", "Resource": "a*b""#.to_owned(), true),
        (r#""Action": "*", "Resource": "a*b""#.to_owned(), r#""Action": "*", "Resource": "a:b""#.to_owned(), false),
    ] {
        assert_eq!(statement(&outer).covers(&statement(&inner)), expected, "{outer} over {inner}");
    }
}
