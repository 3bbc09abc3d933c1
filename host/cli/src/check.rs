//! What a merge would bring about: static checks, policies, cases, simulation and impact, in one list of findings.
//!
//! Compared with a revision, only what the merge brings in is told: what the static checks and the simulation found
//! there already is left out. Without one, everything is checked as if it were new.

pub mod cases;
pub mod impact;
pub mod judge;
mod lint;
mod place;
mod recorded;
mod simulate;
mod world;

use crate::exit::Failure;
use crate::project::{self, Loaded, Project};
use crate::tree::{Repository, Tree};
use crate::wiring;
use anyhow::Context;
use judge::{Bench, ChangedFile};
use reeve_accounts::Accounts;
use reeve_accounts::edit::Edit;
use reeve_config::{ProjectFile, YamlError};
use reeve_local::RecordedFacts;
use reeve_model::{Finding, Place, Severity, Timestamp};
use reeve_plan::Plan;
use reeve_report::findings::{Baseline, Sources};
use reeve_sandbox::Sandbox;
use reeve_scp::Organization;
use reeve_scp::table::ActionTable;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    let repository = Repository::around(&root);
    let prefix = repository.as_ref().map(|it| it.prefix.clone()).unwrap_or_default();
    let head = project::load(&tree, &name, &prefix)?;
    let base_tree = base_tree(wish.base, repository.as_ref())?;
    let mut notes = Vec::new();
    let base = match &base_tree {
        Some(tree) => base_project(tree, &name, &prefix, &mut notes),
        None => None,
    };
    clock.done("read");
    let sources = head.sources();
    let Loaded { project, mut findings, texts } = head;
    let mut checked: BTreeSet<String> = texts.keys().cloned().collect();
    let Some(project) = project else {
        let stages = clock.stages;
        return Ok(Checked { project: None, root, prefix, findings, sources, checked, notes, stages });
    };
    let head = Head { project: &project, root: &root, prefix: &prefix, tree: &tree, texts: &texts };
    let mut standing = lint::findings(&head)?;
    clock.done("lint");
    let organization = simulated(&project, &mut standing);
    if let Some(organization) = &organization {
        standing.extend(simulate::lockouts(&project, organization));
    }
    clock.done("simulate");
    if let (Some(known), Some(tree)) = (&base, &base_tree) {
        standing = only_new(known, tree, &prefix, standing, &sources)?;
        clock.done("compare with base");
    }
    findings.extend(standing);
    let files = changed_files(&head, base_tree.as_ref(), &name)?;
    let sandbox = wiring::sandbox()?;
    let bench = head.bench(base.as_ref().map(|(base, _)| base), &sandbox, wish.now);
    if let Some((base, _)) = &base {
        let plan = head.plan(base, base_tree.as_ref());
        findings.extend(plan.findings.clone());
        clock.done("plan");
        findings.extend(bench.requests(&plan)?);
        clock.done("judge requests");
        if let Some(organization) = &organization {
            findings.extend(changes(&head, base, organization, wish, &files)?);
        }
        clock.done("compare permissions");
    }
    findings.extend(bench.files(&files.texts)?);
    clock.done("judge files");
    let policies = &project.file.policies;
    let names = cases::changed(policies, &files.paths);
    checked.extend(names.iter().map(|name| format!("{prefix}{policies}/{name}")));
    findings.extend(cases::run((&root, &prefix), &sandbox, policies, &names)?);
    clock.done("cases");
    for path in wish.receipts {
        let path = crate::commands::audit::receipts_path(Some(path), None)?;
        let shown = path.display().to_string();
        let impact = impact::replay(&project, &root, &sandbox, (&path, &shown))?;
        notes.push(format!(
            "{shown}: {} recorded decisions stay, {} receipts hold nothing to judge",
            impact.same, impact.left_out
        ));
        findings.extend(impact.findings);
        checked.insert(shown);
    }
    clock.done("impact");
    let findings = judge::distinct(findings);
    let stages = clock.stages;
    Ok(Checked { project: Some(project), root, prefix, findings, sources, checked, notes, stages })
}

/// Most edits of one file: a loop of edits that undo each other must end.
const EDITS_MAX: usize = 1_000;

/// Makes the edits that the static checks offer for the accounts file, and gives what was mended, in words. Comments,
/// order and quotes stay as they are.
///
/// # Errors
/// When the project cannot be read, or the file cannot be written.
pub fn mend(project: &Path) -> Result<Vec<String>, Failure> {
    let (root, name) = project::located(project)?;
    let tree = Tree::Work(root.clone());
    let mut mended = Vec::new();
    let file = tree.text(&name)?.and_then(|text| ProjectFile::parse(&name, &text).ok());
    let Some(accounts) = file.map(|file| file.accounts) else { return Ok(mended) };
    for _ in 0..EDITS_MAX {
        let Some(text) = tree.text(&accounts)? else { break };
        let slip = |error: &YamlError| Some((error.to_string(), Edit::for_error(error)?.apply(&text).ok()?));
        let offered = match Accounts::parse(&accounts, &text) {
            Err(errors) => errors.iter().find_map(slip),
            Ok(_) => linted(&tree, &root, &name, &text)?,
        };
        let Some((told, text)) = offered else { break };
        let path = root.join(&accounts);
        std::fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
        mended.push(format!("mended: {told}"));
    }
    Ok(mended)
}

