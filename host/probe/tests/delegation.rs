//! Delegations proven, and not proven, against name servers in a process of their own.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod server;

use reeve_kinds::Probe;
use reeve_model::{DnsName, FailureClass, NameRule, State};
use reeve_probe::{Failure, Prober, ProberConfig, Proof, outcome};
use serde_json::{Value, json};
use server::{Server, set, zone};
use std::convert::Infallible;
use std::time::Duration;
use tokio::runtime::Runtime;

const PARENT_SERVERS: [&str; 2] = ["ns-1.parent.test", "ns-2.parent.test"];
const CHILD_SERVERS: [&str; 2] = ["ns-1.child.test", "ns-2.child.test"];
const RECORD: &str = "reeve-0123456789abcdef0123456789abcdef.team.example.com";
const ADDRESS: &str = "192.0.2.7";
/// Long enough for every answer that is to come, however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);
/// Long enough for several rounds of answers that are not to come.
const BRIEF: Duration = Duration::from_secs(1);

fn name(text: &str) -> DnsName {
    DnsName::parse(text, NameRule::Owner).expect(text)
}

fn probe() -> Probe {
    Probe {
        after: 1,
        zone: name("team.example.com"),
        name_servers: CHILD_SERVERS.map(name).into(),
        name: name(RECORD),
        address: ADDRESS.parse().expect("an address"),
    }
}

/// The parent with these name servers for `team.example.com`, and the zone with these records.
fn world(delegated_to: &[&str], records: &[Value]) -> Value {
    let delegation = match delegated_to {
        [] => Vec::new(),
        servers => vec![set("team.example.com", "NS", servers)],
    };
    let zones = [zone("example.com", &PARENT_SERVERS, &delegation), zone("team.example.com", &CHILD_SERVERS, records)];
    json!({"zones": zones, "servers": ["ns-9.child.test"]})
}

fn right() -> Value {
    world(&CHILD_SERVERS, &[set(RECORD, "A", &[ADDRESS])])
}

struct Bench {
    server: Server,
    runtime: Runtime,
}

impl Bench {
    fn new(document: &Value) -> Self {
        let server = Server::start();
        server.put(document);
        Self { server, runtime: Runtime::new().expect("a runtime") }
    }

    fn prober(&self, deadline: Duration) -> Prober {
        let config = ProberConfig {
            resolvers: vec![self.server.resolver()],
            port: self.server.port,
            deadline,
            interval: Duration::from_millis(50),
            query_timeout: PATIENT,
            ..ProberConfig::default()
        };
        Prober::new(self.runtime.handle().clone(), config).expect("a prober")
    }

    fn prove(&self, deadline: Duration) -> Proof {
        self.prover(deadline, &probe(), |_| {})
    }

    /// Proves, and calls `before` before each round with its number, from 1.
    fn prover(&self, deadline: Duration, probe: &Probe, mut before: impl FnMut(u32)) -> Proof {
        let mut round = 0;
        let hold = || {
            round += 1;
            before(round);
            Ok::<_, Infallible>(())
        };
        let Ok(proof) = self.prober(deadline).prove(probe, hold);
        proof
    }

    /// How many questions for `name` the recursive resolver was asked.
    fn recursive(&self, name: &str) -> usize {
        self.server.queries().iter().filter(|(server, asked, ..)| server == "127.0.0.1" && asked == name).count()
    }
}

#[test]
fn a_delegation_that_stands_is_proven_in_one_round() {
    let bench = Bench::new(&right());
    let proof = bench.prove(PATIENT);
    assert_eq!((proof.attempts, &proof.failure), (1, &None));
    assert!(proof.authoritative_ms <= proof.recursive_ms && proof.authoritative_ms.is_some());
    let outcome = outcome(&proof);
    assert_eq!(outcome.state, State::Applied);
    assert_eq!(outcome.details.into_keys().collect::<Vec<_>>(), ["attempts", "authoritative_ms", "recursive_ms"]);
    let asked = bench.server.queries();
    for (server, what, record_type) in [
        ("ns-1.parent.test", "team.example.com", "NS"),
        ("ns-2.parent.test", "team.example.com", "NS"),
        ("ns-1.child.test", RECORD, "A"),
        ("ns-2.child.test", RECORD, "A"),
        ("127.0.0.1", RECORD, "A"),
    ] {
        let found = asked.iter().any(|it| (it.0.as_str(), it.1.as_str(), it.2.as_str()) == (server, what, record_type));
        assert!(found, "{server} was not asked for {record_type} of {what}: {asked:?}");
    }
}

