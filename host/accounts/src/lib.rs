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
mod domain;
mod layer;
mod read;
mod schema;
mod units;

pub use account::{Account, Status};
pub use accounts::{Accounts, DomainOwner};
pub use domain::{DomainEntry, DomainScope};
pub use layer::{Layer, Sourced};
pub use schema::keys;
pub use units::{OrganizationalUnit, PolicyName};

pub use reeve_yaml::{Mark, Value, YamlError};
