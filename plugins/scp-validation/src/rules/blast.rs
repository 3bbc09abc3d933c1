//! What a Deny takes away at worst: denies of everything, without a way back in, of sts, of the wrong Regions.
//!
//! It must not know the other statements or the organization's tree; whether a target survives is for a simulation.
//! The patterns follow "Best practices for SCPs" and the region deny sample of the AWS Organizations user guide.

use super::codes;
use super::parts::{Actions, Parts, is_every_action};
use super::reach::Test;
use super::report::{Report, quote};
use super::text::{glob, items, strings};

/// Checks one statement whose Effect is Deny.
pub(super) fn check(deny: &Parts<'_>, report: &mut Report<'_>) {
    if !deny.readable || !deny.wide_resource() {
        return;
    }
    let all = deny.every_resource() && matches!(deny.actions, Actions::Only(_)) && deny.nearly_all_actions();
    if all && deny.tests.is_empty() {
        let message = "the Deny takes every action on every resource from every principal: nobody in a target account \
                       can do anything, its root user included"
            .to_owned();
        let fix = Some("add a `Condition` with an exemption, such as `ArnNotLike` on `aws:PrincipalArn`".to_owned());
        return report.add(codes::DENY_ALL, deny.path, deny.start, message, fix);
    }
    sts(deny, report);
    control_plane_reads(deny, report);
    no_break_glass(deny, report);
}

/// Roles are of no use, and Identity Center and cross-account tools with them, where `sts:AssumeRole` is denied.
fn sts(deny: &Parts<'_>, report: &mut Report<'_>) {
    let Actions::Only(node) = deny.actions else { return };
    if !deny.every_resource() || deny.confined(report) {
        return;
    }
    let parent = deny.path.key("Action");
    for (index, item) in items(node) {
        let Some(pattern) = item.as_str() else { continue };
        let lower = pattern.to_ascii_lowercase();
        if is_every_action(&lower) || !glob(&lower, "sts:assumerole") {
            continue;
        }
        let message =
            format!("the Deny of {} takes roles out of use, for people and platform tools alike", quote(pattern));
        let fix = "deny it for named principals or roles only, by `Resource` or `Condition`".to_owned();
        report.add(codes::DENY_STS, &parent.item(index), item.span.start, message, Some(fix));
    }
}

/// A wide Deny must leave a way back in: an exemption by `aws:PrincipalArn` for every break-glass role.
fn no_break_glass(deny: &Parts<'_>, report: &mut Report<'_>) {
    let whole_service = |pattern: &str| {
        let lower = pattern.to_ascii_lowercase();
        glob(&lower, "iam:*") || glob(&lower, "sts:*")
    };
    let wide =
        deny.nearly_all_actions() || matches!(deny.actions, Actions::Only(node) if strings(node).any(whole_service));
    if !wide || deny.confined(report) {
        return;
    }
    let exemptions: Vec<&Test<'_>> = deny.tests.iter().filter(|test| test.exempts_principals()).collect();
    let settings = report.settings;
    let message = if settings.break_glass.is_empty() {
        if !exemptions.is_empty() {
            return;
        }
        "the wide Deny exempts no role: a mistake in it cannot be mended from inside the account".to_owned()
    } else {
        let left: Vec<String> = settings
            .break_glass
            .iter()
            .filter(|role| !exemptions.iter().any(|test| test.covers(role)))
            .map(|role| quote(role))
            .collect();
        if left.is_empty() {
            return;
        }
        let left = left.join(", ");
        format!("the wide Deny does not exempt the break-glass role {left}: a mistake in it locks everybody out")
    };
    let role = settings.break_glass.first().map_or("arn:aws:iam::*:role/BREAK-GLASS-ROLE", String::as_str);
    let fix = format!("add `\"ArnNotLike\":{{\"aws:PrincipalArn\":\"{role}\"}}` to `Condition`");
    report.add(codes::DENY_NO_BREAKGLASS, deny.path, deny.start, message, Some(fix));
}

/// What tools, consoles and the people who help read all day: the organization, roles and policies, support cases, health
/// events, account settings. Each with an action that a pattern must take in to be told.
const CONTROL_PLANE_READS: [(&str, &str); 6] = [
    ("organizations:describeorganization", "the organization"),
    ("organizations:listaccounts", "the organization"),
    ("iam:getrole", "roles and policies"),
    ("support:describecases", "support cases"),
    ("health:describeevents", "health events"),
    ("account:getaccountinformation", "account settings"),
];

/// A Deny of reads that stops tools and support rather than an attacker.
fn control_plane_reads(deny: &Parts<'_>, report: &mut Report<'_>) {
    let Actions::Only(node) = deny.actions else { return };
    if !deny.every_resource() || deny.nearly_all_actions() || deny.confined(report) {
        return;
    }
    let parent = deny.path.key("Action");
    for (index, item) in items(node) {
        let Some(pattern) = item.as_str() else { continue };
        let lower = pattern.to_ascii_lowercase();
        // One action by its full name is a decision; a wildcard takes more than its author thinks of.
        let read = CONTROL_PLANE_READS.iter().find(|(action, _)| lower != *action && glob(&lower, action));
        let Some((_, what)) = read else { continue };
        let message = format!("the Deny of {} takes in reads of {what}, which tools and support need", quote(pattern));
        let fix = "name the actions that change something".to_owned();
        report.add(codes::DENY_CONTROL_PLANE_READS, &parent.item(index), item.span.start, message, Some(fix));
    }
}
