//! `reeve plan`.

use super::run::Form;
use crate::exit::{Exit, Failure};
use crate::project::{self, Project};
use crate::tree::{Repository, Tree};
use crate::ui::Ui;
use crate::{Outcome, live};
use anyhow::Context;
use clap::Args;
use reeve_model::Severity;
use std::path::PathBuf;

/// Show which requests lead from one state of the organization to the one that the files ask for
///
/// From the organization as it is now (the default), or from what a revision asked for. Requests are shown in the order
/// in which they would be sent. Nothing is sent; `reeve sync --execute` does that.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    reeve plan                        from the live organization, with the credentials at hand\n  \
    reeve plan --base origin/main     from what the main branch asks for; asks AWS nothing\n  \
    reeve plan --base HEAD~1 --format json")]
pub struct PlanArgs {
    /// The project file
    #[arg(long, short, value_name = "FILE", default_value = "reeve.yaml")]
    project: PathBuf,

    /// Compare with what this revision asks for, instead of with the live organization
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    format: Form,
}

/// Plans.
///
/// # Errors
/// When the project, the revision or the organization cannot be read.
pub fn run(args: &PlanArgs, ui: &Ui) -> Outcome {
    let (root, name) = project::located(&args.project)?;
    let repository = Repository::around(&root)?;
    let prefix = repository.as_ref().map(|it| it.prefix.clone()).unwrap_or_default();
    let project = project::load(&Tree::Work(root.clone()), &name, &prefix)?.usable()?;
    let plan = match &args.base {
        Some(revision) => {
            let repository = repository.as_ref().ok_or_else(|| Failure::new("the project is in no git repository"))?;
            let tree = repository.tree(repository.commit(revision)?)?;
            let base = project::load(&tree, &name, &prefix)?.usable()?;
            reeve_plan::plan(&base.state, &project.state, &project.gates, &epoch(repository, &project))
        }
        None => {
            let runtime = live::runtime(1)?;
            let state = project::live::state(&runtime, &project)?;
            let epoch = repository.as_ref().map(|repository| epoch(repository, &project)).unwrap_or_default();
            reeve_plan::plan(&state, &project.state, &project.gates, &epoch)
        }
    };
    let text = match args.format {
        Form::Human => reeve_report::plan(&plan, ui.paint()),
        Form::Json => reeve_json::compact(&plan.to_json()) + "\n",
    };
    ui.data(&text).context("failed to write to standard output")?;
    if plan.is_empty() && args.format == Form::Human {
        ui.note("nothing to do");
    }
    for finding in &plan.findings {
        ui.finding(finding);
    }
    let errors = plan.findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if errors { Exit::Findings } else { Exit::Done })
}

/// What `reeve sync` would take, so that both show the same nonces.
fn epoch(repository: &Repository, project: &Project) -> String {
    repository.commit("HEAD").unwrap_or_else(|_| project.lock.digest())
}
