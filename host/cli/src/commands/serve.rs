//! `reeve serve`, and the same binary as a Lambda function.

use crate::checks::{self, Check, Ended};
use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::parameters::{OfFunction, Parameters};
use crate::swap::{self, Swap, Swaps};
use crate::ui::Ui;
use crate::wiring::{Opened, Wired};
use crate::{Outcome, live, wiring};
use anyhow::Context;
use clap::Args;
use reeve_aws::client::Aws;
use reeve_config::{HttpFile, LedgerFile, SourceFile, SqsFile};
use reeve_model::Region;
use reeve_serve::{Desk, HttpSource, Metrics, SqsSource, Telemetry, Trusted};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

/// The variable that names the gate file of a function.
const GATE_FILE: &str = "REEVE_GATE";
/// The gate file of a function that names none, in the folder of its code.
const GATE_FILE_DEFAULT: &str = "gate.yaml";
/// The variable that names the folder of a function's code.
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";

/// Run a gate: take requests from its sources, act, reply
///
/// Before the first request, the policy of every queue and function that vouches for senders is read; a source that
/// lets anybody in but its declared rules stops the gate. On SIGTERM or Ctrl-C nothing more is taken, and what is in
/// hand is finished.
///
/// The policies, with all that belongs to them, and the accounts file are read again when a file or a parameter of a
/// table changes, or on SIGHUP: the new set is loaded and its cases are run, and only then it takes the place of the old
/// one. Whatever fails, the old one goes on. SIGUSR1 goes back to the set before.
///
/// Logs are JSON lines on standard error (`REEVE_LOG` sets what is told); health, readiness and metrics are on the
/// address of `serve: { listen }`; traces go where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The gate file
    #[arg(long, short, value_name = "FILE", default_value = "gate.yaml")]
    gate: PathBuf,

    /// Judge and reply, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Serves until it is told to stop.
///
/// # Errors
/// When the gate file is wrong, a check refuses, or a listener fails.
pub fn run(args: &ServeArgs, ui: &Ui) -> Outcome {
    let loader = Loader::serving()?;
    let opened = wiring::open(&args.gate, &loader)?;
    if opened.file.service.sources.is_empty() {
        return Err(Failure::new("the gate file has no `sources`: nothing could ask this gate")
            .hint("write `sources: [sqs: { queue: URL, verified-by: RULE }]`"));
    }
    let (runtime, aws) = connect(&opened)?;
    let parameters = Parameters::live(aws.clone(), opened.file.account.clone());
    let wired = opened.wire(&loader, &parameters)?;
    let swap = Swap::new(&args.gate, loader, parameters, &wired);
    start(wired, (runtime, aws), args.dry_run, ui, Mode::Server(Box::new(swap)))
}

/// Serves the invocations of a Lambda function.
///
/// # Errors
/// As [`run`].
pub fn bootstrap(ui: &Ui) -> Outcome {
    let root = std::env::var_os(TASK_ROOT).map(PathBuf::from).unwrap_or_default();
    let file = std::env::var_os(GATE_FILE).map_or_else(|| PathBuf::from(GATE_FILE_DEFAULT), PathBuf::from);
    let loader = Loader::serving()?;
    let opened = wiring::open(&root.join(file), &loader)?;
    let connected = connect(&opened)?;
    let wired = opened.wire(&loader, &Parameters::of(Arc::new(OfFunction)))?;
    if let Some(LedgerFile::Sqlite(_)) = &wired.service.ledger {
        return Err(Failure::new("a function cannot remember in a file: each of its environments has another one")
            .hint("write `ledger: { dynamodb: TABLE }`"));
    }
    start(wired, connected, false, ui, Mode::Function)
}

fn connect(opened: &Opened) -> Result<(Runtime, Aws), Failure> {
    let runtime = live::runtime(opened.file.service.serve.in_flight)?;
    let aws = live::connect(&runtime, &opened.file.region, &opened.file.name);
    Ok((runtime, aws))
}

#[derive(Debug)]
enum Mode {
    Server(Box<Swap>),
    Function,
}

