//! The accounts file and its lock together: ids of the lock for what has none, and everything in which the two differ.

use super::{Lock, LockedAccount, LockedId};
use crate::account::Account;
use crate::accounts::Accounts;
use crate::layer::{Layer, Setting, Sourced, place};
use crate::lint::BY;
use crate::units::OrganizationalUnit;
use reeve_model::{Finding, Place, Severity};
use reeve_yaml::{Value, quoted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Accounts {
    /// The same accounts with the ids that the lock knows, and what the two files do not agree on. An id in the
    /// accounts file wins.
    ///
    /// An account that the lock does not know by name is looked up by id, then by address: AWS has each address once,
    /// so that is the same account under another name. It takes the id, and a warning says so.
    #[must_use]
    pub fn with_lock(mut self, lock: &Lock) -> (Self, Vec<Finding>) {
        let mut join = Join { lock, file: self.file.clone(), used: BTreeSet::new(), findings: Vec::new() };
        let names: BTreeSet<String> = self.accounts.keys().cloned().collect();
        for account in self.accounts.values_mut() {
            join.account(account, &names);
        }
        join.unused_accounts();
        join.shared_ids(&mut self);
        join.units(&mut self);
        join.policies(&mut self);
        let mut findings = join.findings;
        findings.sort_by(|a, b| (&a.place, &a.code, &a.message).cmp(&(&b.place, &b.code, &b.message)));
        (self, findings)
    }
}

struct Join<'a> {
    lock: &'a Lock,
    file: String,
    /// Names of the lock's accounts that an account of the file stands for.
    used: BTreeSet<&'a str>,
    findings: Vec<Finding>,
}

impl<'a> Join<'a> {
    fn locked_at(&self, at: reeve_yaml::Mark) -> Place {
        place(&self.lock.file, at)
    }

    /// The entry of the lock that is this account, with its name there.
    fn entry(&self, account: &Account, names: &BTreeSet<String>) -> Option<(&'a str, &'a LockedAccount)> {
        let lock = self.lock;
        if let Some((name, locked)) = lock.accounts.get_key_value(account.name()) {
            return Some((name, locked));
        }
        let mut gone = lock.accounts().filter(|(name, _)| !names.contains(*name));
        match (account.id(), account.email()) {
            (Some(id), _) => gone.find(|(_, locked)| locked.id == id),
            (None, Some(email)) => gone.find(|(_, locked)| locked.email.eq_ignore_ascii_case(email)),
            (None, None) => None,
        }
    }

    fn account(&mut self, account: &mut Account, names: &BTreeSet<String>) {
        let Some((name, locked)) = self.entry(account, names) else { return };
        self.used.insert(name);
        let shown = quoted(account.name());
        if name != account.name() {
            let message = format!("account {shown} is pinned as {}", quoted(name));
            self.findings.push(
                Finding::new(BY, "ACCOUNT_RENAMED", Severity::Warning, message)
                    .at(place(&self.file, account.at()))
                    .about(account.name())
                    .related(self.locked_at(locked.at), "the name it is pinned under")
                    .fix(format!(
                        "rename the entry of the lock to `{}`, or give the account its old name",
                        account.name()
                    )),
            );
        }
        if let (Some(email), Some(sourced)) = (account.email(), account.value("email"))
            && !email.eq_ignore_ascii_case(&locked.email)
        {
            let message = format!(
                "account {shown} has the e-mail {}, and is pinned with {}",
                quoted(email),
                quoted(&locked.email)
            );
            self.findings.push(
                Finding::new(BY, "EMAIL_CHANGED", Severity::Warning, message)
                    .at(sourced.value_place())
                    .about(account.name())
                    .related(self.locked_at(locked.at), "the e-mail it is pinned with")
                    .fix("change the address of the root user in AWS first, then in both files"),
            );
        }
        match account.id() {
            Some(id) if id != locked.id => {
                let message = format!("account {shown} has the id `{id}`, and is pinned to `{}`", locked.id);
                let at = account.value("id").map(Sourced::value_place);
                let finding = Finding::new(BY, "LOCK_CONFLICT", Severity::Error, message)
                    .about(account.name())
                    .related(self.locked_at(locked.at), "the id it is pinned to")
                    .fix("an account never changes its id: correct the file that is wrong");
                self.findings.push(match at {
                    Some(at) => finding.at(at),
                    None => finding,
                });
            }
            Some(_) => {}
            None => {
                let sourced = Sourced {
                    value: Value::String { text: locked.id.clone(), quoted: true },
                    value_at: locked.at,
                    layer: Layer::Lock,
                    at: locked.at,
                    file: Arc::from(self.lock.file.as_str()),
                };
                account.settings.insert("id", Setting { winner: Arc::new(sourced), beaten: Vec::new() });
            }
        }
    }

