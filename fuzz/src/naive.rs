//! Event patterns, evaluated by trying everything: slow, short, and sure to be another way than the product's.
//!
//! Where that would take too long, or where event-ruler's automaton shows through, it says nothing.

use reeve_json::{Node, Number, Object, Value};
use reeve_pattern::Pattern;

/// Most alternatives of `$or`, and most combinations of values, that are tried.
const ALTERNATIVES_MAX: usize = 64;
const TRIES_MAX: usize = 20_000;
/// Most pairs of an operator and a value that are asked one by one.
const PAIRS_MAX: usize = 64;
/// Integers up to this are exact doubles.
const EXACT_MAX: u64 = 1 << 53;

/// A field: its path, and its list.
type Field<'v> = (String, &'v Value);

/// A plain value of an event: its path, and which element of which array is on the way to it.
struct Leaf<'v> {
    path: String,
    value: &'v Value,
    way: Vec<(usize, usize)>,
}

/// Whether the event matches, if that can be told. No key of the event may hold a dot.
pub(crate) fn matches(pattern: &Value, event: &Value) -> Option<bool> {
    let (Some(pattern), Some(_)) = (pattern.as_object(), event.as_object()) else { return Some(false) };
    let leaves = leaves(event);
    let mut tries = TRIES_MAX;
    let mut unknown = false;
    for alternative in alternatives(pattern, "")? {
        match holds(&alternative, &leaves, &mut tries) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}

/// Every set of fields that is enough.
fn alternatives<'v>(object: &'v Object, path: &str) -> Option<Vec<Vec<Field<'v>>>> {
    let mut all = vec![Vec::new()];
    for member in object {
        let further = match &member.value.value {
            Value::Array(items) if member.key == "$or" => {
                let each = items.iter().map(|item| alternatives(item.as_object()?, path));
                each.collect::<Option<Vec<_>>>()?.concat()
            }
            Value::Object(inner) => alternatives(inner, &joined(path, &member.key))?,
            list @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                vec![vec![(joined(path, &member.key), list)]]
            }
        };
        all = all.iter().flat_map(|one| further.iter().map(move |more| [one.as_slice(), more].concat())).collect();
        if all.len() > ALTERNATIVES_MAX {
            return None;
        }
    }
    Some(all)
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn leaves(event: &Value) -> Vec<Leaf<'_>> {
    fn walk<'v>(
        value: &'v Value,
        path: Option<&str>,
        way: &[(usize, usize)],
        arrays: &mut usize,
        out: &mut Vec<Leaf<'v>>,
    ) {
        match value {
            Value::Object(object) => {
                for member in object {
                    // Not `joined`: in an event, an empty key is a key.
                    let path = path.map_or_else(|| member.key.to_string(), |path| format!("{path}.{}", member.key));
                    walk(&member.value.value, Some(&path), way, arrays, out);
                }
            }
            Value::Array(items) => {
                *arrays += 1;
                let array = *arrays;
                for (index, item) in items.iter().enumerate() {
                    // Plain elements go with anything.
                    let step = [(array, index)];
                    let step = if plain(&item.value) { &[][..] } else { &step };
                    walk(&item.value, path, &[way, step].concat(), arrays, out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                out.push(Leaf { path: path.unwrap_or_default().to_owned(), value, way: way.to_vec() });
            }
        }
    }
    let mut out = Vec::new();
    walk(event, None, &[], &mut 0, &mut out);
    out
}

fn plain(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_))
}

