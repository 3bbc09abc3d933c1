//! The parsed ask: what a policy sees. Complete, savable, replayable.

use crate::{AccountId, Event, Fact, Nonce, PlannedAction, Timestamp};

/// Who asked, as AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The envelope's `account`.
    pub account: AccountId,
    /// Whether AWS set it on the path the event came, or somebody vouched for it.
    pub verified: bool,
    /// Name in the directory.
    pub name: Option<String>,
    /// Tier in the directory.
    pub tier: Option<String>,
    /// Organizational unit in the directory.
    pub organizational_unit: Option<String>,
    /// `active` or `suspended`; none when the account is unknown.
    pub status: Option<String>,
}

/// Everything that one policy may know of a request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Name of the kind.
    pub kind: &'a str,
    /// The envelope.
    pub event: &'a Event,
    /// Canonical text of `detail`.
    pub detail: &'a str,
    /// Who asked.
    pub sender: &'a Sender,
    /// The sender's name for the request.
    pub nonce: &'a Nonce,
    /// Whether the sender asked for a dry run.
    pub dry_run: bool,
    /// The exact changes, in order.
    pub actions: &'a [PlannedAction],
    /// The facts this policy asked for, sorted by name.
    pub facts: &'a [Fact],
    /// The moment of judging.
    pub now: Timestamp,
}
