//! What grows: names in a table, settings in an image, policies in a gate, bytes in an event; and what a gate takes of the
//! machine before anybody asks.

use crate::{DNS_EVENT, Measured, delivery, measure, peers_table};
use anyhow::{Context, Result, anyhow, ensure};
use dns_allowlist::name::Scope;
use reeve::loader::Loader;
use reeve_engine::{Gate, Policy, PolicySet};
use reeve_model::{Digest, Timestamp};
use reeve_sandbox::{Dataset, Datasets, Index, Limits, MEMORY_BYTES_MAX, Plugin, Sandbox};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Names in a table.
pub(crate) const NAMES: [usize; 3] = [100, 10_000, 1_000_000];
/// Policies in a gate.
const POLICIES: [usize; 4] = [1, 10, 100, 1_000];
/// Changes in an event; the last is what a gate takes in one request unless it says otherwise.
const CHANGES: [usize; 3] = [1, 10, 100];
/// Bytes of an event: from a usual one to nearly the most that a gate reads.
const EVENT_BYTES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Seconds over which decisions are counted.
const THROUGHPUT_SECONDS: u64 = 5;
/// Starts of a process.
const STARTS: usize = 21;
/// Text in settings for each name, bytes: as a list of owners in JSON has.
const SETTINGS_BYTES_PER_NAME: usize = 27;

/// Bytes that this process holds in memory.
pub(crate) fn resident_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>().context("VmRSS")? * 1_024)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of memory, far below 2^52")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The table of owners of so many names, as `dns-allowlist` is granted it.
pub(crate) fn owners_table(names: usize) -> Result<Dataset> {
    let rows = peers_table(names).map(|(name, account, scope)| {
        let scope = match scope {
            Scope::Exact => "exact",
            Scope::Subtree => "subtree",
            Scope::Below => "below",
        };
        (name, [format!("{account} {scope}")])
    });
    Ok(Dataset::new(Index::Names, rows)?)
}

/// The gate with one policy in the place of all others.
fn only(gate: &Gate, id: &str, plugin: Plugin) -> Result<()> {
    let set = gate.policies.current();
    let policy = set.policies.iter().find(|policy| policy.id == id).context("the policy")?;
    let policy = Policy { plugin: Arc::new(plugin), ..policy.clone() };
    gate.policies.replace(Arc::new(PolicySet { digest: set.digest.clone(), policies: vec![policy] }));
    Ok(())
}

fn plugin_bytes(root: &Path, name: &str) -> Result<Vec<u8>> {
    std::fs::read(root.join("target/plugins").join(format!("{name}.wasm"))).context("the plugin")
}

fn snapshots() -> Result<Sandbox> {
    Ok(Sandbox::new().and_then(Sandbox::with_snapshots)?)
}

/// The part of a decision that is the same for every request and every rule: an instance is made, and made fresh again.
pub(crate) fn instance(root: &Path) -> Result<()> {
    let bytes = plugin_bytes(root, "sender-trust")?;
    let plugin = snapshots()?.load(&bytes, crate::SENDER_TRUST_SETTINGS, Datasets::default(), Limits::default());
    let plugin = plugin.map_err(|fault| anyhow!("{fault}"))?;
    let cost = measure(|| assert!(plugin.instantiate().is_ok()));
    println!("{:<44} {:>9.2} {:>9.2}", "an instance of sender-trust alone", cost.p50_us, cost.p99_us);
    Ok(())
}

