//! Who is locked out of small organizations.

use super::*;
use crate::document::Document;

const FULL: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;

/// Two accounts in one unit, one account in the root that has no id yet, and the management account.
fn organization(root: &str, account: &str) -> Organization {
    let mut builder = Organization::builder("r-1", "999999999999");
    builder.unit("ou-1", "Dev", "r-1");
    for id in ["111111111111", "222222222222"] {
        builder.account(id, Some(id), id, "ou-1");
    }
    builder.account("new", None, "new", "r-1");
    builder.account("999999999999", Some("999999999999"), "management", "r-1");
    let targets = ["r-1", "ou-1", "111111111111", "222222222222", "new", "999999999999"];
    for (key, statement, targets) in
        [("full", FULL, &targets[..]), ("root", root, &["r-1"]), ("account", account, &["111111111111"])]
    {
        if !statement.is_empty() {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
            builder.policy(key, key, Document::parse(&text).expect("a document"));
            for target in targets {
                builder.attach(target, key);
            }
        }
    }
    builder.build().expect("an organization")
}

fn protected(principal: &str, accounts: &[&str]) -> Protected {
    Protected {
        principal: principal.to_owned(),
        accounts: accounts.iter().map(|it| (*it).to_owned()).collect(),
        actions: vec!["sts:AssumeRole".to_owned(), "iam:GetRole".to_owned()],
    }
}

/// Account, action, certain.
fn found(organization: &Organization, protected: Protected) -> Vec<(String, String, bool)> {
    let found = lockouts(organization, &[protected]).expect("known accounts");
    found.into_iter().map(|it| (it.account, it.action, it.certain)).collect()
}

#[test]
fn what_a_principal_loses_is_listed() {
    let role = "OrganizationAccountAccessRole";
    let deny = |more: &str| format!(r#"{{"Effect": "Deny", "Action": "sts:*", "Resource": "*"{more}}}"#);
    let all = |certain| vec![("111111111111", certain), ("222222222222", certain), ("new", certain)];
    let exempt = |arn: &str| format!(r#", "Condition": {{"ArnNotLike": {{"aws:PrincipalArn": "{arn}"}}}}"#);
    let account =
        |operator: &str, id: &str| format!(r#", "Condition": {{"{operator}": {{"aws:PrincipalAccount": "{id}"}}}}"#);
    let one_by_one = vec![("111111111111", true), ("222222222222", true), ("new", false)];
    for (statement, principal, expected) in [
        ("".to_owned(), role, vec![]),
        (deny(""), role, all(true)),
        (deny(&exempt("arn:aws:iam::*:role/OrganizationAccountAccessRole")), role, vec![]),
        (deny(&exempt("arn:aws:iam::${Account}:role/OrganizationAccountAccessRole")), role, all(false)),
        (deny(&exempt("arn:aws:iam::*:role/Other")), role, all(true)),
        // Whether an exemption of some ids is one of an account without an id, nobody knows.
        (deny(&exempt("arn:aws:iam::111111111111:role/*")), role, vec![("222222222222", true), ("new", false)]),
        (deny(&exempt("arn:aws:iam::1*:role/*")), role, vec![("222222222222", true), ("new", false)]),
        (deny(&exempt("arn:aws:iam::000000000000:role/*")), role, one_by_one.clone()),
        (deny(&account("StringNotEquals", "000000000000")), role, one_by_one.clone()),
        (deny(&account("StringNotLike", "*0")), role, one_by_one.clone()),
        (deny(&account("StringEquals", "000000000000")), role, vec![("new", false)]),
        // No id has three characters, and every id has twelve.
        (deny(&account("StringNotEquals", "000")), role, all(true)),
        (deny(&account("StringNotLike", "????????????")), role, vec![]),
        (deny(r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#), role, all(false)),
        (deny(r#", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}"#), role, vec![]),
        (deny(&exempt("arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*")), "AWSReservedSSO_*", vec![]),
        (deny(&exempt("arn:aws:iam::*:role/AWSReservedSSO_*")), "AWSReservedSSO_*", all(true)),
        (deny(&exempt("arn:aws:iam::*:role/stacksets-exec-1*")), "stacksets-exec-*", all(false)),
        (deny(&exempt("arn:aws:iam::*:role/ops/admin")), "ops/admin", vec![]),
        (deny(&exempt("arn:aws:iam::*:user/anna")), "arn:aws:iam::*:user/anna", vec![]),
        (deny(""), "arn:aws:iam::222222222222:role/app", vec![("222222222222", true)]),
        (deny(""), "arn:aws:iam::000000000000:role/app", vec![]),
        (deny(""), "arn:aws:iam::*:role/app", all(true)),
        (deny(""), "arn:aws:iam::*:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", vec![]),
    ] {
        let expected: Vec<(String, String, bool)> = expected
            .into_iter()
            .map(|(account, certain)| (account.to_owned(), "sts:AssumeRole".to_owned(), certain))
            .collect();
        assert_eq!(
            found(&organization(&statement, ""), protected(principal, &[])),
            expected,
            "{statement} {principal}"
        );
    }
}

#[test]
fn the_reason_is_that_of_the_account() {
    let deny = r#"{"Sid": "All", "Effect": "Deny", "Action": "*", "Resource": "*"}"#;
    let found = lockouts(&organization("", deny), &[protected("app", &[])]).expect("known accounts");
    assert_eq!(found.len(), 2, "both actions, in one account");
    for lockout in found {
        let Why::Denied(source) = lockout.why else { panic!("denied") };
        assert_eq!((source.level.key.as_str(), source.sid.as_deref()), ("111111111111", Some("All")));
        assert_eq!((lockout.account.as_str(), lockout.principal.as_str()), ("111111111111", "app"));
    }
}

#[test]
fn only_the_named_accounts_are_asked_and_they_must_exist() {
    let deny = r#"{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}"#;
    let organization = organization(deny, "");
    let expected = vec![("222222222222".to_owned(), "sts:AssumeRole".to_owned(), true)];
    assert_eq!(found(&organization, protected("app", &["222222222222"])), expected);
    assert_eq!(found(&organization, protected("app", &["999999999999"])), []);
    let error = lockouts(&organization, &[protected("app", &["333333333333"])]).expect_err("unknown");
    assert_eq!(error, OrganizationError::NoAccount("333333333333".to_owned()));
}
