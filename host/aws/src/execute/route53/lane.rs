//! The queue of one hosted zone as a value: which requests go together into the next batch, and what becomes of them.
//! No thread, clock or network is in here: whoever drives it says what the time is and what Route 53 answered.

use super::compare::{Existing, holds};
use crate::failure::Failure;
use reeve_model::action::{Operation, RecordContent, RecordSetChange};
use reeve_model::record::RecordType;
use reeve_model::{DnsName, FailureClass};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

/// Most ResourceRecord elements of one batch (Route 53 quotas, ChangeResourceRecordSets). An UPSERT counts twice, an
/// alias once.
pub(crate) const BATCH_RECORDS_MAX: usize = 1_000;
/// Most characters of all values of one batch (the same page). An UPSERT counts twice.
pub(crate) const BATCH_VALUE_CHARS_MAX: usize = 32_000;
/// How often one request is sent, not counting the calls that find a refused batch's culprit. With the waits of
/// `Transport::pause` this is about a minute of throttling, after which the queue's own redelivery is the better wait.
pub(crate) const TRIES_MAX: u32 = 8;

/// What Route 53 answered to a batch.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    /// Taken.
    Done {
        /// Id of the change, without prefix.
        change_id: String,
    },
    /// Refused as a whole: nothing was changed.
    Refused(Failure),
    /// Not looked at: throttled, or an earlier change of the zone is not complete. Nothing was changed.
    Busy(Failure),
    /// Nobody knows: a time-out, a reset, an answer that cannot be read.
    Unknown(Failure),
}

/// What became of one request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Made. The id is not known of a change whose answer was lost.
    Applied {
        /// Id of the change, without prefix.
        change_id: Option<String>,
    },
    /// Refused for good, with AWS's words about this request alone.
    Failed(Failure),
    /// Not made, or not known to be; a later try looks first.
    Retry(Failure),
}

/// How much of a batch's limits some changes use up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    records: usize,
    value_chars: usize,
}

impl Weight {
    /// The weight of some changes.
    pub(crate) fn of(changes: &[RecordSetChange]) -> Self {
        changes.iter().fold(Self::default(), |sum, change| {
            let factor = match change.operation {
                Operation::Upsert => 2,
                Operation::Create | Operation::Delete => 1,
            };
            let (records, value_chars) = match &change.content {
                RecordContent::Values(values) => (values.len(), values.iter().map(|it| it.chars().count()).sum()),
                RecordContent::Alias(_) => (1, 0),
            };
            sum.plus(Self { records: records * factor, value_chars: value_chars * factor })
        })
    }

    fn plus(self, other: Self) -> Self {
        Self { records: self.records + other.records, value_chars: self.value_chars + other.value_chars }
    }

    /// Whether a batch of this weight is taken.
    pub(crate) fn fits(self) -> bool {
        self.records <= BATCH_RECORDS_MAX && self.value_chars <= BATCH_VALUE_CHARS_MAX
    }
}

/// One request's changes in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its number in the queue.
    pub(crate) id: u64,
    /// Its changes, never split over batches.
    pub(crate) changes: Vec<RecordSetChange>,
    /// Whether an earlier call may have made them.
    pub(crate) uncertain: bool,
    /// When its lease was last held.
    pub(crate) held: Instant,
    tries: u32,
    weight: Weight,
}

impl Entry {
    /// An entry that was not sent yet.
    pub(crate) fn new(id: u64, changes: Vec<RecordSetChange>, uncertain: bool, held: Instant) -> Self {
        let weight = Weight::of(&changes);
        Self { id, changes, uncertain, held, tries: 0, weight }
    }

    /// Owner names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &DnsName> {
        self.changes.iter().map(|change| &change.name)
    }
}

/// What a set of requests touches, to tell which may not share a batch.
#[derive(Default)]
struct Footprint<'a> {
    written: BTreeMap<&'a DnsName, BTreeSet<RecordType>>,
    pointed_at: BTreeSet<&'a DnsName>,
}

impl<'a> Footprint<'a> {
    fn of(entry: &'a Entry) -> Self {
        let mut footprint = Self::default();
        footprint.add(entry);
        footprint
    }

    fn add(&mut self, entry: &'a Entry) {
        for change in &entry.changes {
            self.written.entry(&change.name).or_default().insert(change.record_type);
            if let RecordContent::Alias(alias) = &change.content {
                self.pointed_at.insert(&alias.name);
            }
        }
    }

    /// Whether the outcome of one depends on the other: the same record set, a CNAME beside anything else at its name,
    /// or an alias to a name that the other one changes.
    fn meets(&self, other: &Self) -> bool {
        let same = other.written.iter().any(|(name, types)| {
            self.written.get(name).is_some_and(|mine| {
                !mine.is_disjoint(types) || mine.contains(&RecordType::Cname) || types.contains(&RecordType::Cname)
            })
        });
        let points = |one: &Self, two: &Self| one.pointed_at.iter().any(|name| two.written.contains_key(name));
        same || points(self, other) || points(other, self)
    }
}

/// The queue of one zone.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Parts of batches that must be sent again, before anything that waits.
    again: VecDeque<Vec<Entry>>,
    waiting: VecDeque<Entry>,
}

