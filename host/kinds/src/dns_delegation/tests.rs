//! Tables over ordinary and hostile requests for a delegation, in both rounds.

use super::*;
use crate::testing::{NONCE, SENDER, event, expected, json, plan, refused};

const PARENT: &str = "ZPARENT";
const CHILD: &str = "ZCHILD";
const ZONE: &str = "team.example.com";

fn name(text: &str) -> DnsName {
    DnsName::parse(text, NameRule::Owner).expect(text)
}

fn config() -> DnsDelegation {
    let zone = |id: &str, text: &str| Zone { id: id.to_owned(), name: name(text), private: false };
    DnsDelegation { zones: vec![zone(PARENT, "example.com"), zone("ZOTHER", "deep.example.com")], ttl_seconds: 3_600 }
}

fn detail(zone: &str) -> String {
    reeve_json::compact(&Value::object([("zone", zone)]))
}

fn set(text: &str, record_type: RecordType, values: &[&str], owner: Option<&str>) -> RecordSet {
    RecordSet {
        name: name(text),
        record_type,
        ttl_seconds: Some(3_600),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        owner: owner.map(|owner| AccountId::parse(owner).expect(owner)),
        protected: false,
    }
}

/// A parent that holds these record sets, before the zone is made.
fn before(sets: Vec<RecordSet>) -> World {
    World { record_sets: [(PARENT.to_owned(), sets)].into(), ..World::default() }
}

/// The same, with the zone.
fn after(sets: Vec<RecordSet>) -> World {
    let zone = DelegatedZone {
        id: CHILD.to_owned(),
        caller_reference: format!("reeve-{SENDER}-{NONCE}"),
        name_servers: ["ns-2.awsdns-02.co.uk", "ns-1.awsdns-01.org"].map(name).into(),
    };
    World { delegated_zones: [(name(ZONE), zone)].into(), ..before(sets) }
}

fn draft<T>(round: u32, then: impl FnOnce(&dyn Draft) -> T) -> T {
    let (config, event) = (config(), event(&config(), &detail(ZONE)));
    let ask = Ask { round, ..Ask::read(&event, &config).expect("good") };
    then(config.draft(&ask).expect("good").as_ref())
}

#[test]
fn the_zone_is_made_first() {
    let wanted = CreateHostedZone {
        name: name(ZONE),
        caller_reference: format!("reeve-{SENDER}-{NONCE}"),
        comment: format!("made by reeve for {SENDER}"),
    };
    assert!(wanted.caller_reference.len() <= 128, "longest caller reference that Route 53 takes");
    let planned = PlannedAction { at: AT.to_owned(), action: Action::CreateHostedZone(wanted) };
    let world = before(vec![set("www.example.com", RecordType::A, &["192.0.2.1"], None)]);
    assert_eq!(plan(&config(), &detail("Team.example.com."), &world), Ok(vec![planned]));
    draft(0, |draft| {
        assert!(draft.continues(&world));
        assert_eq!((draft.probe(&world), draft.answer(&world)), (None, None));
        let names = [ZONE, "example.com"].map(name).into();
        let account = AccountId::parse(SENDER).expect("good");
        let wanted = [
            Need::DelegatedZone { name: name(ZONE), account },
            Need::RecordSets { zone: PARENT.to_owned(), names },
            Need::Below { zone: PARENT.to_owned(), name: name(ZONE) },
        ];
        assert_eq!(draft.needs(), wanted);
    });
}