#[test]
fn each_way_to_be_wrong_is_told() {
    let record = [set(RECORD, "A", &[ADDRESS])];
    let wrong = |missing: &[&str], unexpected: &[&str]| Failure::WrongServers {
        missing: missing.iter().copied().map(name).collect(),
        unexpected: unexpected.iter().map(|text| (*text).to_owned()).collect(),
    };
    let nxdomain = "Non-Existent Domain";
    for (what, document, expected) in [
        ("pending", world(&[], &record), wrong(&CHILD_SERVERS, &[])),
        ("one of two", world(&["ns-1.child.test"], &record), wrong(&["ns-2.child.test"], &[])),
        (
            "others",
            world(&["ns-1.child.test", "ns-9.child.test"], &record),
            wrong(&["ns-2.child.test"], &["ns-9.child.test"]),
        ),
        (
            "one too many",
            world(&["ns-1.child.test", "ns-2.child.test", "ns-9.child.test"], &record),
            wrong(&[], &["ns-9.child.test"]),
        ),
        (
            "another address",
            world(&CHILD_SERVERS, &[set(RECORD, "A", &["192.0.2.8"])]),
            Failure::WrongAnswer { server: "ns-1.child.test".into(), found: ["192.0.2.8".to_owned()].into() },
        ),
        (
            "an address too many",
            world(&CHILD_SERVERS, &[set(RECORD, "A", &[ADDRESS, "192.0.2.8"])]),
            Failure::WrongAnswer {
                server: "ns-1.child.test".into(),
                found: [ADDRESS.to_owned(), "192.0.2.8".to_owned()].into(),
            },
        ),
        (
            "a wildcard of the zone",
            world(&CHILD_SERVERS, &[set("*.team.example.com", "A", &["192.0.2.8"])]),
            Failure::WrongAnswer { server: "ns-1.child.test".into(), found: ["192.0.2.8".to_owned()].into() },
        ),
        (
            "never",
            world(&CHILD_SERVERS, &[]),
            Failure::NeverResolved { last: format!("name server `ns-1.child.test` does not have it ({nxdomain})") },
        ),
    ] {
        let bench = Bench::new(&document);
        let proof = bench.prove(BRIEF);
        assert_eq!(proof.failure.as_ref(), Some(&expected), "{what}");
        assert_eq!((proof.authoritative_ms, proof.recursive_ms), (None, None), "{what}");
        assert_eq!(outcome(&proof).state, State::Failed(FailureClass::Unproven), "{what}");
        assert_eq!(bench.recursive(RECORD), 0, "{what}: a resolver would keep a negative answer");
    }
}

#[test]
fn a_lame_server_is_told() {
    let mut document = right();
    document["zones"][1]["name_servers"] = json!(["ns-1.child.test"]);
    document["servers"] = json!(["ns-2.child.test"]);
    let proof = Bench::new(&document).prove(BRIEF);
    let expected = Failure::NotAuthoritative { server: "ns-2.child.test".into(), said: "Query Refused".into() };
    assert_eq!(proof.failure, Some(expected));
    // The same name, and nobody there: the resolver does not know its address.
    document["servers"] = json!([]);
    let proof = Bench::new(&document).prove(BRIEF);
    let Some(Failure::NotAuthoritative { server, said }) = proof.failure else { panic!("{proof:?}") };
    assert!(server == "ns-2.child.test" && said.starts_with("it has no address"), "{said}");
}

#[test]
fn an_answer_without_authority_proves_nothing() {
    // `ns-2` holds a zone above, and so refers to the zone's servers instead of answering.
    let mut document = right();
    document["zones"][1]["name_servers"] = json!(["ns-1.child.test"]);
    document["zones"][0]["name_servers"] = json!(["ns-1.parent.test", "ns-2.child.test"]);
    let proof = Bench::new(&document).prove(BRIEF);
    let said = "it answers without authority".to_owned();
    assert_eq!(proof.failure, Some(Failure::NotAuthoritative { server: "ns-2.child.test".into(), said }));
}

