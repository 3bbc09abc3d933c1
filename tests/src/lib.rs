//! What the tests of the whole product share.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects; all else fails it")]

pub mod emulator;
pub mod http;
pub mod ledger_suite;
pub mod proxy;
pub mod reeve;
pub mod runtime_api;
pub mod stage;

use std::path::{Path, PathBuf};

/// The workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// A built plugin.
///
/// # Panics
/// When it was not built.
#[must_use]
#[expect(clippy::panic, reason = "a test that needs a plugin fails without it")]
pub fn plugin(name: &str) -> Vec<u8> {
    let path = root().join("target/plugins").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask guests`", path.display()))
}

/// The folder of real public documents, when the environment names one. Says so when it does not.
#[must_use]
#[expect(clippy::print_stderr, reason = "a test that ran without must say so")]
pub fn corpora(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("REEVE_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("{test}: REEVE_CORPORA names no folder of documents, so this ran without");
    }
    folder
}
