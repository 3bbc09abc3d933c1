//! Where a value comes from.

use reeve_model::Place;
use reeve_yaml::{Mark, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A layer of the file. Later layers win, in the order of the variants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The lock file: ids that are known, and not written in the accounts file.
    Lock,
    /// `Default`: every account.
    Default,
    /// `Scopes.<name>`: every account that names the scope.
    Scope(String),
    /// `Accounts.<name>`: one account.
    Account(String),
}

impl fmt::Display for Layer {
    /// The path in the file: `Default`, `Scopes.dev`, `Accounts.foo`; `lock file` for what the lock holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock => write!(f, "lock file"),
            Self::Default => write!(f, "Default"),
            Self::Scope(name) => write!(f, "Scopes.{name}"),
            Self::Account(name) => write!(f, "Accounts.{name}"),
        }
    }
}

/// A value and what set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// The value. It has passed the checks of its key. Items of lists and mappings know their own places.
    pub value: Value,
    /// Where the value starts.
    pub value_at: Mark,
    /// The layer that set it.
    pub layer: Layer,
    /// Where its key stands, which is the line a person looks for.
    pub at: Mark,
    /// The name of the file, as errors show it.
    pub file: Arc<str>,
}

impl Sourced {
    /// The place of its key: `file:line:column`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.at)
    }

    /// The place of its key, for findings.
    #[must_use]
    pub fn key_place(&self) -> Place {
        place(&self.file, self.at)
    }

    /// The place of its value, for findings.
    #[must_use]
    pub fn value_place(&self) -> Place {
        place(&self.file, self.value_at)
    }
}

/// A mark in a file, for findings.
pub(crate) fn place(file: &str, at: Mark) -> Place {
    Place { file: file.to_owned(), line: at.line, column: at.column }
}

/// The values of one layer by key.
pub(crate) type LayerValues = BTreeMap<&'static str, Arc<Sourced>>;

/// The value that won a key, and those it beat, nearest layer first.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) winner: Arc<Sourced>,
    pub(crate) beaten: Vec<Arc<Sourced>>,
}

/// Merges layers, given from the weakest to the strongest, whole value by whole value.
pub(crate) fn merge<'a>(layers: impl IntoIterator<Item = &'a LayerValues>) -> BTreeMap<&'static str, Setting> {
    let mut merged: BTreeMap<&'static str, Setting> = BTreeMap::new();
    for (&key, sourced) in layers.into_iter().flatten() {
        match merged.get_mut(key) {
            Some(setting) => {
                let beaten = std::mem::replace(&mut setting.winner, Arc::clone(sourced));
                setting.beaten.insert(0, beaten);
            }
            None => {
                merged.insert(key, Setting { winner: Arc::clone(sourced), beaten: Vec::new() });
            }
        }
    }
    merged
}
