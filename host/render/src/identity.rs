//! The identity account: a group for each class of people, with managed policies that let it take its roles in every
//! account.

use crate::finding::{ACCESS, Findings, TOO_LARGE, place};
use crate::limits::{GROUP_POLICIES_MAX, MANAGED_POLICY_CHARS_MAX, PARTITION_LONGEST};
use crate::names::{is_group, is_role};
use crate::stack::{Stack, logical_id, policy, reference, sub};
use reeve_accounts::{Accounts, Sourced, Status};
use reeve_json::{Object, Value, compact};
use reeve_model::Place;
use reeve_yaml::{Entry, quoted};
use std::collections::{BTreeMap, BTreeSet};

/// What an ARN takes besides itself in a list: two quotes and a comma, characters.
const LISTED_CHARS: usize = 3;

/// What a class of people may take.
struct Class {
    /// Where the class was first met, in the order of the accounts' names.
    place: Place,
    /// Pairs of an account id and a role.
    roles: BTreeSet<(String, String)>,
}

/// The template: group after group by the name of the class, each with its policies.
pub(crate) fn stack(accounts: &Accounts, findings: &mut Findings) -> Stack {
    let mut stack = Stack::new("Who may take which role, rendered from the list of accounts");
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for account in accounts.iter().filter(|account| account.status() == Status::Active) {
        let Some(access) = account.value("access") else { continue };
        let id = findings.id(accounts, account);
        // What is no name is told before the account has its id.
        grants(access, findings, |class, role, place| {
            let Some(id) = id else { return };
            let class = classes
                .entry(class.to_owned())
                .or_insert_with(|| Class { place: place.clone(), roles: BTreeSet::new() });
            class.roles.insert((id.to_owned(), role.to_owned()));
        });
    }
    distinct(&classes, findings);
    for (name, class) in &classes {
        let group = logical_id("Group", name);
        let mut properties = Object::new();
        properties.set("GroupName", name.as_str());
        stack.resource(&group, "AWS::IAM::Group", properties);
        let parts = parts(&class.roles);
        if parts.len() > GROUP_POLICIES_MAX {
            let message = format!(
                "the {} roles of class `{name}` take {} managed policies, a group has at most {GROUP_POLICIES_MAX}",
                class.roles.len(),
                parts.len()
            );
            findings.error(TOO_LARGE, class.place.clone(), message, "split the class of people");
        }
        for (number, part) in (1..).zip(parts) {
            let mut properties = Object::new();
            properties.set("Description", format!("Roles that people of class {name} may take"));
            properties.set("Groups", Value::array([reference(&group)]));
            properties.set("PolicyDocument", document(part.into_iter().map(sub)));
            let id = format!("{}Part{number}", logical_id("Access", name));
            stack.resource(&id, "AWS::IAM::ManagedPolicy", properties);
        }
    }
    stack
}

/// Calls `grant` with each class of people, role and place that an account's `access` names; tells what is no name.
fn grants(access: &Sourced, findings: &mut Findings, mut grant: impl FnMut(&str, &str, &Place)) {
    for Entry { key, key_at, node } in access.value.as_mapping().into_iter().flatten() {
        let at = place(&access.file, *key_at);
        if !is_group(key) {
            let message = format!("class {} of people cannot name a group of IAM", quoted(key));
            findings.error(ACCESS, at, message, "letters, digits and `_+=,.@-`, at most 128");
            continue;
        }
        let value_at = place(&access.file, node.at);
        let mut seen = BTreeSet::new();
        for role in node.value.as_str().unwrap_or_default().split(',').map(str::trim) {
            if !is_role(role) {
                let message = format!("{} cannot name a role of IAM", quoted(role));
                let fix = "role names with commas between them: letters, digits and `_+=.@-`, at most 64 each";
                findings.error(ACCESS, value_at.clone(), message, fix);
            } else if seen.insert(role) {
                grant(key, role, &at);
            } else {
                let message = format!("role `{role}` stands twice for class `{key}`");
                findings.error(ACCESS, value_at.clone(), message, "name it once");
            }
        }
    }
}

/// IAM takes names of groups that differ only in case for the same (IAM API reference, CreateGroup).
fn distinct(classes: &BTreeMap<String, Class>, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, class) in classes {
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            let message = format!("classes `{other}` and `{name}` of people are the same group to IAM");
            findings.error(ACCESS, class.place.clone(), message, "spell them alike");
        }
    }
}

/// The ARNs in the order of account ids and roles, in parts of which each fits into a managed policy. The partition is
/// that of the stack, counted with the longest there is.
fn parts(roles: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let empty = compact(&document([])).chars().count();
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for (id, role) in roles {
        let chars = format!("arn:{PARTITION_LONGEST}:iam::{id}:role/{role}").len() + LISTED_CHARS;
        if chars > room {
            parts.push(Vec::new());
            // The last ARN of a list has no comma.
            room = (MANAGED_POLICY_CHARS_MAX + 1).saturating_sub(empty);
        }
        room = room.saturating_sub(chars);
        if let Some(part) = parts.last_mut() {
            part.push(format!("arn:${{AWS::Partition}}:iam::{id}:role/{role}"));
        }
    }
    parts
}

/// A policy that lets these roles be taken.
fn document(roles: impl IntoIterator<Item = Value>) -> Value {
    policy([Value::object([
        ("Sid", Value::from("TakeRoles")),
        ("Effect", Value::from("Allow")),
        ("Action", Value::from("sts:AssumeRole")),
        ("Resource", Value::array(roles)),
    ])])
}
