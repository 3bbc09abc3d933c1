//! Deliveries that end at once: which ports are called, and in which order.

use crate::bench::{Bench, Fate, START, deny};
use crate::requests::{self, Ask, OTHER, parameter, parameters};
use reeve_engine::{LEASE_SECONDS, Ledger, LedgerKey, Status};
use reeve_model::{Digest, Nonce, Timestamp};
use serde_json::Value;

/// A permitted request with one action, from door to reply.
pub(crate) const PERMITTED: [&str; 11] = [
    "claim",
    "world",
    "fact",
    "ask",
    "begin 0",
    "note 0.0 intent",
    "aws PutParameter",
    "note 0.0 outcome",
    "keep 0 done",
    "settle",
    "send PUT_PARAMETER",
];

pub(crate) fn codes(story: &reeve_engine::Story) -> Vec<&str> {
    story.decision.reasons().iter().map(|(_, reason)| reason.code.as_str()).collect()
}

/// The last reply page that was sent.
pub(crate) fn last_reply(bench: &Bench) -> Value {
    serde_json::from_str(bench.state().replies.last().expect("a reply")).expect("JSON")
}

#[test]
fn a_permitted_request_is_written_down_before_it_is_made_and_kept_before_it_is_settled() {
    let bench = Bench::new();
    let stories = bench.done(&parameter(1).delivery());
    assert_eq!(bench.trace(), PERMITTED);
    assert_eq!((stories.len(), stories[0].status()), (1, Status::Done));
    let reply = last_reply(&bench);
    assert_eq!(reply["status"], "done");
    assert_eq!(reply["outcomes"][0]["change_id"], "C1");
    assert_eq!(reply["receipt"], bench.state().receipts[0].1.hash().as_str());
    assert_eq!((&reply["page"], &reply["pages"]), (&1.into(), &1.into()));
}

#[test]
fn what_is_denied_or_dry_is_neither_begun_nor_made() {
    let before = ["claim", "world", "fact", "ask"];
    let table: [(&str, &dyn Fn(&Bench), Ask, Status); 4] = [
        ("denied", &|bench| bench.judge(|_| deny("NO")), parameter(1), Status::Denied),
        ("asked dry", &|_| {}, parameter(1).dry(), Status::DryRun),
        ("no executor", &|bench| bench.state().execute = false, parameter(1), Status::DryRun),
        ("denied dry", &|bench| bench.judge(|_| deny("NO")), parameter(1).dry(), Status::Denied),
    ];
    for (case, set_up, ask, status) in table {
        let bench = Bench::new();
        set_up(&bench);
        let stories = bench.done(&ask.delivery());
        let after = [format!("keep 0 {}", status.as_str()), "settle".into(), "send PUT_PARAMETER".into()];
        let wanted: Vec<String> = before.iter().map(|it| (*it).to_owned()).chain(after).collect();
        assert_eq!(bench.trace(), wanted, "{case}");
        assert_eq!(stories[0].status(), status, "{case}");
        assert_eq!(bench.state().aws.effects.len(), 0, "{case}");
        assert_eq!(last_reply(&bench)["status"], status.as_str(), "{case}");
    }
}

#[test]
fn what_is_refused_at_the_door_is_not_claimed() {
    let told = ["keep 0 denied", "send LIST_ACCOUNTS"];
    for (case, ask, code, trace) in [
        (
            "an AWS source from a stranger",
            requests::launch(1).unverified(),
            "AWS_SOURCE_ON_UNVERIFIED_PATH",
            &told[..1],
        ),
        (
            "a sender that is another",
            Ask::of("LIST_ACCOUNTS", 1, &serde_json::json!({"account": OTHER})),
            "SENDER_MISMATCH",
            &told,
        ),
        ("an unknown kind", Ask::of("PAINT_HOUSE", 1, &serde_json::json!({})), "UNKNOWN_ACTION", &told[..1]),
    ] {
        let bench = Bench::new();
        let stories = bench.done(&ask.delivery());
        assert_eq!(codes(&stories[0]), [code], "{case}");
        assert_eq!(bench.trace(), trace, "{case}");
    }
}

#[test]
fn the_same_request_again_gets_the_same_reply() {
    for (case, judge_denies) in [("permitted", false), ("denied", true)] {
        let bench = Bench::new();
        if judge_denies {
            bench.judge(|_| deny("NO"));
        }
        bench.done(&parameter(1).delivery());
        let first = bench.state().replies.clone();
        bench.trace();
        // By now the policies say the opposite, and the facts are away: neither is asked.
        bench.judge(move |_| if judge_denies { reeve_model::Verdict::Allow(Vec::new()) } else { deny("NO") });
        let stories = bench.done(&parameter(1).delivery());
        assert_eq!(bench.trace(), ["claim", &format!("keep 0 {}", stories[0].status().as_str()), "send PUT_PARAMETER"]);
        assert_eq!(codes(&stories[0]), ["DUPLICATE_SUPPRESSED"], "{case}");
        assert_eq!(stories[0].decision.permitted(), !judge_denies, "{case}");
        let state = bench.state();
        assert_eq!(stories[0].duplicate_of.as_ref(), Some(state.receipts[0].1.hash()), "{case}");
        assert_eq!(state.replies, [first.clone(), first].concat(), "{case}: byte for byte");
        assert_eq!(state.aws.effects.len(), usize::from(!judge_denies), "{case}");
    }
}

