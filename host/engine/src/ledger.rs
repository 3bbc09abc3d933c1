//! The port behind which requests are remembered: one effect per sender, source, kind and nonce.
//!
//! A request is claimed under a lease with a fencing token. What is about to be done is written down before it is
//! done, so that whoever takes the request over after a crash finds the effect before it makes it again.

use reeve_model::{AccountId, Digest, Nonce, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long a claim is held without being renewed, seconds. Longer than any single call may take
/// ([`CALL_SECONDS_MAX`]), so that a call that was started under a lease has ended before the next holder starts; short
/// enough that a crash delays a request by less than two minutes.
pub const LEASE_SECONDS: i64 = 90;
/// Longest a single call to AWS may take with all its retries, seconds. A call is started only under a lease that
/// outlasts it.
pub const CALL_SECONDS_MAX: i64 = 45;
/// How long an answer is kept, seconds: fourteen days, the longest that SQS keeps a message, and one more.
pub const SETTLED_SECONDS: i64 = 15 * 24 * 60 * 60;
/// How long a request that nobody has ended is remembered after its last lease ran out, seconds: ninety days. No event
/// is taken that late (`EVENT_AGE_SECONDS_MAX`), and SQS keeps a message for fourteen days, even when it is moved once
/// from a dead-letter queue. It bounds what an abandoned request costs.
pub const UNFINISHED_SECONDS: i64 = 90 * 24 * 60 * 60;

/// What one effect is counted under: the same sender, source, kind and nonce.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerKey {
    /// Sender.
    pub account: AccountId,
    /// The envelope's `source`.
    pub source: String,
    /// Kind.
    pub kind: String,
    /// Nonce.
    pub nonce: Nonce,
}

/// A claim on a request, for one holder until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is claimed.
    pub key: LedgerKey,
    /// Fencing token: grows with every claim of the key, also once an older answer is forgotten. A write under an
    /// older token is refused.
    pub token: u64,
    /// When another may claim it: from this moment on. A whole second.
    pub until: Timestamp,
}

impl Lease {
    /// When a lease that is taken or renewed at `now` runs out: [`LEASE_SECONDS`] later, rounded down to a whole second,
    /// so that every ledger keeps the same moment and the holder never believes in more than others grant.
    #[must_use]
    pub fn end(now: Timestamp) -> Timestamp {
        later(now, LEASE_SECONDS)
    }
}

/// `seconds` after the whole second of `now`.
#[must_use]
pub fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
}

/// The clock hour (UTC) that amounts are counted in: whole hours since 1970.
#[must_use]
pub fn clock_hour(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60 * 60)
}

/// One action of one round of planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Round, from 0: a kind may plan again once its first actions are made.
    pub round: u32,
    /// Index of the action in its round.
    pub action: u32,
}

/// What an earlier holder of the claim has written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The facts that each begun round was permitted on, canonical JSON, by round.
    pub plans: BTreeMap<u32, String>,
    /// Notes of the actions.
    pub notes: BTreeMap<Step, BTreeMap<String, String>>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Whether it was permitted.
    pub permitted: bool,
    /// Hash of its receipt.
    pub receipt: Digest,
    /// The reply, page by page, as it was sent: canonical JSON.
    pub reply: Vec<String>,
}

/// What the ledger says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the caller's: new, or left behind by a holder whose lease has run out.
    Taken {
        /// The lease.
        lease: Lease,
        /// What was written down before; empty for a new request.
        progress: Progress,
    },
    /// The same request has ended.
    Settled(Settled),
    /// Another request was claimed under this key.
    Different,
    /// Somebody is at it.
    Busy {
        /// When the lease runs out.
        until: Timestamp,
    },
}

/// An amount to be spent of an hour's allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// What is counted: `gate`, `account 111122223333`, `zone Z0123`.
    pub scope: String,
    /// How much.
    pub amount: u32,
    /// The most in one clock hour (UTC) that the gate allows.
    pub hourly_max: u32,
}

/// Something that one account holds: a record set, a registered host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// The set of names: `record Z0123`, `host`.
    pub scope: String,
    /// The name in it: `www.example.com A`, `i-0123456789abcdef0`.
    pub name: String,
    /// Who holds it.
    pub owner: AccountId,
    /// What was made, canonical JSON or empty.
    pub value: String,
}

/// What is written down, all or nothing, before the first action of a round is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The round.
    pub round: u32,
    /// The facts that it was permitted on, canonical JSON.
    pub plan: String,
    /// Amounts to spend.
    pub spends: Vec<Spend>,
    /// What the sender is to hold. Each names its owner.
    pub holdings: Vec<Holding>,
}

