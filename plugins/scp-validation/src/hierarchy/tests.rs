//! Stories on a small organization: what a request makes of it, and a near miss for each.
//!
//! Below the root are `Work` with account `app` and unit `Inner` with account `deep`, `Test` with account `try`, and the
//! management account. Everything has `FullAWSAccess`; `Work` also has `guard`, which denies leaving the organization.

mod effects;
mod stories;
mod widened;

use super::*;
use reeve_sdk::{
    Action, AttachPolicy, CreatePolicy, DetachPolicy, MergeFile, MoveAccount, OrganizationalUnit, PolicyRef,
    UpdatePolicy,
};
use std::collections::BTreeSet;

pub(super) const FULL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
pub(super) const LEAVE: &str =
    r#"{"Sid":"Leave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}"#;

/// A document of these statements.
pub(super) fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn quoted(text: &str) -> String {
    reeve_json::compact(&reeve_json::Value::from(text))
}

/// The organization, with further policies by id and further attachments.
pub(super) fn organization(policies: &[(&str, &str)], attachments: &[(&str, &str)]) -> String {
    let mut rows = vec![("p-full", document(FULL)), ("p-guard", document(LEAVE))];
    rows.extend(policies.iter().map(|(id, statements)| (*id, document(statements))));
    let rows: Vec<String> = rows
        .iter()
        .map(|(id, text)| format!(r#""{id}":{{"name":"{}","document":{}}}"#, &id[2..], quoted(text)))
        .collect();
    let targets = ["r-1", "ou-work", "ou-inner", "ou-test", "111111111111", "222222222222", "333333333333"];
    let attached: Vec<String> = targets
        .iter()
        .map(|target| {
            let mut ids = vec!["\"p-full\"".to_owned()];
            ids.extend((*target == "ou-work").then(|| "\"p-guard\"".to_owned()));
            ids.extend(attachments.iter().filter(|(to, _)| to == target).map(|(_, id)| format!("\"{id}\"")));
            format!(r#""{target}":[{}]"#, ids.join(","))
        })
        .collect();
    format!(
        r#"{{"root_id":"r-1","management_account":"999988887777",
        "units":{{"ou-work":{{"name":"Work","parent_id":"r-1"}},"ou-inner":{{"name":"Inner","parent_id":"ou-work"}},
            "ou-test":{{"name":"Test","parent_id":"r-1"}}}},
        "accounts":{{"app":{{"id":"111111111111","name":"app","email":"a@b.example","parent_id":"ou-work"}},
            "deep":{{"id":"222222222222","name":"deep","email":"b@b.example","parent_id":"ou-inner"}},
            "try":{{"id":"333333333333","name":"try","email":"c@b.example","parent_id":"ou-test"}},
            "main":{{"id":"999988887777","name":"main","email":"d@b.example","parent_id":"r-1"}}}},
        "policies":{{{}}},"attachments":{{{}}}}}"#,
        rows.join(","),
        attached.join(",")
    )
}

fn planned(at: usize, action: Action) -> PlannedAction {
    PlannedAction { at: format!("/detail/{at}"), action }
}

/// A policy that the request makes.
pub(super) fn create(name: &str, statements: &str) -> Action {
    Action::CreatePolicy(CreatePolicy { name: name.into(), description: String::new(), document: document(statements) })
}

pub(super) fn update(id: &str, statements: &str) -> Action {
    let (name, description) = (id[2..].to_owned(), String::new());
    let before = String::new();
    Action::UpdatePolicy(UpdatePolicy {
        policy_id: id.into(),
        name,
        description,
        document: document(statements),
        before,
    })
}

/// `p-…` is an id; anything else the name of a policy that the request makes.
fn reference(policy: &str) -> PolicyRef {
    let id = policy.starts_with("p-").then(|| policy.to_owned());
    PolicyRef { name: policy.trim_start_matches("p-").to_owned(), id }
}

pub(super) fn attach(policy: &str, target: &str) -> Action {
    Action::AttachPolicy(AttachPolicy { policy: reference(policy), target_id: target.into() })
}

pub(super) fn detach(policy: &str, target: &str) -> Action {
    Action::DetachPolicy(DetachPolicy { policy: reference(policy), target_id: target.into() })
}

pub(super) fn go(account: &str, from: &str, to: &str) -> Action {
    let unit = |id: &str| OrganizationalUnit { name: id.into(), id: id.into() };
    Action::MoveAccount(MoveAccount { account: account.into(), source: unit(from), destination: unit(to) })
}

pub(super) fn merge(path: &str, statements: Option<&str>) -> Action {
    let after = statements.map(document);
    Action::MergeFile(MergeFile { path: path.into(), media_type: "application/json".into(), before: None, after })
}

pub(super) fn findings(organization: &str, actions: Vec<Action>, settings: &Settings) -> Vec<Finding> {
    let planned: Vec<PlannedAction> = actions.into_iter().enumerate().map(|(at, action)| planned(at, action)).collect();
    let fact = FactValue::Json(organization.to_owned());
    match judge(&planned, Some(&fact), settings) {
        Outcome::Judged(found) => found,
        other @ (Outcome::NoFact(_) | Outcome::Unusable(_) | Outcome::Unreadable(_)) => panic!("not judged: {other:?}"),
    }
}

#[test]
fn every_code_has_a_story_and_a_near_miss() {
    let stories = stories::all();
    for (code, _, text) in CODES {
        assert!(!text.is_empty());
        assert!(stories.iter().any(|story| story.code == *code), "{code} has no story");
    }
    let mut wrong = Vec::new();
    for story in stories {
        let found = findings(&story.organization, story.bad, &story.settings);
        let fits = |finding: &Finding| {
            (finding.at.as_str(), finding.severity) == (format!("/detail/{}", story.at).as_str(), story.severity)
                && finding.message.contains(story.says)
        };
        let own: Vec<&Finding> = found.iter().filter(|finding| finding.code == story.code).collect();
        if !matches!(own.as_slice(), [finding] if fits(finding)) {
            wrong.push(format!("{}: {} is not told so: {found:#?}", story.name, story.code));
        }
        let found = findings(&story.organization, story.good, &story.settings);
        if found.iter().any(|finding| finding.code == story.code) {
            wrong.push(format!("near miss of {}: {found:#?}", story.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_request_that_changes_nothing_is_not_judged() {
    let settings = Settings::default();
    assert_eq!(findings(&organization(&[], &[]), Vec::new(), &settings), []);
    assert_eq!(findings(&organization(&[], &[]), vec![merge("docs/a.json", Some(LEAVE))], &settings), []);
    // What is wrong already is not this request's doing.
    let locked = r#"{"Sid":"NoIam","Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}"#;
    let organization = organization(&[("p-lock", locked)], &[("ou-work", "p-lock")]);
    let found = findings(&organization, vec![create("other", LEAVE), attach("other", "ou-work")], &settings);
    assert!(found.iter().all(|finding| finding.code != "PROTECTED_ROLE_LOCKOUT"), "{found:#?}");
}

#[test]
fn facts_that_cannot_be_used_are_told_apart() {
    let settings = Settings::default();
    let actions = [planned(0, attach("p-guard", "r-1"))];
    let ask = |fact: Option<FactValue>| judge(&actions, fact.as_ref(), &settings);
    assert!(matches!(ask(None), Outcome::NoFact(_)));
    assert!(matches!(ask(Some(FactValue::Missing("x".into()))), Outcome::NoFact(_)));
    for text in [
        "",
        "[]",
        "{}",
        r#"{"root_id":"r-1","management_account":"9","units":[]}"#,
        r#"{"root_id":"r-1","management_account":"9","attachments":{"r-1":[1]}}"#,
        // The policy that the action names is not there.
        r#"{"root_id":"r-1","management_account":"9"}"#,
    ] {
        assert!(matches!(ask(Some(FactValue::Json(text.into()))), Outcome::Unusable(_)), "{text}");
    }
    assert!(matches!(ask(Some(FactValue::Invalid("x".into()))), Outcome::Unusable(_)));
    assert!(matches!(ask(Some(FactValue::Text("x".into()))), Outcome::Unusable(_)));
}

#[test]
fn a_broken_document_is_whose_it_is() {
    let settings = Settings::default();
    let broken = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Frobnicate":{"a":"b"}}}"#;
    let fact = |text: String| FactValue::Json(text);
    let ask = |fact: &FactValue, actions: &[PlannedAction]| judge(actions, Some(fact), &settings);
    let own = ask(&fact(organization(&[], &[])), &[planned(0, create("x", broken))]);
    assert!(matches!(own, Outcome::Unreadable(_)), "{own:?}");
    let theirs = fact(organization(&[("p-bad", broken)], &[]));
    assert!(matches!(ask(&theirs, &[planned(0, attach("p-guard", "r-1"))]), Outcome::Unusable(_)));
    // The request that mends it is judged.
    assert!(matches!(ask(&theirs, &[planned(0, update("p-bad", LEAVE))]), Outcome::Judged(_)));
}

#[test]
fn codes_are_unique_among_all_rules() {
    let mut seen = BTreeSet::new();
    for (code, _, text) in crate::policy::codes() {
        assert!(seen.insert(code), "{code} stands twice");
        assert!(!text.is_empty() && !text.ends_with('.'), "{code}");
    }
}
