//! Settings read in advance change what a load costs, and nothing else.

use super::support::{HARMLESS, ask, found, generous, guest, sandbox, tables};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{Limits, Plugin, Sandbox, Start};
use std::sync::OnceLock;

/// A sandbox in which every instance reads its settings itself.
fn configuring() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new().expect("a sandbox"))
}

/// The guest in both ways.
fn both(settings: &str, limits: Limits) -> (Plugin, Plugin) {
    let load = |sandbox: &Sandbox| sandbox.load(guest(), settings, tables(), limits).expect("loads");
    let (snapshot, configured) = (load(sandbox()), load(configuring()));
    assert_eq!(snapshot.start(), &Start::Snapshot, "{settings}");
    assert!(matches!(configured.start(), Start::Configure { .. }), "{settings}");
    assert_eq!(snapshot.inspection(), configured.inspection(), "the same plugin");
    (snapshot, configured)
}

#[test]
fn an_answer_its_fuel_and_its_memory_do_not_tell_how_the_settings_were_read() {
    const DETAILS: [&str; 30] = [
        HARMLESS,
        r#"{"do":"abstain","text":"x"}"#,
        r#"{"do":"missing-fact","text":"x"}"#,
        r#"{"do":"error","text":"x"}"#,
        r#"{"do":"loop"}"#,
        r#"{"do":"loop-log","n":100}"#,
        r#"{"do":"loop-exact","n":10,"text":"strings"}"#,
        r#"{"do":"loop-below","text":"names"}"#,
        r#"{"do":"loop-fill","n":65536}"#,
        r#"{"do":"hold","n":1000000}"#,
        r#"{"do":"bomb"}"#,
        r#"{"do":"grow","n":3}"#,
        r#"{"do":"grow","n":60000}"#,
        r#"{"do":"recurse"}"#,
        r#"{"do":"recurse-in-memory"}"#,
        r#"{"do":"panic"}"#,
        r#"{"do":"unreachable"}"#,
        r#"{"do":"deny","text":"x"}"#,
        r#"{"do":"deny-without-reason"}"#,
        r#"{"do":"reasons","n":100}"#,
        r#"{"do":"reasons","n":101}"#,
        r#"{"do":"long-message","n":3000}"#,
        r#"{"do":"long-message","n":5000000}"#,
        r#"{"do":"not-utf8"}"#,
        r#"{"do":"log","n":3,"text":"x"}"#,
        r#"{"do":"look-up","text":"strings"}"#,
        r#"{"do":"count"}"#,
        r#"{"do":"residue","n":4}"#,
        r#"{"do":"address"}"#,
        r#"{"do":"hash-order"}"#,
    ];
    let long = format!(r#"{{"do":"deny","text":"{}"}}"#, "x".repeat(300_000));
    for settings in ["{}", r#"{"do":"count","in":"configure"}"#, r#"{"do":"log","n":2,"in":"configure"}"#, &long] {
        let (snapshot, configured) = both(settings, Limits { timeout_ms: 60_000, ..Limits::default() });
        for detail in DETAILS {
            let shown = settings.get(..40).unwrap_or(settings);
            assert_eq!(ask(&snapshot, detail), ask(&configured, detail), "{shown}: {detail}");
        }
    }
}

/// What `configure` took of its memory is part of the image, and of what is told.
#[test]
fn memory_that_configure_holds_counts_for_every_evaluation() {
    let (snapshot, configured) = both(r#"{"do":"hold","n":3000000,"in":"configure"}"#, Limits::default());
    let (one, other) = (ask(&snapshot, HARMLESS), ask(&configured, HARMLESS));
    assert_eq!(one, other);
    assert!(one.memory_bytes > 3_000_000, "{}", one.memory_bytes);
}

#[test]
fn what_fails_in_configure_fails_alike() {
    let limits = Limits { timeout_ms: 60_000, ..Limits::default() };
    for settings in [
        r#"{"do":"panic","in":"configure"}"#,
        r#"{"do":"bomb","in":"configure"}"#,
        r#"{"do":"recurse","in":"configure"}"#,
        r#"{"do":"deny","text":"no","in":"configure"}"#,
        r#"{"do":"deny-without-reason","in":"configure"}"#,
        r#"{"do":7}"#,
        "no JSON",
    ] {
        let fault = |sandbox: &Sandbox| sandbox.load(guest(), settings, tables(), limits).map(|_| ()).err();
        let (one, other) = (fault(sandbox()), fault(configuring()));
        assert_eq!(one, other, "{settings}");
    }
}

/// Whether a stack is small or large, and whose thread it is, is not for a plugin to know.
#[test]
fn the_thread_does_not_matter() {
    let (snapshot, configured) = both("{}", generous());
    const DETAILS: [&str; 4] = [HARMLESS, r#"{"do":"recurse"}"#, r#"{"do":"hold","n":100000}"#, r#"{"do":"panic"}"#];
    let answers = |plugin: &Plugin| DETAILS.map(|detail| ask(plugin, detail));
    let first = answers(&snapshot);
    assert_eq!(first[1].answer, Answer::Fault(Fault::StackOverflow));
    for stack_kib in [512, 8_192] {
        for threads in [1, 2] {
            std::thread::scope(|scope| {
                let on_stack = |plugin| {
                    let builder = std::thread::Builder::new().stack_size(stack_kib * 1_024);
                    builder.spawn_scoped(scope, move || answers(plugin)).expect("a thread")
                };
                let started: Vec<_> = (0..threads).flat_map(|_| [on_stack(&snapshot), on_stack(&configured)]).collect();
                for thread in started {
                    assert_eq!(thread.join().expect("no panic"), first, "{threads} threads of {stack_kib} KiB");
                }
            });
        }
    }
}

/// A form that the tool for snapshots does not take: its settings are read by each instance, and the gate says why.
#[test]
fn a_plugin_that_cannot_be_snapshotted_is_configured_each_time() {
    let odd = with_export(guest(), "__wizer_something");
    let plugin =
        sandbox().load(&odd, r#"{"do":"count","in":"configure"}"#, tables(), Limits::default()).expect("loads");
    let Start::Configure { why } = plugin.start() else { panic!("a snapshot") };
    assert!(why.contains("__wizer_"), "{why}");
    for _ in 0..3 {
        assert_eq!(found(&ask(&plugin, r#"{"do":"count"}"#)), "static=2 heap=2");
    }
    let (usual, _) = both(r#"{"do":"count","in":"configure"}"#, Limits::default());
    assert_eq!(ask(&plugin, r#"{"do":"count"}"#), ask(&usual, r#"{"do":"count"}"#), "and judges alike");
    assert_eq!(ask(&plugin, HARMLESS).answer, Answer::Verdict(Verdict::Allow(vec![])));
}

/// The component with one more export in its first core module.
fn with_export(component: &[u8], name: &str) -> Vec<u8> {
    const HEADER: usize = 8;
    const CORE_MODULE: u8 = 1;
    const EXPORTS: u8 = 7;
    let more = |module: &[u8]| {
        rewrite(module, HEADER, EXPORTS, |exports| {
            let (count, at) = leb(exports, 0);
            let entry = [to_leb(name.len()), name.as_bytes().to_vec(), vec![0, 0]].concat();
            [to_leb(count + 1), exports[at..].to_vec(), entry].concat()
        })
    };
    rewrite(component, HEADER, CORE_MODULE, more)
}

/// The bytes with the content of the first section of this id replaced.
fn rewrite(bytes: &[u8], start: usize, id: u8, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut at = start;
    loop {
        let (length, content) = leb(bytes, at + 1);
        if bytes[at] == id {
            let changed = change(&bytes[content..content + length]);
            return [&bytes[..=at], &to_leb(changed.len()), &changed, &bytes[content + length..]].concat();
        }
        at = content + length;
    }
}

/// A number in LEB128 and where it ends.
fn leb(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        value |= usize::from(bytes[at] & 0x7f) << shift;
        at += 1;
        shift += 7;
        if bytes[at - 1] < 0x80 {
            return (value, at);
        }
    }
}

fn to_leb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        out.push(low | if value > 0 { 0x80 } else { 0 });
        if value == 0 {
            return out;
        }
    }
}
