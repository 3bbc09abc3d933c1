//! The target `json`: the strict reader, its one way to write, and what it has in common with a general reader.

use crate::values::depth;
use reeve_json::{ErrorKind, Node, Number, Options, ParseError, StringRule, Value, canonical, compact, parse, pretty};

/// Below the 128 levels of `serde_json`, so that depth is no difference.
const DEPTH_MAX: usize = 64;
const OPTIONS: Options = Options { bytes_max: usize::MAX, depth_max: DEPTH_MAX, strings: StringRule::Any };
/// Longest document in which every value is read again by itself, bytes: that costs the square.
const AGAIN_BYTES_MAX: usize = 512;
/// Doubles above this may be infinite to a reader that rounds more than once.
const NEAR_INFINITE: f64 = 1e308;

/// Reads a document, and holds the answer against every limit, the written forms and `serde_json`.
pub fn json(data: &[u8]) {
    let read = parse(data, &OPTIONS);
    assert_eq!(read, parse(data, &OPTIONS), "read twice");
    let general = serde_json::from_slice::<serde_json::Value>(data);
    match read {
        Ok(node) => {
            accepted(data, &node);
            match general {
                Ok(value) => assert!(alike(&node.value, &value), "{node:?} is not {value:?}"),
                Err(error) => assert!(near_infinite(&node.value), "serde_json refuses it: {error}"),
            }
        }
        Err(error) => {
            refused(data, &error);
            let both = match error.kind {
                ErrorKind::Syntax(_)
                | ErrorKind::UnexpectedEnd
                | ErrorKind::BadString(_)
                | ErrorKind::TrailingData
                | ErrorKind::BadEncoding(_) => true,
                // The strictness of ours, and the limits.
                ErrorKind::DuplicateKey(_) | ErrorKind::TooDeep | ErrorKind::NumberRange | ErrorKind::TooLarge => false,
            };
            assert!(!both || general.is_err(), "serde_json reads it: {general:?}, and not we: {error:?}");
        }
    }
}

fn accepted(data: &[u8], node: &Node) {
    let text = canonical(&node.value);
    for (form, written) in
        [("canonical", text.clone()), ("compact", compact(&node.value)), ("pretty", pretty(&node.value))]
    {
        let again = parse(written.as_bytes(), &OPTIONS);
        let again = again.unwrap_or_else(|error| panic!("{form} text is refused: {error:?}: {written}"));
        assert_eq!(canonical(&again.value), text, "{form} text says something else");
    }
    let deep = depth(&node.value);
    assert!(deep <= DEPTH_MAX);
    let kind = |options: &Options| parse(data, options).map_err(|error| error.kind);
    assert!(kind(&Options { bytes_max: data.len(), depth_max: deep, ..OPTIONS }).is_ok(), "at its very limits");
    assert_eq!(kind(&Options { bytes_max: data.len() - 1, ..OPTIONS }), Err(ErrorKind::TooLarge));
    if let Some(less) = deep.checked_sub(1) {
        assert_eq!(kind(&Options { depth_max: less, ..OPTIONS }), Err(ErrorKind::TooDeep));
    }
    match kind(&Options { strings: StringRule::Plain, ..OPTIONS }) {
        Ok(plain) => assert_eq!(&plain, node),
        Err(kind) => assert!(matches!(kind, ErrorKind::BadString(_)), "{kind:?}"),
    }
    if data.len() <= AGAIN_BYTES_MAX {
        spans(data, node);
    }
}

/// What stands in the span of a value is the value.
fn spans(data: &[u8], node: &Node) {
    let alone = data.get(node.span.start..node.span.end).map(|bytes| parse(bytes, &OPTIONS));
    assert_eq!(alone, Some(Ok(node.clone())), "{:?}", node.span);
    match &node.value {
        Value::Object(object) => {
            for member in object {
                let key = data.get(member.key_span.start..member.key_span.end).map(|bytes| parse(bytes, &OPTIONS));
                assert_eq!(key, Some(Ok(Value::from(member.key.as_str()).into())), "{:?}", member.key_span);
                spans(data, &member.value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| spans(data, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn refused(data: &[u8], error: &ParseError) {
    assert!(error.offset <= data.len(), "offset {} of {}", error.offset, data.len());
    assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{:?}", error.pointer);
    crate::text::assert_shown_safely(&error.to_string());
}

/// Whether both readers took the document for one value. `serde_json` may be off by the last digits of a double.
fn alike(ours: &Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(one), serde_json::Value::Bool(other)) => one == other,
        (Value::String(one), serde_json::Value::String(other)) => one == other,
        (Value::Number(Number::Int(one)), serde_json::Value::Number(other)) if other.is_i64() => {
            other.as_i64() == Some(*one)
        }
        (Value::Number(one), serde_json::Value::Number(other)) => other.as_f64().is_some_and(|other| {
            let one = one.as_f64();
            (one - other).abs() <= one.abs() * 1e-14 + f64::MIN_POSITIVE
        }),
        (Value::Array(one), serde_json::Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(&one.value, other))
        }
        (Value::Object(one), serde_json::Value::Object(other)) => {
            let has =
                |(key, other): (&String, &serde_json::Value)| one.get(key).is_some_and(|one| alike(&one.value, other));
            one.len() == other.len() && other.iter().all(has)
        }
        (
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            _,
        ) => false,
    }
}

fn near_infinite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().abs() > NEAR_INFINITE,
        Value::Array(items) => items.iter().any(|item| near_infinite(&item.value)),
        Value::Object(object) => object.iter().any(|member| near_infinite(&member.value.value)),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
