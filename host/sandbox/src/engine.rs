//! The engine: one per process, shared by all plugins, with a clock of its own.

use crate::bindings::reeve::policy::{dataset, log};
use crate::inspect::Inspection;
use crate::limits::{
    CORE_INSTANCES_MAX, EPOCH_TICK_MS, KEEP_RESIDENT_BYTES, MEMORIES_MAX, MEMORY_BYTES_MAX, POOL_INSTANCES,
    TABLE_ELEMENTS_MAX, TABLE_KEEP_RESIDENT_BYTES, TABLES_MAX, WASM_STACK_BYTES,
};
use crate::state::State;
use reeve_model::Digest;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

/// Where plugins are compiled and run.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) places: Arc<Places>,
    /// What was compiled lately, by the digest of its bytes: one plugin often serves several policies.
    pub(crate) compiled: Arc<Mutex<BTreeMap<Digest, (Component, Inspection)>>>,
}

/// Why there is no sandbox on this machine.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the sandbox: {0}")]
pub struct SandboxError(String);

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets up the engine and starts its clock.
    ///
    /// # Errors
    /// When the machine cannot give the address space that the pool reserves, or no thread.
    pub fn new() -> Result<Self, SandboxError> {
        let engine = Engine::new(&config()).map_err(|error| SandboxError(format!("{error:#}")))?;
        start_clock(&engine)?;
        Ok(Self { engine, places: Arc::default(), compiled: Arc::default() })
    }

    /// A linker that offers `log`, and `dataset` when it is granted. What is not offered here cannot be imported.
    pub(crate) fn linker(&self, dataset_granted: bool) -> wasmtime::Result<Linker<State>> {
        let mut linker = Linker::new(&self.engine);
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        if dataset_granted {
            dataset::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        }
        Ok(linker)
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    // The same verdict on every machine: fuel judges, floats have one NaN, nothing relaxed.
    config.consume_fuel(true);
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(false);
    // The clock is a backstop for what fuel cannot see.
    config.epoch_interruption(true);
    config.max_wasm_stack(WASM_STACK_BYTES);
    // Young or needless parts of wasm are left out: each is surface.
    config.wasm_memory64(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_component_model(true);
    // Synchronous calls only; tasks would cost on each of them.
    config.concurrency_support(false);
    // The host never runs out of backtrace, and an author sees where a plugin trapped.
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    config.memory_init_cow(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL_INSTANCES);
    pool.total_core_instances(POOL_INSTANCES * CORE_INSTANCES_MAX);
    pool.total_memories(POOL_INSTANCES * MEMORIES_MAX);
    pool.total_tables(POOL_INSTANCES * TABLES_MAX);
    pool.max_core_instances_per_component(CORE_INSTANCES_MAX);
    pool.max_memories_per_component(MEMORIES_MAX);
    pool.max_tables_per_component(TABLES_MAX);
    pool.table_elements(TABLE_ELEMENTS_MAX);
    pool.max_memory_size(MEMORY_BYTES_MAX);
    pool.linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
    pool.table_keep_resident(TABLE_KEEP_RESIDENT_BYTES);
    // Known to leave pages of one instance to the next when they were swapped out (wasmtime issue 14357).
    pool.pagemap_scan(Enabled::No);
    pool
}

/// Ticks as long as an engine lives, on a thread that does nothing else: a stuck evaluation cannot stop it.
fn start_clock(engine: &Engine) -> Result<(), SandboxError> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(Duration::from_millis(EPOCH_TICK_MS));
        }
    };
    let clock = std::thread::Builder::new().name("reeve-epoch".to_owned()).spawn(tick);
    clock.map(|_| ()).map_err(|error| SandboxError(format!("no thread for the clock: {error}")))
}

/// The places of the pool. Who finds none waits: an evaluation must not fail because of others.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<u32>,
    freed: Condvar,
}

impl Places {
    pub(crate) fn take(&self) -> Place<'_> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut u32| *taken >= POOL_INSTANCES;
        let mut taken = self.freed.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Place(self)
    }
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Places);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}
