//! From text to accounts: reads every layer, merges, and compares accounts with each other. Errors are collected, so
//! that one run shows them all.

use crate::account::Account;
use crate::accounts::Accounts;
use crate::aliases::Aliases;
use crate::domain::DomainEntry;
use crate::layer::{Layer, LayerValues, Sourced, merge};
use crate::schema::{KEYS, Key, Place, name_fault};
use crate::units;
use reeve_yaml::{Document, Field, Mark, YamlError, did_you_mean, quoted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads the whole file.
pub(crate) fn accounts(file_name: &str, text: &str) -> Result<Accounts, Vec<YamlError>> {
    let document = Document::parse_with_aliases(file_name, text).map_err(|error| vec![error])?;
    let mut map = document.root().mapping().map_err(|error| vec![error])?;
    let mut reader = Reader { file: Arc::from(file_name), errors: Vec::new() };

    let default = map.optional("Default").map(|field| reader.layer(field, &Layer::Default)).unwrap_or_default();
    let scopes =
        map.optional("Scopes").map(|field| reader.named_layers(field, "scope", Layer::Scope)).unwrap_or_default();
    let own = match map.required("Accounts") {
        Ok(field) => reader.named_layers(field, "account", Layer::Account),
        Err(error) => {
            reader.errors.push(error);
            Vec::new()
        }
    };
    let units =
        map.optional("OrganizationUnits").map(|field| units::read(field, &mut reader.errors)).unwrap_or_default();
    reader.errors.extend(map.unknown_keys());

    let scopes: BTreeMap<&str, LayerValues> = scopes.into_iter().map(|layer| (layer.name, layer.values)).collect();
    let accounts: Vec<Account> = own.iter().map(|layer| reader.account(&default, &scopes, layer)).collect();
    reader.unique_ids(&accounts);
    reader.unique_emails(&accounts);
    reader.unique_domains(&accounts);

    let aliases = Aliases::of(&document.root);
    if !reader.errors.is_empty() {
        reader.errors.sort_by_key(YamlError::at);
        // What is wrong inside an anchored value is wrong once, however often it is repeated.
        reader.errors.dedup();
        return Err(reader.errors.into_iter().map(|error| aliases.hinted(error)).collect());
    }
    let id = |account: &Account| Some((account.id()?.to_owned(), account.name.clone()));
    let names_by_id = accounts.iter().filter_map(id).collect();
    let accounts = accounts.into_iter().map(|account| (account.name.clone(), account)).collect();
    Ok(Accounts { file: file_name.to_owned(), accounts, names_by_id, units, policy_ids: BTreeMap::new(), aliases })
}

/// A scope or an account as it stands in the file.
struct NamedLayer<'a> {
    name: &'a str,
    at: Mark,
    values: LayerValues,
}

struct Reader {
    file: Arc<str>,
    errors: Vec<YamlError>,
}

impl Reader {
    fn error(&self, at: Mark, message: impl Into<String>) -> YamlError {
        YamlError::new(&self.file, at, message)
    }

