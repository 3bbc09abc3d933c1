//! Route 53 as it stands: hosted zones, their delegation sets, and record sets.
//!
//! Route 53 escapes every byte of a name that is not a letter, digit, `-`, `_` or `.`. Only `\052` as the whole first
//! label, a wildcard, is a name that Reeve has; what else is escaped is nobody's to ask for, and is left out.

use super::failed;
use crate::{Aws, Failure, Service};
use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use reeve_engine::FactError;
use reeve_kinds::{DelegatedZone, RecordSet};
use reeve_model::record::{RecordType, canonical_value};
use reeve_model::{DnsName, NameRule};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most record sets of one page (Route 53 API reference, ListResourceRecordSets).
const PAGE_SETS_MAX: u32 = 300;
/// Record sets of one page when only one name is wanted: most names have one or two.
const NAME_SETS: i32 = 20;
/// Names that are asked for at the same time: enough to hide the way to AWS and back, below the bucket's burst.
const NAMES_AT_ONCE: usize = 8;
/// Caller references of the zones that Reeve has made begin so.
const OWN_REFERENCE: &str = "reeve-";
/// Zones of one name in a page; an account rarely has two.
const ZONES_OF_NAME: i32 = 10;

/// A hosted zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// The zone's name.
    pub(super) name: DnsName,
    /// How many record sets it has, where AWS says so.
    pub(super) size: Option<u32>,
    /// Its delegation set; empty for a private zone.
    pub(super) name_servers: BTreeSet<DnsName>,
}

/// Reads a hosted zone.
pub(super) async fn zone(aws: &Aws, id: &str) -> Result<Zone, FactError> {
    const OPERATION: &str = "GetHostedZone";
    aws.spend(Service::Route53, OPERATION).await;
    let answer = aws.route53().get_hosted_zone().id(id).send().await.map_err(failed(OPERATION))?;
    let zone = answer.hosted_zone().ok_or_else(|| Failure::garbled(OPERATION, "zone"))?;
    let name = canonical(zone.name())
        .ok_or_else(|| FactError(format!("zone `{id}` has the name `{}`", zone.name().escape_debug())))?;
    let mut name_servers = BTreeSet::new();
    for server in answer.delegation_set().map(|set| set.name_servers()).unwrap_or_default() {
        let server = canonical(server)
            .ok_or_else(|| FactError(format!("zone `{id}` has the name server `{}`", server.escape_debug())))?;
        name_servers.insert(server);
    }
    let size = zone.resource_record_set_count().and_then(|count| u32::try_from(count).ok());
    Ok(Zone { name, size, name_servers })
}

/// What is wanted of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// Its CAA sets: it is above a name that is asked for.
    Caa,
    /// Every type.
    All,
}

/// The record sets of `names`, and the CAA sets of their ancestors within the zone. A set that is one of several under
/// a routing policy is a set of its own.
pub(super) async fn record_sets(
    aws: &Aws,
    id: &str,
    zone: &Zone,
    names: &BTreeSet<DnsName>,
) -> Result<Vec<RecordSet>, FactError> {
    let wanted = wanted(&zone.name, names);
    let pages =
        zone.size.map_or(usize::MAX, |size| usize::try_from(size.div_ceil(PAGE_SETS_MAX)).unwrap_or(usize::MAX));
    let mut sets = Vec::new();
    if pages <= wanted.len() {
        // The whole zone is fewer calls than each name.
        let walk = Walk { aws: aws.clone(), zone: id.to_owned(), only: None };
        sets = walk.sets().await?;
        sets.retain(|set| match wanted.get(&set.name) {
            Some(Wanted::All) => true,
            Some(Wanted::Caa) => set.record_type == RecordType::Caa,
            None => false,
        });
    } else {
        let (places, mut tasks) = (Arc::new(Semaphore::new(NAMES_AT_ONCE)), JoinSet::new());
        for only in wanted {
            let (places, walk) =
                (Arc::clone(&places), Walk { aws: aws.clone(), zone: id.to_owned(), only: Some(only) });
            tasks.spawn(async move {
                let _place = places.acquire().await;
                walk.sets().await
            });
        }
        while let Some(done) = tasks.join_next().await {
            sets.extend(done.map_err(|error| FactError(format!("a reader of record sets has died: {error}")))??);
        }
    }
    sets.sort_by(|one, other| {
        (&one.name, one.record_type, &one.values).cmp(&(&other.name, other.record_type, &other.values))
    });
    Ok(sets)
}

/// The first page of the record sets below a name. They stand right behind it: Route 53 sorts by labels from the right.
pub(super) async fn below(aws: &Aws, zone: &str, name: &DnsName) -> Result<Vec<RecordSet>, FactError> {
    const OPERATION: &str = "ListResourceRecordSets";
    aws.spend(Service::Route53, OPERATION).await;
    let call = aws.route53().list_resource_record_sets().hosted_zone_id(zone).start_record_name(name.as_str());
    let answer = call.send().await.map_err(failed(OPERATION))?;
    let mut sets = Vec::new();
    for set in answer.resource_record_sets() {
        match record_set(set)? {
            Some(set) if set.name.is_below(name) => sets.push(set),
            Some(set) if set.name == *name => {}
            Some(_) => break,
            // A name that nobody can ask for may stand among them.
            None => {}
        }
    }
    Ok(sets)
}

fn wanted(apex: &DnsName, names: &BTreeSet<DnsName>) -> BTreeMap<DnsName, Wanted> {
    let mut wanted: BTreeMap<DnsName, Wanted> = names.iter().map(|name| (name.clone(), Wanted::All)).collect();
    for name in names {
        let above = std::iter::successors(name.parent(), DnsName::parent);
        for name in above.take_while(|name| name.is_in(apex)) {
            wanted.entry(name).or_insert(Wanted::Caa);
        }
    }
    wanted
}

