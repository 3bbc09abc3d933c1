//! The lifecycle policy of a repository.

use super::read::{Images, Repository};
use crate::finding::{Findings, RULE_SHADOWED};
use reeve_json::{Object, Value, compact};

/// The text of the policy; none without a rule.
///
/// Priorities are 1, 2, 3 in the order of the file: an image that an earlier rule selects is never expired by a later
/// one (ECR user guide, lifecycle policies), so the order is the writer's to choose. A rule that an earlier one leaves
/// nothing to is told.
pub(crate) fn policy_text(repository: &Repository, findings: &mut Findings) -> Option<String> {
    if repository.rules.is_empty() {
        return None;
    }
    let mut rules = Vec::new();
    let mut earlier: Vec<&str> = Vec::new();
    for (priority, rule) in (1_u32..).zip(&repository.rules) {
        let mut selection = Object::new();
        match &rule.images {
            Images::Untagged => selection.set("tagStatus", "untagged"),
            Images::Tagged(prefix) => {
                if let Some(first) = earlier.iter().find(|first| prefix.starts_with(**first)) {
                    let message = format!("images tagged `{prefix}…` are those of the rule for `{first}` above");
                    let fix = "write the longer prefix first";
                    findings.warning(RULE_SHADOWED, rule.place.clone(), message, fix);
                }
                earlier.push(prefix);
                selection.set("tagStatus", "tagged");
                selection.set("tagPrefixList", Value::array([prefix.as_str()]));
            }
        }
        selection.set("countType", "sinceImagePushed");
        selection.set("countUnit", "days");
        selection.set("countNumber", rule.days);
        rules.push(Value::object([
            ("rulePriority", Value::from(priority)),
            ("selection", Value::Object(selection)),
            ("action", Value::object([("type", "expire")])),
        ]));
    }
    Some(compact(&Value::object([("rules", Value::array(rules))])))
}
