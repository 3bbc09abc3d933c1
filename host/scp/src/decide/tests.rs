//! What is left of a permission below small organizations.

use super::*;
use crate::call::Key;
use crate::document::Document;
use crate::organization::LevelKind;
use crate::truth::Truth::{False, True, Unknown};

const FULL: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const DENY_S3: &str = r#"{"Sid": "NoS3", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#;
const ALLOW_EC2: &str = r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#;
const IN_REGION: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*",
    "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#;
const DENY_REGION: &str = r#"{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#;

/// Root, one unit, one account, each with these statements, one policy a statement.
fn organization(levels: [&[&str]; 3]) -> Organization {
    let mut builder = Organization::builder("r-1", "999999999999");
    builder.unit("ou-1", "Dev", "r-1").account("111111111111", Some("111111111111"), "foo", "ou-1");
    builder.account("999999999999", Some("999999999999"), "management", "r-1");
    for (target, statements) in ["r-1", "ou-1", "111111111111"].into_iter().zip(levels) {
        for (index, statement) in statements.iter().enumerate() {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
            let key = format!("p-{target}-{index}");
            builder.policy(&key, "policy", Document::parse(&text).expect("a document")).attach(target, &key);
        }
    }
    builder.build().expect("an organization")
}

fn level(key: &str) -> Level {
    let (kind, name) = match key {
        "r-1" => (LevelKind::Root, "root"),
        "ou-1" => (LevelKind::Unit, "Dev"),
        _ => (LevelKind::Account, "foo"),
    };
    Level { kind, key: key.to_owned(), name: name.to_owned() }
}

#[test]
fn every_level_must_allow_and_none_may_deny() {
    let not_allowed = |key: &str| Some((key.to_owned(), None));
    let denied = |key: &str, policy: &str| Some((key.to_owned(), Some(policy.to_owned())));
    for (levels, action, expected, place) in [
        ([&[FULL][..], &[FULL][..], &[FULL][..]], "s3:GetObject", True, None),
        ([&[FULL], &[FULL], &[]], "s3:GetObject", False, not_allowed("111111111111")),
        ([&[], &[FULL], &[FULL]], "s3:GetObject", False, not_allowed("r-1")),
        ([&[FULL], &[DENY_S3], &[FULL]], "s3:GetObject", False, denied("ou-1", "p-ou-1-0")),
        // A policy that only denies, alone at its level, allows nothing.
        ([&[FULL], &[DENY_S3], &[FULL]], "ec2:RunInstances", False, not_allowed("ou-1")),
        ([&[FULL, DENY_S3], &[FULL], &[FULL]], "ec2:RunInstances", True, None),
        ([&[FULL, DENY_S3], &[FULL], &[FULL]], "s3:GetObject", False, denied("r-1", "p-r-1-1")),
        // What one level allows more than another is of no use.
        ([&[FULL], &[ALLOW_EC2], &[FULL]], "s3:GetObject", False, not_allowed("ou-1")),
        ([&[ALLOW_EC2], &[FULL], &[FULL]], "s3:GetObject", False, not_allowed("r-1")),
        ([&[FULL], &[ALLOW_EC2], &[FULL]], "ec2:RunInstances", True, None),
        ([&[FULL], &[ALLOW_EC2, FULL], &[FULL]], "s3:GetObject", True, None),
        // Under a condition.
        ([&[IN_REGION], &[FULL], &[FULL]], "s3:GetObject", Unknown, not_allowed("r-1")),
        ([&[IN_REGION], &[ALLOW_EC2], &[FULL]], "s3:GetObject", False, not_allowed("ou-1")),
        ([&[FULL, DENY_REGION], &[FULL], &[FULL]], "s3:GetObject", Unknown, denied("r-1", "p-r-1-1")),
        ([&[FULL, DENY_REGION], &[FULL], &[FULL]], "iam:GetUser", True, None),
        ([&[FULL, DENY_REGION], &[FULL, DENY_S3], &[FULL]], "s3:GetObject", False, denied("ou-1", "p-ou-1-1")),
        ([&[FULL, DENY_REGION], &[ALLOW_EC2], &[FULL]], "s3:GetObject", False, not_allowed("ou-1")),
    ] {
        let effective = organization(levels).decide("111111111111", &Call::new(action)).expect("an account");
        let why = match effective.why.clone() {
            Why::Denied(source) | Why::MayBeDenied(source) => Some((source.level.key, Some(source.policy))),
            Why::NotAllowed(level) | Why::MayNotBeAllowed(level) => Some((level.key, None)),
            Why::Allowed | Why::ManagementAccount | Why::ServiceLinkedRole => None,
        };
        assert_eq!((effective.allowed, why), (expected, place), "{levels:?} {action}");
    }
}

