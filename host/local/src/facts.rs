//! Facts from files: the directory from the accounts file, the world as it was recorded.

use reeve_accounts::{Accounts, DomainEntry, Status};
use reeve_engine::{FactError, FactNeed, FactSource, Facts};
use reeve_json::Value;
use reeve_kinds::{Need, Parameter, World};
use reeve_model::{AccountId, Fact, FactValue, Sender};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The accounts file as it is now. Clones are the same directory: what replaces it, replaces it for all.
#[derive(Debug, Clone)]
pub struct Directory(Arc<RwLock<Arc<Accounts>>>);

impl Directory {
    /// A directory of these accounts.
    #[must_use]
    pub fn new(accounts: Arc<Accounts>) -> Self {
        Self(Arc::new(RwLock::new(accounts)))
    }

    /// The accounts now.
    #[must_use]
    pub fn current(&self) -> Arc<Accounts> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other accounts into their place, and gives back those before.
    pub fn replace(&self, accounts: Arc<Accounts>) -> Arc<Accounts> {
        std::mem::replace(&mut self.0.write().unwrap_or_else(PoisonError::into_inner), accounts)
    }
}

/// Recorded facts.
#[derive(Debug, Clone)]
pub struct RecordedFacts {
    accounts: Directory,
    /// None when the gate names no file of recorded facts.
    world: Option<World>,
    /// The name of that file, for sources of facts.
    file: String,
}

impl RecordedFacts {
    /// Facts of these files.
    #[must_use]
    pub fn new(accounts: Arc<Accounts>, world: Option<World>, file: impl Into<String>) -> Self {
        Self { accounts: Directory::new(accounts), world, file: file.into() }
    }

    /// Where accounts are looked up.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.accounts
    }

    fn recorded(&self, what: &str) -> Result<&World, FactError> {
        self.world.as_ref().ok_or_else(|| FactError(format!("{what} are needed, and no facts are recorded")))
    }

    /// The recorded parameters right below a path, by the last part of their names.
    ///
    /// # Errors
    /// When no facts are recorded.
    pub fn parameters_below(&self, path: &str) -> Result<BTreeMap<String, Parameter>, FactError> {
        let below = |name: &str| Some(name.strip_prefix(path)?.strip_prefix('/')?.to_owned());
        let recorded = self.recorded("parameters")?.parameters.iter();
        let found = recorded.filter_map(|(name, value)| Some((below(name)?, value.clone())));
        Ok(found.filter(|(rest, _)| !rest.contains('/')).collect())
    }

    /// The name of the file of recorded facts; empty when there is none.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    fn parameter(&self, name: &str, list: bool, domains: bool) -> (FactValue, String) {
        let source = format!("ssm:{name}");
        let found = self.world.as_ref().and_then(|world| world.parameters.get(name));
        let value = match found {
            None => FactValue::Missing(format!("no parameter `{name}` is recorded in `{}`", self.file)),
            Some(parameter) if list => {
                let items: Vec<String> = parameter.value.split(',').map(str::to_owned).collect();
                if domains { domain_list(items) } else { FactValue::Texts(items) }
            }
            Some(parameter) => FactValue::Text(parameter.value.clone()),
        };
        (value, source)
    }

    fn account_value(&self, key: &str, sender: &Sender) -> (FactValue, String) {
        let accounts = self.accounts.current();
        let Some(account) = accounts.by_id(sender.account.as_str()) else {
            let why = format!("account `{}` is not in `{}`", sender.account, accounts.file());
            return (FactValue::Missing(why), accounts.file().to_owned());
        };
        let Some(sourced) = account.value(key) else {
            let why = format!("account `{}` has no `{key}`", account.name());
            return (FactValue::Missing(why), accounts.file().to_owned());
        };
        let value = fact_of_json(&sourced.value.to_json(), key == "allowed_dns_domains");
        (value, sourced.place())
    }
}