#[test]
fn what_comes_late_is_waited_for() {
    // Behind the parent's first answer, the record, and a foreign wildcard in its place: all are put right in the end.
    let late = [
        world(&[], &[]),
        world(&["ns-9.child.test"], &[]),
        world(&CHILD_SERVERS, &[]),
        world(&CHILD_SERVERS, &[set("*.team.example.com", "A", &["192.0.2.8"])]),
        right(),
    ];
    let bench = Bench::new(&late[0]);
    let proof = bench.prover(PATIENT, &probe(), |round| {
        if let Some(document) = late.get(round as usize - 1) {
            bench.server.put(document);
        }
    });
    assert_eq!((proof.attempts, &proof.failure), (5, &None));
    // Had the resolver been asked early it would hold the answer that there is no such name for 900 seconds.
    assert_eq!(bench.recursive(RECORD), 1);
}

#[test]
fn a_resolver_that_does_not_follow_is_not_taken_for_proof() {
    let bench = Bench::new(&world(&CHILD_SERVERS, &[]));
    // Somebody asks too early: the resolver keeps the negative answer.
    bench.server.ask_resolver(RECORD);
    assert_eq!(bench.recursive(RECORD), 1);
    bench.server.put(&right());
    let proof = bench.prove(BRIEF);
    assert!(proof.authoritative_ms.is_some() && proof.recursive_ms.is_none());
    let Some(Failure::NeverResolved { last }) = &proof.failure else { panic!("{proof:?}") };
    assert_eq!(last, &format!("resolver `{}` says: Non-Existent Domain", bench.server.resolver()));
    // A fresh name is not hurt by it.
    let fresh = "reeve-fedcba9876543210fedcba9876543210.team.example.com";
    bench.server.put(&world(&CHILD_SERVERS, &[set(fresh, "A", &[ADDRESS])]));
    let proof = bench.prover(PATIENT, &Probe { name: name(fresh), ..probe() }, |_| {});
    assert_eq!(proof.failure, None);
}

#[test]
fn answers_that_do_not_fit_are_asked_for_again_over_tcp() {
    let mut document = right();
    document["truncate"] = json!(true);
    let bench = Bench::new(&document);
    assert_eq!(bench.prove(PATIENT).failure, None);
    let asked = bench.server.queries();
    let over = |transport: &str| asked.iter().any(|it| it.0 == "ns-1.child.test" && it.3 == transport);
    assert!(over("udp") && over("tcp"), "{asked:?}");
}

#[test]
fn known_addresses_are_not_looked_up() {
    let bench = Bench::new(&right());
    let addresses = bench.server.addresses();
    let config = ProberConfig {
        resolvers: vec![bench.server.resolver()],
        servers: CHILD_SERVERS.map(|server| (name(server), vec![addresses[server]])).into(),
        parents: [(name("example.com"), vec![(addresses["ns-1.parent.test"], bench.server.port).into()])].into(),
        port: bench.server.port,
        deadline: PATIENT,
        ..ProberConfig::default()
    };
    let prober = Prober::new(bench.runtime.handle().clone(), config).expect("a prober");
    let Ok(proof) = prober.prove(&probe(), || Ok::<_, Infallible>(()));
    assert_eq!(proof.failure, None);
    let looked_up: Vec<String> =
        bench.server.queries().into_iter().filter(|it| it.0 == "127.0.0.1").map(|it| it.1).collect();
    assert_eq!(looked_up, [RECORD]);
}

#[test]
fn a_lease_that_is_lost_ends_the_asking() {
    let bench = Bench::new(&world(&[], &[]));
    let mut rounds = 0;
    let lost = bench.prober(PATIENT).prove(&probe(), || {
        rounds += 1;
        if rounds > 3 { Err("lost") } else { Ok(()) }
    });
    assert_eq!((lost, rounds), (Err("lost"), 4));
}
