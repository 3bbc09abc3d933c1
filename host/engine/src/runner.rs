//! A gate at work: every delivery ends in a receipt and an answer, and every permitted request in one effect.
//!
//! The order is what makes a crash harmless: claim, judge, write the plan down, act with notes, keep the receipt, settle
//! the claim, reply. Whatever is cut off is done again from the last note by whoever gets the message next.

use crate::brakes::held_by_another;
use crate::known::{Holdings, KnownFacts};
use crate::perform::Desk;
use crate::replay::ReceiptFacts;
use crate::{
    Begin, Claim, Delivery, Execute, Gate, Held, Holding, Ledger, LedgerKey, Receipts, Replies, Settled, Stop, Story,
    reply,
};
use reeve_model::{AccountId, Code, Decision, Digest, FailureClass, Nonce, Outcome, Permit, Refusal, Timestamp};
use std::collections::BTreeSet;

/// Most rounds of planning of one request: make the zone, then delegate it.
pub const ROUNDS_MAX: u32 = 2;

/// A gate with everything that it keeps and sends.
pub struct Runner {
    /// The gate.
    pub gate: Gate,
    /// Remembers requests.
    pub ledger: Box<dyn Ledger>,
    /// Keeps receipts.
    pub receipts: Box<dyn Receipts>,
    /// Sends replies; none sends none.
    pub replies: Option<Box<dyn Replies>>,
    /// Makes changes; none is a dry run.
    pub execute: Option<Box<dyn Execute>>,
    /// The time.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("gate", &self.gate).field("dry", &self.execute.is_none()).finish_non_exhaustive()
    }
}

/// How a delivery ended.
#[derive(Debug)]
pub enum Handled {
    /// It is answered, and its message can be taken off the queue: one story for each round, with its receipt's hash.
    Done(Vec<(Story, Digest)>),
    /// It is to be delivered again: nothing is lost, and nothing will be done twice.
    Again {
        /// Why.
        why: String,
        /// As far as it came.
        story: Option<Box<Story>>,
        /// When it is worth trying, if that is known.
        not_before: Option<Timestamp>,
    },
}

/// Why a delivery is not answered now.
struct Later {
    why: String,
    story: Option<Box<Story>>,
    not_before: Option<Timestamp>,
}

impl Later {
    fn new(why: impl std::fmt::Display) -> Self {
        Self { why: why.to_string(), story: None, not_before: None }
    }
}

impl Runner {
    /// Handles one delivery to its end, or says that it must come again.
    pub fn handle(&self, delivery: &Delivery) -> Handled {
        match self.answer(delivery) {
            Ok(stories) => Handled::Done(stories),
            Err(Later { why, story, not_before }) => Handled::Again { why, story, not_before },
        }
    }

    fn answer(&self, delivery: &Delivery) -> Result<Vec<(Story, Digest)>, Later> {
        let facts = KnownFacts { facts: self.gate.facts.as_ref(), ledger: self.ledger.as_ref() };
        let story = self.gate.open(delivery, (self.clock)(), &facts);
        if !story.is_open() {
            return self.unclaimed(story);
        }
        let Some((key, body)) = self.key(&story) else {
            // Unverified, and nothing can come of it but an answer: it is judged, and nothing is remembered.
            let mut story = story;
            self.gate.rule(&mut story, 0, &facts);
            return self.unclaimed(story);
        };
        match self.ledger.claim(&key, &body, story.now).map_err(Later::new)? {
            Claim::Taken { lease, progress } => {
                let (ledger, clock) = (self.ledger.as_ref(), self.clock.as_ref());
                let mut desk = Desk { ledger, clock, lease, progress };
                let ended = self.work(story, &mut desk, &facts);
                if ended.is_err() {
                    // If this fails too, the lease runs out by itself.
                    let _ = self.ledger.release(&desk.lease);
                }
                ended
            }
            Claim::Settled(settled) => self.again(story, &settled),
            Claim::Different => {
                let message = format!("nonce `{}` was used for another request", key.nonce.as_str());
                let refusal = Refusal::new(Code::NonceReuse, "/detail/nonce", message);
                let mut story = story;
                story.refuse_by_ledger(refusal.fix("write a new UUID for every request"));
                self.unclaimed(story)
            }
            Claim::Busy { until } => {
                let why = "the same request is being worked on".to_owned();
                Err(Later { why, story: Some(Box::new(story)), not_before: Some(until) })
            }
        }
    }

