//! Components that speak something else than the contract, or ask for what was not granted.

use super::components::{fault, fault_of_wat, with_module};
use super::support::{HARMLESS, ask, guest, refused, sandbox, tables};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{CONTRACT, Datasets, Limits};

/// A component that exports an interface of some name with functions of type `func()`, and imports something.
fn exporting(import: &str, interface: &str, functions: &[&str]) -> String {
    let exports: Vec<String> = functions.iter().map(|name| format!("(export \"{name}\" (func $f))")).collect();
    format!(
        r#"(component
            {import}
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $guard {})
            (export "{interface}" (instance $guard)))"#,
        exports.join(" ")
    )
}

const FUNCTIONS: [&str; 3] = ["configure", "describe", "evaluate"];
const GUARD: &str = "reeve:policy/guard@0.1.0";

#[track_caller]
fn not_a_policy(text: &str, part: &str) {
    let fault = fault_of_wat(text, Limits::default());
    let Fault::NotAPolicy { message } = fault else { panic!("{fault:?}\n{text}") };
    assert!(message.contains(part), "{message}\n{text}");
}

#[test]
fn a_component_without_the_guard_is_not_a_policy() {
    for text in [
        "(component)".to_owned(),
        exporting("", "wasi:cli/run@0.2.0", &["run"]),
        exporting("", "acme:policy/guard@0.1.0", &FUNCTIONS),
        exporting("", "reeve:policy/judge@0.1.0", &FUNCTIONS),
        exporting("", "guard", &FUNCTIONS),
    ] {
        not_a_policy(&text, "it exports no `reeve:policy@0.1.0` interface `guard`");
    }
}

#[test]
fn a_guard_without_one_of_its_functions_is_not_a_policy() {
    for missing in FUNCTIONS {
        let others: Vec<&str> = FUNCTIONS.into_iter().filter(|name| *name != missing).collect();
        not_a_policy(&exporting("", GUARD, &others), &format!("it exports no function `{missing}`"));
    }
    not_a_policy(&exporting("", GUARD, &[]), "it exports no function `configure`");
}

#[test]
fn a_guard_with_functions_of_other_types_is_not_a_policy() {
    not_a_policy(&with_module(""), "");
    not_a_policy(&exporting("", GUARD, &FUNCTIONS), "");
    not_a_policy(&exporting("", GUARD, &["configure", "describe", "evaluate", "more"]), "");
}

