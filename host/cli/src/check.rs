//! What a merge would bring about: static checks, policies, cases, simulation and impact, in one list of findings.
//!
//! Compared with a revision, only what the merge brings in is told: what the static checks and the simulation found
//! there already is left out. Without one, everything is checked as if it were new.

mod base;
mod cases;
mod files;
mod gates;
pub mod impact;
pub mod judge;
mod judges;
mod lint;
mod mend;
mod place;
mod recorded;
mod simulate;
mod world;

pub use mend::mend;

use crate::exit::Failure;
use crate::loader::Loader;
use crate::project::{self, Loaded, Project};
use crate::tree::{Repository, Tree};
use base::Base;
use files::Files;
use judge::Bench;
use reeve_model::{Finding, Place, Severity, Timestamp};
use reeve_report::findings::{Baseline, Sources};
use reeve_scp::Organization;
use reeve_scp::table::ActionTable;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is to be checked.
#[derive(Debug)]
pub struct Wish<'a> {
    /// The project file.
    pub project: &'a Path,
    /// The revision that the tree is compared with; none checks everything.
    pub base: Option<&'a str>,
    /// Files or folders of receipts.
    pub receipts: &'a [PathBuf],
    /// Files or folders of CloudTrail records.
    pub cloudtrail: &'a [PathBuf],
    /// The moment of judging.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// The project; none when its files cannot be read.
    pub project: Option<Project>,
    /// The folder of the project.
    pub root: PathBuf,
    /// Path from the root of the repository to that folder.
    pub prefix: String,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// The texts that findings point into.
    pub sources: Sources,
    /// Names of what was checked.
    pub checked: BTreeSet<String>,
    /// What a person may want to know beside findings.
    pub notes: Vec<String>,
    /// How long each stage took, in order.
    pub stages: Vec<(&'static str, Duration)>,
}

/// Measures stages.
#[derive(Debug)]
struct Clock {
    last: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn done(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.stages.push((stage, now - self.last));
        self.last = now;
    }
}

/// Checks.
///
/// # Errors
/// When something could not be checked: that must not look like nothing was found.
pub fn run(wish: &Wish<'_>) -> Result<Checked, Failure> {
    let mut clock = Clock { last: Instant::now(), stages: Vec::new() };
    let (root, name) = project::located(wish.project)?;
    let tree = Tree::Work(root.clone());
    let repository = Repository::around(&root)?;
    let prefix = repository.as_ref().map(|it| it.prefix.clone()).unwrap_or_default();
    let Loaded { project, mut findings, texts } = project::load(&tree, &name, &prefix)?;
    let sources = project::sources(&texts);
    let base = base::read(wish, repository.as_ref(), &name, &prefix, &mut findings)?;
    let before = base.as_ref().and_then(|base| Some((base, base.project.as_ref()?)));
    let mut notes = Vec::new();
    if base.is_some() && before.is_none() {
        notes.push("there was no project before that can be read; everything is checked as new".to_owned());
    }
    clock.done("read");
    let mut checked: BTreeSet<String> = texts.keys().cloned().collect();
    let Some(project) = project else {
        let stages = clock.stages;
        return Ok(Checked { project: None, root, prefix, findings, sources, checked, notes, stages });
    };
    let repository = repository.as_ref();
    let head = Head { project: &project, root: &root, prefix: &prefix, tree: &tree, texts: &texts, repository };
    let mut standing = lint::findings(&head);
    clock.done("lint");
    let organization = simulated(&project, &mut standing);
    if let Some(organization) = &organization {
        standing.extend(simulate::lockouts(&project, organization));
    }
    clock.done("simulate");
    if let Some((base, known)) = before {
        standing = only_new(base, known, &head, standing, &sources);
        clock.done("compare with base");
    }
    findings.extend(standing);
    let files = files::changed(&head, base.as_ref(), &name)?;
    let loader = match repository {
        Some(repository) => Loader::within(&repository.top)?,
        None => Loader::new()?,
    };
    let mut gates = gates::wired(&head, &loader, &mut findings);
    clock.done("start gates");
    let bench = head.bench(before.map(|(_, project)| project), &loader, wish.now);
    if let Some((base, known)) = before {
        findings.extend(judges::changed(&head, base, &files, &name));
        let plan = reeve_plan::plan(&known.state, &project.state, &project.gates, &base.hash);
        findings.extend(plan.findings.clone());
        clock.done("plan");
        findings.extend(bench.requests(&plan, &mut gates));
        clock.done("judge requests");
        if let Some(organization) = &organization {
            findings.extend(changes(&head, known, organization, &loader, wish, &files)?);
        }
        clock.done("compare permissions");
    } else if !wish.cloudtrail.is_empty() {
        let message = "recorded calls were not replayed: there is nothing before the merge to compare with";
        findings.push(Finding::new("cloudtrail", "NOT_REPLAYED", Severity::Error, message));
    }
    findings.extend(bench.files(&files.texts)?);
    clock.done("judge files");
    let folders = cases::changed(&head, base.as_ref(), &files)?;
    checked.extend(folders.iter().map(|folder| format!("{prefix}{folder}")));
    findings.extend(cases::run(&head, &loader, &folders, &files, &project.accounts));
    clock.done("cases");
    for path in wish.receipts {
        let path = crate::commands::audit::receipts_path(Some(path), None)?;
        let shown = path.display().to_string();
        let impact = impact::replay(&gates, (&path, &shown))?;
        notes.push(impact.told(&shown));
        findings.extend(impact.findings);
        checked.insert(shown);
    }
    clock.done("impact");
    let findings = judge::distinct(findings);
    let stages = clock.stages;
    Ok(Checked { project: Some(project), root, prefix, findings, sources, checked, notes, stages })
}

