//! Hostile plugins: whatever a plugin does, the host answers with the fault that names it, denies, and judges the next
//! request as if nothing had happened. `cargo xtask guests` builds the guest first.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and says what it saw"
)]

mod hostile {
    mod budget;
    mod components;
    mod configure;
    mod contract;
    mod determinism;
    mod isolation;
    mod leak;
    mod lift;
    mod memory;
    mod reply;
    mod snapshot;
    mod stack;
    mod support;
    mod text_guests;
}
