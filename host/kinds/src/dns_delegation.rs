//! `DNS_DELEGATION`: hand a name below a zone of the gate over to a hosted zone of the sender's own, and prove that the
//! delegation works.
//!
//! `detail`: `zone` (the name to hand over). Two rounds: the first makes the hosted zone in the sender's account; the
//! second, which knows its name servers, writes them into the parent and proves them with a record of a random name.
//! Whose name it is, is for policies to say.
//! Sources: Route 53 API reference, CreateHostedZone; RFC 1034 section 4.2.1 (zone cuts); RFC 2308 (negative caching).

use crate::dns_batch::Zone;
use crate::dns_change::owner_name;
use crate::{Ask, DelegatedZone, Draft, Kind, Need, Probe, RecordSet, World};
use reeve_json::Value;
use reeve_model::action::{ChangeRecordSets, CreateHostedZone, Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{AccountId, Action, Code, Digest, DnsName, NameRule, Nonce, PlannedAction, Refusal};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Time to live of the record by which a delegation is proven, seconds. It lives for one request, and a resolver asks
/// for it once.
const PROBE_TTL_SECONDS: u32 = 60;
/// Hexadecimal digits of the record's random label: 128 bits, so that nobody has asked for the name before and no
/// resolver holds a negative answer for it.
const PROBE_LABEL_DIGITS: usize = 32;
/// Where the request says what it wants.
const AT: &str = "/detail/zone";

/// The kind, as one gate has configured it.
#[derive(Debug, Clone)]
pub struct DnsDelegation {
    /// Public zones of the gate below which names are handed over.
    pub zones: Vec<Zone>,
    /// Time to live of the name server records in the parent, seconds.
    pub ttl_seconds: u32,
}

impl Kind for DnsDelegation {
    fn name(&self) -> &'static str {
        "DNS_DELEGATION"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let name = fields.string("zone").and_then(|text| fields.note(delegated_name(text)));
        let parent = name.as_ref().and_then(|name| fields.note(parent_of(&self.zones, name)));
        fields.finish()?;
        let (Some(name), Some(parent)) = (name, parent) else {
            return Err(vec![Refusal::new(Code::BadValue, AT, "the request is malformed")]);
        };
        let (account, nonce) = (&ask.event.account, &ask.nonce);
        let draft = Delegation { parent, name, account, nonce, ttl_seconds: self.ttl_seconds, round: ask.round };
        // The name of the probe is longer than the zone's: see now that it fits.
        draft.probe_name("").map_err(|refusal| vec![refusal])?;
        Ok(Box::new(draft))
    }
}

/// A name that can be a zone of its own: no wildcard, and no label that speaks for a name above it.
fn delegated_name(text: &str) -> Result<DnsName, Refusal> {
    let name = owner_name(text, Some(RecordType::Ns), || AT.to_owned())?;
    if name.as_str().contains('_') {
        let message = format!("`{name}` is an attribute of another name and cannot be handed over");
        return Err(Refusal::new(Code::DnsNotHostname, AT, message));
    }
    Ok(name)
}

fn parent_of<'a>(zones: &'a [Zone], name: &DnsName) -> Result<&'a Zone, Refusal> {
    let parent = Zone::holding(zones, name, || AT.to_owned())?;
    if parent.name == *name {
        let message = format!("`{name}` is a zone of this gate itself");
        return Err(Refusal::new(Code::ApexNsSoa, AT, message));
    }
    Ok(parent)
}

/// One name to be handed over.
struct Delegation<'a> {
    parent: &'a Zone,
    name: DnsName,
    account: &'a AccountId,
    nonce: &'a Nonce,
    ttl_seconds: u32,
    round: u32,
}

