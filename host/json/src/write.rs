//! Writing values.

use crate::value::SCAN_KEYS_MAX;
use crate::{Member, Node, Number, Object, Value};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt::Write;

/// Bytes set aside for the text of an object or array: what a small event has.
const TEXT_BYTES: usize = 1_024;

/// The canonical text of a value: no white space, members sorted by the UTF-8 bytes of their keys, the shortest
/// escapes, integers in decimal, other numbers in the shortest form that reads back as the same double (a whole number
/// below 2^53 is written as an integer, so `300`, `300.0` and `3e2` are one value). Digests are taken over this text.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = match value {
        Value::Array(_) | Value::Object(_) => String::with_capacity(TEXT_BYTES),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => String::new(),
    };
    write_value(value, true, &mut out);
    out
}

/// The canonical text of an object, cut where a member `key` would stand that it does not have: both parts, one after the
/// other, are the text; with `"key":value` and a comma between them, that of the object with the member.
#[must_use]
pub fn canonical_around(object: &Object, key: &str) -> (String, String) {
    let members = in_order(object);
    let (before, behind) = members.split_at(members.partition_point(|member| member.key.as_bytes() < key.as_bytes()));
    let (mut head, mut tail) = (String::with_capacity(TEXT_BYTES), String::with_capacity(TEXT_BYTES));
    head.push('{');
    write_members(before.iter().copied(), true, &mut head);
    if !before.is_empty() && !behind.is_empty() {
        head.push(',');
    }
    write_members(behind.iter().copied(), true, &mut tail);
    tail.push('}');
    (head, tail)
}

/// The text of a value on one line, members in their own order.
#[must_use]
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, false, &mut out);
    out
}

/// The text of a value as people read it: two spaces a level, members in their own order, no line break at the end.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let line = |index: usize, out: &mut String| {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
    };
    let close = |bracket: char, out: &mut String| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
        out.push(bracket);
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                line(index, out);
                write_pretty(&item.value, depth + 1, out);
            }
            close(']', out);
        }
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (index, member) in object.iter().enumerate() {
                line(index, out);
                write_string(&member.key, out);
                out.push_str(": ");
                write_pretty(&member.value.value, depth + 1, out);
            }
            close('}', out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            write_value(value, false, out);
        }
    }
}

/// A key as a reference token of an RFC 6901 JSON pointer.
#[must_use]
pub fn escape_pointer_token(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

fn write_value(value: &Value, sorted: bool, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(*number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_array(items, sorted, out),
        Value::Object(object) => {
            out.push('{');
            if !sorted || object.iter().is_sorted_by(|a, b| a.key.as_bytes() <= b.key.as_bytes()) {
                write_members(object.iter(), sorted, out);
            } else {
                write_members(in_order(object).into_iter(), sorted, out);
            }
            out.push('}');
        }
    }
}

/// Members sorted by the UTF-8 bytes of their keys.
fn in_order(object: &Object) -> SmallVec<[&Member; SCAN_KEYS_MAX]> {
    let mut members: SmallVec<[&Member; SCAN_KEYS_MAX]> = object.iter().collect();
    members.sort_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
    members
}

fn write_members<'a>(members: impl Iterator<Item = &'a Member>, sorted: bool, out: &mut String) {
    for (index, member) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(&member.key, out);
        out.push(':');
        write_value(&member.value.value, sorted, out);
    }
}

fn write_array(items: &[Node], sorted: bool, out: &mut String) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(&item.value, sorted, out);
    }
    out.push(']');
}

/// Doubles below this (2^53) are exact integers when whole, and are written without an exponent.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// Doubles below this are written with an exponent: the plain form would be a long run of zeros.
const SHORT_MIN: f64 = 1e-6;

fn write_number(number: Number, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match number {
        Number::Int(int) => write!(out, "{int}"),
        Number::Float(0.0) => write!(out, "0"),
        Number::Float(float) if (SHORT_MIN..WHOLE_MAX).contains(&float.abs()) => write!(out, "{float}"),
        Number::Float(float) => write!(out, "{float:e}"),
    };
}

/// Where the first byte is that a string cannot hold as it is. Sixteen at once, which a compiler makes one comparison of.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    const RUN_BYTES: usize = 16;
    let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let clean = |run: &&[u8]| !run.iter().fold(false, |any, &byte| any | escaped(byte));
    let clean_bytes = bytes.chunks_exact(RUN_BYTES).take_while(clean).count() * RUN_BYTES;
    let rest = bytes.get(clean_bytes..).unwrap_or_default();
    rest.iter().position(|&byte| escaped(byte)).map(|at| clean_bytes + at)
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // Most text needs no escape: it is copied in runs.
    while let Some(at) = first_escaped(rest.as_bytes()) {
        let (run, from) = rest.split_at(at);
        out.push_str(run);
        // What is escaped is one byte long.
        let (escaped, behind) = from.split_at(1);
        match escaped {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\n" => out.push_str("\\n"),
            "\r" => out.push_str("\\r"),
            "\t" => out.push_str("\\t"),
            "\u{8}" => out.push_str("\\b"),
            "\u{c}" => out.push_str("\\f"),
            control => {
                let code = control.bytes().next().unwrap_or_default();
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{code:04x}");
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}
