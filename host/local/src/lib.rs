//! The embedded default: facts from files, a ledger in memory or an SQLite file, receipts on disk. No AWS, no network.

mod facts;
mod ledger;
mod receipts;

pub use facts::{Directory, RecordedFacts, fact_of_json};
pub use ledger::{LEDGER_KEYS_MAX, MemoryLedger, OpenError, SCHEMA_VERSION, SqliteLedger};
pub use receipts::{DiskReceipts, NoReceipts, RECEIPTS_FILE, ReceiptError, ReceiptFile};
