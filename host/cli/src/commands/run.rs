//! `reeve run`.

use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::parameters::Parameters;
use crate::ui::Ui;
use crate::{Outcome, checks, live, wiring};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reeve_engine::{Delivery, Handled, Receipts, Runner, Status, Story};
use reeve_local::{DiskReceipts, NoReceipts, ReceiptFile};
use reeve_model::{Digest, Timestamp};
use reeve_report::{grouped, human, json};
use reeve_sources::{Deliveries, Framing};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Judge events from files or standard input; with `--execute`, act on those that are permitted
///
/// An event is an EventBridge envelope: one JSON document, or one a line. SQS messages, the answer of ReceiveMessage
/// and Lambda's batches of SQS messages are unwrapped. Every event ends in a receipt. Without `--execute` facts are
/// those of the gate's file, and AWS is not touched.
///
/// With `--format json` each line is as docs/schema/run-output.schema.json says.
///
/// Senders are not verified on this path, and policies usually deny that. With `--vouch`, you say that the envelopes'
/// accounts are what AWS set.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Files of events; `-` or none reads standard input
    files: Vec<PathBuf>,

    /// The gate file
    #[arg(long, short, value_name = "FILE", default_value = "gate.yaml")]
    gate: PathBuf,

    /// Take the envelopes' accounts as verified
    #[arg(long)]
    vouch: bool,

    /// Judge as of this moment (RFC 3339), or `event`: as of each event's own time
    #[arg(long, value_name = "TIME")]
    now: Option<String>,

    /// Where to keep receipts, instead of what the gate file says
    #[arg(long, value_name = "DIR", conflicts_with = "no_receipts")]
    receipts: Option<PathBuf>,

    /// Keep no receipts
    #[arg(long)]
    no_receipts: bool,

    /// Read facts from AWS and make the permitted changes there, with the gate's ledger, receipts and replies; files, and
    /// parameters of tables, are read once, at the start
    #[arg(long, conflicts_with_all = ["receipts", "no_receipts", "now"])]
    execute: bool,

    /// How events are told apart
    #[arg(long, value_name = "HOW", default_value = "auto")]
    input: Input,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,

    /// Show what plugins log
    #[arg(long, short)]
    verbose: bool,
}

/// How events are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Input {
    /// By file name, or by the first line
    Auto,
    /// One document a line
    Ndjson,
    /// Each file is one document
    Json,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// How often a live run tries an event that may pass later, with waits of 1, 2, 4 and 8 seconds.
const TRIES_MAX: u32 = 5;

/// The moment as of which events are judged.
#[derive(Debug, Clone, Copy)]
enum Clock {
    At(Timestamp),
    Event,
    Wall,
}

impl Clock {
    fn parse(text: Option<&str>) -> Result<Self, Failure> {
        match text {
            None => Ok(Self::Wall),
            Some("event") => Ok(Self::Event),
            Some(text) => text.parse().map(Self::At).map_err(|_| {
                Failure::new(format!("`--now {text}` is not a time"))
                    .hint("write `2026-11-21T12:00:00Z`, or `event` for each event's own time")
            }),
        }
    }

    fn now(self, body: &[u8]) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Wall => Timestamp::now(),
            // Only the age of an event that can be read depends on it.
            Self::Event => reeve_model::Event::parse(body).map_or(Timestamp::UNIX_EPOCH, |event| event.time),
        }
    }
}

/// What a run has done; behind a lock, so that Ctrl-C finds it between two events.
struct Run {
    runner: Runner,
    /// Keeps the threads of a live gate alive.
    runtime: Option<tokio::runtime::Runtime>,
    failed: u64,
    /// The moment as of which the event in hand is judged.
    now: Arc<Mutex<Timestamp>>,
    receipts: Option<Arc<DiskReceipts>>,
    out: BufWriter<io::Stdout>,
    permitted: u64,
    denied: u64,
    progress: ProgressBar,
    ui: Ui,
}

/// Judges all events.
///
/// # Errors
/// When a file is wrong or unreadable, receipts cannot be kept, or there was no event at all.
pub fn run(args: &RunArgs, ui: &Ui) -> Outcome {
    let clock = Clock::parse(args.now.as_deref())?;
    if args.execute {
        return execute(args, ui);
    }
    let wired = wiring::gate(&args.gate)?;
    warn(&wired, ui);
    let dir = args.receipts.clone().or(wired.receipts).filter(|_| !args.no_receipts);
    let file = dir.map(|dir| ReceiptFile::open(&dir)).transpose().map_err(anyhow::Error::from)?;
    let receipts = file.map(|file| Arc::new(DiskReceipts::new(file, false)));
    let kept: Box<dyn Receipts> = match &receipts {
        Some(receipts) => Box::new(Arc::clone(receipts)),
        None => Box::new(NoReceipts),
    };
    let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
    let read_now = Arc::clone(&now);
    let runner = wiring::dry_runner(wired.gate, kept, Box::new(move || *lock(&read_now)));
    events(args, clock, Run::new(runner, None, now, receipts, args, ui))
}

