//! Hostile inputs: every item of the project's list of bad inputs, from bytes to decision, through real gates.
//!
//! A gate is wired from files as the binary does it, with the plugins that `cargo xtask guests` has built. Each row
//! says what is sent and which reasons the decision must give; where that differs from the list, the row says why.
//! What cannot be tried yet is named in [`inputs::list`], so that no item is forgotten.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod inputs {
    mod check;
    mod dns_batches;
    mod dns_names;
    mod dns_semantics;
    mod envelope;
    mod facts;
    mod flood;
    mod gates;
    pub(crate) mod list;
    mod organizations;
    mod plugins;
    mod ssm;
    mod table;
}
