//! Who can be asked: resolvers, the servers of the parent zone, and the addresses of name servers.

use crate::ProberConfig;
use crate::ask::absolute;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use reeve_model::{DnsName, NameRule};
use std::net::{Ipv4Addr, SocketAddr};

/// Most servers of a parent zone that are asked: no zone needs more, and each costs a question a round.
const PARENT_SERVERS_MAX: usize = 8;
/// Most addresses of one name server that are tried until one answers: an IPv4 and an IPv6 address, and a spare.
const ADDRESSES_MAX: usize = 3;

/// The machine's resolvers could not be read, or none can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no resolver can be used: {0}")]
pub struct BadResolver(String);

impl From<NetError> for BadResolver {
    fn from(error: NetError) -> Self {
        Self(error.to_string())
    }
}

/// A recursive resolver, and what to call it.
pub(crate) struct Recursive {
    resolver: TokioResolver,
    pub(crate) name: String,
}

impl Recursive {
    /// One for each address, or one for all of the machine's own.
    pub(crate) fn all(config: &ProberConfig) -> Result<Vec<Self>, BadResolver> {
        let provider = TokioRuntimeProvider::default;
        if config.resolvers.is_empty() {
            let mut builder = TokioResolver::builder_tokio()?;
            set(builder.options_mut(), config);
            return Ok(vec![Self { resolver: builder.build()?, name: "the machine's resolver".to_owned() }]);
        }
        let one = |address: &SocketAddr| {
            let on = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let connections = vec![on(ConnectionConfig::udp()), on(ConnectionConfig::tcp())];
            let server = NameServerConfig::new(address.ip(), true, connections);
            let config_of = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            let mut builder = TokioResolver::builder_with_config(config_of, provider());
            set(builder.options_mut(), config);
            Ok(Self { resolver: builder.build()?, name: format!("resolver `{address}`") })
        };
        config.resolvers.iter().map(one).collect()
    }

    /// The IPv4 addresses of a name.
    pub(crate) async fn addresses(&self, name: &DnsName) -> Result<Vec<Ipv4Addr>, String> {
        let answer = self.resolver.lookup(absolute(name)?, RecordType::A).await.map_err(|error| said(&error))?;
        let address = |data: &RData| if let RData::A(address) = data { Some(address.0) } else { None };
        Ok(answer.answers().iter().filter_map(|record| address(&record.data)).collect())
    }

    async fn name_servers(&self, zone: &DnsName) -> Result<Vec<DnsName>, String> {
        let answer = self.resolver.lookup(absolute(zone)?, RecordType::NS).await.map_err(|error| said(&error))?;
        let records = answer.answers().iter().filter(|record| record.record_type() == RecordType::NS);
        Ok(records.filter_map(|record| DnsName::parse(&record.data.to_string(), NameRule::Target).ok()).collect())
    }

    /// Where the name server of this name can be asked, in the order to try.
    pub(crate) async fn sockets(&self, server: &DnsName, config: &ProberConfig) -> Result<Vec<SocketAddr>, String> {
        if let Some(known) = config.servers.get(server) {
            return Ok(known.iter().map(|address| SocketAddr::new(*address, config.port)).collect());
        }
        let found = self.resolver.lookup_ip(absolute(server)?).await.map_err(|error| said(&error))?;
        Ok(found.iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, config.port)).collect())
    }

    /// The authoritative servers of the zone that `zone` is delegated from: of the nearest name above it that has any.
    pub(crate) async fn parents(
        &self,
        zone: &DnsName,
        config: &ProberConfig,
    ) -> Result<Vec<(String, Vec<SocketAddr>)>, String> {
        let mut above = zone.parent();
        let mut last = format!("`{zone}` has no parent");
        while let Some(name) = above {
            if let Some(known) = config.parents.get(&name) {
                return Ok(known.iter().map(|socket| (socket.to_string(), vec![*socket])).collect());
            }
            match self.name_servers(&name).await {
                Ok(servers) if !servers.is_empty() => {
                    let mut found = Vec::new();
                    for server in servers.iter().take(PARENT_SERVERS_MAX) {
                        found.push((server.to_string(), self.sockets(server, config).await?));
                    }
                    return Ok(found);
                }
                Ok(_) => last = format!("`{name}` has no name servers"),
                Err(error) => last = format!("the name servers of `{name}`: {error}"),
            }
            above = name.parent();
        }
        Err(last)
    }
}

fn set(options: &mut ResolverOpts, config: &ProberConfig) {
    options.timeout = config.query_timeout;
    options.attempts = 1;
    // What is asked again is meant to be asked again: nothing is answered from memory here.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
}

/// An answer without records is an error in the library's terms; its sentence is long and names the question again.
fn said(error: &NetError) -> String {
    if let NetError::Dns(DnsError::NoRecordsFound(none)) = error {
        return none.response_code.to_string();
    }
    error.to_string()
}