/// One policy, over tables of names.
pub(crate) fn names(root: &Path, now: Timestamp) -> Result<Vec<(usize, Measured)>> {
    println!(
        "\ndns-allowlist, one change, by names in its table (dataset), and an image that holds as many bytes of settings"
    );
    println!(
        "{:>10} {:>10} {:>10} {:>9} {:>9}   {:>10} {:>10} {:>9} {:>9}",
        "names", "load ms", "MiB more", "p50 us", "p99 us", "load ms", "MiB more", "p50 us", "p99 us"
    );
    let mut all = Vec::new();
    let (bytes, hostile) = (plugin_bytes(root, "dns-allowlist")?, plugin_bytes(root, "hostile")?);
    for names in NAMES {
        let sandbox = snapshots()?;
        // What is compiled once, whatever the table, is no part of the figure.
        sandbox
            .load(&bytes, "{}", Datasets::new([("owners".to_owned(), owners_table(1)?)]), Limits::default())
            .map_err(|it| anyhow!("{it}"))?;
        let (begin, before) = (Instant::now(), resident_bytes()?);
        let datasets = Datasets::new([("owners".to_owned(), owners_table(names)?)]);
        let plugin = sandbox.load(&bytes, "{}", datasets, Limits::default()).map_err(|fault| anyhow!("{fault}"))?;
        let (load, more) = (begin.elapsed(), resident_bytes()?.saturating_sub(before));
        let gate = crate::gate(root, false)?;
        only(&gate, "dns-allowlist", plugin)?;
        let story = gate.judge(&delivery(DNS_EVENT), now);
        ensure!(story.decision.permitted(), "denied: {:?}", story.decision.reasons());
        let asked = story.policies.first().context("asked")?.clone();
        let detail = story.event.as_ref().context("an event")?.detail_canonical();
        let request = story.request(&asked, detail).context("a request")?;
        let set = gate.policies.current();
        let policy = set.policies.first().context("a policy")?;
        let table = measure(|| drop(policy.plugin.ask(&request)));
        let settings = format!("{{\"text\":\"{}\"}}", "x".repeat(names * SETTINGS_BYTES_PER_NAME));
        let (begin, before) = (Instant::now(), resident_bytes()?);
        let limits = Limits { memory_bytes: MEMORY_BYTES_MAX, timeout_ms: 60_000, ..Limits::default() };
        let tables = Datasets::new([("x".to_owned(), owners_table(1)?)]);
        let image = sandbox.load(&hostile, &settings, tables, limits).map_err(|fault| anyhow!("{fault}"))?;
        let (image_load, image_more) = (begin.elapsed(), resident_bytes()?.saturating_sub(before));
        let image = measure(|| drop(image.ask(&request)));
        println!(
            "{names:>10} {:>10.1} {:>10.1} {:>9.2} {:>9.2}   {:>10.1} {:>10.1} {:>9.2} {:>9.2}",
            millis(load),
            mib(more),
            table.p50_us,
            table.p99_us,
            millis(image_load),
            mib(image_more),
            image.p50_us,
            image.p99_us
        );
        all.push((names, table));
    }
    Ok(all)
}

