//! One asked change of a record set, read from `detail`.

use crate::Fields;
use crate::ask::spells;
use crate::dns_batch::{AskedAlias, AskedChange, AskedContent, Zone};
use crate::fields::wrong_type;
use reeve_json::{Node, escape_pointer_token};
use reeve_model::action::Operation;
use reeve_model::record::{RecordType, VALUES_MAX, canonical_value};
use reeve_model::{Code, DnsName, NameRule, Refusal};
use std::ops::RangeInclusive;

/// Fields that would give a record set a routing policy, in plain letters.
const ROUTING_FIELDS: [&str; 10] = [
    "setidentifier",
    "weight",
    "region",
    "failover",
    "geolocation",
    "geoproximitylocation",
    "multivalueanswer",
    "healthcheckid",
    "trafficpolicyinstanceid",
    "cidrroutingconfig",
];

/// Fields that would choose the zone, in plain letters.
const ZONE_FIELDS: [&str; 3] = ["hostedzoneid", "zoneid", "zone"];

/// Reads the change at pointer `at`.
pub(crate) fn read_change<'a>(
    node: &'a Node,
    at: &str,
    zones: &'a [Zone],
    ttl_range: &RangeInclusive<u32>,
) -> Result<AskedChange<'a>, Vec<Refusal>> {
    let mut fields = Fields::of(node, at).map_err(|refusal| vec![refusal])?;
    let smuggled = smuggled(node, &fields);
    if !smuggled.is_empty() {
        return Err(smuggled);
    }
    let operation = one_of(&mut fields, "action", operation, "`CREATE`, `UPSERT` or `DELETE`");
    let record_type = one_of(&mut fields, "type", RecordType::parse, "a record type that can be asked for");
    let owner = owner(&mut fields, record_type);
    let zone = owner.as_ref().and_then(|(name, _)| {
        let zone = Zone::holding(zones, name, || fields.at("name"));
        fields.note(zone)
    });
    let content = match fields.optional("alias") {
        Some(alias) => alias_content(&mut fields, alias, record_type).map(|alias| (None, alias)),
        None => {
            let ttl = fields.required("ttl");
            let ttl = ttl.and_then(|node| fields.note(ttl_seconds(node, ttl_range, || format!("{at}/ttl"))));
            let values = values(&mut fields, record_type, zone.is_some_and(|zone| zone.private));
            ttl.zip(values).map(|(ttl, values)| (Some(ttl), AskedContent::Values(values)))
        }
    };
    fields.finish()?;
    match (operation, record_type, owner, zone, content) {
        (Some(operation), Some(record_type), Some((name, spelling)), Some(zone), Some((ttl_seconds, content))) => {
            let at = at.to_owned();
            Ok(AskedChange { at, operation, name, spelling, record_type, ttl_seconds, content, zone })
        }
        // Whatever is missing has left a refusal, so `finish` has returned it.
        _ => Err(vec![Refusal::new(Code::BadValue, at, "the change is malformed")]),
    }
}

fn smuggled(node: &Node, fields: &Fields<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for member in node.as_object().into_iter().flatten() {
        let at = || fields.at(&member.key);
        if spells(&member.key, &ROUTING_FIELDS) {
            let message = format!("`{}` would give the record set a routing policy", member.key);
            refusals.push(Refusal::new(Code::RoutingPolicyNotAllowed, at(), message));
        } else if spells(&member.key, &ZONE_FIELDS) {
            let message = format!("`{}` is the gate's to choose", member.key);
            refusals.push(Refusal::new(Code::FieldNotCallerSettable, at(), message));
        }
    }
    refusals
}

fn one_of<'a, T>(fields: &mut Fields<'a>, name: &'a str, read: fn(&str) -> Option<T>, what: &str) -> Option<T> {
    let text = fields.string(name)?;
    let value = read(text);
    if value.is_none() {
        let refusal = Refusal::new(Code::BadEnum, fields.at(name), format!("`{}` is not {what}", text.escape_debug()));
        fields.refuse(refusal);
    }
    value
}

fn operation(text: &str) -> Option<Operation> {
    match text {
        "CREATE" => Some(Operation::Create),
        "UPSERT" => Some(Operation::Upsert),
        "DELETE" => Some(Operation::Delete),
        _ => None,
    }
}

/// The canonical owner name and how it was spelt.
fn owner<'a>(fields: &mut Fields<'a>, record_type: Option<RecordType>) -> Option<(DnsName, &'a str)> {
    let text = fields.string("name")?;
    let name = owner_name(text, record_type, || fields.at("name"));
    fields.note(name).map(|name| (name, text))
}