fn start(wired: Wired, (runtime, aws): (Runtime, Aws), dry: bool, ui: &Ui, mode: Mode) -> Outcome {
    for (policy, fault) in &wired.faults {
        ui.warn(&format!("policy `{policy}` denies what it judges: {}: the plugin {fault}", fault.as_str()));
    }
    let serve = wired.service.serve.clone();
    let (sources, region) = (wired.service.sources.clone(), wired.region.clone());
    let checks: Vec<Check> =
        std::iter::once(checks::identity(&aws, &wired.gate.account)).chain(checks::sources(&aws, &wired)).collect();
    refuse(&checks, ui)?;
    let telemetry = {
        let _inside = runtime.enter();
        reeve_serve::start_telemetry(&wired.gate.name).map_err(Failure::new)?
    };
    let live = live::runner(wired, &aws, dry)?;
    let metrics = Metrics::new();
    let (calls, requests) = (live.stats.clone(), live.stats.clone());
    metrics.add_counter("dns_change_calls", "Calls of ChangeResourceRecordSets", move || calls.read().calls);
    metrics.add_counter("dns_change_requests", "Requests that these calls carried", move || requests.read().requests);
    let swaps = Swaps::new(&metrics);
    let desk = Desk::new(live.runner, metrics, usize::try_from(serve.in_flight).unwrap_or(1));
    let served = match mode {
        Mode::Server(swap) => runtime.block_on(async {
            let swapping = tokio::spawn(swap::keep(*swap, swaps));
            let served = server(desk, aws, sources, &serve).await;
            swapping.abort();
            served
        }),
        Mode::Function => {
            let ended = runtime.block_on(reeve_serve::run_lambda(desk, trusted(&sources, &region)));
            ended.map_err(|error| Failure::new(format!("the runtime API failed: {error}"))).map(|()| Exit::Done)
        }
    };
    end(telemetry, runtime);
    served
}

/// The ways into the function on which its declared rules alone deliver.
fn trusted(sources: &[SourceFile], region: &Region) -> Trusted {
    let mut trusted = Trusted::default();
    for source in sources {
        let SourceFile::Lambda(it) = source else { continue };
        match &it.queue {
            _ if it.verified_by.is_empty() => {}
            Some(queue) => trusted.queues.push(checks::queue_arn(region, queue)),
            None => trusted.functions.push(it.function.clone()),
        }
    }
    trusted
}

fn end(telemetry: Telemetry, runtime: Runtime) {
    telemetry.end();
    // What did not finish in time is left to whoever gets its message next.
    runtime.shutdown_background();
}

/// A check that must stop the gate stops it, with every problem told.
fn refuse(checks: &[Check], ui: &Ui) -> Result<(), Failure> {
    let mut failure: Option<String> = None;
    for check in checks {
        if let Ended::Doubtful(why) = &check.ended {
            ui.warn(&format!("{}: {why}", check.what));
        }
        for problem in check.problems() {
            let line = format!("{}: {problem}", check.what);
            failure = Some(failure.map_or(line.clone(), |before| format!("{before}\n{line}")));
        }
    }
    match failure {
        None => Ok(()),
        Some(problems) => Err(Failure::new(problems)
            .hint("`reeve template` prints a stack whose policies admit the gate's own rules and nobody else")),
    }
}

async fn server(desk: Desk, aws: Aws, sources: Vec<SourceFile>, serve: &reeve_config::ServeFile) -> Outcome {
    let ready = Arc::new(AtomicBool::new(false));
    let listener = bind(serve.listen).await?;
    let ops = listener.local_addr().context("failed to read the address of the listener")?;
    let mut listeners: JoinSet<std::io::Result<()>> = JoinSet::new();
    listeners.spawn(reeve_serve::serve_ops(listener, desk.clone(), Arc::clone(&ready)));
    let mut queues: JoinSet<()> = JoinSet::new();
    let mut http = Vec::new();
    for source in sources {
        match source {
            SourceFile::Sqs(SqsFile { queue, verified_by, batch, visibility_seconds }) => {
                let verified = !verified_by.is_empty();
                let source = SqsSource { aws: aws.clone(), queue: queue.url, verified, batch, visibility_seconds };
                queues.spawn(source.run(desk.clone()));
            }
            SourceFile::Http(HttpFile { listen }) => {
                let listener = bind(listen).await?;
                http.push(listener.local_addr().context("failed to read the address of the listener")?.to_string());
                let render = Arc::new(reeve_report::json);
                listeners.spawn(HttpSource { listener, render }.run(desk.clone()));
            }
            // A function's invocations come by the runtime API, to another process.
            SourceFile::Lambda(_) => {}
        }
    }
    ready.store(true, Ordering::Release);
    info!(gate = desk.gate(), ops = %ops, http = http.join(","), "ready");
    let failed = tokio::select! {
        () = stopped() => None,
        ended = listeners.join_next() => ended,
    };
    desk.drain();
    let drained = desk.finished(live::drain_time(serve.drain_seconds)).await;
    if drained {
        // Deletes of what was finished are still to be sent.
        let _ = tokio::time::timeout(live::drain_time(5), queues.join_all()).await;
        info!(gate = desk.gate(), "stopped");
    } else {
        warn!(gate = desk.gate(), "stopped with requests in hand: they will be delivered again");
    }
    match failed {
        None => Ok(Exit::Done),
        Some(ended) => {
            error!("a listener failed");
            let why = ended
                .map_or_else(|error| error.to_string(), |it| it.map_or_else(|e| e.to_string(), |()| "it ended".into()));
            Err(Failure::new(format!("a listener failed: {why}")))
        }
    }
}

async fn bind(address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    Ok(TcpListener::bind(address).await.with_context(|| format!("failed to listen on `{address}`"))?)
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
