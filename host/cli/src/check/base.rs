//! What was before a merge.

use super::Wish;
use crate::exit::Failure;
use crate::project::{self, Project};
use crate::tree::{Repository, Tree};
use reeve_model::{Finding, Place, Severity};
use reeve_report::findings::Sources;
use std::collections::BTreeMap;

/// The tree that is merged into.
pub(crate) struct Base {
    /// Full hash of the commit.
    pub(crate) hash: String,
    pub(crate) tree: Tree,
    /// The project as it was; none where there was none, or it cannot be read.
    pub(crate) project: Option<Project>,
    /// Its texts, by path from the root of the repository.
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) sources: Sources,
}

/// Reads the base that is wished for.
///
/// A project that could not be read there is found: nobody can say what a merge changes then. One that was not there
/// makes everything new.
///
/// # Errors
/// When there is no such revision.
pub(crate) fn read(
    wish: &Wish<'_>,
    repository: Option<&Repository>,
    name: &str,
    prefix: &str,
    findings: &mut Vec<Finding>,
) -> Result<Option<Base>, Failure> {
    let Some(revision) = wish.base else { return Ok(None) };
    let repository = repository.ok_or_else(|| {
        Failure::new("the project is in no git repository, so there is nothing to compare with")
            .hint("leave `--base` out to check everything")
    })?;
    let hash = repository.merge_base(revision)?;
    let tree = repository.tree(hash.clone())?;
    let mut base = Base { hash, tree, project: None, texts: BTreeMap::new(), sources: Sources::new() };
    let there = base.tree.files(&[name.to_owned()]).map_or(true, |found| !found.is_empty());
    let why = match project::load(&base.tree, name, prefix) {
        Ok(loaded) => {
            let first = loaded.findings.iter().find(|it| it.severity == Severity::Error);
            let why = first.map(|it| match &it.place {
                Some(place) => format!("{place}: {}", it.message),
                None => it.message.clone(),
            });
            (base.sources, base.texts) = (project::sources(&loaded.texts), loaded.texts);
            base.project = loaded.project;
            if base.project.is_some() { None } else { why }
        }
        Err(failure) => Some(failure.line()),
    };
    if let Some(why) = why.filter(|_| there) {
        let message = format!("the project cannot be read as it was before, so nobody can say what changes: {why}");
        let place = Place { file: format!("{prefix}{name}"), line: 1, column: 1 };
        let found = Finding::new("project", "BASE_UNREADABLE", Severity::Error, message).at(place).waivable();
        findings.push(found.fix("mend the file in a merge of its own; that one needs a waiver"));
    }
    Ok(Some(base))
}
