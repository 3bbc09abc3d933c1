//! What can be asked. One file per kind: its strict `detail` schema, the facts it needs, and the exact actions.
//!
//! Everything here is a pure function of the event, the gate's configuration and the facts. Adding a kind is adding a
//! file that implements [`Kind`], and a reader of its part of the gate file.

mod ask;
mod cert_validation;
mod create_account;
mod deregister_host;
mod dns_batch;
mod dns_change;
mod dns_delegation;
mod dns_record_change;
mod fields;
mod list_accounts;
mod merge;
mod move_account;
mod organization;
pub mod policy_document;
mod put_parameter;
mod register_host;
mod scp_update;
mod tag_account;
mod team;
#[cfg(test)]
mod testing;
mod world;
mod world_json;

pub use ask::{Ask, forbidden_always};
pub use cert_validation::CertValidation;
pub use create_account::{CreateAccount, ForwardBus};
pub use deregister_host::DeregisterHost;
pub use dns_batch::Zone;
pub use dns_delegation::DnsDelegation;
pub use dns_record_change::DnsRecordChange;
pub use fields::Fields;
pub use list_accounts::ListAccounts;
pub use merge::Merge;
pub use move_account::MoveAccount;
pub use organization::{Organization, OrganizationAccount, Scp, Unit};
pub use put_parameter::PutParameter;
pub use register_host::{Document, RegisterHost};
pub use scp_update::ScpUpdate;
pub use tag_account::TagAccount;
pub use team::Team;
pub use world::{DelegatedZone, Instance, Inventory, Need, Parameter, Probe, RecordSet, World};

use reeve_json::Value;
use reeve_model::{PlannedAction, Refusal};

/// Where a kind's nonce stands, and how strict its `detail` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailRule {
    /// A request of ours: `nonce` and `dryrun` are ours, every other field must be known.
    Ours,
    /// An event of an AWS service: its `RequestId` is the nonce, and AWS may add fields.
    Aws,
}

/// A thing that can be asked, as one gate has configured it.
pub trait Kind: Send + Sync {
    /// Its name: the `detail-type` of a request of ours.
    fn name(&self) -> &str;

    /// The `detail-type` of its events.
    fn detail_type(&self) -> &str {
        self.name()
    }

    /// The EventBridge pattern that routes events to it when the gate file names none.
    fn default_pattern(&self) -> Value {
        Value::object([("detail-type", Value::array([self.detail_type()]))])
    }

    /// How `detail` is read.
    fn detail_rule(&self) -> DetailRule {
        DetailRule::Ours
    }

    /// Reads `detail`.
    ///
    /// # Errors
    /// Every refusal found, with the JSON pointer of the value at fault.
    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>>;
}

/// A request whose `detail` is typed, before its facts are known.
pub trait Draft {
    /// The facts to read before the actions can be worked out.
    fn needs(&self) -> Vec<Need>;

    /// The exact actions, in the order they will be made.
    ///
    /// # Errors
    /// Every refusal found.
    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>>;

    /// What the reply holds beside the decision, such as a directory. `Value::Array` is sent in pages.
    fn answer(&self, _world: &World) -> Option<Value> {
        None
    }

    /// What is to be proven from outside once the actions are made.
    fn probe(&self, _world: &World) -> Option<Probe> {
        None
    }

    /// Whether the request is planned and judged again once these actions are made, because what comes next depends on
    /// what they make.
    fn continues(&self, _world: &World) -> bool {
        false
    }

    /// What the sender holds once the actions are made, beside record sets: `(scope, name, value)`.
    fn holdings(&self, _world: &World) -> Vec<(String, String, String)> {
        Vec::new()
    }

    /// What the sender no longer holds once the actions are made, beside record sets: `(scope, name, value)`. What has
    /// another value by then was taken again, and stays.
    fn released(&self, _world: &World) -> Vec<(String, String, String)> {
        Vec::new()
    }
}
