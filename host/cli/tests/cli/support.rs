//! Starting the binary in a sealed place.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The moment as of which the examples are judged.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// What a process left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The output as JSON, a value a line.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

/// The binary, in the workspace, without the caller's colours.
pub(crate) fn command(args: &[&str]) -> Command {
    let plugins = root().join("target/plugins");
    assert!(plugins.is_dir(), "there are no plugins; run `cargo xtask guests`");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
    command.args(args).current_dir(root()).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

pub(crate) fn finish(command: &mut Command) -> Output {
    let output = command.output().expect("started");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

pub(crate) fn reeve(args: &[&str]) -> Output {
    finish(&mut command(args))
}

/// With something on standard input.
pub(crate) fn reeve_fed(args: &[&str], input: &[u8]) -> Output {
    let mut child =
        command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A process that ends early closes the pipe; what it printed says why.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("ended");
    feeder.join().expect("fed");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// `reeve run` on the example gate `which`, JSON out, with more arguments.
pub(crate) fn run_args<'a>(gate: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["run", "--format", "json", "--now", NOW, "--gate", gate];
    args.extend_from_slice(more);
    args
}

pub(crate) const DNS: &str = "policies/examples/dns/gate.yaml";
pub(crate) const MANAGEMENT: &str = "policies/examples/management/gate.yaml";

/// An event of the example organization.
pub(crate) fn event(account: &str, detail_type: &str, nonce: u32, detail: &str) -> String {
    let nonce = format!("00000000-0000-4000-8000-{nonce:012}");
    let comma = if detail.is_empty() { "" } else { "," };
    format!(
        r#"{{"version":"0","id":"{nonce}","detail-type":"{detail_type}","source":"app.infra","account":"{account}","time":"2026-11-21T11:59:00Z","region":"ap-southeast-2","resources":[],"detail":{{"nonce":"{nonce}"{comma}{detail}}}}}"#
    )
}

/// One DNS change of the example account `foo`.
pub(crate) fn change(nonce: u32, name: &str) -> String {
    let detail =
        format!(r#""changes":[{{"action":"UPSERT","name":"{name}","type":"A","ttl":300,"values":["192.0.2.1"]}}]"#);
    event("111122223333", "DNS_RECORD_CHANGE", nonce, &detail)
}

/// Codes of the reasons of one line of output.
pub(crate) fn codes(line: &serde_json::Value) -> Vec<String> {
    let reasons = line["reasons"].as_array().expect("reasons");
    reasons.iter().map(|reason| reason["code"].as_str().expect("code").to_owned()).collect()
}