impl Lane {
    /// Puts a request at the end.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.waiting.push_back(entry);
    }

    /// Requests that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.again.iter().map(Vec::len).sum::<usize>()
    }

    /// The waiting request with this number.
    pub(crate) fn find(&mut self, id: u64) -> Option<&mut Entry> {
        self.again.iter_mut().flatten().chain(&mut self.waiting).find(|entry| entry.id == id)
    }

    /// Takes a request out; whether it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.len();
        self.waiting.retain(|entry| entry.id != id);
        for part in &mut self.again {
            part.retain(|entry| entry.id != id);
        }
        self.again.retain(|part| !part.is_empty());
        self.len() < before
    }

    /// Takes the next batch out: whole requests in the order of arrival, none that meets another in the batch or one
    /// that was passed over, as much as fits. Requests that are not `ready` stay. The batch is empty when none can go.
    pub(crate) fn take(&mut self, ready: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        while let Some(part) = self.again.pop_front() {
            let (batch, stale): (Vec<Entry>, Vec<Entry>) = part.into_iter().partition(|entry| ready(entry));
            // Of one part, none meets another; what goes to the front here still comes before all that came later.
            for entry in stale.into_iter().rev() {
                self.waiting.push_front(entry);
            }
            if !batch.is_empty() {
                return batch;
            }
        }
        let mut taken = BTreeSet::new();
        let (mut touched, mut weight) = (Footprint::default(), Weight::default());
        for entry in &self.waiting {
            let together = weight.plus(entry.weight);
            if ready(entry) && (together.fits() || taken.is_empty()) && !touched.meets(&Footprint::of(entry)) {
                taken.insert(entry.id);
                weight = together;
            }
            // Also one that is passed over keeps what meets it from overtaking.
            touched.add(entry);
        }
        let (batch, rest) = std::mem::take(&mut self.waiting).into_iter().partition(|entry| taken.contains(&entry.id));
        self.waiting = rest;
        Vec::from(batch)
    }

    /// Puts back what must be sent again, before all that waits, in this order.
    pub(crate) fn put_back(&mut self, parts: Vec<Vec<Entry>>) {
        for part in parts.into_iter().rev().filter(|part| !part.is_empty()) {
            self.again.push_front(part);
        }
    }
}

/// What an answer means for the requests of a batch.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// Requests that have ended.
    pub(crate) done: Vec<(u64, Fate)>,
    /// Parts to be sent again.
    pub(crate) again: Vec<Vec<Entry>>,
    /// How often the most tried of them was sent, when there should be a wait before the next call.
    pub(crate) pause: Option<u32>,
}

/// Works out what an answer means. `current` reads the record sets of some names, when it has to be known whether a
/// change was made.
pub(crate) fn settle(
    mut batch: Vec<Entry>,
    sent: Sent,
    current: impl Fn(&BTreeSet<DnsName>) -> Result<Vec<Existing>, Failure>,
) -> Verdicts {
    let mut verdicts = Verdicts::default();
    match sent {
        Sent::Done { change_id } => {
            let applied = |entry: Entry| (entry.id, Fate::Applied { change_id: Some(change_id.clone()) });
            verdicts.done = batch.into_iter().map(applied).collect();
        }
        Sent::Refused(failure) if batch.len() > 1 && splits(&failure) => {
            let second = batch.split_off(batch.len() / 2);
            verdicts.again = vec![batch, second];
        }
        Sent::Refused(failure) => {
            // An earlier call may have been made after all, and this one is refused because of it.
            let uncertain = batch.iter().any(|entry| entry.uncertain);
            let existing = if uncertain { current(&names(&batch)) } else { Ok(Vec::new()) };
            for entry in batch {
                let fate = match &existing {
                    Ok(existing) if entry.uncertain && holds(&entry.changes, existing) => {
                        Fate::Applied { change_id: None }
                    }
                    Err(unread) if entry.uncertain => Fate::Retry(transient(unread)),
                    Ok(_) | Err(_) => Fate::Failed(failure.clone()),
                };
                verdicts.done.push((entry.id, fate));
            }
        }
        Sent::Busy(failure) => verdicts.try_again(batch, &failure),
        Sent::Unknown(failure) => match current(&names(&batch)) {
            Err(unread) => {
                let retry = |entry: Entry| (entry.id, Fate::Retry(transient(&unread)));
                verdicts.done = batch.into_iter().map(retry).collect();
            }
            Ok(existing) => {
                let (made, mut open): (Vec<Entry>, Vec<Entry>) =
                    batch.into_iter().partition(|entry| holds(&entry.changes, &existing));
                verdicts.done.extend(made.into_iter().map(|entry| (entry.id, Fate::Applied { change_id: None })));
                for entry in &mut open {
                    entry.uncertain = true;
                }
                verdicts.try_again(open, &failure);
            }
        },
    }
    verdicts
}

impl Verdicts {
    fn try_again(&mut self, batch: Vec<Entry>, failure: &Failure) {
        let mut part = Vec::new();
        for mut entry in batch {
            entry.tries += 1;
            if entry.tries >= TRIES_MAX {
                self.done.push((entry.id, Fate::Retry(transient(failure))));
            } else {
                self.pause = self.pause.max(Some(entry.tries));
                part.push(entry);
            }
        }
        if !part.is_empty() {
            self.again.push(part);
        }
    }
}

/// A refusal that can be one request's fault. A zone that is not there is not; the gate's role may be bounded by
/// record names, so AccessDenied is.
fn splits(failure: &Failure) -> bool {
    failure.class != FailureClass::NotFound
}

fn transient(failure: &Failure) -> Failure {
    Failure { class: FailureClass::Transient, ..failure.clone() }
}

fn names(batch: &[Entry]) -> BTreeSet<DnsName> {
    batch.iter().flat_map(Entry::names).cloned().collect()
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
