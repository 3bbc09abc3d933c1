//! A gate whose every port is a fake: each call is written down in order, and any of them can be made to fail, to stall
//! while another gate works, or to be the last one before a crash.

use crate::aws::Aws;
use crate::requests;
use reeve_engine::{
    Ask, Asked, Begin, Brakes, Claim, Delivery, FactError, FactNeed, FactSource, Facts, Gate, Handled, Held, Holding,
    KeepError, Lease, Ledger, LedgerError, LedgerKey, Policies, Policy, PolicyDigests, PolicySet, Receipts, Replies,
    Runner, Settled, Step, Story,
};
use reeve_kinds::{Need, World};
use reeve_local::MemoryLedger;
use reeve_model::{
    AccountId, Answer, Digest, Fact, FactValue, Mode, Reason, Receipt, Request, Sender, Severity, Timestamp, Verdict,
};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When every test begins, seconds since 1970: the start of a clock hour.
pub(crate) const START: i64 = 1_800_000_000;

/// What becomes of one call of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is made.
    Go,
    /// It fails and has no effect.
    Fail,
    /// It has its effect, and the caller is told that it failed.
    FailAfter,
    /// The gate dies before it.
    Crash,
    /// The gate dies right after it.
    CrashAfter,
    /// Before it is made, the gate stands still for longer than a lease, and another one handles the same delivery.
    Stall,
}

/// What unwinds a gate that has died.
struct Died;

/// Fates by chance.
pub(crate) struct Chance {
    /// State of the generator.
    pub(crate) seed: u64,
    /// How many calls may still meet another fate than `Go`.
    pub(crate) left: u32,
    /// A call meets one in this many times.
    pub(crate) one_in: u64,
}

impl Chance {
    /// The next number below `bound` (SplitMix64).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.seed;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (it ^ (it >> 31)) % bound
    }

    fn fate(&mut self, call: &str) -> Fate {
        if self.left == 0 || self.below(self.one_in) != 0 {
            return Fate::Go;
        }
        let fates = [Fate::Fail, Fate::FailAfter, Fate::Crash, Fate::CrashAfter, Fate::Stall];
        // A call to AWS ends within the lease under which it was started; that is the executor's part of the contract.
        let count = if call.starts_with("aws") { fates.len() - 1 } else { fates.len() };
        self.left -= 1;
        fates[usize::try_from(self.below(count as u64)).expect("few")]
    }
}

