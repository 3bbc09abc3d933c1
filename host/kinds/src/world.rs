//! Facts about the world that planning needs, as values. Where they were read is not known here.

use crate::Organization;
use reeve_model::record::RecordType;
use reeve_model::{AccountId, DnsName};
use std::collections::{BTreeMap, BTreeSet};

/// A fact to read before planning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// All record sets of these names in a zone, and CAA sets of their ancestors within it.
    RecordSets {
        /// Hosted zone id.
        zone: String,
        /// Owner names.
        names: BTreeSet<DnsName>,
    },
    /// Names the organization holds with cloud providers, and delegation sets of its zones.
    Inventory,
    /// SSM parameters by full name; one that does not exist is simply absent.
    Parameters(BTreeSet<String>),
    /// An EC2 instance.
    Instance(String),
    /// Units, accounts, policies and attachments.
    Organization,
}

/// The facts that were read. A part that no need asked for is `None` or empty.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Record sets that exist, by zone id.
    pub record_sets: BTreeMap<String, Vec<RecordSet>>,
    /// What the organization holds.
    pub inventory: Inventory,
    /// Parameters that exist.
    pub parameters: BTreeMap<String, Parameter>,
    /// Instances that exist.
    pub instances: BTreeMap<String, Instance>,
    /// The organization.
    pub organization: Option<Organization>,
}

/// A record set that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// Owner name.
    pub name: DnsName,
    /// Type.
    pub record_type: RecordType,
    /// Time to live; none for an alias.
    pub ttl_seconds: Option<u32>,
    /// Canonical values; empty for an alias.
    pub values: Vec<String>,
    /// The account that made it, when known.
    pub owner: Option<AccountId>,
    /// Whether Route 53 protects it.
    pub protected: bool,
}

/// Names that the organization holds outside the zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Names of load balancers, distributions and buckets, with the hosted zone an alias to them needs.
    pub targets: BTreeMap<DnsName, Option<String>>,
    /// Delegation sets of the organization's own zones: zone name to its name servers.
    pub delegation_sets: BTreeMap<DnsName, BTreeSet<DnsName>>,
}

/// An SSM parameter that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its value.
    pub value: String,
    /// `String`, `StringList` or `SecureString`.
    pub parameter_type: String,
}

/// An EC2 instance that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The account it runs in.
    pub account: AccountId,
    /// Its host name, as tagged: chosen by the application's account, so not to be trusted.
    pub host: String,
    /// The DNS zone it asks to be in, as tagged.
    pub zone: String,
    /// Its private IPv4 address, as text.
    pub private_ip: String,
}
