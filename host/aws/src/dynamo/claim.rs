//! Claiming a request: the first claim, taking over, and what an earlier holder has written down.

use super::DynamoLedger;
use super::call::Unmet;
use super::call::{pause, unique};
use super::item::{
    CLAIM, CLAIM_BITS, HELD, Item, Phase, Row, first_token, item, number, number_of, progress_prefix, request_key,
    text, text_of,
};
use super::text::Part;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use reeve_engine::ledger::{UNFINISHED_SECONDS, later};
use reeve_engine::{Claim, Lease, LedgerError, LedgerKey, Progress, Step};
use reeve_model::{Digest, Timestamp};

/// Tries of a claim that others change the item under. Whoever changes it holds it afterwards, so the second try answers.
const CLAIM_TRIES_MAX: u32 = 5;

impl DynamoLedger {
    pub(super) async fn claimed(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        // By this name a claim is recognised whose answer was lost.
        let holder = unique();
        let pk = request_key(key);
        let until = Lease::end(now);
        let lease = |token| Lease { key: key.clone(), token, until };
        for tries in 1..=CLAIM_TRIES_MAX {
            let token = first_token(now, 0);
            let put = self.first_claim(key, body, &holder, token, until);
            let Err(Unmet(item)) = self.put(&put.condition_expression("attribute_not_exists(pk)")).await? else {
                return Ok(Claim::Taken { lease: lease(token), progress: Progress::default() });
            };
            let Some(row) = self.row(&pk, item).await? else { continue };
            let took = if row.holder == holder {
                Some(row.token)
            } else if row.expires <= now.as_second() {
                let token = first_token(now, row.token);
                let put = self.first_claim(key, body, &holder, token, until);
                let put = put
                    .condition_expression("claim_token = :old AND claim_holder = :holder AND expires = :expires")
                    .expression_attribute_values(":old", number(row.token))
                    .expression_attribute_values(":holder", text(&row.holder))
                    .expression_attribute_values(":expires", number(row.expires));
                self.put(&put).await?.ok().map(|_| token)
            } else if row.body != body.as_str() {
                return Ok(Claim::Different);
            } else {
                match row.phase {
                    Phase::Ended => return self.answer(&pk).await.map(Claim::Settled),
                    Phase::Held if row.until > now.as_second() => {
                        let until = Timestamp::from_second(row.until).unwrap_or(Timestamp::MAX);
                        return Ok(Claim::Busy { until });
                    }
                    Phase::Held | Phase::GivenBack => self.take_over(&pk, &row, &holder, until).await?,
                }
            };
            if let Some(token) = took {
                let progress = self.progress(&pk, token).await?;
                return Ok(Claim::Taken { lease: lease(token), progress });
            }
            pause(tries).await;
        }
        Err(self.unavailable("others claim the same request all the time"))
    }

    /// The claim item that a condition was not met by. Read again where the answer does not have it.
    async fn row(&self, pk: &str, there: Item) -> Result<Option<Row>, LedgerError> {
        let there = if there.is_empty() { self.get(item(pk, CLAIM)).await? } else { Some(there) };
        there.map(|item| Row::read(&item).ok_or_else(|| self.unreadable(pk, CLAIM))).transpose()
    }

    fn first_claim(
        &self,
        key: &LedgerKey,
        body: &Digest,
        holder: &str,
        token: u64,
        until: Timestamp,
    ) -> PutItemFluentBuilder {
        let mut item = item(&request_key(key), CLAIM);
        let mut set = |name: &str, value| item.insert(name.to_owned(), value);
        set("body_digest", text(body.as_str()));
        set("claim_token", number(token));
        set("claim_holder", text(holder));
        set("claim_phase", text(HELD));
        set("claim_until", number(until.as_second()));
        set("expires", number(later(until, UNFINISHED_SECONDS).as_second()));
        self.aws
            .dynamodb()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Takes over a request as it was seen; the token, when nobody was faster.
    async fn take_over(&self, pk: &str, row: &Row, holder: &str, until: Timestamp) -> Result<Option<u64>, LedgerError> {
        let token = row.token + 1;
        if token.trailing_zeros() >= CLAIM_BITS {
            return Err(self.unavailable("a request was claimed a million times"));
        }
        let seen = "claim_token = :old AND claim_phase <> :ended AND claim_until = :old_until";
        let update = self.aws.dynamodb().update_item().table_name(&self.table).set_key(Some(item(pk, CLAIM)));
        let update = update
            .update_expression(
                "SET claim_token = :token, claim_holder = :holder, claim_phase = :held, claim_until = :until, \
                 expires = :expires",
            )
            .condition_expression(seen)
            .expression_attribute_values(":old", number(row.token))
            .expression_attribute_values(":old_until", number(row.until))
            .expression_attribute_values(":ended", text(super::item::ENDED))
            .expression_attribute_values(":token", number(token))
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":until", number(until.as_second()))
            .expression_attribute_values(":expires", number(later(until, UNFINISHED_SECONDS).as_second()));
        Ok(self.update(&update).await?.ok().map(|_| token))
    }

    /// What was written down in the era of a token. Nobody writes any more: the token is the newest.
    async fn progress(&self, pk: &str, token: u64) -> Result<Progress, LedgerError> {
        let prefix = progress_prefix(token);
        let items = self.query(pk, &prefix, false).await?;
        let (mut progress, mut parts, mut plans) = (Progress::default(), Vec::new(), Vec::new());
        for item in &items {
            let sk = text_of(item, "sk").unwrap_or_default();
            let unreadable = || self.unreadable(pk, sk);
            let what = sk.strip_prefix(&prefix).unwrap_or_default();
            if what.starts_with("note ") {
                let step = || Some(Step { round: number_of(item, "round")?, action: number_of(item, "action")? });
                let step = step().ok_or_else(unreadable)?;
                let name = text_of(item, "note_name").ok_or_else(unreadable)?;
                let value = text_of(item, "note_value").ok_or_else(unreadable)?;
                progress.notes.entry(step).or_default().insert(name.to_owned(), value.to_owned());
            } else if what.starts_with("plan ") {
                plans.push((number_of(item, "round").ok_or_else(unreadable)?, item));
            } else {
                parts.push(Part::read(item).ok_or_else(unreadable)?);
            }
        }
        for (round, item) in plans {
            let plan = super::text::join(item, &parts).ok_or_else(|| self.unreadable(pk, &prefix))?;
            progress.plans.insert(round, plan);
        }
        Ok(progress)
    }
}
