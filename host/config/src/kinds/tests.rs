//! Kinds whose settings depend on what stands around them in the gate file.

use crate::GateFile;
use reeve_json::{Value, compact};
use reeve_kinds::{Ask, Organization, OrganizationAccount, Unit, World};
use reeve_model::{AccountId, Event};
use std::collections::BTreeMap;

/// A gate file of these kinds; they begin on line 6.
fn gate(kinds: &str) -> Result<GateFile, String> {
    let text = format!(
        "gate: g\naccount: \"999988887777\"\nregion: ap-southeast-2\naccounts: a.yaml\npolicies: [p]\nkinds: {kinds}\n"
    );
    let none = |_: &str| Err("no file".to_owned());
    GateFile::parse("gate.yaml", &text, &none).map_err(|error| error.to_string())
}

#[track_caller]
fn wrong(kinds: &str) -> String {
    gate(kinds).err().unwrap_or_else(|| panic!("{kinds} is taken"))
}

const REGISTER: &str = "REGISTER_HOST: { zones: [corp.example], document: { name: AWS-RunPowerShellScript, version: '1' }, \
                        controllers: [i-0aaaaaaaaaaaaaaa0], role-arn: 'arn:aws:iam::555566667777:role/r', \
                        groups: [web], pattern: { source: [aws.autoscaling] } }";

#[test]
fn deregistering_has_the_settings_of_registering_and_its_own_pattern() {
    for kinds in
        [format!("{{ {REGISTER}, DEREGISTER_HOST: {{}} }}"), format!("{{ DEREGISTER_HOST: {{}}, {REGISTER} }}")]
    {
        let file = gate(&kinds).expect("good");
        let route = file.kinds.iter().find(|route| route.kind.name() == "DEREGISTER_HOST").expect("there");
        let pattern = concat!(
            r#"{"source":["aws.autoscaling"],"detail-type":["EC2 Instance Terminate Successful"],"#,
            r#""detail":{"AutoScalingGroupName":["web"]}}"#,
        );
        assert_eq!(compact(&route.kind.default_pattern()), pattern);
    }
    assert!(gate(&format!("{{ {REGISTER}, DEREGISTER_HOST: {{ pattern: {{ source: [x] }} }} }}")).is_ok());
    let told = "gate.yaml:6:27: `DEREGISTER_HOST` takes the settings of `REGISTER_HOST`, which the gate does not have";
    assert_eq!(wrong("{ DEREGISTER_HOST: {} }"), told);
    let told = wrong(&format!("{{ {REGISTER}, DEREGISTER_HOST: {{ zones: [corp.example] }} }}"));
    assert!(told.ends_with("key `zones` is not known"), "{told}");
}

/// The rule that the second round of a request plans, as JSON.
fn rule(settings: &str) -> Result<String, String> {
    let file =
        gate(&format!("{{ CREATE_ACCOUNT: {{ email-domains: [e.com], units: [Dev], forward-bus: {settings} }} }}"))?;
    let route = file.kinds.first().expect("one");
    let body = concat!(
        r#"{"version":"0","id":"11111111-2222-4333-8444-555555555555","detail-type":"CREATE_ACCOUNT","source":"s","#,
        r#""account":"777788889999","time":"2026-11-21T10:00:00Z","region":"ap-southeast-2","resources":[],"#,
        r#""detail":{"nonce":"687754b2-abd6-3ae6-ae2d-f98bd134512e","name":"foo","email":"foo@e.com","OU":"Dev"}}"#,
    );
    let event = Event::parse(body.as_bytes()).expect("good");
    let mut ask = Ask::read(&event, route.kind.as_ref()).expect("good");
    ask.round = 1;
    let account = OrganizationAccount {
        id: AccountId::parse("012345678909").expect("an id"),
        name: "foo".to_owned(),
        email: "foo@e.com".to_owned(),
        parent_id: "ou-1".to_owned(),
    };
    let organization = Organization {
        root_id: "r".to_owned(),
        units: BTreeMap::from([("ou-1".to_owned(), Unit { name: "Dev".to_owned(), parent_id: "r".to_owned() })]),
        accounts: BTreeMap::from([("012345678909".to_owned(), account)]),
        ..Organization::default()
    };
    let world = World { organization: Some(organization), ..World::default() };
    let planned = route.kind.draft(&ask).expect("good").actions(&world).expect("good");
    Ok(compact(&Value::array(planned.iter().map(reeve_model::PlannedAction::to_json))))
}

const TARGET: &str = "target: 'arn:aws:events:{region}:{account}:event-bus/infra'";

