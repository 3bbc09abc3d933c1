//! Deliveries that must come again: what the next try does, and what it does not do twice.

use crate::bench::{Bench, Fate, deny};
use crate::requests::{new_account, parameter, parameters, records};
use crate::stories::{PERMITTED, codes, last_reply};
use reeve_engine::{LEASE_SECONDS, Status};
use reeve_model::Verdict;

#[test]
fn what_cannot_be_kept_is_given_back_and_not_made_twice() {
    for (case, fate) in [("not kept", Fate::Fail), ("kept, and nobody knows", Fate::FailAfter)] {
        let bench = Bench::new();
        bench.script("keep", 1, fate);
        assert_eq!(bench.again(&parameter(1).delivery()).0, "the bucket is away", "{case}");
        let wanted = [&PERMITTED[..9], &["release"]].concat();
        assert_eq!(bench.trace(), wanted, "{case}");
        assert_eq!(bench.state().replies.len(), 0, "{case}");

        let stories = bench.done(&parameter(1).delivery());
        // The facts are those of the plan, and the outcome is as noted: neither AWS nor the world is asked.
        assert_eq!(bench.trace(), ["claim", "ask", "keep 0 done", "settle", "send PUT_PARAMETER"], "{case}");
        assert_eq!(stories[0].status(), Status::Done);
        assert_eq!(bench.state().aws.effects.len(), 1, "{case}");
    }
}

#[test]
fn a_reply_that_cannot_be_sent_is_sent_again_from_the_ledger() {
    for fate in [Fate::Fail, Fate::FailAfter, Fate::Crash, Fate::CrashAfter] {
        let bench = Bench::new();
        bench.script("send", 1, fate);
        let first = bench.handle(&parameter(1).delivery());
        assert!(!matches!(first, Some(reeve_engine::Handled::Done(_))), "{fate:?}");
        let settled = bench.state().receipts[0].1.hash().as_str().to_owned();
        bench.trace();
        let stories = bench.done(&parameter(1).delivery());
        assert_eq!(codes(&stories[0]), ["DUPLICATE_SUPPRESSED"]);
        assert_eq!(bench.trace()[0], "claim");
        let reply = last_reply(&bench);
        assert_eq!((&reply["status"], &reply["receipt"]), (&"done".into(), &settled.into()), "{fate:?}");
        let state = bench.state();
        assert!(state.replies.iter().all(|page| *page == state.replies[0]), "{fate:?}");
        assert_eq!(state.aws.effects.len(), 1);
    }
}

#[test]
fn a_reply_to_a_refusal_that_cannot_be_sent_comes_again() {
    let bench = Bench::new();
    bench.done(&parameter(1).delivery());
    let other = parameters(1, &[("/pub/a", "2")]).delivery();
    bench.script("send", 1, Fate::Fail);
    assert_eq!(bench.again(&other).0, "the bus is away");
    assert_eq!(codes(&bench.done(&other)[0]), ["NONCE_REUSE"]);
    assert_eq!(last_reply(&bench)["decision"], "denied");
}

/// Stopped by AWS in the middle, the request goes on from its notes, on the facts it was permitted on.
#[test]
fn the_next_try_goes_on_from_the_notes_with_the_recorded_facts() {
    for (fate, look) in [(Fate::Fail, vec!["aws look", "aws CreateAccount"]), (Fate::FailAfter, vec!["aws look"])] {
        let bench = Bench::new();
        bench.judge(|request| {
            let gold = request.facts[0].value == reeve_model::FactValue::Text("gold".into());
            if gold && request.sender.tier.as_deref() == Some("gold") { Verdict::Allow(Vec::new()) } else { deny("NO") }
        });
        bench.script("aws CreateAccount", 1, fate);
        assert_eq!(bench.again(&new_account(1).delivery()).0, "transient: AWS is away");
        let wanted = ["claim", "world", "fact", "ask", "begin 0", "note 0.0 intent", "aws CreateAccount", "release"];
        assert_eq!(bench.trace(), wanted);

        // By now the address is taken (by this very request, perhaps), and the sender is worth less.
        bench.state().tier = "none".into();
        bench.wait(3_600);
        let stories = bench.done(&new_account(1).delivery());
        let after = ["note 0.0 outcome", "keep 0 done", "settle", "send CREATE_ACCOUNT"];
        assert_eq!(bench.trace(), [&["claim", "ask"][..], &look, &after].concat(), "{fate:?}");
        assert_eq!((stories[0].status(), bench.state().aws.effects.len()), (Status::Done, 1));
        assert_eq!(stories[0].now, bench.state().receipts[0].0.now);
        assert_eq!(stories[0].now.as_second(), crate::bench::START, "judged as of the moment of the plan");

        // Asked anew, the live facts count.
        assert_eq!(codes(&bench.done(&new_account(2).delivery())[0]), ["EMAIL_NOT_ALLOWED"]);
    }
}

