//! What a document says of principals, for the rules that know the organization's tree.
//!
//! It must not know rules. What cannot be read says nothing.

use super::document;
use super::operator::{Class, Operator};
use super::reach;
use super::text::items;
use reeve_json::{Node, Object, Position};
use std::collections::BTreeSet;

fn statements(root: &Node) -> impl Iterator<Item = (Option<usize>, &Object)> {
    let list = root.as_object().and_then(|policy| policy.get("Statement"));
    list.into_iter().flat_map(items).filter_map(|(index, node)| Some((index, node.as_object()?)))
}

/// ARN patterns of roles that a Deny of the document spares.
pub(crate) fn spared_roles(text: &str) -> BTreeSet<String> {
    let Ok(root) = document::read(text) else { return BTreeSet::new() };
    let mut roles = BTreeSet::new();
    for (_, statement) in statements(&root) {
        if statement.get("Effect").and_then(Node::as_str) != Some("Deny") {
            continue;
        }
        let (tests, _) = reach::tests(statement.get("Condition"));
        for test in tests.iter().filter(|test| test.exempts_principals()) {
            let role = |text: &str| text.contains(":role/") && !text.contains("${");
            roles.extend(test.strings().map(|(_, _, text)| text).filter(|text| role(text)).map(str::to_owned));
        }
    }
    roles
}

/// ARN patterns and account ids of principals that the document asks for, each with its place and JSON pointer.
pub(crate) fn aimed_principals(text: &str) -> Vec<(String, Position, String)> {
    let Ok(root) = document::read(text) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, statement) in statements(&root) {
        let (tests, _) = reach::tests(statement.get("Condition"));
        for test in &tests {
            let account = test.lower == "aws:principalaccount" && test.is_positive_match();
            if !account && !test.aims_at_principals() {
                continue;
            }
            for (index, item, value) in test.strings() {
                let escape = reeve_json::escape_pointer_token;
                let step = |index: Option<usize>| index.map(|index| format!("/{index}")).unwrap_or_default();
                let (operator, key) = (escape(test.name), escape(test.key));
                let pointer = format!("/Statement{}/Condition/{operator}/{key}{}", step(at), step(index));
                let position = reeve_json::position(text.as_bytes(), item.span.start);
                found.push((value.to_owned(), position, pointer));
            }
        }
    }
    found
}

/// Whether a condition operator is true of what does not match; none when there is no such operator. Null is neither,
/// and has no list to compare.
pub(crate) fn is_negated_operator(name: &str) -> Option<bool> {
    Operator::parse(name)
        .filter(|operator| operator.class != Class::Null || operator.qualifier.is_none())
        .map(|it| it.negated)
}
