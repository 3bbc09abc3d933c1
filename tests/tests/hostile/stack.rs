//! Recursion and traps.

use super::support::{fault_of, plain};
use reeve_model::Fault;

#[test]
fn deep_recursion_overflows_the_stack() {
    assert_eq!(fault_of(plain(), r#"{"do":"recurse"}"#), Fault::StackOverflow);
}

/// A compiler for wasm keeps locals with an address on a second stack in linear memory, of which the engine knows
/// nothing. `rust-lld` puts it below everything else, so running off its end is an access below address zero.
#[test]
fn a_stack_in_linear_memory_overflows_with_a_trap_and_not_into_the_data() {
    let Fault::Trap { message } = fault_of(plain(), r#"{"do":"recurse-in-memory"}"#) else { panic!("another fault") };
    assert!(message.contains("out of bounds memory access"), "{message}");
    assert!(message.contains("deep_in_memory"), "{message}");
}

#[test]
fn a_panic_and_an_unreachable_are_traps_that_name_a_place() {
    for (detail, place) in [(r#"{"do":"panic"}"#, "panic"), (r#"{"do":"unreachable"}"#, "hostile")] {
        let Fault::Trap { message } = fault_of(plain(), detail) else { panic!("{detail}: another fault") };
        let (what, at) = message.split_once(" in `").expect("a place");
        assert_eq!(what, "wasm trap: wasm `unreachable` instruction executed", "{detail}");
        assert!(at.contains(place), "{detail}: {message}");
    }
}