impl Draft for Delegation<'_> {
    fn needs(&self) -> Vec<Need> {
        let mut names = BTreeSet::from([self.name.clone()]);
        let mut above = self.name.parent();
        while let Some(name) = above.filter(|name| name.is_in(&self.parent.name)) {
            above = name.parent();
            names.insert(name);
        }
        vec![
            Need::DelegatedZone { name: self.name.clone(), account: self.account.clone() },
            Need::RecordSets { zone: self.parent.id.clone(), names },
            Need::Below { zone: self.parent.id.clone(), name: self.name.clone() },
        ]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let Some(existing) = world.record_sets.get(&self.parent.id) else {
            let message = format!("the record sets of zone `{}` could not be read", self.parent.id);
            return Err(vec![Refusal::new(Code::FactUnavailable, AT, message)]);
        };
        let zone = world.delegated_zones.get(&self.name);
        let mut refusals = self.would_be_hidden(existing);
        refusals.extend(self.not_ours(existing, zone));
        let planned = match zone {
            None => self.make_zone(),
            Some(zone) => self.hand_over(existing, zone),
        };
        let planned = match planned {
            Ok(planned) if refusals.is_empty() => planned,
            Ok(_) => return Err(refusals),
            Err(refusal) => {
                refusals.push(refusal);
                return Err(refusals);
            }
        };
        Ok(planned.into_iter().map(|action| PlannedAction { at: AT.to_owned(), action }).collect())
    }

    fn answer(&self, world: &World) -> Option<Value> {
        let zone = world.delegated_zones.get(&self.name)?;
        Some(Value::object([
            ("zone", Value::from(self.name.as_str())),
            ("hosted_zone_id", zone.id.as_str().into()),
            ("name_servers", Value::array(zone.name_servers.iter().map(DnsName::as_str))),
        ]))
    }

    fn probe(&self, world: &World) -> Option<Probe> {
        let zone = world.delegated_zones.get(&self.name)?;
        let existing = world.record_sets.get(&self.parent.id)?;
        let (name, address) = self.probe_record(zone).ok()?;
        Some(Probe {
            // The name servers come first unless they stand there already; then the record is made.
            after: usize::from(!self.handed_over(existing, zone)),
            zone: self.name.clone(),
            name_servers: zone.name_servers.clone(),
            name,
            address,
        })
    }

    fn continues(&self, world: &World) -> bool {
        !world.delegated_zones.contains_key(&self.name)
    }
}

