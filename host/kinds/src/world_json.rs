//! [`World`] as JSON and back: what a decision was made from, as receipts and the ledger keep it.
//!
//! There is one text for one world. Parts that are empty are left out, and what [`World::to_json`] would not have
//! written is refused, so that a decision that is made again is made from the same facts.

use crate::organization::{Organization, OrganizationAccount, Scp, Unit};
use crate::{DelegatedZone, Instance, Inventory, Parameter, RecordSet, World};
use reeve_json::{Node, Object, Value, escape_pointer_token};
use reeve_model::record::RecordType;
use reeve_model::{AccountId, DnsName, NameRule};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// The facts as stable JSON. Parts that no need asked for are not there.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // Taken apart here and below, so that a new field cannot be forgotten.
        let Self {
            record_sets,
            inventory: held,
            parameters,
            instances,
            organization: known,
            zone_sizes,
            delegated_zones,
            registered_hosts,
            tags,
        } = self;
        let mut object = Object::new();
        set_table(&mut object, "record_sets", record_sets, |sets| Value::array(sets.iter().map(record_set)));
        if *held != Inventory::default() {
            object.set("inventory", inventory(held));
        }
        set_table(&mut object, "parameters", parameters, parameter);
        set_table(&mut object, "instances", instances, instance);
        if let Some(known) = known {
            object.set("organization", organization(known));
        }
        set_table(&mut object, "zone_sizes", zone_sizes, |size| Value::from(i64::from(*size)));
        set_names(&mut object, "delegated_zones", delegated_zones, delegated_zone);
        set_table(&mut object, "registered_hosts", registered_hosts, instance);
        set_table(&mut object, "tags", tags, |tags| {
            Value::object(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        });
        Value::Object(object)
    }

    /// Reads what [`World::to_json`] wrote, in any order of members.
    ///
    /// # Errors
    /// What is wrong, with the JSON pointer of the place: an unknown or missing member, another type, a malformed
    /// value, or anything that `to_json` would have written otherwise.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let mut members = Members::of(value, "")?;
        let mut world = Self {
            record_sets: members.table("record_sets", |value, at| items(value, at, read_record_set))?,
            parameters: members.table("parameters", read_parameter)?,
            instances: members.table("instances", read_instance)?,
            zone_sizes: members.table("zone_sizes", read_u32)?,
            delegated_zones: members.names("delegated_zones", read_delegated_zone)?,
            registered_hosts: members.table("registered_hosts", read_instance)?,
            tags: members.table("tags", read_tags)?,
            ..Self::default()
        };
        if let Some((value, at)) = members.optional("inventory") {
            world.inventory = read_inventory(value, &at)?;
        }
        if let Some((value, at)) = members.optional("organization") {
            world.organization = Some(read_organization(value, &at)?);
        }
        members.finish()?;
        if world.to_json() == *value {
            Ok(world)
        } else {
            // Equal keys cannot be here: what is left are empty parts, spelt-out defaults and lists that are sets.
            Err("the facts are not in their one form: an empty part, a default, or the order of a set".to_owned())
        }
    }
}

/// Sets `name` to an object of the table's rows unless there is none.
fn set_table<T>(object: &mut Object, name: &str, table: &BTreeMap<String, T>, write: impl Fn(&T) -> Value) {
    if !table.is_empty() {
        object.set(name, Value::object(table.iter().map(|(key, row)| (key.as_str(), write(row)))));
    }
}

/// As [`set_table`], for a table of names.
fn set_names<T>(object: &mut Object, name: &str, table: &BTreeMap<DnsName, T>, write: impl Fn(&T) -> Value) {
    if !table.is_empty() {
        object.set(name, Value::object(table.iter().map(|(key, row)| (key.as_str(), write(row)))));
    }
}

fn name_set(names: &BTreeSet<DnsName>) -> Value {
    Value::array(names.iter().map(DnsName::as_str))
}

fn record_set(it: &RecordSet) -> Value {
    let RecordSet { name, record_type, ttl_seconds, values, owner, protected } = it;
    let mut object = Object::new();
    object.set("name", name.as_str());
    object.set("type", record_type.as_str());
    if let Some(ttl) = *ttl_seconds {
        object.set("ttl_seconds", i64::from(ttl));
    }
    if !values.is_empty() {
        object.set("values", Value::array(values.iter().map(String::as_str)));
    }
    if let Some(owner) = owner {
        object.set("owner", owner.as_str());
    }
    if *protected {
        object.set("protected", true);
    }
    Value::Object(object)
}

fn inventory(it: &Inventory) -> Value {
    let Inventory { targets, delegation_sets } = it;
    let mut object = Object::new();
    set_names(&mut object, "targets", targets, |zone| Value::from(zone.clone()));
    set_names(&mut object, "delegation_sets", delegation_sets, name_set);
    Value::Object(object)
}

fn parameter(it: &Parameter) -> Value {
    let Parameter { value, parameter_type } = it;
    Value::object([("value", value.as_str()), ("type", parameter_type)])
}

