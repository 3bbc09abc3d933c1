//! The second simulation. `None` is what AWS leaves open.

use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Request {
    pub action: String,
    pub resource: String,
    /// Values by lower-case key; a key that is not here is absent.
    pub context: BTreeMap<String, Vec<String>>,
}

pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    if pattern.is_empty() {
        return text.is_empty();
    }
    match pattern[0] {
        b'*' => (0..=text.len()).any(|skip| glob(&pattern[1..], &text[skip..])),
        b'?' => !text.is_empty() && glob(&pattern[1..], &text[1..]),
        byte => text.first() == Some(&byte) && glob(&pattern[1..], &text[1..]),
    }
}

/// Whether a resource pattern matches if only a `*` that ends its segment reaches over a colon.
fn stopping(pattern: &[u8], text: &[u8]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    match first {
        b'*' => {
            let most = if rest.is_empty() || rest[0] == b':' { text.len() } else { colon };
            (0..=most).any(|skip| stopping(rest, &text[skip..]))
        }
        b'?' => !text.is_empty() && colon > 0 && stopping(rest, &text[1..]),
        byte => text.first() == Some(byte) && stopping(rest, &text[1..]),
    }
}

/// What AWS documents of a resource pattern: nothing where it matters whether a wildcard matches a colon, and nothing of a
/// variable that stands before the resource part.
fn resource(pattern: &str, request: &Request) -> Option<bool> {
    let before = pattern.split("${").next().unwrap().matches(':').count();
    if pattern.contains("${") && before < 5 {
        return None;
    }
    let pattern = fill(pattern, request)?;
    let (pattern, text) = (pattern.as_bytes(), request.resource.as_bytes());
    Some(glob(pattern, text)).filter(|answer| *answer == stopping(pattern, text))
}

fn every(answers: Vec<Option<bool>>) -> Option<bool> {
    if answers.contains(&Some(false)) {
        Some(false)
    } else if answers.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn some(answers: Vec<Option<bool>>) -> Option<bool> {
    every(answers.into_iter().map(|it| it.map(|it| !it)).collect()).map(|it| !it)
}

pub fn decide(levels: &[Vec<Value>], request: &Request) -> Option<bool> {
    if request.context.get("aws:principalarn").is_some_and(|it| it[0].contains(":role/aws-service-role/")) {
        return Some(true);
    }
    // The two calls of STS for which AWS documents that a Deny has no effect.
    if ["sts:getcalleridentity", "sts:getsessiontoken"].contains(&request.action.to_lowercase().as_str()) {
        return Some(true);
    }
    let with = |effect: &str, documents: &[Value]| {
        let statements = documents.iter().flat_map(|it| it["Statement"].as_array().unwrap());
        some(statements.filter(|it| it["Effect"] == effect).map(|it| applies(it, request)).collect())
    };
    let allowed = every(levels.iter().map(|documents| with("Allow", documents)).collect());
    let denied = some(levels.iter().map(|documents| with("Deny", documents)).collect());
    every(vec![allowed, denied.map(|it| !it)])
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) | Value::Null | Value::Object(_) => vec![value.to_string()],
    }
}

fn applies(statement: &Value, request: &Request) -> Option<bool> {
    let action = request.action.to_lowercase();
    let acts = |it: &Value| list(it).iter().any(|it| glob(it.to_lowercase().as_bytes(), action.as_bytes()));
    let action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(element), None) => acts(element),
        (None, Some(element)) => !acts(element),
        _ => unreachable!("the generator writes one"),
    };
    let on = |it: &Value| some(list(it).iter().map(|it| resource(it, request)).collect());
    let resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(element), None) => on(element),
        (None, Some(element)) => on(element).map(|it| !it),
        _ => unreachable!("the generator writes one"),
    };
    let mut all = vec![Some(action), resource];
    // A variable that cannot be resolved, or stands before the resource part, can make the statement as a whole invalid.
    let patterns = list(statement.get("Resource").or(statement.get("NotResource")).unwrap());
    let early = |it: &String| it.split_once("${").is_some_and(|(before, _)| before.matches(':').count() < 5);
    if patterns.iter().any(|it| early(it) || fill(it, request).is_none()) {
        all.push(None);
    }
    if let Some(Value::Object(blocks)) = statement.get("Condition") {
        for (operator, lines) in blocks {
            for (key, values) in lines.as_object().unwrap() {
                if list(values).iter().any(|it| fill(it, request).is_none()) {
                    all.push(None);
                }
                all.push(condition(operator, key, &list(values), request));
            }
        }
    }
    every(all)
}

