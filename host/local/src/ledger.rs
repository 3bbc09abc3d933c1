//! Requests remembered on this machine: in memory for one run, or in an SQLite file for many.

mod memory;
mod rows;
mod schema;
mod sqlite;

pub use memory::{LEDGER_KEYS_MAX, MemoryLedger};
pub use schema::{OpenError, SCHEMA_VERSION};
pub use sqlite::SqliteLedger;
