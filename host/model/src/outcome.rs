//! What became of an action.

use crate::text::shown;
use reeve_json::{Object, Value};
use std::collections::BTreeMap;

/// Longest text of an outcome, characters: what AWS says of an error, the output of a command.
pub const OUTCOME_TEXT_CHARS_MAX: usize = 2_048;

/// What became of one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was made, now or by an earlier try of the same request.
    Applied,
    /// It was so already; nothing was called.
    Unchanged,
    /// AWS has taken it and has not finished within the time that the gate waits.
    Pending,
    /// It was not made, or not proven; the class says why.
    Failed(FailureClass),
    /// An action before it failed.
    Skipped,
}

/// Why a call failed, in one classification for every service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureClass {
    /// Throttling, 5xx, a time-out, a reset: the same call may pass later.
    Transient,
    /// The gate's role may not make the call.
    AccessDenied,
    /// What the call builds on has changed since it was planned.
    Conflict,
    /// AWS refuses the values.
    Invalid,
    /// A quota of AWS is used up.
    Quota,
    /// What the call names is not there.
    NotFound,
    /// The effect was made but could not be proven, such as a delegation that does not resolve.
    Unproven,
    /// What ran has reported a failure, such as a command that exits with 1.
    Reported,
    /// Nothing else: an answer that Reeve does not know.
    Unknown,
}

impl FailureClass {
    /// Every class, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Transient,
        Self::AccessDenied,
        Self::Conflict,
        Self::Invalid,
        Self::Quota,
        Self::NotFound,
        Self::Unproven,
        Self::Reported,
        Self::Unknown,
    ];

    /// Its name in receipts, metrics and replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::AccessDenied => "access_denied",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Quota => "quota",
            Self::NotFound => "not_found",
            Self::Unproven => "unproven",
            Self::Reported => "reported",
            Self::Unknown => "unknown",
        }
    }
}

impl State {
    /// Its name in receipts, metrics and replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Pending => "pending",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one action, and what is worth telling of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub state: State,
    /// A sentence for the person who asked, when there is something to say.
    pub message: Option<String>,
    /// Ids and timings by name, such as `change_id`, `account_id`, `command_id`, `authoritative_ms`.
    pub details: BTreeMap<String, String>,
}

impl Outcome {
    /// An outcome without anything to add.
    #[must_use]
    pub fn of(state: State) -> Self {
        Self { state, message: None, details: BTreeMap::new() }
    }

    /// A failure, with what AWS or the prober says.
    #[must_use]
    pub fn failed(class: FailureClass, message: impl AsRef<str>) -> Self {
        Self::of(State::Failed(class)).message(message)
    }

    /// Adds a sentence, cut to [`OUTCOME_TEXT_CHARS_MAX`] and with control characters escaped.
    #[must_use]
    pub fn message(mut self, message: impl AsRef<str>) -> Self {
        self.message = Some(shown(message.as_ref(), OUTCOME_TEXT_CHARS_MAX));
        self
    }

    /// Adds a detail, cut and escaped likewise.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.details.insert(name.to_owned(), shown(value.as_ref(), OUTCOME_TEXT_CHARS_MAX));
        self
    }

    /// Whether what follows may be made: applied, unchanged or pending.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        match self.state {
            State::Applied | State::Unchanged | State::Pending => true,
            State::Failed(_) | State::Skipped => false,
        }
    }

    /// Reads [`Self::to_json`] back.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |name: &str| object.get(name).and_then(|node| node.as_str());
        let state = match text("state")? {
            "applied" => State::Applied,
            "unchanged" => State::Unchanged,
            "pending" => State::Pending,
            "skipped" => State::Skipped,
            "failed" => {
                let class = text("class")?;
                State::Failed(FailureClass::ALL.into_iter().find(|it| it.as_str() == class)?)
            }
            _ => return None,
        };
        let own = ["state", "class", "message"];
        let details = object.iter().filter(|member| !own.contains(&member.key.as_str()));
        let details = details.map(|member| Some((member.key.to_string(), member.value.as_str()?.to_owned())));
        let details = details.collect::<Option<BTreeMap<_, _>>>()?;
        Some(Self { state, message: text("message").map(str::to_owned), details })
    }

    /// Stable JSON, for receipts, replies and the ledger.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.set("state", self.state.as_str());
        if let State::Failed(class) = self.state {
            object.set("class", class.as_str());
        }
        if let Some(message) = &self.message {
            object.set("message", message.as_str());
        }
        for (name, value) in &self.details {
            object.set(name.as_str(), value.as_str());
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_reads_back() {
        let states = [State::Applied, State::Unchanged, State::Pending, State::Skipped];
        let failed = FailureClass::ALL.into_iter().map(State::Failed);
        for state in states.into_iter().chain(failed) {
            let outcome = Outcome::of(state).message("why\u{1b}").detail("change_id", "C1");
            assert_eq!(Outcome::from_json(&outcome.to_json()), Some(outcome.clone()), "{outcome:?}");
            assert_eq!(Outcome::from_json(&Outcome::of(state).to_json()), Some(Outcome::of(state)));
        }
        for bad in [r#"{}"#, r#"{"state":"done"}"#, r#"{"state":"failed"}"#, r#"{"state":"applied","x":1}"#, "[]"] {
            let options = reeve_json::Options { bytes_max: 99, depth_max: 9, strings: reeve_json::StringRule::Any };
            let node = reeve_json::parse(bad.as_bytes(), &options).expect("JSON");
            assert_eq!(Outcome::from_json(&node.value), None, "{bad}");
        }
    }

    #[test]
    fn texts_are_cut_at_the_limit() {
        let long = "x".repeat(OUTCOME_TEXT_CHARS_MAX + 1);
        let outcome = Outcome::failed(FailureClass::Invalid, &long).detail("stdout", &long);
        assert_eq!(outcome.message.map(|it| it.len()), Some(OUTCOME_TEXT_CHARS_MAX));
        assert_eq!(outcome.details.get("stdout").map(String::len), Some(OUTCOME_TEXT_CHARS_MAX));
    }
}
