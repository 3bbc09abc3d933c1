//! The queue of a zone: what goes together, what is found out when a batch is refused, and that neither changes what
//! becomes of any request.

use super::super::testing::{FakeZone, change};
use super::*;
use Operation::{Create, Delete, Upsert};
use proptest::prelude::*;
use reeve_model::NameRule;
use reeve_model::action::AliasTarget;

fn values(count: usize, chars: usize) -> Vec<String> {
    (0..count).map(|at| format!("{at:0>chars$}")).collect()
}

fn weighing(operation: Operation, records: usize, chars: usize) -> Vec<RecordSetChange> {
    let mut one = change(operation, "www.example.com", "A", 60, &[]);
    one.content = RecordContent::Values(values(records, chars));
    vec![one]
}

fn named(name: &str, record_type: &str, records: usize) -> Vec<RecordSetChange> {
    let mut one = change(Create, name, record_type, 60, &[]);
    one.content = RecordContent::Values(values(records, 1));
    vec![one]
}

fn alias(name: &str, target: &str) -> Vec<RecordSetChange> {
    let mut one = change(Create, name, "A", 60, &[]);
    let name = DnsName::parse(target, NameRule::Target).expect("a name");
    one.content =
        RecordContent::Alias(AliasTarget { name, hosted_zone_id: "Z1".to_owned(), evaluate_target_health: false });
    vec![one]
}

fn lane(requests: impl IntoIterator<Item = Vec<RecordSetChange>>) -> Lane {
    let mut lane = Lane::default();
    for (id, changes) in (1..).zip(requests) {
        lane.push(Entry::new(id, changes, false, Instant::now()));
    }
    lane
}

/// The ids of every batch, each batch being taken as soon as the one before has ended.
fn batches(lane: &mut Lane) -> Vec<Vec<u64>> {
    let mut batches = Vec::new();
    loop {
        let batch = lane.take(|_| true);
        if batch.is_empty() {
            return batches;
        }
        batches.push(batch.iter().map(|entry| entry.id).collect());
    }
}

fn refusal(message: &str) -> Failure {
    let code = Some("InvalidChangeBatch".to_owned());
    Failure { class: FailureClass::Invalid, code, message: message.to_owned() }
}

#[test]
fn a_batch_is_weighed_as_route_53_weighs_it() {
    for (label, changes, fits) in [
        ("1,000 records", weighing(Create, 1_000, 1), true),
        ("1,001 records", weighing(Create, 1_001, 1), false),
        ("500 records twice", weighing(Upsert, 500, 1), true),
        ("501 records twice", weighing(Upsert, 501, 1), false),
        ("32,000 characters", weighing(Delete, 32, 1_000), true),
        ("32,001 characters", [weighing(Delete, 32, 1_000), weighing(Delete, 1, 1)].concat(), false),
        ("16,000 characters twice", weighing(Upsert, 16, 1_000), true),
        ("16,001 characters twice", [weighing(Upsert, 16, 1_000), weighing(Upsert, 1, 1)].concat(), false),
        ("1,000 aliases", (0..1_000).flat_map(|_| alias("a.example.com", "b.example.net")).collect(), true),
        ("1,001 aliases", (0..1_001).flat_map(|_| alias("a.example.com", "b.example.net")).collect(), false),
    ] {
        assert_eq!(Weight::of(&changes).fits(), fits, "{label}");
    }
}

#[test]
fn whole_requests_are_packed_in_order_and_nothing_dependent_goes_together() {
    for (label, requests, expected) in [
        (
            "as much as fits, and not a record more",
            vec![named("a.example.com", "A", 600), named("b.example.com", "A", 400), named("c.example.com", "A", 1)],
            vec![vec![1, 2], vec![3]],
        ),
        (
            "a smaller one may go before one that does not fit",
            vec![named("a.example.com", "A", 600), named("b.example.com", "A", 401), named("c.example.com", "A", 1)],
            vec![vec![1, 3], vec![2]],
        ),
        (
            "one record set, three requests",
            vec![named("a.example.com", "A", 1), named("a.example.com", "A", 2), named("a.example.com", "A", 3)],
            vec![vec![1], vec![2], vec![3]],
        ),
        (
            "two types of one name",
            vec![named("a.example.com", "A", 1), named("a.example.com", "TXT", 1)],
            vec![vec![1, 2]],
        ),
        (
            "a CNAME beside another type",
            vec![named("a.example.com", "TXT", 1), named("a.example.com", "CNAME", 1)],
            vec![vec![1], vec![2]],
        ),
        (
            "an alias to a name that another makes",
            vec![named("b.example.com", "A", 1), alias("a.example.com", "b.example.com")],
            vec![vec![1], vec![2]],
        ),
        (
            "what waits for a name is not overtaken there",
            vec![
                named("a.example.com", "A", 1),
                [named("a.example.com", "A", 1), named("b.example.com", "A", 1)].concat(),
                named("b.example.com", "A", 1),
                named("c.example.com", "A", 1),
            ],
            vec![vec![1, 4], vec![2], vec![3]],
        ),
    ] {
        assert_eq!(batches(&mut lane(requests)), expected, "{label}");
    }
}

