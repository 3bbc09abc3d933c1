//! A batch of asked changes against the zones and what they hold: the rules that Route 53 applies to a batch as a
//! whole, and the ones it does not apply but should.
//!
//! Sources: Route 53 API reference, ChangeResourceRecordSets; Route 53 quotas; RFC 1034 section 3.6.2 (CNAME).

use crate::{Draft, Inventory, Need, RecordSet, World};
use reeve_model::action::{AliasTarget, ChangeRecordSets, Operation, RecordContent, RecordSetChange};
use reeve_model::record::{RecordType, caa};
use reeve_model::{AccountId, Action, Code, DnsName, PlannedAction, Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Most record elements of one batch; an UPSERT counts twice (Route 53 quotas).
pub(crate) const BATCH_ELEMENTS_MAX: usize = 1_000;
/// Most characters over all values of one batch; an UPSERT counts twice (Route 53 quotas).
pub(crate) const BATCH_VALUE_CHARS_MAX: usize = 32_000;

/// Suffixes whose names anybody can claim once the resource behind them is gone. A CNAME to one is only taken when the
/// organization holds the name now.
const TAKEOVER_SUFFIXES: [&str; 6] = [
    "cloudfront.net",
    "cloudfront.cn",
    "elasticbeanstalk.com",
    "elasticbeanstalk.com.cn",
    "amazonaws.com",
    "amazonaws.com.cn",
];

/// A hosted zone of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Hosted zone id, without prefix.
    pub id: String,
    /// The zone's name.
    pub name: DnsName,
    /// Whether it answers only inside VPCs.
    pub private: bool,
}

impl Zone {
    /// The zone with the longest name that holds `name`.
    pub(crate) fn holding<'a>(zones: &'a [Zone], name: &DnsName, at: impl Fn() -> String) -> Result<&'a Zone, Refusal> {
        let longest = zones.iter().filter(|zone| name.is_in(&zone.name)).max_by_key(|zone| zone.name.as_str().len());
        let Some(zone) = longest else {
            return Err(Refusal::new(Code::ZoneUnknown, at(), format!("no zone of this gate holds `{name}`")));
        };
        if zones.iter().filter(|other| other.name == zone.name).count() > 1 {
            let message = format!("`{name}` is in several zones named `{}`", zone.name);
            return Err(Refusal::new(Code::ZoneAmbiguous, at(), message));
        }
        Ok(zone)
    }
}

/// One change as asked, its name and values canonical.
#[derive(Debug, Clone)]
pub(crate) struct AskedChange<'a> {
    pub(crate) at: String,
    pub(crate) operation: Operation,
    pub(crate) name: DnsName,
    /// The name as the sender wrote it.
    pub(crate) spelling: &'a str,
    pub(crate) record_type: RecordType,
    pub(crate) ttl_seconds: Option<u32>,
    pub(crate) content: AskedContent,
    pub(crate) zone: &'a Zone,
}

#[derive(Debug, Clone)]
pub(crate) enum AskedContent {
    Values(Vec<String>),
    Alias(AskedAlias),
}

#[derive(Debug, Clone)]
pub(crate) struct AskedAlias {
    pub(crate) name: DnsName,
    pub(crate) evaluate_target_health: bool,
}

impl AskedChange<'_> {
    fn values(&self) -> &[String] {
        match &self.content {
            AskedContent::Values(values) => values,
            AskedContent::Alias(_) => &[],
        }
    }

    fn refusal(&self, code: Code, field: &str, message: String) -> Refusal {
        Refusal::new(code, format!("{}{field}", self.at), message)
    }
}

/// Changes that do not contradict each other.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    changes: Vec<AskedChange<'a>>,
    sender: &'a AccountId,
}

impl<'a> Batch<'a> {
    /// Checks what can be said without knowing what the zones hold.
    pub(crate) fn new(changes: Vec<AskedChange<'a>>, sender: &'a AccountId) -> Result<Self, Vec<Refusal>> {
        let mut refusals = too_large(&changes);
        refusals.extend(changes.iter().filter_map(apex));
        for (index, change) in changes.iter().enumerate() {
            let before = changes.get(..index).unwrap_or_default();
            refusals.extend(before.iter().find_map(|earlier| pair_conflict(earlier, change)));
        }
        if refusals.is_empty() { Ok(Self { changes, sender }) } else { Err(refusals) }
    }
}

