//! Condition keys against the table: whether they exist, what they hold, and which actions carry them.
//!
//! What is known of the global keys without a table is left to the rules that go without one.

use super::super::codes;
use super::super::keys::{is_multivalued, key_type};
use super::super::operator::{Class, Qualifier};
use super::super::parts::{Actions, Parts, is_every_action};
use super::super::placeholder;
use super::super::reach::Test;
use super::super::report::{Report, quote};
use super::super::text::{has_wildcard, nearest, strings};
use super::{Reference, cut, retired};
use reeve_scp::table::{ConditionKey, KeyType};

/// Global keys that a service must support before a request carries them ("AWS global condition context keys":
/// `aws:ResourceTag`, `aws:RequestTag` and `aws:TagKeys`).
const TAG_KEYS: [&str; 3] = ["aws:resourcetag/", "aws:requesttag/", "aws:tagkeys"];

/// The price of finding a key of nearly that name: all are read, and some hundred are compared letter by letter.
const SUGGESTION_PRICE: usize = 2_000;

/// The price of asking an action for a key: it has some ten.
const KEYS_PRICE: usize = 10;

/// Names of actions in one message.
const NAMED_MAX: usize = 3;

/// Checks the condition of one statement.
pub(super) fn check(statement: &Parts<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    for test in &statement.tests {
        if test.key.contains("${") || placeholder::is_left(test.key) {
            continue;
        }
        let Some(key) = reference.table.condition_key(test.key) else {
            unknown(test, statement, reference, report);
            continue;
        };
        // The built-in list of keys knows better than the table where it knows a key at all.
        if key_type(&test.lower).is_none() && !is_multivalued(&test.lower) {
            count(test, key, statement, report);
            operator(test, key, statement, report);
        }
        if !key.global || TAG_KEYS.iter().any(|start| test.lower.starts_with(start)) {
            support(test, key, statement, reference, report);
        }
    }
}

/// A key that no service has. The keys of an OpenID Connect provider begin with its host name, and are as many as there
/// are providers.
fn unknown(test: &Test<'_>, statement: &Parts<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    let provider = test.key.rsplit_once(':').is_some_and(|(provider, _)| provider.contains('.'));
    if provider {
        return;
    }
    let (key, date) = (quote(test.key), reference.table.date());
    if let Some(what) = test.key.split(':').next().and_then(retired::service) {
        let message = format!("{key} is of {what}, which AWS has retired");
        let fix = Some("remove it".to_owned());
        return test.report(codes::DEPRECATED_OR_PERMISSION_ONLY, statement.path, message, fix, report);
    }
    let message = format!("{key} is no condition key in the table of {date}, no request has a value for it");
    let prefix = test.lower.split_inclusive(':').next().unwrap_or_default();
    let of_service = |name: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let near = if reference.pay(SUGGESTION_PRICE) {
        let keys = reference.table.condition_keys().map(|key| key.name);
        nearest(test.key, keys.filter(|name| of_service(name)))
    } else {
        None
    };
    let fix = near.map(|name| format!("write `{name}`"));
    let (code, severity) = (codes::UNKNOWN_CONDITION_KEY, reference.severity(codes::UNKNOWN_CONDITION_KEY));
    let condition = statement.path.key("Condition");
    let operator = condition.key(test.name);
    report.add_as(severity, code, &operator.key(test.key), test.start, message, fix);
}

/// One value or several ("Conditions with multiple context keys or values").
fn count(test: &Test<'_>, key: ConditionKey<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    if test.operator.class == Class::Null {
        return;
    }
    let (name, written) = (test.name, quote(test.key));
    match test.operator.qualifier {
        None if key.multivalued => {
            let message = format!("{written} holds several values, `{name}` compares one");
            let fix = Some(format!("write `ForAnyValue:{name}` or `ForAllValues:{name}`"));
            test.report(codes::MISSING_QUALIFIER, statement.path, message, fix, report);
        }
        Some(Qualifier::ForAllValues) if !key.multivalued => {
            let short = name.split_once(':').map_or(name, |(_, rest)| rest);
            let message =
                format!("`{name}` on {written}, which holds one value: it is true of every request without it");
            let fix = Some(format!("write `{short}`"));
            test.report(codes::FORALLVALUES_SINGLE_VALUED, statement.path, message, fix, report);
        }
        None | Some(Qualifier::ForAllValues | Qualifier::ForAnyValue) => {}
    }
}

