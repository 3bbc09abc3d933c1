//! Route 53, parameters and EventBridge.

use super::*;

fn record(operation: Operation, name: &str, value: &str) -> RecordSetChange {
    RecordSetChange {
        at: String::new(),
        operation,
        name: DnsName::parse(name, NameRule::Owner).expect("a name"),
        record_type: RecordType::A,
        ttl_seconds: Some(60),
        content: RecordContent::Values(vec![value.to_owned()]),
    }
}

fn change(operation: Operation) -> Action {
    Action::ChangeRecordSets(ChangeRecordSets {
        hosted_zone_id: "Z1".to_owned(),
        zone_name: DnsName::parse("example.com", NameRule::Owner).expect("a name"),
        private_zone: false,
        changes: vec![record(operation, "www.example.com", "192.0.2.1")],
    })
}

const NAMESPACE: &str = r#"xmlns="https://route53.amazonaws.com/doc/2013-04-01/""#;

fn change_info(status: &str) -> String {
    let info = format!("<Id>/change/C1</Id><Status>{status}</Status><SubmittedAt>2026-11-22T00:00:00Z</SubmittedAt>");
    format!("<ChangeInfo>{info}</ChangeInfo>")
}

fn changed() -> String {
    let name = "ChangeResourceRecordSetsResponse";
    format!("<{name} {NAMESPACE}>{}</{name}>", change_info("PENDING"))
}

fn got(status: &str) -> Play {
    ok(format!("<GetChangeResponse {NAMESPACE}>{}</GetChangeResponse>", change_info(status)))
}

fn listed(value: Option<&str>) -> Play {
    let set = value.map_or(String::new(), |value| {
        let records = format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>");
        let set = "<Name>www.example.com.</Name><Type>A</Type><TTL>60</TTL>";
        format!("<ResourceRecordSet>{set}<ResourceRecords>{records}</ResourceRecords></ResourceRecordSet>")
    });
    let name = "ListResourceRecordSetsResponse";
    let sets = format!("<ResourceRecordSets>{set}</ResourceRecordSets>");
    ok(format!("<{name} {NAMESPACE}>{sets}<IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></{name}>"))
}

#[test]
fn record_sets_are_changed_once_and_looked_for_first_when_they_may_have_been() {
    const CHANGE: &str = "ChangeResourceRecordSets";
    const LIST: &str = "ListResourceRecordSets";
    let exists = || xml_error(400, "InvalidChangeBatch", "[Tried to create it, but it already exists]");
    let made = || ok(changed());
    for (label, earlier, script, expected) in [
        ("taken", false, vec![(CHANGE, made())], State::Applied),
        ("refused", false, vec![(CHANGE, exists())], State::Failed(FailureClass::Conflict)),
        (
            "throttled",
            false,
            vec![(CHANGE, xml_error(400, "Throttling", "Rate exceeded")), (CHANGE, made())],
            State::Applied,
        ),
        (
            "a change before it is not complete",
            false,
            vec![(CHANGE, xml_error(400, "PriorRequestNotComplete", "wait")), (CHANGE, made())],
            State::Applied,
        ),
        (
            "reset after it was made",
            false,
            vec![(CHANGE, Play::Close), (LIST, listed(Some("192.0.2.1")))],
            State::Applied,
        ),
        ("reset before", false, vec![(CHANGE, Play::Close), (LIST, listed(None)), (CHANGE, made())], State::Applied),
        ("cut off", false, vec![(CHANGE, Play::Cut(changed())), (LIST, listed(Some("192.0.2.1")))], State::Applied),
        (
            "unavailable",
            false,
            vec![(CHANGE, Play::Answer(503, String::new())), (LIST, listed(Some("192.0.2.1")))],
            State::Applied,
        ),
        ("made by an earlier try", true, vec![(LIST, listed(Some("192.0.2.1")))], State::Applied),
        ("not made by an earlier try", true, vec![(LIST, listed(None)), (CHANGE, made())], State::Applied),
        (
            "made late by an earlier try",
            true,
            vec![(LIST, listed(None)), (CHANGE, exists()), (LIST, listed(Some("192.0.2.1")))],
            State::Applied,
        ),
        (
            "made by somebody else meanwhile",
            true,
            vec![(LIST, listed(Some("192.0.2.9"))), (CHANGE, exists()), (LIST, listed(Some("192.0.2.9")))],
            State::Failed(FailureClass::Conflict),
        ),
    ] {
        let mut journal = if earlier { intended() } else { FakeJournal::default() };
        let (made, _) = perform(change(Operation::Create), script, &mut journal);
        assert_eq!(made.expect(label).state, expected, "{label}");
    }
}

