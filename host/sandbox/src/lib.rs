//! Plugins as WebAssembly components: load, inspect, limit, ask. The one crate that knows wasmtime.
//!
//! A plugin gets values and nothing else. Every evaluation runs in a fresh instance, under limits on instructions,
//! memory, time, stack and reply, and whatever goes wrong is a typed [`Fault`](reeve_model::Fault), which denies.

mod bindings;
mod cache;
mod classify;
mod convert;
mod dataset;
mod engine;
mod image;
mod inspect;
mod limits;
mod places;
mod plugin;
mod sealed;
mod shape;
#[cfg(feature = "compiler")]
mod snapshot;
mod state;

pub use cache::{Cache, CacheKey};
pub use dataset::{Dataset, DatasetError, Datasets, Index};
pub use engine::{Sandbox, SandboxError};
pub use image::Start;
pub use inspect::Inspection;
pub use limits::{
    COMPILE_WORK_MAX, COMPONENT_BYTES_MAX, CONFIGURE_FUEL, CONFIGURE_FUEL_PER_BYTE, EPOCH_TICK_MS, FUEL_DEFAULT,
    FUNCTION_BYTES_MAX, FUNCTION_PARAMS_MAX, FUNCTION_RESULTS_MAX, FUNCTIONS_MAX, HOST_CALL_BYTES_MAX,
    LOG_LINE_CHARS_MAX, LOG_LINES_MAX, Limits, MEMORY_BYTES_DEFAULT, MEMORY_BYTES_MAX, REASON_TEXT_CHARS_MAX,
    REASONS_MAX, TIMEOUT_MS_DEFAULT, WASM_STACK_BYTES, configure_fuel,
};
pub use plugin::{CONTRACT, Description, Plugin};
pub use reeve_engine::Asked;