/// Whether the operator reads what the key holds. What the author of a policy names, such as a tag, may hold anything.
fn operator(test: &Test<'_>, key: ConditionKey<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    if key.name.contains("${") {
        return;
    }
    let arns = || test.texts().iter().all(|text| text.starts_with("arn:"));
    let wild = || test.operator.wildcards && test.texts().iter().any(|text| has_wildcard(text));
    let (suits, use_instead) = match (key.key_type, test.operator.class) {
        (_, Class::Null)
        | (KeyType::String | KeyType::Bool, Class::String)
        | (KeyType::String, Class::Binary)
        | (KeyType::Arn, Class::Arn)
        | (KeyType::Bool, Class::Bool)
        | (KeyType::IpAddress, Class::Ip)
        // A moment may be compared as seconds since 1970, too ("Date condition operators").
        | (KeyType::Date, Class::Date | Class::Numeric)
        | (KeyType::Numeric, Class::Numeric) => return,
        // Many services list a key as text that holds ARNs.
        (KeyType::String, Class::Arn) => (arns(), "a String operator"),
        // In a String operator a wildcard runs across the colons of an ARN.
        (KeyType::Arn, Class::String) => (!wild(), "`ArnLike` or `ArnNotLike`"),
        (KeyType::String, _) => (false, "a String operator"),
        (KeyType::Arn, _) => (false, "`ArnLike` or `ArnNotLike`"),
        (KeyType::Bool, _) => (false, "`Bool`"),
        (KeyType::Numeric, _) => (false, "a Numeric operator"),
        (KeyType::Date, _) => (false, "a Date operator"),
        (KeyType::IpAddress, _) => (false, "`IpAddress` or `NotIpAddress`"),
    };
    if !suits {
        let (written, holds) = (quote(test.key), key.key_type.as_str());
        let message = format!("`{}` does not suit {written}, which holds values of type {holds}", test.name);
        let fix = Some(format!("use {use_instead}"));
        test.report(codes::OPERATOR_KEY_TYPE, statement.path, message, fix, report);
    }
}

/// Actions of the statement whose requests never carry the key.
fn support(
    test: &Test<'_>,
    key: ConditionKey<'_>,
    statement: &Parts<'_>,
    reference: &mut Reference<'_>,
    report: &mut Report<'_>,
) {
    let Actions::Only(node) = statement.actions else { return };
    let mut without = Vec::new();
    for text in strings(node).filter(|text| !is_every_action(text)) {
        let Some((service, name)) = cut(text) else { continue };
        if !reference.pay_to_expand(service, name) {
            return;
        }
        let (mut any, mut carried) = (false, false);
        for action in reference.table.actions_matching(text) {
            if !reference.pay(KEYS_PRICE) {
                return;
            }
            any = true;
            if action.all_condition_keys().any(|found| found.name == key.name) {
                carried = true;
                break;
            }
        }
        if any && !carried {
            without.push(text);
        }
    }
    if without.is_empty() {
        return;
    }
    let mut names = without.iter().take(NAMED_MAX).map(|text| quote(text)).collect::<Vec<_>>().join(", ");
    if let Some(more) = without.len().checked_sub(NAMED_MAX).filter(|&more| more > 0) {
        names.push_str(&format!(" and {more} more"));
    }
    let missing = if test.asks_for_key() { "never holds" } else { "holds as if the key were missing" };
    let message = format!("requests for {names} never carry {}, so the test {missing} for them", quote(test.key));
    let fix = Some("move these actions to a statement without the test".to_owned());
    test.report(codes::KEY_NOT_SUPPORTED_BY_ACTION, statement.path, message, fix, report);
}
