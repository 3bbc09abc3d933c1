//! Bus policies: whom they admit, and which of them must not be.

use super::{accounts, line, tiers};
use crate::lint::{Admission, Bus, LintOptions, lint};
use reeve_model::Place;

const FILE: &str = "\
Scopes:
  dev: {tier: dev, organization_unit: Dev}
  infra: {tier: infra, organization_unit: Infra}
Accounts:
  foo: {scope: dev, id: '111111111111'}
  bar: {scope: dev, id: '222222222222'}
  cicd: {scope: infra, id: '777777777777'}
  dns: {scope: infra, id: '333333333333'}
  master: {id: '999999999999', organization_unit: root}
OrganizationUnits:
  root: {id: r-ab12, policies: [FullAWSAccess]}
  Dev: {id: ou-ab12-11111111, policies: [FullAWSAccess]}
  Infra: {id: ou-ab12-22222222, policies: [FullAWSAccess]}
";

fn bus(account: &str, gate: bool, policy: &str) -> LintOptions {
    let bus = Bus {
        account: account.to_owned(),
        name: "infra".to_owned(),
        gate,
        file: "bus.json".to_owned(),
        policy: policy.to_owned(),
    };
    LintOptions { buses: vec![bus], ..tiers() }
}

#[track_caller]
fn found(options: &LintOptions) -> Vec<String> {
    lint(&accounts(FILE), options).iter().map(line).collect()
}

fn statement(effect: &str, principal: &str, rest: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "events:PutEvents", "Resource": "*"{rest}}}"#
    )
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Statement": [{}]}}"#, statements.join(",\n"))
}

/// Who is told to be of a lower tier: names of the first accounts, or the code of another finding.
fn told(options: &LintOptions) -> Vec<String> {
    let short = |it: &reeve_model::Finding| match it.code.as_str() {
        "TIER_INVERSION" => it.message.split(" may put").next().unwrap_or_default().to_owned(),
        code => code.to_owned(),
    };
    lint(&accounts(FILE), options).iter().map(short).collect()
}

#[test]
fn a_lower_tier_may_not_send_to_a_higher_one() {
    let all =
        r#"{"AWS": ["111111111111", "arn:aws:iam::222222222222:root", "arn:aws:iam::777777777777:role/pipeline"]}"#;
    let text = policy(&[statement("Allow", all, "")]);
    assert_eq!(
        found(&bus("dns", false, &text)),
        [
            "TIER_INVERSION error 1:49: accounts `bar` and `foo` of tier `dev` may put events to bus `dns/infra` of tier \
             `infra` [2:9 3:11]"
        ]
    );
    assert_eq!(found(&bus("dns", true, &text)), Vec::<String>::new(), "a gate listens there");
    assert_eq!(found(&bus("foo", false, &text)), Vec::<String>::new(), "a higher tier may send to a lower one");
    let none = LintOptions { tiers: Vec::new(), ..bus("dns", false, &text) };
    assert_eq!(found(&none), Vec::<String>::new(), "without an order nobody is lower");
    // An account without a tier is told as a receiver, whoever sends; cicd included.
    assert_eq!(
        told(&bus("999999999999", false, &text)),
        ["account `cicd` of tier `infra`", "accounts `bar` and `foo` of tier `dev`"]
    );
}

