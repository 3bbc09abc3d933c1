//! Gates that are played: with ledgers, a queue that is shared, and everything that can go wrong on the way. Time passes
//! only while somebody waits.
#![allow(clippy::unwrap_used)]

use super::drive::IN_FLIGHT_MAX;
use super::fate::End;
use super::samples::{awaiting, gates, plan, request};
use super::work::{Desk, NotSent, Post, Watch};
use crate::exit::Failure;
use reeve_aws::asking::ReplyMessage;
use reeve_model::{FailureClass, Nonce};
use reeve_plan::{Plan, PlannedRequest};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

pub(super) const OWN: &str = "444455556666";
pub(super) const TIMEOUT: Duration = Duration::from_secs(300);
/// How long a received message is hidden, seconds.
const HIDDEN_SECONDS: u64 = 20;

/// What a gate does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Makes it.
    Makes,
    /// Denies it.
    Denies,
    /// Fails at it.
    Fails,
    /// Makes it, and the reply is lost.
    Loses,
    /// Makes it and replies twice.
    Twice,
    /// Makes it, and the reply comes after so many seconds.
    Late(u64),
    /// Is not there.
    Sleeps,
}

#[derive(Debug, Clone)]
pub(super) struct InQueue {
    pub(super) body: String,
    pub(super) handle: String,
    pub(super) received: u32,
    pub(super) visible_at: u64,
}

/// The organization, its gates and the queue.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now: u64,
    /// Ids of requests in the order of a plan, with those that they wait for.
    pub(super) wanted: Vec<(&'static str, Vec<&'static str>)>,
    /// What is so, and how often it was made.
    pub(super) made: BTreeMap<String, u32>,
    pub(super) does: BTreeMap<&'static str, Does>,
    /// What the gates have answered, by nonce.
    pub(super) ledger: BTreeMap<Nonce, &'static str>,
    /// Events that got to a gate.
    pub(super) events: u32,
    pub(super) queue: Vec<InQueue>,
    pub(super) handles: u32,
    /// Receives that fail from now on, and whether for good.
    pub(super) broken: Option<(u32, FailureClass)>,
    /// Moment at which somebody presses Ctrl-C.
    pub(super) stop_at: Option<u64>,
    pub(super) told: Vec<String>,
    pub(super) plans: u32,
}

impl World {
    pub(super) fn new(wanted: &[(&'static str, &[&'static str])]) -> Rc<RefCell<Self>> {
        let wanted = wanted.iter().map(|(id, after)| (*id, after.to_vec())).collect();
        Rc::new(RefCell::new(Self { wanted, ..Self::default() }))
    }

    /// What is wanted and not made. What waits for an account has no nonce until the account is there.
    pub(super) fn plan(&self) -> Plan {
        let open: Vec<_> = self.wanted.iter().filter(|(id, _)| !self.made.contains_key(*id)).collect();
        let ids: BTreeSet<&str> = open.iter().map(|(id, _)| *id).collect();
        let requests = open.iter().map(|(id, after)| {
            let after: Vec<&str> = after.iter().filter(|id| ids.contains(*id)).copied().collect();
            if after.iter().any(|id| id.starts_with("account")) {
                return awaiting(id, &after);
            }
            request(id, self.wanted.iter().position(|(other, _)| other == id).unwrap(), &after)
        });
        plan(requests.collect::<Vec<_>>())
    }

    fn arrives(&mut self, request: &PlannedRequest) {
        self.events += 1;
        let nonce = request.nonce.clone().unwrap();
        let id = self.wanted.iter().map(|(id, _)| *id).find(|id| *id == request.id).unwrap();
        let does = self.does.get(id).copied().unwrap_or(Does::Makes);
        let status = match self.ledger.get(&nonce) {
            Some(status) => *status,
            None => match does {
                Does::Sleeps => return,
                Does::Denies => "denied",
                Does::Fails => "failed",
                Does::Makes | Does::Loses | Does::Twice | Does::Late(_) => {
                    *self.made.entry(id.to_owned()).or_default() += 1;
                    "done"
                }
            },
        };
        let first = self.ledger.insert(nonce, status).is_none();
        let copies = match does {
            Does::Loses if first => 0,
            Does::Twice => 2,
            Does::Makes | Does::Denies | Does::Fails | Does::Loses | Does::Late(_) | Does::Sleeps => 1,
        };
        let wait = if let Does::Late(seconds) = does { seconds } else { 1 };
        for _ in 0..copies {
            self.put(body(request, status), self.now + wait);
        }
    }

    pub(super) fn put(&mut self, body: String, visible_at: u64) {
        self.handles += 1;
        self.queue.push(InQueue { body, handle: format!("h{}", self.handles), received: 0, visible_at });
    }
}