fn instance(it: &Instance) -> Value {
    let Instance { account, host, zone, private_ip } = it;
    Value::object([("account", account.as_str()), ("host", host), ("zone", zone), ("private_ip", private_ip)])
}

fn delegated_zone(it: &DelegatedZone) -> Value {
    let DelegatedZone { id, caller_reference, name_servers } = it;
    Value::object([
        ("id", Value::from(id.as_str())),
        ("caller_reference", caller_reference.as_str().into()),
        ("name_servers", name_set(name_servers)),
    ])
}

pub(crate) fn organization(it: &Organization) -> Value {
    let Organization { root_id, management_account, units, accounts, policies, attachments } = it;
    let mut object = Object::new();
    object.set("root_id", root_id.as_str());
    object.set("management_account", management_account.as_str());
    set_table(&mut object, "units", units, |Unit { name, parent_id }| {
        Value::object([("name", name.as_str()), ("parent_id", parent_id)])
    });
    set_table(&mut object, "accounts", accounts, |it| {
        let OrganizationAccount { id, name, email, parent_id } = it;
        Value::object([("id", id.as_str()), ("name", name), ("email", email), ("parent_id", parent_id)])
    });
    set_table(&mut object, "policies", policies, scp);
    set_table(&mut object, "attachments", attachments, |ids| Value::array(ids.iter().map(String::as_str)));
    Value::Object(object)
}

fn scp(it: &Scp) -> Value {
    let Scp { name, description, document, aws_managed } = it;
    let mut object = Object::new();
    object.set("name", name.as_str());
    if !description.is_empty() {
        object.set("description", description.as_str());
    }
    object.set("document", document.as_str());
    if *aws_managed {
        object.set("aws_managed", true);
    }
    Value::Object(object)
}

fn read_record_set(value: &Value, at: &str) -> Result<RecordSet, String> {
    let mut members = Members::of(value, at)?;
    let (kind, kind_at) = members.required("type")?;
    let record_type = kind.as_str().and_then(RecordType::parse).ok_or_else(|| wrong(&kind_at, "a record type"))?;
    let set = RecordSet {
        name: members.required("name").and_then(|(value, at)| read_name(value, &at))?,
        record_type,
        ttl_seconds: members.optional("ttl_seconds").map(|(value, at)| read_u32(value, &at)).transpose()?,
        values: members.texts("values")?,
        owner: members.optional("owner").map(|(value, at)| read_account(value, &at)).transpose()?,
        protected: members.flag("protected")?,
    };
    members.finish()?;
    Ok(set)
}

fn read_inventory(value: &Value, at: &str) -> Result<Inventory, String> {
    let mut members = Members::of(value, at)?;
    let zone = |value: &Value, at: &str| if *value == Value::Null { Ok(None) } else { read_text(value, at).map(Some) };
    let inventory = Inventory {
        targets: members.names("targets", zone)?,
        delegation_sets: members.names("delegation_sets", read_name_set)?,
    };
    members.finish()?;
    Ok(inventory)
}

fn read_parameter(value: &Value, at: &str) -> Result<Parameter, String> {
    let mut members = Members::of(value, at)?;
    let parameter = Parameter { value: members.text("value")?, parameter_type: members.text("type")? };
    members.finish()?;
    Ok(parameter)
}

fn read_instance(value: &Value, at: &str) -> Result<Instance, String> {
    let mut members = Members::of(value, at)?;
    let instance = Instance {
        account: members.required("account").and_then(|(value, at)| read_account(value, &at))?,
        host: members.text("host")?,
        zone: members.text("zone")?,
        private_ip: members.text("private_ip")?,
    };
    members.finish()?;
    Ok(instance)
}

fn read_delegated_zone(value: &Value, at: &str) -> Result<DelegatedZone, String> {
    let mut members = Members::of(value, at)?;
    let zone = DelegatedZone {
        id: members.text("id")?,
        caller_reference: members.text("caller_reference")?,
        name_servers: members.required("name_servers").and_then(|(value, at)| read_name_set(value, &at))?,
    };
    members.finish()?;
    Ok(zone)
}

fn read_organization(value: &Value, at: &str) -> Result<Organization, String> {
    let mut members = Members::of(value, at)?;
    let organization = Organization {
        root_id: members.text("root_id")?,
        management_account: members.text("management_account")?,
        units: members.table("units", |value, at| {
            let mut members = Members::of(value, at)?;
            let unit = Unit { name: members.text("name")?, parent_id: members.text("parent_id")? };
            members.finish()?;
            Ok(unit)
        })?,
        accounts: members.table("accounts", |value, at| {
            let mut members = Members::of(value, at)?;
            let account = OrganizationAccount {
                id: members.required("id").and_then(|(value, at)| read_account(value, &at))?,
                name: members.text("name")?,
                email: members.text("email")?,
                parent_id: members.text("parent_id")?,
            };
            members.finish()?;
            Ok(account)
        })?,
        policies: members.table("policies", |value, at| {
            let mut members = Members::of(value, at)?;
            let scp = Scp {
                name: members.text("name")?,
                description: members
                    .optional("description")
                    .map_or(Ok(String::new()), |(it, at)| read_text(it, &at))?,
                document: members.text("document")?,
                aws_managed: members.flag("aws_managed")?,
            };
            members.finish()?;
            Ok(scp)
        })?,
        attachments: members.table("attachments", |value, at| items(value, at, read_text))?,
    };
    members.finish()?;
    Ok(organization)
}

