//! From two states of an organization to the requests that lead from one to the other.
//!
//! A state comes from files (the accounts file, its lock file, the folder of policies) or from the organization as it
//! was read. Nothing here opens a file or asks AWS.
//!
//! What no request can bring about (a new unit, a deletion, an account to be closed) is a finding and never a request.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod accounts;
mod compare;
mod document;
mod expected;
mod files;
mod gates;
mod json;
mod live;
mod nonce;
mod parameters;
mod plan;
mod policies;
mod simulate;
mod state;
mod units;

pub use expected::Expected;
pub use files::ScpFile;
pub use gates::GateRole;
pub use json::schema;
pub use plan::{Change, Plan, PlannedRequest, plan};
pub use state::{AccountState, Attached, Naming, Origin, PolicyState, ROOT, State, UnitState};
