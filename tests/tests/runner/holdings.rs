//! Who holds what once a request has ended, and what failed actions leave.

use crate::bench::{Bench, Fate, deny};
use crate::requests::{self, INSTANCE, OTHER, SENDER, ZONE, parameters, records};
use crate::stories::{codes, last_reply};
use reeve_engine::{LEASE_SECONDS, Ledger, Status};
use std::collections::BTreeSet;

const NEW: &str = "new.example.com";
const VALUE: &str = "192.0.2.7";

/// Who holds a record set or host.
fn holder(bench: &Bench, scope: &str, name: &str) -> Option<String> {
    let names = BTreeSet::from([name.to_owned()]);
    let held = bench.ledger().held(scope, &names).expect("up");
    held.first().map(|it| it.owner.as_str().to_owned())
}

fn record_holder(bench: &Bench, name: &str) -> Option<String> {
    holder(bench, &format!("record {ZONE}"), &format!("{name} A"))
}

#[test]
fn who_makes_a_record_holds_it_until_it_is_deleted() {
    let bench = Bench::new();
    bench.done(&records(1, &[("CREATE", NEW, "A", VALUE)]).delivery());
    assert_eq!(record_holder(&bench, NEW).as_deref(), Some(SENDER));

    let theirs = bench.done(&records(2, &[("UPSERT", NEW, "A", "192.0.2.8")]).from(OTHER).delivery());
    assert_eq!(codes(&theirs[0]), ["RRSET_NOT_OWNED"]);

    // Facts that do not show the record yet let the plan pass; the ledger does not.
    bench.state().aws.world.record_sets.get_mut(ZONE).expect("the zone").pop();
    bench.trace();
    let theirs = bench.done(&records(3, &[("CREATE", NEW, "A", "192.0.2.8")]).from(OTHER).delivery());
    assert_eq!(codes(&theirs[0]), ["RRSET_NOT_OWNED"]);
    assert!(bench.trace().iter().any(|call| call == "begin 0"), "refused by the ledger");
    let reply = bench.state().replies.last().cloned().expect("told");
    assert!(!reply.contains(SENDER), "whose it is, is not told: {reply}");
    assert_eq!(theirs[0].status(), Status::Denied);
    bench.state().aws.world = requests::world();
    assert_eq!(bench.state().aws.effects.len(), 1);

    let bench = Bench::new();
    bench.done(&records(1, &[("CREATE", NEW, "A", VALUE)]).delivery());
    let gone = bench.done(&records(2, &[("DELETE", NEW, "A", VALUE)]).delivery());
    assert_eq!(gone[0].status(), Status::Done);
    assert_eq!(record_holder(&bench, NEW), None);
    let theirs = bench.done(&records(3, &[("CREATE", NEW, "A", "192.0.2.8")]).from(OTHER).delivery());
    assert_eq!(theirs[0].status(), Status::Done);
    assert_eq!(record_holder(&bench, NEW).as_deref(), Some(OTHER));
}

#[test]
fn a_name_whose_type_changes_stays_with_its_holder() {
    let bench = Bench::new();
    bench.done(&records(1, &[("CREATE", NEW, "A", VALUE)]).delivery());
    let change = [("DELETE", NEW, "A", VALUE), ("CREATE", NEW, "TXT", "\"x\"")];
    assert_eq!(bench.done(&records(2, &change).delivery())[0].status(), Status::Done);
    assert_eq!(record_holder(&bench, NEW), None);
    assert_eq!(holder(&bench, &format!("record {ZONE}"), &format!("{NEW} TXT")).as_deref(), Some(SENDER));
}

#[test]
fn what_failed_is_not_held_and_what_was_held_before_is() {
    // Nobody holds `www`: an UPSERT that fails must not make it the sender's.
    for (case, name, operation, held_before, held_after) in [
        ("a new name", NEW, "CREATE", false, None),
        ("a name that nobody holds", "www.example.com", "UPSERT", false, None),
        ("the sender's own", "www.example.com", "UPSERT", true, Some(SENDER)),
    ] {
        let bench = Bench::new();
        if held_before {
            bench.done(&records(1, &[("UPSERT", name, "A", VALUE)]).delivery());
        }
        bench.state().aws.refuse.insert("ChangeRecordSets");
        let stories = bench.done(&records(2, &[(operation, name, "A", "192.0.2.8")]).delivery());
        assert_eq!(stories[0].status(), Status::Failed, "{case}");
        assert_eq!(record_holder(&bench, name).as_deref(), held_after, "{case}");
        let reply = last_reply(&bench);
        assert_eq!((&reply["decision"], &reply["status"]), (&"permitted".into(), &"failed".into()), "{case}");
        assert_eq!(reply["outcomes"][0]["class"], "access_denied", "{case}");
    }
}

