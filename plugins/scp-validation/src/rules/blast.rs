//! What a Deny takes away at worst: denies of everything, without a way back in, of sts, of the wrong Regions.
//!
//! It must not know the other statements or the organization's tree; whether a target survives is for a simulation.
//! The patterns follow "Best practices for SCPs" and the region deny sample of the AWS Organizations user guide.

mod reach;

use super::report::{Path, Report, quote};
use super::text::{glob, items, strings};
use super::{arn, codes};
use reach::Test;
use reeve_json::{Node, Object};

/// What a Deny aims at.
struct Deny<'d> {
    path: &'d Path<'d>,
    start: usize,
    sid: &'d str,
    actions: Actions<'d>,
    /// Resource takes in everything, or NotResource takes in all but a few.
    wide_resource: bool,
    /// Resource takes in everything.
    every_resource: bool,
    tests: Vec<Test<'d>>,
}

enum Actions<'d> {
    Only(&'d Node),
    AllBut(&'d Node),
}

impl Deny<'_> {
    /// Whether every action is denied, but for those that NotAction names.
    fn nearly_all_actions(&self) -> bool {
        match self.actions {
            Actions::Only(node) => strings(node).any(is_every_action),
            Actions::AllBut(node) => !strings(node).any(is_every_action),
        }
    }

    /// Whether a condition confines the Deny to a few requests.
    fn confined(&self, report: &Report<'_>) -> bool {
        self.tests.iter().any(|test| test.confines(report.settings))
    }
}

fn is_every_action(pattern: &str) -> bool {
    // A `?` would be matched by the star, and stands for one letter only.
    (glob(pattern, "*:*") && !pattern.contains('?'))
        || (!pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*'))
}

/// Checks one statement whose Effect is Deny. A statement with a broken shape has findings already, and is left alone.
pub(super) fn check(node: &Node, statement: &Object, path: &Path<'_>, report: &mut Report<'_>) {
    let actions = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(node), None) => Actions::Only(node),
        (None, Some(node)) => Actions::AllBut(node),
        (None, None) | (Some(_), Some(_)) => return,
    };
    let (wide_resource, every_resource) = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(node), None) => {
            let every = strings(node).any(arn::covers_all);
            (every, every)
        }
        (None, Some(_)) => (true, false),
        (None, None) | (Some(_), Some(_)) => return,
    };
    let Some(tests) = reach::tests(statement.get("Condition")) else { return };
    let sid = statement.get("Sid").and_then(Node::as_str).unwrap_or_default();
    let deny = Deny { path, start: node.span.start, sid, actions, wide_resource, every_resource, tests };
    if !deny.wide_resource {
        return;
    }
    let all = deny.every_resource && matches!(deny.actions, Actions::Only(_)) && deny.nearly_all_actions();
    if all && deny.tests.is_empty() {
        let message = "the Deny takes every action on every resource from every principal: nobody in a target account \
                       can do anything, its root user included"
            .to_owned();
        let fix = Some("add a `Condition` with an exemption, such as `ArnNotLike` on `aws:PrincipalArn`".to_owned());
        return report.add(codes::DENY_ALL, path, node.span.start, message, fix);
    }
    sts(&deny, report);
    no_break_glass(&deny, report);
    region_inverted(&deny, report);
}

/// Roles are of no use, and Identity Center and cross-account tools with them, where `sts:AssumeRole` is denied.
fn sts(deny: &Deny<'_>, report: &mut Report<'_>) {
    let Actions::Only(node) = deny.actions else { return };
    if !deny.every_resource || deny.confined(report) {
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
fn no_break_glass(deny: &Deny<'_>, report: &mut Report<'_>) {
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

/// The Region that global services answer from in the `aws` partition ("aws:RequestedRegion").
const GLOBAL_REGION: &str = "us-east-1";

/// Services without Regions that the region deny sample leaves out. They are only ever requested in one Region, so
/// leaving them out is pointless in a list of Regions to deny.
const GLOBAL_SERVICES: [&str; 9] =
    ["iam", "sts", "organizations", "route53", "cloudfront", "support", "health", "globalaccelerator", "shield"];

/// So many of them in NotAction make it the exception list of a region deny; one may stand there for another reason.
const GLOBAL_SERVICES_MIN: usize = 2;

/// A region deny with the operator turned round. A list of Regions that one wants to deny looks the same at first; what
/// gives the mistake away is a Region the organization works in, `us-east-1` without its global services left out,
/// global services left out where none answers, or a Sid that says "outside".
fn region_inverted(deny: &Deny<'_>, report: &mut Report<'_>) {
    if !deny.nearly_all_actions() || !deny.every_resource || deny.confined(report) {
        return;
    }
    let home = &report.settings.home_regions;
    let sid = deny.sid.to_ascii_lowercase();
    for test in deny.tests.iter().filter(|test| test.lower == "aws:requestedregion" && test.is_positive_match()) {
        let has_global = report.settings.partition == "aws" && test.matches(GLOBAL_REGION);
        let spares_global = match deny.actions {
            Actions::Only(_) => false,
            Actions::AllBut(node) => spared_services(node) >= GLOBAL_SERVICES_MIN,
        };
        let why = if let Some(region) = home.iter().find(|region| test.matches(region)) {
            format!("it denies {}, where the organization works", quote(region))
        } else if matches!(deny.actions, Actions::Only(_)) && has_global {
            format!("it denies every action in `{GLOBAL_REGION}`, where the global services answer")
        } else if home.is_empty() && spares_global && !has_global {
            "it spares global services, which never answer in the Regions it denies".to_owned()
        } else if ["outside", "otherregion", "exceptregion"].iter().any(|word| sid.contains(word)) {
            format!("its sid {} says that it denies the other Regions", quote(deny.sid))
        } else {
            continue;
        };
        let message = format!("`{}` on `aws:RequestedRegion` denies exactly the listed Regions: {why}", test.name);
        let word = if test.operator.wildcards { "StringNotLike" } else { "StringNotEquals" };
        let condition = deny.path.key("Condition");
        let operator = condition.key(test.name);
        let path = operator.key(test.key);
        report.add(codes::REGION_DENY_INVERTED, &path, test.start, message, Some(format!("use `{word}`")));
    }
}

/// How many different global services a NotAction names.
fn spared_services(node: &Node) -> usize {
    let named = |service: &&&str| {
        strings(node)
            .any(|pattern| pattern.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service)))
    };
    GLOBAL_SERVICES.iter().filter(named).count()
}
