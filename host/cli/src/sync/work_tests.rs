//! Whole runs against gates that are played.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::drive::Drive;
use super::fate::exit;
use super::played::{Does, Ports, TIMEOUT, World, body};
use super::samples::{account, gates, request};
use super::work::{self, Desk, Ended};
use crate::exit::{Exit, Failure};
use reeve_model::FailureClass;
use reeve_plan::Plan;
use std::cell::RefCell;
use std::rc::Rc;

const OWN: &str = super::played::OWN;

fn drive(world: &Rc<RefCell<World>>) -> Drive {
    Drive::new(gates(), account(OWN), TIMEOUT, world.borrow().plan())
}

fn sync(world: &Rc<RefCell<World>>) -> Ended {
    let mut ports = Ports(Rc::clone(world));
    let (mut desk, mut post) = (ports.clone(), ports.clone());
    work::run(drive(world), &mut desk, &mut post, &mut ports)
}

/// What is left as `id word`, and how the run ends.
fn left(ended: &Ended) -> (Vec<String>, Exit) {
    let words = ended.left.iter().map(|it| format!("{} {}", it.request.id, it.fate.word())).collect();
    (words, exit(&ended.left, ended.interrupted))
}

fn made(world: &Rc<RefCell<World>>) -> Vec<(String, u32)> {
    world.borrow().made.clone().into_iter().collect()
}

fn once(ids: &[&str]) -> Vec<(String, u32)> {
    ids.iter().map(|id| ((*id).to_owned(), 1)).collect()
}

/// A new account with what follows from it.
const NEW: [(&str, &[&str]); 4] =
    [("account", &[]), ("dns-domains", &["account"]), ("parameter", &["account"]), ("scp", &[])];

#[test]
fn a_new_account_and_all_that_needs_its_id() {
    let world = World::new(&NEW);
    let ended = sync(&world);
    assert_eq!((ended.done, left(&ended)), (4, (vec![], Exit::Done)));
    assert_eq!(made(&world), once(&["account", "dns-domains", "parameter", "scp"]));
    let asked: Vec<String> = world.borrow().told.iter().filter(|line| line.starts_with("asked")).cloned().collect();
    assert_eq!(asked, ["asked account", "asked scp", "asked dns-domains", "asked parameter"]);
    assert_eq!(world.borrow().queue.len(), 0, "every reply was taken");
    // Again: nothing is sent.
    let events = world.borrow().events;
    assert_eq!(left(&sync(&world)), (vec![], Exit::Done));
    assert_eq!(world.borrow().events, events);
}

#[test]
fn replies_that_are_lost_late_or_double() {
    for (does, expected, exit, copies) in [
        (Does::Twice, &[][..], Exit::Done, 1),
        (Does::Late(200), &[], Exit::Done, 0),
        (Does::Loses, &["scp no answer"], Exit::CouldNotRun, 0),
        (Does::Sleeps, &["scp no answer"], Exit::CouldNotRun, 0),
        (Does::Late(400), &["scp no answer"], Exit::CouldNotRun, 1),
    ] {
        let world = World::new(&[("scp", &[])]);
        world.borrow_mut().does.insert("scp", does);
        let ended = sync(&world);
        assert_eq!(left(&ended), (expected.iter().map(|it| (*it).to_owned()).collect(), exit), "{does:?}");
        assert_eq!(world.borrow().queue.len(), copies, "{does:?}");
    }
}

#[test]
fn a_reply_that_was_lost_is_given_again() {
    // The gate has made it; what is read does not show it yet, so the same request is planned again.
    let world = World::new(&[("scp", &[])]);
    world.borrow_mut().does.insert("scp", Does::Loses);
    assert_eq!(left(&sync(&world)).1, Exit::CouldNotRun);
    let hidden = world.borrow_mut().made.remove("scp");
    let mut ports = Ports(Rc::clone(&world));
    let mut drive = drive(&world);
    world.borrow_mut().made.extend(hidden.map(|count| ("scp".to_owned(), count)));
    let (mut desk, mut post) = (ports.clone(), ports.clone());
    while work::step(&mut drive, &mut desk, &mut post, &mut ports).unwrap() {}
    assert_eq!(drive.counts(), (1, 0));
    assert_eq!(made(&world), once(&["scp"]), "made once, although it was asked twice");
    assert_eq!(world.borrow().events, 2);
}

#[test]
fn what_is_denied_or_fails_holds_up_only_what_needs_it() {
    for (does, word, code) in [(Does::Denies, "denied", Exit::Denied), (Does::Fails, "failed", Exit::CouldNotRun)] {
        let world = World::new(&NEW);
        world.borrow_mut().does.insert("account", does);
        let ended = sync(&world);
        let words =
            vec![format!("account {word}"), "dns-domains not asked".to_owned(), "parameter not asked".to_owned()];
        assert_eq!(left(&ended), (words.clone(), code));
        assert_eq!(made(&world), once(&["scp"]));
        // The gate says the same to the same request, and nothing is made twice.
        assert_eq!(left(&sync(&world)), (words, code));
        assert_eq!(made(&world), once(&["scp"]));
    }
}

