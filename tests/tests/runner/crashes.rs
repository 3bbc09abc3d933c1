//! Whatever is cut off, wherever: each action has one effect, and the answer is the one that an undisturbed gate gives.

use crate::bench::{Bench, Chance, Fate, deny};
use crate::requests::{self, Ask, ZONE, delegation, launch, new_account, parameters, records};
use reeve_engine::{Brakes, Handled, LEASE_SECONDS, Ledger};
use reeve_model::Verdict;
use serde_json::Value;
use std::collections::BTreeSet;

/// Most deliveries until a request must be answered: every disturbance costs two at most.
const DELIVERIES_MAX: usize = 60;
/// Disturbances of one request by chance.
const DISTURBANCES_MAX: u32 = 8;
/// Requests by chance, of each case.
const SEEDS: u64 = 200;

struct Case {
    name: &'static str,
    ask: Ask,
    set_up: fn(&Bench),
}

fn cases() -> Vec<Case> {
    let three = [("/pub/a", "1"), ("/pub/b", "2"), ("/pub/c", "3")];
    let changes = [("UPSERT", "www.example.com", "A", "192.0.2.9"), ("CREATE", "new.example.com", "A", "192.0.2.8")];
    let delete = [("DELETE", "www.example.com", "A", "192.0.2.1")];
    let case = |name, ask, set_up| Case { name, ask, set_up };
    vec![
        case("parameters", parameters(1, &three), |_| {}),
        case("records", records(1, &changes), |_| {}),
        case("a deletion", records(1, &delete), |_| {}),
        case("an account", new_account(1), |_| {}),
        case("a delegation", delegation(1), |_| {}),
        case("a host", launch(1), |_| {}),
        case("a listing", Ask::of("LIST_ACCOUNTS", 1, &serde_json::json!({})), |_| {}),
        case("from a stranger", parameters(1, &three).unverified(), |_| {}),
        case("denied", parameters(1, &three), |bench| bench.judge(|_| deny("NO"))),
        case("dry", parameters(1, &three).dry(), |_| {}),
        case("refused by AWS", records(1, &changes), |bench| {
            bench.state().aws.refuse.insert("ChangeRecordSets");
        }),
        case("unproven", delegation(1), |bench| bench.state().aws.proves = false),
        case("a second round denied", delegation(1), |bench| {
            bench.judge(|it| if it.actions.len() == 1 { Verdict::Allow(Vec::new()) } else { deny("NO") });
        }),
        // What the request spends is all there is: it must not be spent twice.
        case("at the brake", parameters(1, &three), |bench| {
            bench.state().brakes = Brakes { changes_per_hour: 3, ..Brakes::default() };
        }),
        case("beyond the brake", parameters(1, &three), |bench| {
            bench.state().brakes = Brakes { changes_per_hour: 2, ..Brakes::default() };
        }),
    ]
}

/// What is left of a request: effects, the world, holdings, and the answer without the receipt's hash, which tells when
/// it was judged.
#[derive(Debug, PartialEq)]
struct End {
    effects: Vec<String>,
    world: reeve_kinds::World,
    held: Vec<reeve_engine::Holding>,
    told: BTreeSet<String>,
}

fn end(bench: &Bench) -> End {
    let names: BTreeSet<String> =
        ["www.example.com A", "new.example.com A", "team.example.com NS", requests::INSTANCE].map(str::to_owned).into();
    let held = |scope: &str| bench.ledger().held(scope, &names).expect("up");
    let held = [held(&format!("record {ZONE}")), held("host")].concat();
    let state = bench.state();
    let told = state.replies.iter().map(|page| {
        let mut page: Value = serde_json::from_str(page).expect("JSON");
        page.as_object_mut().expect("an object").remove("receipt");
        page.to_string()
    });
    End { effects: state.aws.effects.clone(), world: state.aws.world.clone(), held, told: told.collect() }
}

/// Delivers until it is answered; whoever died is waited for.
fn deliver(bench: &Bench, ask: &Ask, told: &str) {
    for _ in 0..DELIVERIES_MAX {
        match bench.handle(&ask.delivery()) {
            Some(Handled::Done(_)) => return,
            Some(Handled::Again { not_before: Some(at), .. }) => {
                let now = bench.state().now;
                bench.wait((at.as_second() - now).max(0));
            }
            Some(Handled::Again { .. }) => bench.wait(1),
            None => bench.wait(LEASE_SECONDS),
        }
    }
    panic!("{told}: not answered: {:?}", bench.trace());
}

fn undisturbed(case: &Case) -> Bench {
    let bench = Bench::new();
    (case.set_up)(&bench);
    deliver(&bench, &case.ask, case.name);
    bench
}

fn check(wanted: &End, bench: &Bench, told: &str) {
    assert_eq!(end(bench), *wanted, "{told}: {:#?}", bench.trace());

    let state = bench.state();
    let answers: BTreeSet<_> = state.replies.iter().collect();
    assert!(answers.len() <= 1, "{told}: one answer, byte for byte");
    if let Some(page) = answers.first() {
        let page: Value = serde_json::from_str(page).expect("JSON");
        let kept = state.receipts.iter().any(|(_, receipt)| page["receipt"] == receipt.hash().as_str());
        assert!(kept, "{told}: the answer's receipt is kept");
    }
}

#[test]
fn one_crash_or_failure_or_standstill_at_every_call() {
    for case in cases() {
        let quiet = undisturbed(&case);
        let (calls, wanted) = (quiet.trace(), end(&quiet));
        for nth in 1..=calls.len() {
            for fate in [Fate::Fail, Fate::FailAfter, Fate::Crash, Fate::CrashAfter, Fate::Stall] {
                if fate == Fate::Stall && calls[nth - 1].starts_with("aws") {
                    continue;
                }
                let told = format!("{}: {fate:?} at {nth} `{}`", case.name, calls[nth - 1]);
                let bench = Bench::new();
                (case.set_up)(&bench);
                bench.script("", nth, fate);
                deliver(&bench, &case.ask, &told);
                check(&wanted, &bench, &told);
            }
        }
    }
}

#[test]
fn many_of_them_by_chance() {
    for case in cases() {
        let wanted = end(&undisturbed(&case));
        for seed in 0..SEEDS {
            let told = format!("{}, seed {seed}", case.name);
            let bench = Bench::new();
            (case.set_up)(&bench);
            let one_in = 2 + seed % 12;
            bench.state().chance = Some(Chance { seed, left: DISTURBANCES_MAX, one_in });
            deliver(&bench, &case.ask, &told);
            check(&wanted, &bench, &told);
        }
    }
}
