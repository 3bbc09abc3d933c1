//! Changes and a zone that behaves like Route 53's, for tests.

use super::compare::Existing;
use crate::failure::Failure;
use reeve_model::action::{Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{DnsName, FailureClass, NameRule};
use std::collections::BTreeMap;

/// A change of plain values.
pub(super) fn change(
    operation: Operation,
    name: &str,
    record_type: &str,
    ttl_seconds: u32,
    values: &[&str],
) -> RecordSetChange {
    RecordSetChange {
        at: String::new(),
        operation,
        name: DnsName::parse(name, NameRule::Owner).expect("a name"),
        record_type: RecordType::parse(record_type).expect("a type"),
        ttl_seconds: Some(ttl_seconds),
        content: RecordContent::Values(values.iter().map(|value| (*value).to_owned()).collect()),
    }
}

/// A record set as Route 53 lists it.
pub(super) fn existing(name: &str, record_type: &str, ttl_seconds: i64, values: &[&str]) -> Existing {
    Existing {
        name: name.to_owned(),
        record_type: record_type.to_owned(),
        ttl_seconds: Some(ttl_seconds),
        content: Some(RecordContent::Values(values.iter().map(|value| (*value).to_owned()).collect())),
    }
}

/// A hosted zone that takes a batch as a whole or not at all, with Route 53's rules for what may stand together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FakeZone {
    pub(super) sets: BTreeMap<(DnsName, RecordType), (Option<u32>, Vec<String>)>,
}

impl FakeZone {
    /// Makes the changes in their order, or none of them.
    pub(super) fn apply(&mut self, changes: &[&RecordSetChange]) -> Result<(), Failure> {
        let mut next = self.sets.clone();
        for change in changes {
            let key = (change.name.clone(), change.record_type);
            let RecordContent::Values(values) = &change.content else { continue };
            let set = (change.ttl_seconds, values.clone());
            let wrong = |what: &str| {
                let message = format!("[{} {} {what}]", change.name, change.record_type.as_str());
                Err(Failure { class: FailureClass::Conflict, code: Some("InvalidChangeBatch".to_owned()), message })
            };
            match change.operation {
                Operation::Delete => match next.get(&key) {
                    None => return wrong("but it was not found"),
                    Some(there) if *there != set => return wrong("do not match the current values"),
                    Some(_) => drop(next.remove(&key)),
                },
                Operation::Create if next.contains_key(&key) => return wrong("but it already exists"),
                Operation::Create | Operation::Upsert => {
                    let beside =
                        |it: &RecordType| (change.record_type == RecordType::Cname) != (*it == RecordType::Cname);
                    if next.keys().any(|(name, kind)| *name == change.name && beside(kind)) {
                        return wrong("conflicts with other records");
                    }
                    next.insert(key, set);
                }
            }
        }
        self.sets = next;
        Ok(())
    }

    /// What a list tells of the zone.
    pub(super) fn existing(&self) -> Vec<Existing> {
        let mut all = Vec::new();
        for ((name, record_type), (ttl_seconds, values)) in &self.sets {
            all.push(Existing {
                name: name.as_str().to_owned(),
                record_type: record_type.as_str().to_owned(),
                ttl_seconds: ttl_seconds.map(i64::from),
                content: Some(RecordContent::Values(values.clone())),
            });
        }
        all
    }
}
