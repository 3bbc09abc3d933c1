//! Many threads, one zone: every request gets its own outcome, and there are fewer calls than requests.

use super::super::super::testing::FakeJournal;
use super::super::testing::{FakeZone, change};
use super::*;
use reeve_model::action::Operation;
use std::sync::atomic::AtomicBool;

/// A zone behind a gate that tests open: what arrives while it is shut gathers.
#[derive(Default)]
struct FakeTransport {
    zone: Mutex<FakeZone>,
    batches: Mutex<Vec<usize>>,
    calling: AtomicBool,
    open: Mutex<bool>,
    opened: Condvar,
    panics: AtomicBool,
}

impl FakeTransport {
    fn open(&self) {
        *self.open.lock().expect("whole") = true;
        self.opened.notify_all();
    }
}

impl Transport for FakeTransport {
    fn ready(&self) {}

    fn change(&self, changes: &[&RecordSetChange]) -> Sent {
        assert!(!self.calling.swap(true, Ordering::SeqCst), "two calls of one zone at a time");
        let open = self.open.lock().expect("whole");
        drop(self.opened.wait_while(open, |open| !*open).expect("whole"));
        self.batches.lock().expect("whole").push(changes.len());
        self.calling.store(false, Ordering::SeqCst);
        assert!(!self.panics.swap(false, Ordering::SeqCst), "the call panics");
        match self.zone.lock().expect("whole").apply(changes) {
            Ok(()) => Sent::Done { change_id: format!("C{}", changes.len()) },
            Err(failure) => Sent::Refused(failure),
        }
    }

    fn current(&self, _: &BTreeSet<DnsName>) -> Result<Vec<Existing>, Failure> {
        Ok(self.zone.lock().expect("whole").existing())
    }

    fn pause(&self, _: u32) {}
}

fn create(at: usize) -> Vec<RecordSetChange> {
    // Every seventh asks for a name that another has asked for.
    let name = if at.is_multiple_of(7) { "same.example.com".to_owned() } else { format!("n{at}.example.com") };
    vec![change(Operation::Create, &name, "A", 60, &["192.0.2.1"])]
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

fn waiting(coalescer: &Coalescer, zone_id: &str) -> usize {
    let zones = coalescer.zones.lock().expect("whole");
    zones.get(zone_id).map_or(0, |zone| zone.lock().awaited.len())
}

#[test]
fn requests_that_wait_together_share_calls_and_not_outcomes() {
    const REQUESTS: usize = 63;
    let (coalescer, transport) = (Coalescer::default(), FakeTransport::default());
    let fates: Vec<Fate> = std::thread::scope(|scope| {
        let ask = |at: usize| {
            let (coalescer, transport) = (&coalescer, &transport);
            scope.spawn(move || {
                let mut journal = FakeJournal::default();
                coalescer.change("Z1", transport, &create(at), false, &mut journal).expect("held")
            })
        };
        let threads: Vec<_> = (0..REQUESTS).map(ask).collect();
        wait_until("all wait", || waiting(&coalescer, "Z1") == REQUESTS);
        transport.open();
        threads.into_iter().map(|thread| thread.join().expect("ended")).collect()
    });
    let applied = fates.iter().filter(|fate| matches!(fate, Fate::Applied { .. })).count();
    let failed = fates.iter().filter(|fate| matches!(fate, Fate::Failed(_))).count();
    // Of the nine that ask for one name, the first gets it.
    assert_eq!((applied, failed), (REQUESTS - 8, 8));
    assert_eq!(transport.zone.lock().expect("whole").sets.len(), REQUESTS - 8);
    let batches = transport.batches.lock().expect("whole").clone();
    // How they fall into calls is the threads' own; that they share some is not.
    assert!(batches.len() < REQUESTS, "{batches:?}");
    let calls = u64::try_from(batches.len()).expect("few");
    assert_eq!(coalescer.stats(), CoalescerStats { calls, requests: 63 });
    assert_eq!(waiting(&coalescer, "Z1"), 0, "a zone that nobody waits for is forgotten");
    assert!(coalescer.zones.lock().expect("whole").is_empty());
}

#[test]
fn who_has_lost_the_lease_is_not_sent() {
    let (coalescer, transport) = (Coalescer::default(), FakeTransport::default());
    transport.open();
    for holds in 0..2 {
        let mut journal = FakeJournal { holds_left: Some(holds), ..FakeJournal::default() };
        let lost = coalescer.change("Z1", &transport, &create(1), false, &mut journal);
        assert!(matches!(lost, Err(LedgerError::Lost)), "{holds}");
    }
    assert!(transport.batches.lock().expect("whole").is_empty());
    let fate = coalescer.change("Z1", &transport, &create(1), false, &mut FakeJournal::default()).expect("held");
    assert!(matches!(fate, Fate::Applied { .. }), "the zone is free: {fate:?}");
}

#[test]
fn a_call_that_panics_does_not_block_the_zone() {
    let (coalescer, transport) = (Coalescer::default(), FakeTransport::default());
    transport.open();
    transport.panics.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let ask = || coalescer.change("Z1", &transport, &create(1), false, &mut FakeJournal::default());
        assert!(scope.spawn(ask).join().is_err());
        let fate = coalescer.change("Z1", &transport, &create(2), false, &mut FakeJournal::default()).expect("held");
        assert!(matches!(fate, Fate::Applied { .. }), "{fate:?}");
    });
}

#[test]
fn zones_do_not_wait_for_each_other() {
    let (coalescer, shut, open) = (Coalescer::default(), FakeTransport::default(), FakeTransport::default());
    open.open();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| coalescer.change("Z1", &shut, &create(1), false, &mut FakeJournal::default()));
        wait_until("the first zone calls", || shut.calling.load(Ordering::SeqCst));
        let fate = coalescer.change("Z2", &open, &create(1), false, &mut FakeJournal::default()).expect("held");
        assert!(matches!(fate, Fate::Applied { .. }));
        shut.open();
        assert!(blocked.join().expect("ended").is_ok());
    });
}
