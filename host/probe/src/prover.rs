//! The rounds of questions: the parent, the delegated servers, then resolvers.

use crate::ask::ask;
use crate::servers::{BadResolver, Recursive};
use crate::{Failure, ProberConfig, Proof};
use hickory_resolver::proto::op::{DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::{RData, RecordType};
use reeve_kinds::Probe;
use reeve_model::DnsName;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Longest round of questions: below the time for which whoever calls holds its lease before each (`CALL_SECONDS_MAX`
/// of the engine, 45 seconds).
const ROUND_MAX: Duration = Duration::from_secs(30);

/// Proves delegations.
pub struct Prober {
    handle: Handle,
    config: ProberConfig,
    resolvers: Vec<Recursive>,
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Prober {
    /// A prober whose network work is done on the runtime of `handle`.
    ///
    /// # Errors
    /// When no resolver is named and the machine's own cannot be read.
    pub fn new(handle: Handle, config: ProberConfig) -> Result<Self, BadResolver> {
        let resolvers = {
            let _inside = handle.enter();
            Recursive::all(&config)?
        };
        Ok(Self { handle, config, resolvers })
    }

    /// Asks until it is proven or the time is over. Blocks; not to be called on a thread of the runtime.
    ///
    /// `hold` is called before every round, such as to hold a lease. A round takes 30 seconds at most.
    ///
    /// # Errors
    /// What `hold` says; nothing is asked any more then.
    pub fn prove<E>(&self, probe: &Probe, mut hold: impl FnMut() -> Result<(), E>) -> Result<Proof, E> {
        let begun = Instant::now();
        let mut proof = Proof { authoritative_ms: None, recursive_ms: None, attempts: 0, failure: None };
        loop {
            hold()?;
            proof.attempts += 1;
            let round = self
                .handle
                .block_on(async { tokio::time::timeout(ROUND_MAX, self.round(probe, &mut proof, begun)).await });
            let timeout =
                || Failure::NeverResolved { last: format!("no answer within {} seconds", ROUND_MAX.as_secs()) };
            proof.failure = round.unwrap_or_else(|_| Err(timeout())).err();
            let over = begun.elapsed() + self.config.interval >= self.config.deadline;
            if proof.failure.is_none() || over {
                return Ok(proof);
            }
            std::thread::sleep(self.config.interval);
        }
    }

    async fn round(&self, probe: &Probe, proof: &mut Proof, begun: Instant) -> Result<(), Failure> {
        if proof.authoritative_ms.is_none() {
            self.parent_refers(probe).await?;
            for server in &probe.name_servers {
                self.server_answers(server, probe).await?;
            }
            proof.authoritative_ms = Some(millis(begun.elapsed()));
        }
        for resolver in &self.resolvers {
            let last = match resolver.addresses(&probe.name).await {
                Ok(found) if found == [probe.address] => continue,
                Ok(found) => format!("{} answers {found:?}", resolver.name),
                Err(said) => format!("{} says: {said}", resolver.name),
            };
            return Err(Failure::NeverResolved { last });
        }
        proof.recursive_ms = Some(millis(begun.elapsed()));
        Ok(())
    }

    /// Every server of the parent must refer to exactly the zone's name servers.
    async fn parent_refers(&self, probe: &Probe) -> Result<(), Failure> {
        let never = |last: String| Failure::NeverResolved { last };
        let first = self.resolvers.first().ok_or_else(|| never("there is no resolver".to_owned()))?;
        let parents = first.parents(&probe.zone, &self.config).await.map_err(never)?;
        for (server, sockets) in parents {
            let answer = self.ask_any(&sockets, &probe.zone, RecordType::NS).await;
            let answer = answer.map_err(|said| never(format!("the parent's server `{server}` says: {said}")))?;
            // A server that holds the parent and the zone answers instead of referring.
            let records = answer.answers.iter().chain(&answer.authorities);
            let absolute = format!("{}.", probe.zone);
            let found: BTreeSet<String> = records
                .filter(|record| record.name.to_ascii().eq_ignore_ascii_case(&absolute))
                .filter_map(|record| name_server(&record.data))
                .collect();
            let missing: BTreeSet<DnsName> =
                probe.name_servers.iter().filter(|name| !found.contains(name.as_str())).cloned().collect();
            let expected = |name: &String| probe.name_servers.iter().any(|server| server.as_str() == name);
            let unexpected: BTreeSet<String> = found.into_iter().filter(|name| !expected(name)).collect();
            if !missing.is_empty() || !unexpected.is_empty() {
                return Err(Failure::WrongServers { missing, unexpected });
            }
        }
        Ok(())
    }

    /// A delegated server must answer with authority, and with the address.
    async fn server_answers(&self, server: &DnsName, probe: &Probe) -> Result<(), Failure> {
        let lame = |said: String| Failure::NotAuthoritative { server: server.to_string(), said };
        let first = self.resolvers.first().ok_or_else(|| lame("there is no resolver".to_owned()))?;
        let sockets = first.sockets(server, &self.config).await;
        let sockets = sockets.map_err(|said| lame(format!("it has no address: {said}")))?;
        let answer = self.ask_any(&sockets, &probe.name, RecordType::A).await.map_err(lame)?;
        let code = answer.response_code;
        if !answer.authoritative || !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(lame(if answer.authoritative || code != ResponseCode::NoError {
                code.to_string()
            } else {
                "it answers without authority".to_owned()
            }));
        }
        let found: BTreeSet<String> = answer.answers.iter().map(|record| record.data.to_string()).collect();
        if found.is_empty() {
            return Err(Failure::NeverResolved { last: format!("name server `{server}` does not have it ({code})") });
        }
        if found != BTreeSet::from([probe.address.to_string()]) {
            return Err(Failure::WrongAnswer { server: server.to_string(), found });
        }
        Ok(())
    }

    /// The first answer of a server that has several addresses.
    async fn ask_any(
        &self,
        sockets: &[SocketAddr],
        name: &DnsName,
        record_type: RecordType,
    ) -> Result<DnsResponse, String> {
        let mut last = "it has no address".to_owned();
        for socket in sockets {
            match ask(*socket, name, record_type, self.config.query_timeout).await {
                Ok(answer) => return Ok(answer),
                Err(said) => last = said,
            }
        }
        Err(last)
    }
}

fn name_server(data: &RData) -> Option<String> {
    let RData::NS(name) = data else { return None };
    Some(name.0.to_ascii().trim_end_matches('.').to_ascii_lowercase())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
