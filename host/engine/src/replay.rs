//! Receipts judged again: the facts of a receipt stand in for the world.

use crate::{Delivery, FactError, FactNeed, Facts, Gate, Story};
use reeve_json::{Object, Options, StringRule, Value};
use reeve_kinds::{Need, World};
use reeve_model::decision::HOST;
use reeve_model::receipt::{RECEIPT_BYTES_MAX, RECEIPT_DEPTH_MAX};
use reeve_model::{AccountId, Code, Decision, Digest, Fact, FactValue, Outcome, Receipt, Refusal, Sender, Timestamp};
use std::collections::BTreeMap;

/// Why a receipt cannot be judged again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReplayable {
    /// The message was no event and too long or too odd to keep; the receipt has only its digest.
    #[error("the message was no event, and only its digest was kept")]
    BodyNotKept,
    /// A fact could not be read at the time, so the receipt does not hold it.
    #[error("a fact could not be read at the time")]
    FactUnavailable,
    /// The receipt does not have the form of this version.
    #[error("the receipt's `{0}` is missing or malformed")]
    Malformed(&'static str),
}

/// Reads JSON that Reeve wrote itself.
pub(crate) fn parse_own(text: &str) -> Option<Value> {
    let options = Options { bytes_max: RECEIPT_BYTES_MAX, depth_max: RECEIPT_DEPTH_MAX, strings: StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).ok().map(|node| node.value)
}

/// The facts that one request was judged on, as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptFacts {
    now: Timestamp,
    sender: Option<Sender>,
    world: World,
    facts: BTreeMap<String, Vec<Fact>>,
}

impl ReceiptFacts {
    /// The facts of a receipt or plan: its members `now`, `sender`, `world` and `facts`.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn read(object: &Object) -> Result<Self, NotReplayable> {
        let bad = NotReplayable::Malformed;
        let now = object.get("now").and_then(|it| it.as_str()).and_then(|it| it.parse().ok()).ok_or(bad("now"))?;
        let sender = match object.get("sender").map(|node| &node.value) {
            None | Some(Value::Null) => None,
            Some(value) => Some(Sender::from_json(value).map_err(|_| bad("sender"))?),
        };
        let world = object.get("world").ok_or(bad("world"))?;
        let world = World::from_json(&world.value).map_err(|_| bad("world"))?;
        let policies = object.get("facts").and_then(|node| node.value.as_object()).ok_or(bad("facts"))?;
        let mut facts = BTreeMap::new();
        for member in policies {
            let items = member.value.as_array().ok_or(bad("facts"))?;
            let read = items.iter().map(|item| Fact::from_json(&item.value).map_err(|_| bad("facts")));
            facts.insert(member.key.to_string(), read.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self { now, sender, world, facts })
    }

    /// A permitted story's facts as one text, for the ledger.
    pub(crate) fn plan(story: &Story) -> String {
        let mut object = Object::new();
        object.set("now", story.now.to_string());
        object.set("sender", story.sender.as_ref().map(Sender::to_json));
        object.set("world", story.world.to_json());
        object.set("facts", story.facts_json());
        reeve_json::canonical(&Value::Object(object))
    }

    /// Reads [`Self::plan`] back.
    pub(crate) fn of_plan(text: &str) -> Result<Self, NotReplayable> {
        let value = parse_own(text).ok_or(NotReplayable::Malformed("plan"))?;
        Self::read(value.as_object().ok_or(NotReplayable::Malformed("plan"))?)
    }

    /// The moment of judging.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn sender_recorded(&self) -> Option<Sender> {
        self.sender.clone()
    }
}

impl Facts for ReceiptFacts {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        let (name, tier, organizational_unit, status) = (None, None, None, None);
        let unknown = Sender { account: account.clone(), verified, name, tier, organizational_unit, status };
        self.sender.clone().filter(|sender| sender.account == *account).unwrap_or(unknown)
    }

    fn world(&self, _needs: &[Need]) -> Result<World, FactError> {
        Ok(self.world.clone())
    }

    /// The fact as this policy was given it. A policy that was not asked then is given the fact of the same name that
    /// another one was given.
    fn fact(&self, policy: &str, need: &FactNeed, _sender: &Sender) -> Result<Fact, FactError> {
        let own = self.facts.get(policy).into_iter().flatten();
        let others = self.facts.values().flatten();
        let found = own.chain(others).find(|fact| fact.name == need.name).cloned();
        Ok(found.unwrap_or_else(|| {
            let value = FactValue::Missing("the receipt does not hold this fact".to_owned());
            Fact { name: need.name.clone(), value, source: "receipt".to_owned() }
        }))
    }
}

