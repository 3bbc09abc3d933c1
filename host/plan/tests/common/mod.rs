//! What the tests of this crate share: states from texts, gates, and an organization that the real kinds change.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub(crate) mod world;

use reeve_accounts::Accounts;
use reeve_model::{AccountId, Region};
use reeve_plan::{GateRole, Naming, Plan, PlannedRequest, ScpFile, State};
use std::collections::BTreeMap;

/// The management account of every test.
pub(crate) const MANAGEMENT: &str = "999999999999";

pub(crate) const DENY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{ "Sid": "Guard", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" }]
}"#;

pub(crate) fn naming() -> Naming {
    Naming { morgue: Some("Morgue".to_owned()), ..Naming::default() }
}

pub(crate) fn gate(name: &str, account: &str, kinds: &[&str], paths: &[&str]) -> GateRole {
    GateRole {
        name: name.to_owned(),
        account: AccountId::parse(account).expect("an id"),
        region: Region::parse("ap-southeast-2").expect("a Region"),
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        parameter_paths: paths.iter().map(|&path| path.to_owned()).collect(),
        forwards: None,
    }
}

/// A gate in the management account and one in the dns account.
pub(crate) fn gates() -> Vec<GateRole> {
    let kinds = ["CREATE_ACCOUNT", "MOVE_ACCOUNT", "TAG_ACCOUNT", "SCP_UPDATE", "PUT_PARAMETER"];
    vec![
        gate("management", MANAGEMENT, &kinds, &["/pub"]),
        gate("dns", "888888888888", &["PUT_PARAMETER", "DNS_RECORD_CHANGE"], &["/reeve/dns/allowed/"]),
    ]
}

/// Policy files below `scp/`.
pub(crate) fn files(policies: &[(&str, &str)]) -> BTreeMap<String, ScpFile> {
    let file = |(name, text): &(&str, &str)| {
        ((*name).to_owned(), ScpFile { path: format!("scp/{name}.json"), text: (*text).to_owned() })
    };
    policies.iter().map(file).collect()
}

#[track_caller]
pub(crate) fn state(accounts: &str, policies: &[(&str, &str)]) -> State {
    let accounts = Accounts::parse("accounts.yaml", accounts).expect(accounts);
    State::of_files(&accounts, &files(policies), &naming()).expect("good policies")
}

#[track_caller]
pub(crate) fn plan(before: &State, after: &State) -> Plan {
    let plan = reeve_plan::plan(before, after, &gates(), "c0ffee");
    well_formed(&plan);
    plan
}

/// What holds for every plan.
#[track_caller]
pub(crate) fn well_formed(plan: &Plan) {
    let mut seen: Vec<&str> = Vec::new();
    let mut nonces = std::collections::BTreeSet::new();
    for request in &plan.requests {
        assert!(!seen.contains(&request.id.as_str()), "{} is there twice", request.id);
        for id in &request.after {
            assert!(seen.contains(&id.as_str()), "{} waits for {id}, which comes later", request.id);
        }
        seen.push(&request.id);
        assert_eq!(request.ready(), request.nonce.is_some(), "{}", request.id);
        let sent = request.detail.as_object().expect("an object").get("nonce").and_then(|node| node.as_str());
        assert_eq!(request.nonce.as_ref().map(|nonce| nonce.as_str()), sent, "{}", request.id);
        assert!(sent.is_none_or(|nonce| nonces.insert(nonce)), "{}: a nonce is there twice", request.id);
        assert!(!request.changes.is_empty(), "{} changes nothing", request.id);
    }
    for finding in &plan.findings {
        let message = &finding.message;
        assert!(!message.ends_with('.') && !message.contains(char::is_control), "{message:?}");
        assert!(!message.starts_with(|first: char| first.is_ascii_uppercase()), "{message:?}");
    }
}

/// A request in one line: id, gate, what it waits for, place.
pub(crate) fn line(request: &PlannedRequest) -> String {
    let mut line = format!("{} [{}]", request.id, request.gate);
    if !request.after.is_empty() {
        line.push_str(&format!(" after {}", request.after.join(" ")));
    }
    if !request.awaits.is_empty() {
        line.push_str(&format!(" awaits {}", request.awaits.join(", ")));
    }
    if let Some(place) = &request.place {
        line.push_str(&format!(" @{place}"));
    }
    line
}

/// Requests and findings in one line each.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.requests.iter().map(line).collect();
    lines.extend(plan.findings.iter().map(|finding| {
        let place = finding.place.as_ref().map(|place| format!(" @{place}")).unwrap_or_default();
        format!("{} {}{place}: {}", finding.severity.as_str(), finding.code, finding.message)
    }));
    lines
}

/// The `detail` without nonce and `dryrun`, canonical.
pub(crate) fn asked(request: &PlannedRequest) -> String {
    let mut detail = request.detail.as_object().expect("an object").clone();
    detail.remove("nonce");
    assert_eq!(detail.remove("dryrun").and_then(|node| node.value.as_bool()), Some(false));
    reeve_json::canonical(&reeve_json::Value::Object(detail))
}
