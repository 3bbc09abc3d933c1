//! What a plugin returns.

use super::support::{HARMLESS, assert_denies, attack, denial, fault_of, generous, plain, with};
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{LOG_LINE_CHARS_MAX, LOG_LINES_MAX, REASON_TEXT_CHARS_MAX, REASONS_MAX};

#[track_caller]
fn bad_reply(plugin: &reeve_sandbox::Plugin, detail: &str, part: &str) {
    let fault = fault_of(plugin, detail);
    let Fault::BadReply { message } = fault else { panic!("{detail}: {fault:?}") };
    assert!(message.contains(part), "{detail}: {message}");
    assert!(message.len() < 1_000 && !message.contains(char::is_control), "{detail}: {message}");
}

#[test]
fn a_reply_outside_the_contract_is_a_bad_reply() {
    let long = format!(r#"{{"do":"code","text":"{}"}}"#, "A".repeat(65));
    for (detail, part) in [
        (r#"{"do":"deny-without-reason"}"#, "a deny without a reason"),
        (r#"{"do":"code","text":"lower"}"#, "`lower` is not upper case"),
        (r#"{"do":"code","text":""}"#, "`` is not upper case"),
        (r#"{"do":"code","text":"A B"}"#, "`A B` is not upper case"),
        (r#"{"do":"code","text":"A\nB"}"#, "`A\\nB` is not upper case"),
        (r#"{"do":"code","text":"A\u202eB"}"#, "`A\\u{202e}B` is not upper case"),
        (long.as_str(), "AAAA"),
        (r#"{"do":"at","text":"detail/name"}"#, "not a JSON pointer"),
        (r#"{"do":"extra","text":"x","n":17}"#, "17 extra texts"),
        (r#"{"do":"not-utf8"}"#, "utf-8"),
        (r#"{"do":"long-message","n":2001}"#, "a message of more than 2000 characters"),
        (r#"{"do":"long-abstention","n":2001}"#, "more than 2000 characters"),
        (r#"{"do":"long-error","n":2001}"#, "more than 2000 characters"),
        (r#"{"do":"reasons","n":101}"#, "101 reasons, more than 100"),
        (r#"{"do":"refusals","n":101}"#, "101 reasons, more than 100"),
    ] {
        bad_reply(plain(), detail, part);
    }
}

#[test]
fn a_reply_at_the_edge_of_the_limits_is_taken() {
    let reasons = |what: &str| {
        let asked = attack(plain(), &format!(r#"{{"do":"{what}","n":{REASONS_MAX}}}"#));
        match asked.answer {
            Answer::Verdict(verdict) => verdict.reasons().len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((reasons("reasons"), reasons("refusals")), (REASONS_MAX, REASONS_MAX));
    let message = denial(plain(), &format!(r#"{{"do":"long-message","n":{REASON_TEXT_CHARS_MAX}}}"#)).message;
    assert_eq!(message.len(), REASON_TEXT_CHARS_MAX);
    assert_eq!(denial(plain(), r#"{"do":"extra","text":"x","n":16}"#).extra.len(), 16);
    let code = "A_1".repeat(21) + "_";
    assert_eq!(denial(plain(), &format!(r#"{{"do":"code","text":"{code}"}}"#)).code, code);
    for at in ["", "/detail/changes/0", "/"] {
        let reason = denial(plain(), &format!(r#"{{"do":"at","text":"{at}"}}"#));
        assert_eq!(reason.at.as_deref(), Some(at));
    }
}

/// The host copies at most a few megabytes of a reply, whatever memory the guest has.
#[test]
fn a_flood_in_a_reply_is_a_bad_reply_and_not_the_hosts_memory() {
    let plugin = with(generous());
    for detail in [
        r#"{"do":"long-message","n":67108864}"#,
        r#"{"do":"long-abstention","n":67108864}"#,
        r#"{"do":"long-error","n":67108864}"#,
        r#"{"do":"reasons","n":1000000}"#,
        r#"{"do":"refusals","n":1000000}"#,
        r#"{"do":"extra","text":"x","n":1000000}"#,
    ] {
        bad_reply(&plugin, detail, "");
    }
}

#[test]
fn what_could_deceive_a_reader_is_escaped() {
    let text = r"\u001b[2Jok\u202egnol\u200b\n\r\u0000\u009b\ufeff\u2066";
    let shown = "\\u{1b}[2Jok\\u{202e}gnol\\u{200b}\\n\\r\\u{0}\\u{9b}\\u{feff}\\u{2066}";
    assert_eq!(denial(plain(), &format!(r#"{{"do":"message","text":"{text}"}}"#)).message, shown);
    assert_eq!(denial(plain(), &format!(r#"{{"do":"fix","text":"{text}"}}"#)).fix.as_deref(), Some(shown));
    let extra = denial(plain(), &format!(r#"{{"do":"extra","n":1,"text":"{text}"}}"#)).extra;
    assert_eq!(extra, [(shown.to_owned(), shown.to_owned())]);
    let at = denial(plain(), &format!(r#"{{"do":"at","text":"/{text}"}}"#)).at;
    assert_eq!(at, Some(format!("/{shown}")));
    for (what, prefix) in
        [("error", "error"), ("missing-fact", "missing fact"), ("unsupported-kind", "unsupported kind")]
    {
        let asked = attack(plain(), &format!(r#"{{"do":"{what}","text":"{text}"}}"#));
        assert_eq!(asked.answer, Answer::Error(format!("{prefix}: {shown}")));
        assert_denies(asked.answer);
    }
    let asked = attack(plain(), &format!(r#"{{"do":"log","n":1,"text":"{text}"}}"#));
    assert_eq!(asked.log, [format!("{shown}0")]);
}

#[test]
fn an_abstention_permits_nothing_by_itself() {
    let asked = attack(plain(), r#"{"do":"abstain","text":"no idea"}"#);
    assert_eq!(asked.answer, Answer::Verdict(Verdict::Abstain("no idea".to_owned())));
    let answer = reeve_model::PolicyAnswer {
        policy: "hostile".to_owned(),
        mode: reeve_model::Mode::Enforce,
        answer: asked.answer,
        fuel: asked.fuel,
        memory_bytes: asked.memory_bytes,
    };
    assert!(!reeve_model::decide(&[answer], &reeve_model::Digest::of(b"")).permitted());
}

#[test]
fn a_flood_of_log_lines_is_cut() {
    let asked = attack(plain(), r#"{"do":"log","n":1000}"#);
    assert_eq!(asked.answer, Answer::Verdict(Verdict::Allow(vec![])));
    let lines: Vec<String> = (0..LOG_LINES_MAX).map(|line| line.to_string()).collect();
    assert_eq!(asked.log, lines);
    let text = "x".repeat(LOG_LINE_CHARS_MAX + 1);
    let asked = attack(plain(), &format!(r#"{{"do":"log","n":1,"text":"{text}"}}"#));
    assert_eq!(asked.log, ["x".repeat(LOG_LINE_CHARS_MAX)]);
    assert!(attack(plain(), HARMLESS).log.is_empty(), "no line of another request");
}

/// A policy file may allow less than the sandbox would.
#[test]
fn a_reply_is_bounded_by_its_policy() {
    let plugin = super::support::with(reeve_sandbox::Limits { reply_bytes: 4_096, ..reeve_sandbox::Limits::default() });
    let asked = attack(&plugin, r#"{"do":"long-abstention","n":2000}"#);
    assert!(matches!(asked.answer, reeve_model::Answer::Verdict(_)), "{:?}", asked.answer);
    bad_reply(&plugin, r#"{"do":"long-abstention","n":5000}"#, "too much data");
}