#[test]
fn an_intent_is_noted_before_the_call_and_the_id_after_it() {
    let mut journal = FakeJournal::default();
    let (made, seen) = perform(change(Operation::Upsert), [("ChangeResourceRecordSets", ok(changed()))], &mut journal);
    assert_eq!(made.expect("an outcome").details.get("change_id").map(String::as_str), Some("C1"));
    assert_eq!(journal.names(), ["since", "intent", "change_id"]);
    assert!(seen[0].body.contains("<Action>UPSERT</Action>") && seen[0].body.contains("<Value>192.0.2.1</Value>"));
    // Another gate that takes over from here calls nothing.
    assert_eq!(state(change(Operation::Upsert), [], &mut journal), State::Applied);
}

#[test]
fn a_gate_may_wait_until_a_change_is_in_sync() {
    let wait = || ExecutorConfig { in_sync: true, ..config() };
    let script =
        [("ChangeResourceRecordSets", ok(changed())), ("GetChange", got("PENDING")), ("GetChange", got("INSYNC"))];
    let (made, _) = perform_with(wait(), change(Operation::Upsert), script, &mut FakeJournal::default());
    assert_eq!(made.expect("an outcome").details.get("in_sync").map(String::as_str), Some("true"));
    let script = [("ChangeResourceRecordSets", ok(changed())), ("GetChange", xml_error(404, "NoSuchChange", "no"))];
    let (made, _) = perform_with(wait(), change(Operation::Upsert), script, &mut FakeJournal::default());
    assert_eq!(made.expect("an outcome").state, State::Pending);
}

#[test]
fn zones_of_senders_are_changed_through_the_role_in_their_account() {
    let delegated = |own: &str| ExecutorConfig {
        delegation_role: Some("arn:aws:iam::{account}:role/reeve".to_owned()),
        own_zones: BTreeSet::from([own.to_owned()]),
        ..config()
    };
    let assumed = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
        <AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
        <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let script = [("AssumeRole", ok(assumed)), ("ChangeResourceRecordSets", ok(changed()))];
    let (made, seen) = perform_with(delegated("Z9"), change(Operation::Upsert), script, &mut FakeJournal::default());
    assert_eq!(made.expect("an outcome").state, State::Applied);
    assert!(seen[0].body.contains("111122223333%3Arole%2Freeve"), "{}", seen[0].body);
    assert!(seen[1].headers.get("authorization").is_some_and(|it| it.contains("AKIDROLE")));
    let script = [("ChangeResourceRecordSets", ok(changed()))];
    let (made, seen) = perform_with(delegated("Z1"), change(Operation::Upsert), script, &mut FakeJournal::default());
    assert_eq!(made.expect("an outcome").state, State::Applied);
    assert!(seen[0].headers.get("authorization").is_some_and(|it| it.contains("AKIDEXAMPLE")));
}

fn zone_xml(reference: &str) -> String {
    let zone =
        format!("<Id>/hostedzone/Z7</Id><Name>a.example.com.</Name><CallerReference>{reference}</CallerReference>");
    format!("<HostedZone>{zone}</HostedZone>")
}

#[test]
fn a_hosted_zone_is_made_once() {
    let action = || {
        Action::CreateHostedZone(CreateHostedZone {
            name: DnsName::parse("a.example.com", NameRule::Owner).expect("a name"),
            caller_reference: "reeve-1".to_owned(),
            comment: "for 111122223333".to_owned(),
        })
    };
    let set = "<DelegationSet><NameServers><NameServer>ns-1.example.net</NameServer></NameServers></DelegationSet>";
    let created = format!(
        "<CreateHostedZoneResponse {NAMESPACE}>{}{}{set}</CreateHostedZoneResponse>",
        zone_xml("reeve-1"),
        change_info("PENDING")
    );
    let got = format!("<GetHostedZoneResponse {NAMESPACE}>{}{set}</GetHostedZoneResponse>", zone_xml("reeve-1"));
    let listed = |reference: &str| {
        let zones = format!("<HostedZones>{}</HostedZones>", zone_xml(reference));
        ok(format!(
            "<ListHostedZonesByNameResponse {NAMESPACE}>{zones}<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>"
        ))
    };
    let exists = || xml_error(409, "HostedZoneAlreadyExists", "it is there");
    let conflict = State::Failed(FailureClass::Conflict);
    for (label, notes, script, expected) in [
        ("made", vec![], vec![("CreateHostedZone", Play::Answer(201, created.clone()))], State::Applied),
        (
            "made by an earlier try",
            vec![],
            vec![
                ("CreateHostedZone", exists()),
                ("ListHostedZonesByName", listed("reeve-1")),
                ("GetHostedZone", ok(&*got)),
            ],
            State::Applied,
        ),
        (
            "somebody else's",
            vec![],
            vec![("CreateHostedZone", exists()), ("ListHostedZonesByName", listed("x"))],
            conflict,
        ),
        ("noted", vec![("zone_id", "Z7")], vec![("GetHostedZone", ok(&*got))], State::Applied),
    ] {
        let (made, _) = perform(action(), script, &mut FakeJournal::with(&notes));
        let made = made.expect(label);
        assert_eq!(made.state, expected, "{label}");
        if expected == State::Applied {
            let detail = |name: &str| made.details.get(name).map(String::as_str);
            assert_eq!((detail("zone_id"), detail("name_servers")), (Some("Z7"), Some("ns-1.example.net")), "{label}");
        }
    }
}