#[test]
fn a_request_whose_lease_is_not_held_stays_and_keeps_its_place() {
    let mut lane =
        lane([named("a.example.com", "A", 1), named("a.example.com", "A", 1), named("b.example.com", "A", 1)]);
    let batch = lane.take(|entry| entry.id != 1);
    assert_eq!(batch.iter().map(|entry| entry.id).collect::<Vec<_>>(), [3], "the second must not overtake the first");
    assert_eq!(batches(&mut lane), [vec![1], vec![2]]);
    lane.put_back(vec![batch]);
    assert!(lane.take(|_| false).is_empty(), "nobody is ready");
    assert_eq!(batches(&mut lane), [vec![3]]);
}

#[test]
fn a_refused_batch_is_halved_until_the_culprits_stand_alone() {
    for culprits in [vec![1], vec![4], vec![1, 8], vec![2, 3, 7], (1..=8).collect::<Vec<u64>>()] {
        let names: Vec<String> = (1..=8).map(|at| format!("n{at}.example.com")).collect();
        let mut lane = lane(names.iter().map(|name| named(name, "A", 1)));
        let mut failed = BTreeMap::new();
        let mut applied = Vec::new();
        loop {
            let batch = lane.take(|_| true);
            if batch.is_empty() {
                break;
            }
            let bad: Vec<u64> = batch.iter().map(|entry| entry.id).filter(|id| culprits.contains(id)).collect();
            let sent = match bad.as_slice() {
                [] => Sent::Done { change_id: "C1".to_owned() },
                bad => Sent::Refused(refusal(&format!("{bad:?}"))),
            };
            let verdicts = settle(batch, sent, |_| panic!("nothing is uncertain"));
            for (id, fate) in verdicts.done {
                match fate {
                    Fate::Applied { change_id } => applied.push((id, change_id)),
                    Fate::Failed(failure) => drop(failed.insert(id, failure.message)),
                    Fate::Retry(failure) => panic!("{failure}"),
                }
            }
            lane.put_back(verdicts.again);
        }
        let expected: BTreeMap<u64, String> = culprits.iter().map(|id| (*id, format!("[{id}]"))).collect();
        assert_eq!(failed, expected, "each with AWS's words about it alone");
        assert_eq!(applied.len(), 8 - culprits.len());
    }
}

#[test]
fn a_zone_that_is_not_there_is_not_asked_for_twice() {
    let mut lane = lane([named("a.example.com", "A", 1), named("b.example.com", "A", 1)]);
    let gone =
        Failure { class: FailureClass::NotFound, code: Some("NoSuchHostedZone".to_owned()), message: String::new() };
    let verdicts = settle(lane.take(|_| true), Sent::Refused(gone), |_| panic!("nothing is uncertain"));
    assert!(verdicts.again.is_empty());
    assert!(verdicts.done.iter().all(|(_, fate)| matches!(fate, Fate::Failed(_))));
}

#[test]
fn a_lost_answer_is_made_good_by_looking() {
    let mut zone = FakeZone::default();
    zone.apply(&named("a.example.com", "A", 1).iter().collect::<Vec<_>>()).expect("made");
    let mut lane = lane([named("a.example.com", "A", 1), named("b.example.com", "A", 1)]);
    let lost = || Sent::Unknown(Failure::garbled("ChangeResourceRecordSets", "change id"));
    let verdicts = settle(lane.take(|_| true), lost(), |_| Ok(zone.existing()));
    assert!(matches!(verdicts.done.as_slice(), [(1, Fate::Applied { change_id: None })]));
    assert_eq!(verdicts.pause, Some(1));
    lane.put_back(verdicts.again);
    // The change arrives late: the second call is refused because of the first.
    zone.apply(&named("b.example.com", "A", 1).iter().collect::<Vec<_>>()).expect("made");
    let verdicts = settle(lane.take(|_| true), Sent::Refused(refusal("exists")), |_| Ok(zone.existing()));
    assert!(matches!(verdicts.done.as_slice(), [(2, Fate::Applied { change_id: None })]));
    // A request that was never sent before is not made good so.
    let fresh = vec![Entry::new(3, named("a.example.com", "A", 1), false, Instant::now())];
    let verdicts = settle(fresh, Sent::Refused(refusal("exists")), |_| panic!("nothing is uncertain"));
    assert!(matches!(verdicts.done.as_slice(), [(3, Fate::Failed(_))]));
    // And when looking fails too, it goes back to its queue.
    let blind = vec![Entry::new(4, named("a.example.com", "A", 1), true, Instant::now())];
    let verdicts = settle(blind, lost(), |_| Err(refusal("denied")));
    let [(4, Fate::Retry(failure))] = verdicts.done.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!(failure.class, FailureClass::Transient);
}

