//! Memory and tables.

use super::support::{HARMLESS, ask, attack, fault_of, generous, guest, plain, refused, tables, with};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{Limits, MEMORY_BYTES_DEFAULT};

const PAGE_BYTES: usize = 65_536;
const OUT_OF_MEMORY: Fault = Fault::OutOfMemory { limit_bytes: MEMORY_BYTES_DEFAULT };

#[test]
fn asking_for_more_memory_than_granted_is_out_of_memory() {
    let plugin = with(Limits { fuel: 1_000_000_000, timeout_ms: 120_000, ..Limits::default() });
    for detail in [
        r#"{"do":"bomb"}"#,
        r#"{"do":"hold","n":67108864}"#,
        r#"{"do":"grow","n":60000}"#,
        r#"{"do":"grow","n":256}"#,
        r#"{"do":"grow","n":65535}"#,
        r#"{"do":"grow","n":4294967295}"#,
        r#"{"do":"long-message","n":67108864}"#,
        r#"{"do":"reasons","n":1000000}"#,
    ] {
        assert_eq!(fault_of(&plugin, detail), OUT_OF_MEMORY, "{detail}");
    }
}

#[test]
fn memory_is_enough_at_its_exact_limit_and_not_one_page_below() {
    let ordinary = ask(plain(), HARMLESS);
    let at = |memory_bytes| Limits { memory_bytes, ..Limits::default() };
    assert_eq!(ask(&with(at(ordinary.memory_bytes)), HARMLESS), ordinary, "exactly enough");
    // The module's own memory at its start, so it is not even loaded.
    let less = at(ordinary.memory_bytes - PAGE_BYTES);
    let fault = refused(guest(), "{}", tables(), less);
    assert_eq!(fault, Fault::OutOfMemory { limit_bytes: less.memory_bytes });

    // Memory that only the evaluation asks for: loaded, and stopped when it is asked for.
    let holding = r#"{"do":"hold","n":1000000}"#;
    let held = ask(plain(), holding);
    assert!(held.memory_bytes >= ordinary.memory_bytes + 1_000_000, "{}", held.memory_bytes);
    assert_eq!(attack(&with(at(held.memory_bytes)), holding), held, "exactly enough");
    let less = with(at(held.memory_bytes - 1));
    let limit_bytes = held.memory_bytes - 1;
    assert_eq!(fault_of(&less, holding), Fault::OutOfMemory { limit_bytes });
}

#[test]
fn the_largest_memory_can_be_granted_and_is_counted() {
    let plugin = with(generous());
    let asked = attack(&plugin, r#"{"do":"grow","n":3000}"#);
    let before = ask(&plugin, HARMLESS);
    assert_eq!(asked.memory_bytes, before.memory_bytes + 3_000 * PAGE_BYTES);
    let limit_bytes = generous().memory_bytes;
    assert_eq!(fault_of(&plugin, r#"{"do":"grow","n":4096}"#), Fault::OutOfMemory { limit_bytes });
    assert_eq!(before.answer, Answer::Verdict(Verdict::Allow(vec![])));
}
