//! The rules that look beyond one document: what a request makes of the organization as a whole.
//!
//! Base is the organization as the fact `organization` says it is, head is the same with the request's actions made. The
//! rules compare the two by the simulation of `reeve-scp`: who is locked out, what level allows nothing any more, which
//! Deny is lost. They follow "SCP evaluation", "Best practices for SCPs" and "Quotas" of the AWS Organizations user guide.
//! What a document says by itself is judged in [`crate::rules`].

mod breakglass;
mod describe;
mod levels;
mod lockout;
mod pieces;
mod reachable;
pub(crate) mod removed;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod widened;

pub use settings::Settings;

use crate::rules::Severity;
use reeve_sdk::{FactValue, PlannedAction};
use state::State;
use view::View;

/// The name of the fact that holds the organization.
pub const FACT: &str = "organization";

/// Every code of these rules with its severity (the worst one, where a code has two) and what it means.
pub const CODES: &[(&str, Severity, &str)] = &[
    BREAKGLASS_CREATABLE,
    SELF_LOCKOUT,
    PROTECTED_ROLE_LOCKOUT,
    DENY_ONLY_SOLE_SCP,
    ALLOW_MISSING_AT_LEVEL,
    ALLOW_INEFFECTIVE,
    ALLOW_UNREACHABLE,
    ALLOW_SHRINKS,
    ALLOW_WIDENS,
    SHADOWED_DENY,
    DIFF_REMOVES_DENY,
    MGMT_NO_EFFECT,
    ATTACH_COUNT,
    LAST_SCP,
    DEPTH,
    ROOT_ATTACH_UNTESTED,
];

pub(crate) type Code = (&'static str, Severity, &'static str);

pub(crate) const REMOVED: Code = DIFF_REMOVES_DENY;

macro_rules! codes {
    ($($name:ident $severity:ident $text:literal;)*) => {
        $(const $name: Code = (stringify!($name), Severity::$severity, $text);)*
    };
}

codes! {
    BREAKGLASS_CREATABLE SecurityWarning "an exempt role that others can make or take over";
    SELF_LOCKOUT Error "a role of the gate loses an action it needs (if it only may lose it: a warning)";
    PROTECTED_ROLE_LOCKOUT Error "a protected role loses an action it needs (if it only may lose it: a warning)";
    DENY_ONLY_SOLE_SCP Error "a target whose SCPs allow nothing";
    ALLOW_MISSING_AT_LEVEL Error "an action in use that a level no longer allows";
    ALLOW_INEFFECTIVE Warning "an Allow beside one of everything";
    ALLOW_UNREACHABLE Warning "an Allow of what is denied or not allowed above";
    ALLOW_SHRINKS SecurityWarning "a level that allowed everything allows some of it only";
    ALLOW_WIDENS SecurityWarning "a level that allowed some of it only allows more, which was denied until now";
    SHADOWED_DENY Suggestion "a Deny that stands further up already";
    DIFF_REMOVES_DENY SecurityWarning "a Deny is dropped, or gets an exemption";
    MGMT_NO_EFFECT Warning "a rule for the management account, which SCPs do not bind";
    ATTACH_COUNT Error "more SCPs on one target than AWS allows";
    LAST_SCP Error "a target without any SCP";
    DEPTH Error "a unit deeper than AWS allows";
    ROOT_ATTACH_UNTESTED SecurityWarning "an SCP on the root that was on no test unit before";
}

/// One thing that is wrong with what a request makes of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, one of [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// What to do instead, where there is one answer.
    pub fix: Option<String>,
    /// JSON pointer of the action that causes it.
    pub at: String,
    /// Further names and values: policy, sid, line, column, level, accounts.
    pub extra: Vec<(String, String)>,
}

/// What came of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They were run.
    Judged(Vec<Finding>),
    /// There is no organization to judge by; the text says why.
    NoFact(String),
    /// The organization, or what the request makes of it, cannot be judged; nothing can be said to be safe.
    Unusable(String),
    /// A document of the request cannot be evaluated. It has findings of its own.
    Unreadable(String),
}

/// Whether the organization has a policy of this name and attaches it to nothing.
#[must_use]
pub(crate) fn attached_nowhere(fact: Option<&FactValue>, name: &str) -> bool {
    let Some(FactValue::Json(text)) = fact else { return false };
    let Ok(state) = State::parse(text) else { return false };
    let mut keys = state.policies.iter().filter(|(_, policy)| policy.name == name).map(|(key, _)| key);
    let Some(key) = keys.next() else { return false };
    state.attachments.values().flatten().all(|attached| attached != key)
}

/// Judges the actions of a request.
#[must_use]
pub fn judge(actions: &[PlannedAction], fact: Option<&FactValue>, settings: &Settings) -> Outcome {
    let text = match fact {
        None => return Outcome::NoFact("the policy is given no organization".to_owned()),
        Some(FactValue::Missing(why)) => return Outcome::NoFact(why.clone()),
        Some(FactValue::Json(text)) => text,
        Some(FactValue::Invalid(why)) => return Outcome::Unusable(why.clone()),
        Some(FactValue::Text(_) | FactValue::Texts(_)) => return Outcome::Unusable("it is a text".to_owned()),
    };
    let base = match State::parse(text) {
        Ok(base) => base,
        Err(why) => return Outcome::Unusable(why),
    };
    let (head, changes) = match base.with(actions, &settings.scp_folder) {
        Ok(head) => head,
        Err(why) => return Outcome::Unusable(why),
    };
    if changes.is_empty() {
        return Outcome::Judged(Vec::new());
    }
    let mut found = Vec::new();
    levels::depth(&head, &changes, &mut found);
    if !found.is_empty() {
        // Deeper than AWS allows, there is no chain to decide by.
        return Outcome::Judged(found);
    }
    // What AWS took before this request need not be readable here; what it is to take must be.
    let before = base.compile().ok();
    let after = match head.compile() {
        Ok(after) => after,
        Err(state::Broken::Document { policy, message }) => {
            let own = changes.iter().any(|change| change.stores(&policy));
            let message = format!("policy `{}` cannot be evaluated: {message}", policy.escape_debug());
            return if own { Outcome::Unreadable(message) } else { Outcome::Unusable(message) };
        }
        Err(state::Broken::Tree(message)) => return Outcome::Unusable(message),
    };
    let view = View { base: &base, head: &head, before: before.as_ref(), after: &after, changes: &changes, settings };
    levels::check(&view, &mut found);
    lockout::check(&view, &mut found);
    breakglass::check(&view, &mut found);
    reachable::check(&view, &mut found);
    removed::check(&view, &mut found);
    widened::check(&view, &mut found);
    Outcome::Judged(found)
}