impl Facts for RecordedFacts {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        let accounts = self.accounts.current();
        let known = accounts.by_id(account.as_str());
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Sender {
            account: account.clone(),
            verified,
            name: known.map(|it| it.name().to_owned()),
            tier: owned(known.and_then(|it| it.tier())),
            organizational_unit: owned(known.and_then(|it| it.organization_unit())),
            status: known.map(|it| match it.status() {
                Status::Active => "active".to_owned(),
                Status::Suspended => "suspended".to_owned(),
            }),
        }
    }

    fn world(&self, needs: &[Need]) -> Result<World, FactError> {
        let mut world = World::default();
        for need in needs {
            match need {
                Need::RecordSets { zone, .. } => {
                    let recorded = self.recorded("the record sets of a zone")?.record_sets.get(zone);
                    let sets = recorded.ok_or_else(|| {
                        FactError(format!("the record sets of zone `{zone}` are not recorded in `{}`", self.file))
                    })?;
                    world.record_sets.insert(zone.clone(), sets.clone());
                }
                // What is recorded of a zone is all of it: the need of the name itself has brought what is below it.
                Need::Below { .. } => {}
                Need::Inventory => world.inventory = self.recorded("inventory")?.inventory.clone(),
                Need::Parameters(names) => {
                    let recorded = &self.recorded("parameters")?.parameters;
                    let wanted = recorded.iter().filter(|(name, _)| names.contains(*name));
                    world.parameters.extend(wanted.map(|(name, value)| (name.clone(), value.clone())));
                }
                Need::Instance { id, .. } => {
                    let found = self.recorded("instances")?.instances.get_key_value(id);
                    world.instances.extend(found.map(|(id, instance)| (id.clone(), instance.clone())));
                }
                Need::DelegatedZone { name, .. } => {
                    let found = self.recorded("delegated zones")?.delegated_zones.get_key_value(name);
                    world.delegated_zones.extend(found.map(|(name, zone)| (name.clone(), zone.clone())));
                }
                Need::Tags(accounts) => {
                    let recorded = &self.recorded("tags of accounts")?.tags;
                    let wanted = recorded.iter().filter(|(id, _)| accounts.iter().any(|it| it.as_str() == *id));
                    world.tags.extend(wanted.map(|(id, tags)| (id.clone(), tags.clone())));
                }
                Need::RegisteredHost(id) => {
                    let found = self.recorded("registered hosts")?.registered_hosts.get_key_value(id);
                    world.registered_hosts.extend(found.map(|(id, host)| (id.clone(), host.clone())));
                }
                Need::Organization => {
                    let organization =
                        self.recorded("the units and accounts of the organization")?.organization.clone();
                    world.organization =
                        Some(organization.ok_or_else(|| {
                            FactError(format!("the organization is not recorded in `{}`", self.file))
                        })?);
                }
            }
        }
        Ok(world)
    }

    fn fact(&self, _policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError> {
        let (value, source) = match &need.source {
            FactSource::Accounts { key } => self.account_value(key, sender),
            FactSource::Parameter { name, list, domains } => {
                let name = name.replace("{sender.account}", sender.account.as_str());
                self.parameter(&name, *list, *domains)
            }
            FactSource::Organization => {
                let world = self.world(&[Need::Organization])?;
                let value = world.organization.map_or_else(
                    || FactValue::Missing(format!("no organization is recorded in `{}`", self.file)),
                    |organization| FactValue::Json(organization.to_json()),
                );
                (value, self.file.clone())
            }
        };
        Ok(Fact { name: need.name.clone(), value, source })
    }
}

/// A fact of a JSON value: one text, a list of texts, or anything else. With `domains`, one malformed item voids the
/// whole list.
#[must_use]
pub fn fact_of_json(value: &Value, domains: bool) -> FactValue {
    match value {
        Value::String(text) => FactValue::Text(text.clone()),
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            match texts {
                Some(texts) if domains => domain_list(texts),
                Some(texts) => FactValue::Texts(texts),
                None => FactValue::Json(value.clone()),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => FactValue::Json(value.clone()),
    }
}

fn domain_list(items: Vec<String>) -> FactValue {
    match DomainEntry::check_list(&items) {
        Err(why) => FactValue::Invalid(why),
        Ok(()) => FactValue::Texts(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_item_voids_a_list_of_domains() {
        let list = |items: &[&str]| fact_of_json(&Value::array(items.iter().copied()), true);
        assert_eq!(list(&["example.com"]), FactValue::Texts(vec!["example.com".to_owned()]));
        for bad in ["a,b.com", "", "*", ".", "com", "co.uk", "Example.com", "*.example.com"] {
            assert!(matches!(list(&["example.com", bad]), FactValue::Invalid(_)), "{bad}");
        }
        assert_eq!(fact_of_json(&Value::array(["x"]), false), FactValue::Texts(vec!["x".to_owned()]));
    }

    #[test]
    fn parameters_are_found_by_their_path() {
        let accounts = Accounts::parse("accounts.yaml", "Accounts: {}\n").expect("accounts");
        let parameter = |value: &str| Parameter { value: value.to_owned(), parameter_type: "String".to_owned() };
        let names = ["/a/0", "/a/1", "/a/b/0", "/ab/0", "/a"];
        let parameters = names.map(|name| (name.to_owned(), parameter(name))).into();
        let world = World { parameters, ..World::default() };
        let facts = RecordedFacts::new(Arc::new(accounts), Some(world), "facts.yaml");
        let found = facts.parameters_below("/a").expect("recorded");
        assert_eq!(found, [("0", "/a/0"), ("1", "/a/1")].map(|(rest, name)| (rest.to_owned(), parameter(name))).into());
        assert!(facts.parameters_below("/c").expect("recorded").is_empty());
        let none = RecordedFacts { world: None, ..facts };
        assert_eq!(
            none.parameters_below("/a"),
            Err(FactError("parameters are needed, and no facts are recorded".to_owned()))
        );
    }
}
