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
    /// Record sets below a name in a zone, up to 300 of them: enough to know whether there are any.
    Below {
        /// Hosted zone id.
        zone: String,
        /// The name; it is not among them itself.
        name: DnsName,
    },
    /// Names the organization holds with cloud providers, and delegation sets of its zones.
    Inventory,
    /// SSM parameters by full name; one that does not exist is simply absent.
    Parameters(BTreeSet<String>),
    /// An EC2 instance.
    Instance {
        /// Its id.
        id: String,
        /// The account it runs in: the event's, which names only its own instances.
        account: AccountId,
    },
    /// Units, accounts, policies and attachments.
    Organization,
    /// Tags of member accounts.
    Tags(BTreeSet<AccountId>),
    /// The hosted zone of this name that Reeve has made for an account, in that account.
    DelegatedZone {
        /// The zone's name.
        name: DnsName,
        /// The account it is in.
        account: AccountId,
    },
    /// A host that this gate has registered, by the id of its instance.
    RegisteredHost(String),
}

/// The facts that were read. A part that no need asked for is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// How many record sets a zone has, by zone id; a zone that is not here is of unknown size.
    pub zone_sizes: BTreeMap<String, u32>,
    /// Hosted zones that Reeve has made for accounts and that exist, by name.
    pub delegated_zones: BTreeMap<DnsName, DelegatedZone>,
    /// Tags of accounts by account id, those of every account that was asked for; an account without any is not there.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Hosts that this gate has registered, by the id of the instance.
    pub registered_hosts: BTreeMap<String, Instance>,
}

/// A hosted zone that Reeve has made for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedZone {
    /// Hosted zone id, without prefix.
    pub id: String,
    /// The caller reference it was made with.
    pub caller_reference: String,
    /// Its delegation set.
    pub name_servers: BTreeSet<DnsName>,
}

/// Something to be proven from outside, once an action is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Index of the action after which it is asked.
    pub after: usize,
    /// The zone that is delegated.
    pub zone: DnsName,
    /// Its name servers.
    pub name_servers: BTreeSet<DnsName>,
    /// A name in the zone that nobody has asked for before.
    pub name: DnsName,
    /// The address that it must have.
    pub address: std::net::Ipv4Addr,
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
