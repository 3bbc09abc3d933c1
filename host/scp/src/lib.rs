//! Service control policies: what they are made of, what they match, and what is left of a permission below all of them.
//!
//! Everything is a pure function of values, for hosts and plugins alike. The crate knows nothing of requests, findings,
//! files or AWS calls.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
