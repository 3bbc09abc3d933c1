//! Attacks on the runner: each story is one way to get a wrong answer, a second effect, or somebody else's name.

use crate::bench::{Bench, Fate, deny};
use crate::requests::{self, Ask, INSTANCE, OTHER, SENDER, ZONE, account, records};
use crate::stories::{codes, last_reply};
use reeve_engine::{LEASE_SECONDS, Ledger, Status};
use reeve_kinds::Instance;
use serde_json::json;
use std::collections::BTreeSet;

const NEW: &str = "new.example.com";
const VALUE: &str = "192.0.2.7";
/// A redrive from a dead-letter queue: later than an event may be old, earlier than anything is forgotten.
const REDRIVEN: i64 = 25 * 60 * 60;

fn holder(bench: &Bench, scope: &str, name: &str) -> Option<String> {
    let held = bench.ledger().held(scope, &BTreeSet::from([name.to_owned()])).expect("up");
    held.first().map(|it| it.owner.as_str().to_owned())
}

#[test]
fn a_duplicate_that_comes_a_day_late_gets_the_stored_answer() {
    let bench = Bench::new();
    let ask = records(1, &[("CREATE", NEW, "A", VALUE)]).delivery();
    bench.done(&ask);
    bench.wait(REDRIVEN);
    let stories = bench.done(&ask);
    assert_eq!(codes(&stories[0]), ["DUPLICATE_SUPPRESSED"]);
    let replies = bench.state().replies.clone();
    assert_eq!(replies.len(), 2, "the message is taken off its queue, and the asker hears nothing");
    assert_eq!(replies[0], replies[1]);
}

#[test]
fn a_verified_request_with_a_nonce_is_always_replied_to() {
    let bench = Bench::new();
    let detail = json!({"parameters": [{"name": "/pub/a", "value": "1"}], "dryrun": "false"});
    let stories = bench.done(&Ask::of("PUT_PARAMETER", 1, &detail).delivery());
    assert_eq!(stories[0].status(), Status::Denied);
    assert_eq!(bench.state().replies.len(), 1, "{:?}", codes(&stories[0]));
    let other = Bench::new();
    other.wait(REDRIVEN);
    let stories = other.done(&requests::parameter(1).delivery());
    assert_eq!((codes(&stories[0]), other.state().replies.len()), (vec!["STALE_EVENT"], 1));
}

#[test]
fn what_was_begun_is_finished_when_its_message_is_redriven_a_day_later() {
    let bench = Bench::new();
    let ask = records(1, &[("CREATE", NEW, "A", VALUE)]).delivery();
    // The effect is made; its answer is lost, and the message ends in the dead-letter queue.
    bench.script("aws ChangeRecordSets", 1, Fate::FailAfter);
    bench.again(&ask);
    assert_eq!(bench.state().aws.effects.len(), 1);
    bench.wait(REDRIVEN);
    let stories = bench.done(&ask);
    assert_eq!(stories[0].status(), Status::Done, "{:?}", codes(&stories[0]));
}

#[test]
fn an_effect_that_was_made_is_never_answered_with_denied_alone() {
    let bench = Bench::new();
    let ask = records(1, &[("CREATE", NEW, "A", VALUE)]).delivery();
    bench.script("aws ChangeRecordSets", 1, Fate::CrashAfter);
    assert!(bench.handle(&ask).is_none());
    bench.wait(LEASE_SECONDS);
    bench.judge(|_| deny("NO"));
    bench.done(&ask);
    let reply = last_reply(&bench);
    assert_eq!(bench.state().aws.effects.len(), 1, "it was made");
    assert_ne!(reply["status"], "denied", "the asker and the receipt are told that nothing was done: {reply}");
}

#[test]
fn a_late_end_of_a_deletion_does_not_free_the_name_that_was_made_again() {
    let bench = Bench::new();
    bench.done(&records(1, &[("CREATE", NEW, "A", VALUE)]).delivery());
    let deletion = records(2, &[("DELETE", NEW, "A", VALUE)]).delivery();
    bench.script("settle", 1, Fate::Fail);
    bench.again(&deletion);
    assert_eq!(bench.done(&records(3, &[("CREATE", NEW, "A", "192.0.2.8")]).delivery())[0].status(), Status::Done);
    bench.done(&deletion);
    assert_eq!(holder(&bench, &format!("record {ZONE}"), &format!("{NEW} A")).as_deref(), Some(SENDER));
    let theirs = bench.done(&records(4, &[("UPSERT", NEW, "A", "203.0.113.1")]).from(OTHER).delivery());
    assert_eq!(codes(&theirs[0]), ["RRSET_NOT_OWNED"], "another account takes the record over");
}

fn theirs(bench: &Bench) {
    let instance = Instance {
        account: account(OTHER),
        host: "web-1".into(),
        zone: "corp.example".into(),
        private_ip: "10.0.0.6".into(),
    };
    bench.state().aws.world.instances.insert(INSTANCE.into(), instance);
}

#[test]
fn the_name_of_a_host_that_is_gone_is_free_again() {
    let bench = Bench::new();
    bench.done(&requests::launch(1).delivery());
    assert_eq!(bench.done(&requests::termination(2).delivery())[0].status(), Status::Done);
    assert_eq!(holder(&bench, "host", INSTANCE), None);
    theirs(&bench);
    let other = bench.done(&requests::launch(3).from(OTHER).delivery());
    assert_eq!(other[0].status(), Status::Done, "{:?}", codes(&other[0]));
}

#[test]
fn a_registration_that_failed_holds_no_name() {
    let bench = Bench::new();
    bench.state().aws.refuse.insert("SendCommand");
    assert_eq!(bench.done(&requests::launch(1).delivery())[0].status(), Status::Failed);
    bench.state().aws.refuse.clear();
    theirs(&bench);
    let other = bench.done(&requests::launch(2).from(OTHER).delivery());
    assert_eq!(other[0].status(), Status::Done, "{:?}", codes(&other[0]));
}
