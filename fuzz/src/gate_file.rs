//! The target `gate_file`: what a person writes, or a pull request of somebody else.

use crate::text::assert_told_well;
use reeve_config::{GateFile, YamlError};
use reeve_yaml::{Document, Node, Value};
use std::cell::RefCell;

/// The name of the file, which only errors repeat.
const FILE: &str = "gate.yaml";
/// The one file that can be opened beside it, and the team kind that it describes.
const SCHEMA: (&str, &[u8]) = ("schema.json", br#"{"type":"object","properties":{"size":{"type":"integer"}}}"#);

/// Reads a gate file; every error has a place in it, and nothing is opened that it does not name.
pub fn gate_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (read, opened) = parse(text);
    let (again, opened_again) = parse(text);
    assert_eq!((told(&read), &opened), (told(&again), &opened_again), "read twice");
    let document = Document::parse(FILE, text);
    for name in opened {
        let named = document.as_ref().is_ok_and(|document| names(&document.root, &name));
        assert!(named, "{name:?} was opened, and the file does not name it");
    }
    match read {
        Ok(gate) => accepted(&gate),
        Err(error) => assert_told_well(&error, FILE, text),
    }
}

/// The file as read, and the names of the files that it wanted opened.
fn parse(text: &str) -> (Result<GateFile, YamlError>, Vec<String>) {
    let opened = RefCell::new(Vec::new());
    let read = GateFile::parse(FILE, text, &|name| {
        opened.borrow_mut().push(name.to_owned());
        if name == SCHEMA.0 { Ok(SCHEMA.1.to_vec()) } else { Err("there is no such file".to_owned()) }
    });
    (read, opened.into_inner())
}

/// All that can be compared: kinds by name and pattern.
fn told(read: &Result<GateFile, YamlError>) -> String {
    let patterns = read.iter().flat_map(|gate| &gate.kinds).map(|route| format!("{:?}", route.pattern));
    format!("{read:?} {}", patterns.collect::<String>())
}

/// Whether some value of the tree is the text.
fn names(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::String { text: own, .. } => own == text,
        Value::Sequence(items) => items.iter().any(|item| names(item, text)),
        Value::Mapping(mapping) => mapping.iter().any(|entry| names(&entry.node, text)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// JSON is YAML: the same gate, written as JSON, is the same gate.
fn accepted(gate: &GateFile) {
    assert!(!gate.policies.is_empty() && !gate.kinds.is_empty());
    let json = reeve_json::canonical(&gate.whole);
    let (as_json, _) = parse(&json);
    let as_json = as_json.unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(reeve_json::canonical(&as_json.whole), json);
    let parts = |gate: &GateFile| {
        let mut routes: Vec<String> =
            gate.kinds.iter().map(|route| format!("{} {:?}", route.kind.name(), route.pattern)).collect();
        routes.sort();
        (gate.name.clone(), gate.account.clone(), gate.region.clone(), gate.service.clone(), routes)
    };
    assert_eq!(parts(gate), parts(&as_json));
}
