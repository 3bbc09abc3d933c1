//! A ledger in memory: what the port means, without storage. Nothing outlives the process.

use reeve_engine::ledger::{SETTLED_SECONDS, UNFINISHED_SECONDS, clock_hour, later};
use reeve_engine::{Begin, Claim, Held, Holding, Lease, Ledger, LedgerError, LedgerKey, Progress, Settled, Step};
use reeve_model::{Digest, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers remembered. Beyond it the oldest is forgotten, so that a replay of a recorded stream stays within some 50 MB.
pub const LEDGER_KEYS_MAX: usize = 100_000;
/// Hours for which amounts are kept: only the present one is asked for, and clocks differ by less than one.
const HOURS_KEPT: i64 = 2;
/// Expired answers that one claim forgets at most, so that no claim waits for a long sweep. Each claim adds one at most.
const SWEPT_PER_CLAIM: usize = 4;

#[derive(Debug)]
struct Kept {
    body: Digest,
    token: u64,
    phase: Phase,
    /// From when the key is new again.
    forgotten: Timestamp,
    progress: Progress,
}

#[derive(Debug)]
enum Phase {
    Held { until: Timestamp },
    GivenBack,
    Ended(Settled),
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Arc<LedgerKey>, Kept>,
    /// Ended requests with the tokens they ended under, oldest first.
    ended: VecDeque<(Arc<LedgerKey>, u64)>,
    token: u64,
    spent: BTreeMap<i64, HashMap<String, u32>>,
    holdings: HashMap<String, BTreeMap<String, Holding>>,
}

/// Remembers requests of one process. A claim takes about a microsecond.
///
/// Bounded: of ended requests it keeps the newest; requests that have not ended are never forgotten for want of room.
#[derive(Debug)]
pub struct MemoryLedger {
    state: Mutex<State>,
    keys_max: usize,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::with_room_for(LEDGER_KEYS_MAX)
    }
}

impl MemoryLedger {
    /// A ledger that remembers the last `keys_max` answers.
    #[must_use]
    pub fn with_room_for(keys_max: usize) -> Self {
        Self { state: Mutex::default(), keys_max }
    }

    /// Nothing here can panic half-way through a change, so a poisoned lock guards a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The request of a lease that is neither lost, given back nor ended.
    fn fenced(&mut self, lease: &Lease) -> Result<&mut Kept, LedgerError> {
        match self.kept.get_mut(&lease.key) {
            Some(kept) if kept.token == lease.token && matches!(kept.phase, Phase::Held { .. }) => Ok(kept),
            _ => Err(LedgerError::Lost),
        }
    }

    /// Forgets the oldest answer if `due` says so of the moment from which its key is new.
    fn forget_oldest_if(&mut self, due: impl Fn(Timestamp) -> bool) -> bool {
        let Some((key, token)) = self.ended.front() else { return false };
        let same = self.kept.get(key).filter(|kept| kept.token == *token);
        if same.is_some_and(|kept| !due(kept.forgotten)) {
            return false;
        }
        if same.is_some() {
            self.kept.remove(&Arc::clone(key));
        }
        self.ended.pop_front();
        true
    }

    fn spent(&self, hour: i64, scope: &str) -> u32 {
        self.spent.get(&hour).and_then(|scopes| scopes.get(scope)).copied().unwrap_or(0)
    }

    /// Why the amounts and holdings of a round cannot be granted.
    fn held_back(&self, begin: &Begin, hour: i64) -> Option<Held> {
        for (scope, (amount, hourly_max)) in begin.amounts() {
            let spent = self.spent(hour, scope);
            if u64::from(spent).saturating_add(amount) > u64::from(hourly_max) {
                return Some(Held::Spent { scope: scope.to_owned(), spent });
            }
        }
        let holdings = match begin.held() {
            Ok(holdings) => holdings,
            Err(held) => return Some(held),
        };
        holdings.iter().find_map(|((scope, name), wanted)| {
            let holding = self.holdings.get(*scope)?.get(*name)?;
            (holding.owner != wanted.owner).then(|| Held::ByAnother(holding.clone()))
        })
    }
}

