//! The Condition block: operators, keys and values (IAM user guide, "Condition"; Access Analyzer checks).
//!
//! It must not know what the statement does.

use super::document::data_type;
use super::keys::{KeyType, holds_star, is_multivalued, key_type};
use super::operator::{Class, Operator, suggest};
use super::placeholder::{self, Kind, Piece, Pieces, Variables};
use super::report::{Path, Report, quote};
use super::text::{has_wildcard, items};
use super::{Severity, arn, codes, value};
use reeve_json::{Member, Node, Object, Value};
use std::collections::BTreeMap;

/// An operator and the key it is applied to.
#[derive(Clone, Copy)]
struct Test<'t> {
    name: &'t str,
    operator: Operator,
    key: &'t str,
    lower: &'t str,
}

/// Checks one Condition block.
pub(super) fn check(block: &Object, path: &Path<'_>, report: &mut Report<'_>) {
    for member in block {
        let path = path.key(&member.key);
        let Some(operator) = Operator::parse(&member.key) else {
            let message = format!("{} is no condition operator, AWS refuses the policy", quote(&member.key));
            let fix = suggest(&member.key).map(|word| format!("write `{word}`"));
            report.add(codes::INVALID_OPERATOR, &path, member.key_span.start, message, fix);
            continue;
        };
        let Some(keys) = member.value.as_object() else {
            data_type(&member.value, &path, "a condition operator", "an object of condition keys", report);
            continue;
        };
        // Keys in lower case, each with the spelling that came first.
        let mut seen = BTreeMap::new();
        for entry in keys {
            let lower = entry.key.to_ascii_lowercase();
            let test = Test { name: &member.key, operator, key: &entry.key, lower: &lower };
            let path = path.key(&entry.key);
            key(entry, test, &path, report);
            if let Some(first) = seen.insert(lower, &entry.key) {
                let (first, second) = (quote(first), quote(&entry.key));
                let message = format!("{second} is the same condition key as {first}, case does not count");
                let fix = Some("put the values into one list under one key".to_owned());
                report.add(codes::DUPLICATE_KEY_CASE, &path, entry.key_span.start, message, fix);
            }
        }
    }
}

fn key(entry: &Member, test: Test<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let start = entry.key_span.start;
    let (key, name) = (quote(test.key), test.name);
    let template = placeholder::report_left(test.key, start, path, report);
    if !template && Variables::new(test.key).next().is_some() {
        let message = format!("condition key {key} holds a policy variable, none is expanded in a key");
        report.add(codes::VARIABLE_SYNTAX, path, start, message, Some("write the key itself".to_owned()));
    }
    if is_multivalued(test.lower) && test.operator.qualifier.is_none() && test.operator.class != Class::Null {
        let message = format!("{key} holds several values, `{name}` compares one");
        let fix = format!("write `ForAnyValue:{name}` or `ForAllValues:{name}`");
        report.add(codes::MISSING_QUALIFIER, path, start, message, Some(fix));
    }
    operator_suits_key(entry, test, path, report);
    let list = entry.value.as_array().unwrap_or_default();
    if entry.value.as_array().is_some() && list.is_empty() {
        let message = format!("the list of values of {key} is empty, the condition compares with nothing");
        let (code, start) = (codes::EMPTY_ARRAY, entry.value.span.start);
        let fix = Some("write the values, or use `Null` to ask whether the key exists".to_owned());
        report.add_as(Severity::Warning, code, path, start, message, fix);
    }
    if matches!(test.operator.class, Class::Bool | Class::Null) && list.len() > 1 {
        let message = format!("`{name}` on {key} has several values: with both of them it is always true");
        let fix = Some("write one of `true` and `false`".to_owned());
        report.add(codes::MULTIPLE_BOOLEAN, path, entry.value.span.start, message, fix);
    }
    for (index, item) in items(&entry.value) {
        let path = path.item(index);
        match &item.value {
            Value::String(text) => string(text, item, test, &path, report),
            Value::Bool(_) | Value::Number(_) => type_of(item, test, &path, report),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                data_type(item, &path, "a condition value", "a string, a number or a boolean", report);
            }
        }
    }
}

/// Whether the operator suits the type of the key. String operators do on booleans, and on ARNs without wildcards.
fn operator_suits_key(entry: &Member, test: Test<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(key_type) = key_type(test.lower) else { return };
    let wild = || items(&entry.value).any(|(_, item)| item.as_str().is_some_and(plain_wildcard));
    let suits = match (key_type, test.operator.class) {
        (_, Class::Null)
        | (KeyType::String | KeyType::Bool, Class::String)
        | (KeyType::Arn, Class::Arn)
        | (KeyType::Bool, Class::Bool)
        | (KeyType::Ip, Class::Ip)
        | (KeyType::Date, Class::Date)
        | (KeyType::Numeric, Class::Numeric) => true,
        // In a String operator a wildcard runs across the colons of an ARN.
        (KeyType::Arn, Class::String) => !(test.operator.wildcards && wild()),
        (
            KeyType::String | KeyType::Arn | KeyType::Bool | KeyType::Ip | KeyType::Date | KeyType::Numeric,
            Class::String | Class::Numeric | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Arn,
        ) => false,
    };
    if suits {
        return;
    }
    let message = if key_type == KeyType::Arn && test.operator.class == Class::String {
        format!("`{}` on {}, an ARN: its wildcards run across the parts of the ARN", test.name, quote(test.key))
    } else {
        format!("`{}` does not suit the type of {}, it will not match as meant", test.name, quote(test.key))
    };
    let fix = format!("use {}", key_type.operators());
    report.add(codes::OPERATOR_KEY_TYPE, path, entry.key_span.start, message, Some(fix));
}

