//! Receipts judged again seal to the same bytes; one that was tampered with does not.

use crate::bench::{Bench, Fate, deny};
use crate::requests::{self, Ask, OTHER, delegation, new_account, parameter, parameters, records};
use reeve_engine::{Brakes, LEASE_SECONDS, NotReplayable};
use reeve_json::{Options, StringRule, Value, parse};
use reeve_model::{Receipt, Verdict};

/// A story by its name, and what leads to its receipts.
type Told = (&'static str, fn(&Bench));

fn stories() -> Vec<Told> {
    vec![
        ("permitted", |bench| drop(bench.done(&parameter(1).delivery()))),
        ("nothing to do", |bench| drop(bench.done(&Ask::of("LIST_ACCOUNTS", 1, &serde_json::json!({})).delivery()))),
        ("two rounds and a proof", |bench| drop(bench.done(&delegation(1).delivery()))),
        ("dry", |bench| drop(bench.done(&parameter(1).dry().delivery()))),
        ("no executor", |bench| {
            bench.state().execute = false;
            bench.done(&parameter(1).delivery());
        }),
        ("denied", |bench| {
            bench.judge(|_| deny("NO"));
            bench.done(&parameter(1).delivery());
        }),
        ("a second round denied", |bench| {
            bench.judge(|it| if it.actions.len() == 1 { Verdict::Allow(Vec::new()) } else { deny("NO") });
            bench.done(&delegation(1).delivery());
        }),
        ("denied with a code of the host's", |bench| {
            bench.judge(|_| deny("FACT_UNAVAILABLE"));
            bench.done(&parameter(1).delivery());
        }),
        ("a stranger", |bench| drop(bench.done(&parameter(1).unverified().delivery()))),
        ("a stranger, refused at the door", |bench| drop(bench.done(&requests::launch(1).unverified().delivery()))),
        ("an unknown kind", |bench| drop(bench.done(&Ask::of("PAINT", 1, &serde_json::json!({})).delivery()))),
        ("an unknown field", |bench| {
            drop(bench.done(&Ask::of("LIST_ACCOUNTS", 1, &serde_json::json!({"a": 1})).delivery()))
        }),
        ("raw", |bench| {
            let raw = Some("application/json".to_owned());
            bench.done(&reeve_engine::Delivery { content_type: raw, ..parameter(1).delivery() });
        }),
        ("no event", |bench| {
            bench.done(&reeve_engine::Delivery { body: b"{\"a\":".to_vec(), ..parameter(1).delivery() });
        }),
        ("again, permitted", |bench| {
            bench.done(&parameter(1).delivery());
            bench.done(&parameter(1).delivery());
        }),
        ("again, denied", |bench| {
            bench.judge(|_| deny("NO"));
            bench.done(&parameter(1).delivery());
            bench.done(&parameter(1).delivery());
        }),
        ("another body", |bench| {
            bench.done(&parameter(1).delivery());
            bench.done(&parameters(1, &[("/pub/z", "2")]).delivery());
        }),
        ("braked", |bench| {
            bench.done(&records(1, &[("CREATE", "example.com", "TXT", "\"x\"")]).delivery());
        }),
        ("an hour spent", |bench| {
            bench.state().brakes = Brakes { changes_per_hour: 0, ..Brakes::default() };
            bench.done(&parameter(1).delivery());
        }),
        ("held by another", |bench| {
            bench.done(&records(1, &[("CREATE", "new.example.com", "A", "192.0.2.1")]).from(OTHER).delivery());
            bench.state().aws.world = requests::world();
            bench.done(&records(2, &[("CREATE", "new.example.com", "A", "192.0.2.1")]).delivery());
        }),
        ("failed and skipped", |bench| {
            bench.state().aws.refuse.insert("PutParameter");
            bench.done(&parameters(1, &[("/pub/a", "1"), ("/pub/b", "2")]).delivery());
        }),
        ("unproven", |bench| {
            bench.state().aws.proves = false;
            bench.done(&delegation(1).delivery());
        }),
        ("taken up after a crash", |bench| {
            bench.script("aws CreateAccount", 1, Fate::CrashAfter);
            assert!(bench.handle(&new_account(1).delivery()).is_none());
            bench.wait(LEASE_SECONDS);
            bench.done(&new_account(1).delivery());
        }),
    ]
}

#[test]
fn every_receipt_seals_to_the_same_hash_again() {
    for (name, story) in stories() {
        let bench = Bench::new();
        story(&bench);
        let gate = bench.gate();
        // What is true now must not count.
        bench.state().aws.world = reeve_kinds::World::default();
        bench.state().tier = "none".into();
        bench.wait(30 * 24 * 3_600);
        bench.trace();
        let receipts: Vec<Receipt> = bench.state().receipts.iter().map(|(_, receipt)| receipt.clone()).collect();
        assert!(!receipts.is_empty(), "{name}");
        let mut previous = None;
        for receipt in receipts {
            // As it is read back from where it was kept.
            let receipt = Receipt::read(receipt.line().trim_end().as_bytes(), Some(previous.as_ref())).expect("reads");
            let again = gate.rerun(&receipt).expect(name).seal(previous.as_ref());
            assert_eq!(again.line(), receipt.line(), "{name}");
            previous = Some(receipt.hash().clone());
        }
        assert!(bench.trace().iter().all(|call| call == "ask"), "{name}: nothing but policies is asked");
    }
}

fn json(text: &str) -> Value {
    let options = Options { bytes_max: 1 << 24, depth_max: 99, strings: StringRule::Any };
    parse(text.as_bytes(), &options).expect(text).value
}

/// A receipt sealed anew with one member changed, as by somebody who can write the store and knows the form.
fn forged(receipt: &Receipt, change: &dyn Fn(&mut serde_json::Value)) -> Receipt {
    let mut value: serde_json::Value = serde_json::from_str(receipt.line()).expect("JSON");
    let before = value.clone();
    change(&mut value);
    assert_ne!(value, before, "something changes");
    let mut object = json(&value.to_string()).as_object().expect("an object").clone();
    for name in ["version", "previous", "hash"] {
        object.remove(name);
    }
    Receipt::seal(object, None)
}

#[test]
fn a_member_that_was_changed_is_noticed() {
    let bench = Bench::new();
    bench.done(&parameter(1).delivery());
    let gate = bench.gate();
    let receipt = bench.state().receipts[0].1.clone();
    assert_eq!(gate.rerun(&receipt).expect("judged").seal(None).hash(), receipt.hash());
    let changes: [(&str, &dyn Fn(&mut serde_json::Value)); 15] = [
        ("decision", &|it| it["decision"] = "denied".into()),
        ("status", &|it| it["status"] = "failed".into()),
        ("kind", &|it| it["kind"] = "LIST_ACCOUNTS".into()),
        ("nonce", &|it| it["nonce"] = "00000000-0000-4000-8000-000000000002".into()),
        ("gate", &|it| it["gate"] = "other".into()),
        ("reasons", &|it| it["reasons"] = serde_json::json!([{"policy": "one"}])),
        ("actions", &|it| it["actions"] = serde_json::json!([])),
        ("a value", &|it| it["event"]["detail"]["parameters"][0]["value"] = "2".into()),
        ("the account", &|it| it["event"]["account"] = OTHER.into()),
        ("a verdict", &|it| it["policies"][0]["verdict"] = "deny".into()),
        ("fuel", &|it| it["policies"][0]["fuel"] = 2.into()),
        ("a digest", &|it| it["digests"]["gate"] = it["digests"]["body"].clone()),
        ("a dry run", &|it| it["dry_run_asked"] = true.into()),
        ("an outcome left out", &|it| drop(it.as_object_mut().expect("an object").remove("outcomes"))),
        ("another member", &|it| it["remark"] = "x".into()),
    ];
    for (name, change) in changes {
        let forged = forged(&receipt, change);
        match gate.rerun(&forged) {
            Ok(story) => assert_ne!(story.seal(None).hash(), forged.hash(), "{name}"),
            Err(error) => assert!(matches!(error, NotReplayable::Malformed(_)), "{name}: {error}"),
        }
    }
}

#[test]
fn what_a_policy_was_given_decides() {
    let bench = Bench::new();
    bench.judge(|it| {
        let gold = it.facts[0].value == reeve_model::FactValue::Text("gold".into());
        if gold { Verdict::Allow(Vec::new()) } else { deny("NO") }
    });
    bench.done(&parameter(1).delivery());
    let receipt = bench.state().receipts[0].1.clone();
    let forged = forged(&receipt, &|it| it["facts"]["one"][0]["value"] = "lead".into());
    let story = bench.gate().rerun(&forged).expect("judged");
    assert!(!story.decision.permitted());
    assert_eq!(story.outcomes, None, "what is denied has no outcomes");
    assert_ne!(story.seal(None).hash(), forged.hash());
}

#[test]
fn what_cannot_be_judged_again_says_why() {
    let bench = Bench::new();
    let long = vec![b'x'; reeve_engine::BODY_KEPT_BYTES_MAX + 1];
    for body in [long, vec![0xFF, 0xFE]] {
        bench.done(&reeve_engine::Delivery { body, ..parameter(1).delivery() });
        let receipt = bench.state().receipts.pop().expect("kept").1;
        assert_eq!(bench.gate().rerun(&receipt).map(drop), Err(NotReplayable::BodyNotKept));
    }

    // What a run without redelivery keeps when a fact is away.
    bench.script("world", 1, Fate::Fail);
    let now = reeve_model::Timestamp::from_second(crate::bench::START).expect("in range");
    let story = bench.gate().judge(&parameter(1).delivery(), now);
    assert!(story.fact_unavailable);
    assert_eq!(bench.gate().rerun(&story.seal(None)).map(drop), Err(NotReplayable::FactUnavailable));

    bench.done(&parameter(1).delivery());
    let receipt = bench.state().receipts.pop().expect("kept").1;
    let malformed: [(&str, &dyn Fn(&mut serde_json::Value)); 6] = [
        ("now", &|it| it["now"] = "yesterday".into()),
        ("sender", &|it| it["sender"]["account"] = 1.into()),
        ("world", &|it| it["world"] = 1.into()),
        ("facts", &|it| it["facts"]["one"] = 1.into()),
        ("digests", &|it| it["digests"]["body"] = "x".into()),
        ("outcomes", &|it| it["outcomes"][0]["state"] = "fine".into()),
    ];
    for (name, change) in malformed {
        let forged = forged(&receipt, change);
        assert_eq!(bench.gate().rerun(&forged).map(drop), Err(NotReplayable::Malformed(name)));
    }
    let without = forged(&receipt, &|it| drop(it.as_object_mut().expect("an object").remove("event")));
    assert!(bench.gate().rerun(&without).is_err(), "no event and no body");
}
