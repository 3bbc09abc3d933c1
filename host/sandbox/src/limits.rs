//! The limits of a plugin. Each says its unit, and why it is this number.

/// Largest component, bytes. A Python guest is 18 MB; compiling is the cost that grows with it.
pub const COMPONENT_BYTES_MAX: usize = 32 * 1_048_576;
/// Largest function, bytes of its body. The largest of a Python guest has 427,000.
pub const FUNCTION_BYTES_MAX: usize = 1_048_576;
/// Most functions. A Python guest has 13,500.
pub const FUNCTIONS_MAX: u64 = 200_000;
/// Most parameters of a function or a block: more than a compiler for WebAssembly writes, far fewer than the 1,000 that
/// WebAssembly allows.
pub const FUNCTION_PARAMS_MAX: usize = 100;
/// The same for results, which few languages have more than one of.
pub const FUNCTION_RESULTS_MAX: usize = 16;
/// Estimated work of compiling, in bytes of code times locals, large functions counted several times: see `shape.rs`. A
/// Python guest has 0.1 thousand million; five times that is about ten seconds of an unoptimised compiler.
pub const COMPILE_WORK_MAX: u64 = 500_000_000;
/// Most compiled plugins that are kept for the next one that is the same: more than a gate has.
pub(crate) const COMPILED_MAX: usize = 16;
/// Fuel of one `evaluate` when the policy file says nothing. About 2.5 ms of work; the shipped policies use less than
/// a tenth of it on their largest request.
pub const FUEL_DEFAULT: u64 = 5_000_000;
/// Fuel of `configure` and `describe`, beside [`CONFIGURE_FUEL_PER_BYTE`]: they run once.
pub const CONFIGURE_FUEL: u64 = 500_000_000;
/// Fuel of `configure` for each byte of settings on top: reading JSON takes about 100.
pub const CONFIGURE_FUEL_PER_BYTE: u64 = 200;
/// Memory and tables of one instance together, bytes, when the policy file says nothing. Python and Go guests fit.
pub const MEMORY_BYTES_DEFAULT: usize = 16 * 1_048_576;
/// The most that a policy file may grant, bytes: what a slot of the pool reserves of the address space.
pub const MEMORY_BYTES_MAX: usize = 256 * 1_048_576;
/// Wall clock of one call, milliseconds. Fuel is the judge; this is for a host that is stuck, so it is long enough
/// never to strike first, even on a busy machine.
pub const TIMEOUT_MS_DEFAULT: u64 = 2_000;
/// How often the clock looks, milliseconds. A timeout is late by at most one tick.
pub const EPOCH_TICK_MS: u64 = 10;
/// Stack of wasm code, bytes: half of a thread with a small one, so that where a plugin overflows it does not depend on the
/// thread that asks.
pub const WASM_STACK_BYTES: usize = 256 * 1_024;
/// Bytes that one call may copy between guest and host: an event of 1 MiB, twice, with its structure. The default of
/// wasmtime is 128 MiB, which a hostile reply would fill.
pub const HOST_CALL_BYTES_MAX: usize = 4 * 1_048_576;
/// Reasons in one reply: more than a person reads, fewer than would fill a receipt.
pub const REASONS_MAX: usize = 100;
/// Characters of a message, a fix, a pointer or an extra text in a reason.
pub const REASON_TEXT_CHARS_MAX: usize = 2_000;
/// Characters of a reason code.
pub(crate) const REASON_CODE_CHARS_MAX: usize = 64;
/// Extra names and texts in one reason.
pub(crate) const REASON_EXTRA_MAX: usize = 16;
/// Lines of debug log kept of one call.
pub const LOG_LINES_MAX: usize = 100;
/// Characters kept of one line of debug log.
pub const LOG_LINE_CHARS_MAX: usize = 1_000;
/// Fuel that a look-up in a dataset costs: about what the host spends on one, in guest instructions.
pub(crate) const DATASET_CALL_FUEL: u64 = 1_000;
/// Fuel that each row of an answer costs on top.
pub(crate) const DATASET_ROW_FUEL: u64 = 200;
/// Fuel of each byte that a look-up or a log line copies: what wasmtime takes for a byte of `memory.copy`.
pub(crate) const HOST_BYTE_FUEL: u64 = 1;
/// Rows that one look-up returns at most, as the contract says.
pub(crate) const DATASET_ROWS_MAX: usize = 100;

/// Instances alive at once: more than the threads of a gate. Who finds no place waits.
pub(crate) const POOL_INSTANCES: u32 = 128;
/// Memories and tables alive at once: 32 plugins as large as can be, or 128 usual ones. Each memory reserves 4 GiB of the
/// address space, so that the bounds of accesses need no checks.
pub(crate) const POOL_MEMORIES: u32 = 128;
/// See [`POOL_MEMORIES`].
pub(crate) const POOL_TABLES: u32 = 256;
/// Core instances of one component: a Python guest needs 33 to 64.
pub(crate) const CORE_INSTANCES_MAX: u32 = 64;
/// Memories and tables of one component: a QuickJS guest needs three of each.
pub(crate) const MEMORIES_MAX: u32 = 4;
/// See [`MEMORIES_MAX`].
pub(crate) const TABLES_MAX: u32 = 8;
/// Elements of one table: a Python guest needs 7,700.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;
/// Bytes at the beginning of a memory that a slot keeps mapped between instances. They are copied anew for each; what lies
/// beyond is handed back and faulted in where it is touched. Measured: copying what a usual evaluation writes to (stack, data
/// and the memory behind them, 160 KiB in the largest of the shipped plugins) costs less than two faults; copying the
/// megabytes of large settings would cost more than the few pages that are read of them.
pub(crate) const KEEP_RESIDENT_BYTES: usize = 163_840;
/// The same for tables.
pub(crate) const TABLE_KEEP_RESIDENT_BYTES: usize = 65_536;

/// Bytes of one entry of the cache: an image of [`MEMORY_BYTES_MAX`], and the code of the largest component.
pub(crate) const CACHE_ENTRY_BYTES_MAX: u64 = 512 * 1_048_576;
/// Bytes of all entries of a cache: some hundred plugins. What was not used for longest goes first.
pub(crate) const CACHE_BYTES_MAX: u64 = 2 * 1_024 * 1_048_576;
/// Age at which an unfinished entry is one that nobody finishes, seconds: writing one takes one.
pub(crate) const CACHE_UNFINISHED_SECONDS: u64 = 3_600;

/// Fuel of `configure` for settings of so many bytes.
#[must_use]
pub fn configure_fuel(settings_bytes: usize) -> u64 {
    let bytes = u64::try_from(settings_bytes).unwrap_or(u64::MAX);
    CONFIGURE_FUEL.saturating_add(bytes.saturating_mul(CONFIGURE_FUEL_PER_BYTE))
}

/// What one policy's plugin may use in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of one `evaluate`.
    pub fuel: u64,
    /// Memories and tables together, bytes.
    pub memory_bytes: usize,
    /// Wall clock, milliseconds.
    pub timeout_ms: u64,
    /// What one call may copy out of the plugin, bytes, with the structure around it.
    pub reply_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: FUEL_DEFAULT,
            memory_bytes: MEMORY_BYTES_DEFAULT,
            timeout_ms: TIMEOUT_MS_DEFAULT,
            reply_bytes: HOST_CALL_BYTES_MAX,
        }
    }
}
