//! What a decision costs, beside the same rules compiled natively, in one run.
//!
//! `cargo xtask bench` prints a table: medians and 99th percentiles in microseconds of wall clock, on one thread, and
//! the ratio to native; and instructions per decision where the machine counts them. Nothing is asserted: a figure is a
//! figure of the machine it was taken on.
#![expect(clippy::print_stdout, reason = "the table is the output")]

mod limits;
mod native;
#[cfg(feature = "peers")]
mod peers;
#[cfg(feature = "peers")]
mod plot;
mod scp;
mod sizes;

use anyhow::{Context, Result, anyhow, ensure};
use dns_allowlist::name::Scope;
use native::{Native, owners};
use perf_event::Builder;
use perf_event::events::Hardware;
use reeve::loader::Loader;
use reeve_accounts::Accounts;
use reeve_engine::{Delivery, Gate, PolicySet};
use reeve_model::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Decisions before the clock starts: caches, pool and branch predictor settle.
const WARM_UP: usize = 500;
/// Most decisions that are timed, one by one.
const ROUNDS_MAX: usize = 20_000;
/// How long one figure is measured at most, seconds: one that takes milliseconds needs no thousands of rounds.
const FIGURE_SECONDS_MAX: u64 = 10;
/// Decisions over which instructions are counted, unless they take long.
const COUNTED: u64 = 2_000;

/// A request of one change, in the form in which EventBridge delivers it.
const DNS_EVENT: &str = r#"{"version":"0","id":"687754b2-abd6-3ae6-ae2d-f98bd134512e","detail-type":"DNS_RECORD_CHANGE","source":"app.infra","account":"111122223333","time":"2026-11-21T11:59:00Z","region":"ap-southeast-2","resources":[],"detail":{"nonce":"687754b2-abd6-3ae6-ae2d-f98bd134512e","dryrun":false,"changes":[{"action":"UPSERT","name":"web.foo.example.com","type":"A","ttl":300,"values":["192.0.2.10"]}]}}"#;

/// Settings of `sender-trust`.
const SENDER_TRUST_SETTINGS: &str =
    r#"{"kinds":{"DNS_RECORD_CHANGE":"dev","SCP_UPDATE":"dev"},"tiers":["dev","standard","infra","audit","cicd"]}"#;

struct Measured {
    p50_us: f64,
    p99_us: f64,
    instructions: Option<u64>,
}

fn measure(mut once: impl FnMut()) -> Measured {
    let begin = Instant::now();
    let in_time = || begin.elapsed().as_secs() < FIGURE_SECONDS_MAX;
    (0..WARM_UP).take_while(|_| in_time()).for_each(|_| once());
    let begin = Instant::now();
    let in_time = || begin.elapsed().as_secs() < FIGURE_SECONDS_MAX;
    let mut nanos: Vec<u128> = (0..ROUNDS_MAX)
        .take_while(|&round| round == 0 || in_time())
        .map(|_| {
            let start = Instant::now();
            once();
            start.elapsed().as_nanos()
        })
        .collect();
    nanos.sort_unstable();
    let all = nanos.len() == ROUNDS_MAX;
    let at = |share: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list of 20,000, and nanoseconds far below 2^52"
        )]
        nanos.get((share * (nanos.len() as f64 - 1.0)) as usize).map_or(0.0, |nanos| *nanos as f64 / 1_000.0)
    };
    Measured { p50_us: at(0.5), p99_us: at(0.99), instructions: if all { instructions(&mut once) } else { None } }
}

/// User-space instructions per call, where the kernel and the machine count them.
fn instructions(once: &mut impl FnMut()) -> Option<u64> {
    let mut counter = Builder::new(Hardware::INSTRUCTIONS).exclude_kernel(true).build().ok()?;
    counter.enable().ok()?;
    (0..COUNTED).for_each(|_| once());
    counter.disable().ok()?;
    Some(counter.read().ok()? / COUNTED).filter(|&count| count > 0)
}

fn row(name: &str, wasm: &Measured, native: &Measured) {
    let ratio = wasm.p50_us / native.p50_us;
    let count = match (wasm.instructions, native.instructions) {
        (Some(wasm), Some(native)) => format!("{wasm:>9} {native:>9}"),
        (_, _) => format!("{:>9} {:>9}", "-", "-"),
    };
    println!(
        "{name:<44} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {ratio:>7.1} {count}",
        wasm.p50_us, wasm.p99_us, native.p50_us, native.p99_us
    );
}

