//! Requests and the verdicts on them.

use super::*;
use reeve_sdk::{CreatePolicy, Event, Fact, FactValue, MergeFile, Sender, Severity};

fn request(documents: &[&str]) -> Request {
    let action = |document: &&str| PlannedAction {
        at: "/detail/policies/0".into(),
        action: Action::CreatePolicy(CreatePolicy {
            name: "p".into(),
            description: String::new(),
            document: (*document).into(),
        }),
    };
    let text = String::new;
    Request {
        kind: "SCP_UPDATE".into(),
        event: Event {
            id: text(),
            source: text(),
            detail_type: text(),
            region: text(),
            time: text(),
            resources: vec![],
            extra: vec![],
        },
        sender: Sender {
            account: text(),
            verified: true,
            name: None,
            tier: None,
            organizational_unit: None,
            status: None,
            extra: vec![],
        },
        nonce: text(),
        dry_run: false,
        detail: text(),
        actions: documents.iter().map(action).collect(),
        facts: vec![],
        now: text(),
        extra: vec![],
    }
}

const GOOD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoLeave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
const STS: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoSts","Effect":"Deny","Action":"sts:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}}}]}"#;

#[test]
fn errors_deny_and_only_security_warnings_can_be_waived() {
    let plain = Settings::parse("{}").expect("good");
    assert!(matches!(judge(&request(&[GOOD]), &plain), Verdict::Allow(_)));
    assert!(matches!(judge(&request(&[]), &plain), Verdict::Abstain(_)));
    let Verdict::Deny(reasons) = judge(&request(&[GOOD, "{"]), &plain) else { panic!("denied") };
    assert_eq!(
        (reasons[0].code.as_str(), reasons[0].at.as_deref()),
        ("JSON_SYNTAX", Some("/detail/policies/0/document"))
    );
    let Verdict::Deny(reasons) = judge(&request(&[STS]), &plain) else { panic!("denied") };
    assert!(reasons.iter().any(|reason| reason.code == "DENY_STS"));
    let waiving = r#"{"waive":["DENY_STS"],"break-glass":["arn:aws:iam::*:role/BreakGlass"]}"#;
    let waiving = Settings::parse(waiving).expect("good");
    let Verdict::Allow(reasons) = judge(&request(&[STS]), &waiving) else { panic!("allowed") };
    assert!(reasons.iter().any(|reason| reason.code == "DENY_STS" && reason.severity == Severity::Warning));
    for text in [
        r#"{"waive":["JSON_SYNTAX"]}"#,
        r#"{"waive":["NONE"]}"#,
        r#"{"partition":"x"}"#,
        r#"{"x":1}"#,
        r#"{"actions":7}"#,
    ] {
        assert_eq!(Settings::parse(text).expect_err(text)[0].code, "BAD_SETTINGS");
    }
}

#[test]
fn a_flood_of_findings_is_cut_after_what_denies() {
    let sid = (0..150).map(|at| format!(r#"{{"Effect":"Deny","Action":"s3:Get{at}","Resource":"*"}}"#));
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{},{{}}]}}"#, sid.collect::<Vec<_>>().join(","));
    let Verdict::Deny(reasons) = judge(&request(&[&document]), &Settings::default()) else { panic!("denied") };
    assert_eq!(reasons.len(), REASONS_MAX);
    assert_eq!(reasons[0].severity, Severity::Error);
    assert_eq!(reasons[REASONS_MAX - 1].code, "MORE_FINDINGS");
}

fn merged(path: &str, before: Option<&str>, after: Option<&str>) -> Request {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (before, after) = (owned(before), owned(after));
    let file = MergeFile { path: path.into(), media_type: "application/json".into(), before, after };
    let action = PlannedAction { at: "/detail/files/0".into(), action: Action::MergeFile(file) };
    Request { kind: "MERGE".into(), actions: vec![action], ..request(&[]) }
}

fn reasons_of(verdict: Verdict) -> Vec<Reason> {
    match verdict {
        Verdict::Allow(reasons) | Verdict::Deny(reasons) => reasons,
        Verdict::Abstain(_) => Vec::new(),
    }
}

