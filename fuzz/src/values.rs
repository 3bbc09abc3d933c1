//! JSON values turned into others that say the same, and measured.

use reeve_json::{Node, Value};

/// The value with the members of every object in the other order.
pub(crate) fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let members: Vec<_> = object.iter().collect();
            Value::object(members.into_iter().rev().map(|member| (member.key.as_str(), reversed(&member.value.value))))
        }
        Value::Array(items) => Value::array(items.iter().map(|item| reversed(&item.value))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// How many arrays and objects are open at the deepest value.
pub(crate) fn depth(value: &Value) -> usize {
    let below = |nodes: &mut dyn Iterator<Item = &Node>| nodes.map(|node| depth(&node.value)).max().unwrap_or(0) + 1;
    match value {
        Value::Object(object) => below(&mut object.iter().map(|member| &member.value)),
        Value::Array(items) => below(&mut items.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Whether some key holds a dot.
pub(crate) fn has_dotted_key(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.iter().any(|member| member.key.contains('.') || has_dotted_key(&member.value.value))
        }
        Value::Array(items) => items.iter().any(|item| has_dotted_key(&item.value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Asserts that a JSON pointer leads to a value of the document, or to a member that an object there does not have.
pub(crate) fn assert_pointer_leads_somewhere(root: &Node, pointer: &str) {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    assert!(pointer.is_empty() || pointer.starts_with('/'), "pointer {pointer:?} does not begin at the root");
    assert!(root.pointer(pointer).or_else(|| root.pointer(parent)).is_some(), "pointer {pointer:?} leads nowhere");
}
