//! What the stories share.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Decision and status of an answer, and the codes of its reasons: `denied not_performed RRSET_NOT_OWNED`.
pub(crate) fn told(reply: &Value) -> String {
    let detail = &reply["detail"];
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut words = vec![text(&detail["decision"]), text(&detail["status"])];
    words.extend(detail["reasons"].as_array().into_iter().flatten().map(|reason| text(&reason["code"])));
    words.join(" ")
}

/// Lines as a set.
pub(crate) fn lines<const N: usize>(lines: [&str; N]) -> BTreeSet<String> {
    lines.map(str::to_owned).into()
}

/// The detail of one change of a record set.
pub(crate) fn record(action: &str, name: &str, record_type: &str, ttl: u32, values: &[&str]) -> Value {
    json!({"changes": [{"action": action, "name": name, "type": record_type, "ttl": ttl, "values": values}]})
}

/// The same as a dry run.
pub(crate) fn dry(mut detail: Value) -> Value {
    detail["dryrun"] = json!(true);
    detail
}