#[test]
fn another_version_of_the_contract_is_named() {
    for version in ["@0.0.9", "@0.2.0", "@1.1.0", "@1.0.0", "@0.11.0", ""] {
        let found = format!("reeve:policy/guard{version}");
        let fault = fault_of_wat(&exporting("", &found, &FUNCTIONS), Limits::default());
        assert_eq!(fault, Fault::ContractVersion { found, supported: CONTRACT });
    }
    // The version is told first: it explains whatever else is wrong.
    let found = "reeve:policy/guard@0.2.0".to_owned();
    let fault = fault_of_wat(&exporting(r#"(import "tick" (func))"#, &found, &[]), Limits::default());
    assert_eq!(fault, Fault::ContractVersion { found, supported: CONTRACT });
    for found in ["reeve:policy/log@0.2.0", "reeve:policy/dataset@0.0.1", "reeve:policy/facts@0.2.0"] {
        let import = format!(r#"(import "{found}" (instance (export "debug" (func))))"#);
        let fault = fault_of_wat(&exporting(&import, GUARD, &FUNCTIONS), Limits::default());
        assert_eq!(fault, Fault::ContractVersion { found: found.to_owned(), supported: CONTRACT });
    }
}

/// Releases are compatible within `0.1`: a later patch is not refused for its version, but for what it lacks.
#[test]
fn a_later_patch_of_the_contract_is_within_the_track() {
    not_a_policy(&exporting("", "reeve:policy/guard@0.1.7", &["configure"]), "it exports no function `describe`");
    not_a_policy(&exporting("", "reeve:policy/guard@0.1.7", &FUNCTIONS), "");
}

#[test]
fn an_import_that_is_not_granted_is_named() {
    for (name, what) in [
        ("wasi:clocks/monotonic-clock@0.2.0", r#"(instance (export "now" (func (result u64))))"#),
        ("wasi:random/random@0.2.0", r#"(instance (export "get-random-u64" (func (result u64))))"#),
        ("wasi:io/error@0.2.0", r#"(instance (export "error" (type (sub resource))))"#),
        ("reeve:policy/facts@0.1.0", r#"(instance (export "read" (func)))"#),
        ("reeve:policy/logs@0.1.0", r#"(instance (export "debug" (func (param "message" string))))"#),
        ("reeve:policy/dataset@0.1.0", r#"(instance (export "exact" (func)))"#),
        ("acme:policy/log@0.1.0", r#"(instance (export "debug" (func (param "message" string))))"#),
        ("tick", "(func)"),
        ("handle", "(type (sub resource))"),
        ("inner", "(core module)"),
        ("deep", r#"(instance (export "inner" (instance (export "run" (func)))))"#),
    ] {
        let import = format!(r#"(import "{name}" {what})"#);
        let fault = fault_of_wat(&exporting(&import, GUARD, &FUNCTIONS), Limits::default());
        assert_eq!(fault, Fault::ImportNotGranted { import: name.to_owned() }, "{what}");
    }
}

/// Names are texts of a guest, too: a long one does not fill a log or a receipt.
#[test]
fn a_name_in_a_fault_is_cut() {
    let long = "a".repeat(50_000);
    let import = format!("(import \"{long}\" (func))");
    let fault = fault_of_wat(&exporting(&import, GUARD, &FUNCTIONS), Limits::default());
    assert!(matches!(fault, Fault::ImportNotGranted { .. }), "{}", fault.as_str());
    assert!(fault.to_string().len() < 1_000, "{} bytes", fault.to_string().len());
    let fault = fault_of_wat(&exporting("", &format!("reeve:policy/{long}@0.2.0"), &FUNCTIONS), Limits::default());
    assert!(matches!(fault, Fault::ContractVersion { .. }), "{}", fault.as_str());
    assert!(fault.to_string().len() < 1_000, "{} bytes", fault.to_string().len());
}

#[test]
fn a_granted_interface_with_other_functions_is_refused() {
    for what in ["(export \"erase\" (func))", "(export \"debug\" (func (param \"message\" u32)))"] {
        let import = format!(r#"(import "reeve:policy/log@0.1.0" (instance {what}))"#);
        let fault = fault_of_wat(&exporting(&import, GUARD, &FUNCTIONS), Limits::default());
        assert!(matches!(fault, Fault::NotAPolicy { .. } | Fault::ImportNotGranted { .. }), "{what}: {fault:?}");
    }
}

#[test]
fn look_ups_are_a_grant() {
    let dataset = "reeve:policy/dataset@0.1.0".to_owned();
    let inspection = sandbox().inspect(guest()).expect("a component");
    assert!(inspection.wants_datasets());
    assert_eq!(inspection.imports, [dataset.clone(), "reeve:policy/log@0.1.0".to_owned()]);
    assert_eq!(inspection.exports, [GUARD]);
    assert_eq!((inspection.ungranted(false), inspection.ungranted(true)), (Some(dataset.as_str()), None));

    let fault = refused(guest(), "{}", Datasets::default(), Limits::default());
    assert_eq!(fault, Fault::ImportNotGranted { import: dataset });
    let granted = sandbox().load(guest(), "{}", tables(), Limits::default()).expect("loads");
    assert_eq!(ask(&granted, HARMLESS).answer, Answer::Verdict(Verdict::Allow(vec![])));
}

/// A grant is for tables by name: others do not exist.
#[test]
fn a_table_that_is_not_granted_does_not_exist() {
    let found = |table: &str| {
        let asked = ask(super::support::plain(), &format!(r#"{{"do":"look-up","text":"{table}"}}"#));
        super::support::found(&asked).to_owned()
    };
    assert!(found("strings").starts_with("Ok(Some(Entry"), "{}", found("strings"));
    assert!(found("names").starts_with("Ok(None"), "{}", found("names"));
    for table in ["", "owners", "Names", "names\\u0000", "../names"] {
        assert!(found(table).starts_with("Err(DatasetError::UnknownTable"), "{table}: {}", found(table));
    }
}

#[test]
fn a_description_is_what_the_plugin_says() {
    let told = super::support::plain().describe().expect("a description");
    assert_eq!((told.name.as_str(), told.kinds.len()), ("hostile", 0));
    assert_eq!(told.reasons, [("FOUND".to_owned(), "What it found.".to_owned())]);
}

#[test]
fn a_guest_reads_as_one_of_the_contract_only_as_a_whole() {
    assert!(matches!(fault(&guest()[..8], Limits::default()), Fault::NotAPolicy { .. }), "an empty component");
}
