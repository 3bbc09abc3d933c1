//! Every ledger does what the port says: one suite for the ledger in memory, in SQLite and in DynamoDB. The ledger in
//! memory is also the model that SQLite is held against.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects; all else fails it")]

mod ledger {
    mod dynamo;
    mod model;
    mod sqlite;
}

use reeve_engine::Ledger;
use reeve_local::MemoryLedger;
use reeve_tests::ledger_suite;
use std::sync::Arc;

#[test]
fn memory_does_what_the_port_says() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::default());
    ledger_suite::run(&|| Arc::clone(&ledger));
}
