//! A case: one request and the verdict that a policy must give. The users' own tests.

use crate::facts::world_of;
use crate::gate::zones;
use crate::kinds::{Around, Zones, kind};
use reeve_json::{Node, Object, Value};
use reeve_kinds::{Kind, Merge, Organization, Unit, World, Zone};
use reeve_model::{AccountId, DnsName, NameRule, Region, Sender};
use reeve_yaml::{Document, Field, YamlError};
use std::collections::BTreeMap;

/// The account that asks when a case names none, and the directory name of an account given as an id alone.
const CASE_SENDER_NAME: &str = "case-sender";
/// The nonce of a case that gives none.
const CASE_NONCE: &str = "00000000-0000-4000-8000-000000000000";
/// The Region of every case.
const CASE_REGION: &str = "us-east-1";
/// The account that the gate of a case acts in: the management account of its organization.
const CASE_GATE_ACCOUNT: &str = "000000000000";

/// What a policy must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseVerdict {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
    /// It abstains.
    Abstain,
    /// It says that it cannot judge.
    Error,
    /// The sandbox stops it.
    Fault,
    /// The host refuses before the policy is asked.
    Refused,
}

impl CaseVerdict {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Abstain => "abstain",
            Self::Error => "error",
            Self::Fault => "fault",
            Self::Refused => "refused",
        }
    }

    const ALL: [Self; 6] = [Self::Allow, Self::Deny, Self::Abstain, Self::Error, Self::Fault, Self::Refused];
}

/// What a case expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The answer.
    pub verdict: CaseVerdict,
    /// The set of reason codes, sorted; for a fault, its name. None when the file does not say.
    pub reasons: Option<Vec<String>>,
    /// Fuel that the evaluation must stay below.
    pub fuel_below: Option<u64>,
}

/// One case.
pub struct Case {
    /// What it shows, as a sentence.
    pub name: String,
    /// The event, as a sender would have put it.
    pub event: Value,
    /// Whether the path vouches for the sender.
    pub verified: bool,
    /// What the directory says of the sender.
    pub sender: Sender,
    /// The kind, configured.
    pub kind: Box<dyn Kind>,
    /// Values of the policy's needs.
    pub facts: BTreeMap<String, Value>,
    /// Rows of the policy's tables.
    pub datasets: BTreeMap<String, Vec<(String, Vec<String>)>>,
    /// Settings instead of the policy file's.
    pub settings: Option<Value>,
    /// Facts for planning.
    pub world: World,
    /// What must come of it.
    pub expect: Expect,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("expect", &self.expect).finish_non_exhaustive()
    }
}

impl Case {
    /// Reads a case file. `time` is the moment as of which it will be judged.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str, text: &str, time: &str) -> Result<Self, YamlError> {
        let document = Document::parse(file, text)?;
        let mut map = document.root().mapping()?;
        let name = map.required("case")?.string()?.to_owned();
        let request_field = map.required("request")?;
        let mut request = request_field.mapping()?;
        let kind_field = request.required("kind")?;
        let (sender, verified) = sender(request.required("sender")?)?;
        let source = request.optional("source").map(|field| field.string()).transpose()?.unwrap_or("app.infra");
        let detail = detail(request.optional("detail"), request_field)?;
        request.finish()?;
        let world_field = map.optional("world");
        let mut world = world_field.map(world_of).transpose()?.unwrap_or_default();
        let kind = configured(map.optional("gate"), kind_field, &detail, &mut world)?;
        let facts = match map.optional("facts") {
            None => BTreeMap::new(),
            Some(field) => {
                field.mapping()?.entries().map(|(key, _, field)| (key.to_owned(), field.node().to_json())).collect()
            }
        };
        let datasets = map.optional("datasets").map(datasets).transpose()?.unwrap_or_default();
        let settings = map.optional("settings").map(|field| field.node().to_json());
        let expect = expect(map.required("expect")?)?;
        map.finish()?;
        let event = event(kind.as_ref(), &sender, source, detail, time);
        Ok(Self { name, event, verified, sender, kind, facts, datasets, settings, world, expect })
    }
}

