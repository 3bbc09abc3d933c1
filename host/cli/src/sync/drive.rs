//! What is sent when, and when it is over: a function of plans, replies and moments. It reads no clock and calls nobody.
//!
//! In each round the requests of the plan that wait for nothing go out, together unless one is judged by what the other
//! changes. When nothing is under way any more, the organization is read and planned anew: what waited goes out once the
//! organization shows what it waited for. So it goes on until nothing is left, or nothing that is left can be asked. No
//! nonce is asked twice. A reply alone releases nothing: whoever can write to the queue of replies could forge it.

use super::fate::{End, Fate, Left};
use super::reply::{Answer, Reply, Status};
use reeve_model::{AccountId, Nonce};
use reeve_plan::{Plan, PlannedRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most requests under way at once. A gate changes an organization about once a second, whoever waits; more at once
/// would only make their time run out.
pub const IN_FLIGHT_MAX: usize = 20;
/// How long an answer is waited for unless told otherwise, seconds. A gate gives a new account two minutes in one
/// delivery, and a message that came too early shows up again after up to four.
pub const TIMEOUT_SECONDS_DEFAULT: u32 = 900;
/// Most rounds of planning in which something is asked. The longest chain of a plan is of seven: a policy, an account,
/// what is attached to it, moves, what they leave behind, rights that are taken, rights that are given.
pub const ROUNDS_MAX: u32 = 20;
/// How long what a gate has done may be missing from what is read, seconds: lists of AWS are eventually consistent, and
/// what AWS has only taken is not there yet.
pub const SETTLE_SECONDS_MAX: u32 = 120;
/// How often it is looked for in that time, seconds.
pub const SETTLE_EVERY_SECONDS: u32 = 5;

/// How a request bears others at its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Any.
    Any,
    /// Others of its kind and those that bear any: it adds to the organization.
    Adds,
    /// Only those that bear any: the gate judges it by the whole organization, which must not change under it.
    Judged,
}

impl Beside {
    fn of(request: &PlannedRequest) -> Self {
        match request.kind.as_str() {
            "SCP_UPDATE" | "MOVE_ACCOUNT" => Self::Judged,
            "CREATE_ACCOUNT" => Self::Adds,
            _ => Self::Any,
        }
    }

    fn bears(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) | (Self::Adds, Self::Adds) => true,
            (Self::Judged, Self::Adds | Self::Judged) | (Self::Adds, Self::Judged) => false,
        }
    }
}

/// The gates that can be asked, by the names that plans have for them: the account that each replies from.
pub type Gates = BTreeMap<String, AccountId>;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Send these now, and say what became of each that was not taken ([`Drive::unsent`]).
    Send(Vec<PlannedRequest>),
    /// Hear replies until this moment at the latest.
    Listen(Duration),
    /// Read the organization and plan anew ([`Drive::planned`]).
    Plan,
    /// It is over.
    End,
}

/// Whose a message is.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// This run's, and with it the request has ended.
    Ended(Box<PlannedRequest>, End),
    /// This run's: one page of several.
    Page,
    /// Not this run's, or a copy of what it has already heard, which another run may wait for.
    NotOurs,
}

/// One request that was asked.
#[derive(Debug)]
struct Asked {
    request: PlannedRequest,
    at: Duration,
    pages: BTreeSet<u32>,
    /// What the first page has said, and how many there are.
    head: Option<(Answer, u32)>,
    end: Option<(End, Duration)>,
}

/// A run of `sync`. Moments are counted from its beginning.
#[derive(Debug)]
pub struct Drive {
    gates: Gates,
    own: AccountId,
    timeout: Duration,
    plan: Plan,
    planned_at: Duration,
    asked: BTreeMap<Nonce, Asked>,
    /// When each gate was last heard.
    heard: BTreeMap<String, Duration>,
    /// Gates of which nothing was heard for a whole time-out.
    silent: BTreeSet<String>,
    rounds: u32,
    /// Whether there was an answer since the last plan, so that the next one may say something else.
    changed: bool,
    stopped: bool,
}

