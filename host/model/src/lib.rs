//! The values of Reeve and the pure steps between them, in the order in which a request meets them.
//!
//! Nothing here does I/O, reads a clock, or knows of wasm, YAML or the AWS SDK: the same input gives the same bytes.

pub mod action;
pub mod code;
pub mod decision;
pub mod dns;
pub mod event;
pub mod fact;
pub mod finding;
pub mod ids;
pub mod limits;
pub mod outcome;
pub mod permit;
pub mod receipt;
pub mod record;
pub mod request;
pub mod text;
pub mod verdict;

pub use action::{Action, PlannedAction};
pub use code::Code;
pub use decision::{Decision, decide};
pub use dns::{DnsName, NameRule};
pub use event::Event;
pub use fact::{Fact, FactValue};
pub use finding::{Finding, Place};
pub use ids::{AccountId, Digest, Nonce, Region};
pub use outcome::{FailureClass, Outcome, State};
pub use permit::Permit;
pub use receipt::Receipt;
pub use request::{Request, Sender};
pub use verdict::{Answer, Fault, Mode, PolicyAnswer, Reason, Refusal, Severity, Verdict};

/// A moment, read and written as RFC 3339 in UTC.
pub use jiff::Timestamp;
