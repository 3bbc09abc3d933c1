//! Nonces that follow from what is asked.
//!
//! Whoever plans the same change of the same epoch gets the same nonce, so a request that is sent twice is one request.
//! The value before is part of it: a change and its return never share a nonce.

use crate::plan::Change;
use reeve_json::{Object, Value, canonical};
use reeve_model::{Digest, Nonce};

/// The nonce of a request: a UUID of version 8, whose free bits are a digest (RFC 9562, section 5.8).
pub(crate) fn of(kind: &str, gate: &str, detail: &Object, changes: &[Change], epoch: &str) -> Option<Nonce> {
    let before = changes.iter().map(|change| {
        Value::object([("what", Value::from(change.what.as_str())), ("before", Value::from(change.before.as_deref()))])
    });
    let told = Value::object([
        ("kind", Value::from(kind)),
        ("gate", Value::from(gate)),
        ("detail", Value::Object(detail.clone())),
        ("before", Value::array(before)),
        ("epoch", Value::from(epoch)),
    ]);
    let digest = Digest::of(canonical(&told).as_bytes());
    let hex = digest.as_str().strip_prefix("sha256:")?;
    let part = |from: usize, to: usize| hex.get(from..to);
    let text = format!("{}-{}-8{}-8{}-{}", part(0, 8)?, part(8, 12)?, part(12, 15)?, part(15, 18)?, part(18, 30)?);
    Nonce::parse(&text)
}
