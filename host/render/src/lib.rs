//! Documents that follow from the list of accounts, as plain functions: text in, text out.
//!
//! Nothing here opens a file or asks AWS.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
