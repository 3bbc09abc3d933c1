//! Calls to the table: what is tried again, and what a refusal means.

use super::DynamoLedger;
use super::item::{CLAIM, HELD, Item, item, number, request_key, text};
use crate::failure::failure;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use reeve_engine::{Lease, LedgerError};
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Tries of a call that another transaction is in the way of. With the pauses below they last some 10 seconds.
const TRIES_MAX: u32 = 12;
/// First pause, milliseconds: a transaction of DynamoDB takes about as long. Doubled with each try.
const PAUSE_MS: u64 = 20;
/// Longest pause, milliseconds.
const PAUSE_MS_MAX: u64 = 1_500;

/// What is true of the claim under a lease that is neither lost, given back nor ended.
pub(super) const FENCED: &str = "claim_token = :token AND claim_phase = :held";

/// A condition was not met. The item as it is, empty when there is none.
#[derive(Debug)]
pub(super) struct Unmet(pub(super) Item);

/// 128 bits that no other call has. The standard library seeds each thread's hasher from the system's randomness and
/// never gives out the same one twice.
pub(super) fn unique() -> String {
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(0_u8), state.hash_one(1_u8))
}

/// Waits before another try: up to the doubled pause, at least half of it, so that those who collided part.
pub(super) async fn pause(tries: u32) {
    let full = PAUSE_MS.saturating_mul(1 << tries.min(16)).min(PAUSE_MS_MAX);
    let jitter = RandomState::new().hash_one(tries) % (full / 2).max(1);
    tokio::time::sleep(Duration::from_millis(full / 2 + jitter)).await;
}

/// Makes a call again while another transaction is in its way. The SDK tries again what is throttled or lost.
async fn past_conflicts<T, E: ProvideErrorMetadata>(
    call: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, SdkError<E, HttpResponse>> {
    let mut tries = 1;
    loop {
        let result = call().await;
        let conflict = result.as_ref().is_err_and(|error| error.code() == Some("TransactionConflictException"));
        if !conflict || tries == TRIES_MAX {
            return result;
        }
        pause(tries).await;
        tries += 1;
    }
}

/// What a cancelled transaction comes to.
#[derive(Debug, PartialEq)]
enum Cancelled {
    /// A condition was not met, and nothing hides another that would count more.
    Unmet,
    /// Something that passes.
    Again,
    /// AWS does not take it.
    Never,
}

/// Reads the reasons. That the first condition, the fence, is not met is decisive; others count only when no item of the
/// transaction was busy, since a busy item hides its condition.
fn cancelled(reasons: &[CancellationReason]) -> Cancelled {
    let unmet = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let busy = |reason: &CancellationReason| {
        matches!(reason.code(), Some("TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError"))
    };
    let other =
        |reason: &CancellationReason| !unmet(reason) && !busy(reason) && !matches!(reason.code(), None | Some("None"));
    if reasons.first().is_some_and(unmet) {
        Cancelled::Unmet
    } else if reasons.iter().any(other) {
        Cancelled::Never
    } else if reasons.iter().any(busy) {
        Cancelled::Again
    } else if reasons.iter().any(unmet) {
        Cancelled::Unmet
    } else {
        Cancelled::Never
    }
}

impl DynamoLedger {
    /// An error that is no answer about the item.
    pub(super) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> LedgerError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.unavailable(&failure(error).to_string())
    }

    /// An item that this ledger did not write, or only in part.
    pub(super) fn unreadable(&self, pk: &str, sk: &str) -> LedgerError {
        self.unavailable(&format!("the item `{}` `{}` cannot be read", pk.escape_debug(), sk.escape_debug()))
    }

    /// An update of a lease's claim under the fence; what it sets is to be added.
    pub(super) fn fenced_update(&self, lease: &Lease) -> UpdateItemFluentBuilder {
        self.aws
            .dynamodb()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item(&request_key(&lease.key), CLAIM)))
            .condition_expression(FENCED)
            .expression_attribute_values(":token", number(lease.token))
            .expression_attribute_values(":held", text(HELD))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// The same as the first item of a transaction.
    pub(super) fn fenced_item(&self, lease: &Lease) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(item(&request_key(&lease.key), CLAIM)))
            .condition_expression(FENCED)
            .expression_attribute_values(":token", number(lease.token))
            .expression_attribute_values(":held", text(HELD))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Makes an update; what it returns are the attributes that it was asked to return.
    pub(super) async fn update(&self, call: &UpdateItemFluentBuilder) -> Result<Result<Item, Unmet>, LedgerError> {
        match past_conflicts(async || call.clone().send().await).await {
            Ok(output) => Ok(Ok(output.attributes.unwrap_or_default())),
            Err(error) => self.unmet(error, |error| {
                if let UpdateItemError::ConditionalCheckFailedException(unmet) = error { Some(unmet) } else { None }
            }),
        }
    }

    /// Puts an item on a condition.
    pub(super) async fn put(&self, call: &PutItemFluentBuilder) -> Result<Result<Item, Unmet>, LedgerError> {
        match past_conflicts(async || call.clone().send().await).await {
            Ok(_) => Ok(Ok(Item::new())),
            Err(error) => self.unmet(error, |error| {
                if let PutItemError::ConditionalCheckFailedException(unmet) = error { Some(unmet) } else { None }
            }),
        }
    }

    fn unmet<E>(
        &self,
        error: SdkError<E, HttpResponse>,
        condition: impl Fn(E) -> Option<ConditionalCheckFailedException>,
    ) -> Result<Result<Item, Unmet>, LedgerError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let told = self.failed(&error);
        let SdkError::ServiceError(service) = error else { return Err(told) };
        let unmet = condition(service.into_err()).ok_or(told)?;
        Ok(Err(Unmet(unmet.item.unwrap_or_default())))
    }

    /// Makes a transaction. When a condition is not met: for each item of the transaction, whether it was that one's.
    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Vec<Option<Unmet>>>, LedgerError> {
        // One token for all tries: DynamoDB then makes the transaction once, also where an answer was lost.
        let call =
            self.aws.dynamodb().transact_write_items().set_transact_items(Some(items)).client_request_token(unique());
        let mut tries = 1;
        loop {
            let error = match past_conflicts(async || call.clone().send().await).await {
                Ok(_) => return Ok(Ok(())),
                Err(error) => error,
            };
            let told = self.failed(&error);
            let reasons = reasons(error).ok_or(told.clone())?;
            match cancelled(&reasons) {
                Cancelled::Unmet => return Ok(Err(reasons.into_iter().map(unmet_of).collect())),
                Cancelled::Again if tries < TRIES_MAX => pause(tries).await,
                Cancelled::Again | Cancelled::Never => return Err(told),
            }
            tries += 1;
        }
    }

    /// Reads one item, as of now.
    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>, LedgerError> {
        let call = self.aws.dynamodb().get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let output = past_conflicts(async || call.clone().send().await).await;
        Ok(output.map_err(|error| self.failed(&error))?.item)
    }
}

