//! Service control policies: what they are made of, what they match, and what is left of a permission below all of them;
//! and what AWS has that policies name, its actions and Regions.
//!
//! Everything is a pure function of values, for hosts and plugins alike. The crate knows nothing of requests, findings,
//! files or AWS calls.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod call;
mod change;
pub mod cloudtrail;
mod condition;
mod decide;
mod document;
mod glob;
mod literal;
mod lockout;
mod operator;
mod organization;
mod organization_json;
mod principal;
mod question;
mod regions;
mod replay;
mod segments;
mod statement;
pub mod table;
mod template;
mod truth;

pub use call::{Call, Key, Keys, Resource};
pub use change::{Changes, Move, PermissionChange, changes};
pub use decide::{Effective, Source, Why};
pub use document::{DOCUMENT_BYTES_MAX, Document, DocumentError};
pub use glob::Glob;
pub use lockout::{Lockout, Protected, lockouts};
pub use organization::{Builder, LEVELS_MAX, Level, LevelKind, Organization, OrganizationError, Policy};
pub use regions::{PARTITIONS, PARTITIONS_AS_OF, Partition, partition_of};
pub use replay::{Fate, Reason, Replay, replay};
pub use statement::{Effect, Statement};
pub use truth::Truth;