/// The tree that is merged, with what belongs to it.
pub(crate) struct Head<'a> {
    pub(crate) project: &'a Project,
    pub(crate) root: &'a Path,
    pub(crate) prefix: &'a str,
    pub(crate) tree: &'a Tree,
    pub(crate) texts: &'a BTreeMap<String, String>,
    pub(crate) repository: Option<&'a Repository>,
}

impl<'a> Head<'a> {
    /// What policies are asked on: the accounts as they will be, in the organization as it was.
    fn bench(&self, base: Option<&Project>, loader: &'a Loader, now: Timestamp) -> Bench<'a> {
        let state = base.map_or_else(|| self.project.state.clone(), |base| base.state.adopting(&self.project.state));
        let world = world::of(&state, &self.project.gates);
        Bench { project: self.project, root: self.root, prefix: self.prefix, world, texts: self.texts, loader, now }
    }
}

/// The organization that the files ask for; what keeps it from being simulated is found.
fn simulated(project: &Project, findings: &mut Vec<Finding>) -> Option<Organization> {
    match project.state.to_scp() {
        Ok(organization) => Some(organization),
        Err(found) => {
            findings.extend(found);
            None
        }
    }
}

/// What the base did not have already.
fn only_new(base: &Base, known: &Project, head: &Head<'_>, standing: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
    let was = Head { project: known, tree: &base.tree, texts: &base.texts, ..*head };
    let mut before = lint::findings(&was);
    if let Some(organization) = simulated(known, &mut before) {
        before.extend(simulate::lockouts(known, &organization));
    }
    Baseline::of(before, &base.sources).without_known(standing, sources)
}

/// Which actions change for which accounts, and which recorded calls.
fn changes(
    head: &Head<'_>,
    base: &Project,
    organization: &Organization,
    loader: &Loader,
    wish: &Wish<'_>,
    files: &Files,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    // Under the names that accounts have now, so that a renamed one is compared with itself.
    let Ok(before) = base.state.in_names_of(&head.project.state).to_scp() else {
        let message = "permissions are not compared: the organization of the base cannot be simulated";
        return Ok(vec![Finding::new("simulation", "NOT_COMPARED", Severity::Error, message).waivable()]);
    };
    match &head.project.file.check.actions {
        Some(path) => {
            let text = loader.read_text(&head.root.join(path))?;
            let table = ActionTable::parse(text.trim_end())
                .map_err(|error| Failure::new(format!("`{path}` is no table of actions: {error}")))?;
            findings.extend(simulate::changes((base, &before), (head.project, organization), &table));
        }
        None if head
            .project
            .file
            .scps
            .as_ref()
            .is_some_and(|folder| files.paths.iter().any(|it| it.starts_with(folder))) =>
        {
            let message = "which actions change was not compared: the project names no table of actions";
            let place = Place { file: format!("{}reeve.yaml", head.prefix), line: 1, column: 1 };
            let finding = Finding::new("simulation", "NO_ACTION_TABLE", Severity::Info, message).at(place);
            findings.push(finding.fix("name one under `check: { actions: FILE }`; `cargo xtask actions` makes it"));
        }
        None => {}
    }
    for path in wish.cloudtrail {
        findings.extend(recorded::replay(path, &before, organization, head.project)?);
    }
    Ok(findings)
}