impl Begin {
    /// What is to be spent by scope, as amount and limit. Amounts of one scope are added up and held against the smallest
    /// of its limits; an amount of zero is always granted and left out.
    #[must_use]
    pub fn amounts(&self) -> BTreeMap<&str, (u64, u32)> {
        let mut amounts: BTreeMap<&str, (u64, u32)> = BTreeMap::new();
        for spend in self.spends.iter().filter(|spend| spend.amount > 0) {
            let (amount, hourly_max) = amounts.entry(&spend.scope).or_insert((0, spend.hourly_max));
            *amount = amount.saturating_add(u64::from(spend.amount));
            *hourly_max = spend.hourly_max.min(*hourly_max);
        }
        amounts
    }

    /// What is to be held by scope and name; of two for the same owner the last counts.
    ///
    /// # Errors
    /// When two owners are named for one: the first.
    pub fn held(&self) -> Result<BTreeMap<(&str, &str), &Holding>, Held> {
        let mut held: BTreeMap<(&str, &str), &Holding> = BTreeMap::new();
        for holding in &self.holdings {
            if let Some(before) = held.insert((&holding.scope, &holding.name), holding)
                && before.owner != holding.owner
            {
                return Err(Held::ByAnother(before.clone()));
            }
        }
        Ok(held)
    }
}

/// Why a round may not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The hour's allowance of this scope does not suffice.
    Spent {
        /// The scope.
        scope: String,
        /// What has been spent already in this hour.
        spent: u32,
    },
    /// Another account holds this.
    ByAnother(Holding),
}

/// The ledger cannot do what is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be read or written now.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
    /// The lease has run out and another holder has claimed the request; nothing was written.
    #[error("the request was taken over by another gate")]
    Lost,
}

/// Remembers requests.
///
/// Every write but `claim` is fenced: it is refused with [`LedgerError::Lost`] unless the lease's token is the newest of
/// its key and its holder has neither ended the request nor given it back. A lease that has run out still counts until
/// another holder claims the request: nobody else has acted on it. Once a request is forgotten, its lease
/// may be lost at any moment. What is refused changes nothing.
///
/// A call that fails with [`LedgerError::Unavailable`] may have been carried out. Each may be made again with the same
/// values: a second `settle` or `release` under the same lease with the same answer is granted and changes nothing.
///
/// All times are the caller's clock, and a moment counts as the whole second it is in; gates that share a ledger keep
/// their clocks together to within [`LEASE_SECONDS`]` - `[`CALL_SECONDS_MAX`].
pub trait Ledger: Send + Sync {
    /// Claims a request until [`Lease::end`]. A key is new again once its answer is [`SETTLED_SECONDS`] old, or once it
    /// has lain unfinished for [`UNFINISHED_SECONDS`] after its last lease ran out. Another body under a key that is not
    /// new is [`Claim::Different`], whatever became of the first. A claim that was given back is not busy.
    ///
    /// # Errors
    /// When the ledger is not available. The caller may then hold a claim that it does not know of; it runs out.
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError>;

    /// Holds a lease for another [`LEASE_SECONDS`] from `now`, under the same token.
    ///
    /// # Errors
    /// When the ledger is not available or the lease is lost.
    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError>;

    /// Begins a round: plan, amounts and holdings, all or nothing. A round that was begun already is left as it is and
    /// granted, whatever is asked for now: what counts is in [`Progress::plans`].
    ///
    /// A holding of the same owner is taken over with its new value. Amounts are looked at before holdings, scopes and
    /// names in their order; the first that does not suffice is the answer.
    ///
    /// # Errors
    /// When the ledger is not available or the lease is lost.
    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError>;

    /// Writes a note of an action, over an earlier one of the same name. Once this returns, it survives a crash.
    ///
    /// # Errors
    /// When the ledger is not available or the lease is lost.
    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError>;

    /// Ends a request: keeps its answer for [`SETTLED_SECONDS`], forgets its plan and notes, and gives up those of
    /// `released` that the sender holds with the very same value: what was taken again since is left alone.
    ///
    /// # Errors
    /// When the ledger is not available or the lease is lost.
    fn settle(&self, lease: &Lease, settled: &Settled, released: &[Holding], now: Timestamp)
    -> Result<(), LedgerError>;

    /// Gives a claim back without an answer, keeping its progress: it can be claimed at once.
    ///
    /// # Errors
    /// When the ledger is not available or the lease is lost.
    fn release(&self, lease: &Lease) -> Result<(), LedgerError>;

    /// Who holds these names of a scope, in the order of names. Names that nobody holds are left out.
    ///
    /// # Errors
    /// When the ledger is not available.
    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError>;
}
