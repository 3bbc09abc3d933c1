//! The `kinds` part of a gate file: each kind's own settings.

use crate::arn;
use crate::forward::forward_bus;
use reeve_json::{Options, StringRule};
use reeve_kinds::{
    CertValidation, CreateAccount, DeregisterHost, DnsDelegation, DnsRecordChange, Document, Kind, ListAccounts,
    MoveAccount, PutParameter, RegisterHost, ScpUpdate, TagAccount, Team, Zone,
};
use reeve_model::{AccountId, Refusal, Region};
use reeve_yaml::{Field, MapReader, YamlError};
use std::ops::RangeInclusive;

/// Names of the kinds that Reeve brings; any other is a team's, with a JSON Schema.
pub const BUILT_IN: [&str; 12] = [
    "CERT_VALIDATION",
    "CREATE_ACCOUNT",
    "DEREGISTER_HOST",
    "DNS_DELEGATION",
    "DNS_RECORD_CHANGE",
    "LIST_ACCOUNTS",
    "MERGE",
    "MOVE_ACCOUNT",
    "PUT_PARAMETER",
    "REGISTER_HOST",
    "SCP_UPDATE",
    "TAG_ACCOUNT",
];

/// Most SCPs on one target (Organizations quotas since May 2026).
const ATTACH_MAX: usize = 10;
/// Longest SCP, characters (Organizations quotas since May 2026).
const SCP_CHARS_MAX: usize = 10_240;
/// Longest time to live, seconds (Route 53 API reference).
const TTL_SECONDS_MAX: u32 = 2_147_483_647;
/// Times to live of name server records in a parent, seconds: up to what Route 53 writes into a new zone.
const NS_TTL_SECONDS: RangeInclusive<i64> = 60..=172_800;
/// The same when the gate file does not say: a delegation that is mended is seen everywhere within an hour.
const NS_TTL_SECONDS_DEFAULT: u32 = 3_600;
/// Largest JSON Schema of a team kind, bytes.
const SCHEMA_BYTES_MAX: usize = 1_048_576;

/// Hosted zones of the gate, by id.
#[derive(Debug, Clone, Default)]
pub struct Zones(pub Vec<Zone>);

/// What stands around a kind in a gate file.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The gate's account.
    pub(crate) account: &'a AccountId,
    /// The gate's Region.
    pub(crate) region: &'a Region,
    /// The gate's zones.
    pub(crate) zones: &'a Zones,
    /// All kinds of the gate, where they are known.
    pub(crate) kinds: Option<Field<'a>>,
    /// Opens a file that a kind names.
    pub(crate) read: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
}

/// Reads the settings of one kind from `map`, which stands at `field`.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn kind(
    name: &str,
    field: Field<'_>,
    map: MapReader<'_>,
    around: &Around<'_>,
) -> Result<Box<dyn Kind>, YamlError> {
    let Around { zones, region, read, .. } = *around;
    match name {
        "CERT_VALIDATION" => cert_validation(map, zones),
        "CREATE_ACCOUNT" => create_account(map, around),
        "DEREGISTER_HOST" => deregister_host(field, map, around),
        "DNS_DELEGATION" => dns_delegation(field, map, zones),
        "DNS_RECORD_CHANGE" => dns_record_change(map, zones),
        "LIST_ACCOUNTS" => {
            map.finish()?;
            Ok(Box::new(ListAccounts))
        }
        "MERGE" => Err(field
            .error("`MERGE` is no kind of a gate: no event can ask for it")
            .with_hint("`reeve check` asks the policies that judge it, before a merge")),
        "MOVE_ACCOUNT" => move_account(map),
        "PUT_PARAMETER" => put_parameter(map),
        "REGISTER_HOST" => Ok(Box::new(register_host(field, map, region)?)),
        "SCP_UPDATE" => scp_update(map),
        "TAG_ACCOUNT" => tag_account(map),
        team => team_kind(team, map, read),
    }
}

fn texts(field: Field<'_>) -> Result<Vec<String>, YamlError> {
    Ok(field.strings()?.into_iter().map(str::to_owned).collect())
}

fn optional_texts(field: Option<Field<'_>>) -> Result<Vec<String>, YamlError> {
    field.map_or(Ok(Vec::new()), texts)
}

fn refused(field: Field<'_>, checked: Result<(), Refusal>) -> Result<(), YamlError> {
    checked.map_err(|refusal| {
        let error = field.error(format!("{}: {}", refusal.code.as_str(), refusal.message));
        match refusal.fix {
            Some(fix) => error.with_hint(fix),
            None => error,
        }
    })
}

