//! A plan for people: each request with what it changes. Its JSON comes from the plan itself.

use crate::findings::calm;
use crate::paint::{Paint, Role};
use reeve_plan::{Change, Plan, PlannedRequest};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;

/// Unchanged lines around each changed part of a document, as in `diff -u`.
const CONTEXT_LINES: usize = 3;

/// Longest document that is compared line by line, in lines. A policy of 10,240 characters has fewer; comparing costs up
/// to the product of both lengths.
const DIFF_LINES_MAX: usize = 11_000;

/// The plan as lines: per request what it does, what it waits for, and old and new values; then how many there are. An
/// empty plan is the empty string. The plan's findings are not in it: they are told with all others.
#[must_use]
pub fn plan(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    for it in &plan.requests {
        request(it, paint, &mut out);
    }
    if !plan.requests.is_empty() {
        push(&mut out, 0, &summary(plan, paint));
    }
    out
}

fn push(out: &mut String, indent: usize, line: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(line.trim_end());
    out.push('\n');
}

fn request(it: &PlannedRequest, paint: Paint, out: &mut String) {
    // The kinds are an open set: gates may have kinds of their own.
    let (sign, role) = match it.kind.as_str() {
        "CREATE_ACCOUNT" => ("+", Role::Good),
        "MOVE_ACCOUNT" => (">", Role::Warn),
        _ => ("~", Role::Warn),
    };
    let summary = paint.paint(Role::Strong, calm(&it.summary));
    push(out, 0, &format!("{} {summary} ({})", paint.paint(role, sign), calm(&it.gate)));
    let faint = |text: String| paint.paint(Role::Faint, text);
    if let Some(place) = &it.place {
        push(out, 4, &faint(format!("at {}", calm(&place.to_string()))));
    }
    if !it.after.is_empty() {
        let after: Vec<String> = it.after.iter().map(|id| calm(id)).collect();
        push(out, 4, &faint(format!("after {}", after.join(", "))));
    }
    if !it.awaits.is_empty() {
        let awaits: Vec<String> = it.awaits.iter().map(|what| calm(what)).collect();
        push(out, 4, &paint.paint(Role::Warn, format!("waits for {}", awaits.join(" and "))));
    }
    it.changes.iter().for_each(|it| change(it, paint, out));
    push(out, 0, "");
}

fn change(it: &Change, paint: Paint, out: &mut String) {
    let what = calm(&it.what);
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\n'));
    if long(&it.before) || long(&it.after) {
        push(out, 4, &format!("{what}:"));
        return difference(it.before.as_deref().unwrap_or(""), it.after.as_deref().unwrap_or(""), paint, out);
    }
    let old = |text: &String| paint.paint(Role::Bad, calm(text));
    let new = |text: &String| paint.paint(Role::Good, calm(text));
    let line = match (&it.before, &it.after) {
        (Some(before), Some(after)) => format!("{what}: {} -> {}", old(before), new(after)),
        (None, Some(after)) => format!("{what}: {}", new(after)),
        (Some(before), None) => format!("{what}: {} -> nothing", old(before)),
        (None, None) => what,
    };
    push(out, 4, &line);
}

/// The hunks of a unified diff, each line on its own however it ends.
fn difference(before: &str, after: &str, paint: Paint, out: &mut String) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.len().max(new.len()) > DIFF_LINES_MAX {
        return push(out, 6, &format!("{} lines -> {} lines, too long to compare", old.len(), new.len()));
    }
    let diff = TextDiff::from_slices(&old, &new);
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        push(out, 6, &paint.paint(Role::Faint, hunk.header()));
        for line in hunk.iter_changes() {
            let text = calm(line.value());
            let line = match line.tag() {
                ChangeTag::Delete => paint.paint(Role::Bad, format!("-{text}")),
                ChangeTag::Insert => paint.paint(Role::Good, format!("+{text}")),
                ChangeTag::Equal => format!(" {text}"),
            };
            push(out, 6, &line);
        }
    }
}

/// `3 requests: 1 CREATE_ACCOUNT, 2 SCP_UPDATE; 1 waits`.
fn summary(plan: &Plan, paint: Paint) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &plan.requests {
        *kinds.entry(&request.kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", calm(kind))).collect();
    let word = if plan.requests.len() == 1 { "request" } else { "requests" };
    let waiting = match plan.requests.iter().filter(|request| !request.ready()).count() {
        0 => String::new(),
        1 => "; 1 waits".to_owned(),
        count => format!("; {count} wait"),
    };
    let text = format!("{} {word}: {}{waiting}", plan.requests.len(), kinds.join(", "));
    paint.paint(Role::Strong, text)
}
