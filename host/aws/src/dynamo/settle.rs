//! Ending a request, and reading how it ended.

use super::DynamoLedger;
use super::call::{FENCED, Unmet};
use super::item::{
    CLAIM, ENDED, Item, holding_key, item, number, number_of, progress_prefix, request_key, text, text_of,
};
use super::round::TRANSACTION_ITEMS_MAX;
use super::text::Part;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, ReturnValue, TransactWriteItem};
use reeve_engine::ledger::{SETTLED_SECONDS, later};
use reeve_engine::{Holding, Lease, LedgerError, Settled};
use reeve_model::{Digest, Timestamp};
use std::collections::BTreeSet;

/// What an end writes into the claim.
#[derive(Debug)]
struct End {
    expression: String,
    values: Item,
}

impl End {
    /// An answer as attributes, and when it expires.
    fn new(answer: &Item, expires: i64) -> Self {
        let mut expression = "SET claim_phase = :ended, expires = :expires".to_owned();
        let mut values = Item::from([(":ended".to_owned(), text(ENDED)), (":expires".to_owned(), number(expires))]);
        for (name, value) in answer {
            expression.push_str(&format!(", {name} = :{name}"));
            values.insert(format!(":{name}"), value.clone());
        }
        Self { expression, values }
    }
}

/// An answer as attributes, and its parts when it is long.
fn answer_items(pk: &str, settled: &Settled, expires: i64) -> (Item, Vec<Item>) {
    let pages = settled.reply.iter().map(|page| number(page.len())).collect();
    let mut answer = Item::from([
        ("answer_permitted".to_owned(), AttributeValue::Bool(settled.permitted)),
        ("answer_receipt".to_owned(), text(settled.receipt.as_str())),
        ("page_bytes".to_owned(), AttributeValue::L(pages)),
    ]);
    let mut parts = super::text::set(&settled.reply.concat(), pk, "reply ", &mut answer);
    for part in &mut parts {
        part.insert("expires".to_owned(), number(expires));
    }
    (answer, parts)
}

/// Reads an answer back; `None` when it is not whole.
fn read_answer(item: &Item, parts: &[Part<'_>]) -> Option<Settled> {
    let whole = super::text::join(item, parts)?;
    let mut rest = whole.as_str();
    let mut reply = Vec::new();
    for bytes in item.get("page_bytes")?.as_l().ok()? {
        let (page, after) = rest.split_at_checked(bytes.as_n().ok()?.parse().ok()?)?;
        reply.push(page.to_owned());
        rest = after;
    }
    let permitted = *item.get("answer_permitted")?.as_bool().ok()?;
    let receipt = Digest::parse(text_of(item, "answer_receipt")?)?;
    rest.is_empty().then_some(Settled { permitted, receipt, reply })
}

/// A holding to give up: scope, name, value.
type Given<'a> = (&'a str, &'a str, &'a str);

impl DynamoLedger {
    /// How a request has ended.
    pub(super) async fn answer(&self, pk: &str) -> Result<Settled, LedgerError> {
        let there = self.get(item(pk, CLAIM)).await?.unwrap_or_default();
        let long = !there.contains_key("long_text");
        let parts = if long { self.query(pk, "reply ", false).await? } else { Vec::new() };
        let parts: Vec<_> = parts.iter().filter_map(Part::read).collect();
        read_answer(&there, &parts).ok_or_else(|| self.unreadable(pk, CLAIM))
    }

