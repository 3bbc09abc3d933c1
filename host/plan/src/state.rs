//! What an organization is, or is to be, without regard to where that was read.

use crate::compare::{account_keys, matched};
use crate::files::FULL_AWS_ACCESS;
use reeve_model::{AccountId, Place};
use std::collections::{BTreeMap, BTreeSet};

/// The name under which the root of the organization stands among the units. Source: `SCP_UPDATE` takes it as a target.
pub const ROOT: &str = "root";

/// Where a state was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Files. An id that is missing may only be unknown yet.
    Files,
    /// The organization itself. What is not there does not exist.
    Organization,
}

/// How what is derived from the accounts file is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Path of the parameters that describe accounts, without a slash at its end: `<path>/<account name>`.
    pub accounts_path: String,
    /// Path of the lists of domains that accounts may change, without a slash at its end: `<path>/<account id>`.
    pub domains_path: String,
    /// Name of the unit for closed accounts, when there is one.
    pub morgue: Option<String>,
}

impl Default for Naming {
    /// `/pub/accounts`, `/reeve/dns/allowed`, no morgue.
    fn default() -> Self {
        Self { accounts_path: "/pub/accounts".to_owned(), domains_path: "/reeve/dns/allowed".to_owned(), morgue: None }
    }
}

/// Names of the policies that are attached directly to one target, each with the place that says so.
pub type Attached = BTreeMap<String, Option<Place>>;

/// An organizational unit, or the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitState {
    /// Its id, `ou-…` or `r-…`, once known.
    pub id: Option<String>,
    /// Name of the unit above; none for the root, and where nothing says it.
    pub parent: Option<String>,
    /// What is attached to it; none where nothing says it, and then it stays as it is.
    pub policies: Option<Attached>,
    /// Where its name stands.
    pub place: Option<Place>,
}

/// A member account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// Its id, once known.
    pub id: Option<AccountId>,
    /// E-mail address of its root user.
    pub email: Option<String>,
    /// Name of the unit it is in.
    pub unit: Option<String>,
    /// Whether it takes part; a suspended account is never made.
    pub active: bool,
    /// Its tags. Keys that no file names are somebody else's and are not here.
    pub tags: BTreeMap<String, String>,
    /// What is attached to it directly; none where nothing says it, and then it stays as it is.
    pub policies: Option<Attached>,
    /// What its parameter says of it beside id and unit, by key. Empty when the state is that of the organization.
    pub about: BTreeMap<String, String>,
    /// The domains it may ask changes for, as written, sorted. Empty when the state is that of the organization.
    pub domains: Vec<String>,
    /// Where its name stands.
    pub place: Option<Place>,
    /// Where its values stand, by key of the accounts file.
    pub places: BTreeMap<String, Place>,
    /// Where its tags are said, by key of the tag.
    pub tag_places: BTreeMap<String, Place>,
}

impl AccountState {
    /// Where the value of a key stands, else where the account does.
    #[must_use]
    pub fn place_of(&self, key: &str) -> Option<Place> {
        self.places.get(key).or(self.place.as_ref()).cloned()
    }
}

/// A service control policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyState {
    /// The document as Organizations stores it. That of a file is without white space between its tokens.
    pub document: String,
    /// The document as it was read, for places in it.
    pub text: String,
    /// Whether AWS manages it, so that nobody edits it.
    pub aws_managed: bool,
    /// Where its document begins.
    pub place: Option<Place>,
}

/// An organization, keyed by names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where it was read.
    pub origin: Origin,
    /// Units by name, the root among them as [`ROOT`].
    pub units: BTreeMap<String, UnitState>,
    /// Accounts by name.
    pub accounts: BTreeMap<String, AccountState>,
    /// Policies by name.
    pub policies: BTreeMap<String, PolicyState>,
    /// The management account, when known. Policies do not bind it, and it does not move.
    pub management_account: Option<AccountId>,
    /// Parameters as they were read, by gate and name; none when they follow from the accounts.
    pub parameters: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// How what is derived is named.
    pub naming: Naming,
}

impl State {
    /// The same with accounts under the names that a later state has for them.
    #[must_use]
    pub fn in_names_of(&self, later: &Self) -> Self {
        let now = matched(&account_keys(&later.accounts), &account_keys(&self.accounts), true);
        let names: BTreeMap<&str, &str> = now.into_iter().map(|(now, was)| (was, now)).collect();
        let mut accounts: BTreeMap<String, AccountState> = BTreeMap::new();
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.accounts.iter().partition(|(name, _)| names.contains_key(name.as_str()));
        for (name, account) in known.into_iter().chain(unknown) {
            // Whoever is gone leaves its name to the one that has it now.
            let now = names.get(name.as_str()).map_or(name.as_str(), |now| *now).to_owned();
            accounts.entry(now).or_insert_with(|| account.clone());
        }
        Self { accounts, ..self.clone() }
    }

    /// These files, with what was made by hand before the later ones spoke of it: a unit or an account whose id is
    /// pinned there and unknown here exists, for its id could not be known otherwise. It is as AWS makes it: with
    /// `FullAWSAccess`; an account in the root. A state that is not of files knows everything there is.
    #[must_use]
    pub fn adopting(&self, later: &Self) -> Self {
        let mut state = self.clone();
        if self.origin != Origin::Files {
            return state;
        }
        let as_made = || Some(Attached::from([(FULL_AWS_ACCESS.to_owned(), None)]));
        let known: BTreeSet<&str> = self.units.values().filter_map(|unit| unit.id.as_deref()).collect();
        for (name, unit) in &later.units {
            let pinned = unit.id.as_deref().is_some_and(|id| !known.contains(id));
            if pinned && !self.units.contains_key(name) {
                state.units.insert(name.clone(), UnitState { policies: as_made(), ..unit.clone() });
            }
        }
        let known: BTreeSet<&AccountId> = self.accounts.values().filter_map(|account| account.id.as_ref()).collect();
        // An account that was in the file without its id is matched by address or name.
        let mails: BTreeSet<String> =
            self.accounts.values().filter_map(|it| it.email.as_ref().map(|email| email.to_ascii_lowercase())).collect();
        for (name, account) in &later.accounts {
            let pinned = account.id.as_ref().is_some_and(|id| !known.contains(id));
            let mail = account.email.as_ref().is_some_and(|email| mails.contains(&email.to_ascii_lowercase()));
            if pinned && !mail && !self.accounts.contains_key(name) {
                let made = AccountState {
                    unit: None,
                    policies: as_made(),
                    tags: BTreeMap::new(),
                    about: BTreeMap::new(),
                    domains: Vec::new(),
                    ..account.clone()
                };
                state.accounts.insert(name.clone(), made);
            }
        }
        state
    }
}