type Judge = Arc<dyn Fn(&Request<'_>) -> Verdict + Send + Sync>;

/// Everything that outlives a crash, and how the gate is set up.
pub(crate) struct State {
    pub(crate) trace: Vec<String>,
    pub(crate) aws: Aws,
    pub(crate) receipts: Vec<(Story, Receipt)>,
    pub(crate) replies: Vec<String>,
    pub(crate) now: i64,
    /// Value of the fact that the policy needs.
    pub(crate) tier: String,
    pub(crate) judge: Judge,
    pub(crate) brakes: Brakes,
    pub(crate) execute: bool,
    scripted: Vec<(String, usize, Fate)>,
    pub(crate) chance: Option<Chance>,
    /// What a stalled gate's message is.
    delivery: Option<Delivery>,
    /// How deliveries to other gates ended while one stood still.
    pub(crate) meanwhile: Vec<&'static str>,
}

/// The bench. Clones share everything.
#[derive(Clone)]
pub(crate) struct Bench {
    state: Arc<Mutex<State>>,
    ledger: Arc<MemoryLedger>,
}

impl Bench {
    /// A gate that permits everything, in the world of [`requests::world`].
    pub(crate) fn new() -> Self {
        let state = State {
            trace: Vec::new(),
            aws: Aws::new(requests::world()),
            receipts: Vec::new(),
            replies: Vec::new(),
            now: START,
            tier: "gold".into(),
            judge: Arc::new(|_| Verdict::Allow(Vec::new())),
            brakes: Brakes::default(),
            execute: true,
            scripted: Vec::new(),
            chance: None,
            delivery: None,
            meanwhile: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), ledger: Arc::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `nth` call from now on whose name begins with `prefix` meets this fate.
    pub(crate) fn script(&self, prefix: &str, nth: usize, fate: Fate) {
        self.state().scripted.push((prefix.to_owned(), nth, fate));
    }

    pub(crate) fn judge(&self, judge: impl Fn(&Request<'_>) -> Verdict + Send + Sync + 'static) {
        self.state().judge = Arc::new(judge);
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.state().now += seconds;
    }

    /// What was called since the last time somebody looked.
    pub(crate) fn trace(&self) -> Vec<String> {
        std::mem::take(&mut self.state().trace)
    }

    pub(crate) fn ledger(&self) -> &MemoryLedger {
        &self.ledger
    }

    /// The gate as it would be after a restart.
    pub(crate) fn gate(&self) -> Gate {
        let digest = Digest::of(b"policy");
        let policy = Policy {
            id: "one".into(),
            kinds: None,
            mode: Mode::Enforce,
            needs: vec![FactNeed { name: "tier".into(), source: FactSource::Accounts { key: "tier".into() } }],
            digests: PolicyDigests { plugin: digest.clone(), settings: digest, datasets: Vec::new() },
            plugin: Arc::new(self.clone()),
        };
        Gate {
            name: "test".into(),
            account: AccountId::parse("999999999999").expect("an id"),
            routes: requests::routes(),
            policies: Arc::new(Policies::new(PolicySet { digest: Digest::of(b"gate"), policies: vec![policy] })),
            facts: Box::new(self.clone()),
            brakes: self.state().brakes.clone(),
        }
    }

    fn runner(&self) -> Runner {
        let (clock, execute) = (self.clone(), self.state().execute);
        Runner {
            gate: self.gate(),
            ledger: Box::new(self.clone()),
            receipts: Box::new(self.clone()),
            replies: Some(Box::new(self.clone())),
            execute: execute.then(|| Box::new(self.clone()) as Box<dyn reeve_engine::Execute>),
            clock: Box::new(move || clock.now()),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.state().now).expect("in range")
    }

    /// One delivery to a fresh gate. None when it died.
    pub(crate) fn handle(&self, delivery: &Delivery) -> Option<Handled> {
        self.state().delivery = Some(delivery.clone());
        let runner = self.runner();
        match std::panic::catch_unwind(AssertUnwindSafe(|| runner.handle(delivery))) {
            Ok(handled) => Some(handled),
            Err(payload) if payload.is::<Died>() => None,
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    /// One delivery that must be answered.
    #[track_caller]
    pub(crate) fn done(&self, delivery: &Delivery) -> Vec<Story> {
        match self.handle(delivery).expect("alive") {
            Handled::Done(stories) => stories.into_iter().map(|(story, _)| story).collect(),
            again @ Handled::Again { .. } => panic!("{again:?}"),
        }
    }

    /// One delivery that must come again: why, and when.
    #[track_caller]
    pub(crate) fn again(&self, delivery: &Delivery) -> (String, Option<i64>) {
        match self.handle(delivery).expect("alive") {
            Handled::Done(stories) => panic!("{stories:?}"),
            Handled::Again { why, not_before, .. } => (why, not_before.map(|at| at.as_second())),
        }
    }

    /// A call of a port, as its fate has it.
    pub(crate) fn port<T, E>(
        &self,
        name: &str,
        failure: impl FnOnce() -> E,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        match self.fate(name) {
            Fate::Go => call(),
            Fate::Fail => Err(failure()),
            Fate::FailAfter => call().and_then(|_| Err(failure())),
            Fate::Crash => std::panic::resume_unwind(Box::new(Died)),
            Fate::CrashAfter => {
                let _ = call();
                std::panic::resume_unwind(Box::new(Died))
            }
            Fate::Stall => {
                self.stall();
                call()
            }
        }
    }

    fn fate(&self, name: &str) -> Fate {
        let mut state = self.state();
        state.trace.push(name.to_owned());
        let due = state.scripted.iter_mut().position(|(prefix, left, _)| {
            let matches = name.starts_with(prefix.as_str());
            *left -= usize::from(matches);
            matches && *left == 0
        });
        match due {
            Some(at) => state.scripted.remove(at).2,
            None => state.chance.as_mut().map_or(Fate::Go, |chance| chance.fate(name)),
        }
    }

    fn stall(&self) {
        self.wait(reeve_engine::LEASE_SECONDS + 1);
        let delivery = self.state().delivery.clone().expect("one is being handled");
        let ended = match self.handle(&delivery) {
            Some(Handled::Done(_)) => "done",
            Some(Handled::Again { .. }) => "again",
            None => "died",
        };
        self.state().meanwhile.push(ended);
    }
}

/// A denial with one reason.
pub(crate) fn deny(code: &str) -> Verdict {
    let reason = Reason {
        code: code.into(),
        severity: Severity::Error,
        message: "no".into(),
        at: None,
        fix: None,
        extra: Vec::new(),
    };
    Verdict::Deny(vec![reason])
}

impl Ask for Bench {
    fn ask(&self, request: &Request<'_>) -> Asked {
        let judge = Arc::clone(&self.state().judge);
        let verdict = self.port("ask", || (), || Ok(judge(request))).unwrap_or_else(|()| judge(request));
        Asked { answer: Answer::Verdict(verdict), fuel: 1, memory_bytes: 1, log: Vec::new() }
    }
}

impl Facts for Bench {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        let (name, tier) = (Some("team".to_owned()), Some(self.state().tier.clone()));
        Sender { account: account.clone(), verified, name, tier, organizational_unit: None, status: None }
    }

    fn world(&self, needs: &[Need]) -> Result<World, FactError> {
        let needed = |id: &String| needs.iter().any(|it| matches!(it, Need::RecordSets { zone, .. } if zone == id));
        self.port(
            "world",
            || FactError("facts are away".into()),
            || {
                let mut world = self.state().aws.world.clone();
                world.record_sets.retain(|zone, _| needed(zone));
                world.zone_sizes.retain(|zone, _| needed(zone));
                Ok(world)
            },
        )
    }

    fn fact(&self, _policy: &str, need: &FactNeed, _sender: &Sender) -> Result<Fact, FactError> {
        let name = need.name.clone();
        let value = || FactValue::Text(self.state().tier.clone());
        self.port(
            "fact",
            || FactError("a fact is away".into()),
            || Ok(Fact { name, value: value(), source: "x".into() }),
        )
    }
}

impl Receipts for Bench {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        let name = format!("keep {} {}", story.round, story.status().as_str());
        self.port(
            &name,
            || KeepError("the bucket is away".into()),
            || {
                let mut state = self.state();
                let previous = state.receipts.last().map(|(_, receipt)| receipt.hash().clone());
                let receipt = story.seal(previous.as_ref());
                let hash = receipt.hash().clone();
                state.receipts.push((story.clone(), receipt));
                Ok(hash)
            },
        )
    }
}

impl Replies for Bench {
    fn send(&self, kind: &str, pages: &[String]) -> Result<(), KeepError> {
        self.port(
            &format!("send {kind}"),
            || KeepError("the bus is away".into()),
            || {
                self.state().replies.extend(pages.iter().cloned());
                Ok(())
            },
        )
    }
}

fn away() -> LedgerError {
    LedgerError::Unavailable("away".into())
}

impl Ledger for Bench {
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        self.port("claim", away, || self.ledger.claim(key, body, now))
    }

    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        self.port("renew", away, || self.ledger.renew(lease, now))
    }

    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError> {
        self.port(&format!("begin {}", begin.round), away, || self.ledger.begin(lease, begin, now))
    }

    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        let call = format!("note {}.{} {name}", step.round, step.action);
        self.port(&call, away, || self.ledger.note(lease, step, name, value))
    }

    fn settle(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.port("settle", away, || self.ledger.settle(lease, settled, released, now))
    }

    fn release(&self, lease: &Lease) -> Result<(), LedgerError> {
        self.port("release", away, || self.ledger.release(lease))
    }

    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        self.port(&format!("held {scope}"), away, || self.ledger.held(scope, names))
    }
}