    /// What a request is remembered under. Requests of unverified senders have a space of their own, so that a
    /// stranger cannot use up a nonce in somebody else's name, and need it only where something can come of them.
    fn key(&self, story: &Story) -> Option<(LedgerKey, Digest)> {
        if let Some(claim) = &story.claim {
            return Some(claim.clone());
        }
        let (event, kind, nonce) = (story.event.as_ref()?, story.kind.as_ref()?, story.nonce.as_ref()?);
        self.execute.as_ref()?;
        let key = LedgerKey {
            account: event.account.clone(),
            source: event.source.clone(),
            kind: format!("{kind} unverified"),
            nonce: nonce.clone(),
        };
        Some((key, Digest::of(event.detail_canonical().as_bytes())))
    }

    /// Keeps and answers a story that no claim stands behind.
    fn unclaimed(&self, story: Story) -> Result<Vec<(Story, Digest)>, Later> {
        if story.fact_unavailable {
            return Err(unavailable(story));
        }
        let receipt = self.receipts.keep(&story).map_err(Later::new)?;
        self.send(&story, &reply::pages(&story, &receipt))?;
        Ok(vec![(story, receipt)])
    }

    /// Answers a request that has ended before: the stored answer again.
    fn again(&self, mut story: Story, settled: &Settled) -> Result<Vec<(Story, Digest)>, Later> {
        let message = format!("this request was judged before, see receipt `{}`", settled.receipt);
        let refusal = Refusal::new(Code::DuplicateSuppressed, "/detail/nonce", message);
        story.decision = Decision::repeated(settled.permitted, &refusal);
        story.ledger_refusal = Some(refusal);
        story.duplicate_of = Some(settled.receipt.clone());
        let receipt = self.receipts.keep(&story).map_err(Later::new)?;
        self.send(&story, &settled.reply)?;
        Ok(vec![(story, receipt)])
    }

    fn work(&self, story: Story, desk: &mut Desk<'_>, facts: &KnownFacts<'_>) -> Result<Vec<(Story, Digest)>, Later> {
        let mut stories: Vec<(Story, Digest)> = Vec::new();
        let mut released = Vec::new();
        for round in 0..ROUNDS_MAX {
            let mut story = story.clone();
            self.judge_round(&mut story, round, desk, facts)?;
            if let (Some(execute), true) = (self.execute.as_deref(), story.decision.permitted() && !story.dry_run_asked)
            {
                released.extend(self.act(execute, &mut story, desk)?);
            } else if desk.progress.plans.contains_key(&round) {
                released.extend(untried(&story, desk));
                let lost = "an earlier try may have made it, and it is not permitted any more";
                let lost = Outcome::failed(FailureClass::Unknown, lost);
                story.outcomes = desk.remembered(round, story.actions.len(), &lost);
            }
            let receipt = self.receipts.keep(&story).map_err(Later::new)?;
            let goes_on = story.continues && story.outcomes.is_some() && story.status() == crate::Status::Done;
            stories.push((story, receipt));
            if !goes_on {
                break;
            }
        }
        let Some((last, receipt)) = stories.last() else { return Ok(stories) };
        let reply = reply::pages(last, receipt);
        let permitted = last.decision.permitted();
        let settled = Settled { permitted, receipt: receipt.clone(), reply };
        self.ledger.settle(&desk.lease, &settled, &released, (self.clock)()).map_err(Later::new)?;
        self.send(last, &settled.reply)?;
        Ok(stories)
    }

    /// Judges a round: with the facts that an earlier try has written down, or with facts read now.
    fn judge_round(
        &self,
        story: &mut Story,
        round: u32,
        desk: &mut Desk<'_>,
        facts: &KnownFacts<'_>,
    ) -> Result<(), Later> {
        if let Some(plan) = desk.progress.plans.get(&round) {
            let recorded = ReceiptFacts::of_plan(plan).map_err(Later::new)?;
            story.late = None;
            story.now = recorded.now();
            story.sender = recorded.sender_recorded();
            self.gate.rule(story, round, &recorded);
            return Ok(());
        }
        if let Some(late) = story.late.take() {
            story.refuse(&[late]);
            return Ok(());
        }
        self.gate.rule(story, round, facts);
        if story.fact_unavailable {
            return Err(unavailable(story.clone()));
        }
        Ok(())
    }

