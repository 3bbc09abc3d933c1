//! What a policy answers, and what it means when it does not.

use crate::Code;
use crate::limits::{MESSAGE_CHARS_MAX, POINTER_BYTES_MAX};
use reeve_json::Value;
use std::fmt;

/// How bad a finding is. Severity never decides by itself: the verdict does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The request must not happen as it is.
    Error,
    /// A person should look.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The stable text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One finding of a policy or of the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Stable code, upper case.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence for the person who asked.
    pub message: String,
    /// JSON pointer into the event.
    pub at: Option<String>,
    /// What to write instead, or whom to ask.
    pub fix: Option<String>,
    /// Further names and values.
    pub extra: Vec<(String, String)>,
}

impl Reason {
    /// The members of a reason, in a stable order; `extra` only where there is one.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = reeve_json::Object::new();
        object.set("code", self.code.as_str());
        object.set("severity", self.severity.as_str());
        object.set("message", self.message.as_str());
        object.set("at", self.at.clone());
        object.set("fix", self.fix.clone());
        if !self.extra.is_empty() {
            object.set("extra", Value::object(self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
        }
        Value::Object(object)
    }
}

/// A refusal of the host: the request is denied before any policy is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// JSON pointer into the event; empty for the whole event.
    pub at: String,
    /// One sentence for the person who asked: lower case, no full stop, their values in backticks.
    pub message: String,
    /// What to write instead.
    pub fix: Option<String>,
}

impl Refusal {
    /// A refusal without a fix. Pointer and message are cut where a sender made them longer than a person reads.
    #[must_use]
    pub fn new(code: Code, at: impl Into<String>, message: impl Into<String>) -> Self {
        let (mut at, mut message) = (at.into(), message.into());
        if at.len() > POINTER_BYTES_MAX {
            let whole = at.char_indices().take_while(|(place, _)| *place <= POINTER_BYTES_MAX);
            let cut = whole.filter(|(_, char)| *char == '/').last().map_or(0, |(place, _)| place);
            at.truncate(cut);
        }
        if let Some((cut, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
            message.truncate(cut);
            message.push('\u{2026}');
        }
        Self { code, at, message, fix: None }
    }

    /// The same refusal, saying what to write instead.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The refusal as a reason of the policy `host`.
    #[must_use]
    pub fn reason(&self) -> Reason {
        Reason {
            code: self.code.as_str().to_owned(),
            severity: if self.code == Code::DuplicateSuppressed { Severity::Info } else { Severity::Error },
            message: self.message.clone(),
            at: (!self.at.is_empty()).then(|| self.at.clone()),
            fix: self.fix.clone(),
            extra: Vec::new(),
        }
    }
}

/// One policy's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Content; the reasons may hold warnings.
    Allow(Vec<Reason>),
    /// Refuses, for at least one reason.
    Deny(Vec<Reason>),
    /// Has nothing to say; the text says why.
    Abstain(String),
}

impl Verdict {
    /// `allow`, `deny` or `abstain`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Deny(_) => "deny",
            Self::Abstain(_) => "abstain",
        }
    }

    /// The reasons given.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Allow(reasons) | Self::Deny(reasons) => reasons,
            Self::Abstain(_) => &[],
        }
    }
}

/// Why a plugin gave no verdict. Each of them denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It used up its instructions.
    OutOfFuel {
        /// The limit, in units of fuel.
        limit: u64,
    },
    /// It asked for more memory or table than it may have.
    OutOfMemory {
        /// The limit over all memories and tables, bytes.
        limit_bytes: usize,
    },
    /// The wall clock ran out before the fuel did.
    Timeout {
        /// The limit, milliseconds.
        limit_ms: u64,
    },
    /// It called itself too deeply.
    StackOverflow,
    /// It trapped.
    Trap {
        /// What wasm says, and where.
        message: String,
    },
    /// What it returned is not a verdict the host takes.
    BadReply {
        /// What is wrong with it.
        message: String,
    },
    /// It imports something the gate did not grant.
    ImportNotGranted {
        /// The import's name.
        import: String,
    },
    /// It is made for another version of the contract.
    ContractVersion {
        /// What it exports or imports.
        found: String,
        /// What this host speaks.
        supported: &'static str,
    },
    /// It is a component, but does not export the contract's functions, or with other types.
    NotAPolicy {
        /// What is missing or different.
        message: String,
    },
    /// It is not a component at all.
    NotAComponent {
        /// What the compiler says.
        message: String,
    },
    /// It refused its settings.
    SettingsRefused {
        /// Its reasons, joined.
        message: String,
    },
}

