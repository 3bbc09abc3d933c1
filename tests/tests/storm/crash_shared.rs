//! Two gates that share a ledger in DynamoDB: both at the same message, one killed under the other's eyes, and one that
//! was believed dead and writes once more.

use crate::cases::Case;
use crate::crash::{options, policies, spread};
use crate::mortal::{Death, Living, Mortal};
use reeve_tests::emulator::Emulator;
use reeve_tests::stage::{LedgerKind, Settings, Stage};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Longest wait for a gate to come to a certain call, seconds.
const PATIENCE_SECONDS: u64 = 60;

fn settings(case: Case, instance: &str) -> Settings {
    Settings {
        instance: instance.to_owned(),
        ledger: LedgerKind::DynamoDb,
        replace: policies(case),
        ..Settings::default()
    }
}

/// Waits until a gate has made so many calls.
fn until_calls(living: &Living, count: usize) {
    let end = Instant::now() + Duration::from_secs(PATIENCE_SECONDS);
    while living.calls() < count {
        assert!(Instant::now() < end, "{} of {count} calls", living.calls());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The numbers of a calm gate's writes to its ledger behind the claim, and of the calls that change AWS.
fn writes(emulator: &Emulator, case: Case, of_ledger: bool) -> Vec<u64> {
    let stage = Stage::new(emulator, options(0.0));
    let mortal = Mortal::new(&stage, case.gate(), settings(case, "-calm"));
    let deliveries = case.deliveries(&stage);
    let life = mortal.live(&deliveries, 1, &Death::Never);
    let claim = life.made.iter().position(|call| call.operation == "PutItem").expect("a claim");
    let made = (0..).zip(&life.made).skip(claim + 1).filter(|(_, call)| !call.reads());
    made.filter(|(_, call)| (call.service == "dynamodb") == of_ledger).map(|(index, _)| index).collect()
}

#[test]
fn two_gates_at_one_message() {
    let emulator = Emulator::start();
    for case in [Case::Dns, Case::Account, Case::Host, Case::Parameter] {
        emulator.reset();
        let stage = Stage::new(&emulator, options(0.0));
        let [one, two] = ["-one", "-two"].map(|it| Mortal::new(&stage, case.gate(), settings(case, it)));
        let deliveries = case.deliveries(&stage);
        // Each gate has the message twice, at once: four claims race.
        let doubled: Vec<Value> = deliveries.iter().chain(&deliveries).cloned().collect();
        let lives = [one.start(&doubled, 1, &Death::Never), two.start(&doubled, 1, &Death::Never)].map(Living::end);
        let answers: Vec<&Value> = lives.iter().flat_map(|life| life.answers()).collect();
        assert_eq!(answers.len(), 4 * deliveries.len(), "{case:?}");
        let first = answers.iter().filter(|answer| answer["repeated"] == Value::Bool(false)).count();
        assert_eq!(first, deliveries.len(), "{case:?}: one of four has done it: {answers:?}");
        case.check(&stage, &deliveries, &format!("{case:?} at two gates"));
    }
}

/// The second gate waits for the lease of the first, sees it die at a change of AWS, and takes over.
fn one_dies(case: Case) {
    let writes = writes(&Emulator::start(), case, false);
    assert!(!writes.is_empty(), "{case:?}");
    let deaths: Vec<Death> = writes.iter().flat_map(|index| [Death::Before(*index), Death::After(*index)]).collect();
    spread(&deaths, |emulator, death| {
        let stage = Stage::new(emulator, options(0.0));
        let told = format!("{case:?} {death:?}, under the eyes of another gate");
        let [one, two] = ["-one", "-two"].map(|it| Mortal::new(&stage, case.gate(), settings(case, it)));
        let deliveries = case.deliveries(&stage);
        let waiting = two.hold_back();
        let second = two.start(&deliveries, 1, &Death::Never);
        let first = one.start_with(&deliveries, 1, death, move |call| {
            if call.operation == "PutItem" {
                waiting.release();
            }
        });
        let first = first.end();
        assert!(first.killed, "{told}");
        two.wait_for_leases();
        assert_eq!(second.end().answers().len(), deliveries.len(), "{told}");
        case.check(&stage, &deliveries, &told);
    });
}

#[test]
fn one_gate_dies_and_the_other_sees_it_with_dns() {
    one_dies(Case::Dns);
}

#[test]
fn one_gate_dies_and_the_other_sees_it_with_an_account() {
    one_dies(Case::Account);
}

#[test]
fn one_gate_dies_and_the_other_sees_it_with_a_host() {
    one_dies(Case::Host);
}

/// A gate's write to the ledger is on its way for so long that another gate has taken over and ended the request: it is
/// refused, and the gate does nothing more.
fn one_comes_late(case: Case) {
    let writes = writes(&Emulator::start(), case, true);
    assert!(writes.len() > 3, "{case:?}: {writes:?}");
    spread(&writes, |emulator, index| {
        let stage = Stage::new(emulator, options(0.0));
        let told = format!("{case:?}, write {index} comes late");
        let [one, two] = ["-one", "-two"].map(|it| Mortal::new(&stage, case.gate(), settings(case, it)));
        let deliveries = case.deliveries(&stage);
        let (death, held) = Death::held(*index);
        let first = one.start(&deliveries, 1, &death);
        until_calls(&first, usize::try_from(*index).expect("small") + 1);
        two.wait_for_leases();
        let second = two.live(&deliveries, 1, &Death::Never);
        assert_eq!(second.answers().len(), deliveries.len(), "{told}");
        held.release();
        let first = first.end();
        assert_eq!(first.answers().len(), deliveries.len(), "{told}: {:?}", first.told);
        case.check(&stage, &deliveries, &told);
    });
}

#[test]
fn a_gate_that_comes_late_changes_nothing_with_dns() {
    one_comes_late(Case::Dns);
}

#[test]
fn a_gate_that_comes_late_changes_nothing_with_an_account() {
    one_comes_late(Case::Account);
}

#[test]
fn a_gate_that_comes_late_changes_nothing_with_a_host() {
    one_comes_late(Case::Host);
}
