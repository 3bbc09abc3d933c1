//! Whom a statement spares and whom it aims at, by the ARN of the principal ("Best practices for SCPs"; "SCP effects on
//! permissions").
//!
//! It must not know what is attached where: whether somebody can make the spared role is for the hierarchy.

use super::operator::Class;
use super::parts::{Parts, is_plain};
use super::reach::Test;
use super::report::{Report, quote};
use super::statement::Effect;
use super::text::has_wildcard;
use super::{Severity, arn, codes};

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    if statement.effect == Effect::Deny {
        for test in statement.tests.iter().filter(|test| test.exempts_principals()) {
            too_broad(test, statement, report);
        }
        for test in statement.tests.iter().filter(|test| test.aims_at_principals()) {
            service_linked(test, statement, report);
        }
        for test in &statement.tests {
            external(test, statement, report);
        }
    }
}

/// Characters that must stand before the first wildcard of a name (Access Analyzer, `WILDCARD_USAGE_TOO_PERMISSIVE`).
const LITERAL_CHARS_MIN: usize = 6;

/// Paths below which only AWS makes roles ("IAM identifiers", reserved paths).
const RESERVED_PATHS: [&str; 2] = ["aws-service-role/", "aws-reserved/"];

/// An exemption that many can get for themselves, by making or using a role of a fitting name.
fn too_broad(test: &Test<'_>, deny: &Parts<'_>, report: &mut Report<'_>) {
    let settings = report.settings;
    for (index, item, text) in test.strings() {
        // What the settings name was decided once, for all policies.
        if !is_plain(text) || settings.break_glass.iter().any(|role| role == text) {
            continue;
        }
        // These never match, and have findings of their own.
        let literal = !test.operator.wildcards && has_wildcard(text);
        if literal || text.contains(":assumed-role/") {
            continue;
        }
        let parsed = arn::split(text);
        // The root user and single users are no names that others can take.
        let resource = parsed.map_or(text, |arn| arn.resource);
        let name = match resource.strip_prefix("role/") {
            Some(name) => name,
            None if has_wildcard(resource) => resource.rsplit([':', '/']).next().unwrap_or_default(),
            None => continue,
        };
        if RESERVED_PATHS.iter().any(|path| name.starts_with(path)) {
            continue;
        }
        let first_wildcard = name.find(['*', '?']);
        let (severity, why) = if first_wildcard.is_some_and(|chars| chars < LITERAL_CHARS_MIN) {
            (Severity::SecurityWarning, "any role whose name fits")
        } else if parsed.is_none_or(|arn| has_wildcard(arn.account)) {
            (Severity::Warning, "a role of that name in any account")
        } else {
            continue;
        };
        let message = format!("{} spares {why}: who can make such a role escapes the Deny", quote(text));
        let fix = if severity == Severity::Warning {
            "name it in the setting `break-glass` and deny making it, or write the account".to_owned()
        } else {
            format!("write the name of the role, or at least {LITERAL_CHARS_MIN} of its first characters")
        };
        let code = (codes::BREAKGLASS_TOO_BROAD, severity);
        test.report_value(code, deny.path, (index, item), message, Some(fix), report);
    }
}

/// Service-linked roles are outside the reach of SCPs.
fn service_linked(test: &Test<'_>, deny: &Parts<'_>, report: &mut Report<'_>) {
    for (index, item, text) in test.strings().filter(|(_, _, text)| text.contains(":role/aws-service-role/")) {
        let message = format!("{} names service-linked roles, SCPs do not bind them", quote(text));
        let code = (codes::SLR_NO_EFFECT, codes::SLR_NO_EFFECT.1);
        let fix = Some("remove it".to_owned());
        test.report_value(code, deny.path, (index, item), message, fix, report);
    }
}

/// A Deny of principals that no SCP of the organization applies to: those of other organizations, of services, of nobody.
fn external(test: &Test<'_>, deny: &Parts<'_>, report: &mut Report<'_>) {
    let negated = test.operator.negated && test.operator.class == Class::String;
    let outside = match test.lower.as_str() {
        "aws:principalorgid" | "aws:principalorgpaths" => {
            negated || (test.operator.class == Class::Null && test.all_values("true"))
        }
        "aws:principalisawsservice" => test.operator.class == Class::Bool && test.all_values("true"),
        "aws:principalservicename" | "aws:principalservicenameslist" => test.asks_for_key(),
        "aws:principaltype" => test.operator.class == Class::String && !negated && test.all_values("Anonymous"),
        _ => false,
    };
    if outside {
        let message = format!(
            "`{}` on {} picks principals outside the organization, no SCP of it applies to them",
            test.name,
            quote(test.key)
        );
        let fix = Some("write a resource control policy (RCP) instead".to_owned());
        test.report(codes::EXTERNAL_PRINCIPAL_NO_EFFECT, deny.path, message, fix, report);
    }
}
