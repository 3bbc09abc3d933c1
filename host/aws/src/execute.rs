//! Makes what a permit holds, one service a module. Nothing here decides anything: what is not in a permit is not made,
//! and an action whose shape is not that of its call is refused once more.

mod account;
mod calls;
mod command;
mod hosted_zone;
mod organization;
mod parameter;
mod policy;
mod route53;
mod rule;
mod shapes;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::client::Aws;
use calls::{Calls, End};
pub(crate) use calls::{Pace, read};
use reeve_engine::LedgerError;
use reeve_engine::execute::{Execute, Journal, Stop, Work};
use reeve_kinds::Probe;
use reeve_model::record::RecordType;
use reeve_model::{AccountId, Action, FailureClass, Outcome, PlannedAction};
pub use route53::CoalescerStats;
use route53::Route53;
use std::collections::BTreeSet;

/// Proves from outside that something works. `hold` holds the lease; it is called before every question that is asked
/// and ends the proof when it fails.
pub trait Prober: Send + Sync {
    /// Proves that a delegation resolves.
    ///
    /// # Errors
    /// When it should be tried again later, or the lease is lost. What cannot be proven is an outcome.
    fn prove(&self, probe: &Probe, hold: &mut dyn FnMut() -> Result<(), LedgerError>) -> Result<Outcome, Stop>;
}

/// What the executor is told of the gate.
pub struct ExecutorConfig {
    /// Whether to wait until Route 53's name servers have a change.
    pub in_sync: bool,
    /// ARN of the role that changes zones in senders' accounts, with `{account}` for the sender's. Without it, all zones
    /// are in the gate's own account.
    pub delegation_role: Option<String>,
    /// Zones in the gate's own account, when there is such a role: all others are in the sender's.
    pub own_zones: BTreeSet<String>,
    /// Proves delegations.
    pub prober: Box<dyn Prober>,
    /// Told of every action that may have changed something: what is cached of it is stale.
    pub on_change: Box<dyn Fn(&Action) + Send + Sync>,
}

impl std::fmt::Debug for ExecutorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("ExecutorConfig");
        shown.field("in_sync", &self.in_sync).field("delegation_role", &self.delegation_role);
        shown.field("own_zones", &self.own_zones).finish_non_exhaustive()
    }
}

/// Makes changes in AWS.
#[derive(Debug)]
pub struct AwsExecutor {
    aws: Aws,
    config: ExecutorConfig,
    route53: Route53,
    pace: Pace,
}

/// Whether an action writes name servers.
fn delegates(planned: &PlannedAction) -> bool {
    let Action::ChangeRecordSets(it) = &planned.action else { return false };
    it.changes.iter().any(|change| change.record_type == RecordType::Ns)
}

impl AwsExecutor {
    /// An executor with the gate's credentials.
    #[must_use]
    pub fn new(aws: Aws, config: ExecutorConfig) -> Self {
        Self { aws, config, route53: Route53::default(), pace: Pace::default() }
    }

    /// Calls of ChangeResourceRecordSets and the requests that they carried.
    #[must_use]
    pub fn stats(&self) -> CoalescerStats {
        self.route53.stats()
    }

    fn make(&self, action: &Action, work: &Work<'_>, calls: &mut Calls<'_>) -> Result<Outcome, End> {
        let sender = work.sender;
        match action {
            Action::ChangeRecordSets(it) => {
                let delegated = !self.config.own_zones.contains(&it.hosted_zone_id);
                let role = if delegated { self.in_delegation_role(sender)? } else { None };
                // A delegation is asked about from outside right after: an answer that comes too early is cached.
                let in_sync = self.config.in_sync || work.permit.actions().iter().any(delegates);
                self.route53.change(role.as_ref().unwrap_or(&self.aws), it, in_sync, calls)
            }
            Action::CreateHostedZone(it) => {
                let role = self.in_delegation_role(sender)?;
                hosted_zone::create(role.as_ref().unwrap_or(&self.aws), it, calls)
            }
            Action::PutParameter(it) => parameter::put(&self.aws, it, calls),
            Action::DeleteParameter(it) => parameter::delete(&self.aws, it, calls),
            Action::SendCommand(it) => command::send(&self.aws, it, calls),
            Action::CreateAccount(it) => account::create(&self.aws, it, calls),
            Action::MoveAccount(it) => organization::move_account(&self.aws, it, calls),
            Action::TagResource(it) => organization::tag_resource(&self.aws, it, calls),
            Action::CreatePolicy(it) => policy::create(&self.aws, it, calls),
            Action::UpdatePolicy(it) => policy::update(&self.aws, it, calls),
            Action::AttachPolicy(it) => policy::attach(&self.aws, it, calls),
            Action::DetachPolicy(it) => policy::detach(&self.aws, it, calls),
            Action::PutRule(it) => rule::put(&self.aws, it, calls),
            Action::MergeFile(_) => Ok(Outcome::failed(FailureClass::Invalid, "a merge is judged, never made")),
        }
    }

    /// The sender's account, seen through the role that the gate has there.
    fn in_delegation_role(&self, sender: &AccountId) -> Result<Option<Aws>, End> {
        let Some(template) = &self.config.delegation_role else { return Ok(None) };
        let arn = template.replace("{account}", sender.as_str());
        if !shapes::role_arn(&arn) {
            let message = "the delegation role's ARN has not the form of one".to_owned();
            return Err(End::Failed(crate::Failure { class: FailureClass::Invalid, code: None, message }));
        }
        Ok(Some(self.aws.in_role(&arn, None)))
    }
}

impl Execute for AwsExecutor {
    fn perform(&self, work: &Work<'_>, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        let Some(planned) = work.permit.actions().get(work.index) else {
            return Ok(Outcome::failed(FailureClass::Invalid, "the permit holds no such action"));
        };
        if let Err(what) = shapes::check(&planned.action) {
            return Ok(Outcome::failed(FailureClass::Invalid, format!("not called: {what}")));
        }
        let mut calls = Calls { journal, pace: self.pace };
        let made = self.make(&planned.action, work, &mut calls);
        (self.config.on_change)(&planned.action);
        made.or_else(End::outcome)
    }

    fn probe(&self, probe: &Probe, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        self.config.prober.prove(probe, &mut || journal.hold())
    }
}
