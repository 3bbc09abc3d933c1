//! The rule by which a bus sends to a new account.
//!
//! The new account's bus must admit the bus that sends before EventBridge takes the rule: it asks the target's policy
//! when the target is put. Source: EventBridge API reference, PutRule and PutTargets; user guide, cross-account buses.

use reeve_json::{Value, canonical};
use reeve_model::AccountId;
use reeve_model::action::PutRule;

/// A bus that is to send to every account that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardBus {
    /// Name or ARN of the bus that sends.
    pub bus: String,
    /// What the rule's name begins with; the new account's id follows.
    pub rule_prefix: String,
    /// Detail-types that are sent on.
    pub detail_types: Vec<String>,
    /// Accounts whose events are sent on. Without them, whoever can put an event on the bus could reach every account.
    pub from: Vec<AccountId>,
    /// ARN of the bus in a new account; `{account}` stands for that account's id.
    pub target: String,
}

impl ForwardBus {
    /// What stands for the new account's id in [`ForwardBus::target`].
    pub const ACCOUNT_SLOT: &'static str = "{account}";

    /// The pattern of the events that are sent on, canonical JSON.
    #[must_use]
    pub fn pattern(&self) -> String {
        canonical(&Value::object([
            ("account", Value::array(self.from.iter().map(AccountId::as_str))),
            ("detail-type", Value::array(self.detail_types.iter().map(String::as_str))),
        ]))
    }

    /// The rule for one account.
    pub(super) fn rule(&self, account: &AccountId) -> PutRule {
        PutRule {
            bus: self.bus.clone(),
            name: format!("{}{account}", self.rule_prefix),
            pattern: self.pattern(),
            target_arn: self.target.replace(Self::ACCOUNT_SLOT, account.as_str()),
        }
    }
}
