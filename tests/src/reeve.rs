//! The binary `reeve` as a child of a test: commands that end, and a gate that serves until it is told to stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use crate::http::{self, Message};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a gate may take to be ready, or to end, in seconds: two on an idle machine.
const PATIENCE_SECONDS: u64 = 120;
/// How often the end of a child is looked at, in milliseconds.
const LOOK_MS: u64 = 10;

/// The binary that a build of the workspace leaves beside the tests.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    // target/<profile>/deps/<test>: the binary is one folder above.
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().and_then(Path::parent).expect("the folder of the build");
    let path = folder.join(format!("reeve{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing; build it with `cargo build -p reeve`", path.display());
    path
}

/// A command of the binary with these variables and no others that could matter to it.
#[must_use]
pub fn command(arguments: &[&str], variables: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "REEVE_", "OTEL_", "LAMBDA_", "_LAMBDA_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.args(arguments).envs(variables.iter().cloned()).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be run.
#[must_use]
pub fn run(arguments: &[&str], variables: &[(String, String)]) -> Output {
    command(arguments, variables).output().expect("the binary runs")
}

#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running gate. Dropped, it is killed.
#[derive(Debug)]
pub struct Serve {
    child: Child,
    shared: Arc<Shared>,
    ready: Value,
}

/// A gate that ended instead of becoming ready.
#[derive(Debug)]
pub struct Refused {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on standard error.
    pub stderr: String,
}

impl Serve {
    /// Starts `reeve serve --gate FILE` and waits until it is ready.
    ///
    /// # Panics
    /// When it ends before, or does not become ready.
    #[must_use]
    pub fn start(gate: &Path, more: &[&str], variables: &[(String, String)]) -> Self {
        match Self::try_start(gate, more, variables) {
            Ok(serve) => serve,
            Err(refused) => panic!("the gate ended with {}\n{}", refused.status, refused.stderr),
        }
    }

    /// The same for a gate that may refuse to start.
    ///
    /// # Errors
    /// How it ended.
    ///
    /// # Panics
    /// When it neither ends nor becomes ready.
    pub fn try_start(gate: &Path, more: &[&str], variables: &[(String, String)]) -> Result<Self, Refused> {
        let gate = gate.display().to_string();
        let mut arguments = vec!["serve", "--gate", &gate];
        arguments.extend_from_slice(more);
        let mut serve = Self::spawn(command(&arguments, variables));
        let ready = serve.line(|line| line["message"] == "ready", Duration::from_secs(PATIENCE_SECONDS));
        match ready {
            Some(line) => {
                serve.ready = line;
                Ok(serve)
            }
            None => {
                let status = serve.ended(Duration::from_secs(PATIENCE_SECONDS));
                let status = status.unwrap_or_else(|| panic!("the gate does not become ready\n{}", serve.stderr()));
                Err(Refused { status, stderr: serve.stderr() })
            }
        }
    }

    /// Starts any command and collects what it says on standard error, without waiting.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stderr = child.stderr.take().expect("piped");
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n') {
                let Ok(line) = line else { break };
                writing.log().lines.push(String::from_utf8_lossy(&line).into_owned());
                writing.changed.notify_all();
            }
            writing.log().ended = true;
            writing.changed.notify_all();
        });
        Self { child, shared, ready: Value::Null }
    }

    /// The first line of the log for which `wanted` holds, once it is there; none when the child ended without, or
    /// `patience` is over.
    pub fn line(&self, wanted: impl Fn(&Value) -> bool, patience: Duration) -> Option<Value> {
        let end = Instant::now() + patience;
        let mut log = self.shared.log();
        let mut seen = 0;
        loop {
            for line in &log.lines[seen..] {
                let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
                if wanted(&line) {
                    return Some(line);
                }
            }
            seen = log.lines.len();
            let left = end.saturating_duration_since(Instant::now());
            if log.ended || left.is_zero() {
                return None;
            }
            log = self.shared.changed.wait_timeout(log, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Everything said on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.shared.log().lines.join("\n")
    }

    /// The address of health and metrics.
    ///
    /// # Panics
    /// When the gate did not say it.
    #[must_use]
    pub fn ops(&self) -> SocketAddr {
        self.address("ops")
    }

    /// The address of its `http` source.
    ///
    /// # Panics
    /// When the gate has none.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.address("http")
    }

    fn address(&self, field: &str) -> SocketAddr {
        let text = self.ready[field].as_str().unwrap_or_default();
        text.parse().unwrap_or_else(|_| panic!("no address `{field}` in {}", self.ready))
    }

    /// GET on the address of health and metrics: status and body; status 0 when nobody answers.
    #[must_use]
    pub fn look(&self, path: &str) -> (u16, String) {
        match http::exchange(self.ops(), &Message::request("GET", path, &[], "")) {
            Ok(reply) => (reply.status(), String::from_utf8_lossy(&reply.body).into_owned()),
            Err(_) => (0, String::new()),
        }
    }

    /// The value of one metric, by its name with labels as OpenMetrics writes them; 0 when it is not there.
    ///
    /// # Panics
    /// When there are no metrics.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        let (status, text) = self.look("/metrics");
        assert_eq!(status, 200, "metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.split(' ').next().unwrap_or_default().parse().expect("a number"))
    }

    /// POSTs an event to its `http` source.
    ///
    /// # Panics
    /// When there is no reply.
    #[must_use]
    pub fn post(&self, body: impl Into<Vec<u8>>) -> Message {
        let request = Message::request("POST", "/events", &[("content-type", "application/json")], body);
        http::exchange(self.http(), &request).expect("a reply")
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self) {
        self.send("TERM");
    }

    /// Sends a signal, named without `SIG`.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn send(&self, signal: &str) {
        let arguments = ["-s", signal, &self.child.id().to_string()];
        let sent = Command::new("kill").args(arguments).status().expect("kill runs");
        assert!(sent.success(), "SIG{signal} was not sent");
    }

    /// The exit status, once it has ended; none when it goes on beyond `patience`.
    ///
    /// # Panics
    /// When the child cannot be waited for.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                // The rest of what it said is still on its way through the pipe.
                let mut log = self.shared.log();
                while !log.ended && Instant::now() < end {
                    log = self.shared.changed.wait_timeout(log, Duration::from_millis(LOOK_MS)).unwrap().0;
                }
                return Some(status);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(LOOK_MS));
        }
    }

    /// Asks it to end with SIGTERM: its exit status and everything it said.
    ///
    /// # Panics
    /// When it does not end.
    pub fn term(mut self) -> (ExitStatus, String) {
        self.signal();
        let status = self.ended(Duration::from_secs(PATIENCE_SECONDS));
        let status = status.unwrap_or_else(|| panic!("the gate does not end\n{}", self.stderr()));
        (status, self.stderr())
    }

    /// Kills it without a warning: what it said.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill9(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.ended(Duration::from_secs(PATIENCE_SECONDS));
        self.stderr()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
