//! A desk over a project in a folder, against an organization that is made up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::desk::ProjectDesk;
use super::work::Desk;
use crate::project::{self, Project};
use crate::tree::Tree;
use reeve_model::AccountId;
use reeve_plan::{Origin, Plan, State};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PROJECT: &str = "accounts: accounts.yaml\ngates:\n  management: { file: gate.yaml }\n";
const ACCOUNTS: &str = "\
Scopes:
  dev: { organization_unit: Dev }
Accounts:
  foo: { id: \"111122223333\", email: aws+foo@example.com, scope: dev }
  qux: { email: aws+qux@example.com, scope: dev }
OrganizationUnits:
  Dev: { id: ou-abcd-11111111, policies: [FullAWSAccess] }
";
const GATE: &str = "\
gate: management
account: \"999988887777\"
region: ap-southeast-2
accounts: accounts.yaml
kinds:
  CREATE_ACCOUNT: { email-domains: [example.com], units: [Dev] }
  MOVE_ACCOUNT: { units: [Dev] }
  TAG_ACCOUNT: { keys: [scope] }
  PUT_PARAMETER: { path: /pub }
policies: [sender-trust]
";
const QUX: &str = "222233334444";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("reeve.yaml", PROJECT), ("accounts.yaml", ACCOUNTS), ("gate.yaml", GATE)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(folder: &Path) -> Project {
    project::load(&Tree::Work(folder.to_owned()), "reeve.yaml", "").unwrap().usable().unwrap()
}

/// The organization as the files want it, with or without the new account, which has this address.
fn live(project: &Project, made: bool, email: &str) -> State {
    let mut state = project.state.clone();
    (state.origin, state.parameters) = (Origin::Organization, Some(BTreeMap::new()));
    state.accounts.values_mut().for_each(|account| {
        account.about.clear();
        account.domains.clear();
    });
    if made {
        let qux = state.accounts.get_mut("qux").unwrap();
        (qux.id, qux.email) = (AccountId::parse(QUX), Some(email.to_owned()));
    } else {
        state.accounts.remove("qux");
    }
    state
}

/// The ids of a plan's requests.
fn ids(plan: &Plan) -> Vec<&str> {
    plan.requests.iter().map(|request| request.id.as_str()).collect()
}

fn lock_of(folder: &TempDir) -> PathBuf {
    folder.path().join("accounts.lock.yaml")
}

#[test]
fn an_id_is_pinned_once_the_organization_has_it() {
    let folder = folder();
    let made = Cell::new(false);
    let read = |project: &Project| Ok(live(project, made.get(), "AWS+qux@example.com"));
    let mut desk = ProjectDesk::new(load(folder.path()), "e".to_owned(), Box::new(read), Some(lock_of(&folder)));
    let plan = desk.plan().unwrap();
    assert!(ids(&plan).contains(&"create-account/qux"), "{:?}", ids(&plan));
    assert!(plan.requests.iter().any(|request| !request.ready()), "its parameter waits for its id");
    assert!(!lock_of(&folder).exists(), "nothing is known yet");
    made.set(true);
    let plan = desk.plan().unwrap();
    assert!(!ids(&plan).contains(&"create-account/qux"), "{:?}", ids(&plan));
    assert!(plan.requests.iter().all(|request| request.ready()));
    let text = std::fs::read_to_string(lock_of(&folder)).unwrap();
    assert!(text.contains(QUX), "{text}");
    // Whoever reads the files again has the same.
    assert_eq!(load(folder.path()).state.accounts["qux"].id, AccountId::parse(QUX));
    // What is known is not written again.
    std::fs::remove_file(lock_of(&folder)).unwrap();
    assert_eq!(ids(&desk.plan().unwrap()), ids(&plan));
    assert!(!lock_of(&folder).exists());
}

#[test]
fn a_dry_run_plans_with_what_is_known_and_writes_nothing() {
    let folder = folder();
    let read = |project: &Project| Ok(live(project, true, "aws+qux@example.com"));
    let mut desk = ProjectDesk::new(load(folder.path()), "e".to_owned(), Box::new(read), None);
    assert!(desk.plan().unwrap().requests.iter().all(|request| request.ready()));
    assert!(!lock_of(&folder).exists());
}

#[test]
fn an_account_of_another_address_is_not_pinned() {
    let folder = folder();
    let read = |project: &Project| Ok(live(project, true, "aws+other@example.com"));
    let mut desk = ProjectDesk::new(load(folder.path()), "e".to_owned(), Box::new(read), Some(lock_of(&folder)));
    let _ = desk.plan();
    assert!(!lock_of(&folder).exists());
}

#[cfg(unix)]
#[test]
fn a_lock_file_that_is_a_link_is_not_followed() {
    let folder = folder();
    let project = load(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, lock_of(&folder)).unwrap();
    let read = |project: &Project| Ok(live(project, true, "aws+qux@example.com"));
    let mut desk = ProjectDesk::new(project, "e".to_owned(), Box::new(read), Some(lock_of(&folder)));
    let failure = desk.plan().unwrap_err().to_string();
    assert!(failure.contains("is a link"), "{failure}");
    assert!(!elsewhere.exists());
}

#[test]
fn errors_of_a_plan_end_it() {
    let folder = folder();
    let gate = GATE.replace("  CREATE_ACCOUNT: { email-domains: [example.com], units: [Dev] }\n", "");
    std::fs::write(folder.path().join("gate.yaml"), gate).unwrap();
    let read = |project: &Project| Ok(live(project, false, ""));
    let mut desk = ProjectDesk::new(load(folder.path()), "e".to_owned(), Box::new(read), Some(lock_of(&folder)));
    let failure = desk.plan().unwrap_err().to_string();
    assert!(failure.contains("accounts.yaml:5:") && failure.contains("CREATE_ACCOUNT"), "{failure}");
}