impl Ledger for MemoryLedger {
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        let mut state = self.state();
        let mut swept = 0;
        while swept < SWEPT_PER_CLAIM && state.forget_oldest_if(|forgotten| forgotten <= now) {
            swept += 1;
        }
        let (until, token) = (Lease::end(now), state.token + 1);
        let lease = Lease { key: key.clone(), token, until };
        let held = Phase::Held { until };
        let forgotten = later(until, UNFINISHED_SECONDS);
        if let Some(kept) = state.kept.get_mut(key).filter(|kept| kept.forgotten > now) {
            if kept.body != *body {
                return Ok(Claim::Different);
            }
            match &kept.phase {
                Phase::Ended(settled) => return Ok(Claim::Settled(settled.clone())),
                Phase::Held { until } if *until > now => return Ok(Claim::Busy { until: *until }),
                Phase::Held { .. } | Phase::GivenBack => {}
            }
            (kept.token, kept.phase, kept.forgotten) = (token, held, forgotten);
            let progress = kept.progress.clone();
            state.token = token;
            return Ok(Claim::Taken { lease, progress });
        }
        let kept = Kept { body: body.clone(), token, phase: held, forgotten, progress: Progress::default() };
        state.kept.insert(Arc::new(key.clone()), kept);
        state.token = token;
        Ok(Claim::Taken { lease, progress: Progress::default() })
    }

    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        let mut state = self.state();
        let kept = state.fenced(lease)?;
        let until = Lease::end(now);
        (kept.phase, kept.forgotten) = (Phase::Held { until }, later(until, UNFINISHED_SECONDS));
        Ok(Lease { until, ..lease.clone() })
    }

    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError> {
        let mut state = self.state();
        if state.fenced(lease)?.progress.plans.contains_key(&begin.round) {
            return Ok(Ok(()));
        }
        let hour = clock_hour(now);
        if let Some(held) = state.held_back(begin, hour) {
            return Ok(Err(held));
        }
        state.fenced(lease)?.progress.plans.insert(begin.round, begin.plan.clone());
        state.spent.retain(|kept, _| *kept > hour - HOURS_KEPT);
        let scopes = state.spent.entry(hour).or_default();
        for (scope, (amount, _)) in begin.amounts() {
            let spent = scopes.entry(scope.to_owned()).or_default();
            // It was found to fit in the limit, which is a u32.
            *spent = spent.saturating_add(u32::try_from(amount).unwrap_or(u32::MAX));
        }
        for holding in &begin.holdings {
            let scope = state.holdings.entry(holding.scope.clone()).or_default();
            scope.insert(holding.name.clone(), holding.clone());
        }
        Ok(Ok(()))
    }

    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        let mut state = self.state();
        let notes = &mut state.fenced(lease)?.progress.notes;
        notes.entry(step).or_default().insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn settle(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut state = self.state();
        let Some((key, _)) = state.kept.get_key_value(&lease.key) else { return Err(LedgerError::Lost) };
        let key = Arc::clone(key);
        if let Some(Kept { token, phase: Phase::Ended(before), .. }) = state.kept.get(&key)
            && (*token, before) == (lease.token, settled)
        {
            return Ok(());
        }
        let kept = state.fenced(lease)?;
        (kept.phase, kept.forgotten) = (Phase::Ended(settled.clone()), later(now, SETTLED_SECONDS));
        kept.progress = Progress::default();
        for holding in released {
            let Some(scope) = state.holdings.get_mut(&holding.scope) else { continue };
            let own = |kept: &Holding| kept.owner == lease.key.account && kept.value == holding.value;
            if scope.get(&holding.name).is_some_and(own) {
                scope.remove(&holding.name);
            }
        }
        state.ended.push_back((key, lease.token));
        while state.ended.len() > self.keys_max && state.forget_oldest_if(|_| true) {}
        Ok(())
    }

    fn release(&self, lease: &Lease) -> Result<(), LedgerError> {
        let mut state = self.state();
        match state.kept.get_mut(&lease.key) {
            Some(kept) if kept.token == lease.token && !matches!(kept.phase, Phase::Ended(_)) => {
                kept.phase = Phase::GivenBack;
                Ok(())
            }
            _ => Err(LedgerError::Lost),
        }
    }

    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        let state = self.state();
        let Some(scope) = state.holdings.get(scope) else { return Ok(Vec::new()) };
        Ok(names.iter().filter_map(|name| scope.get(name)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::{AccountId, Nonce};

    fn key(nonce: u8) -> LedgerKey {
        LedgerKey {
            account: AccountId::parse("111122223333").expect("good"),
            source: "app.infra".into(),
            kind: "LIST_ACCOUNTS".into(),
            nonce: Nonce::parse(&format!("00000000-0000-4000-8000-0000000000{nonce:02}")).expect("good"),
        }
    }

    #[test]
    fn the_oldest_answer_is_forgotten_at_the_edge_and_a_lease_never() {
        let ledger = MemoryLedger::with_room_for(2);
        let (now, body) = (Timestamp::UNIX_EPOCH, Digest::of(b"1"));
        let settled = Settled { permitted: true, receipt: Digest::of(b"r"), reply: Vec::new() };
        let taken = |nonce| {
            let claim = ledger.claim(&key(nonce), &body, now).expect("up");
            let Claim::Taken { lease, .. } = claim else { panic!("{nonce}: {claim:?}") };
            lease
        };
        let leased = taken(0);
        for nonce in 1..=3 {
            ledger.settle(&taken(nonce), &settled, &[], now).expect("held");
        }
        assert_eq!(ledger.claim(&key(0), &body, now), Ok(Claim::Busy { until: leased.until }), "held, so kept");
        for nonce in 2..=3 {
            assert_eq!(ledger.claim(&key(nonce), &body, now), Ok(Claim::Settled(settled.clone())), "{nonce}");
        }
        let again = taken(1);
        assert!(again.token > leased.token + 3, "tokens grow though the answer was forgotten");
        ledger.settle(&again, &settled, &[], now).expect("held");
        assert_eq!(ledger.claim(&key(1), &body, now), Ok(Claim::Settled(settled)));
        assert_eq!(ledger.state().kept.len(), 3);
    }
}
