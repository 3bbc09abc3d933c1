//! The accounts file: which accounts there are, what each is set to, and which layer and line set it.
//!
//! Values are merged per key, later wins: `Default`, then `Scopes.<scope>`, then `Accounts.<name>`. The whole value
//! of a key is replaced: a mapping such as `access` or a list such as `allowed_regions` in a later layer takes the
//! place of the earlier one and is not merged with it. Every value keeps its layer and place, and so do the values it
//! beat.
//!
//! The crate reads one text and reports everything that is wrong with it at once. It knows nothing of requests,
//! policies, gates or AWS calls, and opens no files.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod account;
mod accounts;
mod aliases;
mod domain;
pub mod edit;
mod explain;
mod json_schema;
mod layer;
pub mod lint;
mod lock;
mod read;
mod schema;
mod units;

pub use account::{Account, IdSource, Status};
pub use accounts::{Accounts, DomainOwner, Target};
pub use domain::{DomainEntry, DomainScope};
pub use explain::explain;
pub use json_schema::json_schema;
pub use layer::{Layer, Sourced};
pub use lock::{Lock, LockedAccount, LockedId};
pub use schema::keys;
pub use units::{OrganizationalUnit, PolicyName, ROOT, UNIT_DEPTH_MAX, UnitName};

pub use reeve_yaml::{Mark, Value, YamlError};
