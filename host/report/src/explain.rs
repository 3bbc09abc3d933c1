//! Why: a receipt, told.

use crate::paint::{Paint, Role};
use crate::story::action_lines;
use reeve_json::{Node, Object, Value};
use reeve_model::Receipt;
use reeve_model::text::shown;

/// Longest fact shown, characters.
const FACT_CHARS_MAX: usize = 400;

/// A receipt as lines for people: who asked, what was decided, each policy with its reasons and the facts it was given,
/// and the digests by which all of it can be judged again.
#[must_use]
pub fn explain(receipt: &Receipt, paint: Paint) -> String {
    let body = receipt.body();
    let mut out = String::new();
    let decision = text(body, "decision");
    let role = if decision == "permitted" { Role::Good } else { Role::Bad };
    push(&mut out, 0, &format!("{} {}", paint.paint(role, &decision), paint.paint(Role::Strong, text(body, "kind"))));
    push(&mut out, 2, &format!("receipt  {}", receipt.hash()));
    push(&mut out, 2, &format!("gate     {} at {}", text(body, "gate"), text(body, "now")));
    sender(body, &mut out);
    event(body, &mut out);
    push(&mut out, 0, &paint.paint(Role::Strong, "reasons"));
    reasons(body, paint, &mut out);
    push(&mut out, 0, &paint.paint(Role::Strong, "policies"));
    policies(body, paint, &mut out);
    push(&mut out, 0, &paint.paint(Role::Strong, "actions"));
    let actions = list(body, "actions");
    let word = if decision == "permitted" { "call" } else { "asked" };
    if actions.is_empty() {
        push(&mut out, 2, "none");
    }
    actions.iter().filter_map(Node::as_object).for_each(|action| action_lines(action, word, paint, &mut out));
    outcomes(body, paint, &mut out);
    push(&mut out, 0, &paint.paint(Role::Strong, "digests"));
    for member in body.get("digests").and_then(Node::as_object).into_iter().flatten() {
        push(&mut out, 2, &format!("{:<8} {}", member.key, plain(&member.value.value)));
    }
    out
}

/// What became of the actions, where something was executed.
fn outcomes(body: &Object, paint: Paint, out: &mut String) {
    let all: Vec<&Value> = list(body, "outcomes").iter().chain(body.get("proof")).map(|node| &node.value).collect();
    if all.is_empty() {
        return;
    }
    push(out, 0, &paint.paint(Role::Strong, "outcomes"));
    for outcome in all.into_iter().filter_map(Value::as_object) {
        let members = outcome.iter().filter(|member| member.key != "state");
        let members = members.map(|member| format!(" {}={}", member.key, plain(&member.value.value)));
        push(out, 2, &format!("{}{}", text(outcome, "state"), members.collect::<String>()));
    }
}

fn push(out: &mut String, indent: usize, line: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(line.trim_end());
    out.push('\n');
}

fn text(object: &Object, key: &str) -> String {
    object.get(key).map_or_else(String::new, |node| plain(&node.value))
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => reeve_json::compact(value),
    };
    let long = text.chars().count() > FACT_CHARS_MAX;
    format!("{}{}", shown(&text, FACT_CHARS_MAX), if long { "…" } else { "" })
}

fn list<'a>(object: &'a Object, key: &str) -> &'a [Node] {
    object.get(key).and_then(Node::as_array).unwrap_or_default()
}

fn sender(body: &Object, out: &mut String) {
    let Some(sender) = body.get("sender").and_then(Node::as_object) else {
        push(out, 2, "sender   none: the message is no event");
        return;
    };
    let verified = sender.get("verified").and_then(|node| node.value.as_bool()) == Some(true);
    let verified = if verified { "verified" } else { "not verified" };
    let (account, name, tier) = (text(sender, "account"), text(sender, "name"), text(sender, "tier"));
    push(out, 2, &format!("sender   {account} ({verified}), name {name}, tier {tier}"));
}

fn event(body: &Object, out: &mut String) {
    match body.get("event").and_then(Node::as_object) {
        Some(event) => {
            let (id, kind, source) = (text(event, "id"), text(event, "detail-type"), text(event, "source"));
            push(out, 2, &format!("event    {id} `{kind}` from `{source}` at {}", text(event, "time")));
            push(out, 2, &format!("detail   {}", text(event, "detail")));
        }
        None => push(out, 2, &format!("body     {}", text(body, "body"))),
    }
}

fn reasons(body: &Object, paint: Paint, out: &mut String) {
    let reasons = list(body, "reasons");
    if reasons.is_empty() {
        push(out, 2, "none: every policy that counts was content");
    }
    for reason in reasons.iter().filter_map(Node::as_object) {
        one_reason(reason, &format!(" ({})", text(reason, "policy")), 2, paint, out);
    }
}

fn one_reason(reason: &Object, by: &str, indent: usize, paint: Paint, out: &mut String) {
    let code = paint.paint(Role::Strong, text(reason, "code"));
    let at = reason.get("at").and_then(Node::as_str).map(|at| format!(" at {}", shown(at, FACT_CHARS_MAX)));
    push(out, indent, &format!("{code} [{}]{by}{}", text(reason, "severity"), at.unwrap_or_default()));
    push(out, indent + 2, &text(reason, "message"));
    if reason.get("fix").and_then(Node::as_str).is_some() {
        push(out, indent + 2, &format!("fix: {}", text(reason, "fix")));
    }
}

fn policies(body: &Object, paint: Paint, out: &mut String) {
    let policies = list(body, "policies");
    if policies.is_empty() {
        push(out, 2, "none was asked");
    }
    for policy in policies.iter().filter_map(Node::as_object) {
        let name = text(policy, "policy");
        let said = match policy.get("fault").and_then(Node::as_object) {
            Some(fault) => format!("fault {}: {}", text(fault, "name"), text(fault, "message")),
            None if policy.get("error").is_some() => format!("error: {}", text(policy, "error")),
            None => text(policy, "verdict"),
        };
        let mode = text(policy, "mode");
        let cost = format!("fuel {}, {} bytes of memory", text(policy, "fuel"), text(policy, "memory_bytes"));
        push(out, 2, &format!("{}: {said} ({mode}; {cost})", paint.paint(Role::Strong, &name)));
        if mode == "monitor" {
            // What counts stands above; a monitoring policy's reasons stand only here.
            for reason in list(policy, "reasons").iter().filter_map(Node::as_object) {
                one_reason(reason, "", 4, paint, out);
            }
        }
        let facts = body.get("facts").and_then(Node::as_object).and_then(|facts| facts.get(&name)?.as_array());
        for fact in facts.unwrap_or_default().iter().filter_map(Node::as_object) {
            let value = ["value", "missing", "invalid"].into_iter().find_map(|key| Some((key, fact.get(key)?)));
            let (key, value) = value.map_or(("value", "-".to_owned()), |(key, node)| (key, plain(&node.value)));
            let key = if key == "value" { String::new() } else { format!("{key}: ") };
            push(out, 4, &format!("fact {} = {key}{value} (from {})", text(fact, "name"), text(fact, "source")));
        }
        if let Some(digests) = policy.get("digests").and_then(Node::as_object) {
            push(out, 4, &format!("plugin {}, settings {}", text(digests, "plugin"), text(digests, "settings")));
        }
    }
}
