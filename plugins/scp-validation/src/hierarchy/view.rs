//! What every rule of the hierarchy looks at: base, head, and what the request does.

use super::settings::Settings;
use super::state::{Change, State, What};
use reeve_scp::{LEVELS_MAX, Organization};
use std::collections::{BTreeMap, BTreeSet};

/// Base, head and changes.
pub(super) struct View<'v> {
    pub(super) base: &'v State,
    pub(super) head: &'v State,
    /// None when a document of base cannot be evaluated: then whatever is wrong in head counts as new.
    pub(super) before: Option<&'v Organization>,
    pub(super) after: &'v Organization,
    /// Never empty.
    pub(super) changes: &'v [Change],
    pub(super) settings: &'v Settings,
}

/// What binds an account: its parent and its own policies, in head and in base.
type Binding<'s> = (&'s str, &'s [String], &'s str, &'s [String]);

/// Accounts that the same policies bind, before and after.
pub(super) struct Group<'v> {
    /// The account that stands for all of them.
    pub(super) first: &'v str,
    /// Ids, in order, the first one included.
    pub(super) accounts: Vec<&'v str>,
}

impl<'v> View<'v> {
    /// The action that last touched a policy, a target or an account; else the first action of all.
    pub(super) fn at(&self, policy: Option<&str>, target: Option<&str>) -> String {
        // Line and column of a finding are those of the document, so the action that stores it comes first.
        let stores = |change: &&Change| policy.is_some_and(|policy| change.stores(policy));
        let touches = |change: &&Change| match &change.what {
            What::Attached { policy: key, target: id } | What::Detached { policy: key, target: id } => {
                policy == Some(key) && target.is_none_or(|target| target == id)
            }
            What::Stored { .. } | What::Moved { .. } => false,
        };
        let on_target = |change: &&Change| match &change.what {
            What::Attached { target: id, .. } | What::Detached { target: id, .. } => target == Some(id),
            What::Moved { account } => target == Some(account),
            What::Stored { .. } => false,
        };
        let last = |is: &dyn Fn(&&Change) -> bool| self.changes.iter().rev().find(is);
        let found = last(&stores).or_else(|| last(&touches)).or_else(|| last(&on_target));
        found.or_else(|| self.changes.first()).map(|change| change.at.clone()).unwrap_or_default()
    }

    /// Targets whose own policies are other ones, or say something else, in head.
    pub(super) fn touched(&self) -> BTreeSet<&'v str> {
        let stored: BTreeSet<&str> = self
            .changes
            .iter()
            .filter_map(|change| match &change.what {
                What::Stored { policy, .. } => Some(policy.as_str()),
                What::Attached { .. } | What::Detached { .. } | What::Moved { .. } => None,
            })
            .collect();
        let changed = self.changes.iter().filter_map(|change| match &change.what {
            What::Attached { target, .. } | What::Detached { target, .. } => Some(target.as_str()),
            What::Stored { .. } | What::Moved { .. } => None,
        });
        let holding =
            self.head.attachments.iter().filter(|(_, keys)| keys.iter().any(|key| stored.contains(key.as_str())));
        changed.chain(holding.map(|(target, _)| target.as_str())).collect()
    }

    /// The accounts for which anything may be different, grouped by what binds them. The management account is not among
    /// them.
    pub(super) fn groups(&self) -> Vec<Group<'v>> {
        let touched = self.touched();
        let moved: BTreeSet<&str> = self
            .changes
            .iter()
            .filter_map(|change| match &change.what {
                What::Moved { account } => Some(account.as_str()),
                What::Stored { .. } | What::Attached { .. } | What::Detached { .. } => None,
            })
            .collect();
        let mut groups: BTreeMap<Binding<'_>, Vec<&'v str>> = BTreeMap::new();
        for (id, node) in &self.head.accounts {
            if *id == self.head.management_account {
                continue;
            }
            let affected = moved.contains(id.as_str())
                || self.head.path(id, LEVELS_MAX).iter().any(|level| touched.contains(level));
            if affected {
                let parent = self.base.accounts.get(id).map_or("", |node| node.parent.as_str());
                let key = (node.parent.as_str(), self.head.attached(id), parent, self.base.attached(id));
                groups.entry(key).or_default().push(id);
            }
        }
        let group = |accounts: Vec<&'v str>| Some(Group { first: accounts.first()?, accounts });
        groups.into_values().filter_map(group).collect()
    }
}
