//! Facts of the world joined with what the ledger knows: who holds a record set, which hosts were registered.

use crate::{FactError, FactNeed, Facts, Holding, Ledger};
#[cfg(test)]
use reeve_json::Value;
use reeve_kinds::{Instance, Need, RecordSet, World};
use reeve_model::action::{Operation, RecordSetChange};
use reeve_model::{AccountId, Action, DnsName, Fact, PlannedAction, Sender};
use std::collections::{BTreeMap, BTreeSet};

/// The scope of registered hosts in the ledger.
pub(crate) const HOST_SCOPE: &str = "host";

/// Facts as another port reads them, and what the ledger adds.
pub(crate) struct KnownFacts<'a> {
    /// Where facts are read.
    pub(crate) facts: &'a dyn Facts,
    /// What is held.
    pub(crate) ledger: &'a dyn Ledger,
}

impl Facts for KnownFacts<'_> {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        self.facts.sender(account, verified)
    }

    fn world(&self, needs: &[Need]) -> Result<World, FactError> {
        let mut world = self.facts.world(needs)?;
        for (zone, sets) in &mut world.record_sets {
            self.add_owners(zone, sets)?;
        }
        for need in needs {
            let Need::RegisteredHost(id) = need else { continue };
            let found = self.held(HOST_SCOPE, BTreeSet::from([id.clone()]))?;
            if let Some(host) = found.first().and_then(registered_host) {
                world.registered_hosts.insert(id.clone(), host);
            }
        }
        Ok(world)
    }

    fn fact(&self, policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError> {
        self.facts.fact(policy, need, sender)
    }
}

impl KnownFacts<'_> {
    fn add_owners(&self, zone: &str, sets: &mut [RecordSet]) -> Result<(), FactError> {
        let unowned = sets.iter().filter(|set| set.owner.is_none());
        let names: BTreeSet<String> = unowned.map(|set| record_name(&set.name, set.record_type.as_str())).collect();
        if names.is_empty() {
            return Ok(());
        }
        let held = self.held(&record_scope(zone), names)?;
        let owners: BTreeMap<String, AccountId> = held.into_iter().map(|it| (it.name, it.owner)).collect();
        for set in sets.iter_mut().filter(|set| set.owner.is_none()) {
            set.owner = owners.get(&record_name(&set.name, set.record_type.as_str())).cloned();
        }
        Ok(())
    }

    fn held(&self, scope: &str, names: BTreeSet<String>) -> Result<Vec<Holding>, FactError> {
        self.ledger.held(scope, &names).map_err(|error| FactError(error.to_string()))
    }
}

fn registered_host(holding: &Holding) -> Option<Instance> {
    let value = crate::replay::parse_own(&holding.value)?;
    let text = |name: &str| value.as_object()?.get(name)?.as_str().map(str::to_owned);
    let (host, zone, private_ip) = (text("host")?, text("zone")?, text("private_ip")?);
    Some(Instance { account: holding.owner.clone(), host, zone, private_ip })
}

fn record_scope(zone: &str) -> String {
    format!("record {zone}")
}

fn record_name(name: &DnsName, record_type: &str) -> String {
    format!("{name} {record_type}")
}

/// What a request takes hold of, and what it gives up once its changes are made.
pub(crate) struct Holdings {
    /// Taken before the first call.
    pub(crate) taken: Vec<Holding>,
    /// Given up when all is done.
    pub(crate) released: Vec<Holding>,
    /// Taken for what the sender does not hold yet, by the index of the action that makes it: given up if that fails.
    pub(crate) made: Vec<(usize, Holding)>,
}

impl Holdings {
    /// Of record sets that the actions change. `stamp` tells the request from every other of the sender: only the last
    /// one to take a name can give it up.
    pub(crate) fn of_records(sender: &AccountId, stamp: &str, actions: &[PlannedAction], world: &World) -> Self {
        let mut all = Self { taken: Vec::new(), released: Vec::new(), made: Vec::new() };
        for (index, planned) in actions.iter().enumerate() {
            let Action::ChangeRecordSets(batch) = &planned.action else { continue };
            let there = world.record_sets.get(&batch.hosted_zone_id).map_or(&[][..], Vec::as_slice);
            let scope = record_scope(&batch.hosted_zone_id);
            for change in &batch.changes {
                let holding = Holding {
                    scope: scope.clone(),
                    name: record_name(&change.name, change.record_type.as_str()),
                    owner: sender.clone(),
                    value: stamp.to_owned(),
                };
                let own = |set: &RecordSet| same(set, change) && set.owner.as_ref() == Some(sender);
                if !there.iter().any(own) {
                    all.made.push((index, holding.clone()));
                }
                if !all.taken.contains(&holding) {
                    all.taken.push(holding.clone());
                }
                match change.operation {
                    Operation::Delete => all.released.push(holding),
                    Operation::Create | Operation::Upsert => all.released.retain(|it| *it != holding),
                }
            }
        }
        all
    }
}

fn same(set: &RecordSet, change: &RecordSetChange) -> bool {
    set.name == change.name && set.record_type == change.record_type
}

/// The value of a registered host in the ledger; read back by [`registered_host`].
#[cfg(test)]
fn host_value(host: &Instance) -> String {
    let members = [("host", host.host.as_str()), ("zone", &host.zone), ("private_ip", &host.private_ip)];
    reeve_json::canonical(&Value::object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_host_reads_back() {
        let account = AccountId::parse("111122223333").expect("good");
        let (host, zone, private_ip) = ("web-1".to_owned(), "corp.example.com".to_owned(), "10.0.0.5".to_owned());
        let instance = Instance { account: account.clone(), host, zone, private_ip };
        let value = host_value(&instance);
        let holding = Holding { scope: HOST_SCOPE.into(), name: "i-1".into(), owner: account, value };
        assert_eq!(registered_host(&holding), Some(instance));
        assert_eq!(registered_host(&Holding { value: "{}".into(), ..holding }), None);
    }
}
