//! One question to one authoritative server: no recursion, UDP first and TCP when the answer does not fit (RFC 7766).

use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use reeve_model::DnsName;
use std::net::SocketAddr;
use std::time::Duration;

/// The absolute name in the library's type.
pub(crate) fn absolute(name: &DnsName) -> Result<Name, String> {
    Name::from_ascii(format!("{name}.")).map_err(|error| error.to_string())
}

/// Asks `server` for records of `name`.
pub(crate) async fn ask(
    server: SocketAddr,
    name: &DnsName,
    record_type: RecordType,
    timeout: Duration,
) -> Result<DnsResponse, String> {
    let query = Query::query(absolute(name)?, record_type);
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.recursion_desired = false;
    let request = DnsRequest::from_query(query, options);
    let answer = over_udp(server, request.clone(), timeout).await.map_err(|error| error.to_string())?;
    if !answer.truncation {
        return Ok(answer);
    }
    tokio::time::timeout(timeout, over_tcp(server, request, timeout))
        .await
        .map_err(|_| "request timed out".to_owned())?
        .map_err(|error| error.to_string())
}

/// A fresh socket with a random port for each question; the library compares address, port, id and question of what
/// comes back.
async fn over_udp(server: SocketAddr, request: DnsRequest, timeout: Duration) -> Result<DnsResponse, NetError> {
    let provider = TokioRuntimeProvider::default();
    let mut stream = UdpClientStream::builder(server, provider).with_timeout(Some(timeout)).build();
    stream.send_message(request).first_answer().await
}

async fn over_tcp(server: SocketAddr, request: DnsRequest, timeout: Duration) -> Result<DnsResponse, NetError> {
    // The connection is driven by a task that ends with the last clone of its provider.
    let provider = TokioRuntimeProvider::default();
    let exchange = TcpClientStream::exchange(server, None, timeout, None, provider.clone()).await?;
    let answer = exchange.send(request).first_answer().await;
    drop(provider);
    answer
}
