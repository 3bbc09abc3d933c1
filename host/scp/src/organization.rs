//! The organization as the simulation sees it: root, units and accounts in a tree, policies, and what is attached where.
//!
//! It is checked once, when it is built: after that every account has one chain of levels up to the root.

use crate::document::Document;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Levels from an account up to the root, both included: five units may lie between them (Organizations quotas). A chain
/// that is longer is a cycle or not an organization.
pub const LEVELS_MAX: usize = 7;

/// An organization and its service control policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    root: String,
    management_account: String,
    targets: BTreeMap<String, Target>,
    accounts: BTreeSet<String>,
    policies: Vec<Policy>,
}

/// What a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LevelKind {
    /// The root.
    Root,
    /// An organizational unit.
    Unit,
    /// An account.
    Account,
}

/// A root, unit or account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: LevelKind,
    pub(crate) name: String,
    /// The account's id, 12 digits, once it has one.
    pub(crate) account_id: Option<String>,
    pub(crate) parent: Option<String>,
    /// Indices of policies.
    attached: Vec<usize>,
}

/// A policy of an organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What it is attached by: its id, or its name.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its document.
    pub document: Document,
}

/// Why something is not an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationError {
    /// Two roots, units, accounts or policies have this key.
    Twice(String),
    /// This unit or account is below something that is neither the root nor a unit.
    NoParent(String),
    /// The units above this unit or account end nowhere, or are more than AWS has.
    NoRoot(String),
    /// A policy is attached to this, which is neither the root nor a unit or account.
    NoTarget(String),
    /// This policy is attached and does not exist.
    NoPolicy(String),
    /// This account is asked for and does not exist.
    NoAccount(String),
    /// The JSON is not that of an organization.
    Json(String),
    /// The document of this policy cannot be evaluated.
    Document(String, crate::DocumentError),
}

impl fmt::Display for OrganizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(key) => write!(f, "`{}` stands twice in the organization", key.escape_debug()),
            Self::NoParent(key) => write!(f, "`{}` is below no known unit", key.escape_debug()),
            Self::NoRoot(key) => {
                write!(f, "`{}` does not lead to the root within {LEVELS_MAX} levels", key.escape_debug())
            }
            Self::NoTarget(key) => write!(f, "a policy is attached to the unknown `{}`", key.escape_debug()),
            Self::NoPolicy(key) => write!(f, "the unknown policy `{}` is attached", key.escape_debug()),
            Self::NoAccount(key) => write!(f, "account `{}` is not in the organization", key.escape_debug()),
            Self::Json(message) => f.write_str(message),
            Self::Document(key, error) => write!(f, "policy `{}` cannot be evaluated: {error}", key.escape_debug()),
        }
    }
}

impl std::error::Error for OrganizationError {}

/// One level of an account's chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level {
    /// Root, unit or account.
    pub kind: LevelKind,
    /// Its id or key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// Collects an organization, in any order.
#[derive(Debug, Clone)]
pub struct Builder {
    root: String,
    management_account: String,
    targets: Vec<(String, Target)>,
    policies: Vec<Policy>,
    attachments: Vec<(String, String)>,
}

impl Builder {
    /// Adds a unit. Keys of root, units and accounts share one space.
    pub fn unit(&mut self, key: &str, name: &str, parent: &str) -> &mut Self {
        self.target(key, LevelKind::Unit, name, None, Some(parent))
    }

    /// Adds an account. Its key says which account it is in another organization of the same builder, the one before or
    /// after a change; its id may not be known yet. A key of twelve digits is taken for an id only where the account has
    /// that id: whoever uses ids as keys gives them as ids too.
    pub fn account(&mut self, key: &str, id: Option<&str>, name: &str, parent: &str) -> &mut Self {
        self.target(key, LevelKind::Account, name, id, Some(parent))
    }

