//! From a permit to outcomes: each action once, in order, with notes that survive a crash.

use crate::ledger::CALL_SECONDS_MAX;
use crate::{Execute, Journal, LEASE_SECONDS, Lease, Ledger, LedgerError, Progress, Step, Stop, Story, Work};
use reeve_model::{AccountId, Outcome, Permit, State, Timestamp};
use std::collections::BTreeMap;

/// The note that holds an action's outcome once it has one.
const OUTCOME: &str = "outcome";

/// A claim that is being worked on.
pub(crate) struct Desk<'a> {
    pub(crate) ledger: &'a dyn Ledger,
    pub(crate) clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    pub(crate) lease: Lease,
    pub(crate) progress: Progress,
}

impl Desk<'_> {
    /// Holds the lease for longer than one call may take.
    pub(crate) fn hold(&mut self) -> Result<(), LedgerError> {
        let now = (self.clock)();
        if self.lease.until.as_second() - now.as_second() <= CALL_SECONDS_MAX {
            self.lease = self.ledger.renew(&self.lease, now)?;
        }
        Ok(())
    }

    /// Whether an earlier try has written anything down of an action: then it may have been made.
    pub(crate) fn tried(&self, round: u32, index: usize) -> bool {
        self.progress.notes.contains_key(&step(round, index))
    }

    /// What is known of the actions of a round that is not gone on with: what was noted, and for what was tried without
    /// an outcome, `lost`. None when nothing was tried.
    pub(crate) fn remembered(&self, round: u32, count: usize, lost: &Outcome) -> Option<Vec<Outcome>> {
        let of = |index: usize| match self.progress.notes.get(&step(round, index)) {
            None => Outcome::of(State::Skipped),
            Some(notes) => notes.get(OUTCOME).and_then(|text| read(text)).unwrap_or_else(|| lost.clone()),
        };
        (0..count).any(|index| self.tried(round, index)).then(|| (0..count).map(of).collect())
    }

    /// Makes every action of a permitted story, in order, and proves what is to be proven. What has failed for good
    /// ends the request: what follows is skipped.
    pub(crate) fn perform(&mut self, execute: &dyn Execute, permit: &Permit, story: &mut Story) -> Result<(), Stop> {
        let Some(sender) = story.sender.as_ref().map(|sender| sender.account.clone()) else { return Ok(()) };
        let count = permit.actions().len();
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(count);
        let mut proof = None;
        for index in 0..count {
            if outcomes.last().is_some_and(|last| !last.succeeded()) {
                outcomes.push(Outcome::of(State::Skipped));
                continue;
            }
            outcomes.push(self.one(execute, permit, story.round, index, &sender)?);
            let due = story.probe.as_ref().filter(|probe| probe.after == index);
            if let Some(probe) = due.filter(|_| outcomes.iter().all(Outcome::succeeded)) {
                // The probe's notes stand behind those of the actions.
                let step = step(story.round, count);
                proof = Some(self.noted(step, |journal| execute.probe(probe, journal))?);
            }
        }
        story.outcomes = Some(outcomes);
        story.proof = proof;
        Ok(())
    }

    fn one(
        &mut self,
        execute: &dyn Execute,
        permit: &Permit,
        round: u32,
        index: usize,
        sender: &AccountId,
    ) -> Result<Outcome, Stop> {
        let work = Work { permit, index, sender };
        self.noted(step(round, index), |journal| execute.perform(&work, journal))
    }

    /// The outcome of a step: as noted by an earlier try, or made now and noted.
    fn noted(
        &mut self,
        step: Step,
        make: impl FnOnce(&mut dyn Journal) -> Result<Outcome, Stop>,
    ) -> Result<Outcome, Stop> {
        let notes = self.progress.notes.remove(&step).unwrap_or_default();
        if let Some(outcome) = notes.get(OUTCOME).and_then(|text| read(text)) {
            return Ok(outcome);
        }
        let mut journal = Notes { desk: self, step, notes };
        journal.hold()?;
        let outcome = make(&mut journal)?;
        journal.note(OUTCOME, &reeve_json::canonical(&outcome.to_json()))?;
        Ok(outcome)
    }
}

fn step(round: u32, index: usize) -> Step {
    Step { round, action: u32::try_from(index).unwrap_or(u32::MAX) }
}

fn read(text: &str) -> Option<Outcome> {
    Outcome::from_json(&crate::replay::parse_own(text)?)
}

struct Notes<'a, 'b> {
    desk: &'a mut Desk<'b>,
    step: Step,
    notes: BTreeMap<String, String>,
}

impl Journal for Notes<'_, '_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.notes.get(name).map(String::as_str)
    }

    fn note(&mut self, name: &str, value: &str) -> Result<(), LedgerError> {
        self.desk.ledger.note(&self.desk.lease, self.step, name, value)?;
        self.notes.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn hold(&mut self) -> Result<(), LedgerError> {
        self.desk.hold()
    }
}

// A call that starts under a lease ends before the lease does.
const _: () = assert!(CALL_SECONDS_MAX < LEASE_SECONDS);
