//! `reeve check`.

use crate::Outcome;
use crate::check::{self, Checked, Wish};
use crate::exit::{Exit, Failure};
use crate::tree::Tree;
use crate::ui::Ui;
use anyhow::Context;
use clap::Args;
use reeve_model::{Finding, Severity, Timestamp};
use reeve_report::findings::{self, Baseline, Day, Held, Report, Sources, Tool, Waivers};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Judge what a merge would bring about, before it is merged
///
/// Checks the accounts file and the service control policies, asks the policies about every request that the merge would
/// lead to and about every file it changes, runs the cases of changed policies, and simulates what is left of
/// permissions. Nothing is sent anywhere.
///
/// With --base only what the merge brings in is told, and what it would change; without it, everything is checked as if
/// it were new. Ends with 4 when an error stands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    reeve check                                        everything, as it lies here\n  \
    reeve check --base origin/main                     what this branch brings in\n  \
    reeve check --base origin/main --format github     as annotations of a pull request\n  \
    reeve check --base origin/main --receipts receipts which recorded decisions would flip")]
pub struct CheckArgs {
    /// The project file
    #[arg(long, short, value_name = "FILE", default_value = "reeve.yaml")]
    project: PathBuf,

    /// The revision to be merged into; compared is what this branch has changed since it left it
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,

    /// Write the output to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Also write a SARIF document to this file
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,

    /// Judge recorded requests by the policies as they lie here: a file of receipts, or the folder that holds one
    #[arg(long, value_name = "PATH")]
    receipts: Vec<PathBuf>,

    /// Hold recorded calls against changed service control policies: a CloudTrail file, or a folder of them
    #[arg(long, value_name = "PATH", requires = "base")]
    cloudtrail: Vec<PathBuf>,

    /// First make the edits of the accounts file that are certain enough to be offered
    #[arg(long)]
    fix: bool,

    /// Write every finding that stands into the baseline file of the project, so that only new ones count from now on
    #[arg(long, conflicts_with = "base")]
    write_baseline: bool,

    /// Judge as of this moment (RFC 3339) instead of now
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,

    /// Say how long each stage took
    #[arg(long)]
    timings: bool,
}

/// Form of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people, with the lines they wrote
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
    /// Annotations of a GitHub workflow
    Github,
}

/// Checks.
///
/// # Errors
/// When something could not be checked.
pub fn run(args: &CheckArgs, ui: &Ui) -> Outcome {
    let now = args.now.unwrap_or_else(Timestamp::now);
    let wish = Wish {
        project: &args.project,
        base: args.base.as_deref(),
        receipts: &args.receipts,
        cloudtrail: &args.cloudtrail,
        now,
    };
    if args.fix {
        for line in check::mend(&args.project)? {
            ui.note(&line);
        }
    }
    let checked = check::run(&wish)?;
    for note in &checked.notes {
        ui.note(note);
    }
    let stages = checked.stages.clone();
    let (report, sources) = held(checked, args, now)?;
    let text = match args.format {
        Form::Human => findings::human(&report, &sources, args.output.is_none() && ui.coloured()),
        Form::Json => findings::json(&report, &sources),
        Form::Sarif => sarif(&report, &sources, &args.project),
        Form::Junit => findings::junit(&report),
        Form::Github => findings::github(&report, &sources),
    };
    match &args.output {
        Some(path) => write(path, &text)?,
        None => ui.data(&text).context("failed to write to standard output")?,
    }
    if let Some(path) = &args.sarif {
        write(path, &sarif(&report, &sources, &args.project))?;
    }
    if args.timings {
        for (stage, took) in stages {
            ui.note(&format!("{:>10.1} ms  {stage}", took.as_secs_f64() * 1_000.0));
        }
    }
    let errors = report.standing.iter().any(|it| it.finding.severity == Severity::Error);
    Ok(if errors { Exit::Findings } else { Exit::Done })
}

/// The findings, held against waivers and baseline.
fn held(checked: Checked, args: &CheckArgs, now: Timestamp) -> Result<(Report, Sources), Failure> {
    let Checked { project, root, prefix, mut findings, mut sources, checked, .. } = checked;
    let tree = Tree::Work(root.clone());
    let file = project.as_ref().map(|project| &project.file.check);
    let waivers = match file.and_then(|check| check.waivers.as_deref()) {
        None => Waivers::default(),
        Some(name) => {
            let missing = || Failure::new(format!("there is no file `{}`", name.escape_debug()));
            let (shown, text) = (format!("{prefix}{name}"), tree.text(name)?.ok_or_else(missing)?);
            let parsed = Waivers::parse(&shown, &text);
            sources.insert(shown, text);
            parsed.unwrap_or_else(|wrong| {
                findings.extend(wrong);
                Waivers::default()
            })
        }
    };
    let baseline_name = file.and_then(|check| check.baseline.clone());
    let mut baseline = None;
    if let Some(name) = baseline_name.as_ref().filter(|_| !args.write_baseline) {
        match tree.text(name)? {
            Some(text) => match Baseline::parse(&format!("{prefix}{name}"), &text) {
                Ok(read) => baseline = Some(read),
                Err(wrong) => findings.push(*wrong),
            },
            // Nothing is known of before the first one is written.
            None => {
                let message = format!("the baseline `{}` is not there, so nothing is known", name.escape_debug());
                let found = Finding::new("baseline", "NO_BASELINE", Severity::Info, message).about(name);
                findings.push(found.fix("write it with `reeve check --write-baseline`"));
            }
        }
    }
    let today = Day::of(now);
    let held = Held { waivers: &waivers, baseline: baseline.as_ref(), today: &today, whole: args.base.is_none() };
    let report = Report::of(findings.clone(), &sources, &held, checked.clone());
    // Findings in files that cannot be read hide what else there is: nothing of that is to be known from now on.
    if args.write_baseline && project.is_some() {
        let name = baseline_name.ok_or_else(|| {
            Failure::new("the project file names no baseline").hint("write `check: { baseline: baseline.json }`")
        })?;
        // A link there would be followed; reading it refuses that.
        tree.text(&name)?;
        let written = report.baseline();
        write(&root.join(name), &written.to_json())?;
        let held = Held { baseline: Some(&written), ..held };
        return Ok((Report::of(findings, &sources, &held, checked), sources));
    }
    Ok((report, sources))
}

fn sarif(report: &Report, sources: &Sources, project: &Path) -> String {
    let codes: BTreeSet<&str> = report.standing.iter().map(|it| it.finding.code.as_str()).collect();
    let meanings: BTreeMap<String, String> = reeve_model::Code::ALL
        .iter()
        .filter(|code| codes.contains(code.as_str()))
        .map(|code| (code.as_str().to_owned(), code.meaning().to_owned()))
        .collect();
    let home = project.display().to_string();
    findings::sarif(report, sources, &Tool { version: env!("CARGO_PKG_VERSION"), meanings: &meanings, home: &home })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).with_context(|| format!("failed to write `{}`", path.display())).map_err(Failure::from)
}
