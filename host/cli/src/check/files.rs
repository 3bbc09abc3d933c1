//! The files of a project that a merge changes.

use super::Head;
use super::base::Base;
use super::judge::ChangedFile;
use crate::exit::Failure;
use crate::project::Project;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// Files of the project that differ.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Those that are text, before and after.
    pub(crate) texts: Vec<ChangedFile>,
    /// Paths of all of them, from the folder of the project.
    pub(crate) paths: BTreeSet<String>,
    /// Paths of those that are not there any more.
    pub(crate) removed: BTreeSet<String>,
}

/// What differs from the base, or everything.
pub(crate) fn changed(head: &Head<'_>, base: Option<&Base>, name: &str) -> Result<Files, Failure> {
    let after = listed(head.tree, name, head.project)?;
    let mut before = BTreeMap::new();
    if let Some((base, project)) = base.and_then(|base| Some((base, base.project.as_ref()?))) {
        // The project that was says where its files were; policies are the same by name, wherever their files lie.
        let moved = moved(project, head);
        before = listed(&base.tree, name, project)?
            .into_iter()
            .map(|(path, bytes)| (moved.get(&path).cloned().unwrap_or(path), bytes))
            .collect();
    }
    let mut files = Files::default();
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(path), after.get(path));
        if was == is {
            continue;
        }
        files.paths.insert(path.clone());
        if is.is_none() {
            files.removed.insert(path.clone());
        }
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone());
        // What is no text, such as a plugin, is judged by its cases. What was none before is new text.
        if let Ok(after) = is.map(text).transpose() {
            let before = was.and_then(|bytes| text(bytes).ok());
            files.texts.push(ChangedFile { path: path.clone(), before, after });
        }
    }
    files.texts.retain(|file| file.before.is_some() || file.after.is_some());
    Ok(files)
}

fn listed(tree: &Tree, name: &str, project: &Project) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let file = &project.file;
    let mut paths = vec![name.to_owned(), file.accounts.clone(), file.lock.clone()];
    paths.extend(file.gates.iter().map(|gate| gate.file.clone()));
    for folder in file.scps.iter().chain([&file.policies]) {
        paths.extend(tree.list(folder)?);
    }
    tree.files(&paths)
}

/// Paths of policies in the base, each with the path of the policy of the same name now.
fn moved(base: &Project, head: &Head<'_>) -> BTreeMap<String, String> {
    let own = |path: &str| path.strip_prefix(head.prefix).unwrap_or(path).to_owned();
    let both = base.scps.iter().filter_map(|(name, was)| Some((was, head.project.scps.get(name)?)));
    both.filter(|(was, is)| was.path != is.path).map(|(was, is)| (own(&was.path), own(&is.path))).collect()
}
