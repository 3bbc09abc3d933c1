//! Brakes: bounds on how much may change, whatever policies say. Each refusal names its own override.

use crate::{Holding, Spend};
use reeve_kinds::World;
use reeve_model::record::RecordType;
use reeve_model::{AccountId, Action, Code, DnsName, PlannedAction, Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Changes below which the share of a zone is not looked at: in a zone of five record sets, two are 40 %.
pub const ZONE_SHARE_FREE: u32 = 10;

/// Record sets that a gate does not touch without being told to. NS and SOA of a zone's own name are not among them:
/// no gate touches those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarded {
    /// Any record set of the zone's own name.
    Apex,
    /// Mail exchangers.
    Mx,
    /// Who may issue certificates.
    Caa,
}

impl Guarded {
    /// The word of the gate file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Apex, Self::Mx, Self::Caa].into_iter().find(|it| it.as_str() == word)
    }

    /// The word of the gate file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apex => "apex",
            Self::Mx => "mx",
            Self::Caa => "caa",
        }
    }
}

/// The brakes of a gate. A change is one change of a record set, or one other action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brakes {
    /// Most changes of one request.
    pub changes_per_request: u32,
    /// Most changes of the gate in one clock hour.
    pub changes_per_hour: u32,
    /// Most changes of one sender in one clock hour.
    pub changes_per_account_hour: u32,
    /// Most changes in one zone in one clock hour.
    pub changes_per_zone_hour: u32,
    /// Largest share of a zone's record sets that one request may touch, percent.
    pub zone_share_percent: u8,
    /// Guarded record sets that may be touched.
    pub allow: BTreeSet<Guarded>,
}

impl Default for Brakes {
    /// A hundred changes a request is a large batch by hand; 2,000 an hour is more than a busy organization makes;
    /// half of that from one account or in one zone leaves room for the others.
    fn default() -> Self {
        Self {
            changes_per_request: 100,
            changes_per_hour: 2_000,
            changes_per_account_hour: 1_000,
            changes_per_zone_hour: 1_000,
            zone_share_percent: 30,
            allow: BTreeSet::new(),
        }
    }
}