#[test]
fn throttling_ends_after_a_bound() {
    let mut batch = vec![Entry::new(1, named("a.example.com", "A", 1), false, Instant::now())];
    for tries in 1..TRIES_MAX {
        let mut verdicts = settle(batch, Sent::Busy(refusal("rate exceeded")), |_| panic!("nothing is uncertain"));
        assert_eq!(verdicts.pause, Some(tries));
        batch = verdicts.again.pop().expect("again");
    }
    let verdicts = settle(batch, Sent::Busy(refusal("rate exceeded")), |_| panic!("nothing is uncertain"));
    assert!(matches!(verdicts.done.as_slice(), [(1, Fate::Retry(_))]), "{verdicts:?}");
}

/// Few names and values, so that requests meet often.
fn some_change() -> impl Strategy<Value = RecordSetChange> {
    let operations = prop_oneof![Just(Create), Just(Upsert), Just(Delete)];
    let names = prop::sample::select(vec!["a.example.com", "b.example.com", "c.example.com", "d.example.com"]);
    let types = prop::sample::select(vec!["A", "TXT", "CNAME"]);
    let values = prop::sample::select(vec!["one.example.net", "two.example.net"]);
    (operations, names, types, values)
        .prop_map(|(operation, name, kind, value)| change(operation, name, kind, 60, &[value]))
}

/// What happens to a call, beside what the zone says.
#[derive(Debug, Clone, Copy)]
enum Weather {
    Fair,
    Busy,
    LostBefore,
    LostAfter,
}

fn weather() -> impl Strategy<Value = Weather> {
    prop_oneof![
        4 => Just(Weather::Fair),
        1 => Just(Weather::Busy),
        1 => Just(Weather::LostBefore),
        1 => Just(Weather::LostAfter),
    ]
}

proptest! {
    #[test]
    fn a_request_fares_as_it_would_alone(
        requests in prop::collection::vec(prop::collection::vec(some_change(), 1..3), 1..24),
        weather in prop::collection::vec(weather(), 0..24),
    ) {
        let mut alone = FakeZone::default();
        let expected: Vec<bool> = requests.iter().map(|it| alone.apply(&it.iter().collect::<Vec<_>>()).is_ok()).collect();

        let mut zone = FakeZone::default();
        let mut lane = lane(requests.clone());
        let (mut fates, mut calls, mut in_doubt) = (BTreeMap::new(), 0_usize, BTreeSet::new());
        loop {
            let batch = lane.take(|_| true);
            if batch.is_empty() {
                break;
            }
            let changes: Vec<&RecordSetChange> = batch.iter().flat_map(|entry| &entry.changes).collect();
            // Late in the run the weather is fair, so that no request runs out of tries.
            let now = weather.get(calls).copied().filter(|_| calls < 6).unwrap_or(Weather::Fair);
            calls += 1;
            let lost = || Failure::garbled("ChangeResourceRecordSets", "change id");
            let sent = match now {
                Weather::Busy => Sent::Busy(refusal("rate exceeded")),
                Weather::LostBefore => Sent::Unknown(lost()),
                Weather::LostAfter => {
                    let _ = zone.apply(&changes);
                    Sent::Unknown(lost())
                }
                Weather::Fair => match zone.apply(&changes) {
                    Ok(()) => Sent::Done { change_id: "C1".to_owned() },
                    Err(failure) => Sent::Refused(failure),
                },
            };
            if matches!(sent, Sent::Unknown(_)) {
                in_doubt.extend(batch.iter().map(|entry| entry.id));
            }
            let verdicts = settle(batch, sent, |_| Ok(zone.existing()));
            fates.extend(verdicts.done);
            lane.put_back(verdicts.again);
        }
        prop_assert_eq!(&zone, &alone, "the zone is as if one request had been made after the other");
        prop_assert_eq!(fates.len(), requests.len(), "every request has ended, once");
        for (id, expected) in (1..).zip(expected) {
            let applied = matches!(fates.get(&id), Some(Fate::Applied { .. }));
            // Of a call whose answer was lost, a refusal cannot be told from a change that was there before.
            let excused = in_doubt.contains(&id) && applied;
            prop_assert!(applied == expected || excused, "request {} is {:?}", id, fates.get(&id));
        }
    }
}
