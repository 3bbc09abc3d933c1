//! Facts through the real SDK, against canned answers.

mod kept;

use super::*;
use crate::testing::{Call, Calls, served};
use reeve_kinds::{Parameter, RecordSet, Unit};
use reeve_model::{FactValue, NameRule, record::RecordType};
use std::sync::Mutex;

const ACCOUNT: &str = "111122223333";

/// Knows nobody and nothing.
struct NoFiles;

impl Facts for NoFiles {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        let account = account.clone();
        Sender { account, verified, name: None, tier: None, organizational_unit: None, status: None }
    }

    fn world(&self, _: &[Need]) -> Result<World, FactError> {
        Err(FactError("not asked of files".to_owned()))
    }

    fn fact(&self, policy: &str, need: &FactNeed, _: &Sender) -> Result<Fact, FactError> {
        let value = FactValue::Text(format!("files for {policy}"));
        Ok(Fact { name: need.name.clone(), value, source: "files".to_owned() })
    }
}

type Hand = Arc<Mutex<Instant>>;

fn facts_with(
    config: FactsConfig,
    handler: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static,
) -> (AwsFacts, Calls, Hand) {
    let (aws, calls) = served(handler);
    let hand = Arc::new(Mutex::new(Instant::now()));
    let now = Arc::clone(&hand);
    let clock: Clock = Arc::new(move || *now.lock().unwrap());
    (AwsFacts::with_clock(aws, Box::new(NoFiles), config, clock), calls, hand)
}

