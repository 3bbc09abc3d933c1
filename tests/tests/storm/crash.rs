//! A gate is killed at every boundary of a request's way, and another one takes over: the effect is there once, the
//! answer is one, and the receipts close.
//!
//! Two sets of boundaries cover all. Everything that a gate with a ledger in DynamoDB and receipts in S3 leaves behind
//! goes through a proxy, which kills it before or after the n-th call. What a gate with a ledger in SQLite writes is
//! counted by the gate itself, which kills itself before or after the n-th write. Calls that only read leave nothing: of
//! several in a row, one stands for all.

use crate::cases::{Case, check_receipts};
use crate::mortal::{Death, Life, Made, Mortal};
use reeve_tests::emulator::Emulator;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How long AWS works on accounts and commands, seconds, where a kill is to meet them on their way: longer than a gate
/// takes to be started.
const SLOW_SECONDS: f64 = 4.0;
/// Stories told at the same time in one test: some of them wait for ten seconds until a list of AWS is believed.
const HANDS: usize = 2;

/// A world in which AWS works for so many seconds on accounts and commands.
pub(crate) fn options(work_seconds: f64) -> Options {
    Options { create_seconds: work_seconds, command_seconds: work_seconds, ..Options::default() }
}

/// Does something with each of the items, several at a time, each time in an emulator of its own.
pub(crate) fn spread<T: Sync>(items: &[T], each: impl Fn(&Emulator, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                let emulator = Emulator::start();
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    emulator.reset();
                    each(&emulator, item);
                }
            });
        }
    });
}

/// One story: a gate dies as told, the next one takes over with a clock that is past the lease, and the message comes
/// once more after that. Answers the first life.
fn story(emulator: &Emulator, case: Case, settings: &Settings, death: &Death, work_seconds: f64) -> Life {
    let stage = Stage::new(emulator, options(work_seconds));
    let told = format!("{case:?} {:?} {death:?}", settings.ledger);
    let mortal = Mortal::new(&stage, case.gate(), settings.clone());
    let deliveries = case.deliveries(&stage);
    let first = mortal.live(&deliveries, 1, death);
    // How many calls several requests share is not the same each time, so that a late one may not come.
    let killed = *death != Death::Never;
    assert!(first.killed == killed || case == Case::DnsTogether, "{told}: {:?}", first.told);
    mortal.wait_for_leases();
    let second = mortal.live(&deliveries, 2, &Death::Never);
    let answers = second.answers();
    assert_eq!(answers.len(), 2 * deliveries.len(), "{told}: {:?}", second.told);
    let repeated = answers.iter().filter(|answer| answer["repeated"] == Value::Bool(true)).count();
    assert!(repeated >= deliveries.len(), "{told}: the last time it is only repeated: {answers:?}");
    case.check(&stage, &deliveries, &told);
    if !settings.receipts_s3 {
        check_receipts(&stage, case, settings, &deliveries, &told);
    }
    first
}

/// The deaths that the proxy can cause and that differ in what is left behind.
fn deaths(made: &[Made]) -> Vec<Death> {
    let mut deaths = Vec::new();
    let mut after_read = false;
    for (index, call) in (0..).zip(made) {
        if !(call.reads() && after_read) {
            deaths.push(Death::Before(index));
        }
        if !call.reads() {
            deaths.push(Death::After(index));
        }
        after_read = call.reads();
    }
    deaths
}

fn every_call(case: Case, settings: &Settings) {
    let began = Instant::now();
    let calm = story(&Emulator::start(), case, settings, &Death::Never, 0.0);
    let mut deaths: Vec<(Death, f64)> = deaths(&calm.made).into_iter().map(|death| (death, 0.0)).collect();
    let slow = (0..).zip(&calm.made).filter(|(_, call)| ["CreateAccount", "SendCommand"].contains(&&*call.operation));
    deaths.extend(slow.map(|(index, _)| (Death::After(index), SLOW_SECONDS)));
    let made: Vec<String> = calm.made.iter().map(|it| format!("{}:{}", it.service, it.operation)).collect();
    assert!(deaths.len() > 4, "{made:?}");
    spread(&deaths, |emulator, (death, seconds)| {
        story(emulator, case, settings, death, *seconds);
    });
    tell(case, settings, deaths.len(), &made, began);
}

fn every_write(case: Case, settings: &Settings) {
    let began = Instant::now();
    let calm = story(&Emulator::start(), case, settings, &Death::Never, 0.0);
    let boundaries = calm.boundaries();
    assert!(boundaries.len() > 5, "{boundaries:?}");
    let sides = |number| ["before", "after"].map(|side| Death::Own(format!("{side} {number}")));
    let deaths: Vec<Death> = (1..=boundaries.len()).flat_map(sides).collect();
    spread(&deaths, |emulator, death| {
        story(emulator, case, settings, death, 0.0);
    });
    tell(case, settings, deaths.len(), &boundaries, began);
}

fn tell(case: Case, settings: &Settings, deaths: usize, crossed: &[String], began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{case:?} with {:?}: {deaths} deaths in {seconds:.1} s; {}", settings.ledger, crossed.join(" "));
}

/// What is judged does not matter here, and every plugin less makes every life shorter.
pub(crate) fn policies(case: Case) -> Vec<(String, String)> {
    let more = if case.gate() == Gate::Dns { ", dns-allowlist" } else { ", scp-validation" };
    vec![(format!("policies: [sender-trust{more}]"), "policies: [sender-trust]".to_owned())]
}

fn sqlite(case: Case) -> Settings {
    Settings { replace: policies(case), ..Settings::default() }
}

fn dynamo(case: Case) -> Settings {
    Settings { ledger: LedgerKind::DynamoDb, receipts_s3: true, replace: policies(case), ..Settings::default() }
}

#[test]
fn dns_with_dynamodb_at_every_call() {
    every_call(Case::Dns, &dynamo(Case::Dns));
}

#[test]
fn create_account_with_dynamodb_at_every_call() {
    every_call(Case::Account, &dynamo(Case::Account));
}

#[test]
fn register_host_with_dynamodb_at_every_call() {
    every_call(Case::Host, &dynamo(Case::Host));
}

#[test]
fn dns_together_with_dynamodb_at_every_call() {
    every_call(Case::DnsTogether, &dynamo(Case::DnsTogether));
}

#[test]
fn parameter_with_dynamodb_at_every_call() {
    every_call(Case::Parameter, &dynamo(Case::Parameter));
}

#[test]
fn dns_with_sqlite_at_every_write() {
    every_write(Case::Dns, &sqlite(Case::Dns));
}

#[test]
fn dns_with_sqlite_at_every_call() {
    every_call(Case::Dns, &sqlite(Case::Dns));
}

#[test]
fn create_account_with_sqlite_at_every_write() {
    every_write(Case::Account, &sqlite(Case::Account));
}

#[test]
fn register_host_with_sqlite_at_every_write() {
    every_write(Case::Host, &sqlite(Case::Host));
}
