//! The strings of Action and NotAction against the table: whether they name anything, and how.
//!
//! It must not know what the statement does with them.

use super::super::codes;
use super::super::report::{Path, Report, quote};
use super::super::text::{has_wildcard, items, nearest};
use super::{Reference, cut, retired};
use reeve_json::Node;
use reeve_scp::table::Service;

/// The price of comparing two words letter by letter, for a fix.
pub(super) const WORD_PRICE: usize = 8;

/// An action pattern of the document, and where it stands.
struct Pattern<'d> {
    text: &'d str,
    service: &'d str,
    name: &'d str,
    start: usize,
}

/// Checks every pattern of the element.
pub(super) fn check(node: &Node, path: &Path<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    for (index, item) in items(node) {
        let path = path.item(index);
        let Some(text) = item.as_str() else { continue };
        let Some((service, name)) = cut(text) else { continue };
        let pattern = Pattern { text, service, name, start: item.span.start };
        form(&pattern, &path, report);
        if has_wildcard(service) {
            if reference.pay_to_expand(service, name) && reference.table.actions_matching(text).next().is_none() {
                nothing(&pattern, &path, reference, report);
            }
            continue;
        }
        match reference.table.service(service) {
            Some(found) => known(&pattern, found, &path, reference, report),
            None => unknown_service(&pattern, &path, reference, report),
        }
    }
}

/// Wildcards that AWS has taken since September 2025 only, or that take in services nobody thought of.
fn form(pattern: &Pattern<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let text = quote(pattern.text);
    if has_wildcard(pattern.service) {
        let message = format!("{text} has a wildcard in the name of the service, it also takes in services to come");
        let fix = "name each service, or write `*` for every action".to_owned();
        report.add(codes::WILDCARD_IN_SERVICE, path, pattern.start, message, Some(fix));
    }
    if has_wildcard(pattern.name.trim_end_matches('*')) {
        let message = format!("{text} has a wildcard before its end, which AWS takes since September 2025 only");
        let fix = Some("name the actions, where older tools read the policy".to_owned());
        report.add(codes::WILDCARD_MIDDLE, path, pattern.start, message, fix);
    }
}

fn known(
    pattern: &Pattern<'_>,
    service: Service<'_>,
    path: &Path<'_>,
    reference: &mut Reference<'_>,
    report: &mut Report<'_>,
) {
    let (text, start) = (quote(pattern.text), pattern.start);
    if pattern.service != service.prefix() {
        let message = format!("{text} matches, AWS writes the service in lower case");
        let fix = Some(format!("write `{}:{}`", service.prefix(), pattern.name.escape_debug()));
        report.add_as(super::Severity::Warning, codes::UNKNOWN_SERVICE, path, start, message, fix);
    }
    if has_wildcard(pattern.name) {
        let paid = reference.pay_to_expand(pattern.service, pattern.name);
        if paid && reference.table.actions_matching(pattern.text).next().is_none() {
            nothing(pattern, path, reference, report);
        }
        return;
    }
    match service.action(pattern.name) {
        Some(action) if action.deprecated() => {
            let message = format!("{text} is deprecated");
            let fix = Some("name the action that took its place, too".to_owned());
            report.add(codes::DEPRECATED_OR_PERMISSION_ONLY, path, start, message, fix);
        }
        Some(_) => {}
        None if retired::action(service.prefix(), pattern.name) => gone(pattern, service.name(), path, report),
        None => {
            let date = reference.table.date();
            let message = format!("{text} is no action in the table of {date}, so it matches nothing");
            let fix = if reference.pay(WORD_PRICE * service.actions().count()) {
                nearest(pattern.name, service.actions().map(|action| action.name()))
            } else {
                None
            };
            let fix = fix.map(|name| format!("write `{}:{name}`", service.prefix()));
            report.add_as(reference.severity(codes::UNKNOWN_ACTION), codes::UNKNOWN_ACTION, path, start, message, fix);
        }
    }
}

fn unknown_service(pattern: &Pattern<'_>, path: &Path<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    if let Some(name) = retired::service(pattern.service) {
        return gone(pattern, name, path, report);
    }
    let (service, text, date) = (quote(pattern.service), quote(pattern.text), reference.table.date());
    let message = format!("{service} is no service in the table of {date}, so {text} matches nothing");
    let fix = if reference.pay(WORD_PRICE * reference.table.counts().services) {
        nearest(pattern.service, reference.table.services().map(|service| service.prefix()))
    } else {
        None
    };
    let fix = fix.map(|prefix| format!("write `{prefix}:{}`", pattern.name.escape_debug()));
    let severity = reference.severity(codes::UNKNOWN_SERVICE);
    report.add_as(severity, codes::UNKNOWN_SERVICE, path, pattern.start, message, fix);
}

fn gone(pattern: &Pattern<'_>, what: &str, path: &Path<'_>, report: &mut Report<'_>) {
    let message = format!("{} is of {what}, which AWS has retired", quote(pattern.text));
    let fix = Some("remove it".to_owned());
    report.add(codes::DEPRECATED_OR_PERMISSION_ONLY, path, pattern.start, message, fix);
}

fn nothing(pattern: &Pattern<'_>, path: &Path<'_>, reference: &Reference<'_>, report: &mut Report<'_>) {
    let (text, date) = (quote(pattern.text), reference.table.date());
    let message = format!("{text} matches no action in the table of {date}");
    let code = codes::ACTION_PATTERN_MATCHES_NOTHING;
    let fix = Some("write the actions that are meant".to_owned());
    report.add_as(reference.severity(code), code, path, pattern.start, message, fix);
}