#[test]
fn another_body_under_the_nonce_is_refused_and_the_first_answer_stays() {
    let bench = Bench::new();
    bench.done(&parameter(1).delivery());
    bench.trace();
    let stories = bench.done(&parameters(1, &[("/pub/a", "2")]).delivery());
    assert_eq!(codes(&stories[0]), ["NONCE_REUSE"]);
    assert_eq!(bench.trace(), ["claim", "keep 0 denied", "send PUT_PARAMETER"]);
    let again = bench.done(&parameter(1).delivery());
    assert_eq!(codes(&again[0]), ["DUPLICATE_SUPPRESSED"]);
    assert_eq!(bench.state().aws.effects.len(), 1);
    // The nonce is the sender's: another account has its own.
    assert_eq!(bench.done(&parameter(1).from(OTHER).delivery())[0].status(), Status::Done);
}

#[test]
fn a_request_that_is_being_worked_on_comes_again_when_the_lease_is_over() {
    let bench = Bench::new();
    bench.script("aws", 1, Fate::Crash);
    assert!(bench.handle(&parameter(1).delivery()).is_none(), "died");
    bench.trace();
    bench.wait(LEASE_SECONDS - 1);
    let (why, not_before) = bench.again(&parameter(1).delivery());
    assert_eq!((why.as_str(), not_before), ("the same request is being worked on", Some(START + LEASE_SECONDS)));
    assert_eq!(bench.trace(), ["claim"], "nothing is judged, kept or told");
    bench.wait(1);
    assert_eq!(bench.done(&parameter(1).delivery())[0].status(), Status::Done);
}

fn unverified_key() -> LedgerKey {
    LedgerKey {
        account: requests::account(requests::SENDER),
        source: "app.infra".into(),
        kind: "PUT_PARAMETER unverified".into(),
        nonce: Nonce::parse("00000000-0000-4000-8000-000000000001").expect("a nonce"),
    }
}

#[test]
fn a_stranger_gets_no_reply_and_uses_up_nobodys_nonce() {
    // Without an executor nothing can come of it, and nothing is claimed.
    let bench = Bench::new();
    bench.state().execute = false;
    bench.judge(|request| if request.sender.verified { reeve_model::Verdict::Allow(Vec::new()) } else { deny("NO") });
    bench.done(&parameter(1).unverified().delivery());
    assert_eq!(bench.trace(), ["world", "fact", "ask", "keep 0 denied"]);

    // With one, it is claimed under a key of its own.
    let bench = Bench::new();
    bench.done(&parameter(1).unverified().delivery());
    assert_eq!(bench.trace(), PERMITTED[..PERMITTED.len() - 1], "all but the reply");
    let now = Timestamp::from_second(START).expect("in range");
    let claim = bench.ledger().claim(&unverified_key(), &Digest::of(b"other"), now);
    assert_eq!(claim, Ok(reeve_engine::Claim::Different), "it is remembered there");
    let again = bench.done(&parameter(1).unverified().delivery());
    assert_eq!(codes(&again[0]), ["DUPLICATE_SUPPRESSED"]);
    assert_eq!(bench.state().replies, [""; 0], "no reply, not even to the repeated one");
    assert_eq!(bench.done(&parameter(1).delivery())[0].status(), Status::Done, "the sender's own nonce is free");
}

#[test]
fn a_fact_that_is_away_leaves_no_receipt_and_no_claim() {
    for ask in [parameter(1), parameter(1).unverified()] {
        for (fact, trace) in
            [("world", vec!["claim", "world", "release"]), ("fact", vec!["claim", "world", "fact", "release"])]
        {
            let bench = Bench::new();
            bench.script(fact, 1, Fate::Fail);
            let (why, not_before) = bench.again(&ask.delivery());
            assert!(why.ends_with("away"), "{why}");
            assert_eq!(not_before, None);
            assert_eq!(bench.trace(), trace);
            assert_eq!(bench.done(&ask.delivery())[0].status(), Status::Done, "free at once");
            assert_eq!(bench.trace()[..PERMITTED.len() - 1], PERMITTED[..PERMITTED.len() - 1]);
        }
    }
}

#[test]
fn a_request_that_needs_nothing_done_has_no_outcomes_and_is_done() {
    let bench = Bench::new();
    bench.done(&parameter(1).delivery());
    bench.trace();
    let stories = bench.done(&parameter(2).delivery());
    assert_eq!((stories[0].status(), stories[0].outcomes.as_deref()), (Status::Done, Some(&[][..])));
    assert_eq!(
        bench.trace(),
        ["claim", "world", "fact", "ask", "begin 0", "keep 0 done", "settle", "send PUT_PARAMETER"]
    );

    let stories = bench.done(&Ask::of("LIST_ACCOUNTS", 3, &serde_json::json!({})).delivery());
    assert_eq!(stories[0].status(), Status::Done);
    assert_eq!(last_reply(&bench)["answer"][0]["name"], "team");
}
