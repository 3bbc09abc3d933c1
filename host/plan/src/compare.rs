//! Which account and which unit of one state is which of the other, and what both states together know.

use crate::gates::GateRole;
use crate::{Origin, ROOT, State, UnitState, state::AccountState};
use reeve_model::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// What an account or a unit is known by.
pub(crate) struct Key<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) email: Option<String>,
}

/// The names of `there` that stand for names of `wanted`: by id, then by e-mail address without regard to case (which
/// is how Organizations compares them), then, where both are names of files, by name. Two different ids are never one.
///
/// AWS lets any number of accounts have one name, and each account name itself: in an organization a name says nothing.
pub(crate) fn matched<'a>(wanted: &[Key<'a>], there: &[Key<'a>], names: bool) -> BTreeMap<&'a str, &'a str> {
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    type Trait<'k, 'a> = fn(&'k Key<'a>) -> Option<&'k str>;
    let traits: [Trait<'_, 'a>; 3] = [|key| key.id, |key| key.email.as_deref(), |key| Some(key.name)];
    for read in traits.into_iter().take(if names { 3 } else { 2 }) {
        let index: BTreeMap<&str, &Key<'a>> =
            there.iter().filter_map(|key| read(key).map(|value| (value, key))).collect();
        for key in wanted {
            let Some(other) = read(key).and_then(|value| index.get(value)) else { continue };
            let differ = key.id.zip(other.id).is_some_and(|(one, other)| one != other);
            if !differ && !found.contains_key(key.name) && taken.insert(other.name) {
                found.insert(key.name, other.name);
            }
        }
    }
    found
}

/// What accounts are known by.
pub(crate) fn account_keys<'a>(accounts: &'a BTreeMap<String, AccountState>) -> Vec<Key<'a>> {
    let key = |(name, account): (&'a String, &'a AccountState)| Key {
        name,
        id: account.id.as_ref().map(AccountId::as_str),
        email: account.email.as_ref().map(|email| email.to_ascii_lowercase()),
    };
    accounts.iter().map(key).collect()
}

fn unit_keys(units: &BTreeMap<String, UnitState>) -> Vec<Key<'_>> {
    units.iter().map(|(name, unit)| Key { name, id: unit.id.as_deref(), email: None }).collect()
}

/// Two states, name by name.
pub(crate) struct Pair<'a> {
    pub(crate) before: &'a State,
    pub(crate) after: &'a State,
    pub(crate) management: Option<AccountId>,
    /// Names of accounts before, by their names after.
    accounts: BTreeMap<&'a str, &'a str>,
    /// Names of units before, by their names after.
    units: BTreeMap<&'a str, &'a str>,
    /// Names of units after, by their names before.
    units_now: BTreeMap<&'a str, &'a str>,
}

impl<'a> Pair<'a> {
    pub(crate) fn of(before: &'a State, after: &'a State, gates: &[GateRole]) -> Self {
        let of_files = before.origin == Origin::Files;
        let accounts = matched(&account_keys(&after.accounts), &account_keys(&before.accounts), of_files);
        // Names of units are unique below one parent, and the state has one of each name.
        let units = matched(&unit_keys(&after.units), &unit_keys(&before.units), true);
        let units_now = units.iter().map(|(now, was)| (*was, *now)).collect();
        // Only the management account can make accounts (Organizations API reference, CreateAccount), so the gate that
        // does is there.
        let maker = gates.iter().find(|gate| gate.kinds.contains("CREATE_ACCOUNT")).map(|gate| &gate.account);
        let management = before.management_account.as_ref().or(after.management_account.as_ref()).or(maker).cloned();
        Self { before, after, management, accounts, units, units_now }
    }

    /// The account as it was.
    pub(crate) fn account_before(&self, name: &str) -> Option<(&'a str, &'a AccountState)> {
        let was = self.accounts.get(name)?;
        self.before.accounts.get(*was).map(|account| (*was, account))
    }

    /// Accounts that were and are not any more.
    pub(crate) fn accounts_gone(&self) -> impl Iterator<Item = (&'a String, &'a AccountState)> {
        let kept: BTreeSet<&str> = self.accounts.values().copied().collect();
        self.before.accounts.iter().filter(move |(name, _)| !kept.contains(name.as_str()))
    }