/// One listing of a zone: all of it, or one name.
struct Walk {
    aws: Aws,
    zone: String,
    only: Option<(DnsName, Wanted)>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Start {
    name: String,
    record_type: Option<RrType>,
    identifier: Option<String>,
}

impl Walk {
    async fn sets(&self) -> Result<Vec<RecordSet>, FactError> {
        const OPERATION: &str = "ListResourceRecordSets";
        let mut start = self.only.as_ref().map(|(name, wanted)| Start {
            name: name.as_str().to_owned(),
            record_type: (*wanted == Wanted::Caa).then_some(RrType::Caa),
            identifier: None,
        });
        let page = if self.only.is_some() { NAME_SETS } else { i32::try_from(PAGE_SETS_MAX).unwrap_or(NAME_SETS) };
        let mut found = Vec::new();
        loop {
            self.aws.spend(Service::Route53, OPERATION).await;
            let mut call = self.aws.route53().list_resource_record_sets().hosted_zone_id(&self.zone).max_items(page);
            if let Some(start) = &start {
                call = call
                    .start_record_name(&start.name)
                    .set_start_record_type(start.record_type.clone())
                    .set_start_record_identifier(start.identifier.clone());
            }
            let answer = call.send().await.map_err(failed(OPERATION))?;
            for set in answer.resource_record_sets() {
                if self.is_past(set.name(), Some(set.r#type())) {
                    return Ok(found);
                }
                found.extend(record_set(set)?);
            }
            if !answer.is_truncated() {
                return Ok(found);
            }
            let name = answer.next_record_name().ok_or_else(|| Failure::garbled(OPERATION, "next name"))?.to_owned();
            if self.is_past(&name, answer.next_record_type()) {
                return Ok(found);
            }
            let identifier = answer.next_record_identifier().map(str::to_owned);
            let next = Some(Start { name, record_type: answer.next_record_type().cloned(), identifier });
            if next == start {
                return Err(FactError(format!("{OPERATION}: the next page is the same page")));
            }
            start = next;
        }
    }

    /// Whether a listing in the order of names and types has left what is wanted.
    fn is_past(&self, name: &str, record_type: Option<&RrType>) -> bool {
        let Some((only, wanted)) = &self.only else { return false };
        let other_type = *wanted == Wanted::Caa && record_type.is_some_and(|it| *it != RrType::Caa);
        canonical(name).as_ref() != Some(only) || other_type
    }
}

/// A record set of ours; none for one that nobody can ask for.
fn record_set(set: &ResourceRecordSet) -> Result<Option<RecordSet>, FactError> {
    let (Some(name), Some(record_type)) = (canonical(set.name()), RecordType::parse(set.r#type().as_str())) else {
        return Ok(None);
    };
    // A value that Reeve would not take may stand in a zone for years: it is shown as it is.
    let written = |value: &str| canonical_value(record_type, value, true).unwrap_or_else(|_| value.to_owned());
    let values = set.resource_records().iter().map(|record| written(record.value())).collect();
    let ttl_seconds = match set.ttl() {
        None => None,
        Some(ttl) => Some(u32::try_from(ttl).map_err(|_| FactError(format!("record set `{name}` has the TTL {ttl}")))?),
    };
    Ok(Some(RecordSet { name, record_type, ttl_seconds, values, owner: None, protected: false }))
}

/// A name as Route 53 writes it.
fn canonical(name: &str) -> Option<DnsName> {
    let plain = name.strip_prefix("\\052.").map(|rest| format!("*.{rest}"));
    DnsName::parse(plain.as_deref().unwrap_or(name), NameRule::Owner).ok()
}

/// The public zone of this name that Reeve has made, if there is one.
pub(super) async fn delegated(aws: &Aws, name: &DnsName) -> Result<Option<DelegatedZone>, FactError> {
    const OPERATION: &str = "ListHostedZonesByName";
    let mut found: Vec<(String, String)> = Vec::new();
    let mut start: Option<(String, String)> = None;
    'pages: loop {
        aws.spend(Service::Route53, OPERATION).await;
        let mut call = aws.route53().list_hosted_zones_by_name().max_items(ZONES_OF_NAME).dns_name(name.as_str());
        if let Some((next, id)) = &start {
            call = call.dns_name(next).hosted_zone_id(id);
        }
        let answer = call.send().await.map_err(failed(OPERATION))?;
        for zone in answer.hosted_zones() {
            if canonical(zone.name()).as_ref() != Some(name) {
                break 'pages;
            }
            let private = zone.config().is_some_and(|config| config.private_zone());
            if !private && zone.caller_reference().starts_with(OWN_REFERENCE) {
                let id = zone.id().trim_start_matches("/hostedzone/").to_owned();
                found.push((id, zone.caller_reference().to_owned()));
            }
        }
        if !answer.is_truncated() {
            break;
        }
        let next = answer.next_dns_name().zip(answer.next_hosted_zone_id());
        let next = next.ok_or_else(|| Failure::garbled(OPERATION, "next zone"))?;
        let next = Some((next.0.to_owned(), next.1.to_owned()));
        if next == start {
            return Err(FactError(format!("{OPERATION}: the next page is the same page")));
        }
        start = next;
    }
    let (id, caller_reference) = match (found.pop(), found.is_empty()) {
        (None, _) => return Ok(None),
        (Some(one), true) => one,
        (Some(_), false) => {
            return Err(FactError(format!("there are several zones `{name}` whose caller reference is of the gate")));
        }
    };
    let name_servers = zone(aws, &id).await?.name_servers;
    Ok(Some(DelegatedZone { id, caller_reference, name_servers }))
}
