//! Actions against the resources that stand beside them: a Deny on a resource that its actions do not work on denies
//! nothing.
//!
//! It must not know conditions.

use super::super::parts::{Actions, Parts, Resources};
use super::super::report::{Path, Report, quote};
use super::super::text::{has_wildcard, items};
use super::super::{arn, codes, parts, placeholder};
use super::{Reference, cut, matching};
use reeve_json::Node;
use reeve_scp::Glob;
use reeve_scp::table::{Action, ArnPattern};

/// Actions that take resources beside those of their types: AWS documents `s3:ListAllMyBuckets` on all buckets (IAM user
/// guide, "Allows read and write access to objects in an S3 bucket"), though the reference has no type for it.
const DOCUMENTED: [(&str, &str, [&str; 4]); 1] = [("s3", "ListAllMyBuckets", ["s3", "", "", "*"])];

/// Services in ARNs that are patterns themselves.
pub(super) fn services(node: &Node, path: &Path<'_>, report: &mut Report<'_>) {
    for (index, item) in items(node) {
        let Some(text) = item.as_str().filter(|text| !arn::covers_all(text)) else { continue };
        if arn::split(text).is_some_and(|arn| has_wildcard(arn.service)) && parts::is_plain(text) {
            let text = quote(text);
            let message = format!("{text} has a wildcard in its service part, it also takes in services to come");
            let fix = Some("write an ARN for each service".to_owned());
            let (code, severity) = (codes::WILDCARD_IN_SERVICE, super::Severity::Warning);
            report.add_as(severity, code, &path.item(index), item.span.start, message, fix);
        }
    }
}

/// The price of comparing a resource with the ARN of a type, which is made into a pattern first.
const ARN_PRICE: usize = 4;

/// A resource of the statement.
struct Target<'d> {
    index: Option<usize>,
    item: &'d Node,
    text: &'d str,
    service: &'d str,
    glob: Glob,
    /// Service, Region, account and resource.
    parts: [Glob; 4],
    /// Whether an action of the statement works on it.
    hit: bool,
}

impl Target<'_> {
    /// Whether it has a resource in common with service, Region, account and resource of an ARN pattern, part by part.
    /// What stands for a Region in the ARN of a type is never empty; an account may be, where AWS owns the resource.
    fn meets(&self, arn: &[&str; 4]) -> bool {
        let [_, region, _, _] = arn;
        let [_, own_region, _, _] = &self.parts;
        let missing = *region == "*" && own_region.as_literal() == Some("");
        !missing && arn.iter().zip(&self.parts).all(|(of_type, part)| Glob::new(of_type).meets(part))
    }
}

/// What an action pattern can do with the resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Works {
    /// At least one of its actions works on one of them.
    Yes,
    /// None of its actions takes any resource but `*`.
    OnStarOnly,
    /// Its actions work on other resources.
    OnOthers,
    /// Nothing can be said.
    Unknown,
}

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    let (Actions::Only(actions), Resources::Only(resources)) = (statement.actions, statement.resources) else { return };
    let Some(mut targets) = targets(resources) else { return };
    let mut works = Vec::new();
    for (index, item) in items(actions) {
        let verdict = item.as_str().map_or(Works::Unknown, |text| ask(text, &mut targets, reference));
        works.push(verdict);
        let element = statement.path.key("Action");
        let path = element.item(index);
        let text = quote(item.as_str().unwrap_or_default());
        let start = item.span.start;
        match verdict {
            Works::Yes | Works::Unknown => {}
            Works::OnStarOnly => {
                let message = format!("{text} works on no resource but `*`, so the statement never matches it");
                let fix = Some("write `*` for its Resource, in a statement of its own".to_owned());
                report.add(codes::RESOURCE_ONLY_STAR_ACTION, &path, start, message, fix);
            }
            Works::OnOthers => {
                let message = format!("{text} works on none of the resources, so the statement never matches it");
                let fix = Some(format!("name a resource that it works on{}", example(item, reference)));
                report.add(codes::ACTION_RESOURCE_MISMATCH, &path, start, message, fix);
            }
        }
    }
    // A statement whose actions all miss has been told so; a doubt about one action is a doubt about every resource.
    if works.contains(&Works::Unknown) || !works.contains(&Works::Yes) {
        return;
    }
    for target in targets.iter().filter(|target| !target.hit) {
        let element = statement.path.key("Resource");
        let message = format!("no action of the statement works on {}, so it never matches", quote(target.text));
        let fix = Some("name an action that works on it, or remove it".to_owned());
        let path = element.item(target.index);
        report.add(codes::ACTION_RESOURCE_MISMATCH, &path, target.item.span.start, message, fix);
    }
}

