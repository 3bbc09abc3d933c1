//! Findings for programs, as one JSON document; its schema is `docs/schema/check-output.schema.json`.

use super::{Identified, Report, Sources};
use reeve_json::{Object, Value};
use reeve_model::Place;

/// The form of the document. A member that is added keeps it; one that goes or changes its meaning raises it.
const VERSION: i64 = 1;

/// Everything that a check has to tell as one line of JSON, without the line break. A clean check has empty lists.
#[must_use]
pub fn json(report: &Report, sources: &Sources) -> String {
    let summary = report.summary();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let waived = report.waived.iter().map(|it| {
        let mut object = finding(&it.found, sources);
        object.set(
            "waiver",
            Value::object([
                ("reason", Value::from(it.waiver.reason.as_str())),
                ("by", Value::from(it.waiver.by.as_str())),
                ("expires", Value::from(it.waiver.expires.as_str())),
                ("place", place(&it.waiver.place, sources)),
            ]),
        );
        Value::Object(object)
    });
    let list = |found: &[Identified]| Value::array(found.iter().map(|it| Value::Object(finding(it, sources))));
    let document = Value::object([
        ("version", Value::from(VERSION)),
        ("findings", list(&report.standing)),
        ("waived", Value::array(waived)),
        ("baseline", list(&report.known)),
        ("checked", Value::array(report.checked.iter().map(String::as_str))),
        (
            "summary",
            Value::object([
                ("errors", count(summary.errors)),
                ("warnings", count(summary.warnings)),
                ("infos", count(summary.infos)),
                ("waived", count(summary.waived)),
                ("baseline", count(summary.known)),
            ]),
        ),
    ]);
    reeve_json::compact(&document)
}

fn finding(it: &Identified, sources: &Sources) -> Object {
    let finding = &it.finding;
    let related = finding.related.iter().map(|(at, why)| {
        Value::object([("place", place(at, sources)), ("why", Value::from(why.as_str()))]) //
    });
    let mut object = Object::new();
    object.set("code", finding.code.as_str());
    object.set("severity", finding.severity.as_str());
    object.set("by", finding.by.as_str());
    object.set("message", finding.message.as_str());
    object.set("place", finding.place.as_ref().map_or(Value::Null, |at| place(at, sources)));
    object.set("fix", finding.fix.clone());
    object.set("subject", finding.subject.clone());
    object.set("related", Value::array(related));
    object.set("waivable", finding.waivable);
    object.set("fingerprint", it.fingerprint.as_str());
    object
}

/// A place; `end_column` is the first column behind the word that stands there, where the text is known.
fn place(place: &Place, sources: &Sources) -> Value {
    let end = sources.extent(place).map(|extent| i64::from(extent.columns().end.max(place.column)));
    Value::object([
        ("file", Value::from(place.file.as_str())),
        ("line", Value::from(i64::from(place.line))),
        ("column", Value::from(i64::from(place.column))),
        ("end_column", Value::from(end)),
    ])
}
