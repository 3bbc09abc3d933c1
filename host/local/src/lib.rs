//! The embedded default: facts from files, a ledger in memory, receipts on disk. No AWS, no network.

mod facts;
mod ledger;
mod receipts;

pub use facts::{RecordedFacts, fact_of_json};
pub use ledger::{LEDGER_KEYS_MAX, MemoryLedger};
pub use receipts::{RECEIPTS_FILE, ReceiptError, ReceiptFile};