#[test]
fn files_below_the_folder_are_documents() {
    for (path, folder, expected) in [
        ("scps/guard.json", "scps/", Some("guard")),
        ("scps/team/guard.json", "scps/", Some("guard")),
        ("guard.json", "", Some("guard")),
        ("scps/.json", "scps/", None),
        ("scps/guard.yaml", "scps/", None),
        ("scpsx/guard.json", "scps/", None),
        ("docs/scps/guard.json", "scps/", None),
    ] {
        assert_eq!(name_of(path, folder), expected, "{path}");
    }
    let settings = Settings::parse(r#"{"scp-folder":"policies"}"#).expect("good");
    let verdict = judge(&merged("policies/guard.json", None, Some("{")), &settings);
    let Verdict::Deny(reasons) = verdict else { panic!("denied") };
    assert_eq!((reasons[0].code.as_str(), reasons[0].at.as_deref()), ("JSON_SYNTAX", Some("/detail/files/0")));
    assert!(matches!(judge(&merged("scps/guard.json", None, Some("{")), &settings), Verdict::Abstain(_)));
}

#[test]
fn a_merge_that_drops_a_deny_is_told_at_the_statement() {
    let settings = Settings::default();
    let exempt = GOOD.replace(
        "\"*\"}",
        "\"*\",\"Condition\":{\"ArnNotLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::210987654321:role/x\"}}}",
    );
    for (after, expected) in [(Some(GOOD), false), (Some(exempt.as_str()), true), (None, true)] {
        let reasons = reasons_of(judge(&merged("scps/guard.json", Some(GOOD), after), &settings));
        let lost = reasons.iter().find(|reason| reason.code == "DIFF_REMOVES_DENY");
        assert_eq!(lost.is_some(), expected, "{reasons:?}");
        let told = |name: &str| {
            lost.and_then(|it| it.extra.iter().find(|(key, _)| key == name)).map(|(_, value)| value.as_str())
        };
        if expected {
            assert_eq!((told("sid"), told("line")), (Some("NoLeave"), Some("1")));
        }
    }
    let waiving = Settings::parse(r#"{"waive":["DIFF_REMOVES_DENY"]}"#).expect("good");
    assert!(matches!(judge(&merged("scps/guard.json", Some(GOOD), Some(&exempt)), &waiving), Verdict::Allow(_)));
}

#[test]
fn names_and_descriptions_have_a_length() {
    for (name, description, expected) in
        [(1, 0, false), (128, 512, false), (0, 0, true), (129, 0, true), (1, 513, true)]
    {
        let mut request = request(&[GOOD]);
        request.actions[0].action = Action::CreatePolicy(CreatePolicy {
            name: "é".repeat(name),
            description: "é".repeat(description),
            document: GOOD.into(),
        });
        let reasons = reasons_of(judge(&request, &Settings::default()));
        let found = reasons.iter().any(|reason| reason.code == "METADATA_LENGTH");
        assert_eq!(found, expected, "{name} {description}");
    }
}

#[test]
fn the_organization_is_asked_for_by_name() {
    let with = |value: FactValue, documents: &[&str]| {
        let fact = Fact { name: "organization".into(), value, source: "test".into() };
        let request = Request { facts: vec![fact], ..request(documents) };
        let verdict = judge(&request, &Settings::default());
        let denied = matches!(verdict, Verdict::Deny(_));
        let codes = reasons_of(verdict).into_iter().map(|reason| reason.code).collect::<Vec<_>>();
        (denied, codes)
    };
    let empty = || FactValue::Json(r#"{"root_id":"r-1","management_account":"999988887777"}"#.into());
    let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    assert_eq!(with(empty(), &[GOOD]), (false, owned(&[])));
    assert_eq!(with(FactValue::Missing("none".into()), &[GOOD]), (false, owned(&["NO_HIERARCHY"])));
    assert_eq!(with(FactValue::Invalid("half".into()), &[GOOD]), (true, owned(&["BAD_HIERARCHY"])));
    // What is wrong with a document is told once.
    assert_eq!(with(empty(), &["{"]), (true, owned(&["JSON_SYNTAX"])));
}

#[test]
fn settings_of_the_hierarchy_are_checked() {
    for (text, good) in [
        (r#"{"protect":[{"principal":"Ops"}],"attach-max":5,"scp-folder":"","test-units":["Test"]}"#, true),
        (r#"{"protect":[{"principal":"Ops","accounts":"all","actions":["sts:AssumeRole"]}]}"#, true),
        (
            r#"{"gate-roles":[{"principal":"gate","accounts":["111111111111"]}],"actions-in-use":["s3:GetObject"]}"#,
            true,
        ),
        (r#"{"protect":[{"principal":""}]}"#, false),
        (r#"{"protect":[{"accounts":"all"}]}"#, false),
        (r#"{"protect":[{"principal":"Ops","accounts":"some"}]}"#, false),
        (r#"{"protect":[{"principal":"Ops","accounts":[]}]}"#, false),
        (r#"{"protect":[{"principal":"Ops","action":["sts:AssumeRole"]}]}"#, false),
        (r#"{"gate-roles":[{"principal":"gate","actions":["s3:*"]}]}"#, false),
        (r#"{"actions-in-use":["s3"]}"#, false),
        (r#"{"attach-max":0}"#, false),
        (r#"{"scp-folder":"/scps"}"#, false),
    ] {
        assert_eq!(Settings::parse(text).is_ok(), good, "{text}");
    }
}
