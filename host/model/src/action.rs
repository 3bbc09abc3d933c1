//! The exact AWS changes. What is judged is what is executed: the same value. Mirrors `wit/v0.1/types.wit`.

use crate::record::RecordType;
use crate::{AccountId, Digest, DnsName};
use reeve_json::{Object, Value};

/// One exact AWS change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Route 53 ChangeResourceRecordSets.
    ChangeRecordSets(ChangeRecordSets),
    /// Route 53 CreateHostedZone.
    CreateHostedZone(CreateHostedZone),
    /// SSM PutParameter.
    PutParameter(PutParameter),
    /// SSM DeleteParameter.
    DeleteParameter(DeleteParameter),
    /// SSM SendCommand.
    SendCommand(SendCommand),
    /// Organizations CreateAccount.
    CreateAccount(CreateAccount),
    /// Organizations MoveAccount.
    MoveAccount(MoveAccount),
    /// Organizations TagResource.
    TagResource(TagResource),
    /// Organizations CreatePolicy.
    CreatePolicy(CreatePolicy),
    /// Organizations UpdatePolicy.
    UpdatePolicy(UpdatePolicy),
    /// Organizations AttachPolicy.
    AttachPolicy(Attachment),
    /// Organizations DetachPolicy.
    DetachPolicy(Attachment),
    /// EventBridge PutRule and PutTargets.
    PutRule(PutRule),
    /// A file in a pull request.
    MergeFile(MergeFile),
}

/// An action and the part of the event it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAction {
    /// JSON pointer into the event.
    pub at: String,
    /// The change.
    pub action: Action,
}

/// What a change does to a record set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Make it; it must not exist.
    Create,
    /// Make it or replace it.
    Upsert,
    /// Remove it; it must exist exactly so.
    Delete,
}

impl Operation {
    /// The API's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Upsert => "UPSERT",
            Self::Delete => "DELETE",
        }
    }
}

/// Where an alias record points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasTarget {
    /// Target name.
    pub name: DnsName,
    /// Hosted zone of the target.
    pub hosted_zone_id: String,
    /// Whether Route 53 follows the target's health.
    pub evaluate_target_health: bool,
}

/// What a record set holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordContent {
    /// Canonical values, in the order asked.
    Values(Vec<String>),
    /// An alias.
    Alias(AliasTarget),
}

/// One change of one record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSetChange {
    /// JSON pointer of the change in the event.
    pub at: String,
    /// What to do.
    pub operation: Operation,
    /// Owner name.
    pub name: DnsName,
    /// Record type.
    pub record_type: RecordType,
    /// Time to live; none for an alias.
    pub ttl_seconds: Option<u32>,
    /// Content.
    pub content: RecordContent,
}

/// Route 53 ChangeResourceRecordSets on one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecordSets {
    /// Hosted zone id, without prefix.
    pub hosted_zone_id: String,
    /// The zone's name.
    pub zone_name: DnsName,
    /// Whether the zone is private.
    pub private_zone: bool,
    /// The changes, in order.
    pub changes: Vec<RecordSetChange>,
}

/// Route 53 CreateHostedZone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateHostedZone {
    /// The zone's name.
    pub name: DnsName,
    /// Makes a retry safe.
    pub caller_reference: String,
    /// Comment on the zone.
    pub comment: String,
}

/// SSM PutParameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutParameter {
    /// Full name.
    pub name: String,
    /// New value.
    pub value: String,
    /// `String` or `StringList`.
    pub parameter_type: String,
    /// Whether a value may be replaced.
    pub overwrite: bool,
    /// The value that is there now.
    pub before: Option<String>,
}

/// SSM DeleteParameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteParameter {
    /// Full name.
    pub name: String,
}

/// SSM SendCommand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendCommand {
    /// Instances that run it.
    pub instance_ids: Vec<String>,
    /// Document name.
    pub document_name: String,
    /// Pinned version.
    pub document_version: String,
    /// SHA-256 of the document; none for one that AWS owns.
    pub document_hash: Option<String>,
    /// Parameters by name.
    pub parameters: Vec<(String, Vec<String>)>,
    /// Role to assume first.
    pub role_arn: String,
    /// Region of the call.
    pub region: String,
    /// Comment, holding the nonce.
    pub comment: String,
    /// Delivery timeout, seconds.
    pub timeout_seconds: u32,
}

