//! Texts of strangers in every place of a finding: nothing comes out that a terminal or a runner of CI jobs obeys.

use crate::sample::{meanings, place, plain, tool};
use proptest::prelude::*;
use reeve_model::{Finding, Severity};
use reeve_report::findings::{Report, Sources, github, human, json, junit, sarif};

/// A workflow command, read as the runner reads a line: `ActionCommandManager.TryParseV2` in actions/runner.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

fn command(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let unescape = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    };
    let properties = properties.split(',').filter(|it| !it.is_empty()).filter_map(|it| it.split_once('='));
    Some(Command {
        name: name.to_owned(),
        properties: properties.map(|(key, value)| (key.to_owned(), unescape(value))).collect(),
        data: data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"),
    })
}

/// Pieces of what terminals, logs and documents obey, and anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("::error file=a::".to_owned()),
        Just("\n::add-mask::x".to_owned()),
        Just("\r\n::stop-commands::t\n".to_owned()),
        Just("##[add-path]".to_owned()),
        Just("%0A::set-env name=P::v".to_owned()),
        Just("\u{1b}[31m\u{1b}]8;;http://x\u{7}".to_owned()),
        Just("\u{202e}\u{200b}\u{feff}\u{2028}\u{9b}1m".to_owned()),
        Just("]]>&<\"'".to_owned()),
        Just(",title=b:c=d%".to_owned()),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn finding() -> impl Strategy<Value = (Finding, String)> {
    let severity = prop_oneof![Just(Severity::Error), Just(Severity::Warning), Just(Severity::Info)];
    let places = (text(), 0..4_u32, 0..40_u32, proptest::option::of(text()), proptest::option::of(text()));
    ((text(), text(), text(), severity), places, text()).prop_map(|((by, code, message, severity), it, source)| {
        let (file, line, column, fix, subject) = it;
        let mut finding = Finding::new(by, code, severity, message).at(place(&file, line, column));
        finding.related.push((place(&file, line + 1, 1), source.clone()));
        (Finding { fix, subject, ..finding }, source)
    })
}

fn prepared(finding: Finding, source: &str) -> (Report, Sources) {
    let path = finding.place.as_ref().map(|place| place.file.clone()).unwrap_or_default();
    let sources = Sources::from_iter([(path, format!("{source}\n{source}"))]);
    (plain(vec![finding], &sources), sources)
}

fn obeyed(char: char) -> bool {
    (char.is_control() && char != '\n')
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_finding_is_one_command_that_says_what_it_says((finding, source) in finding()) {
        let (report, sources) = prepared(finding.clone(), &source);
        let out = github(&report, &sources);
        prop_assert_eq!(out.matches('\n').count(), 1);
        prop_assert!(!out.chars().any(obeyed), "{:?}", out);
        let parsed = command(out.trim_end_matches('\n')).expect("a command");
        prop_assert!(["error", "warning", "notice"].contains(&parsed.name.as_str()));
        let keys: Vec<&str> = parsed.properties.iter().map(|(key, _)| key.as_str()).collect();
        let keys: Vec<&str> = keys.into_iter().filter(|key| *key != "endColumn").collect();
        prop_assert_eq!(keys, vec!["file", "line", "col", "title"]);
        let line = finding.place.as_ref().map(|place| place.line.to_string());
        prop_assert_eq!(Some(parsed.properties[1].1.clone()), line);
        if finding.message.chars().all(|char| char.is_ascii_alphanumeric()) {
            prop_assert!(parsed.data.starts_with(&finding.message));
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_out((finding, source) in finding()) {
        let (report, sources) = prepared(finding, &source);
        let out = human(&report, &sources, false);
        prop_assert!(!out.chars().any(obeyed), "{:?}", out);
        for line in out.lines() {
            prop_assert!(!line.contains("##["), "{:?}", line);
            prop_assert!(!line.trim_start().starts_with("::"), "{:?}", line);
        }
    }

    #[test]
    fn documents_stay_documents((finding, source) in finding()) {
        let (report, sources) = prepared(finding.clone(), &source);
        let parsed: serde_json::Value = serde_json::from_str(&json(&report, &sources)).expect("JSON");
        prop_assert_eq!(&parsed["findings"][0]["message"], &finding.message);
        let parsed: serde_json::Value = serde_json::from_str(&sarif(&report, &sources, &tool(&meanings()))).expect("JSON");
        prop_assert_eq!(&parsed["runs"][0]["results"][0]["ruleId"], &finding.code);
        let out = junit(&report);
        prop_assert_eq!(out.matches("<testcase ").count(), 1);
        prop_assert!(!out.contains(['\u{0}', '\u{1b}', '\u{fffe}', '\u{ffff}']), "{:?}", out);
    }
}

#[test]
fn the_reader_of_commands_reads_commands() {
    let read = command("::error file=a%2Cb,line=1::x%0Ay::z").expect("a command");
    let properties = vec![("file".to_owned(), "a,b".to_owned()), ("line".to_owned(), "1".to_owned())];
    assert_eq!(read, Command { name: "error".to_owned(), properties, data: "x\ny::z".to_owned() });
    for line in ["", "error::x", ":: ", "x ::error::y"] {
        assert_eq!(command(line), None, "{line:?}");
    }
}

#[test]
fn forged_commands_stay_text() {
    let forged = "x.json,line=1::done\n::add-mask::secret";
    let finding =
        Finding::new("t", "A", Severity::Error, "a\r\n::stop-commands::b %0A ##[error]").at(place(forged, 1, 1));
    let report = plain(vec![finding], &Sources::new());
    let out = github(&report, &Sources::new());
    assert_eq!(
        out,
        "::error file=x.json%2Cline=1%3A%3Adone\\n%3A%3Aadd-mask%3A%3Asecret,line=1,col=1,title=A\
         ::a\\r\\n::stop-commands::b %250A ##\\u{5b}error]\n"
    );
}
