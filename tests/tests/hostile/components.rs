//! Bytes that are no policy, written by hand.

use super::support::{guest, refused};
use reeve_model::Fault;
use reeve_sandbox::{COMPONENT_BYTES_MAX, Datasets, Limits, configure_fuel};

/// The fault of loading a component without settings or tables.
#[track_caller]
pub(crate) fn fault(bytes: &[u8], limits: Limits) -> Fault {
    refused(bytes, "{}", Datasets::default(), limits)
}

/// The fault of loading a component in text form.
#[track_caller]
pub(crate) fn fault_of_wat(text: &str, limits: Limits) -> Fault {
    fault(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}")), limits)
}

/// A component with the contract's functions by name, all of type `func()`, around a core module.
pub(crate) fn with_module(module: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "f")) {module})
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $guard (export "configure" (func $f)) (export "describe" (func $f)) (export "evaluate" (func $f)))
            (export "reeve:policy/guard@0.1.0" (instance $guard)))"#
    )
}

#[test]
fn what_is_no_component_is_not_loaded() {
    let module = wat::parse_str(r#"(module (func (export "evaluate")))"#).expect("a module");
    let mut flipped = guest().to_vec();
    flipped[4] ^= 1;
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("a magic number", b"\0asm"),
        ("a script", b"#!/bin/sh\nexit 0\n"),
        ("text format", br#"(component)"#),
        ("an ELF file", b"\x7fELF\x02\x01\x01\0"),
        ("a core module", &module),
        ("half a component", &guest()[..guest().len() / 2]),
        ("a component but its last byte", &guest()[..guest().len() - 1]),
        ("a component and a byte", &[guest(), b"\0"].concat()),
        ("another version of wasm", &flipped),
        ("too large", &vec![0; COMPONENT_BYTES_MAX + 1]),
    ] {
        let fault = fault(bytes, Limits::default());
        let Fault::NotAComponent { message } = fault else { panic!("{what}: {fault:?}") };
        assert!(!message.is_empty() && !message.contains(char::is_control), "{what}: {message:?}");
    }
}

/// Every prefix and every flipped byte of a small component: whatever it is then, it is no policy, and no panic.
#[test]
fn a_damaged_component_is_refused_without_a_panic() {
    let whole = wat::parse_str(with_module("")).expect("a component");
    let refused = |bytes: &[u8], what: String| {
        let loaded = super::support::sandbox().load(bytes, "{}", Datasets::default(), Limits::default());
        let fault = loaded.map(|_| ()).expect_err(&what);
        let load_fault = matches!(
            fault,
            Fault::NotAComponent { .. }
                | Fault::NotAPolicy { .. }
                | Fault::ContractVersion { .. }
                | Fault::ImportNotGranted { .. }
        );
        assert!(load_fault, "{what}: {fault:?}");
    };
    for length in 0..=whole.len() {
        refused(&whole[..length], format!("{length} bytes"));
    }
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            refused(&bytes, format!("byte {at} ^ {flip:#x}"));
        }
    }
}

#[test]
fn a_start_function_is_under_the_same_limits() {
    let patient = Limits { timeout_ms: 60_000, ..Limits::default() };
    let small = Limits { memory_bytes: 65_536, ..Limits::default() };
    let out_of_memory = Fault::OutOfMemory { limit_bytes: small.memory_bytes };
    for (module, limits, expected) in [
        ("(func $s (loop (br 0))) (start $s)", patient, Fault::OutOfFuel { limit: configure_fuel("{}".len()) }),
        ("(func $s (loop (br 0))) (start $s)", Limits { timeout_ms: 20, ..patient }, Fault::Timeout { limit_ms: 20 }),
        ("(func $s (call $s)) (start $s)", patient, Fault::StackOverflow),
        ("(memory 1) (func $s (drop (memory.grow (i32.const 1)))) (start $s)", small, out_of_memory.clone()),
        (
            "(table $t 1 funcref) (func $s (drop (table.grow $t (ref.null func) (i32.const 10000)))) (start $s)",
            small,
            out_of_memory.clone(),
        ),
        (
            "(table $t 1 funcref) (func $s (drop (table.grow $t (ref.null func) (i32.const 9999999)))) (start $s)",
            patient,
            Fault::OutOfMemory { limit_bytes: patient.memory_bytes },
        ),
        // Little memory, but more than any slot of the pool holds.
        (
            "(table $t 1 funcref) (func $s (drop (table.grow $t (ref.null func) (i32.const 20000)))) (start $s)",
            patient,
            Fault::OutOfMemory { limit_bytes: patient.memory_bytes },
        ),
    ] {
        assert_eq!(fault_of_wat(&with_module(module), limits), expected, "{module}");
    }
    let module = r#"(func $s (@name "\1b[2Jok\e2\80\ae") unreachable) (start $s)"#;
    let Fault::Trap { message } = fault_of_wat(&with_module(module), patient) else { panic!("another fault") };
    assert!(message.ends_with("in `\\u{1b}[2Jok\\u{202e}`"), "a name is a text of the guest: {message}");
}

