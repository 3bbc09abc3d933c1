//! A journal in memory, and a server on loopback that plays AWS from a script.

use crate::client::Aws;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use reeve_engine::LedgerError;
use reeve_engine::execute::Journal;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Notes in memory, in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct FakeJournal {
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) written: Vec<(String, String)>,
    /// Holds that are granted before the lease is lost.
    pub(crate) holds_left: Option<u32>,
}

impl FakeJournal {
    /// The journal of a request that an earlier gate has left behind.
    pub(crate) fn with(notes: &[(&str, &str)]) -> Self {
        let notes = notes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { notes, ..Self::default() }
    }

    /// Names of the notes, in the order in which they were written.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.written.iter().map(|(name, _)| name.as_str()).collect()
    }
}

impl Journal for FakeJournal {
    fn get(&self, name: &str) -> Option<&str> {
        self.notes.get(name).map(String::as_str)
    }

    fn note(&mut self, name: &str, value: &str) -> Result<(), LedgerError> {
        self.notes.insert(name.to_owned(), value.to_owned());
        self.written.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn hold(&mut self) -> Result<(), LedgerError> {
        match &mut self.holds_left {
            Some(0) => Err(LedgerError::Lost),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Answers.
    Answer(u16, String),
    /// Takes the request and closes the connection.
    Close,
    /// Answers with half of this and closes the connection.
    Cut(String),
}

/// One call that the server has seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) operation: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct Stage {
    script: VecDeque<(String, Play)>,
    seen: Vec<Seen>,
    wrong: Vec<String>,
}

/// A server that expects exactly the calls of its script, in their order.
pub(crate) struct Script {
    stage: Arc<Mutex<Stage>>,
    pub(crate) aws: Aws,
    _runtime: tokio::runtime::Runtime,
}

impl Script {
    pub(crate) fn new<'a>(script: impl IntoIterator<Item = (&'a str, Play)>) -> Self {
        let script = script.into_iter().map(|(operation, play)| (operation.to_owned(), play)).collect();
        let stage = Arc::new(Mutex::new(Stage { script, ..Stage::default() }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::clone(&stage);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let stage = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stage, stream));
            }
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let aws = Aws::with_config(runtime.handle().clone(), config(&runtime, port));
        Self { stage, aws, _runtime: runtime }
    }

    /// All calls, once each was made that the script holds.
    #[track_caller]
    pub(crate) fn finish(&self) -> Vec<Seen> {
        let stage = self.stage.lock().expect("whole");
        assert_eq!(stage.wrong, Vec::<String>::new(), "calls that the script does not hold");
        let left: Vec<&str> = stage.script.iter().map(|(operation, _)| operation.as_str()).collect();
        assert_eq!(left, Vec::<&str>::new(), "calls that were not made");
        stage.seen.clone()
    }
}

/// An answer of success.
pub(crate) fn ok(body: impl Into<String>) -> Play {
    Play::Answer(200, body.into())
}

/// An error of a service that speaks JSON.
pub(crate) fn error(code: &str) -> Play {
    Play::Answer(400, format!(r#"{{"__type":"{code}","message":"{code} it is"}}"#))
}

/// An error of a service that speaks XML.
pub(crate) fn xml_error(status: u16, code: &str, message: &str) -> Play {
    let namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    Play::Answer(
        status,
        format!(r#"<ErrorResponse xmlns="{namespace}">{error}<RequestId>r</RequestId></ErrorResponse>"#),
    )
}

fn config(runtime: &tokio::runtime::Runtime, port: u16) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("ap-southeast-2"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5)).build())
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)));
    runtime.block_on(loader.load())
}

fn serve(stage: &Mutex<Stage>, stream: TcpStream) {
    let mut writer = stream.try_clone().expect("a stream");
    let mut reader = BufReader::new(stream);
    while let Some(seen) = receive(&mut reader) {
        let play = {
            let mut stage = stage.lock().expect("whole");
            stage.seen.push(seen.clone());
            match stage.script.front() {
                Some((operation, _)) if *operation == seen.operation => stage.script.pop_front().map(|(_, play)| play),
                Some(_) | None => {
                    stage.wrong.push(seen.operation.clone());
                    None
                }
            }
        };
        let unscripted = Play::Answer(418, r#"{"__type":"NotInTheScript"}"#.to_owned());
        let written = match play.unwrap_or(unscripted) {
            Play::Answer(status, body) => write!(writer, "{}{body}", head(status, body.len())),
            Play::Close => return,
            Play::Cut(body) => {
                let half = &body[..body.len() / 2];
                let _ = write!(writer, "{}{half}", head(200, body.len()));
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

fn head(status: u16, length: usize) -> String {
    // Where the SDK insists on a place: CreateHostedZone.
    let location = if status == 201 { "location: /made\r\n" } else { "" };
    format!("HTTP/1.1 {status} x\r\n{location}content-length: {length}\r\n\r\n")
}

fn receive(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let operation = match headers.get("x-amz-target") {
        Some(target) => target.rsplit('.').next()?.to_owned(),
        None => operation(&method, path.split('?').next()?, &body),
    };
    Some(Seen { operation, path, headers, body })
}

/// What a call without a target header is.
fn operation(method: &str, path: &str, body: &str) -> String {
    if let Some(action) = body.strip_prefix("Action=") {
        return action.split('&').next().unwrap_or_default().to_owned();
    }
    let route53 = path.strip_prefix("/2013-04-01/").unwrap_or_default();
    let name = match (method, route53.split('/').next().unwrap_or_default()) {
        ("POST", "hostedzone") if path.ends_with("/rrset") || path.ends_with("/rrset/") => "ChangeResourceRecordSets",
        ("GET", "hostedzone") if path.ends_with("/rrset") => "ListResourceRecordSets",
        ("POST", "hostedzone") => "CreateHostedZone",
        ("GET", "hostedzone") => "GetHostedZone",
        ("GET", "hostedzonesbyname") => "ListHostedZonesByName",
        ("GET", "change") => "GetChange",
        _ => method,
    };
    name.to_owned()
}