fn put(before: Option<&str>) -> Action {
    Action::PutParameter(PutParameter {
        name: "/reeve/a".to_owned(),
        value: "new".to_owned(),
        parameter_type: "String".to_owned(),
        overwrite: before.is_some(),
        before: before.map(str::to_owned),
    })
}

#[test]
fn a_parameter_is_put_over_the_value_that_was_judged() {
    let is = |value: &str| ok(format!(r#"{{"Parameter":{{"Value":"{value}","Type":"String"}}}}"#));
    let (get, set) = ("GetParameter", "PutParameter");
    let none = || error("ParameterNotFound");
    let conflict = State::Failed(FailureClass::Conflict);
    for (label, before, earlier, script, expected) in [
        ("new", None, false, vec![(get, none()), (set, ok(r#"{"Version":1}"#))], State::Applied),
        ("changed", Some("old"), false, vec![(get, is("old")), (set, ok(r#"{"Version":2}"#))], State::Applied),
        ("there already", Some("old"), false, vec![(get, is("new"))], State::Unchanged),
        ("put by an earlier try", Some("old"), true, vec![(get, is("new"))], State::Applied),
        ("changed meanwhile", Some("old"), false, vec![(get, is("other"))], conflict),
        ("made meanwhile", None, false, vec![(get, is("other"))], conflict),
        ("removed meanwhile", Some("old"), false, vec![(get, none())], conflict),
        (
            "answer lost",
            None,
            false,
            vec![(get, none()), (set, Play::Close), (set, error("ParameterAlreadyExists")), (get, is("new"))],
            State::Applied,
        ),
        (
            "denied",
            None,
            false,
            vec![(get, none()), (set, error("AccessDeniedException"))],
            State::Failed(FailureClass::AccessDenied),
        ),
    ] {
        let mut journal = if earlier { intended() } else { FakeJournal::default() };
        assert_eq!(state(put(before), script, &mut journal), expected, "{label}");
    }
}

#[test]
fn a_parameter_that_is_gone_is_deleted() {
    let action = || Action::DeleteParameter(DeleteParameter { name: "/reeve/a".to_owned() });
    let none = || [("DeleteParameter", error("ParameterNotFound"))];
    assert_eq!(state(action(), [("DeleteParameter", ok("{}"))], &mut FakeJournal::default()), State::Applied);
    assert_eq!(state(action(), none(), &mut FakeJournal::default()), State::Unchanged);
    assert_eq!(state(action(), none(), &mut intended()), State::Applied);
}

#[test]
fn a_rule_and_its_target_are_made_unless_they_are_there() {
    let target = "arn:aws:events:ap-southeast-2:111122223333:event-bus/infra";
    let action = || {
        Action::PutRule(PutRule {
            bus: "infra".to_owned(),
            name: "to-111122223333".to_owned(),
            pattern: r#"{"source":["a"]}"#.to_owned(),
            target_arn: target.to_owned(),
        })
    };
    let rule = |pattern: &str, state: &str| ok(format!(r#"{{"EventPattern":"{pattern}","State":"{state}"}}"#));
    let same = r#"{ \"source\": [\"a\"] }"#;
    let targets = |arn: &str| ok(format!(r#"{{"Targets":[{{"Id":"x","Arn":"{arn}"}}]}}"#));
    let (describe, list, put, put_targets) = ("DescribeRule", "ListTargetsByRule", "PutRule", "PutTargets");
    let none = || error("ResourceNotFoundException");
    let done = || ok(r#"{"FailedEntryCount":0,"FailedEntries":[]}"#);
    let put_ok = || ok(r#"{"RuleArn":"arn"}"#);
    let refused = r#"{"FailedEntryCount":1,"FailedEntries":[{"ErrorCode":"AccessDeniedException"}]}"#;
    let denied = State::Failed(FailureClass::AccessDenied);
    for (label, script, expected) in [
        ("new", vec![(describe, none()), (list, none()), (put, put_ok()), (put_targets, done())], State::Applied),
        ("there", vec![(describe, rule(same, "ENABLED")), (list, targets(target))], State::Unchanged),
        (
            "disabled",
            vec![(describe, rule(same, "DISABLED")), (list, targets(target)), (put, put_ok())],
            State::Applied,
        ),
        (
            "another pattern",
            vec![(describe, rule("{}", "ENABLED")), (list, targets(target)), (put, put_ok())],
            State::Applied,
        ),
        (
            "another target",
            vec![(describe, rule(same, "ENABLED")), (list, targets("arn:x")), (put_targets, done())],
            State::Applied,
        ),
        ("entry refused", vec![(describe, rule(same, "ENABLED")), (list, none()), (put_targets, ok(refused))], denied),
    ] {
        assert_eq!(state(action(), script, &mut FakeJournal::default()), expected, "{label}");
    }
}