/// Reads an owner name and what its record type asks of it.
pub(crate) fn owner_name(
    text: &str,
    record_type: Option<RecordType>,
    at: impl Fn() -> String,
) -> Result<DnsName, Refusal> {
    let name = DnsName::parse(text, NameRule::Owner).map_err(|error| Refusal::new(error.code, at(), error.message))?;
    let Some(record_type) = record_type else { return Ok(name) };
    if name.is_wildcard() && record_type == RecordType::Ns {
        return Err(Refusal::new(Code::DnsWildcardNs, at(), format!("`{name}` is a wildcard and cannot hold NS")));
    }
    if record_type.owner_is_host() && name.as_str().contains('_') {
        let message = format!("`{name}` cannot be the name of a host, so it holds no {}", record_type.as_str());
        return Err(Refusal::new(Code::DnsNotHostname, at(), message));
    }
    Ok(name)
}

fn ttl_seconds(node: &Node, range: &RangeInclusive<u32>, at: impl Fn() -> String) -> Result<u32, Refusal> {
    let ttl = node.value.as_i64().and_then(|ttl| u32::try_from(ttl).ok()).filter(|ttl| range.contains(ttl));
    ttl.ok_or_else(|| {
        let shown = reeve_json::compact(&node.value);
        let message =
            format!("the time to live `{}` is not a whole number of seconds this gate takes", shown.escape_debug());
        Refusal::new(Code::TtlRange, at(), message).fix(format!("write {} to {}", range.start(), range.end()))
    })
}

fn values(fields: &mut Fields<'_>, record_type: Option<RecordType>, private_zone: bool) -> Option<Vec<String>> {
    let nodes = fields.array("values")?;
    let record_type = record_type?;
    let wrong_count = if nodes.is_empty() || nodes.len() > VALUES_MAX {
        Some(format!("a record set has 1 to {VALUES_MAX} values"))
    } else if record_type == RecordType::Cname && nodes.len() > 1 {
        Some("a CNAME has exactly one value".to_owned())
    } else {
        None
    };
    if let Some(message) = wrong_count {
        fields.refuse(Refusal::new(Code::RecordFormat, fields.at("values"), message));
        return None;
    }
    let mut values: Vec<String> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let at = || format!("{}/{index}", fields.at("values"));
        let value = value(node, record_type, private_zone, at, &values);
        values.extend(fields.note(value));
    }
    (values.len() == nodes.len()).then_some(values)
}

fn value(
    node: &Node,
    record_type: RecordType,
    private_zone: bool,
    at: impl Fn() -> String,
    before: &[String],
) -> Result<String, Refusal> {
    let text = node.as_str().ok_or_else(|| wrong_type(&at(), &node.value, "a string"))?;
    let value = canonical_value(record_type, text, private_zone)
        .map_err(|error| Refusal::new(error.code, at(), error.message))?;
    if before.contains(&value) {
        return Err(Refusal::new(Code::BatchConflict, at(), format!("value `{}` stands twice", value.escape_debug())));
    }
    Ok(value)
}

fn alias_content<'a>(fields: &mut Fields<'a>, node: &'a Node, record_type: Option<RecordType>) -> Option<AskedContent> {
    for beside in ["ttl", "values"] {
        if fields.optional(beside).is_some() {
            let refusal = Refusal::new(Code::AliasForm, fields.at(beside), format!("an alias has no `{beside}`"));
            fields.refuse(refusal);
        }
    }
    let at = fields.at("alias");
    if matches!(record_type, Some(RecordType::Ns | RecordType::Ds)) {
        fields.refuse(Refusal::new(Code::AliasForm, at.clone(), "NS and DS cannot be aliases"));
    }
    for member in node.as_object().into_iter().flatten() {
        if spells(&member.key, &ZONE_FIELDS) {
            let message = "the hosted zone of an alias target is the gate's to find";
            let at = format!("{at}/{}", escape_pointer_token(&member.key));
            fields.refuse(Refusal::new(Code::FieldNotCallerSettable, at, message));
            return None;
        }
    }
    let alias = read_alias(node, &at);
    match alias {
        Ok(alias) => Some(AskedContent::Alias(alias)),
        Err(refusals) => {
            refusals.into_iter().for_each(|refusal| fields.refuse(refusal));
            None
        }
    }
}

fn read_alias(node: &Node, at: &str) -> Result<AskedAlias, Vec<Refusal>> {
    let mut fields = Fields::of(node, at).map_err(|refusal| vec![refusal])?;
    let text = fields.string("name");
    let name_at = fields.at("name");
    let name = text.and_then(|text| {
        let name = DnsName::parse(text, NameRule::Target);
        fields.note(name.map_err(|error| Refusal::new(error.code, name_at, error.message)))
    });
    let evaluate_target_health = fields.boolean("evaluate_target_health", false);
    fields.finish()?;
    match name.zip(evaluate_target_health) {
        Some((name, evaluate_target_health)) => Ok(AskedAlias { name, evaluate_target_health }),
        None => Err(vec![Refusal::new(Code::AliasForm, at, "the alias is malformed")]),
    }
}
