//! Many requests for one hosted zone become few calls, with an outcome for each request.
//!
//! There is no worker of its own: of the threads that wait for a zone, whichever finds it free makes the next call for
//! all. So a zone that nobody asks for costs nothing, and there is nothing to start, to drain or to stop. One call at a
//! time is in flight per zone, because Route 53 refuses a second one (PriorRequestNotComplete).

use super::compare::Existing;
use super::lane::{Entry, Fate, Lane, Sent, settle};
use crate::failure::Failure;
use reeve_engine::LedgerError;
use reeve_engine::execute::Journal;
use reeve_model::action::RecordSetChange;
use reeve_model::{DnsName, FailureClass};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting request holds its lease.
const HOLD_EVERY: Duration = Duration::from_secs(2);
/// Oldest hold under which a request is sent. A call may take 40 s (`client::OPERATION_SECONDS_MAX`), and a hold is good
/// for `engine::CALL_SECONDS_MAX`, 45 s.
pub(crate) const HELD_MAX: Duration = Duration::from_secs(4);
/// How long a request waits in the queue, at most. The message is then given back: its visibility must not run out.
const QUEUED_MAX: Duration = Duration::from_secs(120);
/// How long the next caller lets requests gather when the call before carried several. A call takes Route 53 some
/// 100 ms, so that under load this costs little and without load nothing.
const LINGER: Duration = Duration::from_millis(5);

/// Calls of one zone. A fake stands in for it in tests.
pub(crate) trait Transport {
    /// Waits until one more call keeps the account below its limit.
    fn ready(&self);

    /// Sends one batch.
    fn change(&self, changes: &[&RecordSetChange]) -> Sent;

    /// Reads all record sets of these names.
    fn current(&self, names: &BTreeSet<DnsName>) -> Result<Vec<Existing>, Failure>;

    /// Waits after a request was sent `tries` times, longer each time and at random.
    fn pause(&self, tries: u32);
}

/// How many calls were made for how many requests since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoalescerStats {
    /// Calls of ChangeResourceRecordSets.
    pub calls: u64,
    /// Requests that they carried.
    pub requests: u64,
}

/// The queues of all zones.
#[derive(Debug, Default)]
pub(crate) struct Coalescer {
    zones: Mutex<HashMap<String, Arc<Zone>>>,
    calls: AtomicU64,
    requests: AtomicU64,
}

#[derive(Debug, Default)]
struct Zone {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lane: Lane,
    next: u64,
    /// Requests that somebody waits for; the zone is forgotten when there are none.
    awaited: BTreeSet<u64>,
    /// Whether somebody is calling.
    busy: bool,
    /// Requests in the call before.
    batch_before: usize,
    done: HashMap<u64, Fate>,
}

impl Coalescer {
    /// Makes a request's changes with others' and waits for its own outcome. `uncertain` says that an earlier try may
    /// have made them.
    ///
    /// # Errors
    /// When the lease is lost. What is in flight then is not known; the next holder looks.
    pub(crate) fn change(
        &self,
        zone_id: &str,
        transport: &dyn Transport,
        changes: &[RecordSetChange],
        uncertain: bool,
        journal: &mut dyn Journal,
    ) -> Result<Fate, LedgerError> {
        journal.hold()?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (zone, id) = self.enter(zone_id, changes, uncertain);
        let fate = self.wait(&zone, id, transport, journal);
        self.leave(zone_id, &zone, id);
        fate
    }