#[test]
fn a_forwarding_bus_has_its_defaults() {
    let wanted = |bus: &str, name: &str, from: &str, types: &str| {
        format!(
            "[{{\"call\":\"events:PutRule\",\"at\":\"/detail\",\"bus\":\"{bus}\",\"name\":\"{name}012345678909\",\
             \"pattern\":\"{{\\\"account\\\":[\\\"{from}\\\"],\\\"detail-type\\\":[{types}]}}\",\
             \"target_arn\":\"arn:aws:events:ap-southeast-2:012345678909:event-bus/infra\"}}]"
        )
    };
    let arn = "arn:aws:events:ap-southeast-2:777788889999:event-bus/infra";
    let (one, two) = (r#"\"A\""#, r#"\"A\",\"B\""#);
    for (settings, wanted) in [
        (format!("{{ bus: infra, detail-types: [A], {TARGET} }}"), wanted("infra", "to-", "999988887777", one)),
        (format!("{{ bus: '{arn}', detail-types: [A, B], {TARGET} }}"), wanted(arn, "to-", "777788889999", two)),
        (
            format!("{{ bus: infra, rule-prefix: x., from: [\"777788889999\"], detail-types: [A], {TARGET} }}"),
            wanted("infra", "x.", "777788889999", one),
        ),
    ] {
        assert_eq!(rule(&settings).as_deref(), Ok(&*wanted), "{settings}");
    }
}

#[test]
fn a_forwarding_bus_is_read_strictly() {
    let long = "p".repeat(52);
    assert!(rule(&format!("{{ bus: b, rule-prefix: {long}, detail-types: [{}], {TARGET} }}", "t".repeat(128))).is_ok());
    let many = |count: usize| vec!["t".repeat(100); count].join(", ");
    assert!(rule(&format!("{{ bus: b, detail-types: [{}], {TARGET} }}", many(19))).is_ok());
    for (settings, told) in [
        (format!("{{ detail-types: [A], {TARGET} }}"), "key `bus` is missing"),
        (format!("{{ bus: b, {TARGET} }}"), "key `detail-types` is missing"),
        ("{ bus: b, detail-types: [A] }".to_owned(), "key `target` is missing"),
        (format!("{{ bus: b, detail-types: [], {TARGET} }}"), "`detail-types` is empty: nothing would be sent on"),
        (
            format!("{{ bus: b, detail-types: [''], {TARGET} }}"),
            "item 1 of `detail-types` must be 1 to 128 characters long",
        ),
        (
            format!("{{ bus: b, detail-types: [{}], {TARGET} }}", "t".repeat(129)),
            "item 1 of `detail-types` must be 1 to 128 characters long",
        ),
        (
            format!("{{ bus: b, detail-types: [{}], {TARGET} }}", many(20)),
            "the rule's pattern would be longer than 2048 characters",
        ),
        (format!("{{ bus: b, from: [], detail-types: [A], {TARGET} }}"), "`from` is empty: nothing would be sent on"),
        (
            format!("{{ bus: b, from: [777788889999], detail-types: [A], {TARGET} }}"),
            "item 1 of `from` must be an account id in quotes",
        ),
        (
            format!("{{ bus: b, rule-prefix: {long}p, detail-types: [A], {TARGET} }}"),
            "`rule-prefix` must be 1 to 52 of letters, digits, `._-`",
        ),
        (
            "{ bus: b, detail-types: [A], target: 'arn:aws:events:{region}:012345678909:event-bus/infra' }".to_owned(),
            "`target` must be the ARN of a bus in the new account",
        ),
        (
            "{ bus: b, detail-types: [A], target: 'arn:aws:events:{account}:{account}:event-bus/infra' }".to_owned(),
            "`target` must be the ARN of a bus in the new account",
        ),
        (format!("{{ bus: b, types: [A], detail-types: [A], {TARGET} }}"), "key `types` is not known"),
    ] {
        let error = rule(&settings).expect_err(&settings);
        assert!(error.starts_with("gate.yaml:6:") && error.ends_with(told), "{settings}: {error}");
    }
}

#[test]
fn a_delegation_has_public_parents_and_a_bounded_time_to_live() {
    let gate = |settings: &str| {
        let text = format!(
            "gate: g\naccount: \"999988887777\"\nregion: ap-southeast-2\naccounts: a.yaml\npolicies: [p]\n\
             zones: {{ Z1: {{ name: example.com }}, Z2: {{ name: corp.example.com, private: true }} }}\n\
             kinds: {{ DNS_DELEGATION: {settings} }}\n"
        );
        let none = |_: &str| Err("no file".to_owned());
        GateFile::parse("gate.yaml", &text, &none).map(|_| ()).map_err(|error| error.to_string())
    };
    for settings in ["{ zones: [Z1] }", "{ zones: [Z1], ttl-seconds: 60 }", "{ zones: [Z1], ttl-seconds: 172_800 }"] {
        assert_eq!(gate(settings), Ok(()), "{settings}");
    }
    for settings in [
        "{}",
        "{ zones: [] }",
        "{ zones: [Z2] }",
        "{ zones: [Z1, Z2] }",
        "{ zones: [Z1], ttl-seconds: 59 }",
        "{ zones: [Z1], ttl-seconds: 172_801 }",
        "{ zones: [Z1], role-arn: x }",
    ] {
        assert!(gate(settings).is_err(), "{settings}");
    }
}
