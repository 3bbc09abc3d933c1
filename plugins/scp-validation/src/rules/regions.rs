//! Denies by Region: turned round, without the global services, with names that no Region has.
//!
//! The patterns follow the region deny sample of the AWS Organizations user guide and "aws:RequestedRegion" of the IAM
//! user guide. It must not know the organization's tree.

use super::operator::Class;
use super::parts::{Actions, Parts, is_plain};
use super::reach::Test;
use super::report::{Report, quote};
use super::statement::Effect;
use super::text::{glob, has_wildcard, nearest, strings};
use super::{Severity, arn, codes};
use reeve_json::Node;
use reeve_scp::{PARTITIONS, PARTITIONS_AS_OF};

const KEY: &str = "aws:requestedregion";

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    for test in statement.on(KEY).filter(|test| test.operator.class == Class::String) {
        unknown(test, statement, report);
    }
    if statement.effect == Effect::Deny && statement.readable && statement.every_resource() {
        inverted(statement, report);
        missing_globals(statement, report);
    }
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
fn inverted(deny: &Parts<'_>, report: &mut Report<'_>) {
    if !deny.nearly_all_actions() || deny.confined(report) {
        return;
    }
    let home = &report.settings.home_regions;
    let sid = deny.sid.to_ascii_lowercase();
    for test in deny.on(KEY).filter(|test| test.is_positive_match()) {
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
        test.report(codes::REGION_DENY_INVERTED, deny.path, message, Some(format!("use `{word}`")), report);
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

/// What a region deny must leave out, as one action of each service or family: services that answer from one Region
/// wherever the caller is ("Deny access to AWS based on the requested AWS Region", and Control Tower's region deny, which
/// adds `account`).
const MUST_SPARE: [(&str, &[&str]); 12] = [
    ("iam:*", &["iam:getrole"]),
    ("organizations:*", &["organizations:describeorganization"]),
    ("route53:*", &["route53:listhostedzones"]),
    ("cloudfront:*", &["cloudfront:listdistributions"]),
    ("sts:*", &["sts:assumerole"]),
    ("support:*", &["support:describecases"]),
    ("health:*", &["health:describeevents"]),
    ("globalaccelerator:*", &["globalaccelerator:listaccelerators"]),
    ("waf:*", &["waf:listwebacls", "wafv2:listwebacls"]),
    ("shield:*", &["shield:describesubscription"]),
    ("budgets:*", &["budgets:viewbudget", "ce:getcostandusage", "billing:getbillingdata", "aws-portal:viewbilling"]),
    ("account:*", &["account:getaccountinformation"]),
];

/// A region deny that takes the global services away, by leaving some out of NotAction or by having no NotAction at all.
fn missing_globals(deny: &Parts<'_>, report: &mut Report<'_>) {
    // In other partitions the global services answer elsewhere, and many are not there.
    if report.settings.partition != "aws" || !deny.nearly_all_actions() || deny.confined(report) {
        return;
    }
    let negated = |test: &&Test<'_>| test.operator.class == Class::String && test.operator.negated;
    let Some(test) = deny.on(KEY).find(negated) else { return };
    if test.matches(GLOBAL_REGION) || test.texts().iter().any(|text| !is_plain(text)) {
        return;
    }
    match deny.actions {
        Actions::Only(_) => {
            let message = format!(
                "the region deny has no `NotAction` and does not allow `{GLOBAL_REGION}`, where the global services \
                 answer: they are denied too"
            );
            let fix = "use `NotAction` with the global services, such as `iam:*`, `sts:*` and `organizations:*`";
            test.report(codes::REGION_DENY_USING_ACTION_STAR, deny.path, message, Some(fix.to_owned()), report);
        }
        Actions::AllBut(node) => {
            let spared: Vec<String> = strings(node).map(str::to_ascii_lowercase).collect();
            let missing: Vec<&str> = MUST_SPARE
                .iter()
                .filter(|(_, actions)| !actions.iter().any(|action| spared.iter().any(|it| glob(it, action))))
                .map(|(name, _)| *name)
                .collect();
            if missing.is_empty() {
                return;
            }
            let names = missing.join("`, `");
            let message = format!("the region deny does not spare `{names}`, which answer from `{GLOBAL_REGION}` only");
            let fix = Some(format!("add `{names}` to `NotAction`"));
            report.add(codes::REGION_DENY_MISSING_GLOBALS, &deny.path.key("NotAction"), node.span.start, message, fix);
        }
    }
}

/// A value that names no Region of the organization's partition. `StringEquals` compares the case of letters. One that
/// AWS adds after the list was made is a warning, no error.
fn unknown(test: &Test<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    let partition = PARTITIONS.iter().find(|partition| partition.id == report.settings.partition);
    let home = partition.map_or(&[][..], |partition| partition.regions);
    let ignores_case = test.name.to_ascii_lowercase().contains("ignorecase");
    for (index, item, text) in test.strings().filter(|(_, _, text)| is_plain(text)) {
        let wild = test.operator.wildcards && has_wildcard(text);
        // What is literal here has a finding of its own.
        if has_wildcard(text) && !wild {
            continue;
        }
        let value = if ignores_case { text.to_ascii_lowercase() } else { text.to_owned() };
        if home.iter().any(|region| glob(&value, region)) {
            continue;
        }
        let elsewhere = PARTITIONS.iter().find(|other| other.regions.iter().any(|region| glob(&value, region)));
        let lower = text.to_ascii_lowercase();
        let (severity, why) = if let Some(other) = elsewhere {
            (Severity::Error, format!("is a Region of the partition `{}`, no request here has it", other.id))
        } else if home.iter().any(|region| glob(&lower, region)) {
            (Severity::Error, "is not in lower case, and the case of letters counts: no request has it".to_owned())
        } else if wild || arn::is_region(&value) {
            (Severity::Warning, format!("is no Region that was known on {PARTITIONS_AS_OF}"))
        } else {
            (Severity::Error, "is not written like a Region, no request has it".to_owned())
        };
        let fix = nearest(&lower, home.iter().copied()).map(|word| format!("write `{word}`"));
        let message = format!("{} {why}", quote(text));
        let code = (codes::UNKNOWN_REGION, severity);
        test.report_value(code, statement.path, (index, item), message, fix, report);
    }
}
