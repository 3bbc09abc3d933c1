//! `reeve policy bench`.

use super::policy_test::{self, PolicyCases};
use super::run::Form;
use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::ui::Ui;
use crate::{Outcome, loader, wiring};
use anyhow::Context;
use clap::Args;
use reeve_engine::{Ask, Asked};
use reeve_json::{Object, Value};
use reeve_model::{Answer, Fault};
use reeve_report::grouped;
use reeve_sandbox::{Datasets, Plugin, Start};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Evaluations before the clock starts.
const WARM_UP: usize = 100;
/// Seconds that one figure takes at most.
const FIGURE_SECONDS_MAX: u64 = 5;

/// Measure what the decisions of a policy cost
///
/// Each case is asked again and again, in a fresh instance each time, as a gate does it. Told are the wall clock of one
/// evaluation and the part of it that makes the instance, in microseconds, the fuel and the peak of memory. Fuel and
/// memory are the same on every machine; the clock is that of this one.
#[derive(Debug, Args)]
pub struct PolicyBenchArgs {
    /// The policy's folder
    folder: PathBuf,

    /// Another build of its plugin, to be measured beside it; exit code 4 says that their answers differ
    #[arg(long, value_name = "PLUGIN")]
    against: Option<PathBuf>,

    /// Only cases whose file name or sentence holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Evaluations of each case that are timed
    #[arg(long, value_name = "COUNT", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rounds: u32,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

/// What one build costs in one case.
struct Figures {
    asked: Asked,
    start: Start,
    load_us: u32,
    evaluation: Spread,
    instance: Spread,
}

/// Median and 99th percentile, nanoseconds.
struct Spread {
    p50: u32,
    p99: u32,
}

/// Measures.
///
/// # Errors
/// When the policy or a case is wrong, a plugin is not loaded, or the host refuses the request of a case.
pub fn run(args: &PolicyBenchArgs, ui: &Ui) -> Outcome {
    let loader = Loader::serving()?;
    let mut policy = policy_test::read(&args.folder, &loader, args.filter.as_deref())?;
    let other = args.against.as_deref().map(loader::read).transpose()?;
    let cases = std::mem::take(&mut policy.cases);
    if cases.is_empty() {
        return Err(Failure::new("no case is left: nothing would be measured").hint("loosen `--filter`"));
    }
    let mut differ = false;
    if args.format == Form::Human {
        ui.data(&head()).context("failed to write to standard output")?;
    }
    // A case is judged once; the other build gets its own.
    let again = policy_test::read(&args.folder, &loader, args.filter.as_deref())?.cases;
    for ((shown, case), (_, same_case)) in cases.into_iter().zip(again) {
        let name = case.name.clone();
        let one = match measure(&policy, &policy.plugin, case, &shown, &loader, args.rounds)? {
            Ok(figures) => figures,
            Err(why) => {
                ui.note(&format!("{shown}: not measured: {why}"));
                continue;
            }
        };
        let other = match &other {
            Some(plugin) => match measure(&policy, plugin, same_case, &shown, &loader, args.rounds)? {
                Ok(figures) => Some(figures),
                Err(why) => {
                    ui.warn(&format!("{shown}: the other build is not measured: {why}"));
                    differ = true;
                    None
                }
            },
            None => None,
        };
        differ |= other.as_ref().is_some_and(|other| other.asked.answer != one.asked.answer);
        let text = match args.format {
            Form::Human => human(&name, &one, other.as_ref()),
            Form::Json => format!("{}\n", reeve_json::compact(&Value::Object(json(&name, &one, other.as_ref())))),
        };
        ui.data(&text).context("failed to write to standard output")?;
    }
    Ok(if differ { Exit::Findings } else { Exit::Done })
}

/// One case with one build, or why there is nothing to measure in it.
fn measure(
    policy: &PolicyCases,
    plugin: &[u8],
    case: reeve_config::Case,
    shown: &str,
    loader: &Loader,
    rounds: u32,
) -> Result<Result<Figures, String>, Failure> {
    type Loaded = (Result<Arc<Plugin>, Fault>, u32);
    let loaded: Mutex<Option<Loaded>> = Mutex::new(None);
    let load = |settings: &str, datasets: Datasets| -> Arc<dyn Ask> {
        let begin = Instant::now();
        let made = loader.sandbox.load(plugin, settings, datasets, wiring::limits(&policy.file)).map(Arc::new);
        let asking: Arc<dyn Ask> = match &made {
            Ok(plugin) => plugin.clone(),
            Err(fault) => Arc::new(crate::asks::Asking::Faulty(fault.clone())),
        };
        *loaded.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((made, u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX)));
        asking
    };
    let story = policy_test::ready(policy, case, shown, load)?.judge();
    let loaded = loaded.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (plugin, load_us) = loaded.ok_or_else(|| Failure::new(format!("{shown}: no plugin was loaded")))?;
    let plugin = match plugin {
        Ok(plugin) => plugin,
        Err(fault) => return Ok(Err(format!("the plugin {fault}"))),
    };
    let detail = story.event.as_ref().map(|event| event.detail_canonical()).unwrap_or_default();
    let Some(request) = story.policies.first().and_then(|asked| story.request(asked, detail)) else {
        return Ok(Err("the host refuses the request before the policy is asked".to_owned()));
    };
    let first = plugin.ask(&request);
    if let Answer::Fault(fault) = &first.answer {
        return Ok(Err(format!("the plugin {fault}")));
    }
    let evaluation = spread(rounds, || drop(plugin.ask(&request)));
    let instance = spread(rounds, || drop(plugin.instantiate()));
    Ok(Ok(Figures { asked: first, start: plugin.start().clone(), load_us, evaluation, instance }))
}