fn zones_of(map: &mut MapReader<'_>, zones: &Zones) -> Result<Vec<Zone>, YamlError> {
    let field = map.required("zones")?;
    let mut chosen = Vec::new();
    for item in field.items()? {
        let id = item.string()?;
        let Some(zone) = zones.0.iter().find(|zone| zone.id == id) else {
            let hint = "describe the zone in the gate's `zones`: `Z…: { name: example.com }`";
            return Err(item.error(format!("zone `{id}` is not in the gate's `zones`")).with_hint(hint));
        };
        chosen.push(zone.clone());
    }
    if chosen.is_empty() {
        return Err(field.error("`zones` is empty: no name could be changed"));
    }
    Ok(chosen)
}

fn cert_validation(mut map: MapReader<'_>, zones: &Zones) -> Result<Box<dyn Kind>, YamlError> {
    let zones = zones_of(&mut map, zones)?;
    map.finish()?;
    Ok(Box::new(CertValidation { zones }))
}

fn dns_delegation(field: Field<'_>, mut map: MapReader<'_>, zones: &Zones) -> Result<Box<dyn Kind>, YamlError> {
    let zones = zones_of(&mut map, zones)?;
    if let Some(private) = zones.iter().find(|zone| zone.private) {
        let message = format!("zone `{}` is private: names below it cannot be handed over", private.id);
        return Err(field.error(message));
    }
    let ttl = map.optional("ttl-seconds").map(|field| field.integer(NS_TTL_SECONDS)).transpose()?;
    let ttl_seconds = ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(NS_TTL_SECONDS_DEFAULT);
    map.finish()?;
    Ok(Box::new(DnsDelegation { zones, ttl_seconds }))
}

fn dns_record_change(mut map: MapReader<'_>, zones: &Zones) -> Result<Box<dyn Kind>, YamlError> {
    let zones = zones_of(&mut map, zones)?;
    let ttl_seconds = ttl_range(map.required("ttl")?)?;
    map.finish()?;
    Ok(Box::new(DnsRecordChange { zones, ttl_seconds }))
}

fn ttl_range(field: Field<'_>) -> Result<RangeInclusive<u32>, YamlError> {
    let all = 0..=i64::from(TTL_SECONDS_MAX);
    let items = field.items()?;
    let [low, high] = items.as_slice() else {
        return Err(field.must("be two numbers of seconds: `[60, 86400]`"));
    };
    let number = |field: &Field<'_>| field.integer(all.clone()).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let (low, high) = (number(low)?, number(high)?);
    if low > high {
        return Err(field.error("the shortest time to live is longer than the longest"));
    }
    Ok(low..=high)
}

fn create_account(mut map: MapReader<'_>, around: &Around<'_>) -> Result<Box<dyn Kind>, YamlError> {
    let email_domains = texts(map.required("email-domains")?)?;
    let units = texts(map.required("units")?)?;
    let role = map.optional("role-name");
    let role_name = role.map(|field| field.string()).transpose()?.unwrap_or("OrganizationAccountAccessRole").to_owned();
    if let Some(field) = role {
        refused(field, CreateAccount::check_role_name(&role_name))?;
    }
    let forward_bus = map.optional("forward-bus").map(|field| forward_bus(field, around)).transpose()?;
    map.finish()?;
    Ok(Box::new(CreateAccount { email_domains, units, role_name, forward_bus }))
}

fn move_account(mut map: MapReader<'_>) -> Result<Box<dyn Kind>, YamlError> {
    let units = texts(map.required("units")?)?;
    let may_lose_deny = optional_texts(map.optional("may-lose-deny"))?;
    map.finish()?;
    Ok(Box::new(MoveAccount { units, may_lose_deny }))
}

fn put_parameter(mut map: MapReader<'_>) -> Result<Box<dyn Kind>, YamlError> {
    let field = map.required("path")?;
    let path = field.string()?.to_owned();
    let inner = path.strip_prefix('/').unwrap_or_default();
    let shaped = !inner.is_empty()
        && inner.split('/').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        });
    if !shaped {
        return Err(field.must("be a path such as `/pub`, without a slash at its end"));
    }
    map.finish()?;
    Ok(Box::new(PutParameter { path }))
}

