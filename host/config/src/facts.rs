//! Recorded facts: what the world holds, as a file.

use reeve_kinds::{
    DelegatedZone, Instance, Inventory, Organization, OrganizationAccount, Parameter, RecordSet, Scp, Unit, World,
};
use reeve_model::record::{RecordType, canonical_value};
use reeve_model::{AccountId, DnsName, NameRule};
use reeve_yaml::{Document, Field, YamlError};
use std::collections::BTreeMap;

/// Reads a file of recorded facts.
///
/// # Errors
/// What is wrong, and where.
pub fn world(file: &str, text: &str) -> Result<World, YamlError> {
    world_of(Document::parse(file, text)?.root())
}

/// Reads recorded facts that stand inside another file.
pub(crate) fn world_of(field: Field<'_>) -> Result<World, YamlError> {
    let mut map = field.mapping()?;
    let mut world = World::default();
    if let Some(field) = map.optional("record-sets") {
        for (zone, _, field) in field.mapping()?.entries() {
            let sets = field.items()?.into_iter().map(record_set).collect::<Result<Vec<_>, _>>()?;
            world.record_sets.insert(zone.to_owned(), sets);
        }
    }
    if let Some(field) = map.optional("inventory") {
        world.inventory = inventory(field)?;
    }
    if let Some(field) = map.optional("parameters") {
        world.parameters = table(field, parameter)?;
    }
    if let Some(field) = map.optional("instances") {
        world.instances = table(field, instance)?;
    }
    if let Some(field) = map.optional("registered-hosts") {
        world.registered_hosts = table(field, instance)?;
    }
    if let Some(field) = map.optional("delegated-zones") {
        for (key, at, field) in field.mapping()?.entries() {
            let name = DnsName::parse(key, NameRule::Owner)
                .map_err(|error| YamlError::new(field.file(), at, error.message))?;
            world.delegated_zones.insert(name, delegated_zone(field)?);
        }
    }
    if let Some(field) = map.optional("tags") {
        world.tags = table(field, tags)?;
    }
    world.organization = map.optional("organization").map(organization).transpose()?;
    map.finish()?;
    Ok(world)
}

fn table<T>(field: Field<'_>, read: fn(Field<'_>) -> Result<T, YamlError>) -> Result<BTreeMap<String, T>, YamlError> {
    field.mapping()?.entries().map(|(key, _, field)| Ok((key.to_owned(), read(field)?))).collect()
}

fn text(field: Field<'_>) -> Result<String, YamlError> {
    field.string().map(str::to_owned)
}

fn name(field: Field<'_>) -> Result<DnsName, YamlError> {
    DnsName::parse(field.string()?, NameRule::Owner).map_err(|error| field.error(error.message))
}

fn account(field: Field<'_>) -> Result<AccountId, YamlError> {
    AccountId::parse(field.account_id()?).ok_or_else(|| field.must("be twelve digits"))
}

fn record_set(field: Field<'_>) -> Result<RecordSet, YamlError> {
    let mut map = field.mapping()?;
    let name = name(map.required("name")?)?;
    let type_field = map.required("type")?;
    let record_type =
        RecordType::parse(type_field.string()?).ok_or_else(|| type_field.must("be a record type, upper case"))?;
    let ttl = map.optional("ttl").map(|field| field.integer(0..=2_147_483_647)).transpose()?;
    let mut values = Vec::new();
    for item in map.optional("values").map(|field| field.items()).transpose()?.unwrap_or_default() {
        // What a zone holds already may be private: it is compared, not published.
        let value = canonical_value(record_type, item.string()?, true);
        values.push(value.map_err(|error| item.error(format!("{}: {}", error.code.as_str(), error.message)))?);
    }
    let owner = map.optional("owner").map(account).transpose()?;
    let protected = map.optional("protected").map(|field| field.bool()).transpose()?.unwrap_or(false);
    map.finish()?;
    let ttl_seconds = ttl.and_then(|ttl| u32::try_from(ttl).ok());
    Ok(RecordSet { name, record_type, ttl_seconds, values, owner, protected })
}

fn inventory(field: Field<'_>) -> Result<Inventory, YamlError> {
    let mut map = field.mapping()?;
    let mut inventory = Inventory::default();
    let parsed =
        |field: Field<'_>, key: &str| DnsName::parse(key, NameRule::Target).map_err(|error| field.error(error.message));
    if let Some(targets) = map.optional("targets") {
        for (key, _, field) in targets.mapping()?.entries() {
            let null = matches!(field.node().value, reeve_yaml::Value::Null);
            let zone = if null { None } else { Some(text(field)?) };
            inventory.targets.insert(parsed(field, key)?, zone);
        }
    }
    if let Some(sets) = map.optional("delegation-sets") {
        for (key, _, field) in sets.mapping()?.entries() {
            let servers = field.items()?.into_iter().map(name).collect::<Result<_, _>>()?;
            inventory.delegation_sets.insert(parsed(field, key)?, servers);
        }
    }
    map.finish()?;
    Ok(inventory)
}

