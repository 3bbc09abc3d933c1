//! The lock file: ids that AWS gave, pinned once known, so that a name that changes is not taken for a new account.
//!
//! Reeve writes it, people review it. One entry is one line and lines are sorted, so that what a merge pins is what a
//! diff shows.

mod apply;
mod read;

use reeve_yaml::{Mark, YamlError};
use std::collections::BTreeMap;

/// What the first lines of a written lock say.
const HEADER: &str = "\
# Ids that AWS gave, pinned once known. Reeve writes this file; review it, and keep it beside the accounts file.
# To rename an account, rename its entry here in the same change.
";

/// The pinned ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    file: String,
    accounts: BTreeMap<String, LockedAccount>,
    units: BTreeMap<String, LockedId>,
    policies: BTreeMap<String, LockedId>,
}

/// One pinned account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedAccount {
    /// The id, twelve digits.
    pub id: String,
    /// The address of its root user when it was pinned.
    pub email: String,
    /// Where its name stands.
    pub at: Mark,
}

/// One pinned id of a unit or a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedId {
    /// The id: `ou-…` or `r-…` of a unit, `p-…` of a policy.
    pub id: String,
    /// Where the name stands.
    pub at: Mark,
}

/// Where a pin stands that was made and not yet read from a file: the first line of a new one.
const NEW: Mark = Mark { line: 1, column: 1 };

impl Lock {
    /// A lock without entries, for a file that is not there yet.
    #[must_use]
    pub fn new(file_name: &str) -> Self {
        Self { file: file_name.to_owned(), ..Self::default() }
    }

    /// Reads a lock file. `file_name` is only repeated in errors and places; nothing is opened.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file; the first error alone when the text is not strict YAML.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<YamlError>> {
        read::lock(file_name, text)
    }

    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The pinned accounts, sorted by name.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &LockedAccount)> {
        self.accounts.iter().map(|(name, account)| (name.as_str(), account))
    }

    /// The pinned account of this name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&LockedAccount> {
        self.accounts.get(name)
    }

    /// The pinned units, sorted by name.
    pub fn units(&self) -> impl Iterator<Item = (&str, &LockedId)> {
        self.units.iter().map(|(name, unit)| (name.as_str(), unit))
    }

    /// The pinned policies, sorted by name.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &LockedId)> {
        self.policies.iter().map(|(name, policy)| (name.as_str(), policy))
    }

    /// Pins an account, in place of what its name or its id was pinned to.
    pub fn pin_account(&mut self, name: &str, id: &str, email: &str) {
        // An id is one account: under another name it is the same one, renamed.
        self.accounts.retain(|_, account| account.id != id);
        self.accounts.insert(name.to_owned(), LockedAccount { id: id.to_owned(), email: email.to_owned(), at: NEW });
    }

    /// Pins a unit, in place of what its name or its id was pinned to.
    pub fn pin_unit(&mut self, name: &str, id: &str) {
        pin(&mut self.units, name, id);
    }

    /// Pins a policy, in place of what its name or its id was pinned to.
    pub fn pin_policy(&mut self, name: &str, id: &str) {
        pin(&mut self.policies, name, id);
    }

    /// The digest of its text, which changes when an id becomes known.
    #[must_use]
    pub fn digest(&self) -> String {
        reeve_model::Digest::of(self.to_text().as_bytes()).as_str().to_owned()
    }

    /// The text of the file: a header, then one line an entry, sorted by name. Equal entries give equal bytes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::from(HEADER);
        let accounts = self.accounts.iter().map(|(name, account)| {
            (name, format!("{{id: {}, email: {}}}", string(&account.id), string(&account.email)))
        });
        section(&mut out, "accounts", accounts);
        section(&mut out, "units", self.units.iter().map(|(name, unit)| (name, string(&unit.id))));
        section(&mut out, "policies", self.policies.iter().map(|(name, policy)| (name, string(&policy.id))));
        out
    }
}

fn pin(pins: &mut BTreeMap<String, LockedId>, name: &str, id: &str) {
    pins.retain(|_, pinned| pinned.id != id);
    pins.insert(name.to_owned(), LockedId { id: id.to_owned(), at: NEW });
}

fn section<'a>(out: &mut String, key: &str, entries: impl Iterator<Item = (&'a String, String)>) {
    let lines: Vec<String> = entries.map(|(name, value)| format!("  {}: {value}\n", string(name))).collect();
    if lines.is_empty() {
        out.push_str(&format!("{key}: {{}}\n"));
    } else {
        out.push_str(&format!("{key}:\n{}", lines.concat()));
    }
}

/// A text in double quotes. Names and addresses hold no control character, so JSON's form is YAML's too.
fn string(text: &str) -> String {
    reeve_json::compact(&reeve_json::Value::from(text))
}

#[cfg(test)]
#[path = "lock/tests.rs"]
mod tests;
