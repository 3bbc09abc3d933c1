//! Facts from AWS: what stands in zones, parameters and the organization when a request is planned and judged.
//!
//! What cannot be read is an error, so that the request is tried again; it is never taken for something that is not
//! there. What changes with every request (record sets, parameters to be written, instances, zones of accounts) is read
//! each time; parameters of policies, the organization and the outlines of zones are kept for a short while.

mod awaited;
mod cache;
mod instances;
mod organization;
mod parameters;
mod zones;

use crate::{Aws, failure};
use awaited::Awaited;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use cache::{Cache, Clock};
use reeve_engine::{FactError, FactNeed, FactSource, Facts};
use reeve_kinds::{Inventory, Need, Parameter, World};
use reeve_model::{AccountId, DnsName, Fact, FactValue, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long parameters and the organization are kept unless the gate says otherwise, seconds: short beside the time
/// that a person takes to change one and ask again.
pub const CACHE_SECONDS_DEFAULT: u64 = 30;
/// How long a zone's size and delegation set are kept, seconds. The set never changes; the size is for the share of a
/// zone that a request touches, where a minute's changes do not count.
const ZONE_SECONDS: u64 = 60;

/// Where facts are read.
#[derive(Debug, Clone)]
pub struct FactsConfig {
    /// ARN of the role in a sender's account that may look at its instances; `{account}` stands for the account's id.
    /// Without it, a need of an instance is an error.
    pub instance_role: Option<String>,
    /// ARN of the role in an account that may look at its hosted zones, likewise. Without it, zones that Reeve has made
    /// for accounts are the gate's own.
    pub delegation_role: Option<String>,
    /// How long parameters of policies and the organization are kept.
    pub cache_ttl: Duration,
    /// Hosted zone ids of the gate: their delegation sets are part of the inventory.
    pub zones: BTreeSet<String>,
    /// What else the organization holds, as the gate's file of facts tells it.
    pub inventory: Inventory,
}

impl Default for FactsConfig {
    fn default() -> Self {
        Self {
            instance_role: None,
            delegation_role: None,
            cache_ttl: Duration::from_secs(CACHE_SECONDS_DEFAULT),
            zones: BTreeSet::new(),
            inventory: Inventory::default(),
        }
    }
}

/// Reads facts from AWS, and those of the accounts file from `files`.
///
/// Called from many threads, none of which may be a task of the runtime of [`Aws`].
pub struct AwsFacts {
    aws: Aws,
    files: Box<dyn Facts>,
    config: FactsConfig,
    zones: Cache<String, Arc<zones::Zone>>,
    parameters: Cache<String, Arc<parameters::Read>>,
    organization: Cache<(), Arc<reeve_kinds::Organization>>,
    awaited: Awaited,
    clock: Clock,
}

impl std::fmt::Debug for AwsFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsFacts").field("config", &self.config).finish_non_exhaustive()
    }
}

impl AwsFacts {
    /// Facts of the account and organization that `aws` is in. `files` tells who a sender is and reads the facts of the
    /// accounts file; it is asked for nothing else.
    #[must_use]
    pub fn new(aws: Aws, files: Box<dyn Facts>, config: FactsConfig) -> Self {
        Self::with_clock(aws, files, config, Arc::new(Instant::now))
    }

    fn with_clock(aws: Aws, files: Box<dyn Facts>, config: FactsConfig, clock: Clock) -> Self {
        let zones = Cache::new(Duration::from_secs(ZONE_SECONDS), Arc::clone(&clock));
        let parameters = Cache::new(config.cache_ttl, Arc::clone(&clock));
        let organization = Cache::new(config.cache_ttl, Arc::clone(&clock));
        Self { aws, files, config, zones, parameters, organization, awaited: Awaited::default(), clock }
    }

    /// Forgets everything that is kept: to be called once the gate itself has changed the organization or a parameter.
    pub fn forget(&self) {
        self.zones.forget();
        self.parameters.forget();
        self.organization.forget();
    }

    async fn zone(&self, id: &str) -> Result<Arc<zones::Zone>, FactError> {
        self.zones.get(&id.to_owned(), async || zones::zone(&self.aws, id).await.map(Arc::new)).await
    }