/// The gate with every policy judging every kind, so that three are asked; its plugins native or in the sandbox.
fn gate(root: &Path, native: bool) -> Result<Gate> {
    let failed = |failure: reeve::exit::Failure| anyhow!("{failure}");
    let loader = Loader::serving().map_err(failed)?;
    let wired = reeve::wiring::gate_in(&root.join("bench/gate.yaml"), &loader).map_err(failed)?;
    ensure!(wired.faults.is_empty(), "a plugin was not loaded: {:?}", wired.faults);
    let gate = wired.gate;
    let set = gate.policies.current();
    let mut policies = set.policies.clone();
    let accounts = std::fs::read_to_string(root.join("policies/examples/accounts.yaml")).context("accounts")?;
    let accounts = Accounts::parse("accounts.yaml", &accounts).map_err(|errors| anyhow!("{errors:?}"))?;
    for policy in &mut policies {
        // `dns-allowlist` judges DNS requests alone; the others say that a request is none of theirs.
        if policy.id != "dns-allowlist" {
            policy.kinds = None;
            // Nor do they need what they would be told of an organization.
            policy.needs.clear();
        }
        if native {
            policy.plugin = Arc::new(native_plugin(&policy.id, &accounts)?);
        }
    }
    gate.policies.replace(Arc::new(PolicySet { digest: set.digest.clone(), policies }));
    Ok(gate)
}

fn native_plugin(policy: &str, accounts: &Accounts) -> Result<Native> {
    let refused = |reasons: Vec<reeve_sdk::Reason>| anyhow!("{reasons:?}");
    Ok(match policy {
        "sender-trust" => {
            Native::SenderTrust(sender_trust::rules::Settings::parse(SENDER_TRUST_SETTINGS).map_err(refused)?)
        }
        "dns-allowlist" => {
            let settings = dns_allowlist::rules::Settings::parse("{}").map_err(refused)?;
            Native::DnsAllowlist(settings, owners(accounts))
        }
        _ => Native::ScpValidation(scp_validation::policy::Settings::parse("{}").map_err(refused)?),
    })
}

fn delivery(body: &str) -> Delivery {
    Delivery { body: body.as_bytes().to_vec(), origin: "bench".to_owned(), verified: true, content_type: None }
}

/// One policy alone, on the request that the line hands it.
fn per_policy(wasm: &Gate, native: &Gate, now: Timestamp) -> Result<()> {
    for (sandboxed, plain) in wasm.policies.current().policies.iter().zip(&native.policies.current().policies) {
        let request = Frozen::new(wasm, &sandboxed.id, now)?;
        let in_sandbox = measure(|| drop(request.with(|it| sandboxed.plugin.ask(it))));
        let natively = measure(|| drop(request.with(|it| plain.plugin.ask(it))));
        let fuel = request.with(|it| sandboxed.plugin.ask(it)).fuel;
        row(&format!("{} (fuel {fuel})", sandboxed.id), &in_sandbox, &natively);
    }
    Ok(())
}

/// What one policy was asked in a judged story, to be asked again.
struct Frozen {
    story: reeve_engine::Story,
    detail: String,
    asked: reeve_engine::AskedPolicy,
}

impl Frozen {
    fn new(gate: &Gate, policy: &str, now: Timestamp) -> Result<Self> {
        let story = gate.judge(&delivery(DNS_EVENT), now);
        let asked =
            story.policies.iter().find(|asked| asked.answer.policy == policy).context("the policy was asked")?;
        let detail = story.event.as_ref().context("an event")?.detail_canonical().to_owned();
        Ok(Self { detail, asked: asked.clone(), story })
    }

