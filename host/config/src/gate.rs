//! `gate.yaml`: one gate.

use crate::ServiceFile;
use crate::kinds::{Around, Zones, kind};
use reeve_json::Value;
use reeve_kinds::{Kind, Zone};
use reeve_model::{AccountId, DnsName, NameRule, Region};
use reeve_pattern::Pattern;
use reeve_yaml::{Document, Field, YamlError};
use std::path::PathBuf;

/// A kind of the gate and the events that are routed to it.
pub struct KindRoute {
    /// The kind.
    pub kind: Box<dyn Kind>,
    /// The pattern of its events.
    pub pattern: Pattern,
    /// The same as JSON.
    pub pattern_json: Value,
}

impl std::fmt::Debug for KindRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KindRoute").field("kind", &self.kind.name()).finish_non_exhaustive()
    }
}

/// What `gate.yaml` says. Paths are as written: relative to the file.
#[derive(Debug)]
pub struct GateFile {
    /// Name of the gate.
    pub name: String,
    /// The account it acts in.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// The accounts file.
    pub accounts: PathBuf,
    /// The file of recorded facts.
    pub facts: Option<PathBuf>,
    /// Where policy names are looked up.
    pub policies_root: PathBuf,
    /// Names of policy folders, or paths of them, each with its place in the file.
    pub policies: Vec<(String, String)>,
    /// The hosted zones of the file, whichever kinds use them.
    pub zones: Vec<Zone>,
    /// Kinds, in the order of the file.
    pub kinds: Vec<KindRoute>,
    /// What it needs to be run as a service: sources, brakes, reply bus, ledger, receipts, roles.
    pub service: ServiceFile,
    /// The whole file, for its digest.
    pub whole: Value,
}

impl GateFile {
    /// Reads a gate file. `read` opens a file that the gate names, such as the JSON Schema of a team kind.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str, text: &str, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<Self, YamlError> {
        let document = Document::parse(file, text)?;
        let mut map = document.root().mapping()?;
        let name = map.required("gate")?.string()?.to_owned();
        let account = map.required("account")?;
        let account = AccountId::parse(account.account_id()?).ok_or_else(|| account.must("be twelve digits"))?;
        let region = map.required("region")?;
        let region = Region::parse(region.string()?).ok_or_else(|| region.must("be the name of a Region"))?;
        let accounts = map.required("accounts")?.string()?.into();
        let facts = map.optional("facts").map(|field| field.string()).transpose()?.map(PathBuf::from);
        let root = map.optional("policies-root").map(|field| field.string()).transpose()?;
        let zones = zones(map.optional("zones"))?;
        let policies = map.required("policies")?.items()?;
        if policies.is_empty() {
            return Err(map
                .error("`policies` is empty: a gate without policies permits nothing")
                .with_hint("name at least one policy folder"));
        }
        let policies = policies
            .into_iter()
            .map(|field| Ok((field.string()?.to_owned(), format!("{}:{}", field.file(), field.at()))))
            .collect::<Result<Vec<_>, YamlError>>()?;
        let kinds_field = map.required("kinds")?;
        let mut kinds = Vec::new();
        let around = Around { account: &account, region: &region, zones: &zones, kinds: Some(kinds_field), read };
        for (name, _, field) in kinds_field.mapping()?.entries() {
            kinds.push(route(name, field, &around)?);
        }
        if kinds.is_empty() {
            return Err(kinds_field.error("`kinds` is empty: the gate would take no event"));
        }
        let service = ServiceFile::read(&mut map)?;
        map.finish()?;
        Ok(Self {
            name,
            account,
            region,
            accounts,
            facts,
            policies_root: root.unwrap_or("policies").into(),
            policies,
            zones: zones.0,
            kinds,
            service,
            whole: document.root.to_json(),
        })
    }
}

fn route(name: &str, field: Field<'_>, around: &Around<'_>) -> Result<KindRoute, YamlError> {
    let mut map = field.mapping()?;
    let pattern_field = map.optional("pattern");
    let kind = kind(name, field, map, around)?;
    let pattern_json = match pattern_field {
        Some(field) => field.node().to_json(),
        None => in_region(kind.default_pattern(), around.region),
    };
    let pattern = Pattern::compile(&pattern_json).map_err(|error| {
        let place = pattern_field.unwrap_or(field);
        place.error(format!("not an event pattern: {}, at `{}`", error.message, error.pointer))
    })?;
    Ok(KindRoute { kind, pattern, pattern_json })
}

/// A gate takes events of its own Region unless its pattern says otherwise.
fn in_region(pattern: Value, region: &Region) -> Value {
    let mut object = pattern.as_object().cloned().unwrap_or_default();
    object.set("region", Value::array([region.as_str()]));
    Value::Object(object)
}

/// The `zones` table.
pub(crate) fn zones(field: Option<Field<'_>>) -> Result<Zones, YamlError> {
    let mut zones = Vec::new();
    let Some(field) = field else { return Ok(Zones(zones)) };
    for (id, at, field) in field.mapping()?.entries() {
        let good =
            (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !good {
            return Err(YamlError::new(field.file(), at, format!("`{id}` is not a hosted zone id"))
                .with_hint("write the id without `/hostedzone/`, such as `Z0123456789EXAMPLE`"));
        }
        let mut map = field.mapping()?;
        let name = map.required("name")?;
        let parsed = DnsName::parse(name.string()?, NameRule::Owner).map_err(|error| name.error(error.message))?;
        let private = map.optional("private").map(|field| field.bool()).transpose()?.unwrap_or(false);
        map.finish()?;
        zones.push(Zone { id: id.to_owned(), name: parsed, private });
    }
    Ok(Zones(zones))
}
