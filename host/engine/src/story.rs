//! All that is known of one delivery once it is judged. Receipts and reports are rendered from it alone.

use crate::{Delivery, LedgerKey, PolicyDigests, PolicySet};
use reeve_json::{Object, Value};
use reeve_kinds::{Probe, World};
use reeve_model::{
    Answer, Decision, Digest, Event, Fact, Nonce, Outcome, PlannedAction, PolicyAnswer, Receipt, Refusal, Request,
    Sender, Timestamp,
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
    /// The policies that judge it, and the digest of the configuration that names them.
    pub set: Arc<PolicySet>,
    /// Where the message came from, for people.
    pub origin: String,
    /// Whether the path vouches for the sender.
    pub verified: bool,
    /// The content type that the transport states.
    pub content_type: Option<String>,
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
    /// What the request is remembered under, and the digest of its body.
    pub claim: Option<(LedgerKey, Digest)>,
    /// Round of planning, from 0.
    pub round: u32,
    /// The facts that it was planned with.
    pub world: World,
    /// It came too late or too early, which does not matter to a request that was begun or answered in time.
    pub late: Option<Refusal>,
    /// A fact could not be read: nothing is remembered, and the next delivery may pass.
    pub fact_unavailable: bool,
    /// What the ledger refused after the policies had permitted: an allowance spent, a name held by another.
    pub ledger_refusal: Option<Refusal>,
    /// What the reply holds beside the decision.
    pub answer: Option<Value>,
    /// What is to be proven once the actions are made.
    pub probe: Option<Probe>,
    /// Whether another round follows once the actions are made.
    pub continues: bool,
    /// What the sender is to hold beside record sets: scope, name, value.
    pub holdings: Vec<(String, String, String)>,
    /// What the sender gives up beside record sets: scope, name, value.
    pub released: Vec<(String, String, String)>,
    /// What became of each action; none when nothing was executed.
    pub outcomes: Option<Vec<Outcome>>,
    /// What became of the probe.
    pub proof: Option<Outcome>,
}

/// What became of a request as a whole, for replies, metrics and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Refused.
    Denied,
    /// Judged before: the stored answer is sent again.
    Repeated,
    /// Permitted, and nothing was executed.
    DryRun,
    /// Permitted, and all is as asked.
    Done,
    /// Permitted, and AWS has not finished something.
    Pending,
    /// Something failed; or it is denied now, and an earlier try may have made something.
    Failed,
}

impl Status {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Repeated => "repeated",
            Self::DryRun => "dry_run",
            Self::Done => "done",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

impl Story {
    pub(crate) fn new(gate: &str, set: Arc<PolicySet>, delivery: &Delivery, now: Timestamp) -> Self {
        Self {
            gate: gate.to_owned(),
            set,
            origin: delivery.origin.clone(),
            verified: delivery.verified,
            content_type: delivery.content_type.clone(),
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
            round: 0,
            world: World::default(),
            late: None,
            fact_unavailable: false,
            ledger_refusal: None,
            answer: None,
            probe: None,
            continues: false,
            holdings: Vec::new(),
            released: Vec::new(),
            outcomes: None,
            proof: None,
        }
    }

    /// Whether nothing has been refused yet and a kind is known.
    pub(crate) fn is_open(&self) -> bool {
        self.kind.is_some() && self.nonce.is_some() && self.decision.reasons().is_empty()
    }

    /// Ends it with refusals of the host.
    pub(crate) fn refuse(&mut self, refusals: &[Refusal]) {
        self.decision = Decision::refused(refusals);
    }

    /// Ends it with a refusal of the ledger.
    pub(crate) fn refuse_by_ledger(&mut self, refusal: Refusal) {
        self.decision = Decision::refused(std::slice::from_ref(&refusal));
        self.ledger_refusal = Some(refusal);
    }

    /// What became of the request as a whole.
    #[must_use]
    pub fn status(&self) -> Status {
        use reeve_model::State;
        if self.duplicate_of.is_some() {
            return Status::Repeated;
        }
        let Some(outcomes) = &self.outcomes else {
            return if self.decision.permitted() { Status::DryRun } else { Status::Denied };
        };
        let all = || outcomes.iter().chain(&self.proof);
        if !self.decision.permitted() || all().any(|it| !it.succeeded()) {
            Status::Failed
        } else if all().any(|it| it.state == State::Pending) {
            Status::Pending
        } else {
            Status::Done
        }
    }

    /// Digest over the exact actions: what a permit is for.
    #[must_use]
    pub fn actions_digest(&self) -> Digest {
        PlannedAction::digest(&self.actions)
    }

    /// The story as one JSON object: the `--format json` line, documented in `docs/schema/run-output.schema.json`.
    #[must_use]
    pub fn to_json(&self) -> Object {
        let mut object = Object::new();
        object.set("gate", self.gate.as_str());
        object.set("event", self.event_json());
        object.set("kind", self.kind.clone());
        object.set("nonce", self.nonce.as_ref().map(|nonce| nonce.as_str().to_owned()));
        object.set("sender", self.sender.as_ref().map(Sender::to_json));
        object.set("dry_run_asked", self.dry_run_asked);
        object.set("decision", self.decision.as_str());
        object.set("reasons", self.reasons_json());
        object.set("actions", self.actions_json());
        object.set("policies", Value::array(self.policies.iter().map(policy_json)));
        object.set("duplicate_of", self.duplicate_of.as_ref().map(|digest| digest.as_str().to_owned()));
        object.set("digests", self.digests_json());
        object.set("now", self.now.to_string());
        object.set("status", self.status().as_str());
        if let Some(outcomes) = &self.outcomes {
            object.set("outcomes", Value::array(outcomes.iter().map(Outcome::to_json)));
        }
        if let Some(proof) = &self.proof {
            object.set("proof", proof.to_json());
        }
        if self.round > 0 {
            object.set("round", self.round);
        }
        object
    }

    /// The request that a policy was asked, to be asked again; none when nobody was asked. `detail` is the event's, canonical.
    #[must_use]
    pub fn request<'a>(&'a self, asked: &'a AskedPolicy, detail: &'a str) -> Option<Request<'a>> {
        Some(Request {
            kind: self.kind.as_deref()?,
            event: self.event.as_deref()?,
            detail,
            sender: self.sender.as_ref()?,
            nonce: self.nonce.as_ref()?,
            dry_run: self.dry_run_asked,
            actions: &self.actions,
            facts: &asked.facts,
            now: self.now,
        })
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
        object.set("facts", self.facts_json());
        object.set("world", self.world.to_json());
        if let Some(content_type) = &self.content_type {
            object.set("content_type", content_type.as_str());
        }
        if let Some(refusal) = &self.ledger_refusal {
            object.set("ledger_refusal", refusal.reason().to_json());
        }
        Receipt::seal(object, previous)
    }

    pub(crate) fn facts_json(&self) -> Value {
        let given = self.policies.iter();
        Value::object(given.map(|it| (it.answer.policy.as_str(), Value::array(it.facts.iter().map(Fact::to_json)))))
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
        // What was judged has been digested already.
        let actions = self.decision.over().cloned().unwrap_or_else(|| self.actions_digest());
        object.set("actions", actions.as_str());
        object.set("gate", self.set.digest.as_str());
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