/// Replaces variables; `None` if one has no single value and no default.
fn fill(text: &str, request: &Request) -> Option<String> {
    let Some(start) = text.find("${") else { return Some(text.to_owned()) };
    let end = start + text[start..].find('}').unwrap();
    let inside = &text[start + 2..end];
    let (key, default) = match inside.split_once(", ") {
        Some((key, default)) => (key, Some(default.trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    let value = match request.context.get(&key.to_lowercase()).map(Vec::as_slice) {
        None | Some([]) => default?,
        Some([value]) => value.clone(),
        Some(_) => return None,
    };
    Some(format!("{}{value}{}", &text[..start], fill(&text[end + 1..], request)?))
}

fn condition(operator: &str, key: &str, wanted: &[String], request: &Request) -> Option<bool> {
    let (set, operator) = operator.split_once(':').map_or((None, operator), |(set, rest)| (Some(set), rest));
    let (operator, if_exists) = operator.strip_suffix("IfExists").map_or((operator, false), |it| (it, true));
    let found = request.context.get(&key.to_lowercase()).cloned().unwrap_or_default();
    if operator == "Null" {
        return Some(wanted.iter().any(|it| (it == "true") == found.is_empty()));
    }
    let negated = operator.contains("Not");
    let positive = operator.replacen("Not", "", 1);
    let one = |value: &String| {
        let any = some(wanted.iter().map(|it| equal(&positive, it, value, request)).collect());
        if negated { any.map(|it| !it) } else { any }
    };
    if found.is_empty() {
        return Some(if_exists || set == Some("ForAllValues") || (set.is_none() && negated));
    }
    let answers: Vec<Option<bool>> = found.iter().map(one).collect();
    let answer = match set {
        Some("ForAllValues") => every(answers),
        Some("ForAnyValue") => some(answers),
        // Several values without a set operator: what all of them say.
        _ if answers.iter().all(|it| *it == answers[0]) => answers[0],
        _ => None,
    };
    // A set of nothing but an empty text can be taken for none at all.
    let as_none = if_exists || set == Some("ForAllValues");
    if set.is_some() && found.concat().is_empty() { answer.filter(|it| *it == as_none) } else { answer }
}

fn equal(operator: &str, wanted: &str, found: &str, request: &Request) -> Option<bool> {
    Some(match operator {
        "StringEquals" => fill(wanted, request)? == found,
        "StringEqualsIgnoreCase" => fill(wanted, request)?.eq_ignore_ascii_case(found),
        "StringLike" => glob(fill(wanted, request)?.as_bytes(), found.as_bytes()),
        "ArnLike" | "ArnEquals" => {
            let wanted = fill(wanted, request)?;
            let (left, right): (Vec<&str>, Vec<&str>) = (wanted.split(':').collect(), found.split(':').collect());
            (0..6).all(|part| glob(left[part].as_bytes(), right[part].as_bytes()))
        }
        "Bool" => wanted == found,
        // One digit each.
        "NumericEquals" | "DateEquals" => wanted == found,
        "NumericLessThan" | "DateLessThan" => found < wanted,
        "NumericLessThanEquals" | "DateLessThanEquals" => found <= wanted,
        "NumericGreaterThan" | "DateGreaterThan" => found > wanted,
        "NumericGreaterThanEquals" | "DateGreaterThanEquals" => found >= wanted,
        "IpAddress" => {
            let (range, length) = wanted.split_once('/').unwrap();
            let bits = |text: &str| -> Option<String> {
                text.split('.').map(|it| it.parse::<u8>().ok().map(|it| format!("{it:08b}"))).collect()
            };
            let length: usize = length.parse().unwrap();
            bits(found).is_some_and(|found| found[..length] == bits(range).unwrap()[..length])
        }
        other => unreachable!("{other}"),
    })
}