/// The first static finding with an edit that can be made, in words, and the text after it.
fn linted(tree: &Tree, root: &Path, name: &str, text: &str) -> Result<Option<(String, String)>, Failure> {
    let loaded = project::load(tree, name, "")?;
    let Some(project) = &loaded.project else { return Ok(None) };
    let head = Head { project, root, prefix: "", tree, texts: &loaded.texts };
    let edited = |it: reeve_accounts::lint::Suggestion| {
        let place = it.finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        Some((format!("{place}{}", it.finding.message), it.edit?.apply(text).ok()?))
    };
    Ok(lint::all(&head)?.into_iter().find_map(edited))
}

/// The tree that is merged, with what belongs to it.
pub(crate) struct Head<'a> {
    pub(crate) project: &'a Project,
    pub(crate) root: &'a Path,
    pub(crate) prefix: &'a str,
    pub(crate) tree: &'a Tree,
    pub(crate) texts: &'a BTreeMap<String, String>,
}

impl<'a> Head<'a> {
    /// What policies are asked on: the accounts as they will be, in the organization as it was.
    fn bench(&self, base: Option<&Project>, sandbox: &'a Sandbox, now: Timestamp) -> Bench<'a> {
        let accounts = Arc::new(self.project.accounts.clone());
        let state = base.map_or(&self.project.state, |base| &base.state);
        let world = world::of(state, &self.project.gates);
        let facts = RecordedFacts::new(accounts, Some(world), "the tree before the merge");
        Bench { project: self.project, root: self.root, prefix: self.prefix, facts, texts: self.texts, sandbox, now }
    }

    fn plan(&self, base: &Project, tree: Option<&Tree>) -> Plan {
        let epoch = match tree {
            Some(Tree::Commit(commit)) => commit.hash.as_str(),
            Some(Tree::Work(_)) | None => "",
        };
        reeve_plan::plan(&base.state, &self.project.state, &self.project.gates, epoch)
    }
}

fn base_tree(base: Option<&str>, repository: Option<&Repository>) -> Result<Option<Tree>, Failure> {
    let Some(revision) = base else { return Ok(None) };
    let repository = repository.ok_or_else(|| {
        Failure::new("the project is in no git repository, so there is nothing to compare with")
            .hint("leave `--base` out to check everything")
    })?;
    Ok(Some(repository.tree(repository.merge_base(revision)?)?))
}

/// The project before the merge. One that could not be read there is as good as none, for the merge may mend it.
fn base_project(tree: &Tree, name: &str, prefix: &str, notes: &mut Vec<String>) -> Option<(Project, Sources)> {
    let loaded = match project::load(tree, name, prefix) {
        Ok(loaded) => loaded,
        Err(failure) => {
            notes.push(format!("before the merge, {failure}; everything is checked as new"));
            return None;
        }
    };
    let sources = loaded.sources();
    match loaded.project {
        Some(project) => Some((project, sources)),
        None => {
            notes.push("the project could not be read before the merge; everything is checked as new".to_owned());
            None
        }
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
fn only_new(
    (base, base_sources): &(Project, Sources),
    tree: &Tree,
    prefix: &str,
    standing: Vec<Finding>,
    sources: &Sources,
) -> Result<Vec<Finding>, Failure> {
    let texts = BTreeMap::new();
    let head = Head { project: base, root: Path::new("."), prefix, tree, texts: &texts };
    let mut before = lint::findings(&head)?;
    if let Some(organization) = simulated(base, &mut before) {
        before.extend(simulate::lockouts(base, &organization));
    }
    Ok(Baseline::of(before, base_sources).without_known(standing, sources))
}

/// Files of the project that differ.
#[derive(Debug, Default)]
struct Files {
    /// Those that are text, before and after.
    texts: Vec<ChangedFile>,
    /// Paths of all of them, from the folder of the project.
    paths: BTreeSet<String>,
}

fn changed_files(head: &Head<'_>, base: Option<&Tree>, name: &str) -> Result<Files, Failure> {
    let file = &head.project.file;
    let named = [name.to_owned(), file.accounts.clone(), file.lock.clone()];
    let gates = file.gates.iter().map(|gate| gate.file.clone());
    let listed = |tree: &Tree| -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut paths: Vec<String> = named.iter().cloned().chain(gates.clone()).collect();
        for folder in file.scps.iter().chain([&file.policies]) {
            paths.extend(tree.list(folder)?);
        }
        tree.files(&paths)
    };
    let (after, before) = (listed(head.tree)?, base.map(listed).transpose()?.unwrap_or_default());
    let mut files = Files::default();
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(path), after.get(path));
        if was == is {
            continue;
        }
        files.paths.insert(path.clone());
        let text = |bytes: Option<&Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes.clone())).transpose();
        // What is no text, such as a plugin, is judged by its cases.
        if let (Ok(before), Ok(after)) = (text(was), text(is)) {
            files.texts.push(ChangedFile { path: path.clone(), before, after });
        }
    }
    Ok(files)
}

/// Which actions change for which accounts, and which recorded calls.
fn changes(
    head: &Head<'_>,
    base: &Project,
    organization: &Organization,
    wish: &Wish<'_>,
    files: &Files,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let Ok(before) = base.state.to_scp() else { return Ok(findings) };
    match &head.project.file.check.actions {
        Some(path) => {
            let text = wiring::read_text(&head.root.join(path))?;
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
