//! A plan as JSON, for machines: `docs/schema/plan.schema.json`.

use crate::plan::{Change, Plan, PlannedRequest};
use reeve_json::{Object, Value};
use reeve_model::{Finding, Place};

/// Version of the shape. It changes when a member goes or means something else, not when one is added.
const VERSION: i64 = 1;

impl Plan {
    /// The plan as one object, as `docs/schema/plan.schema.json` describes it. Equal plans give equal texts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::object([
            ("version", Value::from(VERSION)),
            ("epoch", Value::from(self.epoch.as_str())),
            ("requests", Value::array(self.requests.iter().map(request))),
            ("findings", Value::array(self.findings.iter().map(finding))),
        ])
    }
}

fn request(request: &PlannedRequest) -> Value {
    Value::object([
        ("id", Value::from(request.id.as_str())),
        ("kind", Value::from(request.kind.as_str())),
        ("gate", Value::from(request.gate.as_str())),
        ("summary", Value::from(request.summary.as_str())),
        ("ready", Value::from(request.ready())),
        ("nonce", Value::from(request.nonce.as_ref().map(reeve_model::Nonce::as_str))),
        ("after", Value::array(request.after.iter().map(String::as_str))),
        ("awaits", Value::array(request.awaits.iter().map(String::as_str))),
        ("place", place(request.place.as_ref())),
        ("changes", Value::array(request.changes.iter().map(change))),
        ("detail", request.detail.clone()),
    ])
}

fn change(change: &Change) -> Value {
    Value::object([
        ("what", Value::from(change.what.as_str())),
        ("before", Value::from(change.before.as_deref())),
        ("after", Value::from(change.after.as_deref())),
        ("place", place(change.place.as_ref())),
    ])
}

fn finding(finding: &Finding) -> Value {
    Value::object([
        ("code", Value::from(finding.code.as_str())),
        ("severity", Value::from(finding.severity.as_str())),
        ("message", Value::from(finding.message.as_str())),
        ("place", place(finding.place.as_ref())),
        ("fix", Value::from(finding.fix.as_deref())),
        ("subject", Value::from(finding.subject.as_deref())),
    ])
}

fn place(place: Option<&Place>) -> Value {
    let Some(place) = place else { return Value::Null };
    Value::object([
        ("file", Value::from(place.file.as_str())),
        ("line", Value::from(place.line)),
        ("column", Value::from(place.column)),
    ])
}

/// The JSON Schema of [`Plan::to_json`].
#[must_use]
pub fn schema() -> Value {
    let one_of = |values: &[&str]| Value::object([("enum", Value::array(values.iter().copied()))]);
    let texts = |about: &str| described("array", about, [("items", typed("string"))]);
    let reference = |name: &str| Value::object([("$ref", format!("#/$defs/{name}"))]);
    let list = |about: &str, name: &str| described("array", about, [("items", reference(name))]);
    let place = |about: &str| {
        Value::object([
            ("description", Value::from(about)),
            ("anyOf", Value::array([typed("null"), reference("place")])),
        ])
    };
    let maybe =
        |about: &str| Value::object([("type", Value::array(["string", "null"])), ("description", Value::from(about))]);
    let text = |about: &str| described("string", about, []);
    let number = |about: &str| described("integer", about, [("minimum", Value::from(1_i64))]);
    let request = closed([
        ("id", text("Name in the plan, unique and stable.")),
        ("kind", text("Its kind, which is its `detail-type`.")),
        ("gate", text("Name of the gate that takes it.")),
        ("summary", text("What it does, in one clause.")),
        ("ready", described("boolean", "Whether `detail` is complete, so that it can be sent.", [])),
        ("nonce", maybe("Its nonce, in `detail` too; null while something is awaited.")),
        ("after", texts("Ids of the requests that must have been made before; each stands earlier in the plan.")),
        ("awaits", texts("What must become known before it can be sent. Plan anew once it is.")),
        ("place", place("Where it comes from.")),
        ("changes", list("What it changes, item by item.", "change")),
        ("detail", described("object", "The `detail` of the event.", [])),
    ]);
    let change = closed([
        ("what", text("What changes.")),
        ("before", maybe("What it was; null when there was nothing, or when nobody knows.")),
        ("after", maybe("What it will be; null when nothing will be there.")),
        ("place", place("Where that is said.")),
    ]);
    let finding = closed([
        ("code", text("Stable code.")),
        ("severity", one_of(&["error", "warning", "info"])),
        ("message", text("One clause.")),
        ("place", place("Where; null for what stands in no file.")),
        ("fix", maybe("What to do instead.")),
        ("subject", maybe("What it is about, where the place does not say it.")),
    ]);
    let spot = closed([
        ("file", text("Path relative to the root of the repository.")),
        ("line", number("Line, from 1.")),
        ("column", number("Column in characters, from 1.")),
    ]);
    let mut schema = closed([
        ("version", Value::object([("const", VERSION)])),
        ("epoch", text("What tells equal changes of different moments apart; part of every nonce.")),
        ("requests", list("The requests in the order in which they can be sent.", "request")),
        ("findings", list("What no request can bring about, and what a person should know.", "finding")),
    ]);
    let definitions = [("request", request), ("change", change), ("finding", finding), ("place", spot)];
    schema.set("$defs", Value::object(definitions.map(|(name, object)| (name, Value::Object(object)))));
    let mut whole = Object::new();
    whole.set("$schema", "https://json-schema.org/draft/2020-12/schema");
    whole.set("title", "A plan, as `reeve plan --format json` writes it");
    for member in &schema {
        whole.set(member.key.as_str(), member.value.value.clone());
    }
    Value::Object(whole)
}

fn typed(name: &str) -> Value {
    Value::object([("type", name)])
}

fn described<const N: usize>(name: &str, about: &str, more: [(&str, Value); N]) -> Value {
    let first = [("type", Value::from(name)), ("description", Value::from(about))];
    Value::object(first.into_iter().chain(more))
}

/// An object with exactly these members.
fn closed<const N: usize>(members: [(&str, Value); N]) -> Object {
    let mut object = Object::new();
    object.set("type", "object");
    object.set("additionalProperties", false);
    object.set("required", Value::array(members.iter().map(|(name, _)| *name)));
    object.set("properties", Value::object(members));
    object
}
