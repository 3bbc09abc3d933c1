//! A gate that dies on cue: wired as `reeve serve` wires it, handed its deliveries from a file, and killed by SIGKILL
//! before or after a chosen write to its ledger, its receipts or its reply bus.
//!
//! `mortal GATE DELIVERIES TIMES`: the second file holds one event a line, each handled on a thread of its own until it
//! is answered, so many times one after the other. Standard output tells a JSON line for every answer, and at last the
//! boundaries that were crossed.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program of the tests: it tells by printing and panics")]

use reeve_engine::{
    Begin, Claim, Delivery, Handled, Held, Holding, KeepError, Lease, Ledger, LedgerError, LedgerKey, Receipts,
    Replies, Settled, Step, Story,
};
use reeve_model::{Digest, Timestamp};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The variable that says when to die: `before 3` or `after 3`, counted from 1.
const DEATH: &str = "REEVE_MORTAL_DEATH";
/// The variable that names a file with the seconds by which this gate's clock is ahead.
const CLOCK: &str = "REEVE_MORTAL_CLOCK";
/// The variable that names a file: once it is there, the gate begins.
const GO: &str = "REEVE_MORTAL_GO";
/// How long a delivery that comes again and again is handled, seconds.
const PATIENCE_SECONDS: u64 = 120;
/// Between two tries of a delivery, milliseconds.
const AGAIN_MS: u64 = 50;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let gate = arguments.next().expect("a gate file");
    let deliveries = arguments.next().expect("a file of deliveries");
    let times = arguments.next().and_then(|text| text.to_str()?.parse::<u32>().ok()).expect("how often");
    let events = std::fs::read_to_string(&deliveries).expect("deliveries");
    let wired = reeve::wiring::gate(&gate).map_err(|failure| failure.to_string()).expect("a gate");
    let runtime = reeve::live::runtime(64).map_err(|failure| failure.to_string()).expect("threads");
    let aws = reeve::live::connect(&runtime, &wired.region, &wired.gate.name);
    let live = reeve::live::runner(wired, &aws, false).map_err(|failure| failure.to_string()).expect("a live gate");
    let mut runner = live.runner;
    let book = Arc::new(Book::default());
    runner.ledger = Box::new(MortalLedger { inner: runner.ledger, book: Arc::clone(&book) });
    runner.receipts = Box::new(MortalReceipts { inner: runner.receipts, book: Arc::clone(&book) });
    runner.replies =
        runner.replies.map(|inner| -> Box<dyn Replies> { Box::new(MortalReplies { inner, book: Arc::clone(&book) }) });
    runner.clock = Box::new(now);
    while std::env::var_os(GO).is_some_and(|path| !Path::new(&path).exists()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let runner = &runner;
    std::thread::scope(|scope| {
        for (line, event) in events.lines().enumerate() {
            let delivery = Delivery {
                body: event.as_bytes().to_vec(),
                origin: format!("mortal:{line}"),
                verified: true,
                content_type: None,
            };
            scope.spawn(move || {
                for _ in 0..times {
                    handle(runner, line, &delivery);
                }
            });
        }
    });
    let crossed = book.crossed.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{}", serde_json::json!({ "boundaries": *crossed }));
}

fn handle(runner: &reeve_engine::Runner, line: usize, delivery: &Delivery) {
    let end = Instant::now() + Duration::from_secs(PATIENCE_SECONDS);
    for tries in 1.. {
        match runner.handle(delivery) {
            Handled::Done(stories) => {
                let (story, receipt) = stories.last().expect("a story");
                let told = serde_json::json!({
                    "line": line, "tries": tries, "status": story.status().as_str(), "receipt": receipt.as_str(),
                    "repeated": story.duplicate_of.is_some(),
                });
                println!("{told}");
                return;
            }
            Handled::Again { why, .. } => {
                println!("{}", serde_json::json!({ "line": line, "again": why }));
                assert!(Instant::now() < end, "{why}");
                std::thread::sleep(Duration::from_millis(AGAIN_MS));
            }
        }
    }
}

/// The machine's time and what the file says.
fn now() -> Timestamp {
    let ahead = std::env::var_os(CLOCK).and_then(|path| std::fs::read_to_string(Path::new(&path)).ok());
    let ahead: u64 = ahead.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Timestamp::now().checked_add(Duration::from_secs(ahead)).expect("a time")
}

/// Counts what must survive a crash, and dies where it is told to.
#[derive(Debug, Default)]
struct Book {
    crossed: Mutex<Vec<&'static str>>,
}

impl Book {
    fn cross<T>(&self, what: &'static str, make: impl FnOnce() -> T) -> T {
        let number = {
            let mut crossed = self.crossed.lock().unwrap_or_else(PoisonError::into_inner);
            crossed.push(what);
            crossed.len()
        };
        let death = std::env::var(DEATH).unwrap_or_default();
        if death == format!("before {number}") {
            die();
        }
        let made = make();
        if death == format!("after {number}") {
            die();
        }
        made
    }
}

/// SIGKILL, as by an operator or by a kernel that is out of memory: nothing is flushed, closed or told.
fn die() -> ! {
    let killed = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    assert!(killed.is_ok(), "kill runs");
    loop {
        std::thread::park();
    }
}

struct MortalLedger {
    inner: Box<dyn Ledger>,
    book: Arc<Book>,
}

impl Ledger for MortalLedger {
    fn claim(&self, key: &LedgerKey, body: &Digest, now: Timestamp) -> Result<Claim, LedgerError> {
        self.book.cross("claim", || self.inner.claim(key, body, now))
    }

    fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, LedgerError> {
        self.book.cross("renew", || self.inner.renew(lease, now))
    }

    fn begin(&self, lease: &Lease, begin: &Begin, now: Timestamp) -> Result<Result<(), Held>, LedgerError> {
        self.book.cross("begin", || self.inner.begin(lease, begin, now))
    }

    fn note(&self, lease: &Lease, step: Step, name: &str, value: &str) -> Result<(), LedgerError> {
        self.book.cross("note", || self.inner.note(lease, step, name, value))
    }

    fn settle(
        &self,
        lease: &Lease,
        settled: &Settled,
        released: &[Holding],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.book.cross("settle", || self.inner.settle(lease, settled, released, now))
    }

    fn release(&self, lease: &Lease) -> Result<(), LedgerError> {
        self.book.cross("release", || self.inner.release(lease))
    }

    fn held(&self, scope: &str, names: &BTreeSet<String>) -> Result<Vec<Holding>, LedgerError> {
        self.inner.held(scope, names)
    }
}

struct MortalReceipts {
    inner: Box<dyn Receipts>,
    book: Arc<Book>,
}

impl Receipts for MortalReceipts {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        self.book.cross("keep", || self.inner.keep(story))
    }
}

struct MortalReplies {
    inner: Box<dyn Replies>,
    book: Arc<Book>,
}

impl Replies for MortalReplies {
    fn send(&self, kind: &str, pages: &[String]) -> Result<(), KeepError> {
        self.book.cross("reply", || self.inner.send(kind, pages))
    }
}
