//! Requests of two rounds: a zone is made, then handed over.

use crate::bench::{Bench, Fate, START, deny};
use crate::requests::{SENDER, ZONE, delegation};
use crate::stories::{codes, last_reply};
use reeve_engine::{LEASE_SECONDS, Ledger, Status};
use reeve_model::{Action, FactValue, Verdict};
use std::collections::BTreeSet;

const FIRST: [&str; 8] = [
    "world",
    "held record ZPARENT",
    "fact",
    "ask",
    "begin 0",
    "note 0.0 intent",
    "aws CreateHostedZone",
    "note 0.0 outcome",
];

/// The whole request. The name server records come first, are proven with a record of their own, and that one goes.
fn whole() -> Vec<&'static str> {
    let second = [
        "world",
        "held record ZPARENT",
        "fact",
        "ask",
        "begin 1",
        "note 1.0 intent",
        "aws ChangeRecordSets",
        "note 1.0 outcome",
        "note 1.1 intent",
        "aws ChangeRecordSets",
        "note 1.1 outcome",
        "aws probe",
        "note 1.3 outcome",
        "note 1.2 intent",
        "aws ChangeRecordSets",
        "note 1.2 outcome",
        "keep 1 done",
        "settle",
        "send DNS_DELEGATION",
    ];
    [&["claim"][..], &FIRST, &["keep 0 done"], &second].concat()
}

fn holds(bench: &Bench, name: &str) -> bool {
    let names = BTreeSet::from([name.to_owned()]);
    !bench.ledger().held(&format!("record {ZONE}"), &names).expect("up").is_empty()
}

#[test]
fn two_rounds_are_two_receipts_and_one_answer() {
    let bench = Bench::new();
    let stories = bench.done(&delegation(1).delivery());
    assert_eq!(bench.trace(), whole());
    let told: Vec<_> = stories.iter().map(|it| (it.round, it.status(), it.actions.len())).collect();
    assert_eq!(told, [(0, Status::Done, 1), (1, Status::Done, 3)]);
    let reply = last_reply(&bench);
    assert_eq!(reply["answer"][0]["hosted_zone_id"], crate::aws::CHILD_ZONE);
    assert_eq!(reply["receipt"], bench.state().receipts[1].1.hash().as_str());
    assert_eq!(reply["outcomes"].as_array().map(Vec::len), Some(4), "three actions and the proof");
    assert!(holds(&bench, "team.example.com NS"));
    let again = bench.done(&delegation(1).delivery());
    assert_eq!((again.len(), codes(&again[0])), (1, vec!["DUPLICATE_SUPPRESSED"]));
}

#[test]
fn a_first_round_that_fails_is_the_last() {
    let bench = Bench::new();
    bench.state().aws.refuse.insert("CreateHostedZone");
    let stories = bench.done(&delegation(1).delivery());
    assert_eq!((stories.len(), stories[0].status()), (1, Status::Failed));
    assert!(!bench.trace().iter().any(|call| call.starts_with("begin 1")));
}

#[test]
fn a_dry_run_has_one_round() {
    let bench = Bench::new();
    let stories = bench.done(&delegation(1).dry().delivery());
    assert_eq!((stories.len(), stories[0].status()), (1, Status::DryRun));
}

#[test]
fn a_second_round_that_is_denied_is_not_begun() {
    let bench = Bench::new();
    bench.judge(|request| match request.actions[0].action {
        Action::CreateHostedZone(_) => Verdict::Allow(Vec::new()),
        _ => deny("NO"),
    });
    let stories = bench.done(&delegation(1).delivery());
    let second = ["world", "held record ZPARENT", "fact", "ask", "keep 1 denied", "settle", "send DNS_DELEGATION"];
    assert_eq!(bench.trace(), [&["claim"][..], &FIRST, &["keep 0 done"], &second].concat());
    assert_eq!(codes(&stories[1]), ["NO"]);
    assert_eq!(last_reply(&bench)["status"], "denied");
    assert!(!holds(&bench, "team.example.com NS"));
}

#[test]
fn what_was_made_and_cannot_be_seen_yet_is_waited_for() {
    let bench = Bench::new();
    bench.state().aws.visible = false;
    let (why, _) = bench.again(&delegation(1).delivery());
    assert!(why.contains("cannot be seen yet"), "{why}");
    assert_eq!(bench.trace().last().map(String::as_str), Some("release"));
    // Now it shows.
    let made = {
        let other = Bench::new();
        other.done(&delegation(1).delivery());
        other.state().aws.world.delegated_zones.clone()
    };
    {
        let mut state = bench.state();
        state.aws.world.delegated_zones = made;
        state.aws.visible = true;
    }
    let stories = bench.done(&delegation(1).delivery());
    assert_eq!((stories.len(), stories[1].status()), (2, Status::Done));
    assert_eq!(bench.state().aws.effects.len(), 4, "one zone, its name servers, the probe made and removed");
}

#[test]
fn a_second_round_goes_on_with_its_own_facts() {
    let bench = Bench::new();
    bench.judge(|request| match &request.facts[0].value {
        FactValue::Text(tier) if tier == "gold" || tier == "silver" => Verdict::Allow(Vec::new()),
        _ => deny("NO"),
    });
    bench.script("begin 1", 1, Fate::Crash);
    assert!(bench.handle(&delegation(1).delivery()).is_none());
    // The first round is decided by its plan, the second by what is true now, and after it is begun by its own plan.
    bench.wait(LEASE_SECONDS);
    bench.state().tier = "silver".into();
    bench.script("aws ChangeRecordSets", 2, Fate::CrashAfter);
    assert!(bench.handle(&delegation(1).delivery()).is_none());
    bench.wait(LEASE_SECONDS);
    bench.state().tier = "none".into();
    let stories = bench.done(&delegation(1).delivery());
    let facts: Vec<_> = stories.iter().map(|it| it.policies[0].facts[0].value.clone()).collect();
    assert_eq!(facts, ["gold", "silver"].map(|it| FactValue::Text(it.into())));
    let moments: Vec<_> = stories.iter().map(|it| it.now.as_second()).collect();
    assert_eq!(moments, [START, START + LEASE_SECONDS]);
    assert_eq!(bench.state().aws.effects.len(), 4);
}

#[test]
fn a_delegation_that_cannot_be_proven_has_failed_and_its_record_is_removed() {
    let bench = Bench::new();
    bench.state().aws.proves = false;
    let stories = bench.done(&delegation(1).delivery());
    assert_eq!(stories[1].status(), Status::Failed);
    let states: Vec<_> = stories[1].outcomes.iter().flatten().map(|it| it.state.as_str()).collect();
    assert_eq!(states, ["applied", "applied", "applied"], "the record of the probe does not stay");
    assert_eq!(last_reply(&bench)["outcomes"][3]["class"], "unproven");
    assert_eq!(stories[1].sender.as_ref().map(|it| it.account.as_str()), Some(SENDER));
    assert!(holds(&bench, "team.example.com NS"), "it was made");
}
