//! Misbehaviour while settings are read: the plugin is not loaded.

use super::support::{ask, guest, load, refused, tables};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{Limits, REASONS_MAX};

#[track_caller]
fn fault_of(settings: &str) -> Fault {
    refused(guest(), settings, tables(), Limits { timeout_ms: 60_000, ..Limits::default() })
}

#[test]
fn a_trap_in_configure_is_a_trap() {
    for what in ["panic", "unreachable", "recurse-in-memory"] {
        let fault = fault_of(&format!(r#"{{"do":"{what}","in":"configure"}}"#));
        assert!(matches!(fault, Fault::Trap { .. }), "{what}: {fault:?}");
    }
}

#[test]
fn each_limit_holds_in_configure() {
    let limit_bytes = Limits::default().memory_bytes;
    for (settings, fault) in [
        (r#"{"do":"bomb","in":"configure"}"#, Fault::OutOfMemory { limit_bytes }),
        (r#"{"do":"grow","n":60000,"in":"configure"}"#, Fault::OutOfMemory { limit_bytes }),
        (r#"{"do":"recurse","in":"configure"}"#, Fault::StackOverflow),
    ] {
        assert_eq!(fault_of(settings), fault, "{settings}");
    }
}

#[test]
fn the_clock_stops_configure() {
    let limits = Limits { timeout_ms: 20, ..Limits::default() };
    let fault = refused(guest(), r#"{"do":"loop","in":"configure"}"#, tables(), limits);
    assert_eq!(fault, Fault::Timeout { limit_ms: 20 });
}

#[test]
fn refused_settings_are_told_in_the_plugins_words() {
    for (settings, words) in [
        (r#"{"do":"deny","text":"not like this","in":"configure"}"#, "not like this"),
        (r#"{"do":"deny","text":"\u001b[31m\u202e","in":"configure"}"#, "\\u{1b}[31m\\u{202e}"),
        (r#"{"n":"one"}"#, "`n` is not a whole number"),
        (r#"{"else":1}"#, "`else` is not a setting of this policy"),
        ("[]", "settings are a JSON array"),
    ] {
        assert_eq!(fault_of(settings), Fault::SettingsRefused { message: words.to_owned() }, "{settings}");
    }
    let fault = fault_of("{");
    assert!(matches!(fault, Fault::SettingsRefused { .. }), "{fault:?}");
    let none = fault_of(r#"{"do":"deny-without-reason","in":"configure"}"#);
    assert!(matches!(none, Fault::SettingsRefused { .. }), "{none:?}");
}

#[test]
fn a_refusal_of_settings_obeys_the_limits_of_a_reply() {
    let refusals = |n: usize| fault_of(&format!(r#"{{"do":"refusals","n":{n},"in":"configure"}}"#));
    assert!(matches!(refusals(REASONS_MAX), Fault::SettingsRefused { .. }));
    assert!(matches!(refusals(REASONS_MAX + 1), Fault::BadReply { .. }));
    for what in [r#""code","text":"lower""#, r#""at","text":"detail""#, r#""not-utf8""#, r#""long-message","n":2001"#] {
        let fault = fault_of(&format!(r#"{{"do":{what},"in":"configure"}}"#));
        assert!(matches!(fault, Fault::BadReply { .. }), "{what}: {fault:?}");
    }
}

#[test]
fn settings_decide_what_evaluate_does() {
    let plugin = load(r#"{"do":"abstain","text":"nothing to say"}"#, Limits::default()).expect("loads");
    assert_eq!(ask(&plugin, "{}").answer, Answer::Verdict(Verdict::Abstain("nothing to say".to_owned())));
}
