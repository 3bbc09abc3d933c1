//! The edits that the static checks offer for the accounts file.

use super::{Head, lint};
use crate::exit::Failure;
use crate::project;
use crate::tree::Tree;
use anyhow::Context;
use reeve_accounts::Accounts;
use reeve_accounts::edit::Edit;
use reeve_config::{ProjectFile, YamlError};
use std::path::Path;

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
    let head = Head { project, root, prefix: "", tree, texts: &loaded.texts, repository: None };
    let edited = |it: reeve_accounts::lint::Suggestion| {
        let place = it.finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        Some((format!("{place}{}", it.finding.message), it.edit?.apply(text).ok()?))
    };
    Ok(lint::all(&head).into_iter().find_map(edited))
}