#[test]
fn a_deletion_that_failed_gives_nothing_up() {
    let bench = Bench::new();
    bench.done(&records(1, &[("CREATE", NEW, "A", VALUE)]).delivery());
    bench.state().aws.refuse.insert("ChangeRecordSets");
    bench.done(&records(2, &[("DELETE", NEW, "A", VALUE)]).delivery());
    assert_eq!(record_holder(&bench, NEW).as_deref(), Some(SENDER));
}

#[test]
fn holdings_are_given_up_also_by_the_try_after_a_crash() {
    for (refused, fate) in [(true, Fate::Crash), (true, Fate::CrashAfter), (false, Fate::Crash)] {
        let bench = Bench::new();
        if refused {
            bench.state().aws.refuse.insert("ChangeRecordSets");
        }
        bench.script("settle", 1, fate);
        let ask = records(1, &[("CREATE", NEW, "A", VALUE)]).delivery();
        assert!(bench.handle(&ask).is_none());
        bench.wait(LEASE_SECONDS);
        bench.done(&ask);
        assert_eq!(record_holder(&bench, NEW).as_deref(), (!refused).then_some(SENDER), "{fate:?}");
    }
}

#[test]
fn a_plan_that_is_denied_meanwhile_leaves_nothing_held_but_what_may_have_been_made() {
    // What may have been made is not told as if nothing had happened.
    for (call, fate, held, status) in [
        ("begin 0", Fate::CrashAfter, false, Status::Denied),
        ("note 0.0 intent", Fate::Crash, false, Status::Denied),
        ("note 0.0 intent", Fate::CrashAfter, true, Status::Failed),
        ("aws", Fate::CrashAfter, true, Status::Failed),
    ] {
        let bench = Bench::new();
        bench.script(call, 1, fate);
        let ask = records(1, &[("CREATE", NEW, "A", VALUE)]).delivery();
        assert!(bench.handle(&ask).is_none());
        bench.wait(LEASE_SECONDS);
        bench.judge(|_| deny("NO"));
        assert_eq!(bench.done(&ask)[0].status(), status, "{fate:?} at {call}");
        assert_eq!(record_holder(&bench, NEW).is_some(), held, "{fate:?} at {call}");
    }
}

#[test]
fn what_follows_a_failure_is_skipped() {
    let bench = Bench::new();
    bench.state().aws.refuse.insert("PutParameter");
    let ask = parameters(1, &[("/pub/a", "1"), ("/pub/b", "2"), ("/pub/c", "3")]).delivery();
    let stories = bench.done(&ask);
    let states: Vec<_> = stories[0].outcomes.iter().flatten().map(|it| it.state.as_str()).collect();
    assert_eq!(states, ["failed", "skipped", "skipped"]);
    assert_eq!(stories[0].status(), Status::Failed);
    assert_eq!(bench.trace().iter().filter(|call| call.starts_with("aws")).count(), 1);
    bench.state().aws.refuse.clear();
    assert_eq!(codes(&bench.done(&ask)[0]), ["DUPLICATE_SUPPRESSED"], "a failure is an answer");
    assert_eq!(last_reply(&bench)["status"], "failed");
}

#[test]
fn a_host_is_held_from_its_launch_to_its_end() {
    let bench = Bench::new();
    assert_eq!(codes(&bench.done(&requests::termination(1).delivery())[0]), ["INSTANCE_NOT_VERIFIED"]);
    assert_eq!(bench.done(&requests::launch(2).delivery())[0].status(), Status::Done);
    assert_eq!(holder(&bench, "host", INSTANCE).as_deref(), Some(SENDER));
    // What is removed is what was added, though the instance is gone.
    bench.state().aws.world.instances.clear();
    let theirs = bench.done(&requests::termination(3).from(OTHER).delivery());
    assert_eq!(codes(&theirs[0]), ["INSTANCE_NOT_VERIFIED"]);
    let gone = bench.done(&requests::termination(4).delivery());
    assert_eq!(gone[0].status(), Status::Done, "{gone:?}");
    assert!(bench.state().aws.effects[1].contains("-RecordData '10.0.0.5'"));
    assert_eq!(holder(&bench, "host", INSTANCE), None);
}