/// The same around several core modules.
fn with_modules(modules: &[&str]) -> String {
    let [first, rest @ ..] = modules else { panic!("at least one") };
    let more: String = rest
        .iter()
        .enumerate()
        .map(|(at, it)| format!("(core module $more{at} {it}) (core instance (instantiate $more{at}))"))
        .collect();
    with_module(first).replace("(instance $guard ", &format!("{more} (instance $guard "))
}

#[test]
fn what_all_modules_ask_for_at_their_start_is_counted_together() {
    let small = Limits { memory_bytes: 2 * 65_536, ..Limits::default() };
    let out_of_memory = Fault::OutOfMemory { limit_bytes: small.memory_bytes };
    for modules in [
        &["(memory 3)"][..],
        &["(memory 1)", "(memory 1)", "(memory 1)"],
        &["(table 16385 funcref)"],
        &["(memory 1) (table 8193 funcref)"],
        &["(table 6000 funcref)", "(table 6000 funcref)", "(table 6000 funcref)"],
        &["(memory 2)", "(table 1 funcref)"],
    ] {
        assert_eq!(fault_of_wat(&with_modules(modules), small), out_of_memory, "{modules:?}");
    }
    // At the limit it is loaded as far as its types allow.
    for modules in [
        &["(memory 2)"][..],
        &["(memory 1)", "(memory 1)"],
        &["(table 16384 funcref)"],
        &["(memory 1) (table 8192 funcref)"],
        &["(memory 1)", "(table 8192 funcref)"],
    ] {
        let fault = fault_of_wat(&with_modules(modules), small);
        assert!(matches!(fault, Fault::NotAPolicy { .. }), "{modules:?}: {fault:?}");
    }
}

/// A module may forbid its own growth; what it then does not get is not held against it.
#[test]
fn growth_that_the_module_itself_forbids_is_not_counted() {
    let repeat = |body: &str| {
        format!(
            "(memory 1 1) (table $t 1 1 funcref) (func $s (local $n i32)
                (loop {body} (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 9999)))))
             (start $s)"
        )
    };
    for body in ["(drop (memory.grow (i32.const 1)))", "(drop (table.grow $t (ref.null func) (i32.const 1000)))"] {
        let fault = fault_of_wat(&with_module(&repeat(body)), Limits::default());
        assert!(matches!(fault, Fault::NotAPolicy { .. }), "{body}: {fault:?}");
    }
}

/// The pool has slots of a fixed size: who asks for more than any slot has, asks for more than anyone may have.
#[test]
fn what_no_slot_of_the_pool_holds_is_refused_at_load() {
    let memories = "(memory 1)".repeat(5);
    let tables = "(table 1 funcref)".repeat(9);
    for module in ["(memory 4097)", "(memory 65536)", "(table 20001 funcref)", memories.as_str(), tables.as_str()] {
        let fault = fault_of_wat(&with_module(module), Limits::default());
        let refused = matches!(fault, Fault::OutOfMemory { .. } | Fault::NotAComponent { .. });
        assert!(refused, "{module}: {fault:?}");
    }
}

/// Compiling takes time and memory that a small file can make large: what would is refused before the compiler sees it.
#[test]
fn what_would_keep_the_compiler_busy_is_not_compiled() {
    use reeve_sandbox::{
        COMPILE_WORK_MAX, FUNCTION_BYTES_MAX, FUNCTION_PARAMS_MAX, FUNCTION_RESULTS_MAX, FUNCTIONS_MAX,
    };
    let busy = |module: &str| match fault_of_wat(&with_module(module), Limits::default()) {
        // Compiled, and then no policy.
        Fault::NotAPolicy { .. } => false,
        Fault::NotAComponent { message } => {
            assert!(["more than", "at most", "too long"].iter().any(|part| message.contains(part)), "{message}");
            true
        }
        other => panic!("{other:?}"),
    };
    let signature = |params: usize, results: usize| {
        let values = "i32 ".repeat(results);
        format!("(type (func (param {}) (result {values})))", "i32 ".repeat(params))
    };
    assert!(!busy(&signature(FUNCTION_PARAMS_MAX, FUNCTION_RESULTS_MAX)));
    assert!(busy(&signature(FUNCTION_PARAMS_MAX + 1, 0)));
    assert!(busy(&signature(0, FUNCTION_RESULTS_MAX + 1)));
    // Two bytes each: `nop` and its like are cheap, so that only the size is at stake.
    let body = |bytes: usize| format!("(func {})", "nop ".repeat(bytes));
    assert!(!busy(&body(FUNCTION_BYTES_MAX - 2)));
    assert!(busy(&body(FUNCTION_BYTES_MAX)));
    // Locals make each byte dearer, in one function or in many.
    let locals =
        |locals: usize, bytes: usize| format!("(func (local {}) {})", "i32 ".repeat(locals), "nop ".repeat(bytes));
    assert!(!busy(&locals(1_000, 60_000)));
    assert!(busy(&locals(9_000, 60_000)), "{COMPILE_WORK_MAX}");
    assert!(busy(&locals(1_000, 60_000).repeat(9)), "{COMPILE_WORK_MAX}");
    let many = |count: u64| "(func)".repeat(usize::try_from(count).expect("few"));
    assert!(busy(&many(FUNCTIONS_MAX)), "and the one that the component exports");
}