fn holds(fields: &[Field<'_>], leaves: &[Leaf<'_>], tries: &mut usize) -> Option<bool> {
    let absent = |list: &Value| {
        list.as_array().into_iter().flatten().any(|entry| operator_of(entry) == Some("exists") && !exists(entry))
    };
    // What is absent from one element and not from another is settled by the order of paths.
    if fields.len() > 1 && fields.iter().any(|(_, list)| absent(list)) && leaves.iter().any(|leaf| !leaf.way.is_empty())
    {
        return None;
    }
    let mut candidates: Vec<Vec<&Leaf<'_>>> = Vec::new();
    for (path, list) in fields {
        let mut there = leaves.iter().filter(|leaf| leaf.path == *path).peekable();
        if there.peek().is_none() && absent(list) {
            continue;
        }
        let one = alone(list);
        let passing: Vec<_> = there.filter(|leaf| one.matches(&Value::object([("k", leaf.value.clone())]))).collect();
        if passing.is_empty() {
            return Some(false);
        }
        candidates.push(passing);
    }
    combine(&candidates, &mut Vec::new(), tries)
}

/// Whether one candidate of each field can be taken so that none stands in another element of the same array.
fn combine<'v>(candidates: &[Vec<&'v Leaf<'v>>], taken: &mut Vec<&'v Leaf<'v>>, tries: &mut usize) -> Option<bool> {
    let Some((first, rest)) = candidates.split_first() else { return Some(true) };
    for leaf in first {
        *tries = tries.checked_sub(1)?;
        let conflict = |other: &&Leaf<'_>| {
            let apart = |(array, index): &(usize, usize)| other.way.iter().any(|(it, at)| it == array && at != index);
            leaf.way.iter().any(apart)
        };
        if taken.iter().any(conflict) {
            continue;
        }
        taken.push(leaf);
        let found = combine(rest, taken, tries);
        taken.pop();
        if found != Some(false) {
            return found;
        }
    }
    Some(false)
}

/// A pattern of one field, `k`, with the list.
fn alone(list: &Value) -> Pattern {
    Pattern::compile(&Value::object([("k", list.clone())])).expect("a list of a pattern is one by itself")
}

/// The one key of an operator.
fn operator_of(entry: &Node) -> Option<&str> {
    entry.as_object()?.iter().next().map(|member| member.key.as_str())
}

fn exists(entry: &Node) -> bool {
    entry.as_object().and_then(|object| object.get("exists")?.value.as_bool()) == Some(true)
}

/// Asserts, for each entry of each field and each value at its path, that the entry alone says what [`passes`] says,
/// and that a list passes what one of its entries passes.
pub(crate) fn assert_operators(pattern: &Value, event: &Value) {
    let (Some(object), Some(all)) = (pattern.as_object(), event.as_object().map(|_| leaves(event))) else { return };
    let fields = alternatives(object, "").into_iter().flatten().flatten();
    let pairs =
        fields.flat_map(|(path, list)| all.iter().filter(move |leaf| leaf.path == path).map(move |leaf| (list, leaf)));
    for (list, leaf) in pairs.take(PAIRS_MAX) {
        let event = Value::object([("k", leaf.value.clone())]);
        let mut some = false;
        for entry in list.as_array().into_iter().flatten() {
            let says = alone(&Value::array([entry.value.clone()])).matches(&event);
            some |= says;
            let expected = passes(&entry.value, leaf.value);
            assert!(expected.is_none_or(|it| it == says), "{entry:?} says {says} of {:?}", leaf.value);
        }
        assert_eq!(alone(list).matches(&event), some, "{list:?} is not one of its entries for {:?}", leaf.value);
    }
}

/// Whether a value that is there passes one entry, if that can be told.
fn passes(entry: &Value, value: &Value) -> Option<bool> {
    match entry {
        Value::Null | Value::Bool(_) => Some(entry == value),
        Value::Number(wanted) => number(value).map_or(Some(false), |it| Some(exact(*wanted)? == exact(it)?)),
        Value::String(wanted) => value.as_str().map_or(Some(false), |text| equal(wanted, text)),
        Value::Array(_) => None,
        Value::Object(object) => {
            let member = object.iter().next()?;
            operator(&member.key, &member.value.value, value)
        }
    }
}