    async fn read(&self, need: &Need, world: &mut World) -> Result<(), FactError> {
        match need {
            Need::RecordSets { zone: id, names } => {
                let zone = self.zone(id).await?;
                let sets = zones::record_sets(&self.aws, id, &zone, names).await?;
                world.record_sets.insert(id.clone(), sets);
                world.zone_sizes.extend(zone.size.map(|size| (id.clone(), size)));
            }
            Need::Below { zone, name } => {
                let sets = zones::below(&self.aws, zone, name).await?;
                let there = world.record_sets.entry(zone.clone()).or_default();
                let new: Vec<_> = sets.into_iter().filter(|set| !there.contains(set)).collect();
                there.extend(new);
            }
            Need::Inventory => {
                world.inventory = self.config.inventory.clone();
                for id in &self.config.zones {
                    let zone = self.zone(id).await?;
                    if !zone.name_servers.is_empty() {
                        world.inventory.delegation_sets.insert(zone.name.clone(), zone.name_servers.clone());
                    }
                }
            }
            Need::Parameters(names) => world.parameters.extend(parameters::current(&self.aws, names).await?),
            Need::Instance { id, account } => {
                let role = self.config.instance_role.as_deref().ok_or_else(|| {
                    FactError("instances are needed, and the gate names no role that may look at them".to_owned())
                })?;
                let aws = self.aws.in_role(&of_account(role, account), None);
                let found = instances::instance(&aws, id, account).await?;
                match &found {
                    Some(_) => self.awaited.came(id),
                    None if self.awaited.may_come(id, (self.clock)()) => {
                        return Err(FactError(format!("instance `{id}` has not reported to Systems Manager yet")));
                    }
                    None => {}
                }
                world.instances.extend(found.map(|instance| (id.clone(), instance)));
            }
            Need::Organization => {
                let read = async || organization::organization(&self.aws).await.map(Arc::new);
                world.organization = Some(Arc::unwrap_or_clone(self.organization.get(&(), read).await?));
            }
            Need::DelegatedZone { name, account } => {
                let role = self.config.delegation_role.as_deref();
                let aws = role.map(|role| self.aws.in_role(&of_account(role, account), None));
                let found = zones::delegated(aws.as_ref().unwrap_or(&self.aws), name).await?;
                world.delegated_zones.extend(found.map(|zone| (name.clone(), zone)));
            }
            Need::Tags(accounts) => {
                for account in accounts {
                    let tags = organization::tags(&self.aws, account).await?;
                    if !tags.is_empty() {
                        world.tags.insert(account.as_str().to_owned(), tags);
                    }
                }
            }
            // The ledger knows them, and nobody else.
            Need::RegisteredHost(_) => {}
        }
        Ok(())
    }
}

impl Facts for AwsFacts {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        self.files.sender(account, verified)
    }

    fn world(&self, needs: &[Need]) -> Result<World, FactError> {
        self.aws.run(async {
            let mut world = World::default();
            for need in merged(needs) {
                self.read(&need, &mut world).await?;
            }
            Ok(world)
        })
    }

    fn fact(&self, policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError> {
        match &need.source {
            FactSource::Accounts { .. } => self.files.fact(policy, need, sender),
            FactSource::Parameter { name, list, domains } => {
                let name = name.replace("{sender.account}", sender.account.as_str());
                let read = async || parameters::read(&self.aws, &name).await.map(Arc::new);
                let read = self.aws.run(self.parameters.get(&name, read))?;
                let (value, source) = parameters::value(&read, &name, *list, *domains);
                Ok(Fact { name: need.name.clone(), value, source })
            }
            FactSource::Organization => {
                let world = self.world(&[Need::Organization])?;
                let organization = world.organization.map(|it| it.to_json());
                let none = || FactValue::Missing("there is no organization".to_owned());
                let value = organization.map_or_else(none, FactValue::Json);
                Ok(Fact { name: need.name.clone(), value, source: "organizations".to_owned() })
            }
        }
    }
}

/// The parameters of these names, as they are now, that exist. The value of a SecureString is empty.
///
/// # Errors
/// What cannot be read.
pub fn parameters(aws: &Aws, names: &BTreeSet<String>) -> Result<BTreeMap<String, Parameter>, FactError> {
    aws.run(parameters::current(aws, names))
}

/// The parameters right below a path, as they are now, by the last part of their names.
///
/// # Errors
/// As [`parameters()`], and when there are more than a thousand.
pub fn parameters_below(aws: &Aws, path: &str) -> Result<BTreeMap<String, Parameter>, FactError> {
    aws.run(parameters::below(aws, path))
}

/// The needs, with one of each zone: two that have a name or an ancestor in common would read it twice, and a record set
/// that is there twice is one of several under a routing policy.
fn merged(needs: &[Need]) -> Vec<Need> {
    let (mut zones, mut others): (BTreeMap<&String, BTreeSet<DnsName>>, Vec<Need>) = Default::default();
    for need in needs {
        match need {
            Need::RecordSets { zone, names } => zones.entry(zone).or_default().extend(names.iter().cloned()),
            Need::Below { .. }
            | Need::Inventory
            | Need::Parameters(_)
            | Need::Instance { .. }
            | Need::Organization
            | Need::Tags(_)
            | Need::DelegatedZone { .. }
            | Need::RegisteredHost(_) => others.push(need.clone()),
        }
    }
    let zones = zones.into_iter().map(|(zone, names)| Need::RecordSets { zone: zone.clone(), names });
    zones.chain(others).collect()
}

fn of_account(role: &str, account: &AccountId) -> String {
    role.replace("{account}", account.as_str())
}

/// A call that has failed, as an error of a fact: with the operation, and what AWS says.
fn failed<E>(operation: &str) -> impl FnOnce(SdkError<E, HttpResponse>) -> FactError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| FactError(format!("{operation}: {}", failure(&error)))
}

/// The tokens of a listing. A page may be empty and still have a next one; a token that comes twice would never end.
struct Tokens {
    operation: &'static str,
    token: Option<String>,
}

impl Tokens {
    fn new(operation: &'static str) -> Self {
        Self { operation, token: None }
    }

    fn current(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the next page; false when there is none.
    fn advance(&mut self, token: Option<&str>) -> Result<bool, FactError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(false) };
        if self.token.as_deref() == Some(token) {
            return Err(FactError(format!("{}: the next page is the same page", self.operation)));
        }
        self.token = Some(token.to_owned());
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