impl Drive {
    /// A run that asks as the account `own`, from its first plan.
    #[must_use]
    pub fn new(gates: Gates, own: AccountId, timeout: Duration, plan: Plan) -> Self {
        Self {
            gates,
            own,
            timeout,
            plan,
            planned_at: Duration::ZERO,
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
            silent: BTreeSet::new(),
            rounds: 1,
            changed: false,
            stopped: false,
        }
    }

    /// Takes a new plan.
    pub fn planned(&mut self, plan: Plan, now: Duration) {
        if self.changed {
            self.rounds += 1;
        }
        (self.plan, self.planned_at, self.changed) = (plan, now, false);
    }

    /// What to do now.
    pub fn next(&mut self, now: Duration) -> Step {
        self.expire(now);
        if self.stopped {
            return Step::End;
        }
        let sendable = self.sendable();
        if !sendable.is_empty() {
            for request in &sendable {
                self.ask(request, now);
            }
            return Step::Send(sendable);
        }
        if let Some(first) = self.waiting().map(|asked| asked.at).min() {
            return Step::Listen(first + self.timeout);
        }
        self.rest(now)
    }

    /// Nothing is under way, and nothing can be sent.
    fn rest(&self, now: Duration) -> Step {
        if self.changed {
            return if self.rounds < ROUNDS_MAX { Step::Plan } else { Step::End };
        }
        let unseen = self.plan.requests.iter().filter_map(|request| self.done_at(request)).max();
        let patience = Duration::from_secs(SETTLE_SECONDS_MAX.into());
        if unseen.is_none_or(|at| self.planned_at >= at + patience) {
            return Step::End;
        }
        let look = self.planned_at + Duration::from_secs(SETTLE_EVERY_SECONDS.into());
        if now < look { Step::Listen(look) } else { Step::Plan }
    }

    fn ask(&mut self, request: &PlannedRequest, at: Duration) {
        let Some(nonce) = &request.nonce else { return };
        let asked = Asked { request: request.clone(), at, pages: BTreeSet::new(), head: None, end: None };
        self.asked.insert(nonce.clone(), asked);
    }

    /// Ends what was waited for too long.
    fn expire(&mut self, now: Duration) {
        for asked in self.asked.values_mut().filter(|asked| asked.end.is_none()) {
            if now >= asked.at + self.timeout {
                asked.end = Some((End::Silent, now));
                let gate = &asked.request.gate;
                if self.heard.get(gate).is_none_or(|heard| *heard < asked.at) {
                    self.silent.insert(gate.clone());
                }
            }
        }
    }

    fn waiting(&self) -> impl Iterator<Item = &Asked> {
        self.asked.values().filter(|asked| asked.end.is_none())
    }

    /// Requests that can go out now, in the order of the plan, as many as may be under way.
    fn sendable(&self) -> Vec<PlannedRequest> {
        let mut under_way: Vec<&PlannedRequest> = self.waiting().map(|asked| &asked.request).collect();
        let mut free = Vec::new();
        for request in self.plan.requests.iter().filter(|request| self.open(request)) {
            let bears = |other: &&PlannedRequest| {
                let beside = other.gate != request.gate || Beside::of(request).bears(Beside::of(other));
                beside && other.nonce != request.nonce
            };
            if under_way.len() < IN_FLIGHT_MAX && under_way.iter().all(bears) {
                under_way.push(request);
                free.push(request.clone());
            }
        }
        free
    }

    /// Whether a request of the plan could go out, were it alone.
    fn open(&self, request: &PlannedRequest) -> bool {
        request.ready()
            && request.nonce.as_ref().is_some_and(|nonce| !self.asked.contains_key(nonce))
            && !self.silent.contains(&request.gate)
            && self.gates.contains_key(&request.gate)
            && self.waits_for(request).is_empty()
    }