fn parameter(field: Field<'_>) -> Result<Parameter, YamlError> {
    let mut map = field.mapping()?;
    let value = text(map.required("value")?)?;
    let kind = map.optional("type").map(|field| field.one_of(&["String", "StringList", "SecureString"])).transpose()?;
    map.finish()?;
    Ok(Parameter { value, parameter_type: kind.unwrap_or("String").to_owned() })
}

fn tags(field: Field<'_>) -> Result<BTreeMap<String, String>, YamlError> {
    table(field, text)
}

fn instance(field: Field<'_>) -> Result<Instance, YamlError> {
    let mut map = field.mapping()?;
    let instance = Instance {
        account: account(map.required("account")?)?,
        host: text(map.required("host")?)?,
        zone: text(map.required("zone")?)?,
        private_ip: text(map.required("private-ip")?)?,
    };
    map.finish()?;
    Ok(instance)
}

fn delegated_zone(field: Field<'_>) -> Result<DelegatedZone, YamlError> {
    let mut map = field.mapping()?;
    let zone = DelegatedZone {
        id: text(map.required("id")?)?,
        caller_reference: text(map.required("caller-reference")?)?,
        name_servers: map.required("name-servers")?.items()?.into_iter().map(name).collect::<Result<_, _>>()?,
    };
    map.finish()?;
    Ok(zone)
}

fn organization(field: Field<'_>) -> Result<Organization, YamlError> {
    let mut map = field.mapping()?;
    let mut organization = Organization {
        root_id: text(map.required("root")?)?,
        management_account: account(map.required("management-account")?)?.as_str().to_owned(),
        ..Organization::default()
    };
    if let Some(field) = map.optional("units") {
        organization.units = table(field, |field| {
            let mut map = field.mapping()?;
            let unit = Unit { name: text(map.required("name")?)?, parent_id: text(map.required("parent")?)? };
            map.finish()?;
            Ok(unit)
        })?;
    }
    if let Some(field) = map.optional("accounts") {
        for (id, at, field) in field.mapping()?.entries() {
            let parsed = AccountId::parse(id)
                .ok_or_else(|| YamlError::new(field.file(), at, format!("`{id}` is not twelve digits")))?;
            let mut map = field.mapping()?;
            let account = OrganizationAccount {
                id: parsed,
                name: text(map.required("name")?)?,
                email: text(map.required("email")?)?,
                parent_id: text(map.required("parent")?)?,
            };
            map.finish()?;
            organization.accounts.insert(id.to_owned(), account);
        }
    }
    if let Some(field) = map.optional("policies") {
        organization.policies = table(field, scp)?;
    }
    if let Some(field) = map.optional("attachments") {
        organization.attachments = table(field, |field| field.items()?.into_iter().map(text).collect())?;
    }
    map.finish()?;
    Ok(organization)
}

fn scp(field: Field<'_>) -> Result<Scp, YamlError> {
    let mut map = field.mapping()?;
    let scp = Scp {
        name: text(map.required("name")?)?,
        description: map.optional("description").map(text).transpose()?.unwrap_or_default(),
        document: text(map.required("document")?)?,
        aws_managed: map.optional("aws-managed").map(|field| field.bool()).transpose()?.unwrap_or(false),
    };
    map.finish()?;
    Ok(scp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_json::canonical;

    #[test]
    fn hosts_and_zones_that_the_gate_has_made_are_read() {
        let text = r#"
registered-hosts:
  i-0123456789abcdef0: { account: "111122223333", host: web-1, zone: corp.example.com, private-ip: 10.0.0.5 }
delegated-zones:
  Team.example.com: { id: Z1, caller-reference: reeve-1, name-servers: [ns-2.example.net, ns-1.example.net] }
"#;
        let wanted = concat!(
            r#"{"delegated_zones":{"team.example.com":{"caller_reference":"reeve-1","id":"Z1","#,
            r#""name_servers":["ns-1.example.net","ns-2.example.net"]}},"registered_hosts":{"i-0123456789abcdef0":"#,
            r#"{"account":"111122223333","host":"web-1","private_ip":"10.0.0.5","zone":"corp.example.com"}}}"#,
        );
        assert_eq!(canonical(&world("facts.yaml", text).expect("good").to_json()), wanted);
        for (text, told) in [
            ("registered-hosts: []", "facts.yaml:1:19: `registered-hosts` must be a mapping, found a list"),
            ("delegated-zones: { a..b: {} }", "facts.yaml:1:20: name `a..b` has an empty label"),
            ("delegated-zones: { a.b: {} }", "facts.yaml:1:25: key `id` is missing"),
            (
                "delegated-zones: { a.b: { id: Z, caller-reference: r, name-servers: [], x: 1 } }",
                "facts.yaml:1:73: key `x` is not known",
            ),
        ] {
            assert_eq!(world("facts.yaml", text).expect_err(text).to_string(), told, "{text}");
        }
    }
}
