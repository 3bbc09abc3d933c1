//! Levels, accounts and lists of actions in words.

use super::state::State;
use reeve_scp::{Level, LevelKind};

/// So many names are told; of the rest only how many there are.
const NAMES_MAX: usize = 5;

/// A value of the organization or the request in backticks.
pub(super) fn quote(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}

/// A root, unit or account by id.
pub(super) fn target(state: &State, id: &str) -> String {
    if id == state.root {
        return "the root".to_owned();
    }
    match (state.units.get(id), state.accounts.get(id)) {
        (Some(unit), _) => format!("unit {}", quote(&unit.name)),
        (None, Some(account)) => format!("account {}", quote(&account.name)),
        (None, None) => quote(id),
    }
}

/// A level of a decision.
pub(super) fn level(level: &Level) -> String {
    match level.kind {
        LevelKind::Root => "the root".to_owned(),
        LevelKind::Unit => format!("unit {}", quote(&level.name)),
        LevelKind::Account => format!("account {}", quote(&level.name)),
    }
}

/// A list of names, cut.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let all: Vec<String> = names.into_iter().map(quote).collect();
    let shown = all.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(NAMES_MAX) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// Accounts by their ids.
pub(super) fn accounts(state: &State, ids: &[&str]) -> String {
    let name = |id: &&str| state.accounts.get(*id).map_or((*id).to_owned(), |account| account.name.clone());
    let all: Vec<String> = ids.iter().map(name).collect();
    let word = if all.len() == 1 { "account" } else { "accounts" };
    format!("{word} {}", names(all.iter().map(String::as_str)))
}
