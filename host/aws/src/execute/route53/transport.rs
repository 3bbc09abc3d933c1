//! The calls of one hosted zone.

use super::super::calls::{Pace, read, turned_away};
use super::coalescer::Transport;
use super::compare::{Existing, canonical_name, canonical_values};
use super::lane::Sent;
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use reeve_model::action::{self, Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{DnsName, FailureClass, NameRule};
use std::collections::BTreeSet;

/// Record sets of one page of a list: the most that Route 53 gives.
const PAGE_MAX: i32 = 300;
/// Pages read for one name. A name has at most some hundred record sets, those of weights and regions counted.
const PAGES_MAX: usize = 4;

/// Calls one zone with one set of credentials.
pub(super) struct ZoneCalls<'a> {
    aws: &'a Aws,
    zone_id: &'a str,
    pace: Pace,
}

impl<'a> ZoneCalls<'a> {
    pub(super) fn new(aws: &'a Aws, zone_id: &'a str, pace: Pace) -> Self {
        Self { aws, zone_id, pace }
    }

    /// Reads what a list tells of names from `start` on; the names that it told everything of are taken out of `open`.
    fn read_from(
        &self,
        start: &DnsName,
        open: &mut BTreeSet<String>,
        found: &mut Vec<Existing>,
    ) -> Result<(), Failure> {
        open.remove(start.as_str());
        let (mut name, mut kind, mut identifier) = (start.as_str().to_owned(), None, None);
        let mut sets = Vec::new();
        for _ in 0..PAGES_MAX {
            let client = self.aws.route53();
            let page = self.aws.run(async {
                self.aws.spend(Service::Route53, "ListResourceRecordSets").await;
                let list = client.list_resource_record_sets().hosted_zone_id(self.zone_id).max_items(PAGE_MAX);
                let list = list.start_record_name(&name).set_start_record_type(kind.take());
                list.set_start_record_identifier(identifier.take()).send().await
            });
            let page = page.map_err(|error| read(&error))?;
            sets.extend(page.resource_record_sets().iter().map(existing));
            // A page may end within a name. All names before its last one are told in full.
            let last = sets.last().map(|set: &Existing| set.name.clone());
            let complete = |name: &str| !page.is_truncated() || last.as_deref() != Some(name);
            let told: Vec<String> =
                sets.iter().map(|set| set.name.clone()).filter(|name| complete(name) && open.contains(name)).collect();
            for name in told {
                open.remove(&name);
            }
            if complete(start.as_str()) {
                break;
            }
            let Some(next) = page.next_record_name() else { break };
            name = next.to_owned();
            kind = page.next_record_type().cloned();
            identifier = page.next_record_identifier().map(str::to_owned);
        }
        found.extend(sets);
        Ok(())
    }
}

impl Transport for ZoneCalls<'_> {
    fn ready(&self) {
        self.aws.run(self.aws.spend(Service::Route53, "ChangeResourceRecordSets"));
    }

    fn change(&self, changes: &[&RecordSetChange]) -> Sent {
        let batch = match change_batch(changes) {
            Ok(batch) => batch,
            Err(failure) => return Sent::Refused(failure),
        };
        // The SDK must not repeat the call: an UPSERT that is made twice is harmless, but a CREATE is then refused.
        let client = self.aws.once().route53();
        let call = client.change_resource_record_sets().hosted_zone_id(self.zone_id).change_batch(batch);
        match self.aws.run(async { call.send().await }) {
            Ok(answer) => match answer.change_info().map(|info| info.id().trim_start_matches("/change/")) {
                Some(id) if !id.is_empty() => Sent::Done { change_id: id.to_owned() },
                Some(_) | None => Sent::Unknown(Failure::garbled("ChangeResourceRecordSets", "change id")),
            },
            Err(error) => {
                let failure = read(&error);
                if turned_away(&failure) {
                    Sent::Busy(failure)
                } else if failure.is_transient() {
                    Sent::Unknown(failure)
                } else {
                    Sent::Refused(failure)
                }
            }
        }
    }

    fn current(&self, names: &BTreeSet<DnsName>) -> Result<Vec<Existing>, Failure> {
        let mut open: BTreeSet<String> = names.iter().map(|name| name.as_str().to_owned()).collect();
        let mut found = Vec::new();
        for name in names {
            if open.contains(name.as_str()) {
                self.read_from(name, &mut open, &mut found)?;
            }
        }
        // Ranges that were read may overlap.
        let mut unique: Vec<Existing> = Vec::new();
        for set in found {
            if names.iter().any(|name| name.as_str() == set.name) && !unique.contains(&set) {
                unique.push(set);
            }
        }
        Ok(unique)
    }

    fn pause(&self, tries: u32) {
        let wait = self.pace.wait(tries);
        self.aws.run(async { tokio::time::sleep(wait).await });
    }
}

fn change_batch(changes: &[&RecordSetChange]) -> Result<ChangeBatch, Failure> {
    let invalid = |error: aws_smithy_types::error::operation::BuildError| Failure {
        class: FailureClass::Invalid,
        code: None,
        message: error.to_string(),
    };
    let mut batch = ChangeBatch::builder();
    for change in changes {
        let operation = match change.operation {
            Operation::Create => ChangeAction::Create,
            Operation::Upsert => ChangeAction::Upsert,
            Operation::Delete => ChangeAction::Delete,
        };
        let mut set = ResourceRecordSet::builder()
            .name(change.name.as_str())
            .r#type(RrType::from(change.record_type.as_str()))
            .set_ttl(change.ttl_seconds.map(i64::from));
        match &change.content {
            RecordContent::Values(values) => {
                for value in values {
                    set = set.resource_records(ResourceRecord::builder().value(value).build().map_err(invalid)?);
                }
            }
            RecordContent::Alias(alias) => {
                let target = AliasTarget::builder()
                    .hosted_zone_id(&alias.hosted_zone_id)
                    .dns_name(alias.name.as_str())
                    .evaluate_target_health(alias.evaluate_target_health);
                set = set.alias_target(target.build().map_err(invalid)?);
            }
        }
        let set = set.build().map_err(invalid)?;
        let change = Change::builder().action(operation).resource_record_set(set).build().map_err(invalid)?;
        batch = batch.changes(change);
    }
    batch.build().map_err(invalid)
}

fn existing(set: &ResourceRecordSet) -> Existing {
    let alias = |target: &AliasTarget| {
        Some(RecordContent::Alias(action::AliasTarget {
            name: DnsName::parse(&canonical_name(target.dns_name()), NameRule::Target).ok()?,
            hosted_zone_id: target.hosted_zone_id().to_owned(),
            evaluate_target_health: target.evaluate_target_health(),
        }))
    };
    let values = || {
        let values = set.resource_records().iter().map(ResourceRecord::value);
        Some(RecordContent::Values(canonical_values(RecordType::parse(set.r#type().as_str())?, values)))
    };
    let simple = set.set_identifier().is_none() && set.traffic_policy_instance_id().is_none();
    Existing {
        name: canonical_name(set.name()),
        record_type: set.r#type().as_str().to_owned(),
        ttl_seconds: set.ttl(),
        content: if simple { set.alias_target().map_or_else(values, alias) } else { None },
    }
}
