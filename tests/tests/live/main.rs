//! Gates that are served, end to end: PutEvents on a bus, rule, queue, `reeve serve`, AWS, reply event, rule, the
//! asker's queue. AWS is the emulator, in a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects; all else fails it")]

mod again;
mod audit;
mod brakes;
mod delegation;
mod flow;
mod lambda;
mod operations;
mod spoof;
mod support;
mod sync;
mod tables;
mod ways;
