//! A ledger in a DynamoDB table, for gates on many machines.
//!
//! One table: partition key `pk` and sort key `sk` (both S), time to live on `expires` (N, seconds). The items are in
//! `dynamo/item.rs`. Reads are consistent. DynamoDB deletes late what has expired, so `expires` is looked at here too.
//!
//! No answer is not a refusal: a write that fails its own condition on a later try is recognised as made. A claim by the
//! holder's name, drawn for each call; a round by its plan item; an end by the token and the answer; transactions also
//! carry one request token through all tries. Renewals, notes and giving back leave the same item however often they are
//! made under the newest token.

mod batch;
mod call;
mod claim;
mod holdings;
mod item;
mod round;
mod settle;
mod text;

use crate::Aws;
use reeve_engine::ledger::{UNFINISHED_SECONDS, later};
use reeve_engine::{Begin, Claim, Held, Holding, Lease, Ledger, LedgerError, LedgerKey, Settled, Step};
use reeve_model::{Digest, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// The longest that one call of the ledger may take with all its tries, seconds. Below
/// [`reeve_engine::CALL_SECONDS_MAX`], so that a write has ended before the lease under which it was begun.
const LEDGER_SECONDS_MAX: u64 = 40;

/// Remembers requests in a table. Cheap to clone; must not be used from the tasks of its own runtime.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    aws: Aws,
    table: String,
}

impl DynamoLedger {
    /// A ledger in a table that is there, in the Region of `aws`.
    #[must_use]
    pub fn new(aws: Aws, table: String) -> Self {
        Self { aws, table }
    }

    fn run<T>(&self, work: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        let limited = async {
            let limit = Duration::from_secs(LEDGER_SECONDS_MAX);
            let late = |_| self.unavailable(&format!("no answer within {LEDGER_SECONDS_MAX} seconds"));
            tokio::time::timeout(limit, work).await.map_err(late)?
        };
        self.aws.run(limited)
    }

    fn unavailable(&self, why: &str) -> LedgerError {
        LedgerError::Unavailable(format!("table `{}`: {why}", self.table))
    }

    async fn renewed(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        let until = Lease::end(now);
        let update = self
            .fenced_update(lease)
            .update_expression("SET claim_until = :until, expires = :expires")
            .expression_attribute_values(":until", item::number(until.as_second()))
            .expression_attribute_values(":expires", item::number(later(until, UNFINISHED_SECONDS).as_second()));
        self.update(&update).await?.map_err(|_| LedgerError::Lost)?;
        Ok(Lease { until, ..lease.clone() })
    }

    async fn given_back(&self, lease: &Lease) -> Result<(), LedgerError> {
        let update = self
            .fenced_update(lease)
            .update_expression("SET claim_phase = :given_back")
            .condition_expression("claim_token = :token AND claim_phase IN (:held, :given_back)")
            .expression_attribute_values(":given_back", item::text(item::GIVEN_BACK));
        self.update(&update).await?.map(|_| ()).map_err(|_| LedgerError::Lost)
    }
}

impl Ledger for DynamoLedger {
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        self.run(self.claimed(key, body, now))
    }

    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        self.run(self.renewed(lease, now))
    }

    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError> {
        self.run(self.begun(lease, begin, now))
    }

    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        self.run(self.noted(lease, step, name, value))
    }

    fn settle(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.run(self.settled(lease, settled, released, now))
    }

    fn release(&self, lease: &Lease) -> Result<(), LedgerError> {
        self.run(self.given_back(lease))
    }

    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        self.run(self.holdings(scope, names))
    }
}