    /// Calls and requests so far.
    pub(crate) fn stats(&self) -> CoalescerStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CoalescerStats { calls: read(&self.calls), requests: read(&self.requests) }
    }

    fn enter(&self, zone_id: &str, changes: &[RecordSetChange], uncertain: bool) -> (Arc<Zone>, u64) {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let zone = Arc::clone(zones.entry(zone_id.to_owned()).or_default());
        let mut state = zone.lock();
        state.next += 1;
        let id = state.next;
        state.awaited.insert(id);
        state.lane.push(Entry::new(id, changes.to_vec(), uncertain, Instant::now()));
        drop(state);
        (zone, id)
    }

    fn leave(&self, zone_id: &str, zone: &Zone, id: u64) {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = zone.lock();
        state.awaited.remove(&id);
        state.lane.remove(id);
        state.done.remove(&id);
        if state.awaited.is_empty() {
            zones.remove(zone_id);
        }
        drop(state);
        zone.changed.notify_all();
    }

    fn wait(
        &self,
        zone: &Zone,
        id: u64,
        transport: &dyn Transport,
        journal: &mut dyn Journal,
    ) -> Result<Fate, LedgerError> {
        let since = Instant::now();
        let mut held = since;
        let mut state = zone.lock();
        loop {
            if let Some(fate) = state.done.remove(&id) {
                return Ok(fate);
            }
            if since.elapsed() > QUEUED_MAX && state.lane.remove(id) {
                let message = "too many requests wait for this hosted zone".to_owned();
                return Ok(Fate::Retry(Failure { class: FailureClass::Transient, code: None, message }));
            }
            if held.elapsed() >= HOLD_EVERY {
                drop(state);
                journal.hold()?;
                held = Instant::now();
                state = zone.lock();
                if let Some(entry) = state.lane.find(id) {
                    entry.held = held;
                }
                continue;
            }
            if !state.busy {
                state.busy = true;
                drop(state);
                let turn = Turn::new(zone);
                transport.ready();
                journal.hold()?;
                held = Instant::now();
                turn.held(id, held);
                let called = self.lead(&turn, transport);
                drop(turn);
                state = zone.lock();
                if called {
                    continue;
                }
            }
            let waited = zone.changed.wait_timeout(state, HOLD_EVERY.saturating_sub(held.elapsed()));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes one call for those who wait; whether there was anybody to make it for.
    fn lead(&self, turn: &Turn<'_>, transport: &dyn Transport) -> bool {
        let gathering = {
            let state = turn.zone.lock();
            state.batch_before > 1 && state.lane.len() < state.batch_before
        };
        if gathering {
            std::thread::sleep(LINGER);
        }
        let Some(batch) = turn.take() else { return false };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let changes: Vec<&RecordSetChange> = batch.iter().flat_map(|entry| &entry.changes).collect();
        let sent = transport.change(&changes);
        let verdicts = settle(batch, sent, |names| transport.current(names));
        let pause = verdicts.pause;
        turn.land(verdicts.done, verdicts.again);
        if let Some(tries) = pause {
            transport.pause(tries);
        }
        true
    }
}

impl Zone {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self, fates: impl IntoIterator<Item = (u64, Fate)>) {
        let awaited = &self.awaited;
        self.done.extend(fates.into_iter().filter(|(id, _)| awaited.contains(id)));
    }
}

/// The right to call for a zone, given back when dropped: also when the call panics, so that the others go on.
struct Turn<'a> {
    zone: &'a Zone,
    flying: RefCell<Vec<u64>>,
    over: Cell<bool>,
}

impl<'a> Turn<'a> {
    fn new(zone: &'a Zone) -> Self {
        Self { zone, flying: RefCell::default(), over: Cell::new(false) }
    }

    fn held(&self, id: u64, held: Instant) {
        if let Some(entry) = self.zone.lock().lane.find(id) {
            entry.held = held;
        }
    }

    /// Takes the next batch. If there is none, the turn ends in the same breath: nobody is woken, and who comes next
    /// finds the zone free.
    fn take(&self) -> Option<Vec<Entry>> {
        let mut state = self.zone.lock();
        let batch = state.lane.take(|entry| entry.held.elapsed() < HELD_MAX);
        if batch.is_empty() {
            state.busy = false;
            self.over.set(true);
            return None;
        }
        state.batch_before = batch.len();
        self.flying.replace(batch.iter().map(|entry| entry.id).collect());
        Some(batch)
    }

    fn land(&self, done: Vec<(u64, Fate)>, again: Vec<Vec<Entry>>) {
        self.flying.take();
        let mut state = self.zone.lock();
        state.end(done);
        // Whoever has lost the lease has gone: the request must not be sent any more.
        let awaited = |part: Vec<Entry>| part.into_iter().filter(|it| state.awaited.contains(&it.id)).collect();
        let again = again.into_iter().map(awaited).collect();
        state.lane.put_back(again);
        drop(state);
        self.zone.changed.notify_all();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.over.get() {
            return;
        }
        let message = "the call was given up".to_owned();
        let failure = Failure { class: FailureClass::Transient, code: None, message };
        let lost = self.flying.take();
        let mut state = self.zone.lock();
        state.busy = false;
        state.end(lost.into_iter().map(|id| (id, Fate::Retry(failure.clone()))));
        drop(state);
        self.zone.changed.notify_all();
    }
}

#[cfg(test)]
#[path = "coalescer_tests.rs"]
mod tests;
