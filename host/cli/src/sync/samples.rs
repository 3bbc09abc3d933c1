//! Gates, requests and plans that tests of a run are told with.
#![allow(clippy::unwrap_used)]

use super::drive::Gates;
use reeve_model::{AccountId, Nonce};
use reeve_plan::{Plan, PlannedRequest};

pub(super) fn account(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

pub(super) fn gates() -> Gates {
    let gate = |name: &str, id: &str| (name.to_owned(), account(id));
    Gates::from([gate("management", "123456789012"), gate("dns", "111122223333")])
}

pub(super) fn nonce(number: usize) -> Nonce {
    Nonce::parse(&format!("687754b2-abd6-8ae6-8e2d-{number:012x}")).unwrap()
}

/// A request with its number as nonce, that waits for others.
pub(super) fn request(id: &str, number: usize, after: &[&str]) -> PlannedRequest {
    let gate = if id.starts_with("dns") { "dns" } else { "management" };
    PlannedRequest {
        id: id.to_owned(),
        kind: "PUT_PARAMETER".to_owned(),
        gate: gate.to_owned(),
        detail: reeve_json::Value::object([("nonce", nonce(number).as_str())]),
        nonce: Some(nonce(number)),
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        awaits: Vec::new(),
        place: None,
        summary: format!("put {id}"),
        changes: Vec::new(),
    }
}

/// A request that cannot be sent before something is known.
pub(super) fn awaiting(id: &str, after: &[&str]) -> PlannedRequest {
    PlannedRequest { nonce: None, awaits: vec!["the id of account `foo`".to_owned()], ..request(id, 0, after) }
}

pub(super) fn plan(requests: impl IntoIterator<Item = PlannedRequest>) -> Plan {
    Plan { epoch: "e".to_owned(), requests: requests.into_iter().collect(), findings: Vec::new() }
}
