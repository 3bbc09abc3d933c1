//! Items 94 to 97: the boundary to plugins, as far as it can be tried with files and without a hostile guest.

use super::gates::{dns_gate, dns_policy, plugin};
use super::table::{CICD, FOO, On, Row, ask, denied, dns, no_gate, upsert};
use serde_json::json;
use std::path::PathBuf;

/// A component that wants a socket.
const SOCKETS: &str = r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#;
const UNDER_FAULT: &str = "the fault's name, `ImportNotGranted`, stands in the message of PLUGIN_FAULT";

/// The files of a gate whose one policy is this `policy.yaml`, beside other files.
fn files(policy: String, more: Vec<(&str, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files =
        vec![dns_gate("[policies/tried]"), (PathBuf::from("policies/tried/policy.yaml"), policy.into_bytes())];
    files.extend(more.into_iter().map(|(name, bytes)| (PathBuf::from(name), bytes)));
    files
}

pub(crate) fn rows() -> Vec<Row> {
    let good = dns_policy("{ accounts: allowed_dns_domains }");
    let body = dns(FOO, json!([upsert("a.foo.example.com", "A", "192.0.2.1")]));
    let fault = |item: u8, text: &str, policy: String, more: Vec<(&str, Vec<u8>)>| {
        denied(item, text, On::Files(files(policy, more)), body.clone(), &[("PLUGIN_FAULT", "")])
    };
    let other = |path: &str| format!("policy: tried\nplugin: {path}\n");
    let pinned = format!("{good}digest: sha256:{}\n", "0".repeat(64));
    let sockets = wat::parse_str(SOCKETS).expect("a component");
    let module = wat::parse_str("(module)").expect("a module");
    let elsewhere = format!(
        "policy: tried\nplugin: {}\nkinds: [LIST_ACCOUNTS]\nsettings: {{ tiers: [dev] }}\n",
        plugin("sender-trust").display()
    );
    let without_table: String = good.split_inclusive('\n').filter(|line| !line.starts_with("datasets")).collect();
    let monitor = format!("{good}mode: monitor\n");
    vec![
        fault(94, "no fuel", format!("{good}limits: {{ fuel: 1 }}\n"), vec![]),
        fault(94, "settings that it refuses", good.replace("settings: {", "settings: { wild: true,"), vec![]),
        fault(94, "a table that it wants and does not get", without_table, vec![]),
        no_gate(96, "another digest", files(pinned, vec![]), "PLUGIN_NOT_PINNED", "policy.yaml"),
        fault(96, "sockets", other("sockets.wasm"), vec![("policies/tried/sockets.wasm", sockets)])
            .deviates(UNDER_FAULT),
        fault(96, "a module that is no component", other("module.wasm"), vec![("policies/tried/module.wasm", module)])
            .deviates("a module has no contract; the fault `NotAComponent` stands in the message of PLUGIN_FAULT"),
        fault(96, "not wasm at all", other("text.wasm"), vec![("policies/tried/text.wasm", b"#!/bin/sh\n".to_vec())])
            .deviates("a text has no contract; the fault `NotAComponent` stands in the message of PLUGIN_FAULT"),
        denied(
            97,
            "policies for other kinds only",
            On::Files(files(elsewhere, vec![])),
            body.clone(),
            &[("NO_POLICY", "")],
        ),
        denied(97, "a policy that only watches", On::Files(files(monitor, vec![])), body.clone(), &[("NO_POLICY", "")]),
        denied(
            97,
            "no policy for the second kind",
            On::Files(files(good.replace("DNS_RECORD_CHANGE, ", ""), vec![])),
            body,
            &[("NO_POLICY", "")],
        ),
        no_gate(97, "no policy at all", vec![dns_gate("[]")], "", "`policies` is empty")
            .deviates("such a gate is not built: its file says so with a place"),
        denied(
            97,
            "a kind of no policy's kinds",
            On::Management,
            ask(CICD, "TEAM_WINDOW", json!({ "opens": "now" })),
            &[("KIND_NOT_LISTED", "/detail-type")],
        )
        .deviates("sender-trust judges every kind, and says that nobody may ask for this one"),
    ]
}
