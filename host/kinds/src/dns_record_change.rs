//! `DNS_RECORD_CHANGE`: create, replace or delete record sets below the sender's domains.
//!
//! `detail`: `changes: [ { action, name, type, ttl, values } | { action, name, type, alias } ]`.
//! Source: Route 53 API reference, ChangeResourceRecordSets.

use crate::dns_batch::{Batch, Zone};
use crate::dns_change::read_change;
use crate::{Ask, Draft, Kind};
use reeve_model::limits::REFUSALS_MAX;
use reeve_model::{Code, Refusal};
use std::ops::RangeInclusive;

/// Most changes in one request: each is at least one of the 1,000 elements Route 53 takes in a batch.
pub(crate) const CHANGES_MAX: usize = 1_000;

/// The kind, as one gate has configured it.
#[derive(Debug, Clone)]
pub struct DnsRecordChange {
    /// Zones of the gate.
    pub zones: Vec<Zone>,
    /// Times to live that may be asked for, seconds.
    pub ttl_seconds: RangeInclusive<u32>,
}

impl Kind for DnsRecordChange {
    fn name(&self) -> &'static str {
        "DNS_RECORD_CHANGE"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let changes = fields.array("changes");
        let at = fields.at("changes");
        fields.finish()?;
        let changes = changes.unwrap_or_default();
        if changes.is_empty() {
            return Err(vec![Refusal::new(Code::BadValue, at, "`changes` is empty")]);
        }
        if changes.len() > CHANGES_MAX {
            let message = format!("{} changes are more than the {CHANGES_MAX} of one batch", changes.len());
            return Err(vec![Refusal::new(Code::BatchTooLarge, at, message)]);
        }
        let mut refusals = Vec::new();
        let mut asked = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            match read_change(change, &format!("{at}/{index}"), &self.zones, &self.ttl_seconds) {
                Ok(change) => asked.push(change),
                Err(wrong) => refusals.extend(wrong),
            }
            if refusals.len() > REFUSALS_MAX {
                return Err(refusals);
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Box::new(Batch::new(asked, &ask.event.account)?))
    }
}