#[test]
fn what_no_policy_can_deny_is_let_through() {
    let deny = r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#;
    for levels in
        [[&[FULL, deny][..], &[FULL], &[FULL]], [&[], &[], &[]], [&[IN_REGION, DENY_REGION], &[FULL], &[FULL]]]
    {
        for (action, certain) in [
            ("sts:GetCallerIdentity", true),
            ("STS:getcalleridentity", true),
            ("sts:GetSessionToken", true),
            ("sts:GetFederationToken", false),
            ("sts:AssumeRole", false),
            ("iam:GetCallerIdentity", false),
        ] {
            let effective = organization(levels).decide("111111111111", &Call::new(action)).expect("an account");
            assert_eq!(effective.allowed == True, certain, "{levels:?} {action}");
            assert_eq!(effective.why == Why::Allowed, certain, "{levels:?} {action}");
        }
    }
}

#[test]
fn the_reason_names_the_statement() {
    let organization = organization([&[FULL, DENY_S3], &[FULL], &[FULL]]);
    let effective = organization.decide("111111111111", &Call::new("s3:GetObject")).expect("an account");
    let Why::Denied(source) = effective.why else { panic!("denied") };
    assert_eq!((source.level, source.statement, source.sid.as_deref()), (level("r-1"), 0, Some("NoS3")));
    assert_eq!(source.position.to_string(), "1:41");
}

#[test]
fn the_management_account_and_service_linked_roles_are_not_bound() {
    let organization = organization([&[DENY_S3], &[], &[]]);
    let call = Call::new("s3:GetObject");
    let decide = |account: &str, call: &Call| organization.decide(account, call).expect("an account").why;
    assert_eq!(decide("999999999999", &call), Why::ManagementAccount);
    for (arn, exempt) in [
        ("arn:aws:iam::111111111111:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS", true),
        ("arn:aws:iam::*:role/aws-service-role/*", true),
        ("arn:aws:iam::111111111111:role/AWSServiceRoleForRDS", false),
        ("arn:aws:iam::111111111111:role/x/aws-service-role/y", false),
        ("arn:aws:iam::111111111111:user/aws-service-role/y", false),
        ("arn:aws:iam::111111111111:role/*", false),
        ("*", false),
        ("arn:aws:iam::111111111111:root", false),
    ] {
        let why = decide("111111111111", &call.clone().by(arn, "111111111111"));
        assert_eq!(why == Why::ServiceLinkedRole, exempt, "{arn}");
    }
}

#[test]
fn only_accounts_of_the_organization_are_asked_about() {
    let organization = organization([&[FULL], &[FULL], &[FULL]]);
    for key in ["333333333333", "ou-1", "r-1"] {
        let error = organization.decide(key, &Call::new("s3:GetObject")).expect_err("no account");
        assert_eq!(error, OrganizationError::NoAccount(key.to_owned()));
    }
}