    fn target(&mut self, key: &str, kind: LevelKind, name: &str, id: Option<&str>, parent: Option<&str>) -> &mut Self {
        let (account_id, parent) = (id.map(str::to_owned), parent.map(str::to_owned));
        let target = Target { kind, name: name.to_owned(), account_id, parent, attached: Vec::new() };
        self.targets.push((key.to_owned(), target));
        self
    }

    /// Adds a policy.
    pub fn policy(&mut self, key: &str, name: &str, document: Document) -> &mut Self {
        self.policies.push(Policy { key: key.to_owned(), name: name.to_owned(), document });
        self
    }

    /// Attaches a policy to a root, unit or account, all by key.
    pub fn attach(&mut self, target: &str, policy: &str) -> &mut Self {
        self.attachments.push((target.to_owned(), policy.to_owned()));
        self
    }

    /// Checks and joins everything.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn build(self) -> Result<Organization, OrganizationError> {
        let mut targets = BTreeMap::new();
        for (key, target) in self.targets {
            if targets.insert(key.clone(), target).is_some() {
                return Err(OrganizationError::Twice(key));
            }
        }
        let mut places = BTreeMap::new();
        for (index, policy) in self.policies.iter().enumerate() {
            if places.insert(policy.key.clone(), index).is_some() {
                return Err(OrganizationError::Twice(policy.key.clone()));
            }
        }
        for (key, policy) in self.attachments {
            let Some(target) = targets.get_mut(&key) else { return Err(OrganizationError::NoTarget(key)) };
            let Some(index) = places.get(&policy) else { return Err(OrganizationError::NoPolicy(policy)) };
            if target.attached.contains(index) {
                return Err(OrganizationError::Twice(format!("{key}/{policy}")));
            }
            target.attached.push(*index);
        }
        let is_account = |target: &Target| target.kind == LevelKind::Account;
        let accounts = targets.iter().filter(|(_, it)| is_account(it)).map(|(key, _)| key.clone()).collect();
        let built = Organization {
            root: self.root,
            management_account: self.management_account,
            targets,
            accounts,
            policies: self.policies,
        };
        built.check()?;
        Ok(built)
    }
}

impl Organization {
    /// Begins an organization with its root and the id of its management account, which need not be in it. A text that is
    /// not twelve digits is the account's key.
    #[must_use]
    pub fn builder(root: &str, management_account: &str) -> Builder {
        let (root, management_account) = (root.to_owned(), management_account.to_owned());
        let mut builder = Builder {
            root: root.clone(),
            management_account,
            targets: Vec::new(),
            policies: Vec::new(),
            attachments: Vec::new(),
        };
        builder.target(&root, LevelKind::Root, "root", None, None);
        builder
    }

    fn check(&self) -> Result<(), OrganizationError> {
        for (key, target) in &self.targets {
            let parent = target.parent.as_ref().map(|parent| self.targets.get(parent).map(|it| it.kind));
            match parent {
                None | Some(Some(LevelKind::Root | LevelKind::Unit)) => {}
                Some(Some(LevelKind::Account) | None) => return Err(OrganizationError::NoParent(key.clone())),
            }
        }
        for key in self.targets.keys() {
            if self.path(key).last().is_none_or(|(last, _)| **last != self.root) {
                return Err(OrganizationError::NoRoot(key.clone()));
            }
        }
        Ok(())
    }