/// Strings that are addresses are one address or not; of others it is plain.
fn equal(wanted: &str, text: &str) -> Option<bool> {
    let address = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    if wanted == text { Some(true) } else { (!address(wanted) || !address(text)).then_some(false) }
}

fn operator(name: &str, operand: &Value, value: &Value) -> Option<bool> {
    let text = value.as_str();
    match (name, operand) {
        ("exists", Value::Bool(wanted)) => Some(*wanted),
        ("anything-but", Value::Object(object)) => {
            let member = object.iter().next()?;
            let Some(_) = text else { return Some(true) };
            let items = member.value.as_array().unwrap_or(std::slice::from_ref(&member.value));
            let each = items.iter().map(|item| operator(&member.key, &item.value, value));
            Some(!each.collect::<Option<Vec<_>>>()?.contains(&true))
        }
        ("anything-but", Value::Array(items)) => {
            let each = items.iter().map(|item| but(&item.value, value));
            Some(!each.collect::<Option<Vec<_>>>()?.contains(&true))
        }
        ("anything-but", one) => but(one, value).map(|is| !is),
        ("numeric", Value::Array(bounds)) => {
            let Some(it) = number(value) else { return Some(false) };
            bounds.chunks(2).try_fold(true, |so_far, bound| {
                let [sign, Node { value: Value::Number(bound), .. }] = bound else { return None };
                let (it, bound) = (exact(it)?, exact(*bound)?);
                let holds = match sign.as_str()? {
                    "=" => it == bound,
                    "<" => it < bound,
                    "<=" => it <= bound,
                    ">" => it > bound,
                    ">=" => it >= bound,
                    _ => return None,
                };
                Some(so_far && holds)
            })
        }
        ("prefix", Value::String(start)) => Some(text.is_some_and(|text| text.starts_with(start.as_str()))),
        ("suffix", Value::String(end)) => Some(text.is_some_and(|text| text.ends_with(end.as_str()))),
        ("wildcard", Value::String(wild)) => {
            let wild: Vec<char> = wild.chars().collect();
            text.map_or(Some(false), |text| fits(&wild, &text.chars().collect::<Vec<_>>(), &mut TRIES_MAX.clone()))
        }
        ("equals-ignore-case", Value::String(wanted)) => {
            let ascii = wanted.is_ascii() && text.is_none_or(str::is_ascii);
            ascii.then(|| text.is_some_and(|text| text.eq_ignore_ascii_case(wanted)))
        }
        (
            _,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
        ) => None,
    }
}

/// Equality inside `anything-but`, where an address is a string like any other.
fn but(wrong: &Value, value: &Value) -> Option<bool> {
    match (wrong, value) {
        (Value::Number(wrong), Value::Number(it)) => Some(exact(*wrong)? == exact(*it)?),
        (Value::String(wrong), Value::String(it)) => Some(wrong == it),
        _ => Some(false),
    }
}

fn number(value: &Value) -> Option<Number> {
    if let Value::Number(number) = value { Some(*number) } else { None }
}

/// The number as a double that no other number shares.
fn exact(number: Number) -> Option<f64> {
    match number {
        Number::Int(int) if int.unsigned_abs() > EXACT_MAX => None,
        Number::Int(_) | Number::Float(_) => Some(number.as_f64()),
    }
}

/// Whether the text fits the wildcard, by trying every length for every star.
fn fits(wild: &[char], text: &[char], tries: &mut usize) -> Option<bool> {
    *tries = tries.checked_sub(1)?;
    match (wild, text) {
        ([], _) => Some(text.is_empty()),
        (['*', rest @ ..], _) => {
            for start in 0..=text.len() {
                if fits(rest, &text[start..], tries)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        (['\\', own, rest @ ..] | [own, rest @ ..], [first, others @ ..]) => {
            if own == first {
                fits(rest, others, tries)
            } else {
                Some(false)
            }
        }
        ([_, ..], []) => Some(false),
    }
}
