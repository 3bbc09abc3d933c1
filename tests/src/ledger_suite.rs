//! What every ledger must do, whatever it is kept in. Each case has its own keys, scopes and names, so that all can share
//! one store; `open` gives another handle to it, as another gate or a restarted one has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod race;
mod rounds;

use reeve_engine::ledger::{SETTLED_SECONDS, UNFINISHED_SECONDS};
use reeve_engine::{
    Begin, Claim, Held, Holding, LEASE_SECONDS, Lease, Ledger, LedgerError, LedgerKey, Progress, Settled, Spend, Step,
};
use reeve_model::{AccountId, Digest, Nonce, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Opens another handle to the store.
pub type Open<'a> = &'a (dyn Fn() -> Arc<dyn Ledger> + Sync);

/// The first moment of the cases: the start of a clock hour.
pub const START: i64 = 1_800_000_000;

/// One case.
pub type Case = fn(Open<'_>);

/// Every case by the sentence that it shows.
pub const CASES: [(&str, Case); 20] = [
    ("a new request is taken, a held one is busy, another body is different", new_busy_different),
    ("an ended request is answered with its answer, also from another handle", ended),
    ("an answer and an unfinished request are forgotten at their time, and tokens still grow", forgotten),
    ("a lease that has run out is taken over with all progress", taken_over),
    ("a renewed lease is not taken over", renewed),
    ("every write under an old token is refused and changes nothing", fenced),
    ("a lease that has run out still counts until another takes it", overdue),
    ("a claim given back is free at once, keeps its progress, and takes no more writes", given_back),
    ("an ended request takes no more writes; the same end again is granted", ended_takes_no_writes),
    ("a round is begun once", rounds::begun_once),
    ("an allowance is spent to its end and no further, and a new hour is free", rounds::spent),
    ("amounts of one scope are added up, zero is free, too much alone is refused", rounds::added_up),
    ("what another holds is refused, and nothing of the round is written", rounds::held_by_another),
    ("a refused allowance leaves no holding behind", rounds::refused_holds_nothing),
    ("own holdings are taken over with a new value", rounds::own_again),
    ("holdings are given up at the end, and those of others are left alone", rounds::given_up),
    ("notes and long plans are there after reopening", reopened),
    ("long answers come back page by page", long_answer),
    ("more holdings than a transaction takes are begun, refused and given up as one", rounds::many_holdings),
    ("of many who claim at once exactly one takes each request", race::raced),
];

/// Cases whose calls have bodies of some MB, which not everything between a ledger and its store lets through.
pub const LARGE: [&str; 2] = ["notes and long plans are there after reopening", "long answers come back page by page"];

/// Runs every case. Each has a thread with its name, which a failure shows.
pub fn run(open: Open<'_>) {
    run_but(&[], open);
}

/// Runs every case but those named.
pub fn run_but(left_out: &[&str], open: Open<'_>) {
    assert!(left_out.iter().all(|name| CASES.iter().any(|(case, _)| case == name)), "{left_out:?}");
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let cases = CASES.into_iter().filter(|(name, _)| !left_out.contains(name));
        let runs = cases.map(|(name, case)| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            (name, thread.spawn_scoped(scope, move || case(open)).expect("a thread").join().is_err())
        });
        runs.filter(|(_, failed)| *failed).map(|(name, _)| name).collect()
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

/// A key that no other call gives.
pub fn fresh_key() -> LedgerKey {
    let nonce = format!("00000000-0000-4000-8000-{}", unique());
    LedgerKey {
        account: account(1),
        source: "app.infra".into(),
        kind: "LIST_ACCOUNTS".into(),
        nonce: Nonce::parse(&nonce).unwrap(),
    }
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{:012}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn scope(what: &str) -> String {
    format!("{what} {}", unique())
}

pub fn account(number: u8) -> AccountId {
    AccountId::parse(&format!("1111222233{number:02}")).unwrap()
}

pub fn body(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub fn answer(pages: &[&str]) -> Settled {
    let reply = pages.iter().map(|page| (*page).to_owned()).collect();
    Settled { permitted: true, receipt: Digest::of(b"receipt"), reply }
}

fn plan(round: u32, plan: &str) -> Begin {
    Begin { round, plan: plan.into(), spends: Vec::new(), holdings: Vec::new() }
}

fn spend(scope: &str, amount: u32, hourly_max: u32) -> Spend {
    Spend { scope: scope.into(), amount, hourly_max }
}

fn holding(scope: &str, name: &str, owner: u8, value: &str) -> Holding {
    Holding { scope: scope.into(), name: name.into(), owner: account(owner), value: value.into() }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn taken(claim: Claim) -> (Lease, Progress) {
    match claim {
        Claim::Taken { lease, progress } => (lease, progress),
        other => panic!("not taken: {other:?}"),
    }
}

/// A new request at `now`, claimed.
fn new(ledger: &dyn Ledger, now: Timestamp) -> Lease {
    let (lease, progress) = taken(ledger.claim(&fresh_key(), &body("b"), now).unwrap());
    assert_eq!(progress, Progress::default());
    lease
}

const STEP: Step = Step { round: 0, action: 0 };

fn new_busy_different(open: Open<'_>) {
    let (one, other) = (open(), open());
    let key = fresh_key();
    let (lease, progress) = taken(one.claim(&key, &body("b"), at(0)).unwrap());
    assert_eq!((&lease.key, lease.until, progress), (&key, at(LEASE_SECONDS), Progress::default()));
    for ledger in [&one, &other] {
        assert_eq!(ledger.claim(&key, &body("b"), at(1)), Ok(Claim::Busy { until: lease.until }));
        assert_eq!(ledger.claim(&key, &body("c"), at(1)), Ok(Claim::Different));
        assert_eq!(ledger.claim(&key, &body("c"), at(LEASE_SECONDS)), Ok(Claim::Different), "also once it is free");
    }
    for field in 0..4 {
        let mut near = key.clone();
        match field {
            0 => near.account = account(2),
            1 => near.source.push('x'),
            2 => near.kind.push('x'),
            _ => near.nonce = fresh_key().nonce,
        }
        taken(one.claim(&near, &body("c"), at(1)).unwrap());
    }
}

fn ended(open: Open<'_>) {
    let (one, other) = (open(), open());
    for pages in [&[][..], &["{\"page\":1}"], &["{}", "", "{\"é\":2}"]] {
        let lease = new(&*one, at(0));
        one.settle(&lease, &answer(pages), &[], at(1)).unwrap();
        for ledger in [&one, &other] {
            assert_eq!(ledger.claim(&lease.key, &body("b"), at(2)), Ok(Claim::Settled(answer(pages))));
            assert_eq!(ledger.claim(&lease.key, &body("c"), at(2)), Ok(Claim::Different));
        }
    }
    let lease = new(&*one, at(0));
    let denied = Settled { permitted: false, ..answer(&["{}"]) };
    one.settle(&lease, &denied, &[], at(1)).unwrap();
    assert_eq!(other.claim(&lease.key, &body("b"), at(2)), Ok(Claim::Settled(denied)));
}

fn forgotten(open: Open<'_>) {
    let ledger = open();
    let ended = new(&*ledger, at(0));
    ledger.begin(&ended, &plan(0, "old"), at(0)).unwrap().unwrap();
    ledger.settle(&ended, &answer(&[]), &[], at(5)).unwrap();
    let last = 5 + SETTLED_SECONDS - 1;
    assert_eq!(ledger.claim(&ended.key, &body("b"), at(last)), Ok(Claim::Settled(answer(&[]))));
    let unfinished = new(&*ledger, at(0));
    ledger.begin(&unfinished, &plan(0, "old"), at(0)).unwrap().unwrap();
    let last = LEASE_SECONDS + UNFINISHED_SECONDS - 1;
    assert_eq!(ledger.claim(&unfinished.key, &body("c"), at(last)), Ok(Claim::Different));
    for (old, moment) in [(ended, 5 + SETTLED_SECONDS), (unfinished, last + 1)] {
        let (lease, progress) = taken(ledger.claim(&old.key, &body("another"), at(moment)).unwrap());
        assert_eq!(progress, Progress::default());
        assert!(lease.token > old.token, "{} after {}", lease.token, old.token);
        assert_eq!(ledger.note(&old, STEP, "n", "v"), Err(LedgerError::Lost));
        assert_eq!(ledger.claim(&old.key, &body("b"), at(moment)), Ok(Claim::Different));
        let (_, progress) = taken(ledger.claim(&old.key, &body("another"), at(moment + LEASE_SECONDS)).unwrap());
        assert_eq!(progress, Progress::default());
    }
}

fn taken_over(open: Open<'_>) {
    let (one, other) = (open(), open());
    let lease = new(&*one, at(0));
    let step = Step { round: 1, action: 10 };
    one.begin(&lease, &plan(0, "first"), at(0)).unwrap().unwrap();
    one.begin(&lease, &plan(1, ""), at(0)).unwrap().unwrap();
    one.note(&lease, STEP, "intent", "1").unwrap();
    one.note(&lease, STEP, "intent", "2").unwrap();
    one.note(&lease, STEP, "done", "").unwrap();
    one.note(&lease, step, "intent é", "x\ny").unwrap();
    let claim = |seconds| other.claim(&lease.key, &body("b"), at(seconds)).unwrap();
    assert_eq!(claim(LEASE_SECONDS - 1), Claim::Busy { until: lease.until });
    let (next, progress) = taken(claim(LEASE_SECONDS));
    assert!(next.token > lease.token);
    assert_eq!(next.until, at(2 * LEASE_SECONDS));
    let note = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let expected = Progress {
        plans: BTreeMap::from([(0, "first".to_owned()), (1, String::new())]),
        notes: BTreeMap::from([(STEP, note(&[("done", ""), ("intent", "2")])), (step, note(&[("intent é", "x\ny")]))]),
    };
    assert_eq!(progress, expected);
    other.note(&next, STEP, "done", "3").unwrap();
    let (_, progress) = taken(one.claim(&lease.key, &body("b"), at(2 * LEASE_SECONDS)).unwrap());
    assert_eq!(progress.notes[&STEP], note(&[("done", "3"), ("intent", "2")]));
}

fn renewed(open: Open<'_>) {
    let ledger = open();
    let lease = new(&*ledger, at(0));
    let renewed = ledger.renew(&lease, at(60)).unwrap();
    assert_eq!((renewed.token, renewed.until, &renewed.key), (lease.token, at(60 + LEASE_SECONDS), &lease.key));
    let claim = |seconds| ledger.claim(&lease.key, &body("b"), at(seconds)).unwrap();
    assert_eq!(claim(LEASE_SECONDS), Claim::Busy { until: renewed.until });
    assert_eq!(ledger.note(&renewed, STEP, "n", "v"), Ok(()));
    taken(claim(60 + LEASE_SECONDS));
}

/// Each write under `lease` is refused as lost.
fn refused(ledger: &dyn Ledger, lease: &Lease, held: &Holding) {
    let (scope, now) = (scope("gate"), at(LEASE_SECONDS));
    let begin = Begin { spends: vec![spend(&scope, 1, 1)], ..plan(7, "late") };
    assert_eq!(ledger.renew(lease, now), Err(LedgerError::Lost), "renew");
    assert_eq!(ledger.begin(lease, &begin, now), Err(LedgerError::Lost), "begin");
    let begun = plan(0, "again");
    assert_eq!(ledger.begin(lease, &begun, now), Err(LedgerError::Lost), "begin a round that was begun");
    assert_eq!(ledger.note(lease, STEP, "n", "late"), Err(LedgerError::Lost), "note");
    let late = answer(&["late"]);
    assert_eq!(ledger.settle(lease, &late, &[], now), Err(LedgerError::Lost), "settle");
    let given_up = ledger.settle(lease, &late, std::slice::from_ref(held), now);
    assert_eq!(given_up, Err(LedgerError::Lost), "settle and give up");
    // Nothing was spent: the whole allowance is there.
    let other = new(ledger, now);
    assert_eq!(ledger.begin(&other, &Begin { round: 0, ..begin }, now), Ok(Ok(())));
    assert_eq!(ledger.held(&held.scope, &names(&[&held.name])), Ok(vec![held.clone()]));
}

fn fenced(open: Open<'_>) {
    let (one, other) = (open(), open());
    let old = new(&*one, at(0));
    let held = holding(&scope("host"), "i-1", 1, "");
    one.begin(&old, &Begin { holdings: vec![held.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    one.note(&old, STEP, "n", "v").unwrap();
    let (next, before) = taken(other.claim(&old.key, &body("b"), at(LEASE_SECONDS)).unwrap());
    refused(&*one, &old, &held);
    assert_eq!(one.release(&old), Err(LedgerError::Lost));
    assert_eq!(other.renew(&next, at(LEASE_SECONDS)).map(|lease| lease.token), Ok(next.token));
    let (last, after) = taken(one.claim(&old.key, &body("b"), at(2 * LEASE_SECONDS)).unwrap());
    assert_eq!(after, before);
    assert!(last.token > next.token);
    for lost in [old, next] {
        refused(&*other, &lost, &held);
    }
}

fn overdue(open: Open<'_>) {
    let ledger = open();
    let lease = new(&*ledger, at(0));
    let late = at(3 * LEASE_SECONDS);
    assert_eq!(ledger.note(&lease, STEP, "n", "v"), Ok(()));
    assert_eq!(ledger.begin(&lease, &plan(0, "p"), late), Ok(Ok(())));
    let lease = ledger.renew(&lease, late).unwrap();
    let claim = ledger.claim(&lease.key, &body("b"), late).unwrap();
    assert_eq!(claim, Claim::Busy { until: at(4 * LEASE_SECONDS) });
    assert_eq!(ledger.settle(&lease, &answer(&[]), &[], at(9 * LEASE_SECONDS)), Ok(()));
}

fn given_back(open: Open<'_>) {
    let (one, other) = (open(), open());
    let lease = new(&*one, at(0));
    let held = holding(&scope("host"), "i-1", 1, "");
    one.begin(&lease, &Begin { holdings: vec![held.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    one.note(&lease, STEP, "n", "v").unwrap();
    assert_eq!(one.release(&lease), Ok(()));
    assert_eq!(one.release(&lease), Ok(()), "again");
    refused(&*one, &lease, &held);
    assert_eq!(other.claim(&lease.key, &body("c"), at(1)), Ok(Claim::Different));
    let (next, progress) = taken(other.claim(&lease.key, &body("b"), at(1)).unwrap());
    assert!(next.token > lease.token);
    assert_eq!((progress.plans.len(), progress.notes[&STEP]["n"].as_str()), (1, "v"));
    assert_eq!(one.release(&lease), Err(LedgerError::Lost));
    assert_eq!(one.claim(&lease.key, &body("b"), at(2)), Ok(Claim::Busy { until: next.until }));
}

fn ended_takes_no_writes(open: Open<'_>) {
    let ledger = open();
    let lease = new(&*ledger, at(0));
    let held = holding(&scope("host"), "i-1", 1, "");
    ledger.begin(&lease, &Begin { holdings: vec![held.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    ledger.settle(&lease, &answer(&["{}"]), &[], at(1)).unwrap();
    assert_eq!(ledger.settle(&lease, &answer(&["{}"]), &[], at(2)), Ok(()), "the same end");
    refused(&*ledger, &lease, &held);
    assert_eq!(ledger.release(&lease), Err(LedgerError::Lost));
    assert_eq!(ledger.claim(&lease.key, &body("b"), at(3)), Ok(Claim::Settled(answer(&["{}"]))));
}

fn reopened(open: Open<'_>) {
    // Two bytes a character, so that a cut at a round number of bytes would fall inside one.
    let long = format!("x{}", "é".repeat(1024 * 1024));
    let lease = {
        let ledger = open();
        let lease = new(&*ledger, at(0));
        ledger.begin(&lease, &plan(0, &long), at(0)).unwrap().unwrap();
        ledger.begin(&lease, &plan(1, "short"), at(0)).unwrap().unwrap();
        ledger.note(&lease, STEP, "n", &"v".repeat(10_000)).unwrap();
        ledger.release(&lease).unwrap();
        lease
    };
    let (_, progress) = taken(open().claim(&lease.key, &body("b"), at(1)).unwrap());
    assert_eq!(progress.plans.len(), 2);
    assert!(progress.plans[&0] == long, "{} bytes of {}", progress.plans[&0].len(), long.len());
    assert_eq!(progress.plans[&1], "short");
    assert_eq!(progress.notes[&STEP]["n"].len(), 10_000);
}

fn long_answer(open: Open<'_>) {
    let ledger = open();
    let lease = new(&*ledger, at(0));
    let pages = ["é".repeat(400_000), String::new(), "x".repeat(200_000), "{}".to_owned()];
    let settled = answer(&pages.each_ref().map(String::as_str));
    ledger.settle(&lease, &settled, &[], at(1)).unwrap();
    assert_eq!(ledger.settle(&lease, &settled, &[], at(1)), Ok(()), "again");
    let claim = open().claim(&lease.key, &body("b"), at(2)).unwrap();
    assert!(claim == Claim::Settled(settled), "not the same pages");
}