    /// Reads `Scopes` or `Accounts`.
    fn named_layers<'a>(&mut self, field: Field<'a>, kind: &str, layer: fn(String) -> Layer) -> Vec<NamedLayer<'a>> {
        let map = match field.mapping() {
            Ok(map) => map,
            Err(error) => {
                self.errors.push(error);
                return Vec::new();
            }
        };
        let mut layers = Vec::new();
        for (name, at, body) in map.entries() {
            if let Some(fault) = name_fault(name) {
                self.errors.push(self.error(at, format!("{kind} name {} {fault}", quoted(name))));
            }
            let values = self.layer(body, &layer(name.to_owned()));
            layers.push(NamedLayer { name, at, values });
        }
        layers
    }

    /// Reads the keys of one layer; values that fail their checks are left out.
    fn layer(&mut self, field: Field<'_>, layer: &Layer) -> LayerValues {
        let mut values = LayerValues::new();
        let map = match field.mapping() {
            Ok(map) => map,
            Err(error) => {
                self.errors.push(error);
                return values;
            }
        };
        let here = |key: &Key| key.place == Place::Anywhere || matches!(layer, Layer::Account(_));
        for (name, at, value) in map.entries() {
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                let known = KEYS.iter().filter(|key| here(key)).map(|key| key.name);
                let error = self.error(at, format!("key {} is not known", quoted(name)));
                self.errors.push(error.with_hint(did_you_mean(name, "keys", known)));
                continue;
            };
            if !here(key) {
                let error = self.error(at, format!("key `{name}` does not belong in {}", quoted(&layer.to_string())));
                self.errors.push(error.with_hint("write it on the account"));
                continue;
            }
            let before = self.errors.len();
            key.check(value, &mut self.errors);
            if self.errors.len() == before {
                let node = value.node();
                let sourced = Sourced {
                    value: node.value.clone(),
                    value_at: node.at,
                    layer: layer.clone(),
                    at,
                    file: Arc::clone(&self.file),
                };
                values.insert(key.name, Arc::new(sourced));
            }
        }
        values
    }

    /// Merges the layers of one account.
    fn account(
        &mut self,
        default: &LayerValues,
        scopes: &BTreeMap<&str, LayerValues>,
        own: &NamedLayer<'_>,
    ) -> Account {
        let mut scope = None;
        if let Some(sourced) = own.values.get("scope")
            && let Some(name) = sourced.value.as_str()
        {
            scope = scopes.get(name);
            if scope.is_none() {
                let error = self.error(sourced.value_at, format!("scope {} is not defined", quoted(name)));
                self.errors.push(error.with_hint(did_you_mean(name, "scopes", scopes.keys().copied())));
            }
        }
        let settings = merge([Some(default), scope, Some(&own.values)].into_iter().flatten());
        let mut account = Account { name: own.name.to_owned(), at: own.at, settings, domains: Vec::new() };
        if let Some(sourced) = account.value("allowed_dns_domains") {
            account.domains = Account::domain_items(sourced).into_iter().map(|(entry, _)| entry).collect();
        }
        account
    }

    fn unique_ids(&mut self, accounts: &[Account]) {
        let mut owners: BTreeMap<&str, (&str, Mark)> = BTreeMap::new();
        for account in accounts {
            let (Some(id), Some(sourced)) = (account.id(), account.value("id")) else { continue };
            if let Some((owner, at)) = owners.get(id) {
                let message = format!("id `{id}` is that of account {} at {at} already", quoted(owner));
                self.errors.push(self.error(sourced.value_at, message));
            } else {
                owners.insert(id, (&account.name, sourced.value_at));
            }
        }
    }

    /// AWS takes each address once, in whatever case it is written.
    fn unique_emails(&mut self, accounts: &[Account]) {
        let mut owners: BTreeMap<String, (&str, Mark)> = BTreeMap::new();
        for account in accounts {
            let (Some(email), Some(sourced)) = (account.email(), account.value("email")) else { continue };
            let folded = email.to_ascii_lowercase();
            if let Some((owner, at)) = owners.get(&folded) {
                let message = format!("e-mail {} is that of account {} at {at} already", quoted(email), quoted(owner));
                self.errors.push(self.error(sourced.value_at, message));
            } else {
                owners.insert(folded, (&account.name, sourced.value_at));
            }
        }
    }

    /// One entry has one owner: two accounts that may change the same names could undo each other. An entry below
    /// another account's is fine; that is how a part of a domain is handed on.
    fn unique_domains(&mut self, accounts: &[Account]) {
        let mut owners: BTreeMap<DomainEntry, (&str, Mark)> = BTreeMap::new();
        for account in accounts {
            let Some(sourced) = account.value("allowed_dns_domains") else { continue };
            for (entry, at) in Account::domain_items(sourced) {
                let Some((owner, first)) = owners.get(&entry) else {
                    owners.insert(entry, (&account.name, at));
                    continue;
                };
                let (name, owner) = (quoted(&account.name), quoted(owner));
                let message =
                    format!("domain `{entry}` of account {name} is claimed by account {owner} at {first} already");
                let error = self.error(at, message);
                self.errors.push(match sourced.layer {
                    Layer::Account(_) | Layer::Lock => error,
                    Layer::Default | Layer::Scope(_) => error.with_hint(format!(
                        "the list stands in `{}`, which several accounts share: write it on the account",
                        sourced.layer
                    )),
                });
            }
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
