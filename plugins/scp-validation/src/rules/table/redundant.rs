//! What a statement or a policy says twice.
//!
//! Inclusion is decided on the patterns, not on the actions that they match today: a pattern that is covered only until
//! AWS adds an action is not redundant.

use super::super::codes::{self, Code};
use super::super::parts::{Actions, Parts, Resources};
use super::super::report::{Path, Report, quote};
use super::super::statement::Effect;
use super::super::text::{items, strings};
use super::{Reference, matching};
use reeve_json::Node;
use reeve_scp::Glob;
use std::collections::BTreeMap;

/// Checks all statements; `path` is that of `Statement`.
pub(super) fn check(list: &Node, path: &Path<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    for (index, node) in items(list) {
        let path = path.item(index);
        for member in node.as_object().into_iter().flatten() {
            let path = path.key(&member.key);
            match member.key.as_str() {
                "Action" | "NotAction" => {
                    patterns(&member.value, &path, matching::action, codes::REDUNDANT_ACTION, reference, report);
                }
                "Resource" | "NotResource" => {
                    patterns(&member.value, &path, matching::resource, codes::REDUNDANT_RESOURCE, reference, report);
                }
                _ => {}
            }
        }
    }
    statements(list, path, reference, report);
}

/// A pattern of a list.
struct Pattern<'d> {
    index: Option<usize>,
    item: &'d Node,
    text: &'d str,
    glob: Glob,
}

fn patterns(
    node: &Node,
    path: &Path<'_>,
    read: fn(&str) -> Option<Glob>,
    code: Code,
    reference: &mut Reference<'_>,
    report: &mut Report<'_>,
) {
    let read = |(index, item): (Option<usize>, _)| {
        let text = Node::as_str(item)?;
        Some(Pattern { index, item, text, glob: read(text)? })
    };
    let all: Vec<Pattern<'_>> = items(node).filter_map(read).collect();
    // A pattern without wildcards takes in nothing but itself.
    let wide: Vec<&Pattern<'_>> = all.iter().filter(|one| one.glob.as_literal().is_none()).collect();
    let mut first = BTreeMap::new();
    for one in &all {
        if !reference.pay(wide.len() + 1) {
            return;
        }
        let same = *first.entry(&one.glob).or_insert(one.index);
        let wider = wide.iter().find(|wide| wide.glob.covers(&one.glob) && !one.glob.covers(&wide.glob));
        let message = if let Some(wider) = wider {
            format!("{} is in {} already, which stands beside it", quote(one.text), quote(wider.text))
        } else if same != one.index {
            format!("{} stands here a second time", quote(one.text))
        } else {
            continue;
        };
        report.add(code, &path.item(one.index), one.item.span.start, message, Some("remove it".to_owned()));
    }
}

/// What a statement is about, ready to be compared.
struct Reach<'d> {
    effect: Effect,
    actions: Side,
    resources: Side,
    condition: Option<&'d Node>,
}

/// An element, or all but what it names.
struct Side {
    all_but: bool,
    globs: Vec<Glob>,
}

impl Side {
    /// Nothing when one of the patterns cannot be compared.
    fn read(all_but: bool, node: &Node, read: fn(&str) -> Option<Glob>) -> Option<Self> {
        let globs: Option<Vec<Glob>> = strings(node).map(read).collect();
        globs.filter(|globs| !globs.is_empty()).map(|globs| Self { all_but, globs })
    }

    /// Whether all of `inner` is in here.
    fn covers(&self, inner: &Self, every: &Glob) -> bool {
        let one_covers = |globs: &[Glob], glob: &Glob| globs.iter().any(|wide| wide.covers(glob));
        match (self.all_but, inner.all_but) {
            (false, false) => inner.globs.iter().all(|glob| one_covers(&self.globs, glob)),
            (false, true) => one_covers(&self.globs, every),
            (true, false) => inner.globs.iter().all(|glob| self.globs.iter().all(|spared| !spared.meets(glob))),
            (true, true) => self.globs.iter().all(|spared| one_covers(&inner.globs, spared)),
        }
    }
}

impl<'d> Reach<'d> {
    fn read(node: &'d Node) -> Option<Self> {
        let statement = node.as_object()?;
        let effect = match statement.get("Effect").and_then(Node::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => return None,
        };
        let parts = Parts::read(node, statement, effect, &Path::ROOT)?;
        let actions = match parts.actions {
            Actions::Only(node) => Side::read(false, node, matching::action)?,
            Actions::AllBut(node) => Side::read(true, node, matching::action)?,
        };
        let resources = match parts.resources {
            Resources::Only(node) => Side::read(false, node, matching::resource)?,
            Resources::AllBut(node) => Side::read(true, node, matching::resource)?,
        };
        Some(Self { effect, actions, resources, condition: statement.get("Condition") })
    }

    fn covers(&self, inner: &Self) -> bool {
        self.effect == inner.effect
            && match (self.condition, inner.condition) {
                (None, _) => true,
                (Some(ours), Some(theirs)) => {
                    reeve_json::canonical(&ours.value) == reeve_json::canonical(&theirs.value)
                }
                (Some(_), None) => false,
            }
            && self.actions.covers(&inner.actions, &Glob::new("*:*"))
            && self.resources.covers(&inner.resources, &Glob::new("*"))
    }

    fn size(&self) -> usize {
        self.actions.globs.len().saturating_add(self.resources.globs.len())
    }
}

/// Statements that say nothing which another statement of the policy does not say.
fn statements(list: &Node, path: &Path<'_>, reference: &mut Reference<'_>, report: &mut Report<'_>) {
    let all: Vec<(Option<usize>, &Node, Reach<'_>)> =
        items(list).filter_map(|(index, node)| Some((index, node, Reach::read(node)?))).collect();
    for (index, node, reach) in &all {
        let cost = all
            .iter()
            .fold(0_usize, |sum, (_, _, other)| sum.saturating_add(other.size().saturating_mul(reach.size())));
        if !reference.pay(cost) {
            return;
        }
        let wider = all
            .iter()
            .find(|(other, _, wide)| other != index && wide.covers(reach) && (other < index || !reach.covers(wide)));
        if let Some((Some(other), _, _)) = wider {
            let message = format!("all that the statement says is in `/Statement/{other}` already");
            let path = path.item(*index);
            report.add(codes::REDUNDANT_STATEMENT, &path, node.span.start, message, Some("remove it".to_owned()));
        }
    }
}
