//! A plan as people see it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use reeve_json::Value;
use reeve_model::Place;
use reeve_plan::{Change, Plan, PlannedRequest};
use reeve_report::{Paint, plan};

fn change(what: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change { what: what.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned), place: None }
}

fn request(id: &str, kind: &str, summary: &str, changes: Vec<Change>) -> PlannedRequest {
    PlannedRequest {
        id: id.to_owned(),
        kind: kind.to_owned(),
        gate: "management".to_owned(),
        detail: Value::object([("dryrun", false)]),
        nonce: None,
        after: Vec::new(),
        awaits: Vec::new(),
        place: None,
        summary: summary.to_owned(),
        changes,
    }
}

fn shown(requests: Vec<PlannedRequest>) -> String {
    plan(&Plan { epoch: "e".to_owned(), requests, findings: Vec::new() }, Paint::new(false))
}

fn sample() -> Vec<PlannedRequest> {
    let before = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Deny\",\n      \
        \"Action\": \"s3:*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}\n";
    let after = before.replace("\"s3:*\"", "[\"s3:*\", \"ec2:*\"]");
    let place = Place { file: "accounts.yaml".to_owned(), line: 12, column: 3 };
    let mut create = request(
        "create-account/foo",
        "CREATE_ACCOUNT",
        "make account `foo` in unit `Dev`",
        vec![change("e-mail", None, Some("foo@example.com"))],
    );
    create.place = Some(place);
    let mut put = request("put/foo", "PUT_PARAMETER", "write 1 parameter", vec![change("/pub/foo", Some("1"), None)]);
    put.after = vec!["create-account/foo".to_owned()];
    put.awaits = vec!["the id of account `foo`".to_owned()];
    vec![
        request(
            "scp/x",
            "SCP_UPDATE",
            "change policy `x`",
            vec![
                change("document of policy `x`", Some(before), Some(&after)),
                change("document of policy `y`", None, Some("{\n}")),
            ],
        ),
        create,
        request("move/bar", "MOVE_ACCOUNT", "move account `bar`", vec![change("unit", Some("Dev"), Some("Prod"))]),
        put,
    ]
}

#[test]
fn people_see_what_each_request_changes() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/plan.txt");
    let actual = shown(sample());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &actual).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "plan.txt changed; if that is meant, run the tests with `BLESS=1`");
}

#[test]
fn an_empty_plan_says_nothing() {
    assert_eq!(shown(Vec::new()), "");
}

#[test]
fn what_waits_is_counted() {
    let (ready, waiting) = (request("a", "A", "a", Vec::new()), request("b", "B", "b", Vec::new()));
    let waiting = PlannedRequest { awaits: vec!["x".to_owned()], ..waiting };
    for (requests, line) in [
        (vec![ready.clone()], "1 request: 1 A"),
        (vec![ready.clone(), waiting.clone()], "2 requests: 1 A, 1 B; 1 waits"),
        (vec![waiting.clone(), waiting, ready], "3 requests: 1 A, 2 B; 2 wait"),
    ] {
        assert_eq!(shown(requests).lines().last(), Some(line));
    }
}

#[test]
fn texts_of_strangers_stay_on_their_lines() {
    let odd = "a\u{1b}[31m\u{202e}";
    let long = format!("{odd}\n::error::y\n::error::x\r\n##[group]");
    let it =
        request(odd, odd, odd, vec![change(odd, Some(odd), Some(odd)), change(odd, Some("::error::y\n"), Some(&long))]);
    let it = PlannedRequest { gate: odd.to_owned(), after: vec![odd.to_owned()], awaits: vec![odd.to_owned()], ..it };
    let out = shown(vec![it]);
    assert!(!out.contains(['\u{1b}', '\u{202e}', '\r']) && !out.contains("##["), "{out:?}");
    assert!(out.lines().all(|line| !line.trim_start().starts_with("::")), "{out}");
}

#[test]
fn documents_that_are_too_long_are_not_compared() {
    for (lines, compared) in [(11_000, true), (11_001, false)] {
        let before = "x\n".repeat(lines);
        let out = shown(vec![request("a", "A", "a", vec![change("d", Some(&before), Some("x\ny\n"))])]);
        assert_eq!(out.contains("@@"), compared, "{lines}");
        assert_eq!(out.contains("too long to compare"), !compared, "{lines}");
    }
}

#[test]
fn colour_marks_what_goes_and_what_comes() {
    let it = request("a", "MOVE_ACCOUNT", "a", vec![change("unit", Some("Dev"), Some("Prod"))]);
    let out = plan(&Plan { epoch: "e".to_owned(), requests: vec![it], findings: Vec::new() }, Paint::new(true));
    assert!(out.contains("unit: \u{1b}[31mDev\u{1b}[0m -> \u{1b}[32mProd\u{1b}[0m\n"), "{out:?}");
}
