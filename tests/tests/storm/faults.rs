//! Two thousand requests through queues, gates and the reply bus while the network and AWS fail at random: nothing is
//! lost, nothing is done twice, every request is answered.

use crate::ask::{Ask, Asks, check_answers, times_changed};
use reeve_tests::emulator::{Emulator, REGION};
use reeve_tests::proxy::{Fault, Plan, Proxy};
use reeve_tests::reeve::Serve;
use reeve_tests::stage::{Gate, LedgerKind, Options, Settings, Stage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Seed of the storm.
const SEED: u64 = 20_261_122;
/// Share of each of the nine faults, of 10,000 calls: about every twentieth call fails.
const SHARE: u64 = 55;
/// Gates that take from the queue of the dns account: Route 53 lets one account read ten times a second, and each gate
/// keeps to that by itself.
const DNS_GATES: usize = 3;
/// Requests that each gate has in hand.
const IN_FLIGHT: u32 = 8;
/// Requests of each kind.
const DNS: usize = 1_560;
const PARAMETERS: usize = 400;
const ACCOUNTS: usize = 20;
const HOSTS: usize = 30;
/// Longest time that the whole may take, seconds: a message whose receive was lost comes again after 90.
const PATIENCE_SECONDS: u64 = 600;
/// Nobody's brake is looked at here.
const BRAKES: &str = "{ changes-per-hour: 1000000, changes-per-account-hour: 1000000, changes-per-zone-hour: 1000000, zone-share: 100% }";

fn settings(stage: &Stage<'_>, gate: Gate, instance: &str, url: &str) -> Settings {
    // The shortest time for which a lost receive hides its messages.
    let sources = stage.queue_source(gate).replace("] } }]", "], visibility-seconds: 90 } }]");
    assert!(sources.contains("visibility-seconds"), "{sources}");
    Settings {
        instance: instance.to_owned(),
        // One file for all gates of a kind. DynamoDB meets the storm in the ledger's own suite: moto's would be the
        // whole machine's work here.
        ledger: LedgerKind::Sqlite,
        replace: vec![(format!("{instance}.db"), ".db".to_owned())],
        sources: Some(sources),
        brakes: Some(BRAKES.to_owned()),
        // As much as an emulator of one core answers in time; what it does not is a fault that nobody has drawn.
        in_flight: Some(IN_FLIGHT),
        url: Some(url.to_owned()),
        ..Settings::default()
    }
}

#[test]
fn a_storm_loses_nothing_and_does_nothing_twice() {
    let _alone = crate::alone();
    let emulator = Emulator::start();
    let options = Options { receive_max: 1_000, ..Options::default() };
    let stage = Stage::new(&emulator, options);
    hosts(&stage);
    let proxy = Proxy::start(emulator.address(), Plan::stormy(SEED, SHARE)).expect("a proxy");
    let mut gates: Vec<_> = (0..DNS_GATES)
        .map(|number| stage.gate_with(Gate::Dns, &settings(&stage, Gate::Dns, &format!("-{number}"), &proxy.url())))
        .collect();
    gates.push(stage.gate_with(Gate::Management, &settings(&stage, Gate::Management, "-0", &proxy.url())));
    let began = Instant::now();
    let asks = Asks::storm(&stage, [DNS, PARAMETERS, ACCOUNTS, HOSTS]);
    asks.send(&stage);
    let sent = began.elapsed();
    // The storm is over once most is answered, so that the rest does not meet it for ever.
    let deadline = Duration::from_secs(PATIENCE_SECONDS);
    let (mut calm, mut answered) = (None, 0);
    while answered < asks.len() {
        answered = asks.answered(&stage);
        if calm.is_none() && answered * 100 >= asks.len() * 97 {
            proxy.calm();
            calm = Some(began.elapsed());
        }
        if began.elapsed() > deadline {
            let why = gates.iter().map(complaints).collect::<Vec<_>>().join("\n");
            tell(&proxy, &asks, &[]);
            panic!("{answered} of {} answered; {:?}\n{why}", asks.len(), asks.open(&stage, 3));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    proxy.calm();
    let took = began.elapsed();
    check(&stage, &asks);
    tell(&proxy, &asks, &[("sent", Some(sent)), ("calm from", calm), ("answered", Some(took))]);
    for fault in Fault::ALL {
        assert!(proxy.done(fault) > 0, "{fault} was never drawn");
    }
    for gate in gates {
        let (status, log) = gate.term();
        assert!(status.success(), "{log}");
        assert!(!log.contains("please report"), "no thread has panicked");
    }
}

/// What a gate said of messages that come again, and how often.
fn complaints(gate: &Serve) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in gate.stderr().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        let why: String = line["why"].as_str().unwrap_or_default().chars().take(120).collect();
        *counts.entry(format!("{} {} {why}", line["level"], line["message"])).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().take(12).map(|(what, count)| format!("{count:>6} {what}")).collect::<Vec<_>>().join("\n")
}

/// Instances of foo, as many as there are hosts to register.
fn hosts(stage: &Stage<'_>) {
    let instance = |number: usize| {
        json!({"InstanceId": Ask::instance(number), "ComputerName": format!("storm-{number}.corp.example.com"),
               "IPAddress": format!("10.9.0.{number}"), "PlatformType": "Linux", "PingStatus": "Online"})
    };
    let instances: Vec<Value> = (1..=HOSTS).map(instance).collect();
    let body = json!({"account": stage.id("foo"), "region": REGION, "instances": instances});
    let _ = stage.emulator.control("POST", "/_reeve/instances", &body);
}

fn check(stage: &Stage<'_>, asks: &Asks) {
    check_answers(stage, asks);
    let records = stage.zone_records("example.com");
    let missing: Vec<_> = asks.records().difference(&records).cloned().collect();
    let more: Vec<_> = records.difference(&asks.records()).cloned().collect();
    assert!(missing.is_empty() && more.is_empty(), "missing {missing:?}, more {more:?}");
    let twice: Vec<_> = times_changed(stage).into_iter().filter(|(_, count)| *count != 1).collect();
    assert!(twice.is_empty(), "changed more than once: {twice:?}");
    let parameters = stage.parameters("management", "/pub/storm");
    assert_eq!(parameters.len(), PARAMETERS);
    assert!(parameters.iter().all(|line| line.contains(" v1 ")), "put once: {parameters:?}");
    let accounts = stage.accounts();
    assert_eq!(
        accounts.iter().filter(|line| line.starts_with("storm-") && line.ends_with(" in Dev")).count(),
        ACCOUNTS
    );
    assert_eq!(stage.calls("organizations", "CreateAccount"), ACCOUNTS);
    assert_eq!(stage.commands().len(), HOSTS);
    for gate in Gate::ALL {
        stage.wait_until_empty(gate);
        assert_eq!(stage.dead(gate), Vec::<String>::new());
    }
}

fn tell(proxy: &Proxy, asks: &Asks, moments: &[(&str, Option<Duration>)]) {
    let mut table: BTreeMap<Fault, u64> = BTreeMap::new();
    for ((_, _, fault), count) in proxy.counts() {
        *table.entry(fault).or_default() += count;
    }
    eprintln!("{} requests, {} calls", asks.len(), table.values().sum::<u64>());
    for (fault, count) in &table {
        eprintln!("  {:<15} {count:>7}", fault.to_string());
    }
    for (what, moment) in moments {
        eprintln!("  {what:<15} {:>6.1} s", moment.map_or(0.0, |it| it.as_secs_f64()));
    }
}
