//! What is known of the caller's session: MFA, keys that the caller sets, variables without a value ("AWS global condition
//! context keys"; "IAM policy elements: Variables and tags").
//!
//! It must not know actions.

use super::keys::is_always_present;
use super::operator::Class;
use super::parts::{Parts, Resources};
use super::placeholder::{Kind, Piece, Pieces, kind};
use super::reach::Test;
use super::report::{Report, quote};
use super::statement::Effect;
use super::text::items;
use super::{Severity, codes};

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    for test in &statement.tests {
        if matches!(test.lower.as_str(), "aws:useragent" | "aws:referer") {
            let message = format!("{} is whatever the caller writes into the request", quote(test.key));
            let fix = Some("use a key that AWS sets, such as `aws:PrincipalArn` or `aws:SourceVpc`".to_owned());
            test.report(codes::UNTRUSTWORTHY_KEY, statement.path, message, fix, report);
        }
        permissive_variable(test, statement, report);
    }
    if statement.effect == Effect::Deny {
        mfa(statement, report);
        missing_variables(statement, report);
    }
}

/// A Deny without MFA takes in every role session and service: only users with a device have a true value.
fn mfa(deny: &Parts<'_>, report: &mut Report<'_>) {
    let asks = |test: &&Test<'_>| {
        let (class, lower) = (test.operator.class, test.lower.as_str());
        match lower {
            "aws:multifactorauthpresent" => match class {
                Class::Bool => test.all_values("false"),
                Class::String => test.all_values(if test.operator.negated { "true" } else { "false" }),
                Class::Null => test.all_values("true"),
                Class::Numeric | Class::Date | Class::Binary | Class::Ip | Class::Arn => false,
            },
            "aws:multifactorauthage" => match class {
                Class::Null => test.all_values("true"),
                Class::Numeric => test.operator.if_exists,
                Class::String | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Arn => false,
            },
            _ => false,
        }
    };
    let Some(test) = deny.tests.iter().find(asks) else { return };
    if deny.tests.iter().any(|test| test.spares_roles(report.settings)) {
        return;
    }
    let message = format!(
        "`{}` on {} also takes in role sessions and services, which have no MFA: every workload stops",
        test.name,
        quote(test.key)
    );
    let fix = Some("add `\"ArnLike\":{\"aws:PrincipalArn\":\"arn:*:iam::*:user/*\"}` to `Condition`".to_owned());
    test.report(codes::MFA_DENY_HITS_ROLES, deny.path, message, fix, report);
}

/// The variables of a text that have no default, with their keys.
fn bare_variables(text: &str) -> impl Iterator<Item = (&str, &str)> {
    Pieces::new(text).filter_map(|piece| match piece {
        Piece::Variable(whole, Some(key)) if kind(Some(key)) == Kind::Variable && !key.contains(',') => {
            Some((whole, key))
        }
        Piece::Plain(_) | Piece::Variable(..) => None,
    })
}

/// An exemption from a Deny that hangs on a key which many callers lack: for them it never matches.
fn missing_variables(deny: &Parts<'_>, report: &mut Report<'_>) {
    let lacking = |text: &str| -> Option<String> {
        let mut keys = bare_variables(text).map(|(whole, key)| (whole, key.to_ascii_lowercase()));
        let (whole, _) = keys.find(|(_, key)| !is_always_present(key) && !deny.asks_for_key(key))?;
        Some(quote(whole))
    };
    let message = |name: &str| format!("{name} has no value for callers without that key, so the exemption fails them");
    let fix = || Some("write a default, as `${key, 'none'}`, or ask for the key by `Null`".to_owned());
    let code = (codes::VARIABLE_MISSING_KEY, codes::VARIABLE_MISSING_KEY.1);
    for test in deny.tests.iter().filter(|test| test.operator.negated) {
        for (index, item, text) in test.strings() {
            if let Some(name) = lacking(text) {
                test.report_value(code, deny.path, (index, item), message(&name), fix(), report);
            }
        }
    }
    let Resources::AllBut(node) = deny.resources else { return };
    let parent = deny.path.key("NotResource");
    for (index, item) in items(node) {
        if let Some(name) = item.as_str().and_then(lacking) {
            report.add(code.0, &parent.item(index), item.span.start, message(&name), fix());
        }
    }
}

/// Characters that must stand before a variable whose value a person chooses (Access Analyzer,
/// `VARIABLE_USAGE_TOO_PERMISSIVE`).
const LITERAL_CHARS_MIN: usize = 6;

/// Keys whose value a person chooses for himself.
const CHOSEN_KEYS: [&str; 3] = ["aws:username", "aws:sourceidentity", "sts:rolesessionname"];

/// A bare variable under an operator with wildcards: whoever is called `*` matches everything.
fn permissive_variable(test: &Test<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    // A tag is compared with a name, that is what such variables are for.
    if !test.operator.wildcards || test.lower.contains('/') {
        return;
    }
    for (index, item, text) in test.strings() {
        let chosen = bare_variables(text).find(|(_, key)| CHOSEN_KEYS.contains(&key.to_ascii_lowercase().as_str()));
        let Some((whole, _)) = chosen else { continue };
        let before = text.find(whole).and_then(|at| text.get(..at)).unwrap_or_default();
        if before.chars().filter(|char| !matches!(char, '*' | '?')).count() >= LITERAL_CHARS_MIN {
            continue;
        }
        let message = format!("{} in {} takes in whatever a person may be called", quote(whole), quote(text));
        let fix = Some(format!("write at least {LITERAL_CHARS_MIN} characters before the variable"));
        let code = (codes::VARIABLE_MISSING_KEY, Severity::SecurityWarning);
        test.report_value(code, statement.path, (index, item), message, fix, report);
    }
}
