//! The state that an organization was read in.

use crate::compare::{Key, account_keys, matched};
use crate::state::{AccountState, Attached, Naming, Origin, PolicyState, ROOT, State, UnitState};
use reeve_kinds::{Organization, OrganizationAccount};
use reeve_model::AccountId;
use std::collections::{BTreeMap, BTreeSet};

impl State {
    /// The state of an organization, in the names of the state that files ask for: an account or a unit has the name
    /// that `wanted` gives to its id; an account else the one that goes with its e-mail address. What no file names
    /// keeps its own name, or its id where that name is taken.
    ///
    /// `parameters` are by gate and name; those that are not below a path of the naming are somebody else's, as are
    /// `tags` (by account id and key) whose key no account of the files has.
    #[must_use]
    pub fn of_organization(
        organization: &Organization,
        parameters: &BTreeMap<String, BTreeMap<String, String>>,
        tags: &BTreeMap<String, BTreeMap<String, String>>,
        wanted: &Self,
    ) -> Self {
        let units = unit_names(organization, wanted);
        let accounts = account_names(organization, wanted);
        let attached = |target: &str| -> Option<Attached> {
            Some(organization.attached(target).map(|(_, policy)| (policy.name.clone(), None)).collect())
        };
        let parent = |id: &str| units.get(id).cloned();
        let keys: BTreeSet<&String> = wanted.accounts.values().flat_map(|account| account.tags.keys()).collect();
        let mut read_units = BTreeMap::new();
        for (id, name) in &units {
            let parent = organization.units.get(id).and_then(|unit| parent(&unit.parent_id));
            let unit = UnitState { id: Some(id.clone()), parent, policies: attached(id), place: None };
            read_units.insert(name.clone(), unit);
        }
        let account = |(id, account): (&String, &OrganizationAccount)| {
            let own = tags.get(id).into_iter().flatten().filter(|(key, _)| keys.contains(key));
            let state = AccountState {
                id: Some(account.id.clone()),
                email: Some(account.email.clone()),
                unit: parent(&account.parent_id),
                active: true,
                tags: own.map(|(key, value)| (key.clone(), value.clone())).collect(),
                policies: attached(id),
                about: BTreeMap::new(),
                domains: Vec::new(),
                place: None,
                places: BTreeMap::new(),
                tag_places: BTreeMap::new(),
            };
            Some((accounts.get(id)?.clone(), state))
        };
        let policy = |policy: &reeve_kinds::Scp| {
            let (document, text) = (policy.document.clone(), policy.document.clone());
            let state = PolicyState { document, text, aws_managed: policy.aws_managed, place: None };
            (policy.name.clone(), state)
        };
        Self {
            origin: Origin::Organization,
            units: read_units,
            accounts: organization.accounts.iter().filter_map(account).collect(),
            policies: organization.policies.values().map(policy).collect(),
            management_account: AccountId::parse(&organization.management_account),
            parameters: Some(own_parameters(parameters, &wanted.naming)),
            naming: wanted.naming.clone(),
        }
    }
}

/// Parameters below the paths of the naming.
fn own_parameters(
    parameters: &BTreeMap<String, BTreeMap<String, String>>,
    naming: &Naming,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let own = |name: &str| {
        let below = |path: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        below(&naming.accounts_path) || below(&naming.domains_path)
    };
    parameters
        .iter()
        .map(|(gate, values)| {
            let kept = values.iter().filter(|(name, _)| own(name));
            (gate.clone(), kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        })
        .collect()
}

/// Names of units by id, the root's included.
fn unit_names(organization: &Organization, wanted: &State) -> BTreeMap<String, String> {
    let mut names = BTreeMap::from([(organization.root_id.clone(), ROOT.to_owned())]);
    let mut taken = BTreeSet::from([ROOT.to_owned()]);
    for (name, unit) in &wanted.units {
        if let Some(id) = unit.id.as_ref().filter(|id| organization.units.contains_key(*id))
            && taken.insert(name.clone())
        {
            names.insert(id.clone(), name.clone());
        }
    }
    for (id, unit) in &organization.units {
        if names.contains_key(id) {
            continue;
        }
        // A name of two units stands for neither, as in requests. One that the file gives to another id is that one's.
        let only = organization.unit_id(&unit.name) == Some(id);
        let pinned = wanted.units.get(&unit.name).is_some_and(|it| it.id.is_some());
        let free = only && !pinned && taken.insert(unit.name.clone());
        names.insert(id.clone(), if free { unit.name.clone() } else { id.clone() });
    }
    names
}

/// Names of accounts by id.
fn account_names(organization: &Organization, wanted: &State) -> BTreeMap<String, String> {
    let there: Vec<Key<'_>> = organization
        .accounts
        .iter()
        .map(|(id, account)| Key { name: id, id: Some(id), email: Some(account.email.to_ascii_lowercase()) })
        .collect();
    let mut names: BTreeMap<String, String> = matched(&account_keys(&wanted.accounts), &there, false)
        .into_iter()
        .map(|(name, id)| (id.to_owned(), name.to_owned()))
        .collect();
    let mut taken: BTreeSet<String> = names.values().cloned().collect();
    for (id, account) in &organization.accounts {
        if names.contains_key(id) {
            continue;
        }
        let pinned = wanted.accounts.get(&account.name).is_some_and(|it| it.id.is_some());
        let free = !pinned && taken.insert(account.name.clone());
        names.insert(id.clone(), if free { account.name.clone() } else { id.clone() });
    }
    names
}
