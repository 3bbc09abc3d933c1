//! The organization as a value: units, accounts, policies and what is attached where.

use reeve_json::Value;
use reeve_model::AccountId;
use std::collections::BTreeMap;

/// An AWS organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// Id of the root, `r-…`.
    pub root_id: String,
    /// The management account, which policies do not bind.
    pub management_account: String,
    /// Units by id.
    pub units: BTreeMap<String, Unit>,
    /// Accounts by id.
    pub accounts: BTreeMap<String, OrganizationAccount>,
    /// Service control policies by id.
    pub policies: BTreeMap<String, Scp>,
    /// Ids of the policies attached to a root, unit or account, by the target's id.
    pub attachments: BTreeMap<String, Vec<String>>,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Name, unique below its parent.
    pub name: String,
    /// Id of the unit or root above.
    pub parent_id: String,
}

/// A member account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationAccount {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// E-mail address of its root user.
    pub email: String,
    /// Id of the unit or root it is in.
    pub parent_id: String,
}

/// A service control policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scp {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// The document, as stored.
    pub document: String,
    /// Whether AWS manages it.
    pub aws_managed: bool,
}

/// Id of the policy that AWS attaches to everything at first.
pub(crate) const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";

impl Organization {
    /// The organization as stable JSON: what a policy gets as the fact `organization`, and receipts hold.
    #[must_use]
    pub fn to_json(&self) -> Value {
        crate::world_json::organization(self)
    }

    /// The id of the unit with this name or id, if there is exactly one.
    #[must_use]
    pub fn unit_id(&self, name_or_id: &str) -> Option<&str> {
        if let Some((id, _)) = self.units.get_key_value(name_or_id) {
            return Some(id);
        }
        let mut named = self.units.iter().filter(|(_, unit)| unit.name == name_or_id);
        match (named.next(), named.next()) {
            (Some((id, _)), None) => Some(id),
            (_, _) => None,
        }
    }

    /// The name of a unit, or `root`.
    #[must_use]
    pub fn unit_name(&self, id: &str) -> Option<&str> {
        if id == self.root_id { Some("root") } else { self.units.get(id).map(|unit| unit.name.as_str()) }
    }

    /// Ids from `parent_id` up to the root, both included. Ends at a missing or repeated id.
    #[must_use]
    pub fn path_up<'a>(&'a self, parent_id: &'a str) -> Vec<&'a str> {
        let mut path = Vec::new();
        let mut at = parent_id;
        while !path.contains(&at) {
            path.push(at);
            match self.units.get(at) {
                Some(unit) => at = &unit.parent_id,
                None => break,
            }
        }
        path
    }

    /// Policies attached to a target.
    pub fn attached<'a>(&'a self, target_id: &str) -> impl Iterator<Item = (&'a str, &'a Scp)> {
        self.attachments
            .get(target_id)
            .into_iter()
            .flatten()
            .filter_map(|id| self.policies.get_key_value(id))
            .map(|(id, policy)| (id.as_str(), policy))
    }
}