fn warn(wired: &wiring::Wired, ui: &Ui) {
    for (policy, fault) in &wired.faults {
        let message =
            format!("policy `{policy}` is not loaded and denies what it judges: {}: it {fault}", fault.as_str());
        ui.warn(&message);
    }
}

/// Judges and acts.
fn execute(args: &RunArgs, ui: &Ui) -> Outcome {
    let loader = Loader::new()?;
    let opened = wiring::open(&args.gate, &loader)?;
    let runtime = live::runtime(opened.file.service.serve.in_flight)?;
    let aws = live::connect(&runtime, &opened.file.region, &opened.file.name);
    let parameters = Parameters::live(aws.clone(), opened.file.account.clone());
    let wired = opened.wire(&loader, &parameters)?;
    warn(&wired, ui);
    let identity = checks::identity(&aws, &wired.gate.account);
    if let Some(problem) = identity.problems().first() {
        return Err(Failure::new(format!("{}: {problem}", identity.what)));
    }
    let live = live::runner(wired, &aws, false)?;
    let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
    events(args, Clock::Wall, Run::new(live.runner, Some(runtime), now, None, args, ui))
}

fn events(args: &RunArgs, clock: Clock, run: Run) -> Outcome {
    let run = Arc::new(Mutex::new(run));
    stop_between_events(&run)?;
    let inputs = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    let judged = inputs.iter().try_for_each(|path| one_input(path, args, clock, &run));
    let mut run = lock(&run);
    // What was judged before an input failed is told and kept all the same.
    let finished = run.finish();
    judged?;
    finished?;
    if run.permitted + run.denied > 0 {
        run.summary("");
    }
    if run.failed > 0 {
        return Ok(Exit::CouldNotRun);
    }
    match (run.permitted, run.denied) {
        (0, 0) => Err(Failure::new("there was no event in the input: nothing was checked")
            .hint("name a file of events, or send them on standard input")),
        (_, 0) => Ok(Exit::Done),
        (_, _) => Ok(Exit::Denied),
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Ctrl-C the event in hand is finished, so that output and receipts end in a whole line.
fn stop_between_events(run: &Arc<Mutex<Run>>) -> Result<(), Failure> {
    let shared = Arc::clone(run);
    ctrlc::set_handler(move || {
        let mut run = lock(&shared);
        let _ = run.finish();
        run.summary("interrupted; ");
        #[expect(clippy::exit, reason = "nothing is left to do, and the reader may wait for input for ever")]
        std::process::exit(Exit::Interrupted as i32);
    })
    .context("failed to listen for Ctrl-C")?;
    Ok(())
}

fn progress(args: &RunArgs, ui: &Ui) -> ProgressBar {
    if !ui.watched() {
        return ProgressBar::hidden();
    }
    let sizes: Option<Vec<u64>> =
        args.files.iter().map(|path| std::fs::metadata(path).ok().map(|it| it.len())).collect();
    let total = sizes.filter(|sizes| !sizes.is_empty()).map(|sizes| sizes.iter().sum());
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let form = if total.is_some() { "{bar:30} {bytes}/{total_bytes} {msg} {eta}" } else { "{spinner} {bytes} {msg}" };
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar
}

fn one_input(path: &Path, args: &RunArgs, clock: Clock, run: &Mutex<Run>) -> Result<(), Failure> {
    let stdin = path == Path::new("-");
    let reader: Box<dyn BufRead> = if stdin {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path).with_context(|| format!("failed to open `{}`", path.display()))?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    let framing = match (args.input, extension) {
        (Input::Ndjson, _) | (Input::Auto, "ndjson" | "jsonl") => Framing::Lines,
        (Input::Json, _) | (Input::Auto, "json") => Framing::Whole,
        (Input::Auto, _) => Framing::Sniff,
    };
    let origin = if stdin { "stdin".to_owned() } else { path.display().to_string() };
    let mut deliveries = Deliveries::new(reader, origin, framing, args.vouch);
    let mut before = 0;
    while let Some(delivery) = deliveries.next() {
        let delivery = delivery.map_err(anyhow::Error::from)?;
        let mut run = lock(run);
        run.one(&delivery, clock, args)?;
        run.progress.inc(deliveries.bytes_read() - before);
        before = deliveries.bytes_read();
    }
    Ok(())
}

impl Run {
    fn new(
        runner: Runner,
        runtime: Option<tokio::runtime::Runtime>,
        now: Arc<Mutex<Timestamp>>,
        receipts: Option<Arc<DiskReceipts>>,
        args: &RunArgs,
        ui: &Ui,
    ) -> Self {
        let (out, progress) = (BufWriter::new(io::stdout()), progress(args, ui));
        Self { runner, runtime, failed: 0, now, receipts, out, permitted: 0, denied: 0, progress, ui: *ui }
    }

    fn one(&mut self, delivery: &Delivery, clock: Clock, args: &RunArgs) -> Result<(), Failure> {
        *lock(&self.now) = clock.now(&delivery.body);
        let stories = match self.handle(delivery) {
            Handled::Done(stories) => stories,
            Handled::Again { why, .. } if self.runtime.is_some() => {
                self.failed += 1;
                self.ui.warn(&format!("{}: not answered, send it again: {why}", delivery.origin));
                return Ok(());
            }
            // Nothing delivers it again here: what could not be read is an answer like any other.
            Handled::Again { story: Some(story), .. } => {
                let receipt = self.runner.receipts.keep(&story).map_err(anyhow::Error::from)?;
                vec![(*story, receipt)]
            }
            Handled::Again { why, story: None, .. } => return Err(Failure::new(why)),
        };
        stories.iter().try_for_each(|(story, receipt)| self.tell_story(story, receipt, args))
    }

    /// Whether receipts are kept.
    fn keeps(&self) -> bool {
        self.receipts.is_some() || self.runtime.is_some()
    }

    /// Handles a delivery; a live gate tries a few times what may pass later.
    fn handle(&self, delivery: &Delivery) -> Handled {
        let mut wait = Duration::from_secs(1);
        for _ in 1..if self.runtime.is_some() { TRIES_MAX } else { 1 } {
            match self.runner.handle(delivery) {
                done @ Handled::Done(_) => return done,
                Handled::Again { .. } => std::thread::sleep(wait),
            }
            wait *= 2;
        }
        self.runner.handle(delivery)
    }

    fn tell_story(&mut self, story: &Story, receipt: &Digest, args: &RunArgs) -> Result<(), Failure> {
        if story.decision.permitted() {
            self.permitted += 1;
            self.failed += u64::from(story.status() == Status::Failed);
        } else {
            self.denied += 1;
        }
        let text = match args.format {
            Form::Human => human(story, self.ui.paint()),
            Form::Json => format!("{}\n", json(story, self.keeps().then_some(receipt))),
        };
        if args.verbose {
            for asked in &story.policies {
                asked.log.iter().for_each(|line| self.tell(&format!("{}: {line}", asked.answer.policy)));
            }
        }
        self.write(&text)?;
        self.progress.set_message(format!("{} permitted, {} denied", grouped(self.permitted), grouped(self.denied)));
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.progress.suspend(|| self.out.write_all(text.as_bytes()));
        match written {
            // Whoever reads `reeve run | head` has seen enough; the events are judged all the same.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other.context("failed to write to standard output")?),
        }
    }

    fn tell(&self, text: &str) {
        self.progress.suspend(|| self.ui.note(text));
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match self.out.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other.context("failed to write to standard output")?,
        }
        if let Some(file) = &self.receipts {
            file.sync().map_err(anyhow::Error::from)?;
        }
        Ok(())
    }

    fn summary(&self, before: &str) {
        self.progress.finish_and_clear();
        let (permitted, denied) = (grouped(self.permitted), grouped(self.denied));
        let all = self.permitted + self.denied;
        let events = if all == 1 { "event" } else { "events" };
        let all = grouped(all);
        self.ui.note(&format!(
            "{before}{all} {events}: {permitted} permitted, {denied} denied; {}",
            match (&self.runtime, self.failed) {
                (None, _) => "dry run, nothing was written to AWS".to_owned(),
                (Some(_), 0) => "all that was permitted is done".to_owned(),
                (Some(_), failed) => format!("{} not done", grouped(failed)),
            }
        ));
        if let Some(file) = &self.receipts {
            let path = file.path();
            let path = path.display();
            self.ui.note(&format!("receipts in {path}; ask why with `reeve explain {path}`"));
        }
    }
}