fn sender(field: Field<'_>) -> Result<(Sender, bool), YamlError> {
    if matches!(field.node().value, reeve_yaml::Value::Mapping(_)) {
        let mut map = field.mapping()?;
        let account = map.required("account")?;
        let account = AccountId::parse(account.account_id()?).ok_or_else(|| account.must("be twelve digits"))?;
        let verified = map.optional("verified").map(|field| field.bool()).transpose()?.unwrap_or(true);
        let mut text = |key| map.optional(key).map(|field| field.string()).transpose();
        let (name, tier) = (text("name")?, text("tier")?);
        let (unit, status) = (text("organizational-unit")?, text("status")?);
        map.finish()?;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let known = name.is_some();
        let sender = Sender {
            account,
            verified,
            name: owned(name),
            tier: owned(tier),
            organizational_unit: owned(unit),
            status: owned(status.or(if known { Some("active") } else { None })),
        };
        return Ok((sender, verified));
    }
    let account = AccountId::parse(field.account_id()?).ok_or_else(|| field.must("be twelve digits"))?;
    let sender = Sender {
        account,
        verified: true,
        name: Some(CASE_SENDER_NAME.to_owned()),
        tier: None,
        organizational_unit: None,
        status: Some("active".to_owned()),
    };
    Ok((sender, true))
}

fn detail(field: Option<Field<'_>>, request: Field<'_>) -> Result<Object, YamlError> {
    match field.map(|field| (field, field.node().to_json())) {
        None => Ok(Object::new()),
        Some((_, Value::Object(object))) => Ok(object),
        Some((field, _)) => Err(field.must(format!("be a mapping, in the request at {}", request.at()))),
    }
}

fn event(kind: &dyn Kind, sender: &Sender, source: &str, detail: Object, time: &str) -> Value {
    let mut detail = detail;
    let ours = kind.detail_rule() == reeve_kinds::DetailRule::Ours;
    let nonce_field = if ours { "nonce" } else { "RequestId" };
    if detail.get(nonce_field).is_none() {
        detail.set(nonce_field, CASE_NONCE);
    }
    Value::object([
        ("version", Value::from("0")),
        ("id", CASE_NONCE.into()),
        ("detail-type", kind.detail_type().into()),
        ("source", if ours { source } else { "aws.autoscaling" }.into()),
        ("account", sender.account.as_str().into()),
        ("time", time.into()),
        ("region", CASE_REGION.into()),
        ("resources", Value::Array(Vec::new())),
        ("detail", detail.into()),
    ])
}

/// The kind with the settings that the case gives, or with ones under which its own rules do not stand in the way.
fn configured(
    gate: Option<Field<'_>>,
    kind_field: Field<'_>,
    detail: &Object,
    world: &mut World,
) -> Result<Box<dyn Kind>, YamlError> {
    let name = kind_field.string()?;
    let region = Region::parse(CASE_REGION).ok_or_else(|| kind_field.error("the Region of cases is malformed"))?;
    let account = AccountId::parse(CASE_GATE_ACCOUNT).ok_or_else(|| kind_field.error("the account is malformed"))?;
    let no_file = |path: &str| Err(format!("a case opens no files, so write no path such as `{path}`"));
    let mut known = derived_zones(detail);
    if let Some(field) = gate {
        let mut map = field.mapping()?;
        let given = zones(map.optional("zones"))?;
        if !given.0.is_empty() {
            known = given;
        }
        let kinds = map.optional("kinds");
        map.finish()?;
        let entry = kinds.map(|field| field.mapping()).transpose()?;
        if let Some((_, _, field)) = entry.and_then(|map| map.entries().find(|(key, _, _)| *key == name)) {
            defaults(world, &known);
            let around = Around { account: &account, region: &region, zones: &known, kinds, read: &no_file };
            return kind(name, field, field.mapping()?, &around);
        }
    }
    defaults(world, &known);
    if name == "MERGE" {
        return Ok(Box::new(Merge));
    }
    let ids: Vec<String> = known.0.iter().map(|zone| zone.id.clone()).collect();
    let text = match name {
        "DNS_RECORD_CHANGE" => format!("{{ zones: [{}], ttl: [60, 86400] }}", ids.join(", ")),
        "CERT_VALIDATION" => format!("{{ zones: [{}] }}", ids.join(", ")),
        "LIST_ACCOUNTS" | "SCP_UPDATE" => "{}".to_owned(),
        "PUT_PARAMETER" => "{ path: /pub }".to_owned(),
        "CREATE_ACCOUNT" => "{ email-domains: [example.com], units: [Dev] }".to_owned(),
        _ => {
            let message = format!("a case of kind `{name}` must configure it");
            return Err(kind_field.error(message).with_hint(format!("add `gate: {{ kinds: {{ {name}: … }} }}`")));
        }
    };
    let document = Document::parse(kind_field.file(), &text)?;
    let root = document.root();
    let around = Around { account: &account, region: &region, zones: &known, kinds: None, read: &no_file };
    kind(name, root, root.mapping()?, &around).map_err(|error| kind_field.error(error.message))
}

