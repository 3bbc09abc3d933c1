//! Instructions and time.

use super::support::{HARMLESS, ask, assert_denies, attack, fault_of, guest, load, plain, refused, tables, with};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{FUEL_DEFAULT, Limits, configure_fuel};
use std::time::{Duration, Instant};

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    for detail in [
        r#"{"do":"loop"}"#,
        r#"{"do":"loop-fill","n":1000000}"#,
        r#"{"do":"loop-log","n":10}"#,
        r#"{"do":"loop-exact","text":"strings","n":1}"#,
        r#"{"do":"loop-exact","text":"unknown","n":1}"#,
        r#"{"do":"loop-below","text":"names"}"#,
    ] {
        assert_eq!(fault_of(plain(), detail), Fault::OutOfFuel { limit: FUEL_DEFAULT }, "{detail}");
        assert_eq!(attack(plain(), detail).fuel, FUEL_DEFAULT, "{detail}");
    }
}

/// What the host copies for a guest costs the guest fuel: else the clock would judge, and not alike everywhere.
#[test]
fn a_loop_over_large_host_calls_runs_out_of_fuel_before_time() {
    // Were a call of 4 MB as cheap as one of 4 bytes, this fuel would last for minutes.
    let plugin = with(Limits { fuel: 100_000_000, timeout_ms: 5_000, ..Limits::default() });
    for detail in [
        r#"{"do":"loop-log","n":4000000}"#,
        r#"{"do":"loop-exact","text":"strings","n":4000000}"#,
        r#"{"do":"loop-exact","text":"names","n":4000000}"#,
        r#"{"do":"loop-exact","text":"unknown","n":4000000}"#,
    ] {
        assert_eq!(fault_of(&plugin, detail), Fault::OutOfFuel { limit: 100_000_000 }, "{detail}");
    }
}

#[test]
fn an_endless_loop_in_configure_runs_out_of_fuel() {
    let settings = r#"{"do":"loop","in":"configure"}"#;
    let limits = Limits { timeout_ms: 60_000, ..Limits::default() };
    let fault = refused(guest(), settings, tables(), limits);
    assert_eq!(fault, Fault::OutOfFuel { limit: configure_fuel(settings.len()) });
}

#[test]
fn the_clock_stops_what_fuel_does_not() {
    let limits = Limits { fuel: u64::MAX / 2, timeout_ms: 100, ..Limits::default() };
    let plugin = with(limits);
    let before = ask(&plugin, HARMLESS);
    for detail in [
        r#"{"do":"loop"}"#,
        r#"{"do":"loop-fill","n":1000000}"#,
        r#"{"do":"loop-log","n":10}"#,
        r#"{"do":"loop-log","n":4000000}"#,
        r#"{"do":"loop-below","text":"names"}"#,
    ] {
        let started = Instant::now();
        let asked = ask(&plugin, detail);
        assert_eq!(asked.answer, Answer::Fault(Fault::Timeout { limit_ms: 100 }), "{detail}");
        assert!(started.elapsed() < Duration::from_secs(30), "{detail}: {:?}", started.elapsed());
        assert_denies(asked.answer);
        assert_eq!(ask(&plugin, HARMLESS), before, "{detail}: leaves no trace");
    }
}

/// A deadline belongs to one call: the clock of an engine is shared, and a slow neighbour must not trip it.
#[test]
fn a_timeout_of_one_plugin_does_not_stop_another() {
    let hurried = with(Limits { fuel: u64::MAX / 2, timeout_ms: 50, ..Limits::default() });
    let patient = with(Limits { fuel: 300_000_000, timeout_ms: 120_000, ..Limits::default() });
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| ask(&patient, r#"{"do":"loop"}"#));
        while !patient.is_finished() {
            let asked = ask(&hurried, r#"{"do":"loop"}"#);
            assert_eq!(asked.answer, Answer::Fault(Fault::Timeout { limit_ms: 50 }));
        }
        let patient = patient.join().expect("no panic");
        assert_eq!(patient.answer, Answer::Fault(Fault::OutOfFuel { limit: 300_000_000 }));
    });
}

/// The limit is exact: what an evaluation uses is what it needs, whether the guest or a look-up used it.
#[test]
fn fuel_is_enough_at_its_exact_limit_and_not_one_below() {
    let ordinary = [HARMLESS, r#"{"do":"hold","n":1000}"#, r#"{"do":"log","n":5}"#, r#"{"do":"deny","text":"no"}"#];
    for detail in ordinary {
        let free = ask(plain(), detail);
        assert!(matches!(free.answer, Answer::Verdict(Verdict::Allow(_) | Verdict::Deny(_))), "{detail}");
        let at = |fuel| ask(&with(Limits { fuel, ..Limits::default() }), detail);
        assert_eq!(at(free.fuel), free, "{detail}: exactly enough");
        let less = at(free.fuel - 1);
        assert_eq!(less.answer, Answer::Fault(Fault::OutOfFuel { limit: free.fuel - 1 }), "{detail}: one too few");
        assert_eq!(less.fuel, free.fuel - 1, "{detail}: never more than the limit");
    }
}

#[test]
fn no_fuel_at_all_is_no_work_at_all() {
    let plugin = load("{}", Limits { fuel: 0, ..Limits::default() }).expect("configure has fuel of its own");
    let asked = ask(&plugin, HARMLESS);
    assert_eq!((asked.answer, asked.fuel), (Answer::Fault(Fault::OutOfFuel { limit: 0 }), 0));
}
