//! The same request gives the same answer at the same cost: again, on another thread, in another engine.

use super::support::{HARMLESS, ask, guest, plain, tables};
use reeve_sandbox::{Asked, Limits, Sandbox};

const PROBES: [&str; 9] = [
    HARMLESS,
    r#"{"do":"address"}"#,
    r#"{"do":"hash-order"}"#,
    r#"{"do":"look-up","text":"strings"}"#,
    r#"{"do":"log","n":3}"#,
    r#"{"do":"hold","n":100000}"#,
    r#"{"do":"loop"}"#,
    r#"{"do":"recurse"}"#,
    r#"{"do":"bomb"}"#,
];

fn answers(plugin: &reeve_sandbox::Plugin) -> Vec<Asked> {
    PROBES.iter().map(|detail| ask(plugin, detail)).collect()
}

#[test]
fn the_same_request_gives_the_same_answer_at_the_same_cost() {
    let first = answers(plain());
    assert_eq!(answers(plain()), first, "again");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| answers(plain()))).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), first, "on another thread");
        }
    });
    for _ in 0..2 {
        let engine = Sandbox::new().expect("a sandbox");
        let plugin = engine.load(guest(), "{}", tables(), Limits::default()).expect("loads");
        assert_eq!(answers(&plugin), first, "in another engine");
    }
}

/// More evaluations at once than the pool has places: each waits or is judged, none is denied by chance.
#[test]
fn a_crowd_of_threads_gets_the_same_answers() {
    let first = ask(plain(), r#"{"do":"hold","n":100000}"#);
    let start = std::sync::Barrier::new(96);
    std::thread::scope(|scope| {
        let ask_often = || {
            start.wait();
            (0..10).map(|_| ask(plain(), r#"{"do":"hold","n":100000}"#)).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..96).map(|_| scope.spawn(ask_often)).collect();
        for thread in threads {
            for asked in thread.join().expect("no panic") {
                assert_eq!(asked, first);
            }
        }
    });
}
