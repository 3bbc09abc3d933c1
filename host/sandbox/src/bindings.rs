//! Generated from `wit/v0.1`; documented there.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "policy",
    imports: { default: trappable },
});
