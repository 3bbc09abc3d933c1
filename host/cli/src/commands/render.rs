//! `reeve render`.

use crate::exit::{Exit, Failure};
use crate::project::{self, Project};
use crate::tree::{Repository, Tree};
use crate::ui::Ui;
use crate::{Outcome, wiring};
use anyhow::Context;
use clap::Args;
use reeve_model::Finding;
use reeve_render::{DocumentOptions, Options, Rendered};
use reeve_yaml::Field;
use std::path::{Path, PathBuf};

/// Write the documents that follow from the list of accounts
///
/// The project file's `render` says which: image repositories, the policy of the log bucket, who may go from the identity
/// account to which role. Each is a CloudFormation template; nothing is deployed.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The project file
    #[arg(long, short, value_name = "FILE", default_value = "reeve.yaml")]
    project: PathBuf,

    /// Write nothing, and end with 4 if a file is not as it would be written
    #[arg(long)]
    check: bool,

    /// Print the one document that goes to this file, instead of writing it
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    print: Option<String>,
}

/// Renders.
///
/// # Errors
/// When the project cannot be read or a document cannot be rendered or written.
pub fn run(args: &RenderArgs, ui: &Ui) -> Outcome {
    let (root, name) = project::located(&args.project)?;
    let tree = Tree::Work(root.clone());
    let prefix = Repository::around(&root)?.map(|repository| repository.prefix).unwrap_or_default();
    let project = project::load(&tree, &name, &prefix)?.usable()?;
    let rendered = match documents(&project, &tree, &name) {
        Ok(rendered) => rendered,
        Err(Trouble::Failure(failure)) => return Err(failure),
        Err(Trouble::Findings(findings)) => {
            findings.iter().for_each(|finding| ui.finding(finding));
            return Ok(Exit::Findings);
        }
    };
    if rendered.is_empty() {
        return Err(Failure::new("the project file renders nothing").hint("name documents under `render`"));
    }
    for document in &rendered {
        document.findings.iter().for_each(|finding| ui.finding(finding));
    }
    if let Some(wanted) = &args.print {
        let Some(found) = rendered.iter().find(|document| document.path == *wanted) else {
            return Err(Failure::new(format!("no document goes to `{wanted}`")));
        };
        ui.data(&found.text).context("failed to write to standard output")?;
        return Ok(Exit::Done);
    }
    let mut stale = 0;
    for document in &rendered {
        let same = tree.text(&document.path)?.as_deref() == Some(document.text.as_str());
        if same {
            continue;
        }
        stale += 1;
        if args.check {
            ui.error(&format!("`{}` is not what it would be rendered to", document.path), Some("run `reeve render`"));
        } else {
            write(&root, document)?;
            ui.note(&format!("wrote {}", document.path));
        }
    }
    if stale == 0 {
        ui.note("every document is as it should be");
    }
    Ok(if args.check && stale > 0 { Exit::Findings } else { Exit::Done })
}

/// Why nothing came of it.
#[derive(Debug)]
pub enum Trouble {
    /// It could not run.
    Failure(Failure),
    /// What was rendered is not fit to be used.
    Findings(Vec<Finding>),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Every document of a project, rendered from a tree.
///
/// # Errors
/// When a file cannot be read, or what AWS would refuse.
pub fn documents(project: &Project, tree: &Tree, name: &str) -> Result<Vec<Rendered>, Trouble> {
    let (mut rendered, mut findings) = (Vec::new(), Vec::new());
    for node in &project.file.render {
        let options = match Options::read(Field::new(name, "render", node)) {
            Ok(options) => options,
            Err(errors) => {
                findings.extend(errors.iter().map(|error| project::finding("render", error)));
                continue;
            }
        };
        let input = match &options.document {
            DocumentOptions::Ecr(ecr) => Some(tree.text(&ecr.input)?.ok_or_else(|| {
                Failure::new(format!("{}: there is no file `{}`", options.place, ecr.input.escape_debug()))
            })?),
            DocumentOptions::LogBucket(_) | DocumentOptions::IdentityAccess => None,
        };
        match reeve_render::render(&project.accounts, &options, input.as_deref()) {
            Ok(document) => rendered.push(document),
            Err(found) => findings.extend(found),
        }
    }
    if findings.is_empty() { Ok(rendered) } else { Err(Trouble::Findings(findings)) }
}

fn write(root: &Path, document: &Rendered) -> Result<(), Failure> {
    let path = root.join(&document.path);
    let folder = wiring::folder(&path);
    std::fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    std::fs::write(&path, &document.text).with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok(())
}
