//! `reeve sync`.

use crate::exit::{Exit, Failure};
use crate::project::{self, Project};
use crate::sync::console::{Console, count};
use crate::sync::desk::{ProjectDesk, told};
use crate::sync::drive::{Drive, Gates, TIMEOUT_SECONDS_DEFAULT};
use crate::sync::post::AwsPost;
use crate::sync::work::{self, Desk};
use crate::tree::{Repository, Tree};
use crate::ui::Ui;
use crate::{Outcome, live};
use anyhow::Context;
use clap::Args;
use reeve_aws::asking::{GateBus, ReplyQueue};
use reeve_aws::client::Aws;
use reeve_config::Pipeline;
use reeve_model::Region;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch::{self, Receiver, Sender};

/// Calls that a run makes at once, for which its runtime needs threads: it waits for one at a time.
const IN_FLIGHT: u32 = 1;

/// Bring the organization to what the files say: send the planned requests to the gates and wait for their answers
///
/// Without `--execute` the plan is shown and nothing is sent. With it, requests that do not wait for one another go
/// out together; once all are answered, the organization is read and planned anew, until nothing is left. Ids of new
/// accounts are written into the lock file.
///
/// A run that was cut off is begun again by the same command: requests of the same files and epoch are the same
/// requests, and a gate answers again what it has answered before. That holds for a denial too: after its cause is gone,
/// ask with another `--epoch`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// The project file
    #[arg(long, short, value_name = "FILE", default_value = "reeve.yaml")]
    project: PathBuf,

    /// Send the requests
    #[arg(long)]
    execute: bool,

    /// How long each answer is waited for, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT_SECONDS_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,

    /// What tells these requests from equal ones of another time, instead of the commit that is checked out
    #[arg(long, value_name = "TEXT")]
    epoch: Option<String>,
}

/// Sends what is planned.
///
/// # Errors
/// When a file is wrong, the organization cannot be read, or the queue of replies cannot.
pub fn run(args: &SyncArgs, ui: &Ui) -> Outcome {
    let (project, root, epoch) = load(args)?;
    let pipeline = project.file.pipeline.clone().ok_or_else(|| {
        Failure::new("the project file has no `pipeline`: who asks is not known")
            .hint("write `pipeline: { account, region, replies }`")
    })?;
    let runtime = live::runtime(IN_FLIGHT)?;
    let aws = Aws::connect(runtime.handle().clone(), &pipeline.region).named("sync");
    identity(&aws, &pipeline)?;
    let lock_file = args.execute.then(|| root.join(&project.file.lock));
    let (stop, stopped) = watch::channel(false);
    let post = args.execute.then(|| mail(&project, &pipeline, &aws, &runtime, &stopped)).transpose()?;
    let gates = repliers(&project);
    let read = Box::new(|project: &Project| project::live::state(&runtime, project));
    let mut desk = ProjectDesk::new(project, epoch, read, lock_file);
    let plan = desk.plan()?;
    for finding in &plan.findings {
        ui.warn(&told(finding));
    }
    if plan.requests.is_empty() {
        ui.note("nothing to do");
        return Ok(Exit::Done);
    }
    let Some(mut post) = post else {
        ui.data(&reeve_report::plan(&plan, ui.paint())).context("failed to write to standard output")?;
        ui.note(&format!("{}; nothing was sent, `--execute` sends them", count(plan.requests.len(), "request")));
        return Ok(Exit::Done);
    };
    let mut console = Console::new(ui, stopped, runtime.handle().clone());
    stop_on_ctrl_c(stop, &console, ui)?;
    let timeout = Duration::from_secs(args.timeout.into());
    let drive = Drive::new(gates, pipeline.account, timeout, plan);
    let ended = work::run(drive, &mut desk, &mut post, &mut console);
    console.finish(ended)
}

/// The project, and what tells its requests from equal ones of another time.
fn load(args: &SyncArgs) -> Result<(Project, PathBuf, String), Failure> {
    let (root, name) = project::located(&args.project)?;
    let repository = Repository::around(&root)?;
    let prefix = repository.as_ref().map(|it| it.prefix.clone()).unwrap_or_default();
    let project = project::load(&Tree::Work(root.clone()), &name, &prefix)?.usable()?;
    // Without a commit, the ids that are known so far are what tells one time from another.
    let commit = || repository.and_then(|it| it.commit("HEAD").ok());
    let epoch = args.epoch.clone().or_else(commit).unwrap_or_else(|| project.lock.digest());
    Ok((project, root, epoch))
}

/// Whoever asks with other credentials is another sender, and is answered elsewhere.
fn identity(aws: &Aws, pipeline: &Pipeline) -> Result<(), Failure> {
    let answer = aws.run(async { aws.sts().get_caller_identity().send().await });
    let identity = answer.map_err(|error| Failure::new(format!("credentials: {}", reeve_aws::failure(&error))))?;
    let (is, own) = (identity.account().unwrap_or("?"), &pipeline.account);
    if is == own.as_str() {
        return Ok(());
    }
    Err(Failure::new(format!("the credentials are of account `{is}`, and the project file says `{own}`")))
}

/// The accounts that gates with a bus reply from.
fn repliers(project: &Project) -> Gates {
    let with_bus = |name: &str| project.file.gates.iter().any(|gate| gate.name == name && gate.bus.is_some());
    let gates = project.gates.iter().filter(|gate| with_bus(&gate.name));
    gates.map(|gate| (gate.name.clone(), gate.account.clone())).collect()
}

fn mail(
    project: &Project,
    pipeline: &Pipeline,
    aws: &Aws,
    runtime: &Runtime,
    stopped: &Receiver<bool>,
) -> Result<AwsPost, Failure> {
    let replies = pipeline.replies.as_ref().ok_or_else(|| {
        Failure::new("the project file has no `pipeline.replies`: no answer could be heard")
            .hint("write the URL of the queue that a rule brings replies to")
    })?;
    let mut buses = BTreeMap::new();
    for gate in &project.file.gates {
        let Some(bus) = &gate.bus else { continue };
        // PutEvents reaches buses of its own Region alone.
        let region = bus.split(':').nth(3).and_then(Region::parse).unwrap_or_else(|| pipeline.region.clone());
        let clients = if region == pipeline.region {
            aws.clone()
        } else {
            Aws::connect(runtime.handle().clone(), &region).named("sync")
        };
        buses.insert(gate.name.clone(), GateBus::new(clients, bus, &pipeline.source));
    }
    Ok(AwsPost { buses, queue: ReplyQueue::new(aws.clone(), &replies.url), stopped: stopped.clone() })
}

/// The first Ctrl-C stops sending and waiting; a second does not wait for the call in hand.
fn stop_on_ctrl_c(stop: Sender<bool>, console: &Console, ui: &Ui) -> Result<(), Failure> {
    let (bar, ui) = (console.bar(), *ui);
    ctrlc::set_handler(move || {
        if stop.send_replace(true) {
            #[expect(clippy::exit, reason = "whoever presses twice does not want to wait")]
            std::process::exit(Exit::Interrupted as i32);
        }
        bar.suspend(|| ui.note("stopping; nothing more is sent"));
    })
    .context("failed to listen for Ctrl-C")?;
    Ok(())
}
