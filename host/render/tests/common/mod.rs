//! What the tests share: files of the workspace, options from text, and findings as lines.

use reeve_accounts::Accounts;
use reeve_json::{Node, StringRule};
use reeve_model::Finding;
use reeve_render::{Options, Rendered, render};
use std::path::{Path, PathBuf};

pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn workspace() -> PathBuf {
    package().ancestors().nth(2).expect("workspace").to_owned()
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn options(text: &str) -> Options {
    let yaml = reeve_yaml::Document::parse("reeve.yaml", text).expect("YAML");
    Options::read(yaml.root()).expect(text)
}

pub fn ecr() -> Options {
    options(
        "{document: ecr, input: ecr.yaml, output: ecr.json, classes: {nonprod: {scopes: [dev]}, prod: {tiers: [standard]}}}",
    )
}

pub fn log_bucket() -> Options {
    options("{document: log-bucket, output: log-bucket.json, role: update-s3-stacks-role}")
}

pub fn identity_access() -> Options {
    options("{document: identity-access, output: identity-access.json}")
}

pub fn accounts(text: &str) -> Accounts {
    Accounts::parse("accounts.yaml", text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The document, read back.
pub fn rendered(accounts: &Accounts, options: &Options, input: Option<&str>) -> (Node, Vec<String>) {
    let Rendered { path, text, findings } =
        render(accounts, options, input).unwrap_or_else(|findings| panic!("{:?}", lines(&findings)));
    assert_eq!(path, options.output);
    (json(&text), lines(&findings))
}

pub fn json(text: &str) -> Node {
    let options = reeve_json::Options { bytes_max: 1 << 21, depth_max: 32, strings: StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).expect("JSON")
}

/// Each finding as `severity code place: message`.
pub fn lines(findings: &[Finding]) -> Vec<String> {
    let line = |it: &Finding| {
        let place = it.place.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {} {place}: {}", it.severity.as_str(), it.code, it.message)
    };
    findings.iter().map(line).collect()
}

/// The only resource of a template, or the one at a number, with its logical id.
pub fn resource(template: &Node, number: usize) -> (&str, &Node) {
    let resources = template.pointer("/Resources").and_then(Node::as_object).expect("resources");
    let member = resources.iter().nth(number).expect("resource");
    (&member.key, &member.value)
}

/// A list of texts somewhere in a tree.
pub fn texts(node: &Node, pointer: &str) -> Vec<String> {
    let items = node.pointer(pointer).and_then(Node::as_array).unwrap_or_else(|| panic!("{pointer}"));
    items.iter().map(|item| item.as_str().expect("text").to_owned()).collect()
}

/// An organization of `count` accounts with ids, one scope, and what each account has besides.
pub fn organization(count: usize, scope: &str, each: impl Fn(usize) -> String) -> String {
    let mut text = format!("Scopes:\n  all: {{ {scope} }}\nAccounts:\n");
    for at in 0..count {
        text.push_str(&format!(
            "  a{at}: {{ scope: all, id: \"{:012}\", {} }}\n",
            100_000_000_000_u64 + at as u64,
            each(at)
        ));
    }
    text
}
