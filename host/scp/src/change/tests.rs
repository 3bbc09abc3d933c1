//! What changes between two states.

use super::*;
use crate::document::Document;
use crate::truth::Truth::{False, True, Unknown};

const FULL: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const ACTIONS: [&str; 7] = [
    "ec2:RunInstances",
    "ec2:StopInstances",
    "iam:GetUser",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "sts:AssumeRole",
];

/// Accounts `a1` and `a2` in unit `A`, `b1` in unit `B`; every level has full access and what is said here.
fn organization(attached: &[(&str, &str)], moves: &[(&str, &str)]) -> Organization {
    let mut builder = Organization::builder("r", "m");
    builder.unit("A", "A", "r").unit("B", "B", "r").account("m", None, "m", "r");
    for (account, unit) in [("a1", "A"), ("a2", "A"), ("b1", "B")] {
        let unit = moves.iter().find(|(moved, _)| *moved == account).map_or(unit, |(_, to)| to);
        if !unit.is_empty() {
            builder.account(account, None, account, unit);
        }
    }
    for (account, unit) in moves.iter().filter(|(account, _)| account.starts_with('n')) {
        builder.account(account, None, account, unit);
    }
    let document = |statement: &str| {
        Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)).expect("a document")
    };
    builder.policy("full", "full", document(FULL));
    for target in ["r", "A", "B", "m", "a1", "a2", "b1"].into_iter().chain(moves.iter().map(|(it, _)| *it)) {
        let gone = moves.contains(&(target, ""));
        let again = moves.iter().any(|(it, _)| *it == target) && !target.starts_with('n');
        if !gone && !again {
            builder.attach(target, "full");
        }
    }
    for (account, _) in moves.iter().filter(|(account, unit)| !account.starts_with('n') && !unit.is_empty()) {
        builder.attach(account, "full");
    }
    for (target, statement) in attached {
        let key = format!("of {target}");
        builder.policy(&key, &key, document(statement)).attach(target, &key);
    }
    builder.build().expect("an organization")
}

/// Accounts, before, after, patterns.
fn told(before: &Organization, after: &Organization) -> Vec<(String, Truth, Truth, String)> {
    let list = changes(before, after, ACTIONS).permissions;
    let row = |it: PermissionChange| (it.accounts.join(" "), it.before, it.after, it.actions.join(" "));
    list.into_iter().map(row).collect()
}

