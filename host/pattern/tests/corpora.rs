//! The public test cases for event patterns (event-ruler's and those that were run against AWS's `TestEventPattern`).
//!
//! They are not kept in this repository: `REEVE_CORPORA` names the folder that holds them.

#![allow(clippy::expect_used, clippy::print_stderr)]

use reeve_json::{Options, StringRule, Value, parse};
use reeve_pattern::Pattern;
use std::path::{Path, PathBuf};

const OPTIONS: Options = Options { bytes_max: 1 << 20, depth_max: 64, strings: StringRule::Any };

/// The folder with the corpora; says so and returns `None` when there is none.
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("REEVE_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("ran without the corpora: REEVE_CORPORA is not set");
        assert!(std::env::var_os("REEVE_CORPORA").is_none());
    }
    folder
}

fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&bytes, &OPTIONS).unwrap_or_else(|error| panic!("{}: {error}", path.display())).value
}

/// Runs every case of one file and returns how many there were.
fn run(path: &Path) -> usize {
    let whole = read(path);
    let cases = whole.as_array().expect("a list of cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases {
        let case = case.as_object().expect("a case");
        let part = |key: &str| &case.get(key).expect("all parts of a case").value;
        let (name, expected) = (part("name").as_str().expect("a name"), part("expected").as_str().expect("a verdict"));
        let found = match Pattern::compile(part("pattern")) {
            Err(error) => {
                assert!(part("pattern").as_object().is_some() && !error.message.is_empty(), "{name}");
                "exception"
            }
            Ok(pattern) if pattern.matches(part("event")) => "match",
            Ok(_) => "no_match",
        };
        if found != expected.trim_end() {
            wrong.push(format!("{name}: {found} instead of {}", expected.trim_end()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    assert_eq!(count, cases.len());
    assert!(count > 0, "{} has no cases", path.display());
    count
}

#[test]
fn every_case_agrees() {
    let Some(corpora) = corpora() else { return };
    for file in ["eventbridge-pattern-cases.json", "event-ruler-correctness.json"] {
        eprintln!("{file}: {} cases", run(&corpora.join("events").join(file)));
    }
}

/// Snippets of the user guide that are cut out as patterns and are none: parts of input transformers.
const NO_PATTERNS: &[&str] = &[
    "eb-input-transformer-tutorial.2.pattern.json",
    "eb-input-transformer-tutorial.3.pattern.json",
    "eb-tutorial-zendesk.3.pattern.json",
];

#[test]
fn patterns_of_the_user_guide_are_read() {
    let Some(corpora) = corpora() else { return };
    let folder = corpora.join("events/awsdocs-eventbridge");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the user guide's folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if name.ends_with(".pattern.json") {
            let read = Pattern::compile(&read(&path)).map(|_| ());
            assert_eq!(read.is_err(), NO_PATTERNS.contains(&name.as_str()), "{name}: {read:?}");
            count += 1;
        }
    }
    assert!(count > NO_PATTERNS.len(), "{} has no patterns", folder.display());
}

#[test]
fn the_example_rule_matches_its_event_once_the_group_is_the_same() {
    let Some(corpora) = corpora() else { return };
    let event_path = "events/aws-lambda-go/events/testdata/autoscaling-event-launch-successful.json";
    let event = read(&corpora.join(event_path));
    let mut rule = read(&corpora.join("systems/asg-rule.pattern.json"));
    assert!(!Pattern::compile(&rule).expect("a pattern").matches(&event));

    let group = event.as_object().and_then(|event| event.get("detail")?.as_object()?.get("AutoScalingGroupName"));
    let name = group.and_then(|group| group.as_str()).expect("a group name").to_owned();
    let Value::Object(members) = &mut rule else { panic!("the rule is not an object") };
    members.set("detail", Value::object([("AutoScalingGroupName", Value::array([name]))]));
    assert!(Pattern::compile(&rule).expect("a pattern").matches(&event));
}
