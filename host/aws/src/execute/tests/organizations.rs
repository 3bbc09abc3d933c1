//! Organizations: accounts, tags and policies.

use super::*;

const ACCOUNT: &str = "999988887777";
const REQUEST: &str = "car-12345678";
const HOME: &str = "ou-abcd-11111111";

fn unit(id: &str) -> OrganizationalUnit {
    OrganizationalUnit { name: id.to_owned(), id: id.to_owned() }
}

fn create() -> Action {
    Action::CreateAccount(CreateAccount {
        name: "app-dev".to_owned(),
        email: "app-dev@example.com".to_owned(),
        role_name: "Admin".to_owned(),
        tags: vec![("nonce".to_owned(), "n1".to_owned())],
        destination: unit(HOME),
    })
}

fn status(state: &str, more: &str) -> Play {
    let status = format!(r#"{{"Id":"{REQUEST}","AccountName":"app-dev","State":"{state}"{more}}}"#);
    ok(format!(r#"{{"CreateAccountStatus":{status}}}"#))
}

fn succeeded() -> (&'static str, Play) {
    ("DescribeCreateAccountStatus", status("SUCCEEDED", &format!(r#","AccountId":"{ACCOUNT}""#)))
}

fn asked() -> (&'static str, Play) {
    ("CreateAccount", status("IN_PROGRESS", ""))
}

fn accounts(joined: i64) -> Play {
    let account = format!(r#""Id":"{ACCOUNT}","Email":"App-Dev@example.com","JoinedTimestamp":{joined}"#);
    ok(format!(r#"{{"Accounts":[{{{account}}}]}}"#))
}

fn no_accounts() -> (&'static str, Play) {
    ("ListAccounts", ok(r#"{"Accounts":[]}"#))
}

fn parent(id: &str) -> (&'static str, Play) {
    ("ListParents", ok(format!(r#"{{"Parents":[{{"Id":"{id}","Type":"ROOT"}}]}}"#)))
}

fn tags(tags: &str) -> (&'static str, Play) {
    ("ListTagsForResource", ok(format!(r#"{{"Tags":[{tags}]}}"#)))
}

const TAG: &str = r#"{"Key":"nonce","Value":"n1"}"#;

/// What follows once the account is there, when AWS has set the tags with it.
fn placed() -> [(&'static str, Play); 3] {
    [tags(TAG), parent("r-abcd"), ("MoveAccount", ok("{}"))]
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[test]
fn an_account_is_made_tagged_and_moved() {
    let mut journal = FakeJournal::default();
    let script = [
        asked(),
        ("DescribeCreateAccountStatus", error("CreateAccountStatusNotFoundException")),
        ("DescribeCreateAccountStatus", status("IN_PROGRESS", "")),
        succeeded(),
        tags(""),
        ("TagResource", ok("{}")),
        parent("r-abcd"),
        ("MoveAccount", ok("{}")),
    ];
    let (made, seen) = perform(create(), script, &mut journal);
    let made = made.expect("an outcome");
    assert_eq!(made.state, State::Applied);
    assert_eq!(made.details.get("account_id").map(String::as_str), Some(ACCOUNT));
    assert_eq!(journal.names()[..4], ["since", "intent", "request_id", "account_id"]);
    let moved = &seen[7].body;
    assert!(moved.contains(r#""SourceParentId":"r-abcd""#) && moved.contains(HOME), "{moved}");
}

#[test]
fn an_account_that_was_begun_is_gone_on_with_and_not_made_again() {
    let requests = |name: &str| {
        let requested = now();
        let status = format!(
            r#"{{"Id":"{REQUEST}","AccountName":"{name}","State":"IN_PROGRESS","RequestedTimestamp":{requested}}}"#
        );
        ("ListCreateAccountStatus", ok(format!(r#"{{"CreateAccountStatuses":[{status}]}}"#)))
    };
    let empty_page = ("ListAccounts", ok(r#"{"Accounts":[],"NextToken":"t"}"#));
    let fresh = || ("ListAccounts", accounts(now()));
    let old = || ("ListAccounts", accounts(now() - 3_600));
    for (label, noted, calls) in [
        ("the account is there", None, vec![fresh()]),
        ("an empty page is not the last", None, vec![empty_page, fresh()]),
        ("AWS works on it", None, vec![no_accounts(), requests("app-dev"), succeeded(), account_of(OWN)]),
        ("AWS works on another", None, vec![no_accounts(), requests("other"), asked(), succeeded()]),
        ("an older account is not ours", None, vec![old(), requests("other"), asked(), succeeded()]),
        ("the request is known", Some(("request_id", REQUEST)), vec![succeeded(), account_of(OWN)]),
        ("the account is known", Some(("account_id", ACCOUNT)), vec![]),
    ] {
        let mut journal = intended();
        journal.notes.extend(noted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let script: Vec<(&str, Play)> = calls.into_iter().chain(placed()).collect();
        let (made, _) = perform(create(), script, &mut journal);
        assert_eq!(made.expect(label).state, State::Applied, "{label}");
        assert_eq!(journal.notes.get("account_id").map(String::as_str), Some(ACCOUNT), "{label}");
    }
}

/// The address that the request asks for, in another case.
const OWN: &str = "App-Dev@example.com";

fn account_of(email: &str) -> (&'static str, Play) {
    ("DescribeAccount", ok(format!(r#"{{"Account":{{"Id":"{ACCOUNT}","Email":"{email}"}}}}"#)))
}

#[test]
fn an_account_that_was_being_made_for_somebody_else_is_left_alone() {
    let mut journal = intended();
    journal.notes.insert("request_id".to_owned(), REQUEST.to_owned());
    let script = [succeeded(), account_of("other@example.com")];
    let (made, _) = perform(create(), script, &mut journal);
    assert!(matches!(made, Err(Stop::Retry { .. })), "{made:?}");
    assert_eq!(journal.notes.get("request_id").map(String::as_str), Some(""), "the next try looks again, or asks");
    assert_eq!(journal.notes.get("account_id"), None);
}

#[test]
fn a_lost_answer_is_left_to_the_next_try() {
    for play in [Play::Close, ok("{}"), Play::Cut(r#"{"CreateAccountStatus":{"Id":"car-12345678"}}"#.to_owned())] {
        let mut journal = FakeJournal::default();
        let (made, _) = perform(create(), [("CreateAccount", play.clone())], &mut journal);
        assert!(matches!(made, Err(Stop::Retry { .. })), "{play:?}: {made:?}");
        assert_eq!(journal.names(), ["since", "intent"], "{play:?}");
    }
}

#[test]
fn what_stands_already_is_not_done_again() {
    let mut journal = intended();
    journal.notes.insert("account_id".to_owned(), ACCOUNT.to_owned());
    assert_eq!(state(create(), [tags(TAG), parent(HOME)], &mut journal), State::Applied);
}

#[test]
fn aws_says_why_it_does_not_make_an_account() {
    for (reason, expected) in [
        ("ACCOUNT_LIMIT_EXCEEDED", Some(FailureClass::Quota)),
        ("INVALID_EMAIL", Some(FailureClass::Invalid)),
        ("EMAIL_ALREADY_EXISTS", Some(FailureClass::Conflict)),
        ("INTERNAL_FAILURE", None),
    ] {
        let mut journal = FakeJournal::default();
        let failed = ("DescribeCreateAccountStatus", status("FAILED", &format!(r#","FailureReason":"{reason}""#)));
        // An account with the address that came about meanwhile is not looked for: this was our first call.
        let script = vec![asked(), failed];
        let (made, _) = perform(create(), script, &mut journal);
        match expected {
            Some(class) => assert_eq!(made.expect(reason).state, State::Failed(class), "{reason}"),
            None => {
                assert!(matches!(made, Err(Stop::Retry { .. })), "{reason}");
                assert_eq!(journal.notes.get("request_id").map(String::as_str), Some(""), "a new request is made next");
            }
        }
    }
}

#[test]
fn aws_may_work_longer_than_a_delivery_lasts() {
    let waiting = || ("DescribeCreateAccountStatus", status("IN_PROGRESS", ""));
    let script: Vec<(&str, Play)> = std::iter::once(asked()).chain((0..25).map(|_| waiting())).collect();
    let mut journal = FakeJournal::default();
    let (made, _) = perform(create(), script, &mut journal);
    assert!(matches!(made, Err(Stop::Retry { .. })), "{made:?}");
    assert_eq!(journal.notes.get("request_id").map(String::as_str), Some(REQUEST));
}

#[test]
fn an_account_is_moved_from_where_it_was() {
    let action = || {
        Action::MoveAccount(MoveAccount {
            account: AccountId::parse(ACCOUNT).expect("an id"),
            source: unit("ou-abcd-22222222"),
            destination: unit(HOME),
        })
    };
    let moved = || ("MoveAccount", ok("{}"));
    let (source, conflict) = (|| parent("ou-abcd-22222222"), State::Failed(FailureClass::Conflict));
    let duplicate = || ("MoveAccount", error("DuplicateAccountException"));
    for (label, earlier, script, expected) in [
        ("moved", false, vec![source(), moved()], State::Applied),
        ("there already", false, vec![parent(HOME)], State::Unchanged),
        ("moved by an earlier try", true, vec![parent(HOME)], State::Applied),
        ("elsewhere", false, vec![parent("ou-abcd-33333333")], conflict),
        ("answer lost", false, vec![source(), ("MoveAccount", Play::Close), duplicate(), parent(HOME)], State::Applied),
    ] {
        let mut journal = if earlier { intended() } else { FakeJournal::default() };
        assert_eq!(state(action(), script, &mut journal), expected, "{label}");
    }
}

#[test]
fn tags_are_set_where_they_are_missing() {
    let action = || {
        let tags = vec![("nonce".to_owned(), "n1".to_owned())];
        Action::TagResource(TagResource { resource_id: ACCOUNT.to_owned(), tags })
    };
    let other = r#"{"Key":"nonce","Value":"n0"}"#;
    let set = || ("TagResource", ok("{}"));
    assert_eq!(state(action(), [tags(TAG)], &mut FakeJournal::default()), State::Unchanged);
    assert_eq!(state(action(), [tags(other), set()], &mut FakeJournal::default()), State::Applied);
    assert_eq!(state(action(), [tags(TAG)], &mut intended()), State::Applied);
}

const DOCUMENT: &str = r#"{"Statement":[],"Version":"2012-10-17"}"#;
const POLICY: &str = "p-12345678";

fn described(document: &str) -> (&'static str, Play) {
    let escaped = document.replace('"', "\\\"");
    ("DescribePolicy", ok(format!(r#"{{"Policy":{{"Content":"{escaped}"}}}}"#)))
}

fn policies(operation: &'static str, ids: &[&str]) -> (&'static str, Play) {
    let ids: Vec<String> = ids.iter().map(|id| format!(r#"{{"Id":"{id}","Name":"base"}}"#)).collect();
    (operation, ok(format!(r#"{{"Policies":[{}]}}"#, ids.join(","))))
}

#[test]
fn a_policy_is_made_once() {
    let action = || {
        let (name, description) = ("base".to_owned(), String::new());
        Action::CreatePolicy(CreatePolicy { name, description, document: DOCUMENT.to_owned() })
    };
    let made = || ("CreatePolicy", ok(format!(r#"{{"Policy":{{"PolicySummary":{{"Id":"{POLICY}"}}}}}}"#)));
    let named = || policies("ListPolicies", &[POLICY]);
    let nobody = || policies("ListPolicies", &[]);
    let duplicate = || ("CreatePolicy", error("DuplicatePolicyException"));
    let spaced = DOCUMENT.replace(':', ": ");
    let conflict = State::Failed(FailureClass::Conflict);
    for (label, earlier, script, expected) in [
        ("made", false, vec![made()], State::Applied),
        ("another of this name", false, vec![duplicate()], conflict),
        (
            "in progress",
            false,
            vec![("CreatePolicy", error("ConcurrentModificationException")), made()],
            State::Applied,
        ),
        ("made by an earlier try", true, vec![named(), described(&spaced)], State::Applied),
        ("another's of this name", true, vec![named(), described("{}")], conflict),
        ("not made by an earlier try", true, vec![nobody(), made()], State::Applied),
        (
            "made late by an earlier try",
            true,
            vec![nobody(), duplicate(), named(), described(DOCUMENT)],
            State::Applied,
        ),
        ("no id in the answer", false, vec![("CreatePolicy", ok("{}")), named(), described(DOCUMENT)], State::Applied),
    ] {
        let mut journal = if earlier { intended() } else { FakeJournal::default() };
        let (made, _) = perform(action(), script, &mut journal);
        assert_eq!(made.expect(label).state, expected, "{label}");
        let noted = journal.notes.get("policy_id").map(String::as_str);
        assert_eq!(noted, (expected == State::Applied).then_some(POLICY), "{label}");
    }
}

#[test]
fn a_policy_is_updated_over_the_document_that_was_judged() {
    let before = r#"{"Statement":[1]}"#;
    let action = || {
        Action::UpdatePolicy(UpdatePolicy {
            policy_id: POLICY.to_owned(),
            name: "base".to_owned(),
            description: String::new(),
            document: DOCUMENT.to_owned(),
            before: before.to_owned(),
        })
    };
    let update = || ("UpdatePolicy", ok("{}"));
    for (label, script, expected) in [
        ("updated", vec![described(before), update(), described(DOCUMENT)], State::Applied),
        ("there already", vec![described(DOCUMENT)], State::Unchanged),
        ("changed meanwhile", vec![described("{}")], State::Failed(FailureClass::Conflict)),
        (
            "read back otherwise",
            vec![described(before), update(), described("{}")],
            State::Failed(FailureClass::Unproven),
        ),
    ] {
        let (made, _) = perform(action(), script, &mut FakeJournal::default());
        assert_eq!(made.expect(label).state, expected, "{label}");
    }
}

#[test]
fn policies_are_attached_and_detached_but_never_the_last() {
    let attachment = |id: Option<&str>| Attachment {
        policy: PolicyRef { name: "base".to_owned(), id: id.map(str::to_owned) },
        target_id: HOME.to_owned(),
    };
    let attach = || Action::AttachPolicy(attachment(Some(POLICY)));
    let by_name = || Action::AttachPolicy(attachment(None));
    let detach = || Action::DetachPolicy(attachment(Some(POLICY)));
    let on = |ids: &[&str]| policies("ListPoliciesForTarget", ids);
    let (attached, detached) = (|| ("AttachPolicy", ok("{}")), || ("DetachPolicy", ok("{}")));
    let duplicate = || ("AttachPolicy", error("DuplicatePolicyAttachmentException"));
    let last = State::Failed(FailureClass::Conflict);
    for (label, action, script, expected) in [
        ("attached", attach(), vec![attached()], State::Applied),
        ("attached already", attach(), vec![duplicate()], State::Unchanged),
        ("by name", by_name(), vec![policies("ListPolicies", &[POLICY]), attached()], State::Applied),
        ("no such name", by_name(), vec![policies("ListPolicies", &[])], State::Failed(FailureClass::NotFound)),
        ("detached", detach(), vec![on(&["p-FullAWSAccess", POLICY]), detached()], State::Applied),
        ("detached already", detach(), vec![on(&["p-FullAWSAccess"])], State::Unchanged),
        ("the last", detach(), vec![on(&[POLICY])], last),
    ] {
        let (made, _) = perform(action, script, &mut FakeJournal::default());
        assert_eq!(made.expect(label).state, expected, "{label}");
    }
}