#[test]
fn a_run_that_dies_between_request_and_reply_is_gone_on_with() {
    let world = World::new(&NEW);
    // The queue breaks for good after the first look: nothing is heard of what was sent.
    let mut ports = Ports(Rc::clone(&world));
    let (mut desk, mut post) = (ports.clone(), ports.clone());
    let mut dying = drive(&world);
    assert!(work::step(&mut dying, &mut desk, &mut post, &mut ports).unwrap());
    drop(dying);
    assert_eq!((world.borrow().events, world.borrow().queue.len()), (2, 2));
    let ended = sync(&world);
    assert_eq!(left(&ended), (vec![], Exit::Done));
    assert_eq!(made(&world), once(&["account", "dns-domains", "parameter", "scp"]));
    assert_eq!(world.borrow().queue.len(), 2, "answers to the run before are left to it");
}

#[test]
fn two_runs_at_once_have_one_effect_and_each_its_answers() {
    let world = World::new(&NEW);
    let mut runs: Vec<(Drive, Ports, bool)> = (0..2).map(|_| (drive(&world), Ports(Rc::clone(&world)), true)).collect();
    for _ in 0..1_000 {
        for (drive, ports, open) in runs.iter_mut().filter(|(_, _, open)| *open) {
            let (mut desk, mut post) = (ports.clone(), ports.clone());
            *open = work::step(drive, &mut desk, &mut post, ports).unwrap();
        }
    }
    for (drive, _, open) in &runs {
        assert!(!open);
        assert_eq!(drive.left(), []);
    }
    assert_eq!(made(&world), once(&["account", "dns-domains", "parameter", "scp"]));
    assert_eq!(world.borrow().queue.len(), 0, "each has taken its own copies");
    assert!(world.borrow().now < TIMEOUT.as_secs(), "nobody waited in vain");
}

#[test]
fn what_lies_in_the_queue_for_others_stays_there() {
    let world = World::new(&[("scp", &[])]);
    let other = request("x", 77, &[]);
    for text in [body(&other, "done"), "no JSON".to_owned(), "{}".to_owned()] {
        world.borrow_mut().put(text, 0);
    }
    assert_eq!(left(&sync(&world)), (vec![], Exit::Done));
    let kept: Vec<String> = world.borrow().queue.iter().map(|it| it.body.clone()).collect();
    assert_eq!(kept, [body(&other, "done"), "no JSON".to_owned(), "{}".to_owned()]);
    let now = world.borrow().now;
    assert!(world.borrow().queue.iter().all(|it| it.visible_at <= now + 1), "and shows up soon");
}

#[test]
fn a_queue_that_cannot_be_read_is_found_before_anything_is_sent() {
    for (broken, sent, failed) in [
        ((1, FailureClass::AccessDenied), 0, true),
        ((6, FailureClass::Transient), 0, true),
        ((5, FailureClass::Transient), 1, false),
    ] {
        let world = World::new(&[("scp", &[])]);
        world.borrow_mut().broken = Some(broken);
        let ended = sync(&world);
        assert_eq!((world.borrow().events, ended.failure.is_some()), (sent, failed), "{broken:?}");
        let words = if failed { vec!["scp not asked".to_owned()] } else { vec![] };
        assert_eq!(left(&ended).0, words);
    }
}

#[test]
fn ctrl_c_stops_sending_and_the_next_run_goes_on() {
    let world = World::new(&NEW);
    world.borrow_mut().does.insert("account", Does::Late(50));
    world.borrow_mut().stop_at = Some(10);
    let ended = sync(&world);
    let words = ["account outstanding", "dns-domains not asked", "parameter not asked"].map(str::to_owned).to_vec();
    assert_eq!((left(&ended), ended.done), ((words, Exit::Interrupted), 1));
    world.borrow_mut().stop_at = None;
    assert_eq!(left(&sync(&world)), (vec![], Exit::Done));
    assert_eq!(made(&world), once(&["account", "dns-domains", "parameter", "scp"]));
}

#[test]
fn a_plan_that_cannot_be_made_ends_the_run_and_tells_what_was_done() {
    struct Broken;
    impl Desk for Broken {
        fn plan(&mut self) -> Result<Plan, Failure> {
            Err(Failure::new("no answer"))
        }
    }
    let world = World::new(&NEW);
    let mut ports = Ports(Rc::clone(&world));
    let mut post = ports.clone();
    let ended = work::run(drive(&world), &mut Broken, &mut post, &mut ports);
    assert_eq!(ended.failure.as_ref().map(ToString::to_string), Some("no answer".to_owned()));
    assert_eq!(ended.done, 2);
    assert_eq!(left(&ended).0, ["dns-domains not asked", "parameter not asked"]);
}