    /// Makes the actions of a permitted round; the answer is what the sender holds no longer.
    fn act(&self, execute: &dyn Execute, story: &mut Story, desk: &mut Desk<'_>) -> Result<Vec<Holding>, Later> {
        let Some(sender) = story.sender.as_ref().map(|sender| sender.account.clone()) else { return Ok(Vec::new()) };
        let holdings = holdings(story, &sender);
        if desk.progress.plans.contains_key(&story.round) {
            if self.superseded(&holdings.taken)? {
                let lost = "a later request of the account has changed the same names";
                let lost = Outcome::failed(FailureClass::Conflict, lost);
                let count = story.actions.len();
                let none_tried = || vec![lost.clone(); count];
                story.outcomes = Some(desk.remembered(story.round, count, &lost).unwrap_or_else(none_tried));
                return Ok(Vec::new());
            }
        } else {
            let begin = Begin {
                round: story.round,
                plan: ReceiptFacts::plan(story),
                spends: self.gate.brakes.spends(&sender, &story.actions),
                holdings: holdings.taken.clone(),
            };
            desk.hold().map_err(Later::new)?;
            if let Err(held) = self.ledger.begin(&desk.lease, &begin, (self.clock)()).map_err(Later::new)? {
                story.refuse_by_ledger(match held {
                    Held::Spent { scope, spent } => self.gate.brakes.spent(&scope, spent),
                    Held::ByAnother(holding) => held_by_another(&holding),
                });
                return Ok(Vec::new());
            }
        }
        let Some(permit) = Permit::mint(&story.decision, &story.actions) else { return Ok(Vec::new()) };
        match desk.perform(execute, &permit, story) {
            Ok(()) => {}
            Err(Stop::Ledger(error)) => return Err(Later::new(error)),
            Err(Stop::Retry { class, message }) => {
                return Err(Later::new(format!("{}: {message}", class.as_str())));
            }
        }
        let outcomes = story.outcomes.as_deref().unwrap_or_default();
        let done = outcomes.iter().all(Outcome::succeeded);
        let mut released = if done { holdings.released } else { Vec::new() };
        let failed = |index: usize| outcomes.get(index).is_none_or(|outcome| !outcome.succeeded());
        released.extend(holdings.made.into_iter().filter(|(index, _)| failed(*index)).map(|(_, holding)| holding));
        Ok(released)
    }

    /// Whether somebody has taken over one of these names since this request took them.
    fn superseded(&self, taken: &[Holding]) -> Result<bool, Later> {
        let scopes: BTreeSet<&str> = taken.iter().map(|it| it.scope.as_str()).collect();
        for scope in scopes {
            let own: Vec<&Holding> = taken.iter().filter(|it| it.scope == scope).collect();
            let names = own.iter().map(|it| it.name.clone()).collect();
            let held = self.ledger.held(scope, &names).map_err(Later::new)?;
            if own.iter().any(|it| !held.contains(it)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn send(&self, story: &Story, pages: &[String]) -> Result<(), Later> {
        match (&self.replies, &story.kind) {
            (Some(replies), Some(kind)) if !pages.is_empty() => replies.send(kind, pages).map_err(Later::new),
            (_, _) => Ok(()),
        }
    }
}

/// What a story takes hold of and gives up.
fn holdings(story: &Story, sender: &AccountId) -> Holdings {
    let stamp = story.nonce.as_ref().map(Nonce::as_str).unwrap_or_default();
    let mut holdings = Holdings::of_records(sender, stamp, &story.actions, &story.world);
    let holding =
        |(scope, name, value): (String, String, String)| Holding { scope, name, value, owner: sender.clone() };
    let others: Vec<Holding> = story.holdings.iter().cloned().map(holding).collect();
    holdings.made.extend(others.iter().cloned().map(|holding| (0, holding)));
    holdings.taken.extend(others);
    holdings.released.extend(story.released.iter().cloned().map(holding));
    holdings
}

/// Of a round that was begun and is not permitted any more: what the sender took hold of and nobody has tried to make.
fn untried(story: &Story, desk: &Desk<'_>) -> Vec<Holding> {
    let Some(sender) = &story.sender else { return Vec::new() };
    let made = holdings(story, &sender.account).made;
    made.into_iter().filter(|(index, _)| !desk.tried(story.round, *index)).map(|(_, holding)| holding).collect()
}

fn unavailable(story: Story) -> Later {
    let why = story.decision.reasons().first().map(|(_, reason)| reason.message.clone()).unwrap_or_default();
    Later { why, story: Some(Box::new(story)), not_before: None }
}