impl Delegation<'_> {
    /// The first round: the zone, in the sender's account.
    fn make_zone(&self) -> Result<Vec<Action>, Refusal> {
        if self.round > 0 {
            let message = format!("the hosted zone `{}` was made and cannot be seen yet", self.name);
            return Err(Refusal::new(Code::FactUnavailable, AT, message));
        }
        // With the account in it, a zone tells whom it was made for, even where senders share an account for zones.
        let caller_reference = format!("{}{}", self.reference_prefix(), self.nonce.as_str());
        let comment = format!("made by reeve for {}", self.account);
        Ok(vec![Action::CreateHostedZone(CreateHostedZone { name: self.name.clone(), caller_reference, comment })])
    }

    fn reference_prefix(&self) -> String {
        format!("reeve-{}-", self.account)
    }

    /// The second round: the name servers in the parent, then a record that proves them, and its removal.
    fn hand_over(&self, existing: &[RecordSet], zone: &DelegatedZone) -> Result<Vec<Action>, Refusal> {
        if !zone.caller_reference.starts_with(&self.reference_prefix()) {
            let message = format!("the hosted zone `{}` was not made by this gate for `{}`", self.name, self.account);
            return Err(Refusal::new(Code::NsNotDelegationSet, AT, message));
        }
        if zone.name_servers.is_empty() {
            let message = format!("the name servers of the hosted zone `{}` could not be read", zone.id);
            return Err(Refusal::new(Code::FactUnavailable, AT, message));
        }
        let mut actions = Vec::new();
        if !self.handed_over(existing, zone) {
            let servers = zone.name_servers.iter().map(|name| name.as_str().to_owned()).collect();
            let change = self.change(Operation::Upsert, self.name.clone(), RecordType::Ns, self.ttl_seconds, servers);
            actions.push(call(&self.parent.id, &self.parent.name, self.parent.private, change));
        }
        let (name, address) = self.probe_record(zone)?;
        for operation in [Operation::Create, Operation::Delete] {
            let values = vec![address.to_string()];
            let change = self.change(operation, name.clone(), RecordType::A, PROBE_TTL_SECONDS, values);
            actions.push(call(&zone.id, &self.name, false, change));
        }
        Ok(actions)
    }

    fn change(
        &self,
        operation: Operation,
        name: DnsName,
        record_type: RecordType,
        ttl_seconds: u32,
        values: Vec<String>,
    ) -> RecordSetChange {
        let content = RecordContent::Values(values);
        RecordSetChange { at: AT.to_owned(), operation, name, record_type, ttl_seconds: Some(ttl_seconds), content }
    }

    /// The name servers that the parent holds for the name.
    fn name_servers<'w>(&self, existing: &'w [RecordSet]) -> Option<&'w RecordSet> {
        existing.iter().find(|set| set.name == self.name && set.record_type == RecordType::Ns)
    }

    /// Whether the parent hands the name over to this very zone now.
    fn handed_over(&self, existing: &[RecordSet], zone: &DelegatedZone) -> bool {
        self.name_servers(existing).is_some_and(|set| {
            let held: BTreeSet<&str> = set.values.iter().map(String::as_str).collect();
            held == zone.name_servers.iter().map(DnsName::as_str).collect()
        })
    }

    /// Name servers that stand in the parent are replaced only for whoever put them there.
    fn not_ours(&self, existing: &[RecordSet], zone: Option<&DelegatedZone>) -> Option<Refusal> {
        let set = self.name_servers(existing)?;
        if zone.is_some_and(|zone| self.handed_over(existing, zone)) {
            return None;
        }
        if set.protected {
            let message = format!("the name servers of `{}` are protected in Route 53", self.name);
            return Some(Refusal::new(Code::RecordProtected, AT, message));
        }
        if set.owner.as_ref() == Some(self.account) {
            return None;
        }
        let message = format!("`{}` is handed over to other name servers, and not for this account", self.name);
        Some(Refusal::new(Code::RrsetNotOwned, AT, message))
    }

    /// What the parent holds at the name or below it, no resolver would see any more; and a name below another
    /// delegation is not the parent's to hand over. Whose a record set is, is not told.
    fn would_be_hidden(&self, existing: &[RecordSet]) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let above = |set: &&RecordSet| {
            set.record_type == RecordType::Ns && self.name.is_below(&set.name) && set.name.is_below(&self.parent.name)
        };
        if let Some(set) = existing.iter().find(above) {
            let message = format!("`{}` is handed over already, and `{}` is below it", set.name, self.name);
            refusals.push(Refusal::new(Code::ZoneUnknown, AT, message));
        }
        let hidden = |set: &&RecordSet| {
            set.name.is_below(&self.name) || (set.name == self.name && set.record_type != RecordType::Ns)
        };
        let (own, others): (Vec<_>, Vec<_>) =
            existing.iter().filter(hidden).partition(|set| set.owner.as_ref() == Some(self.account));
        if !others.is_empty() {
            let message = format!(
                "the parent holds {} record sets at or below `{}` that are not this account's",
                others.len(),
                self.name
            );
            refusals.push(Refusal::new(Code::RrsetNotOwned, AT, message));
        }
        if let Some(set) = own.first() {
            let code = if set.record_type == RecordType::Cname { Code::CnameConflict } else { Code::RrsetExists };
            let message = format!(
                "the parent holds {} of `{}`, which nobody would see any more ({} such record sets)",
                set.record_type.as_str(),
                set.name,
                own.len()
            );
            refusals.push(Refusal::new(code, AT, message).fix("delete them first, then make them in the new zone"));
        }
        refusals
    }

    /// The record that proves the delegation: its name is new with every request, because the nonce is. The address is
    /// in TEST-NET-1 (RFC 5737), where nothing answers.
    fn probe_record(&self, zone: &DelegatedZone) -> Result<(DnsName, Ipv4Addr), Refusal> {
        let servers: Vec<&str> = zone.name_servers.iter().map(DnsName::as_str).collect();
        let seed = format!("{} {} {} {}", self.account, self.nonce.as_str(), zone.id, servers.join(" "));
        let host = u8::from_str_radix(&digits(&format!("address {seed}"), 2), 16).unwrap_or(0) % 254 + 1;
        Ok((self.probe_name(&format!("name {seed}"))?, Ipv4Addr::new(192, 0, 2, host)))
    }

    fn probe_name(&self, seed: &str) -> Result<DnsName, Refusal> {
        let text = format!("reeve-{}.{}", digits(seed, PROBE_LABEL_DIGITS), self.name);
        DnsName::parse(&text, NameRule::Owner).map_err(|error| Refusal::new(error.code, AT, error.message))
    }
}

/// The first hexadecimal digits of the SHA-256 of `seed`.
fn digits(seed: &str, count: usize) -> String {
    Digest::of(seed.as_bytes())
        .as_str()
        .bytes()
        .skip_while(|byte| *byte != b':')
        .skip(1)
        .take(count)
        .map(char::from)
        .collect()
}

fn call(zone_id: &str, zone_name: &DnsName, private_zone: bool, change: RecordSetChange) -> Action {
    Action::ChangeRecordSets(ChangeRecordSets {
        hosted_zone_id: zone_id.to_owned(),
        zone_name: zone_name.clone(),
        private_zone,
        changes: vec![change],
    })
}

#[cfg(test)]
mod tests;
