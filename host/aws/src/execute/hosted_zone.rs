//! Route 53: CreateHostedZone, whose caller reference makes it safe to repeat.

use super::calls::{Calls, End, refused, retry};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_route53::types::{DelegationSet, HostedZone};
use reeve_model::action::CreateHostedZone;
use reeve_model::{FailureClass, Outcome, State};

/// The note of the zone's id.
const ZONE_ID: &str = "zone_id";
/// Zones of one page of a list: the most that Route 53 gives.
const PAGE_MAX: i32 = 100;
/// Pages that are read. Zones of one name stand together, and nobody has hundreds of the same.
const PAGES_MAX: usize = 5;

/// Makes a zone, or finds the one that was made with the same caller reference.
pub(super) fn create(aws: &Aws, action: &CreateHostedZone, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    if let Some(id) = calls.noted(ZONE_ID) {
        return made(aws, &id, None, calls);
    }
    calls.intend()?;
    let client = aws.route53();
    let send = || {
        let config = aws_sdk_route53::types::HostedZoneConfig::builder().comment(&action.comment).build();
        let call = client.create_hosted_zone().name(action.name.as_str());
        call.caller_reference(&action.caller_reference).hosted_zone_config(config).send()
    };
    match calls.call(aws, Service::Route53, "CreateHostedZone", send) {
        Ok(answer) => match answer.hosted_zone().map(zone_id) {
            Some(id) if !id.is_empty() => made(aws, &id, answer.delegation_set(), calls),
            Some(_) | None => found(aws, action, calls),
        },
        Err(End::Failed(failure)) if failure.is("HostedZoneAlreadyExists") => found(aws, action, calls),
        Err(end) => Err(end),
    }
}

fn found(aws: &Aws, action: &CreateHostedZone, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    match find(aws, action, calls)? {
        Some(id) => made(aws, &id, None, calls),
        None => {
            let message = "another hosted zone was made with this caller reference";
            Ok(Outcome::failed(FailureClass::Conflict, message))
        }
    }
}

fn made(aws: &Aws, id: &str, set: Option<&DelegationSet>, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    calls.journal.note(ZONE_ID, id)?;
    let known = set.map(|set| set.name_servers().join(" ")).filter(|names| !names.is_empty());
    let name_servers = match known {
        Some(names) => names,
        None => {
            let client = aws.route53();
            let answer = calls.call(aws, Service::Route53, "GetHostedZone", || client.get_hosted_zone().id(id).send());
            match answer {
                Ok(answer) => answer.delegation_set().map(|set| set.name_servers().join(" ")).unwrap_or_default(),
                Err(End::Failed(failure)) if !failure.is_transient() => return Ok(refused(&failure)),
                Err(end) => return Err(end),
            }
        }
    };
    if name_servers.is_empty() {
        return Err(End::Stop(retry(Failure::garbled("GetHostedZone", "delegation set").message)));
    }
    Ok(Outcome::of(State::Applied).detail(ZONE_ID, id).detail("name_servers", name_servers))
}

fn find(aws: &Aws, action: &CreateHostedZone, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let client = aws.route53();
    let (mut name, mut id) = (action.name.as_str().to_owned(), None);
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Route53, "ListHostedZonesByName", || {
            let list = client.list_hosted_zones_by_name().dns_name(&name).set_hosted_zone_id(id.take());
            list.max_items(PAGE_MAX).send()
        })?;
        let zones = page.hosted_zones();
        if let Some(zone) = zones.iter().find(|zone| zone.caller_reference() == action.caller_reference) {
            return Ok(Some(zone_id(zone)));
        }
        let next = page.next_dns_name().filter(|_| page.is_truncated());
        let Some(next) = next.filter(|next| next.trim_end_matches('.') == action.name.as_str()) else { break };
        name = next.to_owned();
        id = page.next_hosted_zone_id().map(str::to_owned);
    }
    Ok(None)
}

fn zone_id(zone: &HostedZone) -> String {
    zone.id().trim_start_matches("/hostedzone/").to_owned()
}
