//! What a row is, and how one is written.

use serde_json::{Value, json};
use std::path::PathBuf;

/// The pipeline's account, which may ask for everything.
pub(crate) const CICD: &str = "777788889999";
/// An application's account of the lowest tier; `foo.example.com` is its own.
pub(crate) const FOO: &str = "111122223333";
/// Another application's account; it holds two names below `foo.example.com`.
pub(crate) const BAR: &str = "444455556666";
/// The account that holds `example.com` itself, and nothing below it but `www`.
pub(crate) const INFRA: &str = "222233334444";
/// The nonce of requests whose nonce is not the point.
pub(crate) const NONCE: &str = "687754b2-abd6-3ae6-ae2d-f98bd134512e";
/// When all events were sent.
pub(crate) const SENT: &str = "2026-11-21T11:50:00Z";
/// When all events are judged.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// Which gate judges a row.
#[derive(Debug, Clone)]
pub(crate) enum On {
    /// The gate of the zones.
    Dns,
    /// The gate of the management account.
    Management,
    /// As `Dns`, with allowlists from Parameter Store.
    Lists,
    /// A gate of these files, beside those of all gates; `gate.yaml` is one of them.
    Files(Vec<(PathBuf, Vec<u8>)>),
}

/// What must come of a row.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// The decision, and code and pointer of its reasons as a set; an absent pointer is empty.
    Decision {
        /// Whether it permits.
        permitted: bool,
        /// Code and pointer.
        reasons: Vec<(String, String)>,
    },
    /// The files make no gate: the failure holds this text, and this code unless it is empty.
    NoGate {
        /// Code.
        code: &'static str,
        /// Text.
        text: &'static str,
    },
}

/// One hostile input.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Number of the item in the list.
    pub(crate) item: u8,
    /// What is hostile.
    pub(crate) text: String,
    /// Who judges.
    pub(crate) on: On,
    /// What is delivered.
    pub(crate) body: Vec<u8>,
    /// What was delivered, judged and remembered before.
    pub(crate) first: Option<Vec<u8>>,
    /// Whether the path vouches for the sender.
    pub(crate) verified: bool,
    /// What the path says of the content.
    pub(crate) content_type: Option<&'static str>,
    /// What must come of it.
    pub(crate) expect: Expect,
    /// Why the code, or permitting at all, differs from the list.
    pub(crate) deviation: Option<&'static str>,
}

impl Row {
    fn new(item: u8, text: impl Into<String>, on: On, body: impl Into<Vec<u8>>, expect: Expect) -> Self {
        let (text, body) = (text.into(), body.into());
        Self { item, text, on, body, first: None, verified: true, content_type: None, expect, deviation: None }
    }

    /// The same row on a path that anybody can use.
    pub(crate) fn unverified(mut self) -> Self {
        self.verified = false;
        self
    }

    /// The same row with a content type.
    pub(crate) fn content_type(mut self, content_type: &'static str) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// The same row after another delivery.
    pub(crate) fn after(mut self, first: impl Into<Vec<u8>>) -> Self {
        self.first = Some(first.into());
        self
    }

    /// The same row, which differs from the list.
    pub(crate) fn deviates(mut self, why: impl Into<Option<&'static str>>) -> Self {
        self.deviation = why.into();
        self
    }

    /// The codes that are expected.
    pub(crate) fn codes(&self) -> Vec<&str> {
        match &self.expect {
            Expect::Decision { reasons, .. } => reasons.iter().map(|(code, _)| code.as_str()).collect(),
            Expect::NoGate { code: "", .. } => Vec::new(),
            Expect::NoGate { code, .. } => vec![code],
        }
    }
}

fn decision(permitted: bool, reasons: &[(&str, &str)]) -> Expect {
    let owned = |(code, at): &(&str, &str)| ((*code).to_owned(), (*at).to_owned());
    Expect::Decision { permitted, reasons: reasons.iter().map(owned).collect() }
}

/// A row that is denied for these reasons.
pub(crate) fn denied(
    item: u8,
    text: impl Into<String>,
    on: On,
    body: impl Into<Vec<u8>>,
    reasons: &[(&str, &str)],
) -> Row {
    Row::new(item, text, on, body, decision(false, reasons))
}

/// A row that is permitted, with these reasons to read.
pub(crate) fn permitted(
    item: u8,
    text: impl Into<String>,
    on: On,
    body: impl Into<Vec<u8>>,
    reasons: &[(&str, &str)],
) -> Row {
    Row::new(item, text, on, body, decision(true, reasons))
}

/// A row whose files make no gate.
pub(crate) fn no_gate(
    item: u8,
    text: impl Into<String>,
    files: Vec<(PathBuf, Vec<u8>)>,
    code: &'static str,
    says: &'static str,
) -> Row {
    Row::new(item, text, On::Files(files), Vec::new(), Expect::NoGate { code, text: says })
}

/// A good envelope around `detail`, with fields replaced (`Some`, as JSON text) or left out.
pub(crate) fn envelope(sender: &str, detail_type: &str, detail: &str, changes: &[(&str, Option<&str>)]) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let mut fields = vec![
        ("version", text("0")),
        ("id", text("3f0b1a52-7c1d-4a5e-9b7e-2d6f8c9a0b1c")),
        ("detail-type", text(detail_type)),
        ("source", text("app.infra")),
        ("account", text(sender)),
        ("time", text(SENT)),
        ("region", text("ap-southeast-2")),
        ("resources", "[]".to_owned()),
        ("detail", detail.to_owned()),
    ];
    for (key, value) in changes {
        fields.retain(|(name, _)| name != key);
        fields.extend(value.map(|value| (*key, value.to_owned())));
    }
    let members: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A request in a good envelope; `detail` gets a nonce unless it has one.
pub(crate) fn ask(sender: &str, kind: &str, detail: Value) -> String {
    let mut detail = detail;
    if let Some(object) = detail.as_object_mut().filter(|object| !object.contains_key("nonce")) {
        object.insert("nonce".to_owned(), NONCE.into());
    }
    envelope(sender, kind, &detail.to_string(), &[])
}

/// A request for record sets.
pub(crate) fn dns(sender: &str, changes: Value) -> String {
    ask(sender, "DNS_RECORD_CHANGE", json!({ "changes": changes }))
}

/// An UPSERT of one value.
pub(crate) fn upsert(name: &str, record_type: &str, value: &str) -> Value {
    json!({ "action": "UPSERT", "name": name, "type": record_type, "ttl": 300, "values": [value] })
}

/// The same change with fields added or replaced.
pub(crate) fn with(change: Value, members: Value) -> Value {
    let mut change = change;
    if let (Some(change), Some(members)) = (change.as_object_mut(), members.as_object()) {
        change.extend(members.clone());
    }
    change
}
