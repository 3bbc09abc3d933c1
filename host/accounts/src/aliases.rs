//! Where the file repeats values by aliases, so that what is told of such a value names both places: the alias, where
//! it is used, and the anchor, where it is written.

use crate::layer::place;
use reeve_model::{Finding, Place};
use reeve_yaml::{Mark, Node, Value, YamlError};
use std::collections::BTreeMap;

/// The aliases of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases {
    /// From an alias to the value that it repeats.
    anchors: BTreeMap<Mark, Mark>,
    /// Where an account is as a whole an alias, by its name.
    accounts: BTreeMap<String, Mark>,
}

impl Aliases {
    /// Looks for aliases in the tree of a file.
    pub(crate) fn of(root: &Node) -> Self {
        let mut aliases = Self::default();
        aliases.walk(root);
        let accounts = root.value.as_mapping().and_then(|root| root.get("Accounts")?.node.value.as_mapping());
        for entry in accounts.into_iter().flatten().filter(|entry| entry.node.anchor.is_some()) {
            aliases.accounts.insert(entry.key.clone(), entry.node.at);
        }
        aliases
    }

    fn walk(&mut self, node: &Node) {
        if let Some(anchor) = node.anchor {
            // Its inside is looked through where it is written.
            self.anchors.insert(node.at, anchor);
            return;
        }
        match &node.value {
            Value::Mapping(mapping) => mapping.iter().for_each(|entry| self.walk(&entry.node)),
            Value::Sequence(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String { .. } => {}
        }
    }

    /// An error at an alias, with a hint to the value that it repeats.
    pub(crate) fn hinted(&self, error: YamlError) -> YamlError {
        match (self.anchors.get(&error.at()), error.hint()) {
            (None, _) => error,
            (Some(anchor), None) => error.with_hint(format!("the alias repeats the value at {anchor}")),
            (Some(anchor), Some(hint)) => {
                let hint = format!("{hint}; the alias repeats the value at {anchor}");
                error.with_hint(hint)
            }
        }
    }

    /// Adds the anchor of the value a finding is about, and the alias by which its account has it.
    pub(crate) fn relate(&self, file: &str, finding: &mut Finding) {
        let Some(Place { line, column, .. }) = finding.place.as_ref().filter(|place| place.file == file) else {
            return;
        };
        if let Some(anchor) = self.anchors.get(&Mark { line: *line, column: *column }) {
            finding.related.push((place(file, *anchor), "the alias repeats this value".to_owned()));
        }
        if let Some(alias) = finding.subject.as_ref().and_then(|name| self.accounts.get(name)) {
            finding.related.push((place(file, *alias), "the account is this alias".to_owned()));
        }
    }
}

#[cfg(test)]
#[path = "aliases_tests.rs"]
mod tests;
