//! Instances that have not reported yet: a launch is told at once, and the agent of Systems Manager takes a minute or
//! two to say its first word. Until then nobody knows what the instance is, so the request has to come again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an instance may take to report, seconds: a Windows host installs, restarts and joins a domain first.
pub(super) const REPORT_SECONDS_MAX: u64 = 900;
/// Instances that are waited for at once; beyond it one that is unknown counts as absent.
const AWAITED_MAX: usize = 10_000;

/// Since when each unknown instance has been asked for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    since: Mutex<HashMap<String, Instant>>,
}

impl Awaited {
    /// Whether an instance that is not known may still report.
    pub(super) fn may_come(&self, id: &str, now: Instant) -> bool {
        let limit = Duration::from_secs(REPORT_SECONDS_MAX);
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = since.get(id) {
            return now.saturating_duration_since(*first) < limit;
        }
        // What has been waited for twice as long is not asked for any more.
        since.retain(|_, first| now.saturating_duration_since(*first) < 2 * limit);
        if since.len() >= AWAITED_MAX {
            return false;
        }
        since.insert(id.to_owned(), now);
        true
    }

    /// It has reported.
    pub(super) fn came(&self, id: &str) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_waited_for_up_to_the_limit() {
        let (awaited, begun) = (Awaited::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert!(awaited.may_come("i-1", begun));
        assert!(awaited.may_come("i-1", at(REPORT_SECONDS_MAX - 1)));
        assert!(!awaited.may_come("i-1", at(REPORT_SECONDS_MAX)));
        awaited.came("i-1");
        assert!(awaited.may_come("i-1", at(REPORT_SECONDS_MAX)), "it is another story then");
    }

    #[test]
    fn only_so_many_are_waited_for() {
        let (awaited, begun) = (Awaited::default(), Instant::now());
        for number in 0..AWAITED_MAX {
            assert!(awaited.may_come(&number.to_string(), begun), "{number}");
        }
        assert!(!awaited.may_come("one more", begun));
        assert!(awaited.may_come("one more", begun + Duration::from_secs(2 * REPORT_SECONDS_MAX)));
    }
}
