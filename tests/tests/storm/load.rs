//! Sustained requests on one zone, told as a table: calls per request and requests per second, with and without
//! coalescing, and the memory of the gate.

use crate::ask::{Ask, Asks, check_answers};
use reeve_tests::emulator::Emulator;
use reeve_tests::reeve::Serve;
use reeve_tests::stage::{Gate, Options, Settings, Stage};
use std::time::{Duration, Instant};

/// Record sets that are changed again and again: few enough for one page of a list.
const NAMES: usize = 128;
/// Requests of one half with coalescing.
const HALF: usize = 256;
/// Requests without: one after the other.
const ALONE: usize = 48;
/// Most that a gate's memory may grow from one half of the requests to the other, KiB.
const GROWTH_KIB_MAX: u64 = 24 * 1_024;
/// Longest time for one half, seconds.
const PATIENCE_SECONDS: u64 = 120;
const BRAKES: &str = "{ changes-per-hour: 1000000, changes-per-account-hour: 1000000, changes-per-zone-hour: 1000000, zone-share: 100% }";

/// What one half was like.
struct Half {
    requests: usize,
    changes: f64,
    route53: usize,
    seconds: f64,
    rss_kib: u64,
}

/// Asks for so many changes at once and waits until all are answered. `value` tells the halves apart.
fn half(stage: &Stage<'_>, serve: &Serve, count: usize, value: &str) -> Half {
    let before = serve.metric("reeve_dns_change_calls_total");
    let read = stage.emulator.calls("route53", "ListResourceRecordSets").len();
    let asks = (0..count).map(|number| Ask::dns_allowed(stage, number % NAMES, &format!("{value}.{}", number / NAMES)));
    let asks = Asks::new(stage, asks.collect());
    let began = Instant::now();
    asks.send(stage);
    while asks.answered(stage) < asks.len() {
        assert!(began.elapsed() < Duration::from_secs(PATIENCE_SECONDS), "{} answered", asks.answered(stage));
        std::thread::sleep(Duration::from_millis(20));
    }
    let seconds = began.elapsed().as_secs_f64();
    check_answers(stage, &asks);
    let changes = serve.metric("reeve_dns_change_calls_total") - before;
    let route53 = stage.emulator.calls("route53", "ListResourceRecordSets").len() - read;
    Half { requests: count, changes, route53, seconds, rss_kib: rss_kib(serve.id()) }
}

/// Resident memory of a process.
fn rss_kib(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process of ours");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

#[test]
fn many_requests_of_one_zone_share_calls_and_memory_stays() {
    let _alone = crate::alone();
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options { receive_max: 1_000, ..Options::default() });
    let settings = |instance: &str, in_flight| Settings {
        instance: instance.to_owned(),
        in_flight: Some(in_flight),
        brakes: Some(BRAKES.to_owned()),
        ..Settings::default()
    };
    let alone = {
        let serve = stage.gate_with(Gate::Dns, &settings("-alone", 1));
        half(&stage, &serve, ALONE, "198.51.100")
    };
    let serve = stage.gate_with(Gate::Dns, &settings("-together", 128));
    let first = half(&stage, &serve, HALF, "192.0.2");
    let second = half(&stage, &serve, HALF, "203.0.113");
    eprintln!(
        "{:<22} {:>8} {:>8} {:>8} {:>9} {:>8} {:>9}",
        "", "requests", "changes", "lists", "req/call", "req/s", "RSS MiB"
    );
    for (label, half) in [("in-flight 1", &alone), ("in-flight 128, first", &first), ("in-flight 128, second", &second)]
    {
        let requests = f64::from(u32::try_from(half.requests).expect("few"));
        eprintln!(
            "{label:<22} {:>8} {:>8} {:>8} {:>9.1} {:>8.1} {:>9}",
            half.requests,
            half.changes,
            half.route53,
            requests / half.changes,
            requests / half.seconds,
            half.rss_kib / 1_024
        );
    }
    assert!((alone.changes - 48.0).abs() < 0.5, "one call for each request: {}", alone.changes);
    for half in [&first, &second] {
        let requests = f64::from(u32::try_from(half.requests).expect("few"));
        assert!(half.changes < requests, "{} calls for {requests} requests", half.changes);
    }
    let grown = second.rss_kib.saturating_sub(first.rss_kib);
    assert!(grown < GROWTH_KIB_MAX, "grown by {grown} KiB");
}
