//! Route 53: ChangeResourceRecordSets, many requests to a call.

mod coalescer;
mod compare;
mod in_sync;
mod lane;
#[cfg(test)]
mod testing;
mod transport;

use super::calls::{Calls, End, refused, retry};
use crate::client::Aws;
pub use coalescer::CoalescerStats;
use coalescer::{Coalescer, Transport};
use compare::holds;
use in_sync::InSync;
use lane::{Fate, Weight};
use reeve_model::action::ChangeRecordSets;
use reeve_model::{FailureClass, Outcome, State};
use transport::ZoneCalls;

/// The note of a change's id.
const CHANGE_ID: &str = "change_id";

/// Queues of all zones, and what is known of changes on their way to the name servers.
#[derive(Debug, Default)]
pub(super) struct Route53 {
    coalescer: Coalescer,
    in_sync: InSync,
}

impl Route53 {
    /// Calls and requests so far.
    pub(super) fn stats(&self) -> CoalescerStats {
        self.coalescer.stats()
    }

    /// Changes record sets. `wait` says to wait until all name servers of Route 53 have the change.
    pub(super) fn change(
        &self,
        aws: &Aws,
        action: &ChangeRecordSets,
        wait: bool,
        calls: &mut Calls<'_>,
    ) -> Result<Outcome, End> {
        if !Weight::of(&action.changes).fits() {
            let message = "the changes are more than Route 53 takes in one batch";
            return Ok(Outcome::failed(FailureClass::Invalid, message));
        }
        if let Some(change_id) = calls.noted(CHANGE_ID) {
            return self.applied(aws, Some(change_id), wait, calls);
        }
        let zone = ZoneCalls::new(aws, &action.hosted_zone_id, calls.pace);
        let uncertain = calls.intended();
        if uncertain {
            calls.journal.hold()?;
            let names = action.changes.iter().map(|change| change.name.clone()).collect();
            if holds(&action.changes, &zone.current(&names)?) {
                return self.applied(aws, None, wait, calls);
            }
        }
        calls.intend()?;
        let fate =
            self.coalescer.change(&action.hosted_zone_id, &zone, &action.changes, uncertain, &mut *calls.journal)?;
        match fate {
            Fate::Applied { change_id } => {
                if let Some(change_id) = &change_id {
                    calls.journal.note(CHANGE_ID, change_id)?;
                }
                self.applied(aws, change_id, wait, calls)
            }
            Fate::Failed(failure) => Ok(refused(&failure)),
            Fate::Retry(failure) => Err(End::Stop(retry(failure.to_string()))),
        }
    }

    fn applied(&self, aws: &Aws, change_id: Option<String>, wait: bool, calls: &mut Calls<'_>) -> Result<Outcome, End> {
        let Some(change_id) = change_id else {
            // Its answer was lost, and with it the id that GetChange wants.
            let found = Outcome::of(State::Applied).detail("found", "true");
            let message = "the change was made by a call whose answer was lost; whether it is in sync is not known";
            return Ok(if wait { Outcome { state: State::Pending, ..found }.message(message) } else { found });
        };
        let outcome = Outcome::of(State::Applied).detail(CHANGE_ID, &change_id);
        if !wait {
            return Ok(outcome);
        }
        if self.in_sync.wait(aws, &change_id, calls)? {
            return Ok(outcome.detail("in_sync", "true"));
        }
        Ok(Outcome { state: State::Pending, ..outcome }.message("the change has not reached all name servers yet"))
    }
}
