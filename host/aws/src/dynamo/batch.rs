//! Many items in one call: reading a request's items, writing and deleting parts.

use super::DynamoLedger;
use super::call::pause;
use super::item::{Item, text};
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use reeve_engine::LedgerError;

/// Writes in one BatchWriteItem (API reference).
const WRITES_MAX: usize = 25;
/// Parts of long texts in one call: as JSON some 2 MB at most, so that one try is done in its time on a slow line too.
const PARTS_MAX: usize = 2;
/// Keys in one BatchGetItem (API reference).
const READS_MAX: usize = 100;
/// Calls for what DynamoDB leaves of one batch, before it is given up.
const TRIES_MAX: u32 = 10;

impl DynamoLedger {
    /// All items of a partition whose sort key begins with `prefix`, or only their keys.
    pub(super) async fn query(&self, pk: &str, prefix: &str, keys_only: bool) -> Result<Vec<Item>, LedgerError> {
        let call = self.aws.dynamodb().query().table_name(&self.table).consistent_read(true);
        let call = call
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":prefix", text(prefix));
        let call = if keys_only { call.projection_expression("pk, sk") } else { call };
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let page = call.clone().set_exclusive_start_key(after).send().await;
            let page = page.map_err(|error| self.failed(&error))?;
            items.extend(page.items.unwrap_or_default());
            after = page.last_evaluated_key.filter(|key| !key.is_empty());
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    /// Puts parts of long texts, each on its own and without condition.
    pub(super) async fn put_all(&self, items: Vec<Item>) -> Result<(), LedgerError> {
        let put = |item| {
            let request = PutRequest::builder().set_item(Some(item)).build();
            request.map(|request| WriteRequest::builder().put_request(request).build())
        };
        let writes = items.into_iter().map(put).collect::<Result<_, _>>();
        self.write_all(writes.map_err(|error| self.unavailable(&error.to_string()))?, PARTS_MAX).await
    }

    /// Deletes the items of these keys.
    pub(super) async fn delete_all(&self, keys: Vec<Item>) -> Result<(), LedgerError> {
        let delete = |key| {
            let request = DeleteRequest::builder().set_key(Some(key)).build();
            request.map(|request| WriteRequest::builder().delete_request(request).build())
        };
        let writes = keys.into_iter().map(delete).collect::<Result<_, _>>();
        self.write_all(writes.map_err(|error| self.unavailable(&error.to_string()))?, WRITES_MAX).await
    }

    async fn write_all(&self, writes: Vec<WriteRequest>, at_once: usize) -> Result<(), LedgerError> {
        for batch in writes.chunks(at_once) {
            let mut left = batch.to_vec();
            let mut tries = 1;
            while !left.is_empty() {
                let call = self.aws.dynamodb().batch_write_item().request_items(&self.table, left);
                let output = call.send().await.map_err(|error| self.failed(&error))?;
                left = output.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                self.go_on(left.len(), &mut tries).await?;
            }
        }
        Ok(())
    }

    /// Those of the items that are there, as of now, in no order.
    pub(super) async fn get_all(&self, keys: &[Item]) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        for batch in keys.chunks(READS_MAX) {
            let mut left = batch.to_vec();
            let mut tries = 1;
            while !left.is_empty() {
                let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
                let wanted = wanted.map_err(|error| self.unavailable(&error.to_string()))?;
                let call = self.aws.dynamodb().batch_get_item().request_items(&self.table, wanted);
                let output = call.send().await.map_err(|error| self.failed(&error))?;
                items.extend(output.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
                let rest = output.unprocessed_keys.unwrap_or_default().remove(&self.table);
                left = rest.map(|rest| rest.keys).unwrap_or_default();
                self.go_on(left.len(), &mut tries).await?;
            }
        }
        Ok(items)
    }

    /// Waits before what is left of a batch is asked for again.
    async fn go_on(&self, left: usize, tries: &mut u32) -> Result<(), LedgerError> {
        if left > 0 && *tries == TRIES_MAX {
            return Err(self.unavailable(&format!("throttled: {left} items of a batch are left")));
        }
        if left > 0 {
            pause(*tries).await;
            *tries += 1;
        }
        Ok(())
    }
}
