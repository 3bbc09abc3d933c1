//! AWS: clients, facts, executors, ledger, receipts and replies. Everything that knows the AWS SDK is in this crate.

pub mod admits;
pub mod asking;
pub mod bucket;
pub mod client;
pub mod dynamo;
mod entries;
pub mod execute;
pub mod facts;
pub mod failure;
pub mod receipts;
pub mod replies;
#[cfg(test)]
mod testing;
mod whole;

pub use bucket::Service;
pub use client::Aws;
pub use dynamo::DynamoLedger;
pub use failure::{Failure, failure};
