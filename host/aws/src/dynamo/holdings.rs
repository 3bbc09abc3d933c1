//! Who holds what, and rounds with more holdings than one transaction takes.
//!
//! Such a round acquires its holdings first, a hundred at a time, each under the fence, and begins after that. What it
//! acquired anew carries a mark with the request and the round; when the round is refused, what is marked is given up and
//! what was held before gets its old value back. After a crash between, the request's next holder begins the round again
//! and finds the marks as its own; until then the names are held by the sender, so nobody else can take them.

use super::DynamoLedger;
use super::item::{Item, holding_item, holding_key, progress_prefix, read_holding, request_key, text, text_of};
use super::round::TRANSACTION_ITEMS_MAX;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::Put;
use reeve_engine::{Held, Holding, Lease, LedgerError};
use std::collections::{BTreeMap, BTreeSet};

/// Tries of one batch that other requests of the same sender change under it.
const TRIES_MAX: u32 = 4;

/// What a round has acquired before it begins.
#[derive(Debug, Default)]
pub(super) struct Acquired {
    mark: String,
    /// Not held before.
    new: Vec<Holding>,
    /// Held by the sender before, as they were.
    before: Vec<Item>,
}

impl DynamoLedger {
    /// Who holds these names, in their order.
    pub(super) async fn holdings(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        let keys: Vec<_> = names.iter().map(|name| holding_key(scope, name)).collect();
        let mut found = BTreeMap::new();
        for item in self.get_all(&keys).await? {
            let holding = read_holding(scope, &item);
            let holding = holding.ok_or_else(|| self.unreadable(scope, text_of(&item, "sk").unwrap_or_default()))?;
            found.insert(holding.name.clone(), holding);
        }
        Ok(found.into_values().collect())
    }

    /// Acquires holdings before a round begins. When one is another's, all is as it was before.
    pub(super) async fn acquire(
        &self,
        lease: &Lease,
        round: u32,
        wanted: &[&Holding],
    ) -> Result<Result<Acquired, Held>, LedgerError> {
        let mark = format!("{} {}{round}", request_key(&lease.key), progress_prefix(lease.token));
        let mut acquired = Acquired { mark, ..Acquired::default() };
        for batch in wanted.chunks(TRANSACTION_ITEMS_MAX - 1) {
            match self.acquire_batch(lease, &mut acquired, batch).await {
                Ok(None) => {}
                Ok(Some(another)) => {
                    self.give_back_acquired(&acquired).await?;
                    return Ok(Err(Held::ByAnother(another)));
                }
                Err(error) => {
                    // Whoever holds the request next goes on from here, so that a failure to give back is not told.
                    if error != LedgerError::Lost {
                        let _ = self.give_back_acquired(&acquired).await;
                    }
                    return Err(error);
                }
            }
        }
        Ok(Ok(acquired))
    }

    /// Acquires a batch, all or nothing; the answer is the first that another account holds.
    async fn acquire_batch(
        &self,
        lease: &Lease,
        acquired: &mut Acquired,
        batch: &[&Holding],
    ) -> Result<Option<Holding>, LedgerError> {
        let keys: Vec<_> = batch.iter().map(|holding| holding_key(&holding.scope, &holding.name)).collect();
        for _ in 0..TRIES_MAX {
            let there = self.get_all(&keys).await?;
            let there: BTreeMap<_, _> = there.iter().map(|item| (key_of(item), item)).collect();
            let (mut new, mut before, mut items) = (Vec::new(), Vec::new(), vec![self.progressed(lease)]);
            for (holding, key) in batch.iter().zip(&keys) {
                let there = there.get(&key_of(key)).copied();
                let owner = there.and_then(|item| text_of(item, "owner_account"));
                if let (Some(item), Some(owner)) = (there, owner)
                    && owner != holding.owner.as_str()
                {
                    let another = read_holding(&holding.scope, item);
                    return Ok(Some(another.ok_or_else(|| self.unreadable(&holding.scope, &holding.name))?));
                }
                match there.filter(|item| text_of(item, "acquired_for") != Some(&acquired.mark)) {
                    Some(item) => before.push(item.clone()),
                    None => new.push((*holding).clone()),
                }
                items.push(self.acquire_one(holding, there, &acquired.mark));
            }
            let items = items.into_iter().collect::<Result<Vec<_>, BuildError>>();
            let items = items.map_err(|error| self.unavailable(&error.to_string()))?;
            let Err(unmet) = self.transact(items).await? else {
                acquired.new.extend(new);
                acquired.before.extend(before);
                return Ok(None);
            };
            if unmet.into_iter().next().flatten().is_some() {
                return Err(LedgerError::Lost);
            }
        }
        Err(self.unavailable("the holdings of a large round change all the time"))
    }

    /// One holding as it was read: free or marked by this round, or the sender's own, which loses another's mark.
    fn acquire_one(
        &self,
        holding: &Holding,
        there: Option<&Item>,
        mark: &str,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, BuildError> {
        let mut item = holding_item(holding);
        let own = there.is_some_and(|item| text_of(item, "acquired_for") != Some(mark));
        let put = Put::builder();
        let put = if own {
            put.condition_expression("owner_account = :owner")
                .expression_attribute_values(":owner", text(holding.owner.as_str()))
        } else {
            item.insert("acquired_for".to_owned(), text(mark));
            put.condition_expression("attribute_not_exists(pk) OR acquired_for = :mark")
                .expression_attribute_values(":mark", text(mark))
        };
        self.put_in_transaction(put.set_item(Some(item)))
    }

    /// Makes undone what a round acquired that was then refused.
    pub(super) async fn give_back_acquired(&self, acquired: &Acquired) -> Result<(), LedgerError> {
        for holding in &acquired.new {
            let delete = self
                .aws
                .dynamodb()
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(holding_key(&holding.scope, &holding.name)))
                .condition_expression("acquired_for = :mark")
                .expression_attribute_values(":mark", text(&acquired.mark));
            match delete.send().await {
                Ok(_) => {}
                Err(error)
                    if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) => {
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
        for item in &acquired.before {
            let owner = text_of(item, "owner_account").unwrap_or_default();
            let put = self.aws.dynamodb().put_item().table_name(&self.table).set_item(Some(item.clone()));
            let put = put.condition_expression("owner_account = :owner");
            // Given up by another request of the sender meanwhile: it stays so.
            let _ = self.put(&put.expression_attribute_values(":owner", text(owner))).await?;
        }
        Ok(())
    }
}

/// The two keys of an item.
fn key_of(item: &Item) -> (Option<&str>, Option<&str>) {
    (text_of(item, "pk"), text_of(item, "sk"))
}
