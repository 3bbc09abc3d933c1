//! Conditions that are the same for every request: never true, so that the statement is dead, or always true, so that the
//! condition is no condition ("Condition operators"; "Conditions with multiple context keys or values").
//!
//! It must not know actions or resources. It proves and does not guess: what depends on a value it cannot see, such as a
//! policy variable, is left alone.

mod bounds;
mod format;
mod overlap;

use super::codes;
use super::keys::{is_always_present, is_multivalued};
use super::operator::{Class, Qualifier};
use super::parts::Parts;
use super::reach::Test;
use super::report::{Report, quote};
use std::collections::BTreeMap;

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    let mut by_key: BTreeMap<&str, Vec<&Test<'_>>> = BTreeMap::new();
    for test in &statement.tests {
        format::check(test, statement, report);
        alone(test, statement, report);
        by_key.entry(test.lower.as_str()).or_default().push(test);
    }
    for (key, tests) in by_key {
        missing_and_there(&tests, statement, report);
        // A key with several values can meet what looks like a contradiction with two of them.
        if !is_multivalued(key) {
            never_together(&tests, statement, report);
        }
    }
}

fn tell(test: &Test<'_>, statement: &Parts<'_>, always: bool, why: &str, report: &mut Report<'_>) {
    let what = if always { "always true" } else { "never true" };
    let message = format!("the condition on {} is {what}: {why}", quote(test.key));
    let fix =
        if always { "remove it, or ask for what is meant" } else { "remove the statement, or ask for what is meant" };
    test.report(codes::CONSTANT_CONDITION, statement.path, message, Some(fix.to_owned()), report);
}

/// A test that is constant by itself.
fn alone(test: &Test<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    let there = is_always_present(&test.lower);
    if test.operator.class == Class::Null {
        if there && test.operator.qualifier.is_none() && test.texts().len() == 1 {
            let always = test.all_values("false");
            tell(test, statement, always, "every request has the key", report);
        }
        return;
    }
    let every_value = test.texts().iter().any(|text| overlap::takes_in_all(test, text));
    if !every_value {
        return;
    }
    let holds_without = test.operator.if_exists || test.operator.qualifier == Some(Qualifier::ForAllValues);
    if test.operator.negated {
        if there {
            tell(test, statement, false, "its values take in everything", report);
        }
    } else if there || holds_without {
        tell(test, statement, true, "its values take in everything", report);
    }
}

/// `Null` asks for requests without the key, another operator for requests with it.
fn missing_and_there(tests: &[&Test<'_>], statement: &Parts<'_>, report: &mut Report<'_>) {
    let missing = tests.iter().find(|test| {
        test.operator.class == Class::Null && test.operator.qualifier.is_none() && test.all_values("true")
    });
    let there = tests.iter().find(|test| test.operator.class != Class::Null && test.asks_for_key());
    if let (Some(missing), Some(there)) = (missing, there) {
        let why = format!("`{}` asks for requests without it, `{}` for requests with it", missing.name, there.name);
        tell(missing, statement, false, &why, report);
    }
}

/// Tests that no value of the key passes together. A request without the key must fail one of them too.
fn never_together(tests: &[&Test<'_>], statement: &Parts<'_>, report: &mut Report<'_>) {
    let fails_without = tests.iter().any(|test| test.asks_for_key())
        || tests.first().is_some_and(|test| is_always_present(&test.lower));
    if !fails_without {
        return;
    }
    let plain: Vec<&Test<'_>> =
        tests.iter().copied().filter(|test| test.operator.qualifier.is_none() && overlap::is_plain(test)).collect();
    if let Some((first, second)) = overlap::disjoint(&plain).or_else(|| bounds::disjoint(&plain)) {
        let why = format!("no value passes `{}` and `{}`", first.name, second.name);
        tell(first, statement, false, &why, report);
    }
}
