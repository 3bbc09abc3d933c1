//! Every action against a scripted server: which calls it makes, in which order, what it writes down before and after
//! them, and what it finds when an earlier try was cut off.

use super::testing::{FakeJournal, Play, Script, Seen, error, ok, xml_error};
use super::*;
use reeve_model::action::{
    Attachment, ChangeRecordSets, CreateAccount, CreateHostedZone, CreatePolicy, DeleteParameter, MergeFile,
    MoveAccount, Operation, OrganizationalUnit, PolicyRef, PutParameter, PutRule, RecordContent, RecordSetChange,
    SendCommand, TagResource, UpdatePolicy,
};
use reeve_model::record::RecordType;
use reeve_model::{
    Answer, DnsName, Mode, NameRule, Permit, PlannedAction, PolicyAnswer, State, Timestamp, Verdict, decide,
};
use std::net::Ipv4Addr;
use std::time::Duration;

mod command;
mod network;
mod organizations;

struct NoProber;

impl Prober for NoProber {
    fn prove(&self, probe: &Probe, hold: &mut dyn FnMut() -> Result<(), LedgerError>) -> Result<Outcome, Stop> {
        hold()?;
        Ok(Outcome::of(State::Applied).detail("name", probe.name.as_str()))
    }
}

fn config() -> ExecutorConfig {
    ExecutorConfig {
        in_sync: false,
        delegation_role: None,
        own_zones: BTreeSet::new(),
        prober: Box::new(NoProber),
        on_change: Box::new(|_| {}),
    }
}

fn permit(action: Action) -> Permit {
    let actions = [PlannedAction { at: String::new(), action }];
    let answer = Answer::Verdict(Verdict::Allow(Vec::new()));
    let answers = [PolicyAnswer { policy: "p".into(), mode: Mode::Enforce, answer, fuel: 0, memory_bytes: 0 }];
    Permit::mint(&decide(&answers, &PlannedAction::digest(&actions)), &actions).expect("permitted")
}

/// Makes one action against a script, and tells what came of it, what was called and what was noted.
#[track_caller]
fn perform_with<'a>(
    config: ExecutorConfig,
    action: Action,
    script: impl IntoIterator<Item = (&'a str, Play)>,
    journal: &mut FakeJournal,
) -> (Result<Outcome, Stop>, Vec<Seen>) {
    let script = Script::new(script);
    let pace = Pace { poll: Duration::from_millis(1), settle: Duration::ZERO };
    let executor = AwsExecutor { pace, ..AwsExecutor::new(script.aws.clone(), config) };
    let sender = AccountId::parse("111122223333").expect("an id");
    let made = executor.perform(&Work { permit: &permit(action), index: 0, sender: &sender }, journal);
    (made, script.finish())
}

#[track_caller]
fn perform<'a>(
    action: Action,
    script: impl IntoIterator<Item = (&'a str, Play)>,
    journal: &mut FakeJournal,
) -> (Result<Outcome, Stop>, Vec<Seen>) {
    perform_with(config(), action, script, journal)
}

/// The state alone.
#[track_caller]
fn state<'a>(action: Action, script: impl IntoIterator<Item = (&'a str, Play)>, journal: &mut FakeJournal) -> State {
    perform(action, script, journal).0.expect("an outcome").state
}

/// The notes that a gate leaves behind that was killed between its note and the answer.
fn intended() -> FakeJournal {
    let now = Timestamp::now().to_string();
    FakeJournal::with(&[("since", &now), ("intent", &now)])
}

#[test]
fn what_has_not_the_shape_of_its_call_is_not_called() {
    let merge = MergeFile { path: "a".into(), media_type: "text/plain".into(), before: None, after: None };
    let parameter = DeleteParameter { name: "/aws/secret".to_owned() };
    for action in [Action::MergeFile(merge), Action::DeleteParameter(parameter)] {
        let (made, seen) = perform(action, [], &mut FakeJournal::default());
        assert_eq!(made.expect("an outcome").state, State::Failed(FailureClass::Invalid));
        assert!(seen.is_empty());
    }
}

#[test]
fn nothing_is_called_without_a_lease() {
    let mut journal = FakeJournal { holds_left: Some(0), ..FakeJournal::default() };
    let (made, seen) = perform(Action::DeleteParameter(DeleteParameter { name: "/a".into() }), [], &mut journal);
    assert_eq!(made, Err(Stop::Ledger(LedgerError::Lost)));
    assert!(seen.is_empty());
}

#[test]
fn a_probe_is_the_probers() {
    let script = Script::new([]);
    let executor = AwsExecutor::new(script.aws.clone(), config());
    let name = |text: &str| DnsName::parse(text, NameRule::Owner).expect("a name");
    let probe = Probe {
        after: 0,
        zone: name("a.example.com"),
        name_servers: BTreeSet::new(),
        name: name("x.a.example.com"),
        address: Ipv4Addr::new(192, 0, 2, 1),
    };
    let proven = executor.probe(&probe, &mut FakeJournal::default()).expect("an outcome");
    assert_eq!(proven.details.get("name").map(String::as_str), Some("x.a.example.com"));
    let mut lost = FakeJournal { holds_left: Some(0), ..FakeJournal::default() };
    assert!(executor.probe(&probe, &mut lost).is_err());
}