/// A gate of many policies, each with settings of its own, of which one judges the request.
pub(crate) fn policies(root: &Path, now: Timestamp) -> Result<()> {
    println!("\nsender-trust so many times, each with other settings; one of them is asked");
    println!("{:>10} {:>12} {:>14} {:>9} {:>9}", "policies", "load ms each", "MiB more each", "p50 us", "p99 us");
    let bytes = plugin_bytes(root, "sender-trust")?;
    let gate = crate::gate(root, false)?;
    let model = gate
        .policies
        .current()
        .policies
        .iter()
        .find(|policy| policy.id == "sender-trust")
        .context("the policy")?
        .clone();
    for count in POLICIES {
        let sandbox = snapshots()?;
        let (begin, before) = (Instant::now(), resident_bytes()?);
        let policy = |number: usize| {
            let settings =
                format!(r#"{{"kinds":{{"DNS_RECORD_CHANGE":"dev","K{number}":"dev"}},"tiers":["dev","infra"]}}"#);
            let plugin = sandbox.load(&bytes, &settings, Datasets::default(), Limits::default());
            let plugin = Arc::new(plugin.map_err(|fault| anyhow!("{fault}"))?);
            let kinds = (number > 0).then(|| vec!["SCP_UPDATE".to_owned()]);
            Ok(Policy { id: format!("p{number:04}"), kinds, plugin, ..model.clone() })
        };
        let policies = (0..count).map(policy).collect::<Result<Vec<_>>>()?;
        let (load, more) = (begin.elapsed(), resident_bytes()?.saturating_sub(before));
        gate.policies.replace(Arc::new(PolicySet { digest: Digest::of(b"bench"), policies }));
        let body = delivery(DNS_EVENT);
        ensure!(gate.judge(&body, now).decision.permitted(), "denied");
        let judged = measure(|| drop(std::hint::black_box(gate.judge(&body, now))));
        let each = f64::from(u32::try_from(count)?);
        println!(
            "{count:>10} {:>12.1} {:>14.2} {:>9.2} {:>9.2}",
            millis(load) / each,
            mib(more) / each,
            judged.p50_us,
            judged.p99_us
        );
    }
    Ok(())
}

/// The whole line, by changes in the event.
pub(crate) fn events(root: &Path, now: Timestamp) -> Result<()> {
    println!("\nevent bytes to decision, receipt included, by changes in the event");
    println!(
        "{:>10} {:>10} {:>11} {:>11} {:>11} {:>7}",
        "changes", "bytes", "wasm p50", "wasm p99", "nat. p50", "ratio"
    );
    let (wasm, native) = (crate::gate(root, false)?, crate::gate(root, true)?);
    for count in CHANGES {
        let change = |number: usize| {
            format!(
                r#"{{"action":"UPSERT","name":"w{number}.foo.example.com","type":"A","ttl":300,"values":["192.0.2.10","192.0.2.11"]}}"#
            )
        };
        let changes = (0..count).map(change).collect::<Vec<_>>().join(",");
        let (head, tail) = DNS_EVENT.split_once("\"changes\":[").context("changes")?;
        let tail = tail.split_once("}]").context("changes")?.1;
        let event = format!("{head}\"changes\":[{changes}]{tail}");
        let body = delivery(&event);
        // The host's own bound on changes would refuse the largest before a policy is asked.
        let asked = wasm.judge(&body, now).policies.len();
        ensure!(asked == 3, "{count} changes: {asked} policies are asked");
        let cost = |gate: &Gate| measure(|| drop(std::hint::black_box(gate.judge(&body, now).seal(None).into_line())));
        let (sandboxed, plain) = (cost(&wasm), cost(&native));
        println!(
            "{count:>10} {:>10} {:>11.2} {:>11.2} {:>11.2} {:>7.1}",
            event.len(),
            sandboxed.p50_us,
            sandboxed.p99_us,
            plain.p50_us,
            sandboxed.p50_us / plain.p50_us
        );
    }
    bytes(&wasm, &native, now)
}

/// The whole line, by bytes of an event that holds one long text. Two of the policies judge every kind.
fn bytes(wasm: &Gate, native: &Gate, now: Timestamp) -> Result<()> {
    println!("\nthe same, by bytes of an event of a team's own kind, two policies");
    println!("{:>10} {:>11} {:>11} {:>11} {:>7}", "bytes", "wasm p50", "wasm p99", "nat. p50", "ratio");
    let (head, _) = DNS_EVENT.split_once("\"changes\":[").context("changes")?;
    let head = head.replace("DNS_RECORD_CHANGE", "NOTE");
    for bytes in EVENT_BYTES {
        let text = "x".repeat(bytes.saturating_sub(head.len() + "\"text\":\"\"}}".len()));
        let body = delivery(&format!("{head}\"text\":\"{text}\"}}}}"));
        let story = wasm.judge(&body, now);
        let answered = |it: &reeve_engine::AskedPolicy| matches!(it.answer.answer, reeve_model::Answer::Verdict(_));
        ensure!(body.body.len() == bytes && story.policies.len() == 2, "{bytes}: {:?}", story.decision.reasons());
        ensure!(story.policies.iter().all(answered), "{bytes}: {:?}", story.decision.reasons());
        let cost = |gate: &Gate| measure(|| drop(std::hint::black_box(gate.judge(&body, now).seal(None).into_line())));
        let (sandboxed, plain) = (cost(wasm), cost(native));
        println!(
            "{bytes:>10} {:>11.2} {:>11.2} {:>11.2} {:>7.1}",
            sandboxed.p50_us,
            sandboxed.p99_us,
            plain.p50_us,
            sandboxed.p50_us / plain.p50_us
        );
    }
    Ok(())
}

/// Decisions a second, with receipts, on one thread and on two.
pub(crate) fn throughput(root: &Path, now: Timestamp) -> Result<()> {
    println!("\ndecisions a second with three policies, receipt included");
    let gate = crate::gate(root, false)?;
    for threads in [1_u64, 2] {
        let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let body = delivery(DNS_EVENT);
                    while !done.load(Ordering::Relaxed) {
                        drop(std::hint::black_box(gate.judge(&body, now).seal(None).into_line()));
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_secs(THROUGHPUT_SECONDS));
            done.store(true, Ordering::Relaxed);
        });
        println!("{threads:>10} threads {:>10}", count.load(Ordering::Relaxed) / THROUGHPUT_SECONDS);
    }
    Ok(())
}

