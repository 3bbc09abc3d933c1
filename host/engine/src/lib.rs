//! The line of data as code: from a delivered message to a story with its decision, and from a permit to outcomes.
//!
//! A few things touch the world, each behind one narrow port ([`ports`], [`ledger`], [`execute`]). Everything else here
//! is a function of values: the same delivery, facts, policies and moment give the same story, byte for byte.

mod brakes;
pub mod execute;
mod gate;
mod judge;
mod known;
pub mod ledger;
mod perform;
mod policy;
mod policy_set;
pub mod ports;
mod replay;
mod reply;
mod runner;
mod story;

pub use brakes::{Brakes, Guarded, ZONE_SHARE_FREE};
pub use execute::{Execute, Journal, Stop, Work};
pub use gate::{Gate, Route};
pub use ledger::{
    Begin, CALL_SECONDS_MAX, Claim, Held, Holding, LEASE_SECONDS, Lease, Ledger, LedgerError, LedgerKey, Progress,
    SETTLED_SECONDS, Settled, Spend, Step,
};
pub use policy::{FactNeed, FactSource, Policy, PolicyDigests};
pub use policy_set::{Policies, PolicySet};
pub use ports::{Ask, Asked, Delivery, FactError, Facts, KeepError, Receipts, Replies};
pub use replay::{NotReplayable, ReceiptFacts};
pub use reply::REPLY_BYTES_MAX;
pub use runner::{Handled, ROUNDS_MAX, Runner};
pub use story::{AskedPolicy, BODY_KEPT_BYTES_MAX, Status, Story};
