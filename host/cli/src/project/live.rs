//! The live organization of a project, read where its gates act.

use super::Project;
use crate::exit::Failure;
use reeve_aws::client::Aws;
use reeve_aws::facts::{AwsFacts, FactsConfig};
use reeve_engine::Facts;
use reeve_kinds::{Need, Organization};
use reeve_local::RecordedFacts;
use reeve_model::AccountId;
use reeve_plan::{GateRole, Naming, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Kinds that change the organization: whoever takes one of them can see all of it.
const OF_ORGANIZATION: [&str; 4] = ["SCP_UPDATE", "CREATE_ACCOUNT", "MOVE_ACCOUNT", "TAG_ACCOUNT"];

/// Reads the organization, the tags of its accounts and the parameters that the project asks for.
///
/// # Errors
/// When no gate of the project can see the organization, or something cannot be read.
pub fn state(runtime: &Runtime, project: &Project) -> Result<State, Failure> {
    let sees = |gate: &&GateRole| OF_ORGANIZATION.iter().any(|kind| gate.kinds.contains(*kind));
    let gate = project.gates.iter().find(sees).ok_or_else(|| {
        Failure::new("no gate of the project acts on the organization, so nobody can say what it is now")
            .hint("name the gate of the management account under `gates`, or compare with a revision: `--base`")
    })?;
    let facts = facts(runtime, project, gate);
    let read = |needs: &[Need]| {
        facts.world(needs).map_err(|error| Failure::new(format!("failed to read the organization: {error}")))
    };
    let organization: Organization =
        read(&[Need::Organization])?.organization.ok_or_else(|| Failure::new("there is no organization"))?;
    let tagged = project.state.accounts.values().any(|account| !account.tags.is_empty());
    let ids: BTreeSet<AccountId> = organization.accounts.values().map(|account| account.id.clone()).collect();
    let tags = if tagged { read(&[Need::Tags(ids)])?.tags } else { BTreeMap::new() };
    let mut wanted = project.state.clone();
    let known = wanted.accounts.values_mut().filter(|account| account.id.is_none());
    for account in known {
        // An account that was just made is known by its address before the lock file says its id.
        let email = account.email.as_deref().unwrap_or_default();
        let made = organization.accounts.values().find(|it| !email.is_empty() && it.email.eq_ignore_ascii_case(email));
        account.id = made.map(|made| made.id.clone());
    }
    let mut parameters = BTreeMap::new();
    let mut expected = wanted.parameters_at(&project.gates);
    for gate in &project.gates {
        let mut names: BTreeSet<String> = expected.remove(&gate.name).unwrap_or_default().into_keys().collect();
        names.extend(possible(&organization, &project.state.naming).filter(|name| gate.puts(name)));
        if names.is_empty() {
            continue;
        }
        let name = &gate.name;
        let world = self::facts(runtime, project, gate).world(&[Need::Parameters(names)]);
        let world =
            world.map_err(|error| Failure::new(format!("failed to read the parameters of gate `{name}`: {error}")))?;
        let values = world.parameters.into_iter().map(|(name, parameter)| (name, parameter.value)).collect();
        parameters.insert(name.clone(), values);
    }
    Ok(State::of_organization(&organization, &parameters, &tags, &project.state))
}

/// Names of parameters that accounts of the organization may have from before, whether or not they should.
fn possible(organization: &Organization, naming: &Naming) -> impl Iterator<Item = String> {
    let (domains, accounts) = (naming.domains_path.clone(), naming.accounts_path.clone());
    organization.accounts.values().flat_map(move |account| {
        // A name that is no part of a parameter's name has none.
        let plain = account.name.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it));
        let described = plain.then(|| format!("{accounts}/{}", account.name));
        described.into_iter().chain([format!("{domains}/{}", account.id)])
    })
}

/// Reads where a gate acts, in the role that the project file names for it.
fn facts(runtime: &Runtime, project: &Project, gate: &GateRole) -> AwsFacts {
    let aws = Aws::connect(runtime.handle().clone(), &gate.region).named("reeve-plan");
    let role = project.file.gates.iter().find(|it| it.name == gate.name).and_then(|it| it.read_role.as_deref());
    let aws = match role {
        Some(role) => aws.in_role(role, None),
        None => aws,
    };
    // Nobody is asked who a sender is here.
    let files = RecordedFacts::new(Arc::new(project.accounts.clone()), None, "");
    AwsFacts::new(aws, Box::new(files), FactsConfig::default())
}