/// A tag: key and value.
pub type Tag = (String, String);

/// An organizational unit, or the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationalUnit {
    /// Name.
    pub name: String,
    /// `ou-…` or `r-…`.
    pub id: String,
}

/// Organizations CreateAccount, then MoveAccount into its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccount {
    /// Account name.
    pub name: String,
    /// E-mail address of the root user.
    pub email: String,
    /// Role made in the account.
    pub role_name: String,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Where the account goes.
    pub destination: OrganizationalUnit,
}

/// Organizations MoveAccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveAccount {
    /// Account to move.
    pub account: AccountId,
    /// Where it is.
    pub source: OrganizationalUnit,
    /// Where it goes.
    pub destination: OrganizationalUnit,
}

/// Organizations TagResource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagResource {
    /// Account, unit, root or policy id.
    pub resource_id: String,
    /// Tags to set.
    pub tags: Vec<Tag>,
}

/// Organizations CreatePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePolicy {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// The document, as it will be stored.
    pub document: String,
}

/// Organizations UpdatePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatePolicy {
    /// Policy id.
    pub policy_id: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// The new document, as it will be stored.
    pub document: String,
    /// The document that is there now.
    pub before: String,
}

/// A policy that exists, or that an earlier action of the request makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRef {
    /// Name.
    pub name: String,
    /// Id; none while the policy does not exist.
    pub id: Option<String>,
}

/// A policy and its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The policy.
    pub policy: PolicyRef,
    /// Root, unit or account.
    pub target_id: String,
}

/// EventBridge PutRule and PutTargets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRule {
    /// Bus the rule is on.
    pub bus: String,
    /// Rule name.
    pub name: String,
    /// Event pattern, canonical JSON.
    pub pattern: String,
    /// ARN of the target bus.
    pub target_arn: String,
}

/// A file that a merge would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeFile {
    /// Path in the repository.
    pub path: String,
    /// Media type.
    pub media_type: String,
    /// Content before.
    pub before: Option<String>,
    /// Content after.
    pub after: Option<String>,
}

impl PlannedAction {
    /// Digest over exact actions in their order: what a permit is for.
    #[must_use]
    pub fn digest(actions: &[Self]) -> Digest {
        Digest::of(reeve_json::canonical(&Value::array(actions.iter().map(Self::to_json))).as_bytes())
    }

    /// The action as stable JSON: `call` (service and operation), `at`, then every parameter.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.set("call", self.action.call());
        object.set("at", self.at.as_str());
        self.action.parameters(&mut object);
        Value::Object(object)
    }
}

