//! Recorded calls against a change of policies: what was let through and would not be any more.

use crate::cloudtrail::{self, NoCall, Recorded};
use crate::decide::{Effective, Why};
use crate::organization::Organization;
use crate::truth::Truth;
use reeve_json::Node;

/// What a change of policies does to a recorded call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The call, if the record tells of one.
    pub recorded: Option<Recorded>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a recorded call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The same as before: let through, refused, or dependent on the same.
    Same,
    /// It would be refused.
    Denied(Why),
    /// It would depend on something that the record does not tell.
    MayBeDenied(Why),
    /// It was, or may have been, refused, and would be let through.
    Allowed(Why),
    /// Policies do not bind the caller: the management account or a service-linked role.
    Exempt(Why),
    /// A service, which policies do not bind, called or told.
    Service(NoCall),
    /// It cannot be said.
    NotEvaluable(Reason),
}

/// Why nothing can be said of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It tells of no call that policies decide about.
    NoCall(NoCall),
    /// The caller's account is not in the organization, before or after.
    UnknownAccount(String),
}

/// Replays one record.
#[must_use]
pub fn replay(record: &Node, before: &Organization, after: &Organization) -> Replay {
    let recorded = match cloudtrail::read(record) {
        Ok(recorded) => recorded,
        Err(service @ (NoCall::ServiceEvent | NoCall::ServiceCaller(_))) => {
            return Replay { recorded: None, fate: Fate::Service(service) };
        }
        Err(other) => return Replay { recorded: None, fate: Fate::NotEvaluable(Reason::NoCall(other)) },
    };
    let fate = fate(&recorded, before, after);
    Replay { recorded: Some(recorded), fate }
}

fn fate(recorded: &Recorded, before: &Organization, after: &Organization) -> Fate {
    let keys = |organization: &Organization| organization.account_key(&recorded.account).map(str::to_owned);
    if after.is_management_id(&recorded.account) {
        return Fate::Exempt(Why::ManagementAccount);
    }
    let (Some(old_key), Some(new_key)) = (keys(before), keys(after)) else {
        return Fate::NotEvaluable(Reason::UnknownAccount(recorded.account.clone()));
    };
    let (old, new) = (before.chain(&old_key), after.chain(&new_key));
    let was = if before.is_management_account(&old_key) {
        Effective { allowed: Truth::True, why: Why::ManagementAccount }
    } else {
        old.decide(&recorded.call)
    };
    let is = new.decide(&recorded.call);
    match (was.allowed, is.allowed) {
        (_, Truth::True) if is.why == Why::ServiceLinkedRole => Fate::Exempt(is.why),
        (Truth::True, Truth::True) | (Truth::False, Truth::False) => Fate::Same,
        (Truth::True | Truth::Unknown, Truth::False) => Fate::Denied(is.why),
        (Truth::False | Truth::Unknown, Truth::True) => Fate::Allowed(is.why),
        (Truth::Unknown, Truth::Unknown) => {
            let newly = old.questions(&recorded.call).first_beyond(&new.questions(&recorded.call));
            newly.map_or(Fate::Same, Fate::MayBeDenied)
        }
        (Truth::True | Truth::False, Truth::Unknown) => Fate::MayBeDenied(is.why),
    }
}

#[cfg(test)]
mod tests;