/// A process of its own: `resident`, for [`starts`].
pub(crate) fn resident(root: &Path, now: Timestamp) -> Result<()> {
    let loader = Loader::serving().map_err(|failure| anyhow!("{failure}"))?;
    let wired =
        reeve::wiring::gate_in(&root.join("bench/gate.yaml"), &loader).map_err(|failure| anyhow!("{failure}"))?;
    drop(wired.gate.judge(&delivery(DNS_EVENT), now));
    println!("{} {}", loader.sandbox.compilations(), resident_bytes()?);
    Ok(())
}

/// From the start of a process with a warm cache to its first decision and its end.
pub(crate) fn starts() -> Result<()> {
    let cache = tempfile::tempdir()?;
    let start = || -> Result<(Duration, String)> {
        let begin = Instant::now();
        let program = std::env::current_exe()?;
        let run = std::process::Command::new(program)
            .arg("resident")
            .env("REEVE_CACHE", cache.path().join("cache"))
            .env("REEVE_CACHE_KEY", cache.path().join("key"))
            .output()?;
        ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        Ok((begin.elapsed(), String::from_utf8(run.stdout)?))
    };
    let (cold, told) = start()?;
    let mut warm = (0..STARTS).map(|_| start()).collect::<Result<Vec<_>>>()?;
    warm.sort_by_key(|it| it.0);
    let (middle, last) = warm.get(STARTS / 2).context("starts")?;
    let (compilations, bytes) = last.trim().split_once(' ').context("two figures")?;
    println!("\nprocess start to first decision and exit, three policies");
    println!(
        "{:<44} {:>9.1} ms, compiler ran {} times",
        "cold cache",
        millis(cold),
        told.split(' ').next().unwrap_or("?")
    );
    println!(
        "{:<44} {:>9.1} ms, compiler ran {compilations} times, {:.1} MiB resident",
        "warm cache, median",
        millis(*middle),
        mib(bytes.parse()?)
    );
    Ok(())
}

/// An EventBridge pattern over a parsed event.
pub(crate) fn pattern() -> Result<()> {
    let pattern =
        r#"{"source":["app.infra"],"account":["111122223333","444455556666"],"detail-type":["DNS_RECORD_CHANGE"]}"#;
    let options = reeve_json::Options { bytes_max: 1_000_000, depth_max: 64, strings: reeve_json::StringRule::Any };
    let read = |text: &str| {
        reeve_json::parse(text.as_bytes(), &options).map(|node| node.value).map_err(|error| anyhow!("{error}"))
    };
    let compiled = reeve_pattern::Pattern::compile(&read(pattern)?).map_err(|error| anyhow!("{error}"))?;
    let event = read(DNS_EVENT)?;
    ensure!(compiled.matches(&event), "the pattern matches");
    // Too short to be timed one by one.
    const TIMES: u32 = 1_000;
    let many = measure(|| assert!((0..TIMES).all(|_| compiled.matches(std::hint::black_box(&event)))));
    println!("\n{:<44} {:>9.3} us", "EventBridge pattern: source, account, type", many.p50_us / f64::from(TIMES));
    Ok(())
}
