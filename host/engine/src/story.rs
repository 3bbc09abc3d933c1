//! All that is known of one delivery once it is judged. Receipts and reports are rendered from it alone.

use crate::{Delivery, LedgerKey, PolicyDigests};
use reeve_json::{Object, Value};
use reeve_model::{
    Answer, Decision, Digest, Event, Fact, Nonce, PlannedAction, PolicyAnswer, Receipt, Sender, Timestamp,
};
use std::sync::Arc;

/// Bytes of a body that is no event which a receipt keeps; of the rest it keeps the digest.
pub const BODY_KEPT_BYTES_MAX: usize = 16 * 1_024;

/// One policy's part of the story.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedPolicy {
    /// What it said and what that cost.
    pub answer: PolicyAnswer,
    /// The facts it was given.
    pub facts: Vec<Fact>,
    /// What it was made of.
    pub digests: PolicyDigests,
    /// Lines for its author; not part of a receipt.
    pub log: Vec<String>,
}

/// One delivery, judged.
#[derive(Debug, Clone)]
pub struct Story {
    /// Name of the gate.
    pub gate: String,
    /// Digest of the gate's configuration.
    pub gate_digest: Digest,
    /// Where the message came from, for people.
    pub origin: String,
    /// Whether the path vouches for the sender.
    pub verified: bool,
    /// The message as delivered.
    pub body: Vec<u8>,
    /// Digest of those bytes.
    pub body_digest: Digest,
    /// The moment of judging.
    pub now: Timestamp,
    /// The event, if the body is one.
    pub event: Option<Arc<Event>>,
    /// Who asked.
    pub sender: Option<Sender>,
    /// Name of the kind, once routed.
    pub kind: Option<String>,
    /// The sender's name for the request.
    pub nonce: Option<Nonce>,
    /// Whether the sender asked for a dry run.
    pub dry_run_asked: bool,
    /// The exact changes; empty when the host refused.
    pub actions: Vec<PlannedAction>,
    /// Policies asked, sorted by id.
    pub policies: Vec<AskedPolicy>,
    /// The outcome.
    pub decision: Decision,
    /// Receipt of the earlier, equal request.
    pub duplicate_of: Option<Digest>,
    /// What the ledger is to remember, and the digest of the request's body.
    pub claim: Option<(LedgerKey, Digest)>,
}

impl Story {
    pub(crate) fn new(gate: &str, gate_digest: &Digest, delivery: &Delivery, now: Timestamp) -> Self {
        Self {
            gate: gate.to_owned(),
            gate_digest: gate_digest.clone(),
            origin: delivery.origin.clone(),
            verified: delivery.verified,
            body: delivery.body.clone(),
            body_digest: Digest::of(&delivery.body),
            now,
            event: None,
            sender: None,
            kind: None,
            nonce: None,
            dry_run_asked: false,
            actions: Vec::new(),
            policies: Vec::new(),
            decision: Decision::refused(&[]),
            duplicate_of: None,
            claim: None,
        }
    }

    /// Digest over the exact actions: what a permit is for.
    #[must_use]
    pub fn actions_digest(&self) -> Digest {
        Digest::of(reeve_json::canonical(&self.actions_json()).as_bytes())
    }

    /// The story as one JSON object: the `--format json` line, documented in `docs/schema/run-output.schema.json`.
    #[must_use]
    pub fn to_json(&self) -> Object {
        let mut object = Object::new();
        object.set("gate", self.gate.as_str());
        object.set("event", self.event_json());
        object.set("kind", self.kind.clone());
        object.set("nonce", self.nonce.as_ref().map(|nonce| nonce.as_str().to_owned()));
        object.set("sender", self.sender.as_ref().map(sender_json));
        object.set("dry_run_asked", self.dry_run_asked);
        object.set("decision", self.decision.as_str());
        object.set("reasons", self.reasons_json());
        object.set("actions", self.actions_json());
        object.set("policies", Value::array(self.policies.iter().map(policy_json)));
        object.set("duplicate_of", self.duplicate_of.as_ref().map(|digest| digest.as_str().to_owned()));
        object.set("digests", self.digests_json());
        object.set("now", self.now.to_string());
        object
    }