impl Fault {
    /// The stable name of the fault.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OutOfFuel { .. } => "OutOfFuel",
            Self::OutOfMemory { .. } => "OutOfMemory",
            Self::Timeout { .. } => "Timeout",
            Self::StackOverflow => "StackOverflow",
            Self::Trap { .. } => "Trap",
            Self::BadReply { .. } => "BadReply",
            Self::ImportNotGranted { .. } => "ImportNotGranted",
            Self::ContractVersion { .. } => "ContractVersion",
            Self::NotAPolicy { .. } => "NotAPolicy",
            Self::NotAComponent { .. } => "NotAComponent",
            Self::SettingsRefused { .. } => "SettingsRefused",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfFuel { limit } => write!(f, "used up its fuel of {limit}"),
            Self::OutOfMemory { limit_bytes } => write!(f, "asked for more than {limit_bytes} bytes of memory"),
            Self::Timeout { limit_ms } => write!(f, "did not finish within {limit_ms} ms"),
            Self::StackOverflow => write!(f, "overflowed its stack"),
            Self::Trap { message } => write!(f, "trapped: {message}"),
            Self::BadReply { message } => write!(f, "gave a reply that is not taken: {message}"),
            Self::ImportNotGranted { import } => write!(f, "imports `{import}`, which is not granted"),
            Self::ContractVersion { found, supported } => {
                write!(f, "speaks `{found}`; this host speaks `{supported}`")
            }
            Self::NotAPolicy { message } => write!(f, "is not a policy: {message}"),
            Self::NotAComponent { message } => write!(f, "is not a component: {message}"),
            Self::SettingsRefused { message } => write!(f, "refuses its settings: {message}"),
        }
    }
}

/// Whether a policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It counts.
    Enforce,
    /// It is asked and recorded, and never counts.
    Monitor,
}

impl Mode {
    /// The stable text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
        }
    }
}

/// What came of asking one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It gave a verdict.
    Verdict(Verdict),
    /// It said, in its own words, that it cannot judge.
    Error(String),
    /// The sandbox stopped it, or it could not be loaded.
    Fault(Fault),
}

/// One policy's answer and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyAnswer {
    /// The policy's id: its name.
    pub policy: String,
    /// Whether it counts.
    pub mode: Mode,
    /// What it said.
    pub answer: Answer,
    /// Fuel that `evaluate` used.
    pub fuel: u64,
    /// Most memory and table it held at once, bytes.
    pub memory_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sender_makes_long_is_cut_at_the_limits() {
        let of = |at: String, message: String| Refusal::new(Code::UnknownField, at, message);
        let key = "k".repeat(POINTER_BYTES_MAX - 3);
        let fits = of(format!("/a/{key}"), "m".repeat(MESSAGE_CHARS_MAX));
        assert_eq!((fits.at.len(), fits.message.len()), (POINTER_BYTES_MAX, MESSAGE_CHARS_MAX));
        let long = of(format!("/a/{key}k"), "m".repeat(MESSAGE_CHARS_MAX + 1));
        assert_eq!(long.at, "/a");
        assert_eq!(long.message.chars().count(), MESSAGE_CHARS_MAX + 1);
        assert!(long.message.ends_with('\u{2026}'));
    }
}
