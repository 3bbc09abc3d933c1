//! The engine: one per process, shared by all plugins, with a clock of its own.

use crate::bindings::reeve::policy::{dataset, log};
use crate::cache::Cache;
use crate::image::Images;
use crate::limits::{
    CORE_INSTANCES_MAX, EPOCH_TICK_MS, KEEP_RESIDENT_BYTES, MEMORIES_MAX, MEMORY_BYTES_MAX, POOL_INSTANCES,
    POOL_MEMORIES, POOL_TABLES, TABLE_ELEMENTS_MAX, TABLE_KEEP_RESIDENT_BYTES, TABLES_MAX, WASM_STACK_BYTES,
};
use crate::places::Places;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Where plugins are compiled and run.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) places: Arc<Places>,
    /// What is loaded: one plugin often serves several policies.
    pub(crate) images: Arc<Images>,
    /// Where compiled plugins outlive the process.
    pub(crate) cache: Option<Arc<Cache>>,
    /// Where plugins read their settings in advance; without it, each instance reads them itself.
    pub(crate) builder: Option<Engine>,
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
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        Ok(Self { engine: start(&config)?, places: Arc::default(), images: Arc::default(), cache: None, builder: None })
    }

    /// How often the compiler ran in this process: 0 when all came from the cache.
    #[must_use]
    pub fn compilations(&self) -> u64 {
        self.images.compilations()
    }

    /// Keeps what is compiled in `cache`, and takes from there what is there.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(Arc::new(cache)), ..self }
    }

    /// Lets each plugin read its settings once, when it is loaded: every evaluation starts from a copy of what it is
    /// then. Loading takes longer; each evaluation saves the reading.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_snapshots(self) -> Result<Self, SandboxError> {
        let mut config = config();
        #[cfg(feature = "compiler")]
        config.cranelift_opt_level(wasmtime::OptLevel::None);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Ok(Self { builder: Some(start(&config)?), ..self })
    }

    /// A linker that offers `log`, and `dataset` when it is granted. What is not offered here cannot be imported.
    pub(crate) fn linker(engine: &Engine, dataset_granted: bool) -> wasmtime::Result<Linker<State>> {
        let mut linker = Linker::new(engine);
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        if dataset_granted {
            dataset::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        }
        Ok(linker)
    }
}

fn start(config: &Config) -> Result<Engine, SandboxError> {
    let engine = Engine::new(config).map_err(|error| SandboxError(format!("{error:#}")))?;
    start_clock(&engine)?;
    Ok(engine)
}

/// Names the settings below that compiled code depends on. Whoever changes one changes this too: code of another name is
/// not taken from a cache. (Wasmtime itself compares its version and most settings once more.)
pub(crate) const ENGINE_SETTINGS: &str = "1: speed, fuel, epochs, one NaN, no relaxed SIMD, no memory64";

fn config() -> Config {
    let mut config = Config::new();
    #[cfg(feature = "compiler")]
    {
        config.strategy(wasmtime::Strategy::Cranelift).cranelift_opt_level(wasmtime::OptLevel::Speed);
        config.cranelift_nan_canonicalization(true);
    }
    // The same verdict on every machine: fuel judges, floats have one NaN, nothing relaxed.
    config.consume_fuel(true);
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
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL_INSTANCES);
    pool.total_core_instances(POOL_INSTANCES * CORE_INSTANCES_MAX);
    pool.total_memories(POOL_MEMORIES);
    pool.total_tables(POOL_TABLES);
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
