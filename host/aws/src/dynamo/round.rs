//! Beginning a round and writing notes: what must be there before anything is called.

use super::DynamoLedger;
use super::call::Unmet;
use super::holdings::Acquired;
use super::item::{
    CLAIM, Item, Phase, Row, holding_item, holding_key, item, name_sort_key, number, number_of, plan_sort_key,
    progress_prefix, read_holding, request_key, spend_key, text,
};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use reeve_engine::ledger::{SETTLED_SECONDS, UNFINISHED_SECONDS, clock_hour, later};
use reeve_engine::{Begin, Held, Holding, Lease, LedgerError, Step};
use reeve_model::Timestamp;

/// Items in one transaction (API reference, TransactWriteItems).
pub(super) const TRANSACTION_ITEMS_MAX: usize = 100;
/// Longest note, bytes: an item may have 409,600 with all its names.
const NOTE_BYTES_MAX: usize = 380_000;
/// Longest name of a note, bytes: it is part of the sort key.
const NOTE_NAME_BYTES_MAX: usize = 512;
/// How long after its hour an amount is kept, seconds. Clocks differ by less.
const SPEND_KEPT_SECONDS: i64 = 2 * 60 * 60;

/// When progress may be deleted that nobody has cleared away: after the request itself, which is held anew for some
/// days at most.
fn progress_expires(lease: &Lease) -> i64 {
    later(lease.until, UNFINISHED_SECONDS + SETTLED_SECONDS).as_second()
}

impl DynamoLedger {
    pub(super) async fn begun(
        &self,
        lease: &Lease,
        begin: &Begin,
        now: Timestamp,
    ) -> Result<Result<(), Held>, LedgerError> {
        let held = match begin.held() {
            Ok(held) => held,
            Err(held) => return Ok(if self.begun_already(lease, begin.round).await? { Ok(()) } else { Err(held) }),
        };
        let mut wanted: Vec<&Holding> = held.into_values().collect();
        let mut acquired = Acquired::default();
        // The fence, the plan and the amounts share the transaction with the holdings.
        if wanted.len() + begin.amounts().len() + 2 > TRANSACTION_ITEMS_MAX {
            if self.begun_already(lease, begin.round).await? {
                return Ok(Ok(()));
            }
            acquired = match self.acquire(lease, begin.round, &wanted).await? {
                Ok(acquired) => acquired,
                Err(held) => return Ok(Err(held)),
            };
            wanted.clear();
        }
        let answer = self.begin_at_once(lease, begin, &wanted, now).await?;
        if answer.is_err() {
            self.give_back_acquired(&acquired).await?;
        }
        Ok(answer)
    }

    /// Whether a round was begun in this era, under a lease that is not lost.
    async fn begun_already(&self, lease: &Lease, round: u32) -> Result<bool, LedgerError> {
        let pk = request_key(&lease.key);
        let plan = self.get(item(&pk, &plan_sort_key(lease, round))).await?;
        let row = self.get(item(&pk, CLAIM)).await?.and_then(|item| Row::read(&item));
        let fenced = row.is_some_and(|row| row.token == lease.token && row.phase == Phase::Held);
        if fenced { Ok(plan.is_some()) } else { Err(LedgerError::Lost) }
    }

    /// One transaction: the fence, the plan, the amounts in order, the holdings in order.
    async fn begin_at_once(
        &self,
        lease: &Lease,
        begin: &Begin,
        wanted: &[&Holding],
        now: Timestamp,
    ) -> Result<Result<(), Held>, LedgerError> {
        let (plan, parts) = plan_items(lease, begin);
        // Parts of a long plan come before the plan that refers to them.
        self.put_all(parts).await?;
        let hour = clock_hour(now);
        let plan = Put::builder().set_item(Some(plan)).condition_expression("attribute_not_exists(pk)");
        let mut items = vec![self.progressed(lease), self.put_in_transaction(plan)];
        items.extend(begin.amounts().iter().map(|(scope, amount)| self.spend(scope, hour, *amount)));
        items.extend(wanted.iter().map(|holding| self.hold(holding)));
        let items = items.into_iter().collect::<Result<Vec<_>, _>>();
        let items = items.map_err(|error| self.unavailable(&error.to_string()))?;
        let Err(unmet) = self.transact(items).await? else { return Ok(Ok(())) };
        self.why_not(begin, wanted, unmet, now).await
    }