fn spread(rounds: u32, mut once: impl FnMut()) -> Spread {
    (0..WARM_UP).for_each(|_| once());
    let begin = Instant::now();
    let mut nanos: Vec<u128> = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        once();
        nanos.push(start.elapsed().as_nanos());
        if begin.elapsed().as_secs() >= FIGURE_SECONDS_MAX {
            break;
        }
    }
    nanos.sort_unstable();
    let at = |hundredths: usize| {
        let nanos = nanos.get((nanos.len().saturating_sub(1)) * hundredths / 100).copied().unwrap_or_default();
        u32::try_from(nanos).unwrap_or(u32::MAX)
    };
    Spread { p50: at(50), p99: at(99) }
}

fn head() -> String {
    format!("{:>9} {:>9} {:>9} {:>12} {:>12} {:>9}\n", "p50 us", "p99 us", "instance", "fuel", "memory", "load ms")
}

fn us(nanos: u32) -> f64 {
    f64::from(nanos) / 1e3
}

fn line(it: &Figures) -> String {
    let memory = grouped(u64::try_from(it.asked.memory_bytes).unwrap_or(u64::MAX));
    format!(
        "{:>9.1} {:>9.1} {:>9.1} {:>12} {memory:>12} {:>9.1}",
        us(it.evaluation.p50),
        us(it.evaluation.p99),
        us(it.instance.p50),
        grouped(it.asked.fuel),
        us(it.load_us)
    )
}

fn human(name: &str, one: &Figures, other: Option<&Figures>) -> String {
    let mut out = format!("{}  {name}\n", line(one));
    if let Start::Configure { why } = &one.start {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "          settings are read each time: {why}");
    }
    if let Some(other) = other {
        let same = if other.asked.answer == one.asked.answer { "the same answer" } else { "ANOTHER ANSWER" };
        let ratio = us(other.evaluation.p50) / us(one.evaluation.p50);
        let _ = writeln!(out, "{}  the other build: x{ratio:.2}, {same}", line(other));
    }
    out
}

fn json(name: &str, one: &Figures, other: Option<&Figures>) -> Object {
    let mut object = figures(one);
    object.set("case", name);
    if let Some(other) = other {
        object.set("against", figures(other));
        object.set("same_answer", other.asked.answer == one.asked.answer);
    }
    object
}

fn figures(it: &Figures) -> Object {
    let mut object = Object::new();
    object.set("p50_ns", it.evaluation.p50);
    object.set("p99_ns", it.evaluation.p99);
    object.set("instance_p50_ns", it.instance.p50);
    object.set("fuel", i64::try_from(it.asked.fuel).unwrap_or(i64::MAX));
    object.set("memory_bytes", i64::try_from(it.asked.memory_bytes).unwrap_or(i64::MAX));
    object.set("load_us", it.load_us);
    object.set("snapshot", it.start == Start::Snapshot);
    object
}