/// Why a transaction was cancelled, for each of its items; `None` when it failed otherwise.
fn reasons(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Option<Vec<CancellationReason>> {
    let SdkError::ServiceError(service) = error else { return None };
    if let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.into_err() {
        cancelled.cancellation_reasons
    } else {
        None
    }
}

fn unmet_of(reason: CancellationReason) -> Option<Unmet> {
    (reason.code() == Some("ConditionalCheckFailed")).then(|| Unmet(reason.item.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_weighed() {
        const UNMET: &str = "ConditionalCheckFailed";
        const BUSY: &str = "TransactionConflict";
        for (codes, expected) in [
            (&[UNMET, "None"][..], Cancelled::Unmet),
            (&[UNMET, BUSY], Cancelled::Unmet),
            (&["None", UNMET], Cancelled::Unmet),
            (&["None", UNMET, BUSY], Cancelled::Again),
            (&[BUSY, UNMET], Cancelled::Again),
            (&["None", "ThrottlingError"], Cancelled::Again),
            (&["ProvisionedThroughputExceeded", "None"], Cancelled::Again),
            (&["None", "ValidationError"], Cancelled::Never),
            (&["None", "ItemCollectionSizeLimitExceeded", BUSY], Cancelled::Never),
            (&["None", "Unheard"], Cancelled::Never),
            (&["None", "None"], Cancelled::Never),
            (&[], Cancelled::Never),
        ] {
            let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
            assert_eq!(cancelled(&reasons), expected, "{codes:?}");
        }
    }

    #[test]
    fn names_are_drawn_once() {
        let names: std::collections::BTreeSet<_> = (0..1_000).map(|_| unique()).collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.iter().all(|name| name.len() == 32), "a client request token has 1 to 36 characters");
    }
}
