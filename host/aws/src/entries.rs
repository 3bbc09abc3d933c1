//! Entries of PutEvents: how large they are, how many one call takes, and which may be put again.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;

/// Most entries of one PutEvents (EventBridge API reference).
const ENTRIES_MAX: usize = 10;
/// How often an entry is put that may pass later.
pub(crate) const TRIES_MAX: u32 = 5;
/// Codes of an entry that may pass later (EventBridge API reference, PutEventsResultEntry); others do not.
const PASSING: [&str; 3] = ["InternalFailure", "InternalException", "ThrottlingException"];

/// Whether an entry that was turned away with this code may be taken later.
pub(crate) fn may_pass(code: &str) -> bool {
    PASSING.contains(&code)
}

/// Bytes of an entry as EventBridge counts them (user guide, "Calculating PutEvents event entry size").
pub(crate) fn bytes(entry: &PutEventsRequestEntry) -> usize {
    [entry.source(), entry.detail_type(), entry.detail()].into_iter().flatten().map(str::len).sum()
}

/// Entries in batches that one call takes, in their order; one that is larger than a call may be stands alone.
pub(crate) fn batches<T>(
    entries: impl IntoIterator<Item = T>,
    bytes_max: usize,
    bytes: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut size = 0;
    for entry in entries {
        let more = bytes(&entry);
        match batches.last_mut().filter(|batch| batch.len() < ENTRIES_MAX && size + more <= bytes_max) {
            Some(batch) => {
                batch.push(entry);
                size += more;
            }
            None => {
                batches.push(vec![entry]);
                size = more;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_what_one_call_takes() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 10], vec![10]),
            (vec![1; 11], vec![10, 1]),
            (vec![50, 50, 1], vec![2, 1]),
            (vec![50, 51], vec![1, 1]),
            (vec![1, 101, 1], vec![1, 1, 1]),
        ] {
            let lengths: Vec<usize> = batches(sizes.clone(), 100, |size| *size).iter().map(Vec::len).collect();
            assert_eq!(lengths, expected, "{sizes:?}");
        }
    }
}
