//! Fuzz targets: what must hold of a parser whatever bytes a stranger sends.
//!
//! A target is a function of bytes that panics when a property does not hold. `tests/replay.rs` runs every target over
//! its seeds and over mutations of them; `cargo fuzz` runs the same functions under libFuzzer. Nothing here opens a file.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a target fails by panicking")]

/// A target by the name of its function, and how many mutations are replayed.
macro_rules! target {
    ($name:ident, $mutations:expr) => {
        Target {
            name: stringify!($name),
            run: $name,
            dictionary: include_str!(concat!("../dictionaries/", stringify!($name), ".dict")),
            mutations: $mutations,
        }
    };
}

mod accounts_file;
mod delivery;
mod dns_name;
mod event;
mod gate_file;
mod json;
pub mod mutate;
mod naive;
mod pattern;
mod request;
mod scp_document;
mod text;
mod values;

pub use accounts_file::accounts_file;
pub use delivery::delivery;
pub use dns_name::dns_name;
pub use event::event;
pub use gate_file::gate_file;
pub use json::json;
pub use pattern::pattern;
pub use request::request;
pub use scp_document::scp_document;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of the function, of the binary for libFuzzer, of its dictionary, and of the folder of its seeds.
    pub name: &'static str,
    /// The target.
    pub run: fn(&[u8]),
    /// Words of its format, for mutations.
    pub dictionary: &'static str,
    /// How many mutations are replayed: what takes a few seconds unoptimised.
    pub mutations: u32,
}

/// Every target. Another one is a function, a line here, a line in `tests/replay.rs`, a dictionary, a folder of seeds and
/// a binary.
pub const TARGETS: &[Target] = &[
    target!(accounts_file, 6_000),
    target!(delivery, 30_000),
    target!(dns_name, 150_000),
    target!(event, 40_000),
    target!(gate_file, 15_000),
    target!(json, 150_000),
    target!(pattern, 100_000),
    target!(request, 60_000),
    target!(scp_document, 40_000),
];