/// One public zone for the last two labels of every name in the request.
fn derived_zones(detail: &Object) -> Zones {
    let changes = detail.get("changes").and_then(Node::as_array).unwrap_or_default();
    let names = changes.iter().filter_map(|change| change.as_object()?.get("name")).chain(detail.get("name"));
    let mut zones: Vec<Zone> = Vec::new();
    for name in names.filter_map(Node::as_str) {
        let Ok(name) = DnsName::parse(name, NameRule::Owner) else { continue };
        let labels: Vec<&str> = name.labels().collect();
        let zone = labels.get(labels.len().saturating_sub(2)..).unwrap_or_default().join(".");
        let Ok(zone) = DnsName::parse(&zone, NameRule::Owner) else { continue };
        if zones.iter().all(|known| known.name != zone) {
            zones.push(Zone { id: format!("ZCASE{}", zones.len() + 1), name: zone, private: false });
        }
    }
    if zones.is_empty()
        && let Ok(name) = DnsName::parse("example.com", NameRule::Owner)
    {
        zones.push(Zone { id: "ZCASE1".to_owned(), name, private: false });
    }
    Zones(zones)
}

/// What the world holds where the case does not say: empty zones, and an organization with one unit.
fn defaults(world: &mut World, zones: &Zones) {
    for zone in &zones.0 {
        world.record_sets.entry(zone.id.clone()).or_default();
    }
    if world.organization.is_none() {
        let unit = Unit { name: "Dev".to_owned(), parent_id: "r-case".to_owned() };
        world.organization = Some(Organization {
            root_id: "r-case".to_owned(),
            management_account: CASE_GATE_ACCOUNT.to_owned(),
            units: BTreeMap::from([("ou-case-11111111".to_owned(), unit)]),
            ..Organization::default()
        });
    }
}

type Rows = Vec<(String, Vec<String>)>;

fn datasets(field: Field<'_>) -> Result<BTreeMap<String, Rows>, YamlError> {
    let mut tables = BTreeMap::new();
    for (name, _, field) in field.mapping()?.entries() {
        let mut rows = Vec::new();
        for (key, _, field) in field.mapping()?.entries() {
            rows.push((key.to_owned(), field.strings()?.into_iter().map(str::to_owned).collect()));
        }
        tables.insert(name.to_owned(), rows);
    }
    Ok(tables)
}

fn expect(field: Field<'_>) -> Result<Expect, YamlError> {
    let mut map = field.mapping()?;
    let words = CaseVerdict::ALL.map(CaseVerdict::as_str);
    let word = map.required("verdict")?.one_of(&words)?;
    let verdict = CaseVerdict::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or(CaseVerdict::Deny);
    let reasons = match map.optional("reasons") {
        None => None,
        Some(field) => {
            let mut codes: Vec<String> = field.strings()?.into_iter().map(str::to_owned).collect();
            codes.sort();
            codes.dedup();
            Some(codes)
        }
    };
    let fuel = map.optional("fuel-below").map(|field| field.integer(1..=i64::MAX)).transpose()?;
    map.finish()?;
    Ok(Expect { verdict, reasons, fuel_below: fuel.and_then(|fuel| u64::try_from(fuel).ok()) })
}