impl Brakes {
    /// What the actions of one request break, without regard to other requests.
    #[must_use]
    pub fn check(&self, actions: &[PlannedAction], world: &World) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let all = actions.iter().map(changes).fold(0, u32::saturating_add);
        if all > self.changes_per_request {
            let message = format!("the request makes {all} changes, more than {}", self.changes_per_request);
            refusals.push(braked(Code::BrakeRequest, "/detail", message, "changes-per-request"));
        }
        for planned in actions {
            let Action::ChangeRecordSets(batch) = &planned.action else { continue };
            refusals.extend(self.guarded(batch));
        }
        refusals.extend(self.zone_shares(actions, world));
        refusals
    }

    /// Of each zone, all that the request touches, in however many calls.
    fn zone_shares(&self, actions: &[PlannedAction], world: &World) -> Vec<Refusal> {
        let mut zones: BTreeMap<&str, (&PlannedAction, &DnsName, BTreeSet<_>)> = BTreeMap::new();
        for planned in actions {
            let Action::ChangeRecordSets(batch) = &planned.action else { continue };
            let first = || (planned, &batch.zone_name, BTreeSet::new());
            let (_, _, touched) = zones.entry(&batch.hosted_zone_id).or_insert_with(first);
            touched.extend(batch.changes.iter().map(|it| (&it.name, it.record_type)));
        }
        let percent = self.zone_share_percent;
        let refusal = |(id, (planned, zone, touched)): (&str, (&PlannedAction, &DnsName, BTreeSet<_>))| {
            let touched = u32::try_from(touched.len()).unwrap_or(u32::MAX);
            let size = *world.zone_sizes.get(id)?;
            let share_max = u64::from(size) * u64::from(percent);
            (touched > ZONE_SHARE_FREE && u64::from(touched) * 100 > share_max).then(|| {
                let message = format!(
                    "the request touches {touched} of the {size} record sets of `{zone}`, more than {percent} %"
                );
                braked(Code::BrakeZoneShare, &planned.at, message, "zone-share")
            })
        };
        zones.into_iter().filter_map(refusal).collect()
    }

    fn guarded(&self, batch: &reeve_model::action::ChangeRecordSets) -> Vec<Refusal> {
        let guards = |change: &reeve_model::action::RecordSetChange| {
            let types = [(RecordType::Mx, Guarded::Mx), (RecordType::Caa, Guarded::Caa)];
            let of_type = types.into_iter().find(|(it, _)| *it == change.record_type).map(|(_, guard)| guard);
            let apex = (change.name == batch.zone_name).then_some(Guarded::Apex);
            of_type.into_iter().chain(apex).filter(|guard| !self.allow.contains(guard)).collect::<Vec<_>>()
        };
        let mut refusals = Vec::new();
        for change in &batch.changes {
            for guard in guards(change) {
                let (code, what) = match guard {
                    Guarded::Apex => (Code::BrakeApex, format!("`{}` is the zone's own name", change.name)),
                    Guarded::Mx => (Code::BrakeMx, format!("`{}` would receive mail", change.name)),
                    Guarded::Caa => (Code::BrakeCaa, format!("who may certify `{}` would change", change.name)),
                };
                let message = format!("{what}, which this gate does not touch");
                let fix = format!("the gate's owner can write `brakes: {{ allow: [{}] }}`", guard.as_str());
                refusals.push(Refusal::new(code, change.at.clone(), message).fix(fix));
            }
        }
        refusals
    }

    /// What the actions spend of each hour's allowance.
    #[must_use]
    pub fn spends(&self, sender: &AccountId, actions: &[PlannedAction]) -> Vec<Spend> {
        let all = actions.iter().map(changes).fold(0, u32::saturating_add);
        if all == 0 {
            return Vec::new();
        }
        let spend = |scope: String, amount, hourly_max| Spend { scope, amount, hourly_max };
        let mut spends = vec![
            spend("gate".to_owned(), all, self.changes_per_hour),
            spend(format!("account {sender}"), all, self.changes_per_account_hour),
        ];
        for planned in actions {
            let Action::ChangeRecordSets(batch) = &planned.action else { continue };
            let scope = format!("zone {}", batch.hosted_zone_id);
            match spends.iter_mut().find(|it| it.scope == scope) {
                Some(there) => there.amount = there.amount.saturating_add(changes(planned)),
                None => spends.push(spend(scope, changes(planned), self.changes_per_zone_hour)),
            }
        }
        spends
    }

    /// The refusal of an hour's allowance that does not suffice.
    #[must_use]
    pub fn spent(&self, scope: &str, spent: u32) -> Refusal {
        let (code, most, key) = match scope.split_once(' ') {
            Some(("account", _)) => (Code::BrakeAccountHour, self.changes_per_account_hour, "changes-per-account-hour"),
            Some(("zone", _)) => (Code::BrakeZoneHour, self.changes_per_zone_hour, "changes-per-zone-hour"),
            _ => (Code::BrakeHour, self.changes_per_hour, "changes-per-hour"),
        };
        let message = format!("{spent} changes were made in this clock hour ({scope}), and {most} are the most");
        let refusal = braked(code, "/detail", message, key);
        let fix =
            format!("send it again, with a new nonce, in the next hour; {}", refusal.fix.clone().unwrap_or_default());
        refusal.fix(fix)
    }
}

/// The refusal of a name that another account holds. Which one, is not told: the asker learns only that it is another's.
#[must_use]
pub(crate) fn held_by_another(holding: &Holding) -> Refusal {
    let message = format!("`{}` was made by another account", holding.name);
    Refusal::new(Code::RrsetNotOwned, "/detail", message).fix("whoever made it can delete it")
}

fn braked(code: Code, at: &str, message: String, key: &str) -> Refusal {
    Refusal::new(code, at, message).fix(format!("the gate's owner can raise `brakes: {{ {key} }}`"))
}

/// Changes of one action.
fn changes(planned: &PlannedAction) -> u32 {
    match &planned.action {
        Action::ChangeRecordSets(batch) => u32::try_from(batch.changes.len()).unwrap_or(u32::MAX),
        Action::CreateHostedZone(_)
        | Action::PutParameter(_)
        | Action::DeleteParameter(_)
        | Action::SendCommand(_)
        | Action::CreateAccount(_)
        | Action::MoveAccount(_)
        | Action::TagResource(_)
        | Action::CreatePolicy(_)
        | Action::UpdatePolicy(_)
        | Action::AttachPolicy(_)
        | Action::DetachPolicy(_)
        | Action::PutRule(_)
        | Action::MergeFile(_) => 1,
    }
}
