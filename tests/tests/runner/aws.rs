//! An AWS of values, and executors that keep the contract: note what is about to be called, look before calling again.

use crate::bench::Bench;
use reeve_engine::{Execute, Journal, Stop, Work};
use reeve_json::canonical;
use reeve_kinds::{DelegatedZone, OrganizationAccount, Parameter, Probe, RecordSet, World};
use reeve_model::action::{ChangeRecordSets, Operation, RecordContent};
use reeve_model::{AccountId, Action, DnsName, FailureClass, NameRule, Outcome, PlannedAction, State};
use std::collections::{BTreeMap, BTreeSet};

/// The hosted zone that CreateHostedZone makes.
pub(crate) const CHILD_ZONE: &str = "ZCHILD";

/// What is there, and what was done.
pub(crate) struct Aws {
    /// What facts read.
    pub(crate) world: World,
    /// Every effect in order.
    pub(crate) effects: Vec<String>,
    /// What an action has made, by the action.
    made: BTreeMap<String, Outcome>,
    /// Calls that are refused for good, by operation.
    pub(crate) refuse: BTreeSet<&'static str>,
    /// Whether a probe finds what it looks for.
    pub(crate) proves: bool,
    /// Whether what was made is seen at once by those who read facts.
    pub(crate) visible: bool,
}

impl Aws {
    pub(crate) fn new(world: World) -> Self {
        let (effects, made, refuse) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { world, effects, made, refuse, proves: true, visible: true }
    }

    fn call(&mut self, planned: &PlannedAction) -> Outcome {
        let operation = operation(&planned.action);
        if self.refuse.contains(operation) {
            return Outcome::failed(FailureClass::AccessDenied, format!("{operation} is not allowed"));
        }
        let identity = canonical(&planned.to_json());
        self.effects.push(format!("{operation} {identity}"));
        let outcome = Outcome::of(State::Applied).detail("change_id", format!("C{}", self.effects.len()));
        self.made.insert(identity, outcome.clone());
        if self.visible {
            self.apply(&planned.action);
        }
        outcome
    }

    fn apply(&mut self, action: &Action) {
        let world = &mut self.world;
        match action {
            Action::PutParameter(it) => {
                let parameter = Parameter { value: it.value.clone(), parameter_type: it.parameter_type.clone() };
                world.parameters.insert(it.name.clone(), parameter);
            }
            Action::CreateAccount(it) => {
                let organization = world.organization.as_mut().expect("there is one");
                let id = format!("22222222{:04}", organization.accounts.len());
                let account = OrganizationAccount {
                    id: AccountId::parse(&id).expect("an id"),
                    name: it.name.clone(),
                    email: it.email.clone(),
                    parent_id: it.destination.id.clone(),
                };
                organization.accounts.insert(id, account);
            }
            Action::CreateHostedZone(it) => {
                let servers = ["ns1.aws.example.net", "ns2.aws.example.net"];
                let name_servers = servers.map(|it| DnsName::parse(it, NameRule::Owner).expect("a name")).into();
                let caller_reference = it.caller_reference.clone();
                let zone = DelegatedZone { id: CHILD_ZONE.into(), caller_reference, name_servers };
                world.delegated_zones.insert(it.name.clone(), zone);
            }
            Action::ChangeRecordSets(batch) => change(world, batch),
            _ => {}
        }
    }
}

fn change(world: &mut World, batch: &ChangeRecordSets) {
    let Some(sets) = world.record_sets.get_mut(&batch.hosted_zone_id) else { return };
    for change in &batch.changes {
        sets.retain(|set| set.name != change.name || set.record_type != change.record_type);
        let RecordContent::Values(values) = &change.content else { continue };
        if change.operation != Operation::Delete {
            sets.push(RecordSet {
                name: change.name.clone(),
                record_type: change.record_type,
                ttl_seconds: change.ttl_seconds,
                values: values.clone(),
                owner: None,
                protected: false,
            });
        }
    }
}

fn operation(action: &Action) -> &'static str {
    match action {
        Action::PutParameter(_) => "PutParameter",
        Action::CreateAccount(_) => "CreateAccount",
        Action::CreateHostedZone(_) => "CreateHostedZone",
        Action::ChangeRecordSets(_) => "ChangeRecordSets",
        Action::SendCommand(_) => "SendCommand",
        _ => "other",
    }
}

fn later() -> Stop {
    Stop::Retry { class: FailureClass::Transient, message: "AWS is away".into() }
}

impl Execute for Bench {
    fn perform(&self, work: &Work<'_>, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        let planned = &work.permit.actions()[work.index];
        if journal.get("intent").is_some() {
            let identity = canonical(&planned.to_json());
            let found = self.port("aws look", later, || Ok(self.state().aws.made.get(&identity).cloned()))?;
            if let Some(outcome) = found {
                return Ok(outcome);
            }
        } else {
            journal.note("intent", "1")?;
        }
        journal.hold()?;
        let name = format!("aws {}", operation(&planned.action));
        self.port(&name, later, || Ok(self.state().aws.call(planned)))
    }

    fn probe(&self, _probe: &Probe, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        journal.hold()?;
        let proven = Outcome::of(State::Applied).detail("authoritative_ms", "12");
        let unproven = || Outcome::failed(FailureClass::Unproven, "the parent does not answer");
        self.port("aws probe", later, || Ok(if self.state().aws.proves { proven } else { unproven() }))
    }
}