    /// From a target up to the root; cut after [`LEVELS_MAX`].
    fn path<'o>(&'o self, key: &str) -> Vec<(&'o String, &'o Target)> {
        let mut path: Vec<(&String, &Target)> = Vec::with_capacity(LEVELS_MAX);
        let mut next = self.targets.get_key_value(key);
        while let Some((key, target)) = next.filter(|_| path.len() < LEVELS_MAX) {
            path.push((key, target));
            next = target.parent.as_ref().and_then(|parent| self.targets.get_key_value(parent));
        }
        path
    }

    /// The key of the root.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Keys of the accounts, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(String::as_str)
    }

    /// Whether policies do not bind the account with this key because it manages the organization; also of the key or id of
    /// a management account that is not in it. An account that is merely named like that id does not manage it.
    #[must_use]
    pub fn is_management_account(&self, account: &str) -> bool {
        match self.account_id(account) {
            _ if !is_id(&self.management_account) => account == self.management_account,
            Some(id) => id == self.management_account,
            None => account == self.management_account && self.account_level(account).is_none(),
        }
    }

    /// As [`Organization::is_management_account`], of the account with this id.
    pub(crate) fn is_management_id(&self, id: &str) -> bool {
        id == self.management_account || self.account_key(id).is_some_and(|key| self.is_management_account(key))
    }

    /// The key of the account with this id, or else with this key; but no name of twelve digits stands for another
    /// account's id.
    #[must_use]
    pub fn account_key(&self, id_or_key: &str) -> Option<&str> {
        let has_id = |key: &&String| self.account_id(key) == Some(id_or_key);
        let by_key = || self.accounts.get(id_or_key).filter(|_| !is_id(id_or_key));
        self.accounts.iter().find(has_id).or_else(by_key).map(String::as_str)
    }

    /// The id of an account, if it has one.
    #[must_use]
    pub fn account_id(&self, account: &str) -> Option<&str> {
        self.targets.get(account)?.account_id.as_deref()
    }

    pub(crate) fn account_level(&self, account: &str) -> Option<&Target> {
        self.targets.get(account).filter(|target| target.kind == LevelKind::Account)
    }

    /// The level of a root, unit or account by key.
    #[must_use]
    pub fn level(&self, key: &str) -> Option<Level> {
        let (key, target) = self.targets.get_key_value(key)?;
        Some(Level { kind: target.kind, key: key.clone(), name: target.name.clone() })
    }

    /// The key of the unit or root above a unit or account.
    #[must_use]
    pub fn parent(&self, key: &str) -> Option<&str> {
        self.targets.get(key)?.parent.as_deref()
    }

    /// Levels from the root down to this root, unit or account; empty if there is none with this key.
    #[must_use]
    pub fn levels(&self, key: &str) -> Vec<Level> {
        let level = |(key, target): (&String, &Target)| Level {
            kind: target.kind,
            key: key.clone(),
            name: target.name.clone(),
        };
        self.path(key).into_iter().rev().map(level).collect()
    }

    /// Keys of all roots, units and accounts, in order.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.keys().map(String::as_str)
    }

    /// The policies attached directly to a root, unit or account.
    pub fn attached(&self, target: &str) -> impl Iterator<Item = &Policy> {
        self.targets.get(target).into_iter().flat_map(|target| self.attached_to(target))
    }

    fn attached_to<'o>(&'o self, target: &'o Target) -> impl Iterator<Item = &'o Policy> {
        target.attached.iter().filter_map(|index| self.policies.get(*index))
    }

    /// All policies, in the order in which they were added.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The levels of an account or unit with what is attached there, from the root down.
    pub(crate) fn chain<'o>(&'o self, key: &str) -> Chain<'o> {
        let mut links: Vec<Link<'o>> = self
            .path(key)
            .into_iter()
            .map(|(key, target)| Link { key, target, policies: self.attached_to(target).collect() })
            .collect();
        links.reverse();
        Chain { links }
    }
}

/// Whether the text has the form of an account's id: twelve digits.
fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What binds one account, from the root down.
#[derive(Debug, Clone)]
pub(crate) struct Chain<'o> {
    pub(crate) links: Vec<Link<'o>>,
}

impl Chain<'_> {
    /// What is attached level by level, as places in [`Organization::policies`]: accounts with the same are bound alike.
    pub(crate) fn signature(&self) -> Vec<&[usize]> {
        self.links.iter().map(|link| link.target.attached.as_slice()).collect()
    }
}

/// One level of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Link<'o> {
    pub(crate) key: &'o String,
    pub(crate) target: &'o Target,
    pub(crate) policies: Vec<&'o Policy>,
}

impl Link<'_> {
    pub(crate) fn level(&self) -> Level {
        Level { kind: self.target.kind, key: self.key.clone(), name: self.target.name.clone() }
    }
}

#[cfg(test)]
mod tests;
