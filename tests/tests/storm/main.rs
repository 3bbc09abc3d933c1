//! What must hold when gates are killed, networks fail and many ask at once: one effect, one answer, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects; all else fails it")]
#![allow(clippy::print_stderr, reason = "what was measured is told")]

mod ask;
mod cases;
mod crash;
mod crash_queue;
mod crash_shared;
mod faults;
mod load;
mod mortal;

/// Held by tests that keep the whole machine busy: beside each other they would measure their waiting.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