impl Action {
    /// Service and operation, as IAM writes them.
    #[must_use]
    pub fn call(&self) -> &'static str {
        match self {
            Self::ChangeRecordSets(_) => "route53:ChangeResourceRecordSets",
            Self::CreateHostedZone(_) => "route53:CreateHostedZone",
            Self::PutParameter(_) => "ssm:PutParameter",
            Self::DeleteParameter(_) => "ssm:DeleteParameter",
            Self::SendCommand(_) => "ssm:SendCommand",
            Self::CreateAccount(_) => "organizations:CreateAccount",
            Self::MoveAccount(_) => "organizations:MoveAccount",
            Self::TagResource(_) => "organizations:TagResource",
            Self::CreatePolicy(_) => "organizations:CreatePolicy",
            Self::UpdatePolicy(_) => "organizations:UpdatePolicy",
            Self::AttachPolicy(_) => "organizations:AttachPolicy",
            Self::DetachPolicy(_) => "organizations:DetachPolicy",
            Self::PutRule(_) => "events:PutRule",
            Self::MergeFile(_) => "merge-file",
        }
    }

    fn parameters(&self, object: &mut Object) {
        match self {
            Self::ChangeRecordSets(it) => {
                object.set("hosted_zone_id", it.hosted_zone_id.as_str());
                object.set("zone_name", it.zone_name.as_str());
                object.set("private_zone", it.private_zone);
                object.set("changes", Value::array(it.changes.iter().map(change_json)));
            }
            Self::CreateHostedZone(it) => set(
                object,
                [("name", it.name.as_str()), ("caller_reference", &it.caller_reference), ("comment", &it.comment)],
            ),
            Self::PutParameter(it) => {
                set(object, [("name", &it.name), ("value", &it.value), ("parameter_type", &it.parameter_type)]);
                object.set("overwrite", it.overwrite);
                object.set("before", it.before.clone());
            }
            Self::DeleteParameter(it) => object.set("name", it.name.as_str()),
            Self::SendCommand(it) => send_command(it, object),
            Self::CreateAccount(it) => {
                set(object, [("name", &it.name), ("email", &it.email), ("role_name", &it.role_name)]);
                object.set("tags", tags(&it.tags));
                object.set("destination", unit(&it.destination));
            }
            Self::MoveAccount(it) => {
                object.set("account", it.account.as_str());
                object.set("source", unit(&it.source));
                object.set("destination", unit(&it.destination));
            }
            Self::TagResource(it) => {
                object.set("resource_id", it.resource_id.as_str());
                object.set("tags", tags(&it.tags));
            }
            Self::CreatePolicy(it) => {
                set(object, [("name", &it.name), ("description", &it.description), ("document", &it.document)]);
            }
            Self::UpdatePolicy(it) => {
                set(object, [("policy_id", &it.policy_id), ("name", &it.name), ("description", &it.description)]);
                set(object, [("document", &it.document), ("before", &it.before)]);
            }
            Self::AttachPolicy(it) | Self::DetachPolicy(it) => {
                object.set("policy", it.policy.name.as_str());
                object.set("policy_id", it.policy.id.clone());
                object.set("target_id", it.target_id.as_str());
            }
            Self::PutRule(it) => {
                set(object, [("bus", &it.bus), ("name", &it.name), ("pattern", &it.pattern)]);
                object.set("target_arn", it.target_arn.as_str());
            }
            Self::MergeFile(it) => {
                set(object, [("path", &it.path), ("media_type", &it.media_type)]);
                object.set("before", it.before.clone());
                object.set("after", it.after.clone());
            }
        }
    }
}

fn set<'a, T: AsRef<str> + ?Sized + 'a>(object: &mut Object, fields: impl IntoIterator<Item = (&'a str, &'a T)>) {
    for (name, text) in fields {
        object.set(name, text.as_ref());
    }
}

fn send_command(it: &SendCommand, object: &mut Object) {
    object.set("instance_ids", Value::array(it.instance_ids.iter().map(String::as_str)));
    set(object, [("document_name", &it.document_name), ("document_version", &it.document_version)]);
    object.set("document_hash", it.document_hash.clone());
    let parameters =
        it.parameters.iter().map(|(name, values)| (name.as_str(), Value::array(values.iter().map(String::as_str))));
    object.set("parameters", Value::object(parameters));
    set(object, [("role_arn", &it.role_arn), ("region", &it.region), ("comment", &it.comment)]);
    object.set("timeout_seconds", it.timeout_seconds);
}

fn change_json(change: &RecordSetChange) -> Value {
    let mut object = Object::new();
    object.set("at", change.at.as_str());
    object.set("operation", change.operation.as_str());
    object.set("name", change.name.as_str());
    object.set("type", change.record_type.as_str());
    object.set("ttl_seconds", change.ttl_seconds);
    match &change.content {
        RecordContent::Values(values) => object.set("values", Value::array(values.iter().map(String::as_str))),
        RecordContent::Alias(alias) => {
            let mut target = Object::new();
            target.set("name", alias.name.as_str());
            target.set("hosted_zone_id", alias.hosted_zone_id.as_str());
            target.set("evaluate_target_health", alias.evaluate_target_health);
            object.set("alias", target);
        }
    }
    Value::Object(object)
}

fn tags(tags: &[Tag]) -> Value {
    Value::object(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

fn unit(unit: &OrganizationalUnit) -> Value {
    Value::object([("name", unit.name.as_str()), ("id", unit.id.as_str())])
}
