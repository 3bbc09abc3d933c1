//! Stories of one run, told to the drive reply by reply.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects; all else fails it")]

use super::drive::{Drive, Gates, Heard, IN_FLIGHT_MAX, ROUNDS_MAX, SETTLE_EVERY_SECONDS, SETTLE_SECONDS_MAX, Step};
use super::fate::{self, End, Fate};
use super::reply::{Answer, Reply, Status};
use super::samples::{account, awaiting, gates, nonce, plan, request};
use crate::exit::Exit;
use reeve_plan::PlannedRequest;
use std::time::Duration;

const OWN: &str = "444455556666";
const TIMEOUT: u64 = 100;

fn reply(request: &PlannedRequest, status: Status) -> Reply {
    Reply {
        from: gates().remove(&request.gate).unwrap(),
        gate: format!("gate-{}", request.gate),
        asker: account(OWN),
        kind: request.kind.clone(),
        nonce: request.nonce.clone().unwrap(),
        page: 1,
        pages: 1,
        answer: Answer { status, receipt: "sha256:ab".to_owned(), reasons: Vec::new(), outcomes: Vec::new() },
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn drive(requests: impl IntoIterator<Item = PlannedRequest>) -> Drive {
    Drive::new(gates(), account(OWN), at(TIMEOUT), plan(requests))
}

/// Ids that the next step sends.
#[track_caller]
fn sends(drive: &mut Drive, now: u64) -> Vec<String> {
    match drive.next(at(now)) {
        Step::Send(requests) => requests.into_iter().map(|request| request.id).collect(),
        step => panic!("{step:?}"),
    }
}

#[track_caller]
fn hears(drive: &mut Drive, request: &PlannedRequest, status: Status, now: u64) {
    let heard = drive.hear(reply(request, status), at(now));
    assert!(matches!(heard, Heard::Ended(_, _)), "{}: {heard:?}", request.id);
}

/// What is left as `id word`, and how the run ends.
fn left(drive: &Drive) -> (Vec<String>, Exit) {
    let left = drive.left();
    (left.iter().map(|it| format!("{} {}", it.request.id, it.fate.word())).collect(), fate::exit(&left, false))
}

#[test]
fn an_empty_plan_is_over_at_once() {
    let mut drive = drive([]);
    assert_eq!(drive.next(at(0)), Step::End);
    assert_eq!(left(&drive), (vec![], Exit::Done));
}

#[test]
fn requests_go_out_together_unless_one_waits_for_the_other() {
    let (a, b, c) = (request("a", 1, &[]), request("b", 2, &["a"]), request("dns-c", 3, &[]));
    let mut drive = drive([a.clone(), b.clone(), c.clone()]);
    assert_eq!(sends(&mut drive, 0), ["a", "dns-c"]);
    assert_eq!(drive.next(at(1)), Step::Listen(at(TIMEOUT)));
    // In any order.
    hears(&mut drive, &c, Status::Done, 2);
    assert_eq!(drive.next(at(2)), Step::Listen(at(TIMEOUT)));
    hears(&mut drive, &a, Status::Done, 3);
    // Once nothing is under way, what is so now is looked at: what a reply says releases nothing.
    assert_eq!(drive.next(at(3)), Step::Plan);
    drive.planned(plan([a, b.clone()]), at(3));
    assert_eq!(drive.next(at(3)), Step::Listen(at(3 + u64::from(SETTLE_EVERY_SECONDS))));
    drive.planned(plan([b.clone()]), at(4));
    assert_eq!(sends(&mut drive, 4), ["b"]);
    hears(&mut drive, &b, Status::Done, 4);
    assert_eq!(drive.next(at(4)), Step::Plan);
    drive.planned(plan([]), at(5));
    assert_eq!(drive.next(at(5)), Step::End);
    assert_eq!((left(&drive), drive.counts()), ((vec![], Exit::Done), (3, 0)));
}

#[test]
fn what_is_judged_by_the_whole_organization_goes_alone() {
    let of = |id: &str, number, kind: &str| PlannedRequest { kind: kind.to_owned(), ..request(id, number, &[]) };
    let all = [
        of("policy", 1, "SCP_UPDATE"),
        of("new", 2, "CREATE_ACCOUNT"),
        of("newer", 3, "CREATE_ACCOUNT"),
        of("move", 4, "MOVE_ACCOUNT"),
        of("moved", 5, "MOVE_ACCOUNT"),
        of("tag", 6, "TAG_ACCOUNT"),
        of("put", 7, "PUT_PARAMETER"),
        // Another gate is another account; what it changes it is asked about by itself.
        of("dns", 8, "MOVE_ACCOUNT"),
    ];
    let mut drive = drive(all.clone());
    assert_eq!(sends(&mut drive, 0), ["policy", "tag", "put", "dns"]);
    for (ended, next) in [(0, &["new", "newer"][..]), (1, &[]), (2, &["move"]), (3, &["moved"])] {
        hears(&mut drive, &all[ended], Status::Done, 1);
        if next.is_empty() {
            assert_eq!(drive.next(at(1)), Step::Listen(at(TIMEOUT)));
        } else {
            assert_eq!(sends(&mut drive, 1), next);
        }
    }
}

#[test]
fn no_more_are_under_way_than_may_be() {
    let requests: Vec<_> = (0..=IN_FLIGHT_MAX).map(|number| request(&format!("a{number}"), number, &[])).collect();
    let mut drive = drive(requests.clone());
    assert_eq!(sends(&mut drive, 0).len(), IN_FLIGHT_MAX);
    assert_eq!(drive.next(at(0)), Step::Listen(at(TIMEOUT)));
    hears(&mut drive, &requests[3], Status::Done, 1);
    assert_eq!(sends(&mut drive, 1), [format!("a{IN_FLIGHT_MAX}")]);
}

#[test]
fn what_becomes_known_is_asked_in_the_next_round() {
    let create = request("create", 1, &[]);
    let mut drive = drive([create.clone(), awaiting("tag", &["create"])]);
    assert_eq!(sends(&mut drive, 0), ["create"]);
    hears(&mut drive, &create, Status::Done, 1);
    assert_eq!(drive.next(at(1)), Step::Plan);
    let tag = request("tag", 2, &[]);
    drive.planned(plan([tag.clone()]), at(2));
    assert_eq!(sends(&mut drive, 2), ["tag"]);
    hears(&mut drive, &tag, Status::Done, 3);
    assert_eq!(drive.next(at(3)), Step::Plan);
    drive.planned(plan([]), at(4));
    assert_eq!(drive.next(at(4)), Step::End);
    assert_eq!(left(&drive), (vec![], Exit::Done));
}

#[test]
fn what_depends_on_a_denied_request_is_not_sent() {
    let (a, b, c) = (request("a", 1, &[]), request("b", 2, &["a"]), request("c", 3, &["b"]));
    let requests = [a.clone(), b, c, awaiting("d", &["a"])];
    let mut drive = drive(requests.clone());
    assert_eq!(sends(&mut drive, 0), ["a"]);
    hears(&mut drive, &a, Status::Denied, 1);
    // Another run may have been quicker, which a new plan shows.
    assert_eq!(drive.next(at(1)), Step::Plan);
    drive.planned(plan(requests), at(2));
    assert_eq!(drive.next(at(2)), Step::End);
    assert_eq!(
        left(&drive),
        (["a denied", "b not asked", "c not asked", "d not asked"].map(str::to_owned).to_vec(), Exit::Denied)
    );
    let why: Vec<_> = drive.left().into_iter().skip(1).map(|it| it.fate).collect();
    assert_eq!(why, ["a", "b", "a"].map(|id| Fate::WaitsFor(vec![id.to_owned()])));
}

#[test]
fn what_another_run_has_done_is_done() {
    let a = request("a", 1, &[]);
    for status in [Status::Denied, Status::Failed] {
        let mut drive = drive([a.clone()]);
        assert_eq!(sends(&mut drive, 0), ["a"]);
        hears(&mut drive, &a, status, 1);
        assert_eq!(drive.next(at(1)), Step::Plan);
        drive.planned(plan([]), at(2));
        assert_eq!(drive.next(at(2)), Step::End);
        assert_eq!(left(&drive), (vec![], Exit::Done));
    }
}

#[test]
fn each_end_has_its_word_and_its_exit_code() {
    let (a, b) = (request("a", 1, &[]), request("b", 2, &[]));
    for (of_a, of_b, expected, exit) in [
        (Status::Done, Status::Denied, &["b denied"][..], Exit::Denied),
        (Status::Done, Status::Failed, &["b failed"], Exit::CouldNotRun),
        // What could not be done counts before what was denied.
        (Status::Denied, Status::Failed, &["a denied", "b failed"], Exit::CouldNotRun),
        (Status::Denied, Status::Denied, &["a denied", "b denied"], Exit::Denied),
        (Status::Done, Status::DryRun, &["b dry run"], Exit::CouldNotRun),
    ] {
        let mut drive = drive([a.clone(), b.clone()]);
        assert_eq!(sends(&mut drive, 0), ["a", "b"]);
        hears(&mut drive, &a, of_a, 1);
        hears(&mut drive, &b, of_b, 1);
        assert_eq!(drive.next(at(1)), Step::Plan);
        let open = [(&a, of_a), (&b, of_b)].into_iter().filter(|(_, status)| *status != Status::Done);
        drive.planned(plan(open.map(|(request, _)| request.clone())), at(2));
        assert_eq!(drive.next(at(2)), Step::End, "{expected:?}");
        assert_eq!(left(&drive), (expected.iter().map(|it| (*it).to_owned()).collect(), exit));
    }
}

#[test]
fn a_reply_that_does_not_come_ends_the_wait_and_may_come_late() {
    let (a, b) = (request("a", 1, &[]), request("b", 2, &["a"]));
    let mut drive = drive([a.clone(), b.clone()]);
    assert_eq!(sends(&mut drive, 5), ["a"]);
    assert_eq!(drive.next(at(TIMEOUT + 4)), Step::Listen(at(TIMEOUT + 5)));
    assert_eq!(drive.next(at(TIMEOUT + 5)), Step::End);
    assert_eq!(left(&drive), (["a no answer", "b not asked"].map(str::to_owned).to_vec(), Exit::CouldNotRun));
    hears(&mut drive, &a, Status::Done, TIMEOUT + 6);
    assert_eq!(drive.next(at(TIMEOUT + 6)), Step::Plan);
    drive.planned(plan([b]), at(TIMEOUT + 7));
    assert_eq!(sends(&mut drive, TIMEOUT + 7), ["b"]);
}

#[test]
fn a_gate_of_which_nothing_is_heard_is_asked_no_more() {
    let many: Vec<_> = (0..IN_FLIGHT_MAX).map(|number| request(&format!("a{number}"), number, &[])).collect();
    let (quick, next) = (request("dns-b", 100, &[]), request("dns-c", 101, &[]));
    let last = request("z", 102, &[]);
    let mut requests = many.clone();
    requests.remove(0);
    requests.extend([quick.clone(), next.clone(), last]);
    let mut drive = drive(requests);
    assert_eq!(sends(&mut drive, 0).len(), IN_FLIGHT_MAX);
    hears(&mut drive, &quick, Status::Done, 10);
    assert_eq!(sends(&mut drive, 10), ["dns-c"]);
    // The other gate is heard, and this one is not.
    assert_eq!(drive.next(at(TIMEOUT)), Step::Listen(at(10 + TIMEOUT)));
    hears(&mut drive, &next, Status::Done, TIMEOUT + 1);
    assert_eq!(drive.next(at(TIMEOUT + 1)), Step::Plan);
    let (words, exit) = left(&drive);
    assert_eq!((words.len(), exit), (IN_FLIGHT_MAX, Exit::CouldNotRun));
    assert_eq!(drive.left().last().map(|it| &it.fate), Some(&Fate::GateSilent));
    // Once it is heard again, it is asked again.
    hears(&mut drive, &many[1], Status::Done, TIMEOUT + 2);
    assert_eq!(sends(&mut drive, TIMEOUT + 2), ["z"]);
}

#[test]
fn a_gate_that_is_heard_is_not_silent_because_one_answer_is_late() {
    let (a, b, c) = (request("a", 1, &[]), request("b", 2, &[]), request("c", 3, &["b"]));
    let mut drive = drive([a.clone(), b.clone(), c.clone()]);
    assert_eq!(sends(&mut drive, 0), ["a", "b"]);
    hears(&mut drive, &b, Status::Done, 1);
    assert_eq!(drive.next(at(TIMEOUT)), Step::Plan);
    drive.planned(plan([a, c]), at(TIMEOUT + 1));
    assert_eq!(sends(&mut drive, TIMEOUT + 1), ["c"]);
}

#[test]
fn copies_and_strangers_are_left_to_others() {
    let (a, b) = (request("a", 1, &[]), request("b", 2, &[]));
    let mut drive = drive([a.clone(), b.clone()]);
    // Not asked yet: an answer to a run before. It is taken once it is asked.
    assert_eq!(drive.hear(reply(&a, Status::Done), at(0)), Heard::NotOurs);
    assert_eq!(sends(&mut drive, 0), ["a", "b"]);
    hears(&mut drive, &a, Status::Done, 1);
    for status in [Status::Done, Status::Denied] {
        assert_eq!(drive.hear(reply(&a, status), at(2)), Heard::NotOurs, "a copy may be for another run");
    }
    let good = reply(&b, Status::Done);
    let dns = gates().remove("dns").unwrap();
    for (label, strange) in [
        ("nonce", Reply { nonce: nonce(9), ..good.clone() }),
        ("asker", Reply { asker: account("999999999999"), ..good.clone() }),
        ("kind", Reply { kind: "TAG_ACCOUNT".to_owned(), ..good.clone() }),
        ("another gate's account", Reply { from: dns, ..good.clone() }),
    ] {
        assert_eq!(drive.hear(strange, at(2)), Heard::NotOurs, "{label}");
    }
    assert!(matches!(drive.hear(good, at(3)), Heard::Ended(_, _)));
    assert_eq!(drive.counts(), (2, 0));
}

#[test]
fn a_reply_of_several_pages_has_come_when_all_have() {
    let a = request("a", 1, &[]);
    let mut drive = drive([a.clone()]);
    assert_eq!(sends(&mut drive, 0), ["a"]);
    let page = |page, pages| Reply { page, pages, ..reply(&a, Status::Done) };
    for (label, reply, expected) in [
        ("the last first", page(3, 3), true),
        ("again", page(3, 3), false),
        ("of another reply", page(1, 2), false),
        ("the first", page(1, 3), true),
    ] {
        assert_eq!(drive.hear(reply, at(1)) == Heard::Page, expected, "{label}");
    }
    assert_eq!(drive.next(at(1)), Step::Listen(at(TIMEOUT)));
    assert!(matches!(drive.hear(page(2, 3), at(2)), Heard::Ended(_, End::Answered(_))));
    // A page that is missing is an answer that has not come.
    let mut drive = self::drive([a.clone()]);
    assert_eq!(sends(&mut drive, 0), ["a"]);
    assert_eq!(drive.hear(page(1, 2), at(1)), Heard::Page);
    assert_eq!(drive.next(at(TIMEOUT)), Step::End);
    assert_eq!(left(&drive), (vec!["a no answer".to_owned()], Exit::CouldNotRun));
}

#[test]
fn what_does_not_get_to_the_gate_is_told_and_nothing_waits_for_it() {
    let (a, b) = (request("a", 1, &[]), request("b", 2, &["a"]));
    let mut drive = drive([a, b]);
    assert_eq!(sends(&mut drive, 0), ["a"]);
    drive.unsent(&nonce(1), "AccessDenied", false, at(0));
    assert_eq!(drive.next(at(0)), Step::End);
    assert_eq!(left(&drive), (["a not sent", "b not asked"].map(str::to_owned).to_vec(), Exit::CouldNotRun));
}

#[test]
fn what_is_done_may_be_seen_late_and_is_never_asked_again() {
    let a = request("a", 1, &[]);
    for status in [Status::Done, Status::Pending] {
        let mut drive = drive([a.clone()]);
        assert_eq!(sends(&mut drive, 0), ["a"]);
        hears(&mut drive, &a, status, 1);
        assert_eq!(drive.next(at(1)), Step::Plan);
        let mut now = 1;
        let mut looks = 0;
        loop {
            drive.planned(plan([a.clone()]), at(now));
            let look = Step::Listen(at(now + u64::from(SETTLE_EVERY_SECONDS)));
            match drive.next(at(now)) {
                Step::End => break,
                step => assert_eq!(step, look, "{status:?} at {now}"),
            }
            now += u64::from(SETTLE_EVERY_SECONDS);
            assert_eq!(drive.next(at(now)), Step::Plan);
            looks += 1;
        }
        assert_eq!((looks, now), (SETTLE_SECONDS_MAX / SETTLE_EVERY_SECONDS, 1 + u64::from(SETTLE_SECONDS_MAX)));
        let word = if status == Status::Done { "a not seen" } else { "a pending" };
        assert_eq!(left(&drive), (vec![word.to_owned()], Exit::CouldNotRun));
        // Seen at last.
        drive.planned(plan([]), at(now));
        assert_eq!((drive.next(at(now)), left(&drive)), (Step::End, (vec![], Exit::Done)));
    }
}

#[test]
fn a_plan_that_never_ends_is_given_up() {
    let mut drive = drive([request("a", 0, &[])]);
    for number in 0.. {
        match drive.next(at(0)) {
            Step::Send(requests) => hears(&mut drive, &requests[0], Status::Done, 0),
            step => panic!("{step:?}"),
        }
        match drive.next(at(0)) {
            Step::Plan => drive.planned(plan([request("a", number + 1, &[])]), at(1)),
            Step::End => {
                assert_eq!(number + 1, usize::try_from(ROUNDS_MAX).unwrap());
                return;
            }
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn a_run_that_is_stopped_says_what_is_outstanding() {
    let (a, b, c) = (request("a", 1, &[]), request("b", 2, &[]), request("c", 3, &["b"]));
    let mut drive = drive([a.clone(), b, c, request("elsewhere", 4, &[])]);
    assert_eq!(sends(&mut drive, 0).len(), 3);
    hears(&mut drive, &a, Status::Done, 1);
    drive.stop();
    assert_eq!(drive.next(at(1)), Step::End);
    let (words, exit) = left(&drive);
    assert_eq!(words, ["b outstanding", "c not asked", "elsewhere outstanding"], "what is done is not left");
    assert_eq!((exit, fate::exit(&drive.left(), true)), (Exit::CouldNotRun, Exit::Interrupted));
    assert_eq!(fate::exit(&[], true), Exit::Done, "stopped when all was done");
}

#[test]
fn a_gate_that_is_not_in_the_project_is_not_asked() {
    let mut drive = Drive::new(Gates::new(), account(OWN), at(TIMEOUT), plan([request("a", 1, &[])]));
    assert_eq!(drive.next(at(0)), Step::End);
    assert_eq!(drive.left()[0].fate, Fate::NoGate);
}

#[test]
fn one_nonce_is_asked_once_even_when_a_plan_has_it_twice() {
    let mut drive = drive([request("a", 1, &[]), request("b", 1, &[])]);
    assert_eq!(sends(&mut drive, 0), ["a"]);
    assert_eq!(drive.next(at(0)), Step::Listen(at(TIMEOUT)));
}