    /// Reads which condition of a round's transaction was not met. The fence comes first, then the plan, which says that
    /// the round was begun before.
    async fn why_not(
        &self,
        begin: &Begin,
        wanted: &[&Holding],
        unmet: Vec<Option<Unmet>>,
        now: Timestamp,
    ) -> Result<Result<(), Held>, LedgerError> {
        let mut unmet = unmet.into_iter();
        if unmet.next().flatten().is_some() {
            return Err(LedgerError::Lost);
        }
        if unmet.next().flatten().is_some() {
            return Ok(Ok(()));
        }
        for (scope, unmet) in begin.amounts().into_keys().zip(unmet.by_ref()) {
            if let Some(Unmet(there)) = unmet {
                let there = self.or_read(there, spend_key(scope, clock_hour(now))).await?;
                let spent = number_of(&there, "spent_amount").unwrap_or(0);
                return Ok(Err(Held::Spent { scope: scope.to_owned(), spent }));
            }
        }
        for (wanted, unmet) in wanted.iter().zip(unmet) {
            if let Some(Unmet(there)) = unmet {
                let there = self.or_read(there, holding_key(&wanted.scope, &wanted.name)).await?;
                let there = read_holding(&wanted.scope, &there);
                let gone = || self.unavailable(&format!("the holding `{}` changes", wanted.name.escape_debug()));
                return Ok(Err(Held::ByAnother(there.ok_or_else(gone)?)));
            }
        }
        Err(self.unavailable("a transaction was cancelled for no reason"))
    }

    /// The item that a condition was not met by, read where the answer does not have it.
    pub(super) async fn or_read(&self, there: Item, key: Item) -> Result<Item, LedgerError> {
        if there.is_empty() { Ok(self.get(key).await?.unwrap_or_default()) } else { Ok(there) }
    }

    /// The fence, which also marks that there is progress to be cleared away.
    pub(super) fn progressed(&self, lease: &Lease) -> Result<TransactWriteItem, BuildError> {
        let update = self.fenced_item(lease).update_expression("SET has_progress = :yes");
        let update = update.expression_attribute_values(":yes", aws_sdk_dynamodb::types::AttributeValue::Bool(true));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// A put as an item of a transaction, which says what it was refused by.
    pub(super) fn put_in_transaction(&self, put: PutBuilder) -> Result<TransactWriteItem, BuildError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let put = put.table_name(&self.table).return_values_on_condition_check_failure(old).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn spend(&self, scope: &str, hour: i64, (amount, hourly_max): (u64, u32)) -> Result<TransactWriteItem, BuildError> {
        // Below zero when the amount alone is too much: then no counter, not even none, has room.
        let room = i64::from(hourly_max) - i64::try_from(amount).unwrap_or(i64::MAX);
        let fits = if room < 0 {
            "spent_amount <= :room"
        } else {
            "attribute_not_exists(spent_amount) OR spent_amount <= :room"
        };
        let expires = (hour + 1) * 60 * 60 + SPEND_KEPT_SECONDS;
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(spend_key(scope, hour)))
            .update_expression("ADD spent_amount :amount SET expires = :expires")
            .condition_expression(fits)
            .expression_attribute_values(":amount", number(amount))
            .expression_attribute_values(":room", number(room))
            .expression_attribute_values(":expires", number(expires))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn hold(&self, holding: &Holding) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().set_item(Some(holding_item(holding)));
        let put = put.condition_expression("attribute_not_exists(pk) OR owner_account = :owner");
        self.put_in_transaction(put.expression_attribute_values(":owner", text(holding.owner.as_str())))
    }

    pub(super) async fn noted(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        if name.len() > NOTE_NAME_BYTES_MAX || value.len() > NOTE_BYTES_MAX {
            return Err(self.unavailable(&format!("the note `{}` is too long", name.escape_debug())));
        }
        let Step { round, action } = step;
        let end = name_sort_key(name);
        let sk = format!("{}note {round:010} {action:010} {end}", progress_prefix(lease.token));
        let mut note = item(&request_key(&lease.key), &sk);
        note.insert("round".to_owned(), number(round));
        note.insert("action".to_owned(), number(action));
        note.insert("note_name".to_owned(), text(name));
        note.insert("note_value".to_owned(), text(value));
        note.insert("expires".to_owned(), number(progress_expires(lease)));
        let items = || {
            let put = Put::builder().set_item(Some(note)).table_name(&self.table).build()?;
            Ok(vec![self.progressed(lease)?, TransactWriteItem::builder().put(put).build()])
        };
        let items = items().map_err(|error: BuildError| self.unavailable(&error.to_string()))?;
        self.transact(items).await?.map_err(|_| LedgerError::Lost)
    }
}

/// The item of a round's plan, and its parts when it is long.
fn plan_items(lease: &Lease, begin: &Begin) -> (Item, Vec<Item>) {
    let pk = request_key(&lease.key);
    let expires = number(progress_expires(lease));
    let mut plan = item(&pk, &plan_sort_key(lease, begin.round));
    plan.insert("round".to_owned(), number(begin.round));
    plan.insert("expires".to_owned(), expires.clone());
    let prefix = format!("{}text ", progress_prefix(lease.token));
    let mut parts = super::text::set(&begin.plan, &pk, &prefix, &mut plan);
    for part in &mut parts {
        part.insert("expires".to_owned(), expires.clone());
    }
    (plan, parts)
}
