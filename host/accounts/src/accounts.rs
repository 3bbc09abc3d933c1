//! The whole file, and the questions asked of it.

use crate::account::Account;
use crate::aliases::Aliases;
use crate::domain::DomainEntry;
use crate::read;
use crate::units::{self, OrganizationalUnit, PolicyName, Units};
use reeve_yaml::YamlError;
use std::collections::BTreeMap;

/// One domain entry and the account that owns it. Ordered by entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainOwner {
    /// The entry.
    pub entry: DomainEntry,
    /// The name of the account.
    pub account: String,
    /// The id of the account, twelve digits.
    pub id: String,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A unit, the root included.
    Unit(&'a OrganizationalUnit),
    /// An account.
    Account(&'a Account),
}

impl Target<'_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.name,
            Self::Account(account) => account.name(),
        }
    }
}

/// The accounts file: accounts with merged values, and organizational units.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(crate) file: String,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) names_by_id: BTreeMap<String, String>,
    pub(crate) units: Units,
    pub(crate) policy_ids: BTreeMap<String, String>,
    pub(crate) aliases: Aliases,
}

impl Accounts {
    /// Reads the file. `file_name` is only repeated in errors and places; nothing is opened.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file; the first error alone when the text is not strict YAML.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<YamlError>> {
        read::accounts(file_name, text)
    }

    /// The name of the file, as errors show it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The account with this id (twelve digits).
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Account> {
        self.names_by_id.get(id).and_then(|name| self.by_name(name))
    }

    /// The account with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Every account, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// How many accounts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether the file names no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Every domain entry of every account whose id is known, whatever its status, sorted by entry. No entry is there
    /// twice, but one may lie inside another (`a.example.com` of one account below `example.com` of another).
    #[must_use]
    pub fn domain_owners(&self) -> Vec<DomainOwner> {
        let mut owners = Vec::new();
        for account in self.iter() {
            let Some(id) = account.id() else { continue };
            owners.extend(account.allowed_dns_domains().iter().map(|entry| DomainOwner {
                entry: entry.clone(),
                account: account.name().to_owned(),
                id: id.to_owned(),
            }));
        }
        owners.sort();
        owners
    }

    /// Every organizational unit of `OrganizationUnits`, sorted by name.
    pub fn organizational_units(&self) -> impl Iterator<Item = &OrganizationalUnit> {
        self.units.values()
    }

    /// The name of the root: that of its entry, or `root` where none is there.
    #[must_use]
    pub fn root_unit(&self) -> &str {
        units::root(&self.units)
    }

    /// The name of the unit right above one; `None` for the root and for a unit that the file does not define.
    #[must_use]
    pub fn parent_unit(&self, name: &str) -> Option<&str> {
        units::parent(&self.units, name)
    }

    /// The names of the units from the root down to one, itself included; empty for a unit that the file does not
    /// define.
    #[must_use]
    pub fn unit_path<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        if name != self.root_unit() && !self.units.contains_key(name) {
            return Vec::new();
        }
        // A file with a cycle was refused.
        units::path(&self.units, name).unwrap_or_default()
    }

    /// Every policy that something has attached to it, with what it is attached to: units by name, then accounts by
    /// name, each in the order of the file.
    pub fn attachments(&self) -> impl Iterator<Item = (Target<'_>, PolicyName)> {
        let units =
            self.units.values().flat_map(|unit| unit.policies.iter().map(|it| (Target::Unit(unit), it.clone())));
        let accounts = self.iter().flat_map(|account| {
            account.policies().unwrap_or_default().into_iter().map(|policy| (Target::Account(account), policy))
        });
        units.chain(accounts)
    }

    /// The id of a policy (`p-…`), where the lock knows it.
    #[must_use]
    pub fn policy_id(&self, name: &str) -> Option<&str> {
        self.policy_ids.get(name).map(String::as_str)
    }

    /// The organizational unit with this name.
    #[must_use]
    pub fn organizational_unit(&self, name: &str) -> Option<&OrganizationalUnit> {
        self.units.get(name)
    }
}