fn too_large(changes: &[AskedChange<'_>]) -> Vec<Refusal> {
    let (mut elements, mut chars) = (0, 0);
    for change in changes {
        let times = if change.operation == Operation::Upsert { 2 } else { 1 };
        elements += times * change.values().len().max(1);
        chars += times * change.values().iter().map(|value| value.chars().count()).sum::<usize>();
    }
    let mut refusals = Vec::new();
    for (count, max, what) in
        [(elements, BATCH_ELEMENTS_MAX, "record elements"), (chars, BATCH_VALUE_CHARS_MAX, "characters of values")]
    {
        if count > max {
            let message = format!("the batch has {count} {what}, more than {max} (an UPSERT counts twice)");
            refusals.push(Refusal::new(Code::BatchTooLarge, "/detail/changes", message));
        }
    }
    refusals
}

fn apex(change: &AskedChange<'_>) -> Option<Refusal> {
    if change.name != change.zone.name {
        return None;
    }
    let (code, what) = if change.record_type == RecordType::Ns {
        (Code::ApexNsSoa, "the name servers of a zone are not changed by request")
    } else if change.record_type == RecordType::Cname {
        (Code::ApexCname, "a zone's apex cannot be a CNAME")
    } else {
        return None;
    };
    Some(change.refusal(code, "/name", format!("`{}` is the apex of its zone: {what}", change.name)))
}

/// Two changes of one name that cannot be in one batch, the earlier one first.
fn pair_conflict(earlier: &AskedChange<'_>, later: &AskedChange<'_>) -> Option<Refusal> {
    if earlier.name != later.name || earlier.zone.id != later.zone.id {
        return None;
    }
    if earlier.record_type == later.record_type {
        let code = if earlier.spelling == later.spelling { Code::BatchConflict } else { Code::DuplicateRrset };
        let message =
            format!("{} of `{}` is changed already by {}", later.record_type.as_str(), later.name, earlier.at);
        return Some(later.refusal(code, "/name", message));
    }
    let cname = |change: &AskedChange<'_>| change.record_type == RecordType::Cname;
    if !cname(earlier) && !cname(later) {
        return None;
    }
    match (earlier.operation, later.operation) {
        // Removing one and then making the other is how a name changes its type.
        (Operation::Delete, _) => None,
        (_, Operation::Delete) => {
            let message =
                format!("`{}` is made a CNAME, or freed of one, in the wrong order: delete first", later.name);
            Some(later.refusal(Code::BatchConflict, "/name", message))
        }
        (_, _) => {
            let message = format!("`{}` would hold a CNAME beside other records", later.name);
            Some(later.refusal(Code::CnameConflict, "/name", message))
        }
    }
}

impl Draft for Batch<'_> {
    fn needs(&self) -> Vec<Need> {
        let mut names: BTreeMap<&str, BTreeSet<DnsName>> = BTreeMap::new();
        for change in &self.changes {
            let wanted = names.entry(&change.zone.id).or_default();
            wanted.insert(change.name.clone());
            let mut above = change.name.parent();
            while let Some(name) = above.filter(|name| name.is_in(&change.zone.name)) {
                above = name.parent();
                wanted.insert(name);
            }
        }
        let sets = names.into_iter().map(|(zone, names)| Need::RecordSets { zone: zone.to_owned(), names });
        sets.chain([Need::Inventory]).collect()
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut calls: Vec<ChangeRecordSets> = Vec::new();
        for (index, change) in self.changes.iter().enumerate() {
            let Some(existing) = world.record_sets.get(&change.zone.id) else {
                let message = format!("the record sets of zone `{}` could not be read", change.zone.id);
                refusals.push(change.refusal(Code::FactUnavailable, "", message));
                continue;
            };
            let before = self.changes.get(..index).unwrap_or_default();
            refusals.extend(same_record_set(change, existing, self.sender));
            refusals.extend(beside_cname(change, before, existing));
            refusals.extend(against_inventory(change, &world.inventory));
            refusals.extend(caa_weakens(change, existing));
            match content(change, &world.inventory) {
                Ok(content) => push(&mut calls, change, content),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(calls
            .into_iter()
            .map(|call| PlannedAction { at: "/detail".to_owned(), action: Action::ChangeRecordSets(call) })
            .collect())
    }
}

/// Adds a change to the call of its zone; zones in the order of their first change, changes in the order asked.
fn push(calls: &mut Vec<ChangeRecordSets>, change: &AskedChange<'_>, content: RecordContent) {
    let planned = RecordSetChange {
        at: change.at.clone(),
        operation: change.operation,
        name: change.name.clone(),
        record_type: change.record_type,
        ttl_seconds: change.ttl_seconds,
        content,
    };
    match calls.iter_mut().find(|call| call.hosted_zone_id == change.zone.id) {
        Some(call) => call.changes.push(planned),
        None => calls.push(ChangeRecordSets {
            hosted_zone_id: change.zone.id.clone(),
            zone_name: change.zone.name.clone(),
            private_zone: change.zone.private,
            changes: vec![planned],
        }),
    }
}

/// The change against the record set of the same name and type that is there now.
fn same_record_set(change: &AskedChange<'_>, existing: &[RecordSet], sender: &AccountId) -> Option<Refusal> {
    let what = || format!("{} of `{}`", change.record_type.as_str(), change.name);
    let same = existing.iter().find(|set| set.name == change.name && set.record_type == change.record_type);
    let Some(set) = same else {
        let missing = change.operation == Operation::Delete;
        return missing.then(|| change.refusal(Code::RrsetMissing, "/name", format!("there is no {}", what())));
    };
    if set.protected {
        return Some(change.refusal(Code::RecordProtected, "/name", format!("{} is protected in Route 53", what())));
    }
    // Whose it is, is not told: the asker learns only that it is another's.
    if set.owner.as_ref().is_some_and(|owner| owner != sender) {
        return Some(change.refusal(Code::RrsetNotOwned, "/name", format!("{} was made by another account", what())));
    }
    match change.operation {
        Operation::Create => {
            let refusal = change.refusal(Code::RrsetExists, "/name", format!("{} exists", what()));
            Some(refusal.fix("write `UPSERT` to replace it"))
        }
        Operation::Delete => {
            let mut stored: Vec<&String> = set.values.iter().collect();
            let mut asked: Vec<&String> = change.values().iter().collect();
            stored.sort();
            asked.sort();
            let exact = stored == asked && set.ttl_seconds == change.ttl_seconds;
            let message = || format!("{} has another time to live or other values", what());
            (!exact).then(|| change.refusal(Code::RrsetMissing, "/values", message()))
        }
        Operation::Upsert => None,
    }
}

/// A CNAME stands alone: against what the zone holds, less what the batch deletes before.
fn beside_cname(change: &AskedChange<'_>, before: &[AskedChange<'_>], existing: &[RecordSet]) -> Option<Refusal> {
    if change.operation == Operation::Delete {
        return None;
    }
    let deleted = |record_type: RecordType| {
        before
            .iter()
            .any(|it| it.name == change.name && it.record_type == record_type && it.operation == Operation::Delete)
    };
    let other = existing.iter().find(|set| {
        set.name == change.name
            && set.record_type != change.record_type
            && (set.record_type == RecordType::Cname || change.record_type == RecordType::Cname)
            && !deleted(set.record_type)
    })?;
    let message = format!("`{}` holds {} now, and a CNAME stands alone", change.name, other.record_type.as_str());
    Some(change.refusal(Code::CnameConflict, "/name", message))
}

/// NS hands a subtree over, and the target of a CNAME can be taken over: both only to what the organization holds.
fn against_inventory(change: &AskedChange<'_>, inventory: &Inventory) -> Option<Refusal> {
    if change.operation == Operation::Delete {
        return None;
    }
    if change.record_type == RecordType::Ns {
        let asked: BTreeSet<&str> = change.values().iter().map(String::as_str).collect();
        let known = inventory.delegation_sets.get(&change.name);
        let same = known.is_some_and(|set| set.iter().map(DnsName::as_str).collect::<BTreeSet<_>>() == asked);
        let message = format!("the name servers are not those of a zone `{}` of this organization", change.name);
        return (!same).then(|| change.refusal(Code::NsNotDelegationSet, "/values", message));
    }
    let claimable = |target: &&str| {
        let below = |suffix: &&str| target.strip_suffix(*suffix).is_some_and(|head| head.ends_with('.'));
        let held = inventory.targets.keys().any(|name| name.as_str() == *target);
        TAKEOVER_SUFFIXES.iter().any(below) && !held
    };
    let targets = change.values().iter().enumerate().filter_map(|(at, value)| Some((at, followed(change, value)?)));
    let (at, target) = targets.into_iter().find(|(_, target)| claimable(target))?;
    let message = format!("`{target}` can be claimed by anybody and is not in the inventory");
    Some(change.refusal(Code::TargetNotInInventory, &format!("/values/{at}"), message))
}

/// The name that a resolver goes on to in place of the owner: of a CNAME, and of the alias form of HTTPS and SVCB, whose
/// second word it is (RFC 9460).
fn followed<'v>(change: &AskedChange<'_>, value: &'v str) -> Option<&'v str> {
    if change.record_type == RecordType::Cname {
        Some(value)
    } else if matches!(change.record_type, RecordType::Https | RecordType::Svcb) {
        value.split(' ').nth(1)
    } else {
        None
    }
}

/// A CAA set below another must not admit an issuer that the nearest one above does not (RFC 8659 section 3: the
/// nearest set alone counts, so a child can otherwise widen what its parent allows).
fn caa_weakens(change: &AskedChange<'_>, existing: &[RecordSet]) -> Option<Refusal> {
    if change.record_type != RecordType::Caa || change.operation == Operation::Delete {
        return None;
    }
    let mut above = change.name.parent();
    while let Some(name) = above.filter(|name| name.is_in(&change.zone.name)) {
        let set = existing.iter().find(|set| set.name == name && set.record_type == RecordType::Caa);
        if let Some(set) = set {
            let (allowed, asked) = (Issuers::of(&set.values), Issuers::of(change.values()));
            let wider = asked.wider_than(&allowed)?;
            let message = format!("`{}` admits {wider}, which the set of `{name}` does not", change.name);
            return Some(change.refusal(Code::CaaWeakens, "/values", message));
        }
        above = name.parent();
    }
    None
}

/// Whom a CAA set admits, for names and for wildcards (RFC 8659 sections 4.2 and 4.3). `None` is everybody: a set
/// without `issue` says nothing of names, and one without `issuewild` treats wildcards as it treats names.
struct Issuers {
    names: Option<BTreeSet<String>>,
    wildcards: Option<BTreeSet<String>>,
}

impl Issuers {
    fn of(values: &[String]) -> Self {
        let tagged = |wanted: &str| {
            let of_tag = |value: &String| caa(value).ok().filter(|(_, tag, _)| tag == wanted).map(|(_, _, text)| text);
            let mut texts = values.iter().filter_map(of_tag).peekable();
            texts.peek()?;
            // What follows `;` are parameters; no issuer at all is nobody.
            let issuer = |text: String| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            Some(texts.map(issuer).filter(|issuer| !issuer.is_empty()).collect::<BTreeSet<_>>())
        };
        let names = tagged("issue");
        Self { wildcards: tagged("issuewild").or_else(|| names.clone()), names }
    }

    /// Somebody who is admitted here and not by `above`, in words.
    fn wider_than(&self, above: &Self) -> Option<String> {
        let pairs = [(&self.names, &above.names, ""), (&self.wildcards, &above.wildcards, " for wildcards")];
        pairs.into_iter().find_map(|(here, there, what)| match (here, there) {
            (_, None) => None,
            (None, Some(_)) => Some(format!("everybody{what}")),
            (Some(here), Some(there)) => here.difference(there).next().map(|issuer| format!("`{issuer}`{what}")),
        })
    }
}

fn content(change: &AskedChange<'_>, inventory: &Inventory) -> Result<RecordContent, Refusal> {
    let alias = match &change.content {
        AskedContent::Values(values) => return Ok(RecordContent::Values(values.clone())),
        AskedContent::Alias(alias) => alias,
    };
    let known = inventory.targets.get(&alias.name).and_then(Option::as_ref);
    let inside = alias.name.is_in(&change.zone.name).then_some(&change.zone.id);
    let Some(hosted_zone_id) = known.or(inside) else {
        let message = format!("`{}` is neither in the zone nor in the inventory", alias.name);
        return Err(change.refusal(Code::AliasTargetNotOwned, "/alias/name", message));
    };
    Ok(RecordContent::Alias(AliasTarget {
        name: alias.name.clone(),
        hosted_zone_id: hosted_zone_id.clone(),
        evaluate_target_health: alias.evaluate_target_health,
    }))
}
