//! A server of canned answers on loopback, so that tests ask through the real SDK and read what AWS really sends.

use crate::Aws;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A call as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The operation of a JSON service (`ListAccounts`), else the method.
    pub(crate) operation: String,
    /// Path and query.
    pub(crate) path: String,
    /// Body.
    pub(crate) body: String,
    /// The access key that it was signed with.
    pub(crate) key: String,
}

type Handler = dyn Fn(&Call) -> (u16, String) + Send + Sync;

/// Clients of a server that answers as `handler` says: a status and a body; status 0 hangs up without an answer. Tries
/// are not repeated.
pub(crate) fn served(handler: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> (Aws, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let calls = Calls::default();
    let (handler, seen): (Arc<Handler>, _) = (Arc::new(handler), calls.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (handler, seen) = (Arc::clone(&handler), seen.clone());
            std::thread::spawn(move || answer(stream, &*handler, &seen));
        }
    });
    (Aws::with_config(runtime(), config(&url)), calls)
}

/// The calls that a server has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }
}

/// One runtime for all tests of this process.
fn runtime() -> tokio::runtime::Handle {
    static RUNTIME: std::sync::LazyLock<tokio::runtime::Runtime> = std::sync::LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    });
    RUNTIME.handle().clone()
}

fn config(url: &str) -> SdkConfig {
    let own = Credentials::new("AKIDOWN", "secret", None, None, "tests");
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new("ap-southeast-2"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(own));
    runtime().block_on(loader.load())
}

fn answer(mut stream: TcpStream, handler: &Handler, seen: &Calls) {
    let Some(call) = read(&mut BufReader::new(&stream)) else { return };
    seen.0.lock().unwrap().push(call.clone());
    let (status, body) = handler(&call);
    if status == 0 {
        return;
    }
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    // A client that has gone is the test's business.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn read(reader: &mut impl BufRead) -> Option<Call> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (mut operation, path) = (words.next()?, words.next()?);
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ").or_else(|| line.trim_end().split_once(':')) else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
            "authorization" => {
                let credential = value.split_once("Credential=").map(|(_, rest)| rest);
                key = credential.and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Call { operation, path, body: String::from_utf8(body).ok()?, key })
}