#[test]
fn the_second_round_delegates_and_proves() {
    let world = after(Vec::new());
    let actions = draft(1, |draft| draft.actions(&world)).expect("planned");
    let json = Value::array(actions.iter().map(PlannedAction::to_json));
    let probe = draft(1, |draft| draft.probe(&world)).expect("a probe");
    let wanted = self::json(&format!(
        r#"[
        {{"call":"route53:ChangeResourceRecordSets","at":"/detail/zone","hosted_zone_id":"ZPARENT",
          "zone_name":"example.com","private_zone":false,"changes":[{{"at":"/detail/zone","operation":"UPSERT",
          "name":"team.example.com","type":"NS","ttl_seconds":3600,
          "values":["ns-1.awsdns-01.org","ns-2.awsdns-02.co.uk"]}}]}},
        {{"call":"route53:ChangeResourceRecordSets","at":"/detail/zone","hosted_zone_id":"ZCHILD",
          "zone_name":"team.example.com","private_zone":false,"changes":[{{"at":"/detail/zone","operation":"CREATE",
          "name":"{name}","type":"A","ttl_seconds":60,"values":["{address}"]}}]}},
        {{"call":"route53:ChangeResourceRecordSets","at":"/detail/zone","hosted_zone_id":"ZCHILD",
          "zone_name":"team.example.com","private_zone":false,"changes":[{{"at":"/detail/zone","operation":"DELETE",
          "name":"{name}","type":"A","ttl_seconds":60,"values":["{address}"]}}]}}]"#,
        name = probe.name,
        address = probe.address,
    ));
    assert_eq!(reeve_json::canonical(&json), reeve_json::canonical(&wanted));
    assert_eq!((probe.after, probe.zone.as_str(), probe.name_servers.len()), (1, ZONE, 2));
    let answer = draft(1, |draft| draft.answer(&world)).expect("an answer");
    let wanted = r#"{"hosted_zone_id":"ZCHILD","name_servers":["ns-1.awsdns-01.org","ns-2.awsdns-02.co.uk"],"zone":"team.example.com"}"#;
    assert_eq!(reeve_json::canonical(&answer), wanted);
    assert!(!draft(1, |draft| draft.continues(&world)));
}

#[test]
fn a_delegation_that_stands_is_proven_again() {
    let servers = ["ns-2.awsdns-02.co.uk", "ns-1.awsdns-01.org"];
    for owner in [None, Some(SENDER), Some("111111111111")] {
        let world = after(vec![set(ZONE, RecordType::Ns, &servers, owner)]);
        let calls = draft(0, |draft| draft.actions(&world)).expect("planned").len();
        assert_eq!((calls, draft(0, |draft| draft.probe(&world)).map(|probe| probe.after)), (2, Some(0)), "{owner:?}");
    }
}