    pub(super) async fn settled(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let pk = request_key(&lease.key);
        let expires = later(now, SETTLED_SECONDS).as_second();
        let (answer, parts) = answer_items(&pk, settled, expires);
        self.put_all(parts).await?;
        let end = End::new(&answer, expires);
        let released: BTreeSet<Given<'_>> = released
            .iter()
            .map(|holding| (holding.scope.as_str(), holding.name.as_str(), holding.value.as_str()))
            .collect();
        let ended = if released.is_empty() {
            self.end(lease, &end).await?
        } else {
            self.end_giving_up(lease, &end, released.into_iter().collect()).await?
        };
        match ended {
            Ok(true) => self.clear_away(&pk, lease.token).await,
            Ok(false) => {}
            Err(Unmet(there)) => {
                let there = self.or_read(there, item(&pk, CLAIM)).await?;
                // An earlier try of ours, whose answer was lost, has written just this.
                let ours = number_of(&there, "claim_token") == Some(lease.token)
                    && text_of(&there, "claim_phase") == Some(ENDED)
                    && answer.iter().all(|(name, value)| there.get(name) == Some(value));
                if !ours {
                    return Err(LedgerError::Lost);
                }
                self.clear_away(&pk, lease.token).await;
            }
        }
        Ok(())
    }

    /// Ends a request that gives nothing up; the answer is whether there is progress to be cleared away.
    async fn end(&self, lease: &Lease, end: &End) -> Result<Result<bool, Unmet>, LedgerError> {
        let mut update = self.fenced_update(lease).update_expression(&end.expression);
        for (name, value) in &end.values {
            update = update.expression_attribute_values(name, value.clone());
        }
        let ended = self.update(&update.return_values(ReturnValue::AllOld)).await?;
        Ok(ended.map(|old| old.contains_key("has_progress")))
    }

    /// Ends a request together with giving up holdings. Where they do not fit into one transaction, those before the
    /// last are given up first, under the same fence: a crash between leaves a request that is ended again.
    async fn end_giving_up(
        &self,
        lease: &Lease,
        end: &End,
        mut names: Vec<Given<'_>>,
    ) -> Result<Result<bool, Unmet>, LedgerError> {
        loop {
            let batch: Vec<_> = names.iter().take(TRANSACTION_ITEMS_MAX - 1).copied().collect();
            let last = batch.len() == names.len();
            let items = || {
                let mut items = Vec::with_capacity(batch.len() + 1);
                items.push(if last { self.end_item(lease, end)? } else { self.progressed(lease)? });
                for given in &batch {
                    items.push(self.give_up(lease, given)?);
                }
                Ok(items)
            };
            let items = items().map_err(|error: BuildError| self.unavailable(&error.to_string()))?;
            let Err(unmet) = self.transact(items).await? else {
                names.drain(..batch.len());
                if last {
                    return Ok(Ok(true));
                }
                continue;
            };
            let mut unmet = unmet.into_iter();
            if let Some(fence) = unmet.next().flatten() {
                return Ok(Err(fence));
            }
            // What others hold is left alone.
            let others: BTreeSet<_> =
                batch.iter().zip(unmet).filter(|(_, unmet)| unmet.is_some()).map(|(name, _)| *name).collect();
            names.retain(|name| !others.contains(name));
        }
    }

    fn end_item(&self, lease: &Lease, end: &End) -> Result<TransactWriteItem, BuildError> {
        let mut update = self.fenced_item(lease).update_expression(&end.expression).condition_expression(FENCED);
        for (name, value) in &end.values {
            update = update.expression_attribute_values(name, value.clone());
        }
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn give_up(&self, lease: &Lease, (scope, name, value): &Given<'_>) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(holding_key(scope, name)))
            .condition_expression("attribute_not_exists(pk) OR (owner_account = :owner AND made_value = :value)")
            .expression_attribute_values(":owner", text(lease.key.account.as_str()))
            .expression_attribute_values(":value", text(*value))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Deletes plans and notes of a request that has ended. Nobody reads them any more, so what is left when this fails
    /// waits for its time to live.
    async fn clear_away(&self, pk: &str, token: u64) {
        let clear = async || self.delete_all(self.query(pk, &progress_prefix(token), true).await?).await;
        if let Err(error) = clear().await {
            tracing::debug!(%error, "progress of an ended request was left behind");
        }
    }
}