impl Gate {
    /// Judges the request of a receipt again, by this gate's policies and the facts of the receipt.
    ///
    /// What the ledger said then is taken as it was; outcomes are carried over. With the gate that made the receipt, the
    /// story seals to the same bytes.
    ///
    /// # Errors
    /// When the receipt does not hold what is needed.
    pub fn rerun(&self, receipt: &Receipt) -> Result<Story, NotReplayable> {
        let body = receipt.body();
        let facts = ReceiptFacts::read(body)?;
        let delivery = delivery(body, &facts)?;
        let mut story = self.open(&delivery, facts.now, &facts);
        let refusal = body.get("ledger_refusal").map(|node| refusal(&node.value)).transpose()?;
        let code = refusal.as_ref().map(|it| it.code);
        let judged = !matches!(code, Some(Code::DuplicateSuppressed | Code::NonceReuse));
        if let (Some(late), true) = (story.late.take(), judged) {
            story.refuse(&[late]);
        } else if story.is_open() && judged {
            let round = body.get("round").and_then(|node| node.value.as_i64()).unwrap_or(0);
            self.rule(&mut story, u32::try_from(round).unwrap_or(0), &facts);
        }
        let text = |name: &str| body.get(name).and_then(|node| node.as_str());
        if let Some(refusal) = refusal {
            if code == Some(Code::DuplicateSuppressed) {
                story.decision = Decision::repeated(text("decision") == Some("permitted"), &refusal);
            } else {
                story.decision = Decision::refused(std::slice::from_ref(&refusal));
            }
            story.ledger_refusal = Some(refusal);
        }
        story.duplicate_of = text("duplicate_of").and_then(Digest::parse);
        // What was done belongs to what was decided then.
        if code.is_none() && text("decision") == Some(story.decision.as_str()) {
            story.outcomes = outcomes(body)?;
            story.proof = body.get("proof").and_then(|node| Outcome::from_json(&node.value));
        }
        let digest = body.get("digests").and_then(|node| node.value.as_object()?.get("body")?.as_str());
        story.body_digest = digest.and_then(Digest::parse).ok_or(NotReplayable::Malformed("digests"))?;
        Ok(story)
    }
}

fn delivery(body: &Object, facts: &ReceiptFacts) -> Result<Delivery, NotReplayable> {
    let unavailable = body.get("reasons").and_then(|node| node.value.as_array()).is_some_and(|reasons| {
        // A policy may call a reason of its own so; that one can be judged again.
        let told = |reason: &reeve_json::Object, name: &str, text: &str| {
            reason.get(name).and_then(|node| node.as_str()) == Some(text)
        };
        reasons
            .iter()
            .filter_map(|reason| reason.value.as_object())
            .any(|reason| told(reason, "policy", HOST) && told(reason, "code", Code::FactUnavailable.as_str()))
    });
    if unavailable {
        return Err(NotReplayable::FactUnavailable);
    }
    let bytes = match (body.get("event"), body.get("body")) {
        (Some(event), _) if event.value.as_object().is_some() => reeve_json::canonical(&event.value),
        (_, Some(kept)) => {
            let text = kept.value.as_object().and_then(|it| it.get("text")?.as_str().map(str::to_owned));
            text.ok_or(NotReplayable::BodyNotKept)?
        }
        (_, _) => return Err(NotReplayable::Malformed("event")),
    };
    let content_type = body.get("content_type").and_then(|node| node.as_str()).map(str::to_owned);
    let verified = facts.sender.as_ref().is_some_and(|sender| sender.verified);
    Ok(Delivery { body: bytes.into_bytes(), origin: "receipt".to_owned(), verified, content_type })
}

fn refusal(value: &Value) -> Result<Refusal, NotReplayable> {
    let bad = NotReplayable::Malformed("ledger_refusal");
    let object = value.as_object().ok_or(bad.clone())?;
    let text = |name: &str| object.get(name).and_then(|node| node.as_str());
    let code = Code::ALL.iter().copied().find(|code| Some(code.as_str()) == text("code")).ok_or(bad)?;
    let refusal = Refusal::new(code, text("at").unwrap_or_default(), text("message").unwrap_or_default());
    Ok(match text("fix") {
        Some(fix) => refusal.fix(fix),
        None => refusal,
    })
}

fn outcomes(body: &Object) -> Result<Option<Vec<Outcome>>, NotReplayable> {
    let Some(node) = body.get("outcomes") else { return Ok(None) };
    let bad = NotReplayable::Malformed("outcomes");
    let items = node.value.as_array().ok_or(bad.clone())?;
    let read: Option<Vec<Outcome>> = items.iter().map(|item| Outcome::from_json(&item.value)).collect();
    Ok(Some(read.ok_or(bad)?))
}