#[test]
fn keys_that_follow_from_the_caller_decide() {
    let deny = |condition: &str| {
        format!(r#"{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#)
    };
    let role = "arn:aws:iam::111111111111:role/app";
    let user = "arn:aws:iam::111111111111:user/team/anna";
    let root = "arn:aws:iam::111111111111:root";
    let admin = "arn:aws:iam::111111111111:role/admin";
    let exempt_admin = r#""ArnNotLike": {"aws:PrincipalARN": "arn:aws:iam::*:role/admin"}"#;
    for (condition, by, expected) in [
        (exempt_admin, admin, True),
        (exempt_admin, role, False),
        (exempt_admin, root, False),
        (exempt_admin, "arn:aws:iam::111111111111:role/*", Unknown),
        (exempt_admin, "arn:aws:iam::111111111111:role/app*", False),
        // The ARN of a session never is the principal's.
        (r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/admin/*"}"#, admin, False),
        (r#""StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}"#, root, False),
        (r#""StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}"#, role, True),
        (r#""StringEquals": {"aws:PrincipalType": "User"}"#, user, False),
        (r#""StringEquals": {"aws:PrincipalType": "User"}"#, role, True),
        (r#""StringEquals": {"aws:username": "anna"}"#, user, False),
        (r#""Null": {"aws:username": "true"}"#, role, False),
        (r#""BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}"#, role, False),
        (r#""BoolIfExists": {"aws:ViaAWSService": "true"}"#, role, True),
        (r#""StringNotEqualsIfExists": {"aws:SourceAccount": "1"}"#, role, False),
        (r#""Null": {"aws:RequestedRegion": "true"}"#, role, True),
        (r#""BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}"#, role, Unknown),
        (r#""StringNotEquals": {"aws:PrincipalAccount": "111111111111"}"#, role, True),
        (r#""StringNotEquals": {"aws:PrincipalTag/team": "a"}"#, role, Unknown),
    ] {
        let organization = organization([&[FULL, &deny(condition)], &[FULL], &[FULL]]);
        let call = Call::new("s3:GetObject").by(by, "111111111111");
        let effective = organization.decide("111111111111", &call).expect("an account");
        assert_eq!(effective.allowed, expected, "{condition} {by}");
    }
}

#[test]
fn services_that_do_not_support_a_key_are_not_answered_by_it() {
    let deny = |value: &str| {
        format!(
            r#"{{"Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {{"Bool": {{"aws:ViaAWSService": "{value}"}}}}}}"#
        )
    };
    let role = "arn:aws:iam::111111111111:role/app";
    for (action, value, expected) in [
        ("s3:GetObject", "false", False),
        ("s3:GetObject", "true", True),
        ("ec2:RunInstances", "false", Unknown),
        ("EC2:RunInstances", "true", Unknown),
        ("glue:GetTable", "false", Unknown),
        ("lakeformation:GetDataAccess", "false", Unknown),
        ("opsworks:CreateStack", "false", Unknown),
    ] {
        let organization = organization([&[FULL, &deny(value)], &[FULL], &[FULL]]);
        let asked = |call: &Call| organization.decide("111111111111", call).expect("an account").allowed;
        assert_eq!(asked(&Call::new(action).by(role, "111111111111")), expected, "{action} {value}");
        let other = Call::new("s3:PutObject").by(role, "111111111111").of_action(action);
        assert_eq!(asked(&other), expected, "{action} {value} as another action");
        let told = Call::new(action).by(role, "111111111111").with("aws:ViaAWSService", Key::value("false"));
        assert_eq!(asked(&told), if value == "false" { False } else { True }, "{action} {value} told");
    }
}

#[test]
fn a_key_that_is_told_decides() {
    let organization = organization([&[FULL, DENY_REGION], &[FULL], &[FULL]]);
    for (region, expected) in [
        (Key::value("eu-west-1"), True),
        (Key::value("us-east-1"), False),
        (Key::Absent, False),
        (Key::present(), Unknown),
    ] {
        let call = Call::new("ec2:RunInstances").with("AWS:RequestedRegion", region.clone());
        let effective = organization.decide("111111111111", &call).expect("an account");
        assert_eq!(effective.allowed, expected, "{region:?}");
        assert_eq!(organization.decide("111111111111", &call.of_action("iam:GetUser")).map(|it| it.allowed), Ok(True));
    }
}
