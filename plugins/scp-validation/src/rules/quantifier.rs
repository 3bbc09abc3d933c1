//! `ForAllValues`: true also of a request that has no value at all ("Conditions with multiple context keys or values").
//!
//! It must not know actions or resources.

use super::codes;
use super::keys::{is_multivalued, key_type};
use super::operator::{Class, Qualifier};
use super::parts::Parts;
use super::report::{Report, quote};
use super::statement::Effect;

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    for test in &statement.tests {
        if test.operator.qualifier != Some(Qualifier::ForAllValues) || test.operator.class == Class::Null {
            continue;
        }
        let (name, key) = (test.name, quote(test.key));
        let short = name.split_once(':').map_or(name, |(_, rest)| rest);
        if key_type(&test.lower).is_some() && !is_multivalued(&test.lower) {
            let message = format!("`{name}` on {key}, which holds one value: it is true of every request without it");
            let fix = Some(format!("write `{short}`"));
            test.report(codes::FORALLVALUES_SINGLE_VALUED, statement.path, message, fix, report);
            continue;
        }
        if statement.asks_for_key(&test.lower) {
            continue;
        }
        let does = match statement.effect {
            Effect::Deny => "the Deny takes those too",
            Effect::Allow => "the Allow lets those pass too",
        };
        let message = format!("`{name}` is true of every request without {key}, {does}");
        let fix = Some(format!("add `\"Null\":{{\"{}\":\"false\"}}` to `Condition`", test.key.escape_debug()));
        test.report(codes::FORALLVALUES_WITHOUT_NULL, statement.path, message, fix, report);
    }
}