/// The resources; nothing when one of them takes in everything, has a template left in it or cannot be read.
fn targets(node: &Node) -> Option<Vec<Target<'_>>> {
    items(node)
        .map(|(index, item)| {
            let text = item.as_str().filter(|text| !arn::covers_all(text) && !placeholder::is_left(text))?;
            let arn = arn::split(text).filter(|arn| !arn.service.contains("${"))?;
            let glob = matching::widest(text)?;
            let [service, region, account, resource] =
                [arn.service, arn.region, arn.account, arn.resource].map(matching::widest);
            let parts = [service?, region?, account?, resource?];
            Some(Target { index, item, text, service: arn.service, glob, parts, hit: false })
        })
        .collect()
}

/// Asks all actions of a pattern which of the resources they work on.
fn ask(text: &str, targets: &mut [Target<'_>], reference: &mut Reference<'_>) -> Works {
    // Every action: some service may have such a resource, whether the table knows its type or not.
    let Some((service, name)) = cut(text).filter(|_| !parts::is_every_action(text)) else { return Works::Unknown };
    if !reference.pay_to_expand(service, name) {
        return Works::Unknown;
    }
    let (mut any, mut typed, mut works) = (false, false, false);
    for action in reference.table.actions_matching(text) {
        any = true;
        typed |= action.resource_types().next().is_some();
        for target in &mut *targets {
            if works && target.hit {
                continue;
            }
            if !reference.pay(1) {
                return Works::Unknown;
            }
            if works_on(action, target, reference) {
                target.hit = true;
                works = true;
            }
        }
        if works && targets.iter().all(|target| target.hit) {
            break;
        }
    }
    match (any, works, typed) {
        (false, _, _) => Works::Unknown,
        (true, true, _) => Works::Yes,
        (true, false, true) => Works::OnOthers,
        (true, false, false) => Works::OnStarOnly,
    }
}

fn works_on(action: Action<'_>, target: &Target<'_>, reference: &mut Reference<'_>) -> bool {
    let documented = DOCUMENTED.iter().any(|(service, name, arn)| {
        action.service().prefix() == *service && action.name() == *name && target.meets(arn)
    });
    documented
        || action.resource_types().any(|one| {
            one.resource_type().arns().any(|arn| {
                let same_service = arn.parts().is_some_and(|[service, ..]| {
                    has_wildcard(service) || has_wildcard(target.service) || service == target.service
                });
                // When nothing is left to pay with, the doubt is in favour of the document.
                same_service && (!reference.pay(ARN_PRICE) || is_of(arn, action, target, reference))
            })
        })
}

/// Whether a resource pattern of the document can name a resource of that type. `arn:aws:s3:::b/*` fits the pattern of a
/// bucket and means objects: where a narrower pattern with more levels holds all of it, it is of that type alone.
fn is_of(arn: ArnPattern<'_>, action: Action<'_>, target: &Target<'_>, reference: &mut Reference<'_>) -> bool {
    if !arn.parts().is_some_and(|parts| target.meets(&parts)) {
        return false;
    }
    let wide = Glob::new(&arn.to_string());
    let levels = |arn: ArnPattern<'_>| arn.to_string().matches('/').count();
    if target.text.matches('/').count() <= levels(arn) {
        return true;
    }
    let mut others = action.service().resource_types().flat_map(|one| one.arns());
    !others.any(|other| {
        levels(other) > levels(arn) && reference.pay(ARN_PRICE) && {
            let narrow = Glob::new(&other.to_string());
            wide.covers(&narrow) && narrow.covers(&target.glob)
        }
    })
}

/// A resource that the first action of a pattern works on, for a fix.
fn example(item: &Node, reference: &Reference<'_>) -> String {
    let actions = item.as_str().into_iter().flat_map(|text| reference.table.actions_matching(text));
    let arn = actions.flat_map(|action| action.resource_types()).flat_map(|one| one.resource_type().arns()).next();
    arn.map(|arn| format!(", such as `{arn}`")).unwrap_or_default()
}