fn wrong(at: &str, what: &str) -> String {
    format!("`{}` of the facts is not {what}", at.escape_debug())
}

fn read_text(value: &Value, at: &str) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(at, "a string"))
}

fn read_tags(value: &Value, at: &str) -> Result<BTreeMap<String, String>, String> {
    let object = value.as_object().ok_or_else(|| wrong(at, "an object"))?;
    let tag = |member: &reeve_json::Member| {
        let at = format!("{at}/{}", escape_pointer_token(&member.key));
        Ok((member.key.to_string(), read_text(&member.value.value, &at)?))
    };
    object.iter().map(tag).collect()
}

fn read_u32(value: &Value, at: &str) -> Result<u32, String> {
    let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| wrong(at, "a whole number of 32 bits"))
}

fn read_account(value: &Value, at: &str) -> Result<AccountId, String> {
    value.as_str().and_then(AccountId::parse).ok_or_else(|| wrong(at, "an account id"))
}

fn read_name(value: &Value, at: &str) -> Result<DnsName, String> {
    value.as_str().and_then(canonical_name).ok_or_else(|| wrong(at, "a canonical DNS name"))
}

/// Every name there is can be an owner, so this rule takes back whatever was written.
fn canonical_name(text: &str) -> Option<DnsName> {
    DnsName::parse(text, NameRule::Owner).ok().filter(|name| name.as_str() == text)
}

fn read_name_set(value: &Value, at: &str) -> Result<BTreeSet<DnsName>, String> {
    Ok(items(value, at, read_name)?.into_iter().collect())
}

fn items<T>(value: &Value, at: &str, read: impl Fn(&Value, &str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let items: &[Node] = value.as_array().ok_or_else(|| wrong(at, "an array"))?;
    items.iter().enumerate().map(|(index, item)| read(&item.value, &format!("{at}/{index}"))).collect()
}

/// A strict reader of one object.
struct Members<'a> {
    object: &'a Object,
    at: String,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    fn of(value: &'a Value, at: &str) -> Result<Self, String> {
        let object = value.as_object().ok_or_else(|| wrong(at, "an object"))?;
        Ok(Self { object, at: at.to_owned(), known: Vec::new() })
    }

    fn optional(&mut self, name: &'static str) -> Option<(&'a Value, String)> {
        self.known.push(name);
        self.object.get(name).map(|node| (&node.value, format!("{}/{name}", self.at)))
    }

    fn required(&mut self, name: &'static str) -> Result<(&'a Value, String), String> {
        self.optional(name).ok_or_else(|| format!("`{}/{name}` of the facts is missing", self.at.escape_debug()))
    }

    fn text(&mut self, name: &'static str) -> Result<String, String> {
        let (value, at) = self.required(name)?;
        read_text(value, &at)
    }

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, String> {
        self.optional(name).map_or(Ok(Vec::new()), |(value, at)| items(value, &at, read_text))
    }

    fn flag(&mut self, name: &'static str) -> Result<bool, String> {
        let Some((value, at)) = self.optional(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| wrong(&at, "true or false"))
    }

    fn table<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value, &str) -> Result<T, String>,
    ) -> Result<BTreeMap<String, T>, String> {
        let Some((value, at)) = self.optional(name) else { return Ok(BTreeMap::new()) };
        let object = value.as_object().ok_or_else(|| wrong(&at, "an object"))?;
        let row = |member: &reeve_json::Member| {
            let at = format!("{at}/{}", escape_pointer_token(&member.key));
            Ok((member.key.to_string(), read(&member.value.value, &at)?))
        };
        object.iter().map(row).collect()
    }

    fn names<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value, &str) -> Result<T, String>,
    ) -> Result<BTreeMap<DnsName, T>, String> {
        let at = format!("{}/{name}", self.at);
        let rows = self.table(name, read)?;
        let named = |(key, row): (String, T)| {
            let name = canonical_name(&key);
            let name =
                name.ok_or_else(|| wrong(&format!("{at}/{}", escape_pointer_token(&key)), "a canonical DNS name"))?;
            Ok((name, row))
        };
        rows.into_iter().map(named).collect()
    }

    fn finish(self) -> Result<(), String> {
        match self.object.iter().find(|member| !self.known.contains(&member.key.as_str())) {
            Some(member) => {
                let at = format!("{}/{}", self.at, escape_pointer_token(&member.key));
                Err(format!("`{}` of the facts is not known", at.escape_debug()))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
