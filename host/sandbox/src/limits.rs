//! The limits of a plugin. Each says its unit, and why it is this number.

/// Largest component, bytes. A Python guest is 18 MB; compiling is the cost that grows with it.
pub const COMPONENT_BYTES_MAX: usize = 32 * 1_048_576;
/// Most compiled plugins that are kept for the next one that is the same: more than a gate has.
pub(crate) const COMPILED_MAX: usize = 16;
/// Fuel of one `evaluate` when the policy file says nothing. About 2.5 ms of work; the shipped policies use less than
/// a tenth of it on their largest request.
pub const FUEL_DEFAULT: u64 = 5_000_000;
/// Fuel of `configure` and `describe`: they run once, and settings may be large.
pub const CONFIGURE_FUEL: u64 = 500_000_000;
/// Memory and tables of one instance together, bytes, when the policy file says nothing. Python and Go guests fit.
pub const MEMORY_BYTES_DEFAULT: usize = 16 * 1_048_576;
/// The most that a policy file may grant, bytes: what a slot of the pool reserves of the address space.
pub const MEMORY_BYTES_MAX: usize = 256 * 1_048_576;
/// Wall clock of one call, milliseconds. Fuel is the judge; this is for a host that is stuck, so it is long enough
/// never to strike first, even on a busy machine.
pub const TIMEOUT_MS_DEFAULT: u64 = 2_000;
/// How often the clock looks, milliseconds. A timeout is late by at most one tick.
pub const EPOCH_TICK_MS: u64 = 10;
/// Stack of wasm code, bytes: wasmtime's own default, well inside the 2 MiB of a Rust thread.
pub const WASM_STACK_BYTES: usize = 512 * 1_024;
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

/// Instances alive at once. One request is judged at a time; the rest is head room for threads.
pub(crate) const POOL_INSTANCES: u32 = 32;
/// Core instances of one component: a Python guest needs 33 to 64.
pub(crate) const CORE_INSTANCES_MAX: u32 = 64;
/// Memories and tables of one component: a QuickJS guest needs three of each.
pub(crate) const MEMORIES_MAX: u32 = 4;
/// See [`MEMORIES_MAX`].
pub(crate) const TABLES_MAX: u32 = 8;
/// Elements of one table: a Python guest needs 7,700.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;
/// Bytes of a memory that a slot keeps mapped between instances: handing pages back and faulting them in again is most
/// of the cost of a fresh instance.
pub(crate) const KEEP_RESIDENT_BYTES: usize = 1_048_576;
/// The same for tables.
pub(crate) const TABLE_KEEP_RESIDENT_BYTES: usize = 65_536;

/// What one policy's plugin may use in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of one `evaluate`.
    pub fuel: u64,
    /// Memories and tables together, bytes.
    pub memory_bytes: usize,
    /// Wall clock, milliseconds.
    pub timeout_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fuel: FUEL_DEFAULT, memory_bytes: MEMORY_BYTES_DEFAULT, timeout_ms: TIMEOUT_MS_DEFAULT }
    }
}
