//! What the asker is told: the `detail` of one or more reply events.

use crate::Story;
use reeve_json::{Object, Value};
use reeve_model::{Digest, Outcome, Reason};

/// Largest `detail` of one reply, bytes. EventBridge takes 1 MiB; queues and rules made before 2026 take 256 KiB, and
/// the envelope around it is given 16 KiB.
pub const REPLY_BYTES_MAX: usize = 240 * 1_024;
/// Reasons and outcomes told in one reply; the receipt has them all.
const ITEMS_MAX: usize = 100;
/// Bytes left for everything but the answer's items.
const HEAD_BYTES_MAX: usize = REPLY_BYTES_MAX / 2;
/// Bytes of the answer's items in one reply.
const ITEMS_BYTES_MAX: usize = REPLY_BYTES_MAX - HEAD_BYTES_MAX;

/// The pages of the reply to a request; none when the sender is not verified, for a stranger must not be able to
/// have replies sent to somebody else.
pub(crate) fn pages(story: &Story, receipt: &Digest) -> Vec<String> {
    let (Some(sender), Some(nonce)) = (&story.sender, &story.nonce) else { return Vec::new() };
    if !story.verified {
        return Vec::new();
    }
    let mut head = Object::new();
    head.set("account", sender.account.as_str());
    head.set("nonce", nonce.as_str());
    head.set("gate", story.gate.as_str());
    head.set("kind", story.kind.clone());
    head.set("decision", story.decision.as_str());
    head.set("status", story.status().as_str());
    head.set("receipt", receipt.as_str());
    let reasons = story.decision.reasons().iter().map(|(policy, reason)| reason_json(policy, reason));
    limited(&mut head, "reasons", reasons.collect());
    let outcomes = story.outcomes.iter().flatten().chain(&story.proof).map(Outcome::to_json);
    limited(&mut head, "outcomes", outcomes.collect());
    let answer = story.answer.as_ref().filter(|_| story.decision.permitted());
    let items = match answer {
        Some(Value::Array(items)) => items.iter().map(|node| node.value.clone()).collect(),
        Some(other) => vec![other.clone()],
        None => return vec![page(&head, None, 1, 1)],
    };
    let (items, too_long): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| length(item) <= ITEMS_BYTES_MAX);
    if !too_long.is_empty() {
        // No page could hold it. The asker must see that the answer is not whole.
        head.set("answer_left_out", i64::try_from(too_long.len()).unwrap_or(i64::MAX));
    }
    let groups = groups(items);
    let count = groups.len();
    groups.into_iter().enumerate().map(|(at, items)| page(&head, Some(items), at + 1, count)).collect()
}

fn page(head: &Object, items: Option<Vec<Value>>, number: usize, count: usize) -> String {
    let mut detail = head.clone();
    detail.set("page", i64::try_from(number).unwrap_or(i64::MAX));
    detail.set("pages", i64::try_from(count).unwrap_or(i64::MAX));
    if let Some(items) = items {
        detail.set("answer", Value::array(items));
    }
    reeve_json::canonical(&Value::Object(detail))
}

/// Bytes of an item of a list, with the comma behind it.
fn length(item: &Value) -> usize {
    reeve_json::canonical(item).len() + 1
}

/// Splits items, none of which is longer than a page, into pages that each fit; there is always one page.
fn groups(items: Vec<Value>) -> Vec<Vec<Value>> {
    let mut groups = vec![Vec::new()];
    let mut bytes = 0;
    for item in items {
        let size = length(&item);
        if bytes + size > ITEMS_BYTES_MAX {
            groups.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(last) = groups.last_mut() {
            last.push(item);
        }
    }
    groups
}

/// Sets a list of up to [`ITEMS_MAX`] items within a quarter of the reply; what is left out is counted beside it.
fn limited(head: &mut Object, name: &str, items: Vec<Value>) {
    let all = items.len();
    let mut bytes = 0;
    let fits = |item: &Value| {
        bytes += length(item);
        bytes <= HEAD_BYTES_MAX / 2 - 4_096
    };
    let told: Vec<Value> = items.into_iter().take(ITEMS_MAX).take_while(fits).collect();
    let more = all - told.len();
    head.set(name, Value::array(told));
    if more > 0 {
        head.set(format!("{name}_left_out").as_str(), i64::try_from(more).unwrap_or(i64::MAX));
    }
}

fn reason_json(policy: &str, reason: &Reason) -> Value {
    let mut object = Object::new();
    object.set("policy", policy);
    if let Value::Object(members) = reason.to_json() {
        for member in &members {
            object.set(member.key.as_str(), member.value.value.clone());
        }
    }
    Value::Object(object)
}
