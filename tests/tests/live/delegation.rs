//! A name handed over to a zone of the asker's own, proven by name servers that are processes of their own.

use crate::audit::proven;
use crate::support::{dry, lines, told};
use reeve_tests::emulator::{self, Emulator};
use reeve_tests::stage::{Gate, Options, Settings, Stage};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Name servers and a resolver that answer what the emulator's zones hold.
struct NameServers {
    child: Child,
    port: u64,
}

impl NameServers {
    fn start(emulator: &Emulator, more: &[String]) -> Self {
        let script = reeve_tests::root().join("tests/python/dns_server.py");
        let mut command = Command::new(emulator::python());
        command.arg(script).args(more).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("NO_PROXY", emulator.address().ip().to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the name servers start");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        Self { port: ready["port"].as_u64().expect("a port"), child }
    }

    /// How a gate asks them.
    fn settings(&self, seconds: u32) -> Settings {
        let port = self.port;
        let probe =
            format!("probe: {{ resolvers: [\"127.0.0.1:{port}\"], port: {port}, deadline-seconds: {seconds} }}");
        Settings { serve: Some(probe), ..Settings::default() }
    }
}

impl Drop for NameServers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn zone_of<'a>(zones: &'a [Value], name: &str) -> Option<&'a Value> {
    zones.iter().find(|zone| zone["name"] == format!("{name}."))
}

#[test]
fn a_name_is_handed_over_and_proven() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let before = stage.zone_records("example.com");
    let pulled = ["--zones".to_owned(), format!("{}/_reeve/zones", emulator.url())];
    let servers = NameServers::start(&emulator, &pulled);
    let settings = servers.settings(60);
    let gate = stage.gate_with(Gate::Dns, &settings);
    let zone = |name: &str| json!({"zone": name});
    for (sender, detail, expected) in [
        ("foo", dry(zone("dry.foo.example.com")), "permitted dry_run"),
        ("foo", zone("team.bar.example.com"), "denied denied"),
        ("foo", zone("example.com"), "denied denied"),
        ("cicd", zone("x.foo.example.com"), "denied denied"),
    ] {
        let reply = stage.answer(sender, "DNS_DELEGATION", &detail);
        assert!(told(&reply).starts_with(expected), "{sender} {detail}: {reply}");
    }
    assert_eq!(stage.zone_list().len(), 2, "no zone was made");
    assert_eq!(stage.zone_records("example.com"), before);
    let reply = stage.answer("foo", "DNS_DELEGATION", &zone("team.foo.example.com"));
    assert_eq!(told(&reply), "permitted done", "{reply}");
    let zones = stage.zone_list();
    assert_eq!(zones.len(), 3);
    let made = zone_of(&zones, "team.foo.example.com").expect("made");
    assert_eq!(
        (&made["account"], &made["private"]),
        (&json!(stage.id("foo")), &json!(false)),
        "in the sender's account"
    );
    assert_eq!(stage.zone_records("team.foo.example.com"), lines([]), "the record of the proof is gone");
    let mut names: Vec<&str> =
        made["name_servers"].as_array().expect("a list").iter().map(|name| name.as_str().expect("text")).collect();
    names.sort_unstable();
    let mut expected = before;
    expected.insert(format!("team.foo.example.com NS 3600 {}", names.join(", ")));
    assert_eq!(stage.zone_records("example.com"), expected);
    let answer = &reply["detail"]["answer"][0];
    assert_eq!(answer["hosted_zone_id"], made["id"], "{reply}");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    proven(&stage, Gate::Dns, &settings);
}

#[test]
fn a_delegation_that_nobody_can_follow_is_told() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    // These never hear of any zone.
    let servers = NameServers::start(&emulator, &[]);
    let settings = servers.settings(3);
    let gate = stage.gate_with(Gate::Dns, &settings);
    let reply = stage.answer("foo", "DNS_DELEGATION", &json!({"zone": "team.foo.example.com"}));
    assert_eq!(told(&reply), "permitted failed", "{reply}");
    assert!(reply["detail"]["outcomes"].to_string().contains("\"unproven\""), "{reply}");
    assert_eq!(stage.zone_records("team.foo.example.com"), lines([]), "the record of the proof is gone");
    let (status, log) = gate.term();
    assert_eq!(status.code(), Some(0), "{log}");
    proven(&stage, Gate::Dns, &settings);
}
