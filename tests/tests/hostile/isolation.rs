//! Nothing passes from one evaluation to another.

use super::support::{HARMLESS, ask, found, load, plain, with};
use reeve_sandbox::Limits;

#[test]
fn a_thousand_evaluations_never_see_a_counter_of_another_one() {
    let fuel = ask(plain(), r#"{"do":"count"}"#).fuel;
    for round in 0..1_000 {
        let asked = ask(plain(), r#"{"do":"count"}"#);
        assert_eq!((found(&asked), asked.fuel), ("static=1 heap=1", fuel), "round {round}");
    }
}

/// `configure` ran once in each instance: what it left there is all that an evaluation finds.
#[test]
fn every_evaluation_finds_the_state_that_configure_left() {
    let plugin = load(r#"{"do":"count","in":"configure"}"#, Limits::default()).expect("loads");
    for _ in 0..100 {
        assert_eq!(found(&ask(&plugin, r#"{"do":"count"}"#)), "static=2 heap=2");
    }
}

/// The slots of the pool are used again: new pages must be empty pages.
#[test]
fn new_memory_holds_nothing_of_an_earlier_instance() {
    let plugin = with(Limits { fuel: 100_000_000, timeout_ms: 60_000, ..Limits::default() });
    for round in 0..100 {
        assert_eq!(found(&ask(&plugin, r#"{"do":"residue","n":48}"#)), "residue=0", "round {round}");
    }
}

/// Whatever stopped an instance half way, its slot comes back clean.
#[test]
fn new_memory_holds_nothing_of_an_instance_that_was_stopped() {
    let plugin = with(Limits { fuel: 10_000_000, timeout_ms: 60_000, ..Limits::default() });
    for stopped in ["bomb", "loop", "recurse", "panic", "recurse-in-memory"] {
        let _ = ask(&plugin, &format!(r#"{{"do":"{stopped}"}}"#));
        assert_eq!(found(&ask(&plugin, r#"{"do":"residue","n":32}"#)), "residue=0", "after {stopped}");
        assert_eq!(found(&ask(&plugin, r#"{"do":"count"}"#)), "static=1 heap=1", "after {stopped}");
    }
}

#[test]
fn evaluations_at_the_same_time_do_not_see_each_other() {
    let harmless = ask(plain(), HARMLESS);
    std::thread::scope(|scope| {
        let threads = (0..8).map(|thread| {
            let harmless = &harmless;
            scope.spawn(move || {
                for _ in 0..50 {
                    if thread % 2 == 0 {
                        let _ = ask(plain(), r#"{"do":"bomb"}"#);
                    } else {
                        assert_eq!(&ask(plain(), HARMLESS), harmless);
                        assert_eq!(found(&ask(plain(), r#"{"do":"count"}"#)), "static=1 heap=1");
                        assert_eq!(found(&ask(plain(), r#"{"do":"residue","n":2}"#)), "residue=0");
                    }
                }
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().expect("no panic"));
    });
}
