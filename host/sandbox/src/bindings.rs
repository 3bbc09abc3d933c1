//! Generated from `wit/v0.1`; documented there.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "policy",
    imports: { default: trappable },
    // What a plugin is told is lowered from where it is.
    ownership: Borrowing { duplicate_if_necessary: false },
});
