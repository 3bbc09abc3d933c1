//! The AWS emulator as a process of its own, for one test.
//!
//! The script and its control endpoints (`/_reeve/…`) are in `tests/python`; this module starts it, waits until it
//! listens, and ends it.

use crate::http::{self, Message};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a start may take, in seconds. It takes one on an idle machine; the rest is for a busy one.
const START_SECONDS_MAX: u64 = 90;
/// How often readiness is looked at, in milliseconds.
const LOOK_MS: u64 = 20;
/// How much of the emulator's output a failure repeats, in bytes.
const OUTPUT_BYTES_SHOWN: usize = 4_000;
/// The account of keys that are no account id. Fixed by the emulator.
pub const ACCOUNT: &str = "123456789012";
/// The Region of the children's environment.
pub const REGION: &str = "us-east-1";

/// A running emulator. Dropped, it is killed: nothing in it is worth saving.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Emulator {
    /// Starts an emulator on a free port and waits until it listens.
    ///
    /// # Panics
    /// When the interpreter is missing (the message says which command makes it), or the emulator does not come up.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with environment variables of the script (`R53_INSYNC_S`, `BUS_POLICY`, …).
    ///
    /// # Panics
    /// As [`Emulator::start`].
    #[must_use]
    #[expect(clippy::panic, reason = "a test that needs the emulator fails without it")]
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::launch(variables).unwrap_or_else(|error| panic!("the AWS emulator does not start: {error}"))
    }

    fn launch(variables: &[(&str, &str)]) -> Result<Self, String> {
        let told = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| format!("{what}: {error}")
        };
        let python = python();
        if !python.is_file() {
            return Err(format!("{} is missing; run `cargo xtask python`", python.display()));
        }
        let folder = TempDir::new().map_err(told("no temporary folder"))?;
        let (ready, output) = (folder.path().join("ready"), folder.path().join("output"));
        let log = std::fs::File::create(&output).map_err(told("no file for its output"))?;
        let errors = log.try_clone().map_err(told("no file for its output"))?;
        let child = Command::new(&python)
            .arg(crate::root().join("tests/python/aws_emulator.py"))
            .args(["--port", "0", "--ready-file"])
            .arg(&ready)
            .envs(variables.iter().copied())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Held open for the emulator's life: a script that reads it learns when its test has died.
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(told("it cannot be run"))?;
        // From here on, a failure drops the child and so ends it.
        let mut emulator = Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), folder };
        let port = emulator.await_port(&ready).map_err(|error| format!("{error}\n{}", end_of(&output)))?;
        emulator.address.set_port(port);
        Ok(emulator)
    }

    /// The port in the ready file, once it is there and the emulator answers.
    fn await_port(&mut self, ready: &Path) -> Result<u16, String> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        loop {
            let text = std::fs::read_to_string(ready).ok();
            let told: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
            let port = told.and_then(|told| told.get("port")?.as_u64()).and_then(|port| u16::try_from(port).ok());
            let address = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
            let look = Message::request("GET", "/_reeve/ready", &[], Vec::new());
            if address.is_some_and(|address| http::exchange(address, &look).is_ok_and(|reply| reply.status() == 200)) {
                return port.ok_or_else(|| "no port".to_owned());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            if Instant::now() > deadline {
                return Err(format!("it does not listen after {START_SECONDS_MAX} seconds"));
            }
            std::thread::sleep(Duration::from_millis(LOOK_MS));
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment of a child that calls this emulator as [`ACCOUNT`].
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        self.env_as(ACCOUNT, &self.url())
    }

    /// The environment of a child that calls this emulator at `url` (its own, or a proxy's) as `account`.
    ///
    /// It names every source of credentials and Region that an SDK looks at, so that nothing of the machine gets in.
    #[must_use]
    pub fn env_as(&self, account: &str, url: &str) -> Vec<(String, String)> {
        let nowhere = self.folder.path().join("none").display().to_string();
        [
            ("AWS_ENDPOINT_URL", url),
            // To the emulator, a key that is an account id is one of that account.
            ("AWS_ACCESS_KEY_ID", account),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_SESSION_TOKEN", "testing"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", &nowhere),
            ("AWS_SHARED_CREDENTIALS_FILE", &nowhere),
            ("NO_PROXY", "127.0.0.1,localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Makes one AWS call as `account`, to arrange a test or to look at its end: `target` is that of the API
    /// (`AmazonSSM.PutParameter`). Nothing is signed; the emulator reads the scope alone.
    ///
    /// # Errors
    /// The error document.
    ///
    /// # Panics
    /// When there is no reply.
    #[expect(clippy::panic, reason = "a test that cannot reach the emulator fails")]
    pub fn aws(&self, account: &str, service: &str, target: &str, body: &Value) -> Result<Value, Value> {
        let authorization = scope(account, service);
        let kind = if service == "sqs" || service == "dynamodb" { "1.0" } else { "1.1" };
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", &format!("application/x-amz-json-{kind}")),
            ("x-amz-target", target),
        ];
        let request = Message::request("POST", "/", &headers, body.to_string());
        let reply = http::exchange(self.address, &request).unwrap_or_else(|error| panic!("{target}: {error}"));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        // A call without output answers with no document.
        let document = serde_json::from_str(if text.is_empty() { "{}" } else { &text }).unwrap_or(Value::String(text));
        if reply.status() == 200 { Ok(document) } else { Err(document) }
    }

    /// The same for a service of paths (Route 53, S3, Lambda): the reply as it came.
    ///
    /// # Panics
    /// When there is no reply.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot reach the emulator fails")]
    pub fn rest(&self, account: &str, service: &str, method: &str, target: &str, body: &str) -> Message {
        let request = Message::request(method, target, &[("authorization", &scope(account, service))], body);
        http::exchange(self.address, &request).unwrap_or_else(|error| panic!("{method} {target}: {error}"))
    }

    /// Calls a control endpoint: `control("POST", "/_reeve/switches", &json!({"bus_policy": true}))`.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot steer the emulator fails")]
    pub fn control(&self, method: &str, target: &str, body: &Value) -> Value {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Message::request(method, target, &[("content-type", "application/json")], body);
        let reply = http::exchange(self.address, &request).unwrap_or_else(|error| panic!("{method} {target}: {error}"));
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status(), 200, "{method} {target}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{method} {target}: {error}: {text}"))
    }

    /// Forgets everything: state, switches and the call log.
    pub fn reset(&self) {
        let _ = self.control("POST", "/_reeve/reset", &Value::Null);
    }

    /// The calls of an operation that were answered, oldest first.
    ///
    /// # Panics
    /// When the emulator does not answer with a list.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot count calls fails")]
    pub fn calls(&self, service: &str, operation: &str) -> Vec<Value> {
        let target = format!("/_reeve/calls?service={service}&operation={operation}");
        let told = self.control("GET", &target, &Value::Null);
        told.as_array().cloned().unwrap_or_else(|| panic!("no list of calls: {told}"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter that `cargo xtask python` makes.
#[must_use]
pub fn python() -> PathBuf {
    crate::root().join("target/python/bin/python")
}

/// The header that says for whom a request is, in the place of a signature.
fn scope(account: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={account}/20261122/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn end_of(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let from = bytes.len().saturating_sub(OUTPUT_BYTES_SHOWN);
    String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_emulator_answers_logs_and_ends() {
        let emulator = Emulator::start_with(&[("BUS_POLICY", "1")]);
        let switches = emulator.control("GET", "/_reeve/switches", &Value::Null);
        assert_eq!(switches["bus_policy"], json!(true));
        let parameter = json!({"Name": "/a", "Value": "b", "Type": "String"});
        let put = |account| emulator.aws(account, "ssm", "AmazonSSM.PutParameter", &parameter);
        assert_eq!(put(ACCOUNT).expect("taken")["Version"], json!(1));
        assert_eq!(put(ACCOUNT).expect_err("there already")["__type"], json!("ParameterAlreadyExists"));
        put("111122223333").expect("of another account");
        let zones = emulator.rest(ACCOUNT, "route53", "GET", "/2013-04-01/hostedzone", "");
        assert_eq!(zones.status(), 200, "{}", String::from_utf8_lossy(&zones.body));
        assert_eq!(emulator.calls("ssm", "PutParameter").len(), 3);
        emulator.reset();
        assert_eq!(emulator.calls("ssm", "PutParameter").len(), 0);
        let (address, variables) = (emulator.address(), emulator.env_as("111122223333", "http://127.0.0.1:1"));
        for (name, value) in [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ACCESS_KEY_ID", "111122223333")] {
            assert!(variables.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
        drop(emulator);
        assert!(http::exchange(address, &Message::request("GET", "/", &[], "")).is_err(), "it ended");
    }
}
