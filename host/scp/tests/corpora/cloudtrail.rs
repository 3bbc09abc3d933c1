//! Recorded calls: each one is read, and a change of policies lists exactly those that another reading of the records,
//! field by field, says it must.

use super::policies::FULL;
use super::{folder, json, texts};
use reeve_json::Node;
use reeve_scp::cloudtrail::{NoCall, read, records};
use reeve_scp::{Document, Fate, Organization, Reason, Truth, replay};
use std::collections::{BTreeMap, BTreeSet};

/// Records of both corpora.
const RECORDS: usize = 1507;

/// One of the accounts, taken to manage the organization.
const MANAGEMENT: &str = "017622104382";

/// What is recorded under a name that is no action of the service authorization reference: the console's own call.
const UNKNOWN_ACTIONS: &[&str] = &["s3:GetStorageLensDashboardDataInternal"];

fn all() -> Option<Vec<Node>> {
    let nodes: Vec<Node> = ["events/invictus-cloudtrail", "events/stratus-red-team-cloudtrail"]
        .into_iter()
        .map(|name| {
            folder(name).map(|folder| texts(&folder).into_iter().map(|(_, text)| json(&text)).collect::<Vec<_>>())
        })
        .collect::<Option<Vec<_>>>()?
        .concat();
    Some(nodes.iter().flat_map(|node| records(node).into_iter().cloned().collect::<Vec<_>>()).collect())
}

fn text<'n>(record: &'n Node, pointer: &str) -> &'n str {
    record.pointer(pointer).and_then(Node::as_str).unwrap_or_default()
}

#[test]
fn every_record_is_a_call_or_says_why_it_is_none() {
    let Some(all) = all() else { return };
    assert_eq!(all.len(), RECORDS);
    let mut reasons: BTreeMap<NoCall, usize> = BTreeMap::new();
    let mut calls = 0;
    for record in &all {
        match read(record) {
            Ok(recorded) => {
                calls += 1;
                assert_eq!(recorded.account, text(record, "/userIdentity/accountId"));
                // Whoever calls is known in every one of these records.
                let principal = recorded.principal.expect("a principal");
                assert!(principal.starts_with("arn:aws:iam::"), "{principal}");
                assert!(!principal.contains(":assumed-role/"), "{principal}");
            }
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    let of = |kind: &str| all.iter().filter(|record| text(record, "/eventType") == kind).count();
    let services = |record: &&Node| {
        text(record, "/userIdentity/type") == "AWSService" && text(record, "/eventType") == "AwsApiCall"
    };
    let by_service = all.iter().filter(services).count();
    let told: usize =
        reasons.iter().filter(|(it, _)| matches!(it, NoCall::ServiceCaller(_))).map(|(_, count)| count).sum();
    assert_eq!(told, by_service);
    assert_eq!(reasons.get(&NoCall::ServiceEvent).copied(), Some(of("AwsServiceEvent")));
    assert_eq!(reasons.get(&NoCall::SignIn).copied(), Some(of("AwsConsoleSignIn")));
    // No record is left over.
    assert_eq!(calls + of("AwsServiceEvent") + of("AwsConsoleSignIn") + by_service, RECORDS);
    let share = calls * 100 / RECORDS;
    assert!(share >= 97, "{share} in 100 are calls");
}

#[test]
fn recorded_actions_are_those_of_the_reference() {
    let Some(all) = all() else { return };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/scp-validation/actions.txt");
    let table = std::fs::read_to_string(path).expect("the action table");
    let table = reeve_scp::table::ActionTable::parse(table.trim_end()).expect("a table");
    let known = |action: &str| {
        let (service, name) = action.split_once(':').expect("service and name");
        table.service(service).is_some_and(|service| service.action(name).is_some())
    };
    let unknown: BTreeSet<String> =
        all.iter().filter_map(|record| read(record).ok()).map(|it| it.action).filter(|it| !known(it)).collect();
    assert_eq!(unknown.iter().map(String::as_str).collect::<Vec<_>>(), UNKNOWN_ACTIONS);
}

fn organization(accounts: &BTreeSet<&str>, policies: &[&str]) -> Organization {
    let mut builder = Organization::builder("r", MANAGEMENT);
    for account in accounts {
        builder.account(account, Some(account), account, "r");
    }
    builder.policy("full", "full", Document::parse(FULL).expect("a document")).attach("r", "full");
    for account in accounts {
        builder.attach(account, "full");
    }
    for (index, statement) in policies.iter().enumerate() {
        let document = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let key = index.to_string();
        builder.policy(&key, &key, Document::parse(&document).expect("a document")).attach("r", &key);
    }
    builder.build().expect("an organization")
}

#[test]
fn a_changed_set_of_policies_lists_what_it_would_refuse() {
    let Some(all) = all() else { return };
    let accounts: BTreeSet<&str> =
        all.iter().map(|record| text(record, "/userIdentity/accountId")).filter(|it| !it.is_empty()).collect();
    let after = [
        r#"{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "NotAction": ["s3:*", "health:*", "sts:*"], "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}"#,
        r#"{"Effect": "Deny", "Action": "ssm:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}}"#,
        r#"{"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"Bool": {"aws:ViaAWSService": "false"}}}"#,
    ];
    let (before, after) = (organization(&accounts, &[]), organization(&accounts, &after));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &all {
        let (source, name) =
            (text(record, "/eventSource").trim_end_matches(".amazonaws.com"), text(record, "/eventName"));
        let issuer = text(record, "/userIdentity/sessionContext/sessionIssuer/arn");
        let far = text(record, "/awsRegion") != "us-east-1" && !["s3", "health", "sts"].contains(&source);
        let invoked = text(record, "/userIdentity/invokedBy");
        let expected = match text(record, "/eventType") {
            "AwsServiceEvent" => "service",
            "AwsConsoleSignIn" => "no call",
            _ if text(record, "/userIdentity/type") == "AWSService" => "service",
            _ if text(record, "/userIdentity/accountId") == MANAGEMENT => "exempt",
            _ if issuer.contains(":role/aws-service-role/") => "exempt",
            _ if source == "iam" || name == "LeaveOrganization" || far => "denied",
            _ if source == "ssm" => "may be denied",
            _ if source == "kms" && name == "Decrypt" && invoked.is_empty() => "denied",
            // The console calls for somebody or for itself.
            _ if source == "kms" && name == "Decrypt" && invoked == "AWS Internal" => "may be denied",
            _ => "same",
        };
        let found = match replay(record, &before, &after).fate {
            Fate::Same => "same",
            Fate::Denied(_) => "denied",
            Fate::MayBeDenied(_) => "may be denied",
            Fate::Exempt(_) => "exempt",
            Fate::Service(_) => "service",
            Fate::NotEvaluable(Reason::NoCall(NoCall::SignIn)) => "no call",
            other @ (Fate::Allowed(_) | Fate::NotEvaluable(_)) => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{}", reeve_json::compact(&record.value));
        *counts.entry(found).or_default() += 1;
    }
    // Each kind is there, or the comparison would say little.
    for kind in ["same", "denied", "may be denied", "exempt", "service", "no call"] {
        assert!(counts.contains_key(kind), "{counts:?}");
    }
    // Undone, every call that was refused is let through.
    let undone = all.iter().filter(|record| matches!(replay(record, &after, &before).fate, Fate::Allowed(_))).count();
    assert_eq!(undone, counts["denied"] + counts["may be denied"]);
    // Nothing depends on what no policy asks.
    let call = read(&all[0]).expect("a call");
    assert_eq!(before.decide(&call.account, &call.call).expect("an account").allowed, Truth::True);
}