    /// Ids that a request waits for: those that are still to be made as far as the organization shows.
    fn waits_for(&self, request: &PlannedRequest) -> Vec<String> {
        request.after.iter().filter(|id| self.plan.request(id).is_some()).cloned().collect()
    }

    fn asked(&self, request: &PlannedRequest) -> Option<&Asked> {
        self.asked.get(request.nonce.as_ref()?)
    }

    /// When a gate has said that this is done, or taken by AWS.
    fn done_at(&self, request: &PlannedRequest) -> Option<Duration> {
        let (end, at) = self.asked(request)?.end.as_ref()?;
        (end.is(Status::Done) || end.is(Status::Pending)).then_some(*at)
    }

    /// A request that was not taken on its way to the gate. `maybe`: it may have arrived all the same.
    pub fn unsent(&mut self, nonce: &Nonce, why: &str, maybe: bool, now: Duration) {
        if let Some(asked) = self.asked.get_mut(nonce).filter(|asked| asked.end.is_none()) {
            asked.end = Some((End::Unsent { why: why.to_owned(), maybe }, now));
        }
    }

    /// Takes a reply.
    pub fn hear(&mut self, reply: Reply, now: Duration) -> Heard {
        let Some(asked) = self.asked.get_mut(&reply.nonce) else { return Heard::NotOurs };
        let request = &asked.request;
        // The account is EventBridge's word, the rest is the sender's; the nonce is of one gate's request alone.
        let from = self.gates.get(&request.gate);
        if (from, &reply.kind, &reply.asker) != (Some(&reply.from), &request.kind, &self.own) {
            return Heard::NotOurs;
        }
        let over = asked.end.as_ref().is_some_and(|(end, _)| matches!(end, End::Answered(_)));
        let pages = asked.head.as_ref().map_or(reply.pages, |(_, pages)| *pages);
        if over || pages != reply.pages || !asked.pages.insert(reply.page) {
            return Heard::NotOurs;
        }
        self.heard.insert(request.gate.clone(), now);
        self.silent.remove(&request.gate);
        let (answer, pages) = asked.head.get_or_insert((reply.answer, pages));
        if asked.pages.len() < usize::try_from(*pages).unwrap_or(usize::MAX) {
            return Heard::Page;
        }
        let end = End::Answered(answer.clone());
        asked.end = Some((end.clone(), now));
        // Also a denial may show that another run was quicker.
        self.changed = true;
        Heard::Ended(Box::new(asked.request.clone()), end)
    }

    /// Sends nothing more and waits for nothing.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many requests a gate has done, and how many are under way.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let ends = self.asked.values().filter_map(|asked| asked.end.as_ref());
        (ends.filter(|(end, _)| end.is(Status::Done)).count(), self.waiting().count())
    }

    /// What is left of the last plan, in its order, each with the reason.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        let left = |request: &PlannedRequest| Some(Left { request: request.clone(), fate: self.fate(request)? });
        self.plan.requests.iter().filter_map(left).collect()
    }

    /// Why a request of the last plan is not done; none when it is.
    fn fate(&self, request: &PlannedRequest) -> Option<Fate> {
        if let Some(asked) = self.asked(request) {
            return match &asked.end {
                None => Some(Fate::Outstanding),
                // What was done since the plan was made stands in it all the same.
                Some((end, at)) if end.is(Status::Done) && *at >= self.planned_at => None,
                Some((end, _)) if end.is(Status::Done) => Some(Fate::Unseen),
                Some((end, _)) => Some(Fate::Ended(end.clone())),
            };
        }
        let waits_for = self.waits_for(request);
        Some(if !waits_for.is_empty() {
            Fate::WaitsFor(waits_for)
        } else if !request.ready() {
            Fate::Awaits(request.awaits.clone())
        } else if self.silent.contains(&request.gate) {
            Fate::GateSilent
        } else if !self.gates.contains_key(&request.gate) {
            Fate::NoGate
        } else {
            Fate::NotAsked
        })
    }
}
