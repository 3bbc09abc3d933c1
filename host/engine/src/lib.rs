//! The line of data as code: from a delivered message to a story with its decision.
//!
//! Four things touch the world, each behind one narrow port of [`ports`]. Everything else here is a function of values:
//! the same delivery, facts, policies and moment give the same story, byte for byte.

mod gate;
mod judge;
mod policy;
pub mod ports;
mod story;

pub use gate::{Gate, Route};
pub use policy::{FactNeed, FactSource, Policy, PolicyDigests};
pub use ports::{Ask, Asked, Claim, Delivery, FactError, Facts, Ledger, LedgerKey};
pub use story::{AskedPolicy, BODY_KEPT_BYTES_MAX, Story};
