//! What the CloudFormation of one gate is made of: plain values, filled in by whoever has read the gate file.

use crate::{PolicyDocument, Statement};
use reeve_json::Value;
use reeve_model::{AccountId, Region};

/// Everything that the template of a gate says.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// Name of the gate: letters, digits and `-`, at most 40. Role and function are named `reeve-<gate>`.
    pub gate: &'a str,
    /// The account it acts in.
    pub account: &'a AccountId,
    /// Its Region, which also says the partition.
    pub region: &'a Region,
    /// Name of the event bus. `default` exists in every account and is not made.
    pub bus: &'a str,
    /// Who may put events on the bus.
    pub senders: Senders<'a>,
    /// How events come from the bus to the gate.
    pub source: Source<'a>,
    /// What runs the gate.
    pub runs: Runs<'a>,
    /// The kinds it takes, each with a rule of its own.
    pub kinds: Vec<KindNeeds<'a>>,
    /// Where replies go.
    pub reply: Option<Reply<'a>>,
    /// Where it remembers what it has done.
    pub ledger: Ledger<'a>,
    /// Where receipts are kept.
    pub receipts: Receipts<'a>,
    /// SSM parameters that it reads as facts.
    pub parameters: Vec<ParameterRead<'a>>,
    /// ARNs of the roles that it may assume; `{account}` stands for the id of any sender's account.
    pub roles: Vec<&'a str>,
    /// The gate's part of the IAM twin; empty for a gate that changes no record sets.
    pub twin: &'a [PolicyDocument],
    /// ARNs of SNS topics that are told of an event which ended in a dead-letter queue.
    pub alarm_topics: Vec<&'a str>,
    /// How long logs are kept, days; one of the numbers that CloudWatch Logs takes.
    pub log_days: u32,
}

/// Who may put events on the gate's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Senders<'a> {
    /// These accounts.
    Accounts(Vec<&'a AccountId>),
    /// Every account of an organization, `o-…`.
    Organization(&'a str),
}

/// How events come from the bus to the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<'a> {
    /// Through a queue.
    Sqs {
        /// Name of the queue; that of a FIFO queue ends with `.fifo`.
        queue: &'a str,
        /// Whether it is a FIFO queue.
        fifo: bool,
        /// How long a received message stays hidden, seconds. A function needs six times its timeout and gets at least
        /// that.
        visibility_seconds: u32,
    },
    /// The rules invoke the function.
    Lambda,
}

/// What runs the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs<'a> {
    /// A Lambda function.
    Function(Function<'a>),
    /// `reeve serve` elsewhere: the services that may take the role, such as `ecs-tasks.amazonaws.com`.
    Service(Vec<&'a str>),
}

/// The Lambda function of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function<'a> {
    /// Longest run, seconds, at most 900.
    pub timeout_seconds: u32,
    /// Memory, MiB, 128 to 10,240.
    pub memory_mib: u32,
    /// Environment variables.
    pub environment: Vec<(&'a str, &'a str)>,
}

/// One kind of the gate.
#[derive(Debug, Clone, PartialEq)]
pub struct KindNeeds<'a> {
    /// Its name, such as `DNS_RECORD_CHANGE`.
    pub name: &'a str,
    /// The detail-type of its events.
    pub detail_type: &'a str,
    /// The event pattern of its rule. The event is handed on as it is: a rule that rewrites events could write another
    /// sender.
    pub pattern: Value,
    /// Name of its rule on the bus; see [`rule_name`].
    pub rule: String,
    /// What the gate's role must be allowed for it; [`crate::needs`] has those of Reeve's own kinds.
    pub permissions: Vec<Statement>,
}

/// Where replies go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Name of a bus in the gate's account and Region.
    pub bus: &'a str,
    /// The `source` of replies; no other may be put.
    pub source: &'a str,
    /// Their detail-types; no other may be put.
    pub detail_types: Vec<&'a str>,
}

/// Where the gate remembers what it has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger<'a> {
    /// A file of its own: nothing is made.
    Sqlite,
    /// A DynamoDB table, with the keys that Reeve's ledger has there.
    Dynamo {
        /// Its name.
        table: &'a str,
    },
}

/// Where receipts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipts<'a> {
    /// A folder, or nowhere: nothing is made.
    Dir,
    /// An S3 bucket.
    S3 {
        /// Its name.
        bucket: &'a str,
        /// What the keys of receipts begin with, without a slash at its end; may be empty.
        prefix: &'a str,
        /// How long nobody can remove a receipt, days; the bucket is made with object lock. `None`: without lock.
        lock_days: Option<u32>,
    },
}

/// An SSM parameter, or a path of them, that the gate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterRead<'a> {
    /// The name with its leading slash; `{sender.account}` stands for any account id.
    pub name: &'a str,
    /// Whether everything below the name is read, rather than the name.
    pub below: bool,
}

/// The name of a kind's rule where the user chooses none: `<gate>-dns-record-change`.
#[must_use]
pub fn rule_name(gate: &str, kind: &str) -> String {
    format!("{gate}-{}", kind.to_ascii_lowercase().replace('_', "-"))
}
