//! The elements of one statement ("SCP syntax"; "Grammar of the IAM JSON policy language").
//!
//! It must not know what the values of Action, Resource and Condition mean.

use super::document::{data_type, unknown_element};
use super::parts::Parts;
use super::report::{Path, Report, quote};
use super::text::items;
use super::{
    action, blast, codes, condition, constant, negation, network, principal, quantifier, regions, resource, session,
};
use reeve_json::{Member, Node, Object};
use std::collections::BTreeSet;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// The elements an SCP's statement may have; Principal and NotPrincipal have findings of their own.
const ELEMENTS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Checks one statement. `sids` are those of the statements before it.
pub(super) fn check<'d>(
    node: &Node,
    statement: &'d Object,
    path: &Path<'_>,
    sids: &mut BTreeSet<&'d str>,
    report: &mut Report<'_>,
) {
    report.set_sid(statement.get("Sid").and_then(Node::as_str));
    for member in statement {
        element(member, path, sids, report);
    }
    let effect = effect_of(statement);
    let start = node.span.start;
    if statement.get("Effect").is_none() {
        let message = "the statement has no `Effect`, it neither allows nor denies".to_owned();
        let fix = Some("add `\"Effect\":\"Deny\"` or `\"Effect\":\"Allow\"`".to_owned());
        report.add(codes::MISSING_EFFECT, path, start, message, fix);
    }
    if effect == Some(Effect::Deny) && statement.get("Sid").is_none() {
        let message = "the Deny has no `Sid`, neither a waiver nor a log can name it".to_owned();
        let fix = Some("add a `Sid` that says what is denied".to_owned());
        report.add(codes::NO_SID, path, start, message, fix);
    }
    pair(statement, path, start, ["Action", "NotAction"], [codes::MISSING_ACTION, codes::ACTION_AND_NOTACTION], report);
    let codes = [codes::MISSING_RESOURCE, codes::RESOURCE_AND_NOTRESOURCE];
    pair(statement, path, start, ["Resource", "NotResource"], codes, report);
    if let Some(parts) = effect.and_then(|effect| Parts::read(node, statement, effect, path)) {
        together(&parts, report);
    }
    report.set_sid(None);
}

/// The rules that look at several elements at once.
fn together(statement: &Parts<'_>, report: &mut Report<'_>) {
    negation::check(statement, report);
    quantifier::check(statement, report);
    network::check(statement, report);
    session::check(statement, report);
    constant::check(statement, report);
    principal::check(statement, report);
    regions::check(statement, report);
    if statement.effect == Effect::Deny {
        blast::check(statement, report);
    }
}

/// The effect, if it is a valid one.
fn effect_of(statement: &Object) -> Option<Effect> {
    match statement.get("Effect").and_then(Node::as_str) {
        Some("Allow") => Some(Effect::Allow),
        Some("Deny") => Some(Effect::Deny),
        Some(_) | None => None,
    }
}

fn element<'d>(member: &'d Member, parent: &Path<'_>, sids: &mut BTreeSet<&'d str>, report: &mut Report<'_>) {
    let path = parent.key(&member.key);
    let value = &member.value;
    let key_start = member.key_span.start;
    match member.key.as_str() {
        "Sid" => sid(value, &path, sids, report),
        "Effect" => effect(value, &path, report),
        "Action" | "NotAction" => list(member, &path, report, action::check),
        "Resource" | "NotResource" => list(member, &path, report, resource::check),
        "Condition" => match value.as_object() {
            Some(block) => condition::check(block, &path, report),
            None => data_type(value, &path, "`Condition`", "an object of operators", report),
        },
        "Principal" => {
            let message = "`Principal` is not supported in SCPs, AWS refuses the policy".to_owned();
            let fix = "remove it, and restrict principals by `aws:PrincipalArn` in `Condition`".to_owned();
            report.add(codes::PRINCIPAL_PRESENT, &path, key_start, message, Some(fix));
        }
        "NotPrincipal" => {
            let message = "`NotPrincipal` is not supported in SCPs, AWS refuses the policy".to_owned();
            let fix = "remove it, and exempt principals by `ArnNotLike` on `aws:PrincipalArn`".to_owned();
            report.add(codes::NOTPRINCIPAL_PRESENT, &path, key_start, message, Some(fix));
        }
        other => unknown_element(other, &path, key_start, &ELEMENTS, report),
    }
}