    /// The id of an account of the later state, whichever state knows it.
    pub(crate) fn id(&self, name: &str) -> Option<&'a AccountId> {
        let own = self.after.accounts.get(name).and_then(|account| account.id.as_ref());
        own.or_else(|| self.account_before(name).and_then(|(_, account)| account.id.as_ref()))
    }

    /// Whether the files give an account an id that the organization does not have.
    pub(crate) fn is_missing(&self, name: &str) -> bool {
        let pinned = self.after.accounts.get(name).is_some_and(|account| account.id.is_some());
        pinned && self.before.origin == Origin::Organization && !self.accounts.contains_key(name)
    }

    /// Whether the account that was is another than the one that is meant: what it is known by differs. An address of AWS
    /// is that of one account for ever, so an organization that has another one under the id has another account; in
    /// files an id that gets another name and another address has been given to another account.
    pub(crate) fn is_other(&self, name: &str) -> bool {
        let Some((was, before)) = self.account_before(name) else { return false };
        let own = self.after.accounts.get(name).and_then(|account| account.email.as_ref());
        let differ = before.email.as_ref().zip(own).is_some_and(|(one, other)| !one.eq_ignore_ascii_case(other));
        differ && (self.before.origin == Origin::Organization || was != name)
    }

    /// The account of the organization that has the name of one that is to be made.
    pub(crate) fn stranger(&self, name: &str) -> Option<&'a AccountId> {
        let there = self.before.accounts.get(name).filter(|_| self.before.origin == Origin::Organization);
        there.and_then(|account| account.id.as_ref())
    }

    /// The account that had this name and has another id.
    pub(crate) fn namesake(&self, name: &str) -> Option<&'a AccountId> {
        let is = self.id(name)?;
        let was = self.before.accounts.get(name).and_then(|account| account.id.as_ref())?;
        (self.before.origin == Origin::Files && is != was).then_some(was)
    }

    /// Whether this is the management account, which is in no unit that binds it.
    pub(crate) fn is_management(&self, name: &str) -> bool {
        self.management.is_some() && self.id(name) == self.management.as_ref()
    }

    /// The unit as it was.
    pub(crate) fn unit_before(&self, name: &str) -> Option<&'a UnitState> {
        self.before.units.get(*self.units.get(name)?)
    }

    /// Units that were and are not any more.
    pub(crate) fn units_gone(&self) -> impl Iterator<Item = &'a String> {
        self.before.units.keys().filter(|name| !self.units_now.contains_key(name.as_str()))
    }

    /// The name that a unit of the earlier state has in the later one, else the one it has.
    pub(crate) fn unit_now<'s>(&'s self, was: &'s str) -> &'s str {
        self.units_now.get(was).copied().unwrap_or(was)
    }

    /// Whether a unit exists, as far as the earlier state can tell.
    pub(crate) fn unit_exists(&self, name: &str) -> bool {
        if name == ROOT || self.units.contains_key(name) {
            return true;
        }
        match (self.before.origin, self.after.units.get(name)) {
            (Origin::Organization, _) => false,
            // An id is pinned once the unit is there; a unit that no file describes is not this file's to doubt.
            (Origin::Files, Some(unit)) => unit.id.is_some(),
            (Origin::Files, None) => true,
        }
    }

    /// How a request writes a unit: by id where one is known, since names are only unique below one parent.
    pub(crate) fn unit_text<'s>(&'s self, name: &'s str) -> &'s str {
        if name == ROOT {
            return ROOT;
        }
        let own = self.after.units.get(name).and_then(|unit| unit.id.as_deref());
        own.or_else(|| self.unit_before(name).and_then(|unit| unit.id.as_deref())).unwrap_or(name)
    }

    /// Names from a unit up to the root, as the later state says, else the earlier one.
    pub(crate) fn path_up(&self, name: &str) -> Vec<String> {
        let mut path: Vec<String> = Vec::new();
        let mut at = name.to_owned();
        while !path.contains(&at) {
            let own = self.after.units.get(&at).and_then(|unit| unit.parent.clone());
            let was = || self.before.units.get(&at).and_then(|unit| unit.parent.clone());
            let parent = own.or_else(was);
            path.push(at);
            match parent {
                Some(parent) => at = self.unit_now(&parent).to_owned(),
                None => break,
            }
        }
        if path.last().map(String::as_str) != Some(ROOT) {
            path.push(ROOT.to_owned());
        }
        path
    }
}
