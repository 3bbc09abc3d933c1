//! NotAction and NotResource: what a statement says by leaving out ("IAM JSON policy elements: NotAction" and
//! "NotResource").
//!
//! It must not know which actions exist: whatever is new tomorrow falls under a negation too.

use super::codes;
use super::parts::{Actions, Parts, Resources};
use super::report::Report;
use super::statement::Effect;

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    let path = statement.path;
    if let (Actions::AllBut(_), Resources::AllBut(node)) = (statement.actions, statement.resources) {
        let message = "`NotAction` with `NotResource` negates twice: it takes every other action on every other \
                       resource, and spares the named ones nothing"
            .to_owned();
        let fix = Some("write two statements, each with one negation".to_owned());
        let path = path.key("NotResource");
        report.add(codes::NOTACTION_SINGLE_NEGATION_PAIR, &path, node.span.start, message, fix);
    }
    match (statement.effect, statement.actions) {
        (Effect::Allow, Actions::AllBut(node)) => {
            let message =
                "the Allow takes in every action but the named ones, those of services to come too".to_owned();
            let fix = Some("name the services in `Action`, or deny the few in a statement of its own".to_owned());
            report.add(codes::ALLOW_NOTACTION, &path.key("NotAction"), node.span.start, message, fix);
        }
        (Effect::Deny, Actions::AllBut(node))
            if statement.every_resource() && statement.readable && statement.tests.is_empty() =>
        {
            let message = "the Deny takes every action but the named ones, from everybody and for ever".to_owned();
            let fix = Some("add a `Condition`, or deny what is meant in `Action`".to_owned());
            report.add(codes::DENY_NOTACTION_UNCONDITIONAL, &path.key("NotAction"), node.span.start, message, fix);
        }
        (Effect::Allow | Effect::Deny, Actions::Only(_)) | (Effect::Deny, Actions::AllBut(_)) => {}
    }
    if let (Effect::Allow, Resources::AllBut(node)) = (statement.effect, statement.resources) {
        let message = "the Allow takes in every resource but the named ones, those of other accounts too".to_owned();
        let fix = Some("name the resources in `Resource`, or deny the few in a statement of its own".to_owned());
        report.add(codes::NOTRESOURCE_WITH_ALLOW, &path.key("NotResource"), node.span.start, message, fix);
    }
}
