//! The target `pattern`: an event pattern, and an event behind a line of three dashes.

use crate::naive;
use crate::text::assert_shown_safely;
use crate::values::{has_dotted_key, reversed};
use reeve_json::{Options, StringRule, Value, canonical, parse};
use reeve_pattern::{PATTERN_BYTES_MAX, Pattern};

/// What stands between the pattern and the event.
const SEPARATOR: &[u8] = b"\n---\n";
const OPTIONS: Options = Options { bytes_max: 1 << 16, depth_max: 64, strings: StringRule::Any };

/// Compiles the pattern and asks it of the event, and of events and by patterns that say the same.
pub fn pattern(data: &[u8]) {
    let at = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (pattern, event) = at.map_or((data, &b"{}"[..]), |at| (&data[..at], &data[at + SEPARATOR.len()..]));
    let (Ok(pattern), Ok(event)) = (parse(pattern, &OPTIONS), parse(event, &OPTIONS)) else { return };
    let (read, again) = (Pattern::compile(&pattern.value), Pattern::compile(&pattern.value));
    assert_eq!(format!("{read:?}"), format!("{again:?}"), "read twice");
    let turned = Pattern::compile(&reversed(&pattern.value));
    match (read, turned) {
        (Ok(compiled), Ok(turned)) => accepted(&pattern.value, &compiled, &turned, &event.value),
        (Err(error), Err(_)) => {
            assert!(pattern.pointer(&error.pointer).is_some(), "{:?} leads nowhere", error.pointer);
            assert_shown_safely(&error.message);
        }
        (read, turned) => panic!("the order of members decides: {read:?}, {turned:?}"),
    }
}

fn accepted(pattern: &Value, compiled: &Pattern, turned: &Pattern, event: &Value) {
    assert!(reeve_json::compact(pattern).len() <= PATTERN_BYTES_MAX);
    let matched = compiled.matches(event);
    assert_eq!(turned.matches(event), matched, "the order of the pattern's members decides");
    assert_eq!(compiled.matches(&reversed(event)), matched, "the order of the event's members decides");
    let rewritten = parse(canonical(event).as_bytes(), &OPTIONS).map(|node| node.value);
    assert!(rewritten.is_err() || rewritten.is_ok_and(|event| compiled.matches(&event) == matched), "the form decides");
    assert!(event.as_object().is_some() || !matched, "{} matches", event.type_name());
    // A key with a dot may stand beside the path that it names, and then one of the two is taken.
    if !has_dotted_key(event) {
        assert_eq!(compiled.matches(&listed(event)), matched, "a list of one value is not the value");
        let expected = naive::matches(pattern, event);
        assert!(expected.is_none_or(|expected| expected == matched), "{matched}, where a naive reader says otherwise");
        naive::assert_operators(pattern, event);
    }
}

/// The event with a list of one in place of every plain value of an object.
fn listed(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::object(object.iter().map(|member| {
            let inner = &member.value.value;
            let plain = matches!(inner, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_));
            (member.key.as_str(), if plain { Value::array([inner.clone()]) } else { listed(inner) })
        })),
        Value::Array(items) => Value::array(items.iter().map(|item| listed(&item.value))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
