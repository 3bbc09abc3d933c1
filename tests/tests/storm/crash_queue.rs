//! The real thing: `reeve serve` dies with requests in hand, and its queue brings them to the next one.
//!
//! Here nobody sets a clock: the messages show up again, and the leases run out, after a minute and a half.

use crate::ask::{Asks, check_answers, times_changed};
use reeve_tests::emulator::Emulator;
use reeve_tests::proxy::{Call, Plan, Proxy, Verdict};
use reeve_tests::reeve::Serve;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Record sets that are asked for at once.
const DNS: usize = 40;
/// Longest time until all is answered, seconds: two leases, and what the work itself takes.
const PATIENCE_SECONDS: u64 = 240;

fn settings(stage: &Stage<'_>, gate: Gate, instance: &str, url: &str) -> Settings {
    Settings {
        instance: instance.to_owned(),
        ledger: LedgerKind::DynamoDb,
        sources: Some(stage.queue_source(gate).replace("] } }]", "], visibility-seconds: 90 } }]")),
        url: Some(url.to_owned()),
        ..Settings::default()
    }
}

/// Kills a gate at the `number`-th call of an operation: before it is forwarded, or when it is applied.
struct Killer {
    process: Arc<AtomicU32>,
    dead: Arc<AtomicBool>,
    _proxy: Proxy,
    serve: Serve,
}

impl Killer {
    fn new(stage: &Stage<'_>, gate: Gate, operation: &'static str, number: u64, applied: bool) -> Self {
        let proxy = Proxy::start(stage.emulator.address(), Plan::calm()).expect("a proxy");
        let (process, dead): (Arc<AtomicU32>, Arc<AtomicBool>) = Default::default();
        let strike = {
            let (process, dead) = (Arc::clone(&process), Arc::clone(&dead));
            move |call: &Call| {
                if call.operation == operation && call.n == number {
                    let id = process.load(Ordering::SeqCst).to_string();
                    assert!(Command::new("kill").args(["-KILL", &id]).status().expect("kill runs").success());
                    dead.store(true, Ordering::SeqCst);
                }
            }
        };
        let strike = Arc::new(strike);
        if applied {
            let strike = Arc::clone(&strike);
            proxy.on_reply(move |call, _| strike(call));
        } else {
            proxy.on_call(move |call| {
                strike(call);
                Verdict::Drawn
            });
        }
        let serve = stage.gate_with(gate, &settings(stage, gate, "-first", &proxy.url()));
        process.store(serve.id(), Ordering::SeqCst);
        Self { process, dead, _proxy: proxy, serve }
    }

    fn wait(mut self) {
        let ended = self.serve.ended(Duration::from_secs(PATIENCE_SECONDS));
        assert!(ended.is_some() && self.dead.load(Ordering::SeqCst), "gate {:?} is dead", self.process);
    }
}

#[test]
fn a_queue_brings_what_a_dead_gate_had_in_hand() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options { receive_max: 20, ..Options::default() });
    let dns = Killer::new(&stage, Gate::Dns, "ChangeResourceRecordSets", 2, true);
    let management = Killer::new(&stage, Gate::Management, "CreateAccount", 1, true);
    let asks = Asks::storm(&stage, [DNS, 5, 1, 0]);
    asks.send(&stage);
    dns.wait();
    management.wait();
    let next = Gate::ALL.map(|gate| stage.gate_with(gate, &settings(&stage, gate, "-second", &emulator.url())));
    let began = Instant::now();
    while asks.answered(&stage) < asks.len() {
        assert!(began.elapsed() < Duration::from_secs(PATIENCE_SECONDS), "open: {:?}", asks.open(&stage, 5));
        std::thread::sleep(Duration::from_millis(200));
    }
    eprintln!("all {} answered {:.0} s after the second gates began", asks.len(), began.elapsed().as_secs_f64());
    check_answers(&stage, &asks);
    assert_eq!(stage.zone_records("example.com"), asks.records());
    let twice: Vec<_> = times_changed(&stage).into_iter().filter(|(_, count)| *count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(stage.calls("organizations", "CreateAccount"), 1);
    assert!(stage.parameters("management", "/pub/storm").iter().all(|line| line.contains(" v1 ")));
    for gate in Gate::ALL {
        stage.wait_until_empty(gate);
        assert_eq!(stage.dead(gate), Vec::<String>::new());
    }
    drop(next);
}