#[test]
fn actions_that_change_are_told_for_the_accounts_they_change_for() {
    let deny = |actions: &str| format!(r#"{{"Effect": "Deny", "Action": [{actions}], "Resource": "*"}}"#);
    let region = |regions: &str| {
        format!(
            r#"{{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
            "Condition": {{"StringNotEquals": {{"aws:RequestedRegion": [{regions}]}}}}}}"#
        )
    };
    let (s3, get) = (deny(r#""s3:*""#), deny(r#""s3:Get*", "sts:AssumeRole""#));
    let (one, two) = (region(r#""eu-west-1""#), region(r#""eu-west-1", "eu-west-2""#));
    let turned = region(r#""eu-west-2", "eu-west-1""#);
    let everything = deny(r#""*""#);
    for (before, after, expected) in [
        (vec![], vec![], vec![]),
        (vec![], vec![("A", &s3)], vec![("a1 a2", True, False, "s3:*")]),
        (vec![("A", &s3)], vec![], vec![("a1 a2", False, True, "s3:*")]),
        (vec![("A", &s3)], vec![("r", &s3)], vec![("b1", True, False, "s3:*")]),
        (vec![], vec![("r", &get)], vec![("a1 a2 b1", True, False, "s3:GetObject sts:AssumeRole")]),
        (vec![], vec![("b1", &everything)], vec![("b1", True, False, "*")]),
        (vec![], vec![("B", &one)], vec![("b1", True, Unknown, "ec2:* s3:*")]),
        (vec![("B", &one)], vec![("B", &s3)], vec![("b1", Unknown, True, "ec2:*"), ("b1", Unknown, False, "s3:*")]),
        // The condition alone changes, or only how it is written.
        (vec![("B", &one)], vec![("B", &two)], vec![("b1", Unknown, Unknown, "ec2:* s3:*")]),
        (vec![("B", &two)], vec![("B", &turned)], vec![]),
        // Policies do not bind the management account.
        (vec![], vec![("m", &s3)], vec![]),
    ] {
        let attached = |list: &[(&'static str, &String)]| -> Vec<(&str, String)> {
            list.iter().map(|(target, statement)| (*target, (*statement).clone())).collect()
        };
        let (before, after) = (attached(&before), attached(&after));
        let refs = |list: &'_ [(&'static str, String)]| -> Organization {
            let list: Vec<(&str, &str)> =
                list.iter().map(|(target, statement)| (*target, statement.as_str())).collect();
            organization(&list, &[])
        };
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(it, before, after, list)| (it.to_owned(), before, after, list.to_owned()))
            .collect();
        assert_eq!(told(&refs(&before), &refs(&after)), expected, "{before:?} {after:?}");
    }
}

#[test]
fn actions_that_no_policy_denies_do_not_change() {
    let deny = r#"{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}"#;
    let (before, after) = (organization(&[], &[]), organization(&[("B", deny)], &[]));
    let actions = ["sts:AssumeRole", "sts:GetCallerIdentity", "STS:getsessiontoken", "sts:TagSession", "s3:GetObject"];
    let found = changes(&before, &after, actions).permissions;
    let [change] = found.as_slice() else { panic!("one change") };
    assert_eq!((change.actions.join(" "), change.count), ("sts:*".to_owned(), 2));
}

#[test]
fn accounts_that_come_go_and_move_are_told() {
    let deny = r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#;
    let before = organization(&[("B", deny)], &[]);
    let after = organization(&[("B", deny)], &[("a1", "B"), ("a2", ""), ("n1", "A")]);
    let found = changes(&before, &after, ACTIONS);
    let keys = |levels: &[Level]| levels.iter().map(|level| level.key.clone()).collect::<Vec<_>>();
    assert_eq!((keys(&found.added), keys(&found.removed)), (vec!["n1".to_owned()], vec!["a2".to_owned()]));
    let moved: Vec<_> = found.moved.iter().map(|it| [&it.account.key, &it.from.key, &it.to.key]).collect();
    assert_eq!(moved, [["a1", "A", "B"]]);
    assert_eq!(told(&before, &after), [("a1".to_owned(), True, False, "s3:*".to_owned())]);
    let [change] = found.permissions.as_slice() else { panic!("one change") };
    assert_eq!(change.count, 3);
    assert_eq!(change.why_before, Why::Allowed);
    let Why::Denied(source) = &change.why_after else { panic!("denied") };
    assert_eq!((source.level.key.as_str(), source.policy.as_str()), ("B", "of B"));
}

#[test]
fn equal_policies_under_another_name_and_place_change_nothing() {
    let deny = r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#;
    let (before, after) = (organization(&[("A", deny), ("B", deny)], &[]), organization(&[("r", deny)], &[]));
    assert_eq!(told(&before, &after), []);
}

#[test]
fn of_actions_that_depend_both_times_the_new_condition_is_told() {
    let deny = |key: &str| {
        format!(
            r#"{{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {{"Bool": {{"{key}": "true"}}}}}}"#
        )
    };
    let (one, two) = (deny("aws:one"), deny("aws:two"));
    let (root, both) = (organization(&[("r", &one)], &[]), organization(&[("r", &one), ("B", &two)], &[]));
    let policy = |why: &Why| if let Why::MayBeDenied(source) = why { source.policy.clone() } else { String::new() };
    for (before, after, gone, new) in [(&root, &both, "of r", "of B"), (&both, &root, "of B", "of r")] {
        let found = changes(before, after, ACTIONS).permissions;
        let [change] = found.as_slice() else { panic!("one change") };
        assert_eq!((change.before, change.after, change.actions.join(" ")), (Unknown, Unknown, "s3:*".to_owned()));
        assert_eq!((policy(&change.why_before).as_str(), policy(&change.why_after).as_str()), (gone, new));
    }
}

#[test]
fn a_large_organization_is_decided_by_its_kinds() {
    // 1,000 accounts below twenty units, 20,000 actions: one kind of account a unit, a handful of kinds of actions.
    let actions: Vec<String> =
        (0..100).flat_map(|service| (0..200).map(move |action| format!("s{service}:Action{action}"))).collect();
    let build = |deny: &str| {
        let mut builder = Organization::builder("r", "m");
        let document = |statement: &str| {
            Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)).expect("a document")
        };
        builder.policy("full", "full", document(FULL)).policy("deny", "deny", document(deny));
        builder.attach("r", "full").attach("r", "deny");
        for unit in 0..20 {
            let unit = format!("u{unit}");
            builder.unit(&unit, &unit, "r").attach(&unit, "full");
            for account in 0..50 {
                let account = format!("{unit}-{account}");
                builder.account(&account, None, &account, &unit).attach(&account, "full");
            }
        }
        builder.build().expect("an organization")
    };
    let before = build(r#"{"Effect": "Deny", "Action": "s7:*", "Resource": "*"}"#);
    let after = build(r#"{"Effect": "Deny", "Action": ["s7:*", "s8:*", "s9:*1"], "Resource": "*"}"#);
    let found = changes(&before, &after, actions.iter().map(String::as_str));
    let [change] = found.permissions.as_slice() else { panic!("one change") };
    assert_eq!((change.accounts.len(), change.before, change.after), (1000, True, False));
    // All 200 of `s8`, and of `s9` those that end in 1.
    assert_eq!((change.count, change.actions.len()), (220, 21));
    assert_eq!(change.actions.first().map(String::as_str), Some("s8:*"));
}
