//! JSON as people read it: two spaces a level, members in the order in which they were written.

use reeve_json::{Value, compact};
use std::fmt::Write as _;

/// The text of a template or policy: indented by two spaces, members in order, one newline at the end.
#[must_use]
pub fn render(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, &mut out);
    out.push('\n');
    out
}

fn write_value(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                line(index, depth + 1, out);
                write_value(&item.value, depth + 1, out);
            }
            close(depth, ']', out);
        }
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (index, member) in object.iter().enumerate() {
                line(index, depth + 1, out);
                let key = compact(&Value::from(member.key.as_str()));
                // Writing to a String cannot fail.
                let _ = write!(out, "{key}: ");
                write_value(&member.value.value, depth + 1, out);
            }
            close(depth, '}', out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            out.push_str(&compact(value));
        }
    }
}

fn line(index: usize, depth: usize, out: &mut String) {
    out.push_str(if index == 0 { "\n" } else { ",\n" });
    out.push_str(&"  ".repeat(depth));
}

fn close(depth: usize, bracket: char, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(bracket);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_indented_and_stay_in_order() {
        let empty = Value::array::<Value>([]);
        let value = Value::object([("b", Value::array(["x\\", "y"])), ("a", empty), ("c", Value::from(true))]);
        assert_eq!(render(&value), "{\n  \"b\": [\n    \"x\\\\\",\n    \"y\"\n  ],\n  \"a\": [],\n  \"c\": true\n}\n");
    }
}