pub(super) fn body(request: &PlannedRequest, status: &str) -> String {
    let (from, nonce) = (gates().remove(&request.gate).unwrap(), request.nonce.clone().unwrap());
    let decision = if status == "denied" { "denied" } else { "permitted" };
    format!(
        r#"{{"source":"reeve.{gate}","detail-type":"{kind}_REPLY","account":"{from}","detail":{{"account":"{OWN}",
        "nonce":"{nonce}","gate":"{gate}","kind":"{kind}","decision":"{decision}","status":"{status}","receipt":"r",
        "reasons":[],"outcomes":[],"page":1,"pages":1}}}}"#,
        gate = request.gate,
        kind = request.kind,
        nonce = nonce.as_str(),
    )
}

/// One run's access to the world.
#[derive(Clone)]
pub(super) struct Ports(pub(super) Rc<RefCell<World>>);

impl Desk for Ports {
    fn plan(&mut self) -> Result<Plan, Failure> {
        self.0.borrow_mut().plans += 1;
        Ok(self.0.borrow().plan())
    }
}

impl Post for Ports {
    fn send(&mut self, _: &str, requests: &[PlannedRequest]) -> Vec<Result<(), NotSent>> {
        requests.iter().for_each(|request| self.0.borrow_mut().arrives(request));
        requests.iter().map(|_| Ok(())).collect()
    }

    fn receive(&mut self, seconds: u32) -> Result<Vec<ReplyMessage>, reeve_aws::Failure> {
        let mut world = self.0.borrow_mut();
        match &mut world.broken {
            Some((0, _)) => world.broken = None,
            Some((left, class)) => {
                *left -= 1;
                return Err(reeve_aws::Failure { class: *class, code: None, message: "broken".to_owned() });
            }
            None => {}
        }
        let end = world.now + u64::from(seconds);
        loop {
            let now = world.now;
            let visible = world.queue.iter_mut().filter(|message| message.visible_at <= now).take(10);
            let messages: Vec<ReplyMessage> = visible
                .map(|message| {
                    (message.received, message.visible_at) = (message.received + 1, now + HIDDEN_SECONDS);
                    let InQueue { body, handle, received, .. } = message.clone();
                    ReplyMessage { body, handle, received }
                })
                .collect();
            if !messages.is_empty() || world.now >= end {
                return Ok(messages);
            }
            world.now += 1;
        }
    }

    fn delete(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure> {
        let gone = |it: &InQueue| messages.iter().any(|message| message.handle == it.handle);
        self.0.borrow_mut().queue.retain(|it| !gone(it));
        Ok(())
    }

    fn give_back(&mut self, messages: &[ReplyMessage]) -> Result<(), reeve_aws::Failure> {
        let mut world = self.0.borrow_mut();
        let soon = world.now + 1;
        for it in &mut world.queue {
            if messages.iter().any(|message| message.handle == it.handle) {
                it.visible_at = soon;
            }
        }
        Ok(())
    }
}

impl Watch for Ports {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.borrow().now)
    }

    fn pause(&self, time: Duration) {
        self.0.borrow_mut().now += time.as_secs().max(1);
    }

    fn stopped(&self) -> bool {
        let world = self.0.borrow();
        world.stop_at.is_some_and(|at| world.now >= at)
    }

    fn planned(&mut self, _: &Plan) {}

    fn asked(&mut self, request: &PlannedRequest) {
        self.0.borrow_mut().told.push(format!("asked {}", request.id));
    }

    fn ended(&mut self, request: &PlannedRequest, end: &End) {
        let word = match end {
            End::Answered(answer) => format!("{:?}", answer.status).to_lowercase(),
            End::Unsent { .. } => "unsent".to_owned(),
            End::Silent => "silent".to_owned(),
        };
        self.0.borrow_mut().told.push(format!("{word} {}", request.id));
    }

    fn counted(&mut self, _: usize, waiting: usize) {
        assert!(waiting <= IN_FLIGHT_MAX);
    }

    fn warn(&mut self, text: &str) {
        self.0.borrow_mut().told.push(text.to_owned());
    }
}
