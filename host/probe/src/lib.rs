//! Proves a delegation from outside: the parent's servers refer to the right name servers, each of these answers with
//! authority, and a resolver that follows the delegation finds the same. Reads DNS and nothing else; what is to be
//! proven is a [`Probe`], made by the kind `DNS_DELEGATION`.
//!
//! A resolver is asked only once all authoritative answers are right: a negative answer that it meets earlier it keeps,
//! for 900 seconds behind Route 53 (RFC 2308 and the SOA record that Route 53 writes).

mod ask;
mod proof;
mod prover;
mod servers;

pub use proof::{Failure, Proof, outcome};
pub use prover::Prober;
pub use servers::BadResolver;

use reeve_model::DnsName;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The port of DNS (RFC 1035 section 4.2).
pub const DNS_PORT: u16 = 53;
/// How long a delegation may take until it is proven. Route 53 publishes a change within a minute as a rule, and the
/// executor waits for that before; the rest is resolvers.
pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(120);
/// Time between two rounds of questions: soon enough for a person who waits, seldom enough for other people's servers.
pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(2);
/// How long one server may take over one question: resolvers of the C library wait for five seconds, and a name server
/// of Route 53 answers within a few milliseconds.
pub const QUERY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(2);

/// Whom to ask, and for how long.
#[derive(Debug, Clone)]
pub struct ProberConfig {
    /// Recursive resolvers, each of which must find the record. Empty: those of the machine, asked as one.
    pub resolvers: Vec<SocketAddr>,
    /// Addresses of name servers by their name, for those that are not to be looked up.
    pub servers: BTreeMap<DnsName, Vec<IpAddr>>,
    /// Authoritative servers of a parent zone by the zone's name, for those that are not to be looked up.
    pub parents: BTreeMap<DnsName, Vec<SocketAddr>>,
    /// Port of authoritative servers.
    pub port: u16,
    /// How long all of it may take.
    pub deadline: Duration,
    /// Time between two rounds.
    pub interval: Duration,
    /// How long one server may take over one question.
    pub query_timeout: Duration,
}

impl Default for ProberConfig {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            servers: BTreeMap::new(),
            parents: BTreeMap::new(),
            port: DNS_PORT,
            deadline: DEADLINE_DEFAULT,
            interval: INTERVAL_DEFAULT,
            query_timeout: QUERY_TIMEOUT_DEFAULT,
        }
    }
}

#[cfg(doc)]
use reeve_kinds::Probe;