#[test]
fn everybody_is_told_unless_a_condition_says_the_organization() {
    let anybody = r#""*""#;
    let when = |condition: &str| format!(r#", "Condition": {{{condition}}}"#);
    let dev = "accounts `bar` and `foo` of tier `dev`";
    let open = vec!["BUS_OPEN"];
    // master has no tier: as a sender it stands below every other.
    let whole = vec!["account `master` of no tier", dev];
    for (condition, expected) in [
        (String::new(), open.clone()),
        (when(r#""StringEquals": {"aws:PrincipalOrgID": "o-abc123"}"#), whole.clone()),
        (when(r#""StringEquals": {"AWS:principalorgid": ["o-abc123"]}"#), whole.clone()),
        (when(r#""StringLike": {"aws:PrincipalOrgID": "o-*"}"#), open.clone()),
        (when(r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc123"}"#), open.clone()),
        (when(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc123"}"#), open.clone()),
        (when(r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc123"}"#), open.clone()),
        (when(r#""StringEquals": {"events:source": "app.infra"}"#), open.clone()),
        (when(r#""ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:777777777777:rule/x"}"#), open.clone()),
        (when(r#""StringEquals": {"aws:PrincipalAccount": "777777777777"}"#), vec![]),
        (
            when(r#""StringEquals": {"aws:PrincipalAccount": ["777777777777", "111111111111"]}"#),
            vec!["account `foo` of tier `dev`"],
        ),
        (when(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::777777777777:role/*"}"#), vec![]),
        (when(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/pipeline"}"#), open.clone()),
        (when(r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc123/r-ab12/ou-ab12-22222222/*"}"#), vec![]),
        (
            when(r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc123/r-ab12/ou-ab12-11111111/*"}"#),
            vec![dev],
        ),
        (when(r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc123/*"}"#), whole.clone()),
        (when(r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/ou-ab12-22222222/*"}"#), open.clone()),
    ] {
        for principal in [anybody, r#"{"AWS": "*"}"#, r#"{"AWS": ["*", "111111111111"]}"#] {
            let text = policy(&[statement("Allow", principal, &condition)]);
            assert_eq!(told(&bus("dns", false, &text)), expected, "{text}");
        }
    }
    let text = policy(&[statement("Allow", anybody, "")]);
    assert_eq!(told(&bus("dns", true, &text)), open, "a gate is no reason to be open to the world");
}

#[test]
fn statements_that_send_nothing_are_left_alone() {
    for (text, expected) in [
        (
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "events:PutEvents"}]}"#,
            vec![],
        ),
        (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutRule"}}"#, vec![]),
        (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:put*"}}"#, vec!["BUS_OPEN"]),
        (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": ["x:y", "*"]}}"#, vec!["BUS_OPEN"]),
        (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "NotAction": "events:PutRule"}}"#, vec!["BUS_OPEN"]),
        (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "NotAction": "events:Put*"}}"#, vec![]),
        (
            r#"{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "events:PutEvents"}}"#,
            vec!["BUS_OPEN"],
        ),
        (r#"{"Statement": []}"#, vec![]),
        ("{}", vec!["BUS_POLICY_UNREADABLE"]),
        ("[]", vec!["BUS_POLICY_UNREADABLE"]),
        ("{", vec!["BUS_POLICY_UNREADABLE"]),
        (r#"{"Statement": [1]}"#, vec!["BUS_POLICY_UNREADABLE"]),
        (r#"{"Statement": {"Effect": "allow", "Principal": "*", "Action": "*"}}"#, vec!["BUS_POLICY_UNREADABLE"]),
    ] {
        assert_eq!(told(&bus("dns", false, text)), expected, "{text}");
    }
    assert_eq!(
        found(&bus("dns", false, "{\n  \"Statement\": [1]}")),
        ["BUS_POLICY_UNREADABLE error 2:17: the policy of bus `dns/infra` cannot be read: a statement is no object"]
    );
}

#[test]
fn a_deny_takes_away_where_it_is_certain() {
    let allow = statement("Allow", r#"{"AWS": ["111111111111", "222222222222", "777777777777"]}"#, "");
    let org = statement("Allow", r#""*""#, r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}"#);
    let open = statement("Allow", r#""*""#, "");
    let when = |condition: &str| statement("Deny", r#""*""#, &format!(r#", "Condition": {{{condition}}}"#));
    let both = "accounts `bar` and `foo` of tier `dev`";
    let foo = "account `foo` of tier `dev`";
    let master = "account `master` of no tier";
    for (allow, deny, expected) in [
        (&allow, statement("Deny", r#""*""#, ""), vec![]),
        (&allow, statement("Deny", r#"{"AWS": "222222222222"}"#, ""), vec![foo]),
        (&allow, statement("Deny", r#"{"AWS": "arn:aws:iam::222222222222:role/x"}"#, ""), vec![both]),
        (&allow, when(r#""StringNotEquals": {"aws:PrincipalAccount": "777777777777"}"#), vec![]),
        (
            &allow,
            when(r#""StringNotEqualsIfExists": {"aws:PrincipalAccount": ["777777777777", "111111111111"]}"#),
            vec![foo],
        ),
        (&allow, when(r#""StringEquals": {"aws:PrincipalAccount": "222222222222"}"#), vec![foo]),
        (&allow, when(r#""StringEquals": {"events:source": "x"}"#), vec![both]),
        (
            &allow,
            when(
                r#""StringNotEquals": {"aws:PrincipalAccount": "777777777777"}, "Bool": {"aws:SecureTransport": "true"}"#,
            ),
            vec![both],
        ),
        (&open, when(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc123"}"#), vec![master, both]),
        (&open, when(r#""StringNotEquals": {"aws:PrincipalAccount": "777777777777"}"#), vec![]),
        (&org, when(r#""StringNotLike": {"aws:PrincipalAccount": "77777777777?"}"#), vec![master, both]),
    ] {
        let text = policy(&[allow.clone(), deny.clone()]);
        assert_eq!(told(&bus("dns", false, &text)), expected, "{deny}");
    }
    for (resource, taken) in [
        ("arn:aws:events:us-east-1:333333333333:event-bus/infra", true),
        ("arn:aws:events:*:*:event-bus/inf*", true),
        ("arn:aws:events:us-east-1:333333333333:event-bus/other", false),
        ("arn:aws:events:us-east-1:111111111111:event-bus/infra", false),
        ("arn:aws:sqs:us-east-1:333333333333:infra", false),
    ] {
        let deny =
            statement("Deny", r#""*""#, "").replace(r#""Resource": "*""#, &format!(r#""Resource": "{resource}""#));
        let text = policy(&[allow.clone(), deny]);
        assert_eq!(told(&bus("dns", false, &text)).is_empty(), taken, "{resource}");
    }
}

#[test]
fn accounts_that_the_file_does_not_know_are_told() {
    let text = policy(&[statement("Allow", r#"{"AWS": ["888888888888", "777777777777"]}"#, "")]);
    assert_eq!(
        found(&bus("dns", true, &text)),
        [
            "BUS_STRANGER warning 1:49: bus `dns/infra` takes events of account `888888888888`, which the accounts file does not know"
        ]
    );
    assert_eq!(
        found(&bus("dsn", false, &text)),
        [
            "BUS_ACCOUNT_UNKNOWN error 1:1: bus `dsn/infra` is of an account that the accounts file does not know",
            "BUS_STRANGER warning 1:49: bus `dsn/infra` takes events of account `888888888888`, which the accounts file does not know",
        ]
    );
}

#[test]
fn pairs_of_accounts_are_checked_without_a_policy() {
    let place = Place { file: "reeve.yaml".to_owned(), line: 7, column: 5 };
    for (sender, receiver, gate, expected) in [
        (
            "foo",
            "dns",
            false,
            vec![
                "TIER_INVERSION error 7:5: account `foo` of tier `dev` may put events to a bus of account `dns` of tier `infra` [2:9 3:11]",
            ],
        ),
        ("111111111111", "333333333333", true, vec![]),
        ("cicd", "foo", false, vec![]),
        ("cicd", "dns", false, vec![]),
        ("foo", "foo", false, vec![]),
        ("nobody", "dns", false, vec!["BUS_ACCOUNT_UNKNOWN error 7:5: account `nobody` is not in the accounts file"]),
    ] {
        let admission =
            Admission { sender: sender.to_owned(), receiver: receiver.to_owned(), gate, place: Some(place.clone()) };
        let options = LintOptions { admissions: vec![admission], ..tiers() };
        assert_eq!(found(&options), expected, "{sender} {receiver}");
    }
}