    fn unused_accounts(&mut self) {
        for (name, locked) in self.lock.accounts() {
            if self.used.contains(name) {
                continue;
            }
            let message = format!(
                "account {} (`{}`) is pinned, and the accounts file has none of that name",
                quoted(name),
                locked.id
            );
            self.findings.push(
                Finding::new(BY, "LOCK_UNUSED", Severity::Warning, message)
                    .at(self.locked_at(locked.at))
                    .about(name)
                    .fix("Reeve closes no account: keep it in the accounts file with `status: suspended`"),
            );
        }
    }

    /// Finds two accounts with one id, which only the two files together can bring about, and leaves the id with the
    /// account that the accounts file gives it to.
    fn shared_ids(&mut self, accounts: &mut Accounts) {
        let mut names_by_id: BTreeMap<String, String> = BTreeMap::new();
        let mut losers = Vec::new();
        let from_lock = |account: &&Account| account.value("id").is_some_and(|id| id.layer == Layer::Lock);
        let own = accounts.iter().filter(|account| !from_lock(account));
        for account in own.chain(accounts.iter().filter(from_lock)) {
            let (Some(id), Some(sourced)) = (account.id(), account.value("id")) else { continue };
            let Some(owner) = names_by_id.get(id) else {
                names_by_id.insert(id.to_owned(), account.name.clone());
                continue;
            };
            let message =
                format!("id `{id}` of account {} is pinned to account {}", quoted(owner), quoted(&account.name));
            let finding = Finding::new(BY, "LOCK_CONFLICT", Severity::Error, message)
                .about(owner)
                .related(sourced.value_place(), "the id is pinned here")
                .fix("an id is one account: correct the file that is wrong");
            let at = accounts.by_name(owner).and_then(|owner| owner.value("id")).map(Sourced::value_place);
            self.findings.push(match at {
                Some(at) => finding.at(at),
                None => finding,
            });
            losers.push(account.name.clone());
        }
        for name in losers {
            if let Some(account) = accounts.accounts.get_mut(&name) {
                account.settings.remove("id");
            }
        }
        accounts.names_by_id = names_by_id;
    }

    fn units(&mut self, accounts: &mut Accounts) {
        for (name, locked) in self.lock.units() {
            let at = self.locked_at(locked.at);
            let Some(unit) = accounts.units.get(name) else {
                self.unused("organizational unit", name, locked);
                continue;
            };
            if unit.id.as_ref() == Some(&locked.id) {
                continue;
            }
            let Some(why) = unit_conflict(accounts, unit, &locked.id) else {
                if let Some(unit) = accounts.units.get_mut(name) {
                    unit.id = Some(locked.id.clone());
                    unit.id_at = Some(at);
                }
                continue;
            };
            let message = format!("organizational unit {} {why}", quoted(name));
            self.findings.push(
                Finding::new(BY, "LOCK_CONFLICT", Severity::Error, message)
                    .at(unit.id_at.clone().unwrap_or_else(|| place(&self.file, unit.at)))
                    .about(name)
                    .related(at, "the id it is pinned to")
                    .fix("a unit never changes its id: correct the file that is wrong"),
            );
        }
    }

    fn policies(&mut self, accounts: &mut Accounts) {
        let attached: BTreeSet<String> = accounts.attachments().map(|(_, policy)| policy.name.clone()).collect();
        for (name, locked) in self.lock.policies() {
            accounts.policy_ids.insert(name.to_owned(), locked.id.clone());
            if !attached.contains(name) {
                self.unused("policy", name, locked);
            }
        }
    }

    fn unused(&mut self, what: &str, name: &str, locked: &LockedId) {
        let message =
            format!("{what} {} (`{}`) is pinned, and nothing in the accounts file names it", quoted(name), locked.id);
        let finding =
            Finding::new(BY, "LOCK_UNUSED", Severity::Info, message).at(self.locked_at(locked.at)).about(name);
        self.findings.push(finding.fix("take the entry out of the lock if it is no longer needed"));
    }
}

/// Why a unit cannot have the id that the lock gives it, as the end of a message.
fn unit_conflict(accounts: &Accounts, unit: &OrganizationalUnit, id: &str) -> Option<String> {
    if let Some(own) = &unit.id {
        return Some(format!("has the id `{own}`, and is pinned to `{id}`"));
    }
    if let Some(owner) = accounts.units.values().find(|other| other.id.as_deref() == Some(id)) {
        return Some(format!("is pinned to `{id}`, the id of {}", quoted(&owner.name)));
    }
    match (id.starts_with("r-"), unit.is_root()) {
        (false, true) => Some(format!("is pinned to `{id}`, which is no root")),
        (true, false) => {
            let root = accounts.units.values().find(|other| other.is_root())?;
            Some(format!("is pinned to `{id}`, and {} is the root", quoted(&root.name)))
        }
        (true, true) | (false, false) => None,
    }
}
