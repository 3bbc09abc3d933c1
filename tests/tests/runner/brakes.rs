//! Every brake at its edge: what just passes, what is refused one further, and what its refusal says.

use crate::bench::{Bench, START};
use crate::requests::{OTHER, SENDER, ZONE, account, name, parameters, records};
use crate::stories::codes;
use reeve_engine::{Brakes, Guarded, Spend, Status, ZONE_SHARE_FREE};
use reeve_kinds::World;
use reeve_model::action::{ChangeRecordSets, DeleteParameter, Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{Action, PlannedAction};

fn batch(zone: &str, sets: &[(&str, RecordType)]) -> PlannedAction {
    let change = |(at, (owner, record_type)): (usize, &(&str, RecordType))| RecordSetChange {
        at: format!("/detail/changes/{at}"),
        operation: Operation::Upsert,
        name: name(owner),
        record_type: *record_type,
        ttl_seconds: Some(300),
        content: RecordContent::Values(vec!["x".into()]),
    };
    let changes = sets.iter().enumerate().map(change).collect();
    let batch =
        ChangeRecordSets { hosted_zone_id: zone.into(), zone_name: name("example.com"), private_zone: false, changes };
    PlannedAction { at: "/detail".into(), action: Action::ChangeRecordSets(batch) }
}

fn batch_of(zone: &str, count: u32) -> PlannedAction {
    let names: Vec<String> = (0..count).map(|it| format!("n{it}.example.com")).collect();
    let sets: Vec<_> = names.iter().map(|it| (it.as_str(), RecordType::A)).collect();
    batch(zone, &sets)
}

fn other() -> PlannedAction {
    PlannedAction { at: "/detail".into(), action: Action::DeleteParameter(DeleteParameter { name: "/x".into() }) }
}

fn world(size: Option<u32>) -> World {
    World { zone_sizes: size.map(|it| (ZONE.to_owned(), it)).into_iter().collect(), ..World::default() }
}

fn told(brakes: &Brakes, actions: &[PlannedAction], world: &World) -> Vec<(&'static str, String)> {
    let refusals = brakes.check(actions, world);
    refusals.into_iter().map(|it| (it.code.as_str(), it.fix.expect("a way out"))).collect()
}

#[test]
fn changes_of_one_request() {
    let brakes = Brakes { changes_per_request: 12, ..Brakes::default() };
    let refused = vec![("BRAKE_REQUEST", "the gate's owner can raise `brakes: { changes-per-request }`".to_owned())];
    for (actions, passes) in [
        (vec![batch_of(ZONE, 12)], true),
        (vec![batch_of(ZONE, 13)], false),
        (vec![batch_of(ZONE, 6), batch_of("ZOTHER", 6)], true),
        (vec![batch_of(ZONE, 6), batch_of("ZOTHER", 7)], false),
        (vec![batch_of(ZONE, 11), other()], true),
        (vec![batch_of(ZONE, 11), other(), other()], false),
        (vec![other(); 12], true),
        (vec![other(); 13], false),
        (vec![], true),
    ] {
        let wanted = if passes { Vec::new() } else { refused.clone() };
        assert_eq!(told(&brakes, &actions, &world(None)), wanted, "{}", actions.len());
    }
}

#[test]
fn share_of_a_zone() {
    let refused = ("BRAKE_ZONE_SHARE", "the gate's owner can raise `brakes: { zone-share }`".to_owned());
    let free = ZONE_SHARE_FREE;
    for (touched, size, percent, passes) in [
        (30, Some(100), 30, true),
        (31, Some(100), 30, false),
        (29, Some(99), 30, true),
        (30, Some(99), 30, false),
        // Few changes are free, whatever share they are.
        (free, Some(1), 30, true),
        (free + 1, Some(1), 30, false),
        (free + 1, Some(0), 100, false),
        (free, Some(free), 0, true),
        (free + 1, Some(1_000), 0, false),
        (100, Some(100), 100, true),
        // Of a zone whose size nobody knows, nothing can be said.
        (90, None, 30, true),
    ] {
        let brakes = Brakes { zone_share_percent: percent, ..Brakes::default() };
        let wanted = if passes { Vec::new() } else { vec![refused.clone()] };
        assert_eq!(told(&brakes, &[batch_of(ZONE, touched)], &world(size)), wanted, "{touched} of {size:?}");
    }
    // One record set that is deleted and made again is touched once.
    let brakes = Brakes::default();
    let twice: Vec<_> =
        (0..4).flat_map(|_| [("a.example.com", RecordType::A), ("b.example.com", RecordType::A)]).collect();
    let ten: Vec<_> = twice.into_iter().chain([("c.example.com", RecordType::A); 8]).collect();
    assert_eq!(told(&brakes, &[batch(ZONE, &ten)], &world(Some(4))), Vec::new());
    // The share is that of all changes in a zone, in however many calls.
    let calls = [batch_of(ZONE, 16), batch(ZONE, &[("z.example.com", RecordType::A); 1]), batch_of("ZOTHER", 15)];
    let half = Brakes { zone_share_percent: 16, ..Brakes::default() };
    assert_eq!(told(&half, &calls, &world(Some(100))), [refused]);
}

#[test]
fn guarded_record_sets() {
    let apex = ("example.com", RecordType::A);
    let (mx, caa) = (("m.example.com", RecordType::Mx), ("c.example.com", RecordType::Caa));
    let fix = |word: &str| format!("the gate's owner can write `brakes: {{ allow: [{word}] }}`");
    for (set, refused) in [
        (apex, vec![("BRAKE_APEX", fix("apex"))]),
        (mx, vec![("BRAKE_MX", fix("mx"))]),
        (caa, vec![("BRAKE_CAA", fix("caa"))]),
        (("example.com", RecordType::Mx), vec![("BRAKE_MX", fix("mx")), ("BRAKE_APEX", fix("apex"))]),
        (("www.example.com", RecordType::A), Vec::new()),
    ] {
        assert_eq!(told(&Brakes::default(), &[batch(ZONE, &[set])], &world(None)), refused, "{set:?}");
        // The override that a refusal names lets it pass, and it alone.
        let words = refused.iter().map(|(_, fix)| fix.split(['[', ']']).nth(1).expect("a word"));
        let allow = words.map(|word| Guarded::parse(word).expect("a word of the gate file")).collect();
        let brakes = Brakes { allow, ..Brakes::default() };
        let left = told(&brakes, &[batch(ZONE, &[apex, mx, caa])], &world(None)).len();
        assert_eq!(told(&brakes, &[batch(ZONE, &[set])], &world(None)), Vec::new(), "{set:?}");
        assert_eq!(left, 3 - refused.len(), "{set:?}");
    }
    let refusals = Brakes::default().check(&[batch(ZONE, &[("www.example.com", RecordType::A), mx])], &world(None));
    assert_eq!(refusals[0].at, "/detail/changes/1");
}

#[test]
fn what_is_spent_by_scope() {
    let brakes =
        Brakes { changes_per_hour: 30, changes_per_account_hour: 20, changes_per_zone_hour: 10, ..Brakes::default() };
    let actions = [batch_of(ZONE, 2), other(), batch_of("ZOTHER", 3), batch_of(ZONE, 4)];
    let spend = |scope: &str, amount, hourly_max| Spend { scope: scope.into(), amount, hourly_max };
    let wanted = [
        spend("gate", 10, 30),
        spend(&format!("account {SENDER}"), 10, 20),
        spend(&format!("zone {ZONE}"), 6, 10),
        spend("zone ZOTHER", 3, 10),
    ];
    assert_eq!(brakes.spends(&account(SENDER), &actions), wanted);
    assert_eq!(brakes.spends(&account(SENDER), &[]), []);
    let next = "send it again, with a new nonce, in the next hour; the gate's owner can raise";
    for (scope, code, key) in [
        ("gate", "BRAKE_HOUR", "changes-per-hour"),
        ("account 1", "BRAKE_ACCOUNT_HOUR", "changes-per-account-hour"),
        ("zone Z1", "BRAKE_ZONE_HOUR", "changes-per-zone-hour"),
    ] {
        let refusal = brakes.spent(scope, 7);
        assert_eq!(refusal.code.as_str(), code);
        assert_eq!(refusal.fix, Some(format!("{next} `brakes: {{ {key} }}`")));
        assert!(refusal.message.starts_with("7 changes were made in this clock hour"), "{}", refusal.message);
    }
}

/// Sends requests until one is refused: how many passed, and with which code the next did not.
fn until_refused(bench: &Bench, ask: impl Fn(u8) -> crate::requests::Ask) -> (u8, String) {
    for nonce in 0..=255 {
        let story = &bench.done(&ask(nonce).delivery())[0];
        if story.status() != Status::Done {
            return (nonce, codes(story).join(" "));
        }
    }
    panic!("nothing was refused")
}

fn parameter(nonce: u8) -> crate::requests::Ask {
    parameters(nonce, &[(&format!("/pub/p{nonce}"), "1")])
}

#[test]
fn hours_through_the_ledger() {
    let gate = Brakes { changes_per_hour: 3, ..Brakes::default() };
    let sender = Brakes { changes_per_account_hour: 3, ..Brakes::default() };
    let zone = Brakes { changes_per_zone_hour: 3, ..Brakes::default() };
    let record = |nonce: u8| records(nonce, &[("CREATE", &format!("n{nonce}.example.com"), "A", "192.0.2.1")]);

    let bench = Bench::new();
    bench.state().brakes = gate;
    assert_eq!(until_refused(&bench, parameter), (3, "BRAKE_HOUR".into()));
    assert_eq!(bench.state().aws.effects.len(), 3);
    let theirs = bench.done(&parameter(9).from(OTHER).delivery());
    assert_eq!(codes(&theirs[0]), ["BRAKE_HOUR"], "the gate's, whoever asks");
    bench.wait(3_599);
    assert_eq!(codes(&bench.done(&parameter(10).delivery())[0]), ["BRAKE_HOUR"]);
    bench.wait(1);
    assert_eq!(bench.state().now, START + 3_600);
    assert_eq!(bench.done(&parameter(11).delivery())[0].status(), Status::Done, "a new hour");
    assert_eq!(codes(&bench.done(&parameter(3).delivery())[0]), ["DUPLICATE_SUPPRESSED"], "the refusal was the answer");

    let bench = Bench::new();
    bench.state().brakes = sender;
    assert_eq!(until_refused(&bench, parameter), (3, "BRAKE_ACCOUNT_HOUR".into()));
    assert_eq!(bench.done(&parameter(9).from(OTHER).delivery())[0].status(), Status::Done, "another sender's own");

    let bench = Bench::new();
    bench.state().brakes = zone;
    assert_eq!(until_refused(&bench, record), (3, "BRAKE_ZONE_HOUR".into()));
    assert_eq!(bench.done(&parameter(9).delivery())[0].status(), Status::Done, "not in the zone");
}

#[test]
fn a_dry_run_and_a_denial_spend_nothing() {
    let bench = Bench::new();
    bench.state().brakes = Brakes { changes_per_hour: 1, ..Brakes::default() };
    for nonce in 0..3 {
        assert_eq!(bench.done(&parameter(nonce).dry().delivery())[0].status(), Status::DryRun);
    }
    bench.judge(|_| crate::bench::deny("NO"));
    bench.done(&parameter(4).delivery());
    bench.judge(|_| reeve_model::Verdict::Allow(Vec::new()));
    assert_eq!(bench.done(&parameter(5).delivery())[0].status(), Status::Done);
    assert_eq!(codes(&bench.done(&parameter(6).delivery())[0]), ["BRAKE_HOUR"]);
}

#[test]
fn what_is_braked_asks_no_policy() {
    let bench = Bench::new();
    let story = &bench.done(&records(1, &[("CREATE", "example.com", "TXT", "\"x\"")]).delivery())[0];
    assert_eq!(codes(story), ["BRAKE_APEX"]);
    assert!(!bench.trace().iter().any(|call| call == "ask" || call.starts_with("begin")));
}
