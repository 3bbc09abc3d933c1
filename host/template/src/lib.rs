//! The CloudFormation of a gate, and the IAM policies that bound it even if Reeve had a bug.
//!
//! Pure functions of values: equal input gives equal bytes. The crate opens no file, calls nothing, and does not know
//! the gate file: whoever has read it fills in a [`Template`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod check;
mod intake;
mod keep;
mod names;
pub mod needs;
mod partition;
mod policy;
mod run;
mod stack;
mod template;
mod twin;

pub use names::{TwinNames, normal_form};
pub use partition::Partition;
pub use policy::{Condition, Effect, POLICY_CHARS_MAX, Statement, document};
pub use stack::cloudformation;
pub use template::{
    Function, KindNeeds, Ledger, ParameterRead, Receipts, Reply, Runs, Senders, Source, Template, rule_name,
};
pub use twin::{AccountTwin, POLICIES_PER_ROLE_MAX, Part, PolicyDocument, Twin, TwinKind, TwinOptions, TwinZone};
pub use twin::{iam_twin, iam_twin_of};

/// The text of a template or policy: indented by two spaces, members in order, one newline at the end.
#[must_use]
pub fn render(value: &reeve_json::Value) -> String {
    reeve_json::pretty(value) + "\n"
}