fn facts(handler: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> (AwsFacts, Calls, Hand) {
    facts_with(FactsConfig::default(), handler)
}

fn name(text: &str) -> DnsName {
    DnsName::parse(text, NameRule::Owner).expect(text)
}

fn account() -> AccountId {
    AccountId::parse(ACCOUNT).expect("an id")
}

/// `GetHostedZone` of the zone `example.com`.
fn zone_answer(size: u32) -> String {
    format!(
        "<GetHostedZoneResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZone>\
         <Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>reeve-1</CallerReference>\
         <Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>{size}</ResourceRecordSetCount>\
         </HostedZone><DelegationSet><NameServers><NameServer>NS-1.awsdns-01.com</NameServer>\
         <NameServer>ns-2.awsdns-02.net.</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>"
    )
}

fn set(name: &str, record_type: &str, rest: &str) -> String {
    format!("<ResourceRecordSet><Name>{name}</Name><Type>{record_type}</Type>{rest}</ResourceRecordSet>")
}

fn values(ttl: u32, values: &[&str]) -> String {
    let each: String =
        values.iter().map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>")).collect();
    format!("<TTL>{ttl}</TTL><ResourceRecords>{each}</ResourceRecords>")
}

/// A page of record sets; `next` is name and type.
fn page(sets: &[String], next: Option<(&str, &str)>) -> String {
    let next = match next {
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
        Some((name, record_type)) => format!(
            "<IsTruncated>true</IsTruncated><NextRecordName>{name}</NextRecordName>\
             <NextRecordType>{record_type}</NextRecordType>"
        ),
    };
    format!(
        "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ResourceRecordSets>{}\
         </ResourceRecordSets>{next}<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
        sets.concat()
    )
}

fn sets_need(names: &[&str]) -> Need {
    Need::RecordSets { zone: "Z1".to_owned(), names: names.iter().map(|text| name(text)).collect() }
}

fn shown(set: &RecordSet) -> String {
    format!("{} {} {:?} {}", set.name, set.record_type.as_str(), set.ttl_seconds, set.values.join("|"))
}

#[test]
fn a_small_zone_is_read_whole_and_only_what_is_wanted_is_kept() {
    let alias = "<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.example.net.</DNSName>\
                 <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>";
    let member = |id: &str, address: &str| {
        let rest = format!("<SetIdentifier>{id}</SetIdentifier><Weight>1</Weight>{}", values(60, &[address]));
        set("weighted.example.com.", "A", &rest)
    };
    let first = page(
        &[
            set("example.com.", "SOA", &values(900, &["ns-1. host. 1 2 3 4 5"])),
            set("example.com.", "CAA", &values(300, &["0 issue &quot;ca.example.net&quot;"])),
            set("example.com.", "TXT", &values(300, &["&quot;x&quot;"])),
            set("\\052.apps.example.com.", "A", &values(60, &["192.0.2.1"])),
            set("a\\056b.example.com.", "A", &values(60, &["192.0.2.9"])),
            set("alias.example.com.", "A", alias),
        ],
        Some(("mail.example.com.", "MX")),
    );
    let second = page(
        &[
            set("mail.example.com.", "MX", &values(60, &["10 MX.Example.NET."])),
            set("odd.example.com.", "A", &values(60, &["127.0.0.1"])),
            member("one", "192.0.2.2"),
            member("two", "192.0.2.3"),
        ],
        None,
    );
    let (facts, calls, _) = facts(move |call| {
        (
            200,
            match &call.path {
                path if !path.contains("rrset") => zone_answer(10),
                path if path.contains("name=mail.example.com") => second.clone(),
                _ => first.clone(),
            },
        )
    });
    let names =
        ["*.apps.example.com", "alias.example.com", "mail.example.com", "odd.example.com", "weighted.example.com"];
    let needs = [sets_need(&names[..2]), sets_need(&names[1..])];
    let world = facts.world(&needs).expect("facts");
    assert_eq!(
        world.record_sets["Z1"].iter().map(shown).collect::<Vec<_>>(),
        [
            "*.apps.example.com A Some(60) 192.0.2.1",
            "alias.example.com A None ",
            "example.com CAA Some(300) 0 issue \"ca.example.net\"",
            "mail.example.com MX Some(60) 10 mx.example.net",
            "odd.example.com A Some(60) 127.0.0.1",
            "weighted.example.com A Some(60) 192.0.2.2",
            "weighted.example.com A Some(60) 192.0.2.3",
        ]
    );
    assert_eq!(world.zone_sizes["Z1"], 10);
    assert_eq!(calls.all().len(), 3, "the zone, and two pages");
}

#[test]
fn names_of_a_large_zone_are_read_each_and_no_further() {
    let (facts, calls, _) = facts(|call| {
        let path = &call.path;
        (
            200,
            match path {
                path if !path.contains("rrset") => zone_answer(9_000),
                // The first page of `www` ends within the name.
                path if path.contains("name=www.example.com") && path.contains("type=AAAA") => page(
                    &[
                        set("www.example.com.", "AAAA", &values(60, &["2001:DB8::1"])),
                        set("www2.example.com.", "A", &values(60, &["192.0.2.7"])),
                    ],
                    Some(("x.example.com.", "A")),
                ),
                path if path.contains("name=www.example.com") => page(
                    &[set("www.example.com.", "A", &values(60, &["192.0.2.1"]))],
                    Some(("www.example.com.", "AAAA")),
                ),
                // `*` is asked for, and no such set is there: the next name comes back.
                path if path.contains("apps.example.com") => page(
                    &[set("bar.apps.example.com.", "A", &values(60, &["192.0.2.8"]))],
                    Some(("c.example.com.", "A")),
                ),
                // The apex is asked for its CAA sets, and has none.
                _ => page(
                    &[set("example.com.", "MX", &values(60, &["10 mx.example.net"]))],
                    Some(("example.com.", "NS")),
                ),
            },
        )
    });
    let world = facts.world(&[sets_need(&["www.example.com", "*.apps.example.com"])]).expect("facts");
    assert_eq!(
        world.record_sets["Z1"].iter().map(shown).collect::<Vec<_>>(),
        ["www.example.com A Some(60) 192.0.2.1", "www.example.com AAAA Some(60) 2001:db8::1",]
    );
    let calls = calls.all();
    assert_eq!(calls.len(), 6, "the zone; www twice; *.apps, apps and the apex: {calls:#?}");
    assert!(calls.iter().any(|call| call.path.contains("type=CAA")), "{calls:#?}");
}

#[test]
fn a_page_that_cannot_be_read_is_an_error_and_never_an_empty_zone() {
    let stuck = page(&[], Some(("a.example.com.", "A")));
    let nameless = "<ListResourceRecordSetsResponse><ResourceRecordSets></ResourceRecordSets><IsTruncated>true\
                    </IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>";
    for (status, body) in [
        (200, "<ListResourceRecordSetsResponse><ResourceRecordSets><Resource".to_owned()),
        (200, stuck),
        (200, nameless.to_owned()),
        (200, page(&[set("a.example.com.", "A", "<TTL>-1</TTL>")], None)),
        (200, String::new()),
        (200, "<ListResourceRecordSetsResponse><ResourceRecordSets></ResourceRecordSets>".to_owned()),
        (500, "<html>".to_owned()),
        (400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>".to_owned()),
        (0, String::new()),
    ] {
        let (answer, text) = (body.clone(), body.clone());
        let (facts, _, _) =
            facts(
                move |call| {
                    if call.path.contains("rrset") { (status, answer.clone()) } else { (200, zone_answer(1)) }
                },
            );
        assert!(facts.world(&[sets_need(&["a.example.com"])]).is_err(), "{status} {text}");
    }
}

#[test]
fn the_delegation_sets_of_the_gates_zones_are_in_the_inventory() {
    let zones = BTreeSet::from(["Z1".to_owned()]);
    let inventory = Inventory { targets: BTreeMap::from([(name("lb.example.net"), None)]), ..Inventory::default() };
    let config = FactsConfig { zones, inventory, ..FactsConfig::default() };
    let (facts, calls, hand) = facts_with(config, |_| (200, zone_answer(1)));
    let found = facts.world(&[Need::Inventory]).expect("facts").inventory;
    let servers = BTreeSet::from([name("ns-1.awsdns-01.com"), name("ns-2.awsdns-02.net")]);
    assert_eq!(found.delegation_sets, BTreeMap::from([(name("example.com"), servers)]));
    assert!(found.targets.contains_key(&name("lb.example.net")));
    for (seconds, calls_by_then) in [(59, 1), (1, 2)] {
        *hand.lock().unwrap() += Duration::from_secs(seconds);
        facts.world(&[Need::Inventory]).expect("facts");
        assert_eq!(calls.all().len(), calls_by_then);
    }
}

#[test]
fn only_zones_that_reeve_has_made_are_delegated() {
    let zones = |zones: &[(&str, &str, &str, bool)]| {
        let each: String = zones
            .iter()
            .map(|(id, name, reference, private)| {
                format!(
                    "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>{reference}\
                     </CallerReference><Config><PrivateZone>{private}</PrivateZone></Config></HostedZone>"
                )
            })
            .collect();
        format!(
            "<ListHostedZonesByNameResponse><HostedZones>{each}</HostedZones><IsTruncated>false</IsTruncated>\
             <MaxItems>10</MaxItems></ListHostedZonesByNameResponse>"
        )
    };
    let made = ("Z1", "example.com.", "reeve-1", false);
    for (listed, expected) in [
        (vec![made], Ok(Some("Z1"))),
        (vec![("Z9", "example.com.", "by hand", false), made], Ok(Some("Z1"))),
        (vec![("Z9", "example.com.", "reeve-2", true), made], Ok(Some("Z1"))),
        (vec![("Z9", "example.org.", "reeve-2", false)], Ok(None)),
        (vec![("Z9", "example.com.", "by hand", false)], Ok(None)),
        (Vec::new(), Ok(None)),
        (vec![("Z9", "example.com.", "reeve-2", false), made], Err(())),
    ] {
        let body = zones(&listed);
        let (facts, _, _) = facts(move |call| {
            (200, if call.path.contains("hostedzonesbyname") { body.clone() } else { zone_answer(2) })
        });
        let need = Need::DelegatedZone { name: name("example.com"), account: account() };
        let found = facts.world(&[need]).map(|world| world.delegated_zones.into_values().next()).map_err(drop);
        let found = found.map(|zone| zone.map(|zone| (zone.id, zone.name_servers.len())));
        assert_eq!(found, expected.map(|id| id.map(|id| (id.to_owned(), 2))), "{listed:?}");
    }
}
