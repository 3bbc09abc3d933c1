//! What the host keeps for one instance: how much it may still use, its tables and its log.

use crate::bindings::reeve::policy::dataset::{DatasetError, Entry, Host as DatasetHost};
use crate::bindings::reeve::policy::log::Host as LogHost;
use crate::dataset::{self, Datasets, Row};
use crate::limits::{
    DATASET_CALL_FUEL, DATASET_ROW_FUEL, DATASET_ROWS_MAX, HOST_BYTE_FUEL, LOG_LINE_CHARS_MAX, LOG_LINES_MAX,
    TABLE_ELEMENTS_MAX,
};
use std::sync::Arc;
use wasmtime::ResourceLimiter;

/// Bytes of one table element: a pointer.
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

#[derive(Debug)]
pub(crate) struct State {
    memory_limit_bytes: usize,
    /// Memories and tables that the instance holds now, bytes.
    pub(crate) memory_bytes: usize,
    /// Whether it asked for more than it may have.
    pub(crate) memory_refused: bool,
    /// Fuel that look-ups may still cost.
    host_fuel_limit: u64,
    /// Fuel that look-ups have cost.
    pub(crate) host_fuel: u64,
    /// Whether a look-up would have cost more.
    pub(crate) host_fuel_refused: bool,
    pub(crate) log: Vec<String>,
    datasets: Arc<Datasets>,
}

impl State {
    pub(crate) fn new(memory_limit_bytes: usize, host_fuel_limit: u64, datasets: Arc<Datasets>) -> Self {
        Self {
            memory_limit_bytes,
            memory_bytes: 0,
            memory_refused: false,
            host_fuel_limit,
            host_fuel: 0,
            host_fuel_refused: false,
            log: Vec::new(),
            datasets,
        }
    }

    /// Starts the account of look-ups and the log anew, for the call after `configure`.
    pub(crate) fn restart(&mut self, host_fuel_limit: u64) {
        self.host_fuel_limit = host_fuel_limit;
        self.host_fuel = 0;
        self.log.clear();
    }

    /// Lets the instance grow a little beyond its limit, to be looked into. It evaluates nothing after that.
    #[cfg(feature = "compiler")]
    pub(crate) fn make_room(&mut self, bytes: usize) {
        self.memory_limit_bytes = self.memory_limit_bytes.saturating_add(bytes);
    }

    /// `forbidden`: beyond what the module allows itself, so that it will not be granted whatever is said here.
    fn grow(&mut self, current_bytes: usize, desired_bytes: usize, forbidden: bool) -> wasmtime::Result<bool> {
        let more = desired_bytes.saturating_sub(current_bytes);
        let total = self.memory_bytes.saturating_add(more);
        if total > self.memory_limit_bytes {
            self.memory_refused = true;
            // An error traps at once and alike in every language; `false` would let each go its own way.
            return Err(wasmtime::Error::msg("memory limit reached"));
        }
        if !forbidden {
            self.memory_bytes = total;
        }
        Ok(!forbidden)
    }

    /// Takes the price of one call: `bytes` were copied for the guest in it, either way.
    fn charge(&mut self, rows: usize, bytes: usize) -> wasmtime::Result<()> {
        let times = |count: usize, price: u64| u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(price);
        let price = DATASET_CALL_FUEL
            .saturating_add(times(rows, DATASET_ROW_FUEL))
            .saturating_add(times(bytes, HOST_BYTE_FUEL));
        self.host_fuel = self.host_fuel.saturating_add(price);
        if self.host_fuel > self.host_fuel_limit {
            self.host_fuel_refused = true;
            return Err(wasmtime::Error::msg("fuel used up by look-ups"));
        }
        Ok(())
    }

    fn one(
        &mut self,
        asked: [&str; 2],
        found: Result<Option<Row<'_>>, dataset::LookupError>,
    ) -> wasmtime::Result<Result<Option<Entry>, DatasetError>> {
        let row = found.as_ref().ok().and_then(Option::as_ref);
        self.charge(usize::from(row.is_some()), bytes(asked) + row.map_or(0, row_bytes))?;
        Ok(found.map(|row| row.map(entry)).map_err(lookup_error))
    }
}

fn bytes(texts: [&str; 2]) -> usize {
    texts.map(str::len).iter().sum()
}

fn row_bytes(row: &Row<'_>) -> usize {
    row.key.len() + row.values.iter().map(String::len).sum::<usize>()
}

fn entry(row: Row<'_>) -> Entry {
    Entry { key: row.key, values: row.values.to_vec() }
}

fn lookup_error(error: dataset::LookupError) -> DatasetError {
    match error {
        dataset::LookupError::UnknownTable(table) => DatasetError::UnknownTable(table),
        dataset::LookupError::BadKey(why) => DatasetError::BadKey(why),
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum.is_some_and(|maximum| desired > maximum))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        // More than any slot of the pool holds is more than anyone may have.
        let wanted = if desired > TABLE_ELEMENTS_MAX { usize::MAX } else { bytes(desired) };
        self.grow(bytes(current), wanted, maximum.is_some_and(|maximum| desired > maximum))
    }
}

impl DatasetHost for State {
    fn exact(&mut self, table: String, key: String) -> wasmtime::Result<Result<Option<Entry>, DatasetError>> {
        let datasets = Arc::clone(&self.datasets);
        self.one([&table, &key], datasets.exact(&table, &key))
    }

    fn longest_suffix(&mut self, table: String, name: String) -> wasmtime::Result<Result<Option<Entry>, DatasetError>> {
        let datasets = Arc::clone(&self.datasets);
        self.one([&table, &name], datasets.longest_suffix(&table, &name))
    }

    fn below(&mut self, table: String, name: String, limit: u32) -> wasmtime::Result<Result<Vec<Entry>, DatasetError>> {
        let datasets = Arc::clone(&self.datasets);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(DATASET_ROWS_MAX);
        let found = datasets.below(&table, &name, limit);
        let rows = found.as_deref().unwrap_or_default();
        self.charge(rows.len(), bytes([&table, &name]) + rows.iter().map(row_bytes).sum::<usize>())?;
        Ok(found.map(|rows| rows.into_iter().map(entry).collect()).map_err(lookup_error))
    }

    fn longest_prefix(
        &mut self,
        table: String,
        address: String,
    ) -> wasmtime::Result<Result<Option<Entry>, DatasetError>> {
        let datasets = Arc::clone(&self.datasets);
        self.one([&table, &address], datasets.longest_prefix(&table, &address))
    }
}

impl LogHost for State {
    fn debug(&mut self, message: String) -> wasmtime::Result<()> {
        self.charge(0, message.len())?;
        if self.log.len() < LOG_LINES_MAX {
            self.log.push(reeve_model::text::shown(&message, LOG_LINE_CHARS_MAX));
        }
        Ok(())
    }
}