    /// Seals the story after the receipt with the hash `previous`. Nothing that depends on the run is in it: neither
    /// the origin nor a duration.
    #[must_use]
    pub fn seal(&self, previous: Option<&Digest>) -> Receipt {
        let mut object = self.to_json();
        match &self.event {
            Some(event) => object.set("event", event.body.value.clone()),
            None => object.set("body", kept(&self.body)),
        }
        let facts = self
            .policies
            .iter()
            .map(|it| (it.answer.policy.as_str(), Value::array(it.facts.iter().map(Fact::to_json))));
        object.set("facts", Value::object(facts));
        Receipt::seal(object, previous)
    }

    fn event_json(&self) -> Value {
        let Some(event) = &self.event else { return Value::Null };
        Value::object([
            ("id", event.id.as_str().into()),
            ("source", event.source.as_str().into()),
            ("detail_type", event.detail_type.as_str().into()),
            ("region", event.region.as_str().into()),
            ("time", Value::from(event.time.to_string())),
        ])
    }

    fn reasons_json(&self) -> Value {
        Value::array(self.decision.reasons().iter().map(|(policy, reason)| {
            let mut object = Object::new();
            object.set("policy", policy.as_str());
            if let Value::Object(reason) = reason.to_json() {
                for member in &reason {
                    object.set(member.key.as_str(), member.value.value.clone());
                }
            }
            object
        }))
    }

    fn actions_json(&self) -> Value {
        Value::array(self.actions.iter().map(PlannedAction::to_json))
    }

    fn digests_json(&self) -> Value {
        let mut object = Object::new();
        object.set("body", self.body_digest.as_str());
        object.set("event", self.event.as_ref().map(|event| event.digest.as_str().to_owned()));
        object.set("actions", self.actions_digest().as_str());
        object.set("gate", self.gate_digest.as_str());
        Value::Object(object)
    }
}

/// A body that is no event: its text if it is short and UTF-8, and nothing but the digest otherwise.
fn kept(body: &[u8]) -> Value {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= BODY_KEPT_BYTES_MAX);
    let mut object = Object::new();
    object.set("bytes", i64::try_from(body.len()).unwrap_or(i64::MAX));
    object.set("text", text.map(str::to_owned));
    Value::Object(object)
}

fn sender_json(sender: &Sender) -> Value {
    Value::object([
        ("account", Value::from(sender.account.as_str())),
        ("verified", sender.verified.into()),
        ("name", sender.name.clone().into()),
        ("tier", sender.tier.clone().into()),
        ("organizational_unit", sender.organizational_unit.clone().into()),
        ("status", sender.status.clone().into()),
    ])
}

fn policy_json(asked: &AskedPolicy) -> Value {
    let it = &asked.answer;
    let mut object = Object::new();
    object.set("policy", it.policy.as_str());
    object.set("mode", it.mode.as_str());
    match &it.answer {
        Answer::Verdict(verdict) => {
            object.set("verdict", verdict.as_str());
            object.set("reasons", Value::array(verdict.reasons().iter().map(reeve_model::Reason::to_json)));
            if let reeve_model::Verdict::Abstain(why) = verdict {
                object.set("abstained", why.as_str());
            }
        }
        Answer::Error(message) => object.set("error", message.as_str()),
        Answer::Fault(fault) => {
            let mut inner = Object::new();
            inner.set("name", fault.as_str());
            inner.set("message", fault.to_string());
            object.set("fault", inner);
        }
    }
    object.set("fuel", i64::try_from(it.fuel).unwrap_or(i64::MAX));
    object.set("memory_bytes", i64::try_from(it.memory_bytes).unwrap_or(i64::MAX));
    let mut digests = Object::new();
    digests.set("plugin", asked.digests.plugin.as_str());
    digests.set("settings", asked.digests.settings.as_str());
    let datasets = asked.digests.datasets.iter().map(|(name, digest)| (name.as_str(), digest.as_str()));
    digests.set("datasets", Value::object(datasets));
    object.set("digests", digests);
    Value::Object(object)
}