#[test]
fn the_probe_is_new_with_every_request() {
    let world = after(Vec::new());
    let probe = |nonce: &str| {
        let sent = format!(r#"{{"zone":"{ZONE}","nonce":"{nonce}"}}"#);
        let (config, event) = (config(), event(&config(), &sent));
        let ask = Ask::read(&event, &config).expect("good");
        config.draft(&ask).expect("good").probe(&world).expect("a probe")
    };
    let (one, again, other) = (probe(NONCE), probe(NONCE), probe("00000000-0000-4000-8000-000000000000"));
    assert_eq!(one, again, "the same request asks for the same name, however often it is planned");
    assert_ne!(one.name, other.name);
    let label = one.name.labels().next().and_then(|label| label.strip_prefix("reeve-")).expect("the label");
    assert!(label.len() * 4 >= 128 && label.bytes().all(|byte| byte.is_ascii_hexdigit()), "{label}");
    assert_eq!(one.address.octets()[..3], [192, 0, 2]);
}

#[test]
fn names_that_cannot_be_handed_over_are_refused() {
    let world = before(Vec::new());
    let long = |labels: usize| format!("{}team.example.com", "abcdefghi.".repeat(labels));
    for (zone, code) in [
        ("team.example.com", None),
        ("a.b.example.com", None),
        (&long(19), None),
        (&long(20), Some("DNS_NAME_LENGTH")),
        ("example.com", Some("APEX_NS_SOA")),
        ("deep.example.com", Some("APEX_NS_SOA")),
        ("evilexample.com", Some("ZONE_UNKNOWN")),
        ("com", Some("ZONE_UNKNOWN")),
        ("*.example.com", Some("DNS_WILDCARD_NS")),
        ("_acme-challenge.example.com", Some("DNS_NOT_HOSTNAME")),
        ("x._domainkey.example.com", Some("DNS_NOT_HOSTNAME")),
        ("team\\056x.example.com", Some("DNS_ESCAPE")),
        ("", Some("DNS_EMPTY_LABEL")),
    ] {
        let found = plan(&config(), &detail(zone), &world).map_err(|found| crate::testing::codes(&found));
        assert_eq!(found.err(), code.map(|code| expected(&[(code, AT)])), "{zone}");
    }
    for (sent, code, at) in [
        ("{}", "MISSING_FIELD", "/detail/zone"),
        (r#"{"zone":1}"#, "BAD_TYPE", "/detail/zone"),
        (r#"{"zone":"team.example.com","ttl":60}"#, "UNKNOWN_FIELD", "/detail/ttl"),
        (r#"{"zone":"team.example.com","name_servers":["ns.evil.example"]}"#, "UNKNOWN_FIELD", "/detail/name_servers"),
        (r#"{"zone":"team.example.com","hosted_zone_id":"Z1"}"#, "FIELD_NOT_CALLER_SETTABLE", "/detail/hosted_zone_id"),
        (r#"{"zone":"team.example.com","roleArn":"x"}"#, "FIELD_NOT_CALLER_SETTABLE", "/detail/roleArn"),
    ] {
        assert_eq!(refused(&config(), sent, &world), expected(&[(code, at)]), "{sent}");
    }
}

#[test]
fn what_the_parent_holds_stands_in_the_way_in_both_rounds() {
    let other = Some("111111111111");
    let me = Some(SENDER);
    for (record_set, code) in [
        (set(ZONE, RecordType::Ns, &["ns.old.example"], me), None),
        (set(ZONE, RecordType::Ns, &["ns.old.example"], other), Some("RRSET_NOT_OWNED")),
        (set(ZONE, RecordType::Ns, &["ns.old.example"], None), Some("RRSET_NOT_OWNED")),
        (RecordSet { protected: true, ..set(ZONE, RecordType::Ns, &["ns.old.example"], me) }, Some("RECORD_PROTECTED")),
        (set(ZONE, RecordType::A, &["192.0.2.1"], me), Some("RRSET_EXISTS")),
        (set(ZONE, RecordType::A, &["192.0.2.1"], None), Some("RRSET_NOT_OWNED")),
        (set(ZONE, RecordType::Cname, &["x.example.net"], me), Some("CNAME_CONFLICT")),
        (set(ZONE, RecordType::Ds, &["1 13 2 00"], me), Some("RRSET_EXISTS")),
        (set("www.team.example.com", RecordType::A, &["192.0.2.1"], me), Some("RRSET_EXISTS")),
        (set("www.team.example.com", RecordType::A, &["192.0.2.1"], other), Some("RRSET_NOT_OWNED")),
        (set("*.team.example.com", RecordType::A, &["192.0.2.1"], None), Some("RRSET_NOT_OWNED")),
        (set("team2.example.com", RecordType::A, &["192.0.2.1"], other), None),
        (set("myteam.example.com", RecordType::A, &["192.0.2.1"], other), None),
        (set("example.com", RecordType::Ns, &["ns.example.net"], None), None),
        (set("*.example.com", RecordType::A, &["192.0.2.1"], other), None),
    ] {
        for world in [before(vec![record_set.clone()]), after(vec![record_set.clone()])] {
            let found = plan(&config(), &detail(ZONE), &world).map_err(|found| crate::testing::codes(&found));
            assert_eq!(found.err(), code.map(|code| expected(&[(code, AT)])), "{record_set:?}");
        }
    }
    let above = before(vec![set(ZONE, RecordType::Ns, &["ns.old.example"], me)]);
    assert_eq!(refused(&config(), &detail("x.team.example.com"), &above), expected(&[("ZONE_UNKNOWN", AT)]));
}

#[test]
fn only_a_zone_that_was_made_for_the_sender_is_delegated() {
    let with = |change: fn(&mut DelegatedZone)| {
        let mut world = after(Vec::new());
        world.delegated_zones.values_mut().for_each(change);
        world
    };
    for (world, code) in [
        (with(|zone| zone.caller_reference = format!("reeve-{SENDER}-of-another-request")), None),
        (with(|zone| zone.caller_reference = format!("reeve-111111111111-{NONCE}")), Some("NS_NOT_DELEGATION_SET")),
        (with(|zone| zone.caller_reference = "by hand".to_owned()), Some("NS_NOT_DELEGATION_SET")),
        (with(|zone| zone.name_servers.clear()), Some("FACT_UNAVAILABLE")),
        (World::default(), Some("FACT_UNAVAILABLE")),
    ] {
        let found = plan(&config(), &detail(ZONE), &world).map_err(|found| crate::testing::codes(&found));
        assert_eq!(found.err(), code.map(|code| expected(&[(code, AT)])), "{:?}", world.delegated_zones);
    }
    let unseen = draft(1, |draft| draft.actions(&before(Vec::new()))).expect_err("made, and not seen");
    assert_eq!(crate::testing::codes(&unseen), expected(&[("FACT_UNAVAILABLE", AT)]));
}
