//! What one evaluation hides, no other one finds: in globals, tables, memory of its own and memory for requests.

use super::support::{HARMLESS, ask, sandbox};
use super::text_guests::component;
use reeve_model::{Answer, Verdict};
use reeve_sandbox::{Datasets, Limits, Plugin, Start};

/// Looks for what was left, and leaves all it can.
const LEAK: &str = include_str!("../../guests/text/leak.wat");
/// Evaluations of each guest, on all threads together.
const EVALUATIONS: usize = 50_000;
/// Threads at once: they use the same places of the pool in turn.
const THREADS: usize = 4;

fn load(text: &str) -> Plugin {
    sandbox().load(&component(text), "{}", Datasets::default(), Limits::default()).expect("loads")
}

/// Without what it does with its table, so that a snapshot of it can be made.
fn without_table() -> String {
    LEAK.lines().filter(|line| !line.contains(";; table")).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn never_found(plugin: &Plugin) {
    let clean = ask(plugin, HARMLESS);
    assert_eq!(clean.answer, Answer::Verdict(Verdict::Allow(vec![])), "nothing is there at first");
    std::thread::scope(|scope| {
        let (rounds, clean) = (EVALUATIONS / THREADS, &clean);
        let ask_often = move || (0..rounds).all(|_| ask(plugin, HARMLESS) == *clean);
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask_often)).collect();
        let all_clean = threads.into_iter().all(|thread| thread.join().expect("no panic"));
        assert!(all_clean, "an evaluation found what another one had left");
    });
}

/// Half of 100,000 evaluations.
#[test]
fn nothing_is_found_by_instances_that_read_their_settings() {
    let plugin = load(LEAK);
    assert!(matches!(plugin.start(), Start::Configure { why } if why.contains("table.set")), "{:?}", plugin.start());
    never_found(&plugin);
}

/// The other half.
#[test]
fn nothing_is_found_by_instances_of_a_snapshot() {
    let plugin = load(&without_table());
    assert_eq!(plugin.start(), &Start::Snapshot);
    never_found(&plugin);
}

/// The guest does find what is there: here it is in the image from the beginning.
#[test]
fn the_guest_sees_what_is_there() {
    let found = Answer::Verdict(Verdict::Abstain(String::new()));
    let marks = ["(data (i32.const 4096) \"x\")", "(data (i32.const 100000) \"x\")", "(data (i32.const 262143) \"x\")"];
    for mark in marks {
        let text = LEAK.trim_end().strip_suffix(')').expect("a module").to_owned() + mark + ")";
        let seen = ask(&load(&text), HARMLESS).answer;
        // What lies behind the requests of this test is never looked at.
        let looked_at = !mark.contains("262143");
        assert_eq!(seen == found, looked_at, "{mark}");
    }
    let global = LEAK.replace("(global $secret (mut i64) (i64.const 0))", "(global $secret (mut i64) (i64.const 1))");
    assert_eq!(ask(&load(&global), HARMLESS).answer, found);
    let table = LEAK.replace("(elem declare func $mark)", "(elem (i32.const 1) func $mark)");
    assert_eq!(ask(&load(&table), HARMLESS).answer, found);
    let request = LEAK.trim_end().strip_suffix(')').expect("a module").to_owned() + "(data (i32.const 196616) \"x\"))";
    assert_eq!(ask(&load(&request), HARMLESS).answer, found);
}
