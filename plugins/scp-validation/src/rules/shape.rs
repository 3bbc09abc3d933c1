//! Tells documents of the other policy types by their shape, so that each gives one finding instead of a page of noise.
//!
//! It must not judge the content of those documents.

use super::codes;
use super::report::{Path, Report};
use super::text::items;
use reeve_json::{Node, Object, Value};

/// Top-level keys of the management policy types (AWS Organizations user guide, "Management policy syntax", one page
/// for each type).
const TOP_LEVEL_KEYS: [(&str, &str); 12] = [
    ("tags", "a tag policy"),
    ("plans", "a backup policy"),
    ("services", "an AI services opt-out policy"),
    ("chatbot", "a chat applications policy"),
    ("ec2_attributes", "a declarative policy for EC2"),
    ("s3_attributes", "an S3 policy"),
    ("securityhub", "a Security Hub policy"),
    ("inspector", "an Inspector policy"),
    ("guardduty", "a GuardDuty policy"),
    ("upgrade_rollout", "an upgrade rollout policy"),
    ("bedrock", "a Bedrock policy"),
    ("network_security_director", "a network security director policy"),
];

/// Every inheritance operator begins so ("Inheritance operators"); no element of the IAM language does.
const OPERATOR_START: &str = "@@";

/// Reports a document that is another type of policy. Returns whether it was one; then no other rule applies.
pub(super) fn other_type(root: &Node, policy: &Object, report: &mut Report<'_>) -> bool {
    let Some(statement) = policy.get("Statement") else {
        return management_policy(root, policy, report);
    };
    if !resource_control(statement) {
        return false;
    }
    let message = "every statement denies for `Principal` `*`, which is the shape of a resource control policy: an \
                   SCP has no `Principal`"
        .to_owned();
    let fix = "create it as a resource control policy, or remove `Principal`".to_owned();
    report.add(codes::POLICY_TYPE_MISMATCH, &Path::ROOT, root.span.start, message, Some(fix));
    true
}

/// A document without statements that has a top-level key of a management policy, or an inheritance operator.
fn management_policy(root: &Node, policy: &Object, report: &mut Report<'_>) -> bool {
    let by_key = TOP_LEVEL_KEYS
        .iter()
        .find(|(key, _)| policy.get(key).is_some_and(|node| node.as_object().is_some()))
        .map(|(_, name)| *name);
    let Some(name) = by_key.or_else(|| inherits(root).then_some("a management policy")) else {
        return false;
    };
    let message = format!("the document has the shape of {name}, it is not an SCP");
    let fix = "create it under its own policy type".to_owned();
    report.add(codes::POLICY_TYPE_MISMATCH, &Path::ROOT, root.span.start, message, Some(fix));
    true
}

/// Whether an inheritance operator stands anywhere below. The depth is bounded by the reader.
fn inherits(node: &Node) -> bool {
    match &node.value {
        Value::Object(object) => {
            object.iter().any(|member| member.key.starts_with(OPERATOR_START) || inherits(&member.value))
        }
        Value::Array(list) => list.iter().any(inherits),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether there are statements, and all of them are `Deny` with `Principal` `*` ("RCP syntax": both are required). One
/// statement of another form makes it an SCP with a superfluous `Principal`.
fn resource_control(statement: &Node) -> bool {
    let is = |object: &Object, key: &str, value: &str| object.get(key).and_then(Node::as_str) == Some(value);
    let mut count = 0;
    let all = items(statement).all(|(_, item)| {
        count += 1;
        item.as_object().is_some_and(|object| is(object, "Effect", "Deny") && is(object, "Principal", "*"))
    });
    all && count > 0
}
