//! A policy: a plugin, the kinds it judges, the facts it needs, and whether it counts.

use crate::Ask;
use reeve_model::{Digest, Mode};
use std::sync::Arc;

/// Where a fact is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactSource {
    /// The sender's value of a key of the accounts file.
    Accounts {
        /// The key.
        key: String,
    },
    /// The organization: units, accounts, service control policies and attachments, as JSON.
    Organization,
    /// An SSM parameter; `{sender.account}` in its name stands for the sender's account id.
    Parameter {
        /// The name, or a template of it.
        name: String,
        /// Whether the value is a list, comma-separated.
        list: bool,
        /// Whether the items are domains of an allowlist: one malformed item then voids the list.
        domains: bool,
    },
}

/// A fact that a policy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactNeed {
    /// The name under which the plugin looks for it.
    pub name: String,
    /// Where it is read.
    pub source: FactSource,
}

/// Digests of everything that makes a policy what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDigests {
    /// The component's bytes.
    pub plugin: Digest,
    /// The settings' canonical text.
    pub settings: Digest,
    /// The tables it was granted, by name.
    pub datasets: Vec<(String, Digest)>,
}

/// One policy of a gate.
#[derive(Clone)]
pub struct Policy {
    /// Its name, unique in the gate.
    pub id: String,
    /// Kinds it judges; none means every kind of the gate.
    pub kinds: Option<Vec<String>>,
    /// Whether it counts.
    pub mode: Mode,
    /// Facts it needs, sorted by name.
    pub needs: Vec<FactNeed>,
    /// What it is made of.
    pub digests: PolicyDigests,
    /// Its plugin.
    pub plugin: Arc<dyn Ask>,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("id", &self.id).field("digests", &self.digests).finish_non_exhaustive()
    }
}

impl Policy {
    /// Whether it judges a kind.
    #[must_use]
    pub fn judges(&self, kind: &str) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|it| it == kind))
    }
}
