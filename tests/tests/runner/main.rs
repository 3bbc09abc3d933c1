//! The runner with a fake behind every port: the order of calls, crashes at every one of them, brakes, and receipts
//! judged again. No wasm, no storage, no network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::wildcard_enum_match_arm, clippy::type_complexity, reason = "tables of cases, and the rest is no case")]

mod attacks;
mod aws;
mod bench;
mod brakes;
mod crashes;
mod holdings;
mod reply;
mod requests;
mod rerun;
mod rounds;
mod stories;
mod tries;
