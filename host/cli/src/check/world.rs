//! A state of files as the facts that a gate would read: what policies are asked on before a merge.

use reeve_kinds::{Organization, OrganizationAccount, Parameter, Scp, Unit, World};
use reeve_model::action::PolicyRef;
use reeve_model::{AccountId, Action, Digest};
use reeve_plan::{GateRole, ROOT, State};
use std::collections::BTreeMap;

/// Id of the root where no file says it.
const ROOT_ID: &str = "r-0000";
/// Id of the policy that AWS attaches to everything at first.
const FULL_AWS_ACCESS_ID: &str = "p-FullAWSAccess";
/// Its name.
const FULL_AWS_ACCESS: &str = "FullAWSAccess";

/// The facts. A unit or policy without an id is given one that follows from its name; an account without an id does not
/// exist yet, and is left out.
#[must_use]
pub(crate) fn of(state: &State, gates: &[GateRole]) -> World {
    let mut world = World { organization: Some(organization(state)), ..World::default() };
    for (_, parameters) in state.parameters_at(gates) {
        let typed = |(name, (value, list)): (String, (String, bool))| {
            let parameter_type = if list { "StringList" } else { "String" }.to_owned();
            (name, Parameter { value, parameter_type })
        };
        world.parameters.extend(parameters.into_iter().map(typed));
    }
    for account in state.accounts.values().filter(|account| !account.tags.is_empty()) {
        if let Some(id) = &account.id {
            world.tags.insert(id.as_str().to_owned(), account.tags.clone());
        }
    }
    world
}

fn organization(state: &State) -> Organization {
    let root_id = state.units.get(ROOT).and_then(|root| root.id.clone()).unwrap_or_else(|| ROOT_ID.to_owned());
    let unit_id = |name: &str| match state.units.get(name) {
        _ if name == ROOT => root_id.clone(),
        Some(unit) => unit.id.clone().unwrap_or_else(|| made_up("ou-0000-", name)),
        None => made_up("ou-0000-", name),
    };
    let management = state.management_account.as_ref().map_or("", AccountId::as_str);
    let mut organization =
        Organization { root_id: root_id.clone(), management_account: management.to_owned(), ..Organization::default() };
    let policy_id = |name: &str| match name {
        FULL_AWS_ACCESS => FULL_AWS_ACCESS_ID.to_owned(),
        name => made_up("p-", name),
    };
    for (name, policy) in &state.policies {
        let (document, aws_managed) = (policy.document.clone(), policy.aws_managed);
        let scp = Scp { name: name.clone(), description: String::new(), document, aws_managed };
        organization.policies.insert(policy_id(name), scp);
    }
    let mut attach = |target: String, policies: Option<Vec<&String>>| {
        // What no file says is as AWS makes it.
        let ids = policies.map_or_else(
            || vec![FULL_AWS_ACCESS_ID.to_owned()],
            |names| names.into_iter().map(|name| policy_id(name)).collect(),
        );
        organization.attachments.insert(target, ids);
    };
    for (name, unit) in &state.units {
        attach(unit_id(name), unit.policies.as_ref().map(|attached| attached.keys().collect()));
    }
    for account in state.accounts.values() {
        if let Some(id) = &account.id {
            attach(id.as_str().to_owned(), account.policies.as_ref().map(|attached| attached.keys().collect()));
        }
    }
    for (name, unit) in state.units.iter().filter(|(name, _)| *name != ROOT) {
        let parent_id = unit.parent.as_deref().map_or_else(|| root_id.clone(), &unit_id);
        organization.units.insert(unit_id(name), Unit { name: name.clone(), parent_id });
    }
    organization.accounts = accounts(state, &root_id, unit_id);
    organization
}

fn accounts(state: &State, root_id: &str, unit_id: impl Fn(&str) -> String) -> BTreeMap<String, OrganizationAccount> {
    let known = |(name, account): (&String, &reeve_plan::AccountState)| {
        let id = account.id.clone()?;
        let parent_id = account.unit.as_deref().map_or_else(|| root_id.to_owned(), &unit_id);
        let email = account.email.clone().unwrap_or_default();
        let account = OrganizationAccount { id: id.clone(), name: name.clone(), email, parent_id };
        Some((id.as_str().to_owned(), account))
    };
    state.accounts.iter().filter_map(known).collect()
}

/// Makes an action in the facts, so that the next request is judged as it will be. What other requests of a plan do not
/// look at is left out: accounts that are new have no id yet.
pub(crate) fn make(world: &mut World, action: &Action) {
    let World { organization, parameters, tags, .. } = world;
    match action {
        Action::PutParameter(it) => {
            let parameter = Parameter { value: it.value.clone(), parameter_type: it.parameter_type.clone() };
            parameters.insert(it.name.clone(), parameter);
        }
        Action::DeleteParameter(it) => {
            parameters.remove(&it.name);
        }
        Action::TagResource(it) => {
            tags.entry(it.resource_id.clone()).or_default().extend(it.tags.iter().cloned());
        }
        Action::MoveAccount(it) => {
            if let Some(account) = organization.as_mut().and_then(|there| there.accounts.get_mut(it.account.as_str())) {
                account.parent_id.clone_from(&it.destination.id);
            }
        }
        Action::CreatePolicy(it) => {
            let (name, description, document) = (it.name.clone(), it.description.clone(), it.document.clone());
            let policy = Scp { name, description, document, aws_managed: false };
            if let Some(organization) = organization {
                organization.policies.insert(made_up("p-", &it.name), policy);
            }
        }
        Action::UpdatePolicy(it) => {
            if let Some(policy) = organization.as_mut().and_then(|there| there.policies.get_mut(&it.policy_id)) {
                policy.document.clone_from(&it.document);
            }
        }
        Action::AttachPolicy(it) => {
            if let Some(organization) = organization {
                let id = id_of(organization, &it.policy);
                organization.attachments.entry(it.target_id.clone()).or_default().extend(id);
            }
        }
        Action::DetachPolicy(it) => {
            if let Some(organization) = organization {
                let id = id_of(organization, &it.policy);
                let attached = organization.attachments.entry(it.target_id.clone()).or_default();
                attached.retain(|there| Some(there) != id.as_ref());
            }
        }
        Action::ChangeRecordSets(_)
        | Action::CreateHostedZone(_)
        | Action::SendCommand(_)
        | Action::CreateAccount(_)
        | Action::PutRule(_)
        | Action::MergeFile(_) => {}
    }
}

fn id_of(organization: &Organization, policy: &PolicyRef) -> Option<String> {
    let named = || organization.policies.iter().find(|(_, it)| it.name == policy.name).map(|(id, _)| id.clone());
    policy.id.clone().or_else(named)
}

/// An id of the form that AWS uses, that follows from a name.
fn made_up(prefix: &str, name: &str) -> String {
    let digest = Digest::of(name.as_bytes());
    let hex: String = digest.as_str().trim_start_matches("sha256:").chars().take(12).collect();
    format!("{prefix}{hex}")
}