    fn with(&self, ask: impl FnOnce(&reeve_model::Request<'_>) -> reeve_engine::Asked) -> reeve_engine::Asked {
        let request = self.story.request(&self.asked, &self.detail);
        ask(&request.unwrap_or_else(|| unreachable!("the story was judged to its end")))
    }
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?.to_owned();
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().context("the moment")?;
    match std::env::args().nth(1).as_deref() {
        None => all(&root, now),
        Some("sizes") => sizes(&root, now),
        Some("limits") => limits::run(&root, now),
        Some("peers") => beside_others(&root, now),
        Some("resident") => sizes::resident(&root, now),
        Some("line") => line(&root, now),
        Some("scp") => scp::run(&root, now),
        Some("profile") => profile(&root, now),
        Some(other) => {
            Err(anyhow!("there is no part `{other}`: `line`, `sizes`, `limits`, `peers`, `scp`, or none for all"))
        }
    }
}

fn all(root: &Path, now: Timestamp) -> Result<()> {
    line(root, now)?;
    sizes(root, now)?;
    limits::run(root, now)?;
    beside_others(root, now)?;
    scp::run(root, now)
}

fn sizes(root: &Path, now: Timestamp) -> Result<()> {
    sizes::starts()?;
    sizes::pattern()?;
    sizes::throughput(root, now)?;
    sizes::events(root, now)?;
    sizes::names(root, now)?;
    sizes::policies(root, now)
}

/// Names with their owners, for tables of any size; one of them is what [`DNS_EVENT`] asks for.
pub(crate) fn peers_table(names: usize) -> impl Iterator<Item = (String, String, Scope)> {
    let first = ("foo.example.com".to_owned(), "111122223333".to_owned(), Scope::Subtree);
    let others = (1..names).map(|number| {
        let scope = match number % 3 {
            0 => Scope::Subtree,
            1 => Scope::Below,
            _ => Scope::Exact,
        };
        (format!("n{number}.example.com"), (200_000_000_000 + number / 10).to_string(), scope)
    });
    std::iter::once(first).chain(others)
}

#[cfg(not(feature = "peers"))]
fn beside_others(_: &Path, _: Timestamp) -> Result<()> {
    println!("\nother engines: build with `--features peers`, as `cargo xtask bench` does");
    Ok(())
}

/// The same decision by other engines, in this run, and the plots of the documentation.
#[cfg(feature = "peers")]
fn beside_others(root: &Path, now: Timestamp) -> Result<()> {
    let ours = sizes::names(root, now)?;
    let mut series = vec![plot::Series { name: "reeve, fresh instance".to_owned(), points: Vec::new() }];
    let mut bars = Vec::new();
    println!("\none DNS decision, event bytes to answer; reeve's is the policy alone, in a fresh instance");
    println!("{:<36} {:>10} {:>9} {:>9}", "", "names", "p50 us", "p99 us");
    for (names, measured) in &ours {
        println!("{:<36} {names:>10} {:>9.2} {:>9.2}", "reeve", measured.p50_us, measured.p99_us);
        let at = f64::from(u32::try_from(*names)?);
        series.first_mut().context("a series")?.points.push((at, measured.p50_us));
        let owners = peers::table(*names);
        for mut peer in [peers::native(&owners), peers::regorus(&owners)?, peers::cedar(&owners)?] {
            ensure!(peer.decide(DNS_EVENT.as_bytes()), "{} denies", peer.name());
            let cost = measure(|| assert!(std::hint::black_box(peer.decide(DNS_EVENT.as_bytes()))));
            println!("{:<36} {names:>10} {:>9.2} {:>9.2}", peer.name(), cost.p50_us, cost.p99_us);
            match series.iter_mut().find(|it| it.name == peer.name()) {
                Some(line) => line.points.push((at, cost.p50_us)),
                None => series.push(plot::Series { name: peer.name().to_owned(), points: vec![(at, cost.p50_us)] }),
            }
        }
    }
    for line in &series {
        bars.extend(line.points.last().map(|point| (line.name.clone(), point.1)));
    }
    let folder = root.join("docs/bench");
    std::fs::create_dir_all(&folder)?;
    let write =
        |name: &str, text: String| std::fs::write(folder.join(name), text).with_context(|| format!("writing {name}"));
    write(
        "names.svg",
        plot::line_plot("One DNS decision by names in the list", "names", "p50, microseconds", true, &series),
    )?;
    write("engines.svg", plot::bars("One DNS decision, a million names", "us", &bars))
}

/// Seconds for which a profiler can look on.
const PROFILE_SECONDS: u64 = 20;

/// One thing over and over, for a profiler: `profile wasm|native judge|seal|POLICY`.
fn profile(root: &Path, now: Timestamp) -> Result<()> {
    let what: Vec<String> = std::env::args().skip(2).collect();
    let gate = gate(root, what.first().is_some_and(|it| it == "native"))?;
    let seal = what.get(1).is_some_and(|it| it == "seal");
    let body = delivery(DNS_EVENT);
    let set = gate.policies.current();
    let policy = set.policies.iter().find(|policy| what.get(1) == Some(&policy.id));
    let frozen =
        policy.map(|policy| Ok::<_, anyhow::Error>((policy, Frozen::new(&gate, &policy.id, now)?))).transpose()?;
    let once = || match &frozen {
        Some((policy, request)) => drop(request.with(|it| policy.plugin.ask(it))),
        None => {
            let story = gate.judge(&body, now);
            if seal {
                drop(std::hint::black_box(story.seal(None).into_line()));
            }
        }
    };
    let begin = Instant::now();
    let mut rounds: u64 = 0;
    while begin.elapsed().as_secs() < PROFILE_SECONDS {
        (0..100).for_each(|_| once());
        rounds += 100;
    }
    println!("{:.2} us each", begin.elapsed().as_secs_f64() * 1e6 / rounds as f64);
    Ok(())
}

/// The line from an event to a decision, and each policy alone.
fn line(root: &Path, now: Timestamp) -> Result<()> {
    let (wasm, native) = (gate(root, false)?, gate(root, true)?);
    for (gate, what) in [(&wasm, "in the sandbox"), (&native, "natively")] {
        let story = gate.judge(&delivery(DNS_EVENT), now);
        ensure!(story.decision.permitted(), "the request is denied {what}: {:?}", story.decision.reasons());
        ensure!(story.policies.len() == 3, "three policies are asked {what}");
    }
    println!(
        "microseconds of wall clock, one thread, up to {ROUNDS_MAX} rounds and {FIGURE_SECONDS_MAX} s each; instructions in user space\n"
    );
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9} {:>9}",
        "", "wasm p50", "wasm p99", "nat. p50", "nat. p99", "ratio", "wasm ins", "nat. ins"
    );
    let body = delivery(DNS_EVENT);
    let line = |gate: &Gate| measure(|| drop(std::hint::black_box(gate.judge(&body, now))));
    row("event bytes to decision, three policies", &line(&wasm), &line(&native));
    let sealed = |gate: &Gate| measure(|| drop(std::hint::black_box(gate.judge(&body, now).seal(None).into_line())));
    row("the same, receipt included", &sealed(&wasm), &sealed(&native));
    per_policy(&wasm, &native, now)?;
    sizes::instance(root)
}
