//! The whole file, and the questions asked of it.

use crate::account::Account;
use crate::domain::DomainEntry;
use crate::read;
use crate::units::OrganizationalUnit;
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

/// The accounts file: accounts with merged values, and organizational units.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(crate) file: String,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) names_by_id: BTreeMap<String, String>,
    pub(crate) units: BTreeMap<String, OrganizationalUnit>,
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

    /// The organizational unit with this name.
    #[must_use]
    pub fn organizational_unit(&self, name: &str) -> Option<&OrganizationalUnit> {
        self.units.get(name)
    }
}
