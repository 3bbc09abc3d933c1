//! What became of a request, and what that means for the run.

use super::reply::{Answer, Status};
use crate::exit::Exit;
use reeve_model::text::shown;
use reeve_model::{FailureClass, Outcome, State};
use reeve_plan::PlannedRequest;

/// Longest text of one line about an answer, characters: a policy or AWS may say more, and the receipt has it.
const TOLD_CHARS_MAX: usize = 1_000;

/// How a request that was asked has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The gate has answered.
    Answered(Answer),
    /// It did not get to the gate.
    Unsent {
        /// Why.
        why: String,
        /// Whether it may have arrived all the same.
        maybe: bool,
    },
    /// The gate has not answered in time.
    Silent,
}

impl End {
    /// Whether the gate has answered with this status.
    #[must_use]
    pub fn is(&self, status: Status) -> bool {
        matches!(self, Self::Answered(answer) if answer.status == status)
    }
}

/// Why a request of the last plan is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It has ended otherwise than done.
    Ended(End),
    /// It was asked, and the run ended before its answer came.
    Outstanding,
    /// The gate says that it is done, and what was read afterwards says that it is not.
    Unseen,
    /// It was not asked: these requests are not done.
    WaitsFor(Vec<String>),
    /// It was not asked: this is not known.
    Awaits(Vec<String>),
    /// It was not asked: its gate has not answered anything.
    GateSilent,
    /// It was not asked: the project file names no bus of its gate.
    NoGate,
    /// It was not asked: the run ended before.
    NotAsked,
}

/// A request that is not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// The request.
    pub request: PlannedRequest,
    /// Why.
    pub fate: Fate,
}

/// What a fate means for the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A policy or a gate said no.
    Denied,
    /// It could not be done.
    CouldNot,
    /// It follows from what became of others.
    Follows,
}

impl Fate {
    fn weight(&self) -> Weight {
        match self {
            Self::Ended(end) if end.is(Status::Denied) => Weight::Denied,
            Self::WaitsFor(_) | Self::Awaits(_) => Weight::Follows,
            Self::Ended(_) | Self::Outstanding | Self::Unseen | Self::GateSilent | Self::NoGate | Self::NotAsked => {
                Weight::CouldNot
            }
        }
    }

    /// One word, for the beginning of a line.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ended(End::Answered(answer)) => match answer.status {
                Status::Denied => "denied",
                Status::DryRun => "dry run",
                Status::Done => "done",
                Status::Pending => "pending",
                Status::Failed => "failed",
            },
            Self::Ended(End::Unsent { .. }) => "not sent",
            Self::Ended(End::Silent) => "no answer",
            Self::Outstanding => "outstanding",
            Self::Unseen => "not seen",
            Self::WaitsFor(_) | Self::Awaits(_) | Self::GateSilent | Self::NoGate | Self::NotAsked => "not asked",
        }
    }

    /// Why, line by line; each is escaped and cut.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let lines = match self {
            Self::Ended(End::Answered(answer)) => answered(answer),
            Self::Ended(End::Unsent { why, maybe: false }) => vec![why.clone()],
            Self::Ended(End::Unsent { why, maybe: true }) => vec![format!("{why}; it may have arrived all the same")],
            Self::Ended(End::Silent) => vec!["the gate has not answered in time; run again to go on".to_owned()],
            Self::Outstanding => vec!["asked and not answered yet; run again to go on".to_owned()],
            Self::Unseen => vec!["the gate says that it is done, and it does not show".to_owned()],
            Self::WaitsFor(ids) => vec![format!("waits for {}", quoted(ids))],
            Self::Awaits(what) => vec![format!("needs {}", what.join(", "))],
            Self::GateSilent => vec!["the gate has not answered anything".to_owned()],
            Self::NoGate => vec!["the project file names no bus of its gate".to_owned()],
            Self::NotAsked => vec!["run again to go on".to_owned()],
        };
        lines.into_iter().map(|line| shown(&line, TOLD_CHARS_MAX)).collect()
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn answered(answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    for reason in answer.reasons.iter().filter(|_| matches!(answer.status, Status::Denied | Status::Failed)) {
        let fix = reason.fix.as_ref().map(|fix| format!("; {fix}")).unwrap_or_default();
        lines.push(format!("{}: {} ({}){fix}", reason.code, reason.message, reason.policy));
    }
    lines.extend(answer.outcomes.iter().filter_map(outcome));
    match answer.status {
        Status::DryRun => lines.push("the gate would permit it, and does not act".to_owned()),
        Status::Pending => lines.push("AWS has taken it and has not finished; run again later".to_owned()),
        Status::Denied | Status::Failed => {
            lines.push(format!(
                "this is the gate's answer to every run with the same epoch; receipt {}",
                answer.receipt
            ));
        }
        Status::Done => {}
    }
    lines
}

/// A failed action.
fn outcome(outcome: &Outcome) -> Option<String> {
    let State::Failed(class) = outcome.state else { return None };
    let hint = match class {
        FailureClass::AccessDenied => "; the gate's role may not do that",
        FailureClass::Conflict => "; something has changed since it was planned",
        FailureClass::Transient
        | FailureClass::Invalid
        | FailureClass::Quota
        | FailureClass::NotFound
        | FailureClass::Unproven
        | FailureClass::Reported
        | FailureClass::Unknown => "",
    };
    Some(format!("{}: {}{hint}", class.as_str(), outcome.message.as_deref().unwrap_or("it is not said why")))
}

/// How a run ends that leaves this behind: what could not be done counts before what was denied.
#[must_use]
pub fn exit(left: &[Left], interrupted: bool) -> Exit {
    let has = |weight: Weight| left.iter().any(|it| it.fate.weight() == weight);
    if left.is_empty() {
        Exit::Done
    } else if interrupted {
        Exit::Interrupted
    } else if has(Weight::Denied) && !has(Weight::CouldNot) {
        Exit::Denied
    } else {
        Exit::CouldNotRun
    }
}