#[test]
fn notes_of_actions_that_are_made_are_not_made_again() {
    let bench = Bench::new();
    let ask = parameters(1, &[("/pub/a", "1"), ("/pub/b", "2"), ("/pub/c", "3")]);
    bench.script("aws PutParameter", 2, Fate::Fail);
    bench.again(&ask.delivery());
    bench.trace();
    let stories = bench.done(&ask.delivery());
    let made =
        ["aws look", "aws PutParameter", "note 0.1 outcome", "note 0.2 intent", "aws PutParameter", "note 0.2 outcome"];
    assert_eq!(bench.trace()[2..8], made);
    let ids: Vec<_> = stories[0].outcomes.iter().flatten().map(|it| it.details["change_id"].clone()).collect();
    assert_eq!(ids, ["C1", "C2", "C3"], "outcomes in the order of the actions");
}

#[test]
fn a_gate_that_has_lost_its_lease_calls_nothing_any_more() {
    // It stands still at each of its calls, and another one does all of the work.
    let calls = ["world", "ask", "begin 0", "note 0.0 intent", "note 0.0 outcome", "keep", "settle", "send"];
    for call in calls {
        let bench = Bench::new();
        bench.script(call, 1, Fate::Stall);
        let ended = bench.handle(&parameter(1).delivery()).expect("alive");
        let state = bench.state();
        assert_eq!(state.aws.effects.len(), 1, "{call}: {:?}", state.trace);
        assert_eq!(state.meanwhile, ["done"], "{call}");
        let told: std::collections::BTreeSet<_> = state.replies.iter().collect();
        assert_eq!(told.len(), 1, "{call}: one answer");
        let late = matches!(ended, reeve_engine::Handled::Again { .. });
        assert_eq!(late, call != "send", "{call}: {ended:?}");
        if call == "note 0.0 intent" {
            let tail: Vec<&str> = state.trace.iter().rev().take(2).map(String::as_str).collect();
            assert_eq!(tail, ["release", "send PUT_PARAMETER"], "the late note was refused, and that was all");
        }
    }
}

#[test]
fn a_lease_is_held_for_longer_than_a_call_before_each_call() {
    // The note of what is intended takes so long that the lease would not outlast the call.
    let bench = Bench::new();
    let clock = bench.clone();
    bench.judge(move |_| {
        clock.wait(LEASE_SECONDS - reeve_engine::CALL_SECONDS_MAX);
        Verdict::Allow(Vec::new())
    });
    bench.done(&parameter(1).delivery());
    assert_eq!(bench.trace()[4..6], ["renew", "begin 0"]);

    let bench = Bench::new();
    let clock = bench.clone();
    bench.judge(move |_| {
        clock.wait(LEASE_SECONDS - reeve_engine::CALL_SECONDS_MAX - 1);
        Verdict::Allow(Vec::new())
    });
    bench.done(&parameter(1).delivery());
    assert_eq!(bench.trace(), PERMITTED, "one second more is enough");
}

#[test]
fn policies_that_deny_the_plan_meanwhile_end_the_request_without_a_call() {
    let bench = Bench::new();
    let ask = parameters(1, &[("/pub/a", "1"), ("/pub/b", "2")]);
    bench.script("aws PutParameter", 2, Fate::Fail);
    bench.again(&ask.delivery());
    bench.trace();
    bench.judge(|_| deny("NO"));
    let stories = bench.done(&ask.delivery());
    assert_eq!(bench.trace(), ["claim", "ask", "keep 0 failed", "settle", "send PUT_PARAMETER"]);
    assert_eq!(codes(&stories[0]), ["NO"]);
    // The first parameter was put, and of the second nobody knows.
    let states: Vec<_> = stories[0].outcomes.iter().flatten().map(|outcome| outcome.state.as_str()).collect();
    assert_eq!(states, ["applied", "failed"]);
    assert_eq!((&last_reply(&bench)["decision"], &last_reply(&bench)["status"]), (&"denied".into(), &"failed".into()));
    bench.judge(|_| Verdict::Allow(Vec::new()));
    assert_eq!(codes(&bench.done(&ask.delivery())[0]), ["DUPLICATE_SUPPRESSED"], "that was the answer");
    assert_eq!(bench.state().aws.effects.len(), 1);
}

#[test]
fn a_ledger_that_is_away_stops_the_request_wherever_it_is() {
    for call in ["claim", "held", "begin", "note 0.0 intent", "note 0.0 outcome", "settle"] {
        for fate in [Fate::Fail, Fate::FailAfter] {
            let bench = Bench::new();
            let ask = records(1, &[("UPSERT", "www.example.com", "A", "192.0.2.9")]);
            bench.script(call, 1, fate);
            let (why, _) = bench.again(&ask.delivery());
            assert!(why.contains("not available"), "{call}: {why}");
            let state = bench.trace();
            let last = if call == "claim" { "claim" } else { "release" };
            assert_eq!(state.last().map(String::as_str), Some(last), "{call}");
            bench.wait(LEASE_SECONDS);
            let stories = bench.done(&ask.delivery());
            let repeated = (call, fate) == ("settle", Fate::FailAfter);
            assert_eq!(codes(&stories[0]) == ["DUPLICATE_SUPPRESSED"], repeated, "{call} {fate:?}");
            assert_eq!(last_reply(&bench)["status"], "done", "{call} {fate:?}");
            assert_eq!(bench.state().aws.effects.len(), 1, "{call} {fate:?}");
        }
    }
}