fn sid<'d>(node: &'d Node, path: &Path<'_>, sids: &mut BTreeSet<&'d str>, report: &mut Report<'_>) {
    let Some(sid) = node.as_str() else {
        return data_type(node, path, "`Sid`", "a string", report);
    };
    let start = node.span.start;
    if sid.is_empty() {
        let message = "`Sid` is empty, neither a waiver nor a log can name the statement".to_owned();
        report.add(codes::EMPTY_SID, path, start, message, Some("write a name or remove `Sid`".to_owned()));
        return;
    }
    if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("sid {} holds a character other than A-Z, a-z and 0-9", quote(sid));
        let kept: String = sid.chars().filter(char::is_ascii_alphanumeric).collect();
        let fix = if kept.is_empty() { "use ASCII letters and digits".to_owned() } else { format!("write `{kept}`") };
        report.add(codes::INVALID_SID, path, start, message, Some(fix));
    }
    if !sids.insert(sid) {
        let message = format!("sid {} names an earlier statement already, a waiver could mean either", quote(sid));
        let fix = Some("give every statement a `Sid` of its own".to_owned());
        report.add(codes::DUPLICATE_SID, path, start, message, fix);
    }
}

/// `Effect` is one of two words, case-sensitive (IAM user guide, "IAM JSON policy elements: Effect").
fn effect(node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(effect) = node.as_str() else {
        return data_type(node, path, "`Effect`", "`Allow` or `Deny`", report);
    };
    if matches!(effect, "Allow" | "Deny") {
        return;
    }
    let message = format!("effect {} is neither `Allow` nor `Deny`; the case of letters counts", quote(effect));
    let fix = ["Allow", "Deny"].into_iter().find(|word| word.eq_ignore_ascii_case(effect.trim()));
    let fix = fix.map_or_else(|| "write `Allow` or `Deny`".to_owned(), |word| format!("write `{word}`"));
    report.add(codes::INVALID_EFFECT, path, node.span.start, message, Some(fix));
}

/// Walks the strings of an element that takes one string or a list of them.
fn list(member: &Member, path: &Path<'_>, report: &mut Report<'_>, check: fn(&str, &Node, &Path<'_>, &mut Report<'_>)) {
    let name = format!("`{}`", member.key);
    if member.value.as_array().is_some_and(<[Node]>::is_empty) {
        let message = format!("{name} is an empty list, the statement does nothing");
        let fix = Some("name what is meant or remove the statement".to_owned());
        report.add(codes::EMPTY_ARRAY, path, member.value.span.start, message, fix);
    }
    for (index, item) in items(&member.value) {
        let path = path.item(index);
        match item.as_str() {
            Some(text) => check(text, item, &path, report),
            None => data_type(item, &path, &name, "a string or a list of strings", report),
        }
    }
}

/// Exactly one element of a pair must be there. `codes` are for none and for both.
fn pair(
    statement: &Object,
    path: &Path<'_>,
    start: usize,
    names: [&str; 2],
    codes: [codes::Code; 2],
    report: &mut Report<'_>,
) {
    let [name, negated] = names;
    let [missing, both] = codes;
    let second = statement.iter().find(|member| member.key == negated);
    match (statement.get(name), second) {
        (None, None) => {
            let message = format!("the statement has neither `{name}` nor `{negated}`, AWS refuses the policy");
            report.add(missing, path, start, message, Some(format!("add `{name}`")));
        }
        (Some(_), Some(member)) => {
            let message = format!("the statement has both `{name}` and `{negated}`, AWS refuses the policy");
            let fix = Some(format!("keep one of them; an exception to a wide `{name}` is a statement of its own"));
            report.add(both, &path.key(negated), member.key_span.start, message, fix);
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
}
