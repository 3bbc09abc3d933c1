//! Run Command: one command, whatever happens to the answers.

use super::*;

const COMMAND: &str = "12345678-1234-1234-1234-123456789012";

fn command(instances: &[&str]) -> Action {
    Action::SendCommand(SendCommand {
        instance_ids: instances.iter().map(|id| (*id).to_owned()).collect(),
        document_name: "Reeve-RegisterHost".to_owned(),
        document_version: "3".to_owned(),
        document_hash: Some("ab".repeat(32)),
        parameters: vec![("HostName".to_owned(), vec!["web-1".to_owned()])],
        role_arn: "arn:aws:iam::444455556666:role/reeve".to_owned(),
        region: "eu-central-1".to_owned(),
        comment: "reeve 687754b2-abd6-3ae6-ae2d-f98bd134512e".to_owned(),
        timeout_seconds: 60,
    })
}

fn assumed() -> (&'static str, Play) {
    let credentials = "<AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
        <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>";
    let result = format!("<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>");
    ("AssumeRole", ok(format!("<AssumeRoleResponse>{result}</AssumeRoleResponse>")))
}

fn invocation(status: &str, details: &str) -> Play {
    let output = r#""StandardOutputContent":"out","StandardErrorContent":"err","ResponseCode":1"#;
    ok(format!(r#"{{"Status":"{status}","StatusDetails":"{details}",{output}}}"#))
}

fn commands(comment: &str) -> Play {
    let command = format!(r#"{{"CommandId":"{COMMAND}","DocumentName":"Reeve-RegisterHost","Comment":"{comment}"}}"#);
    ok(format!(r#"{{"Commands":[{command}]}}"#))
}

#[test]
fn a_command_is_sent_once_and_waited_for() {
    const ONE: &[&str] = &["i-0123456789abcdef0"];
    const OURS: &str = "reeve 687754b2-abd6-3ae6-ae2d-f98bd134512e";
    let (send, get, list) = ("SendCommand", "GetCommandInvocation", "ListCommands");
    let sent = || ok(format!(r#"{{"Command":{{"CommandId":"{COMMAND}"}}}}"#));
    let done = || invocation("Success", "Success");
    let none = || ok(r#"{"Commands":[]}"#);
    for (label, earlier, script, expected) in [
        ("success", false, vec![(send, sent()), (get, done())], State::Applied),
        (
            "not seen at first",
            false,
            vec![
                (send, sent()),
                (get, error("InvocationDoesNotExist")),
                (get, invocation("InProgress", "")),
                (get, done()),
            ],
            State::Applied,
        ),
        (
            "failed",
            false,
            vec![(send, sent()), (get, invocation("Failed", "Failed"))],
            State::Failed(FailureClass::Reported),
        ),
        (
            "not delivered",
            false,
            vec![(send, sent()), (get, invocation("TimedOut", "Delivery Timed Out"))],
            State::Failed(FailureClass::NotFound),
        ),
        ("throttled", false, vec![(send, error("ThrottlingException")), (send, sent()), (get, done())], State::Applied),
        ("refused", false, vec![(send, error("InvalidInstanceId"))], State::Failed(FailureClass::NotFound)),
        ("no id in the answer", false, vec![(send, ok("{}")), (list, commands(OURS)), (get, done())], State::Applied),
        ("sent by an earlier try", true, vec![(list, commands(OURS)), (get, done())], State::Applied),
        ("another's", true, vec![(list, commands("reeve other")), (send, sent()), (get, done())], State::Applied),
        (
            "on the second page",
            true,
            vec![(list, ok(r#"{"Commands":[],"NextToken":"t"}"#)), (list, commands(OURS)), (get, done())],
            State::Applied,
        ),
        ("not sent by an earlier try", true, vec![(list, none()), (send, sent()), (get, done())], State::Applied),
    ] {
        let mut journal = if earlier { intended() } else { FakeJournal::default() };
        let script: Vec<(&str, Play)> = std::iter::once(assumed()).chain(script).collect();
        let (made, _) = perform(command(ONE), script, &mut journal);
        assert_eq!(made.expect(label).state, expected, "{label}");
    }
}

#[test]
fn a_command_whose_answer_is_lost_is_not_sent_again() {
    let mut journal = FakeJournal::default();
    let (made, _) = perform(command(&["i-0123456789abcdef0"]), [assumed(), ("SendCommand", Play::Close)], &mut journal);
    assert!(matches!(made, Err(Stop::Retry { .. })), "{made:?}");
    assert_eq!(journal.names(), ["since", "intent"]);
    let ours = commands("reeve 687754b2-abd6-3ae6-ae2d-f98bd134512e");
    let script = [assumed(), ("ListCommands", ours), ("GetCommandInvocation", invocation("Success", "Success"))];
    let (made, seen) = perform(command(&["i-0123456789abcdef0"]), script, &mut journal);
    assert_eq!(made.expect("an outcome").state, State::Applied);
    assert_eq!(journal.notes.get("command_id").map(String::as_str), Some(COMMAND));
    assert!(seen[1].body.contains("InvokedAfter"), "{}", seen[1].body);
    // And whoever comes after that only asks how it ended.
    let script = [assumed(), ("GetCommandInvocation", invocation("Success", "Success"))];
    assert_eq!(state(command(&["i-0123456789abcdef0"]), script, &mut journal), State::Applied);
}

#[test]
fn every_instance_of_a_command_counts() {
    let ids = ["i-0123456789abcdef0", "i-0123456789abcdef1"];
    let sent = ok(format!(r#"{{"Command":{{"CommandId":"{COMMAND}"}}}}"#));
    let get = "GetCommandInvocation";
    let script = [
        assumed(),
        ("SendCommand", sent),
        (get, invocation("Success", "Success")),
        (get, invocation("Failed", "Failed")),
    ];
    let (made, seen) = perform(command(&ids), script, &mut FakeJournal::default());
    let made = made.expect("an outcome");
    assert_eq!(made.state, State::Failed(FailureClass::Reported));
    assert!(made.message.as_deref().is_some_and(|text| text.contains(ids[1]) && text.contains("err")), "{made:?}");
    assert_eq!(made.details.get(&format!("status {}", ids[0])).map(String::as_str), Some("Success (1)"));
    let body = &seen[1].body;
    assert!(body.contains(r#""DocumentVersion":"3""#) && body.contains(r#""DocumentHashType":"Sha256""#), "{body}");
    assert!(
        seen[1].headers.get("authorization").is_some_and(|it| it.contains("AKIDROLE") && it.contains("eu-central-1"))
    );
}
