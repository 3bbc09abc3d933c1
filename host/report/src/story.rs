//! One story, for people and as one line of JSON.

use crate::paint::{Paint, Role};
use reeve_engine::Story;
use reeve_json::{Node, Object, Value};
use reeve_model::text::shown;
use reeve_model::{Answer, Digest, Outcome, Severity, State};

/// Longest text shown of one value, characters; documents are cut there.
const SHOWN_CHARS_MAX: usize = 240;

/// The story as one line of JSON, without the line break; documented in `docs/schema/run-output.schema.json`.
#[must_use]
pub fn json(story: &Story, receipt: Option<&Digest>) -> String {
    let mut object = story.to_json();
    object.set("origin", story.origin.as_str());
    object.set("receipt", receipt.map(|digest| digest.as_str().to_owned()));
    reeve_json::compact(&Value::Object(object))
}

/// The story as lines for people.
#[must_use]
pub fn human(story: &Story, paint: Paint) -> String {
    let mut out = String::new();
    let permitted = story.decision.permitted();
    let role = if permitted { Role::Good } else { Role::Bad };
    let word = paint.paint(role, format!("{:<9}", story.decision.as_str()));
    line(&mut out, 0, &format!("{word} {}  {}", shown(&story.origin, 200), headline(story, paint)));
    for (policy, reason) in story.decision.reasons() {
        let role = match reason.severity {
            Severity::Error => Role::Bad,
            Severity::Warning => Role::Warn,
            Severity::Info => Role::Faint,
        };
        let at = reason.at.as_deref().unwrap_or("");
        let place = paint.paint(Role::Faint, format!("({policy}) {}", shown(at, SHOWN_CHARS_MAX)));
        line(&mut out, 2, &format!("{} {place}", paint.paint(role, &reason.code)));
        line(&mut out, 4, &shown(&reason.message, SHOWN_CHARS_MAX * 4));
        if let Some(fix) = &reason.fix {
            line(&mut out, 4, &format!("{} {}", paint.paint(Role::Faint, "fix:"), shown(fix, SHOWN_CHARS_MAX * 4)));
        }
    }
    for action in &story.actions {
        if let Value::Object(object) = action.to_json() {
            action_lines(&object, if permitted { "call" } else { "asked" }, paint, &mut out);
        }
    }
    for (outcome, planned) in story.outcomes.iter().flatten().zip(&story.actions) {
        outcome_line(outcome, planned.action.call(), paint, &mut out);
    }
    if let Some(proof) = &story.proof {
        outcome_line(proof, "proof", paint, &mut out);
    }
    let asked: Vec<String> = story.policies.iter().map(policy).collect();
    if !asked.is_empty() {
        line(&mut out, 2, &paint.paint(Role::Faint, asked.join("; ")));
    }
    out
}

fn outcome_line(outcome: &Outcome, call: &str, paint: Paint, out: &mut String) {
    let role = if outcome.succeeded() { Role::Good } else { Role::Bad };
    let mut text = format!("{} {call}", paint.paint(role, outcome.state.as_str()));
    if let State::Failed(class) = outcome.state {
        text.push_str(&format!(" ({})", class.as_str()));
    }
    if let Some(message) = &outcome.message {
        text.push_str(&format!(": {}", shown(message, SHOWN_CHARS_MAX)));
    }
    let details = outcome.details.iter().map(|(name, value)| format!(" {name}={}", shown(value, SHOWN_CHARS_MAX)));
    text.extend(details);
    line(out, 2, &text);
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(text.trim_end());
    out.push('\n');
}

fn headline(story: &Story, paint: Paint) -> String {
    let Some(sender) = &story.sender else { return "not an event".to_owned() };
    let kind = story.kind.as_deref().or(story.event.as_ref().map(|event| event.detail_type.as_str()));
    let mut about = vec![sender.account.to_string()];
    about.extend(sender.tier.clone());
    about.push(if sender.verified { "verified" } else { "unverified" }.to_owned());
    about.extend(story.dry_run_asked.then(|| "dry run asked".to_owned()));
    let name = sender.name.as_deref().unwrap_or("an unknown account");
    let kind = paint.paint(Role::Strong, shown(kind.unwrap_or_default(), SHOWN_CHARS_MAX));
    format!("{kind} from {} ({})", shown(name, 80), shown(&about.join(", "), SHOWN_CHARS_MAX))
}

fn policy(asked: &reeve_engine::AskedPolicy) -> String {
    let it = &asked.answer;
    let said = match &it.answer {
        Answer::Verdict(verdict) => verdict.as_str().to_owned(),
        Answer::Error(_) => "error".to_owned(),
        Answer::Fault(fault) => format!("fault {}", fault.as_str()),
    };
    let kib = it.memory_bytes.div_ceil(1_024);
    format!("{} {said} (fuel {}, {kib} KiB)", it.policy, grouped(it.fuel))
}

/// A number with `,` between groups of three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An action: its call on one line after `word`, then each parameter.
pub(crate) fn action_lines(action: &Object, word: &str, paint: Paint, out: &mut String) {
    let call = action.get("call").and_then(Node::as_str).unwrap_or("?");
    line(out, 2, &format!("{} {}", paint.paint(Role::Faint, word), paint.paint(Role::Strong, call)));
    for member in action {
        match (member.key.as_str(), &member.value.value) {
            ("call" | "at", _) | (_, Value::Null) => {}
            ("changes", Value::Array(changes)) => {
                for change in changes.iter().filter_map(Node::as_object) {
                    line(out, 4, &change_line(change));
                }
            }
            (key, value) => line(out, 4, &format!("{key}: {}", plain(value))),
        }
    }
}

fn change_line(change: &Object) -> String {
    let text = |key: &str| change.get(key).map_or_else(String::new, |node| plain(&node.value));
    let values = match change.get("values").and_then(Node::as_array) {
        Some(values) => values.iter().map(|node| plain(&node.value)).collect::<Vec<_>>().join(" | "),
        None => format!("ALIAS {}", text("alias")),
    };
    let ttl = change.get("ttl_seconds").and_then(|node| node.value.as_i64());
    let ttl = ttl.map_or_else(String::new, |ttl| format!(" {ttl}s"));
    format!("{} {} {}{ttl} {values}", text("operation"), text("name"), text("type"))
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| reeve_json::compact(value), str::to_owned);
    let long = text.chars().count() > SHOWN_CHARS_MAX;
    format!("{}{}", shown(&text, SHOWN_CHARS_MAX), if long { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