/// Whether a wildcard stands in the literal part of a string; `${*}` is a literal star.
fn plain_wildcard(text: &str) -> bool {
    Pieces::new(text).any(|piece| if let Piece::Plain(plain) = piece { has_wildcard(plain) } else { false })
}

fn string(text: &str, item: &Node, test: Test<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let start = item.span.start;
    let template = placeholder::report_left(text, start, path, report);
    let broken = placeholder::report_broken(text, start, path, report);
    let name = test.name;
    let class = test.operator.class;
    let mut variables = Variables::new(text);
    if !matches!(class, Class::String | Class::Arn) && variables.any(|(_, kind)| kind == Kind::Variable) {
        let message = format!("{} holds a policy variable, `{name}` expands none", quote(text));
        let fix = Some("write the value, variables work in String and Arn operators".to_owned());
        return report.add(codes::VARIABLE_SYNTAX, path, start, message, fix);
    }
    wildcard(text, start, test, path, report);
    if test.lower == "aws:principalarn" && is_assumed_role(text) {
        let message = format!("{} never matches, `aws:PrincipalArn` holds the ARN of the role itself", quote(text));
        let fix = Some("write `arn:aws:iam::ACCOUNT:role/NAME`, without the session name".to_owned());
        report.add(codes::ASSUMED_ROLE_ARN, path, start, message, fix);
    }
    if template || broken {
        return;
    }
    match class {
        Class::Arn => arn_value(text, start, path, report),
        Class::String if key_type(test.lower) == Some(KeyType::Arn) => partition(text, start, path, report),
        Class::String | Class::Numeric | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Null => {
            type_of(item, test, path, report);
        }
    }
}

/// A wildcard that is compared literally. `?` alone may be a character of a text, so it counts in ARNs only.
fn wildcard(text: &str, start: usize, test: Test<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    if test.operator.class != Class::String || test.operator.wildcards || !plain_wildcard(text) {
        return;
    }
    let is_arn = key_type(test.lower) == Some(KeyType::Arn) || text.starts_with("arn:");
    let real_star = text == "*" && holds_star(test.lower);
    if real_star || (!text.contains('*') && !is_arn) {
        return;
    }
    let message = format!("`{}` takes the wildcard in {} literally, so it never matches", test.name, quote(text));
    let kind = if is_arn { "Arn" } else { "String" };
    let word = if test.operator.negated { format!("{kind}NotLike") } else { format!("{kind}Like") };
    report.add(codes::WILDCARD_WITHOUT_LIKE, path, start, message, Some(format!("use `{word}`")));
}

/// IAM user guide, "AWS global condition context keys", aws:PrincipalArn.
fn is_assumed_role(text: &str) -> bool {
    let head = text.split("assumed-role/").next().unwrap_or_default();
    head.len() < text.len() && head.contains(":sts:")
}

fn type_of(item: &Node, test: Test<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let class = test.operator.class;
    if value::fits(class, &item.value) {
        return;
    }
    let expected = value::expected(class);
    let found = item.as_str().map_or_else(|| reeve_json::compact(&item.value), str::to_owned);
    let message = format!("`{}` cannot read {}, so it never matches", test.name, quote(&found));
    report.add(codes::TYPE_MISMATCH, path, item.span.start, message, Some(format!("write {expected}")));
}

/// An ARN pattern in an Arn operator. Shortened patterns that end in `*` are left alone: AWS takes them.
fn arn_value(text: &str, start: usize, path: &Path<'_>, report: &mut Report<'_>) {
    if arn::split(text).is_none() && (text.ends_with('*') || text.starts_with("${")) {
        return;
    }
    let partition = report.settings.partition.as_str();
    for fault in arn::faults(text, partition) {
        let message = format!("condition value {}: {}", quote(text), fault.message);
        report.add(fault.code, path, start, message, Some(fault.fix));
    }
}

/// The partition of an ARN in a String operator, where wildcards may replace the other parts.
fn partition(text: &str, start: usize, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(found) = text.strip_prefix("arn:").and_then(|rest| rest.split(':').next()) else { return };
    if let Some(fault) = arn::partition_fault(found, &report.settings.partition) {
        let message = format!("condition value {}: {}", quote(text), fault.message);
        report.add(fault.code, path, start, message, Some(fault.fix));
    }
}