fn scp_update(mut map: MapReader<'_>) -> Result<Box<dyn Kind>, YamlError> {
    let number = |field: Option<Field<'_>>, max: i64, default: usize| match field {
        None => Ok(default),
        Some(field) => field.integer(1..=max).map(|number| usize::try_from(number).unwrap_or(default)),
    };
    let size_quota_chars = number(map.optional("size-quota-chars"), 1_048_576, SCP_CHARS_MAX)?;
    let attach_max = number(map.optional("attach-max"), 1_000, ATTACH_MAX)?;
    let protected_targets = optional_texts(map.optional("protected-targets"))?;
    map.finish()?;
    Ok(Box::new(ScpUpdate { size_quota_chars, attach_max, protected_targets }))
}

fn tag_account(mut map: MapReader<'_>) -> Result<Box<dyn Kind>, YamlError> {
    let field = map.required("keys")?;
    let keys = texts(field)?;
    if keys.is_empty() {
        return Err(field.error("`keys` is empty: no tag could be set"));
    }
    map.finish()?;
    Ok(Box::new(TagAccount { keys }))
}

fn register_host(field: Field<'_>, mut map: MapReader<'_>, region: &Region) -> Result<RegisterHost, YamlError> {
    let zones_field = map.required("zones")?;
    let document_field = map.required("document")?;
    let mut document_map = document_field.mapping()?;
    let document = Document {
        name: document_map.required("name")?.string()?.to_owned(),
        version: document_map.required("version")?.string()?.to_owned(),
        hash: document_map.optional("hash").map(|field| field.string()).transpose()?.map(str::to_owned),
    };
    document_map.finish()?;
    refused(document_field, document.check())?;
    let region_field = map.optional("region");
    let region = region_field.map(|field| field.string()).transpose()?.unwrap_or(region.as_str()).to_owned();
    if let Some(field) = region_field.filter(|_| Region::parse(&region).is_none()) {
        return Err(field.must("be the name of a Region"));
    }
    let ttl = map.optional("ttl-seconds").map(|field| field.integer(1..=86_400)).transpose()?.unwrap_or(3_600);
    let kind = RegisterHost {
        zones: texts(zones_field)?,
        document,
        controllers: texts(map.required("controllers")?)?,
        role_arn: arn::role(map.required("role-arn")?)?,
        region,
        ttl_seconds: u32::try_from(ttl).unwrap_or(3_600),
        groups: optional_texts(map.optional("groups"))?,
    };
    for zone in &kind.zones {
        refused(zones_field, RegisterHost::check_zone(zone))?;
    }
    refused(field, kind.check_controllers())?;
    map.finish()?;
    Ok(kind)
}

/// It undoes what `REGISTER_HOST` does, so it has that kind's settings and none of its own.
fn deregister_host(field: Field<'_>, map: MapReader<'_>, around: &Around<'_>) -> Result<Box<dyn Kind>, YamlError> {
    map.finish()?;
    let kinds = around.kinds.map(|field| field.mapping()).transpose()?;
    let register = kinds.and_then(|kinds| kinds.entries().find(|(name, _, _)| *name == "REGISTER_HOST"));
    let Some((_, _, register_field)) = register else {
        let error =
            field.error("`DEREGISTER_HOST` takes the settings of `REGISTER_HOST`, which the gate does not have");
        return Err(error.with_hint("add `REGISTER_HOST`: only what it has registered is taken out"));
    };
    let mut map = register_field.mapping()?;
    // Each of the two has a pattern of its own.
    let _ = map.optional("pattern");
    let register = register_host(register_field, map, around.region)?;
    Ok(Box::new(DeregisterHost { register }))
}

fn team_kind(
    name: &str,
    mut map: MapReader<'_>,
    read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Box<dyn Kind>, YamlError> {
    let Some(field) = map.optional("schema") else {
        let hint = reeve_yaml::did_you_mean(name, "kinds", BUILT_IN);
        let message = format!("`{name}` is neither a kind of Reeve nor a team's kind with a `schema`");
        return Err(map.error(message).with_hint(hint));
    };
    let bytes = read(field.string()?).map_err(|message| field.error(message))?;
    let options = Options { bytes_max: SCHEMA_BYTES_MAX, depth_max: 64, strings: StringRule::Any };
    let schema = reeve_json::parse(&bytes, &options).map_err(|error| {
        let place = reeve_json::position(&bytes, error.offset);
        field.error(format!("the schema is not strict JSON: {error}, at {place} in it"))
    })?;
    let team = Team::new(name, &schema.value).map_err(|message| field.error(message))?;
    map.finish()?;
    Ok(Box::new(team))
}

#[cfg(test)]
mod tests;
