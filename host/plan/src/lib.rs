//! From two states of an organization to the requests that lead from one to the other.
//!
//! A state comes from files (the accounts file, its lock file, the folder of policies) or from the organization as it
//! was read. Nothing here opens a file or asks AWS.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
