//! A statement taken apart, for the rules that look at several of its elements at once.
//!
//! It must not know any rule.

use super::reach::{self, Test};
use super::report::{Path, Report};
use super::statement::Effect;
use super::text::{glob, strings};
use super::{arn, placeholder};
use reeve_json::{Node, Object};

/// What a statement is about.
pub(super) struct Parts<'d> {
    pub(super) path: &'d Path<'d>,
    /// Byte offset of the statement.
    pub(super) start: usize,
    /// Empty when there is none.
    pub(super) sid: &'d str,
    pub(super) effect: Effect,
    pub(super) actions: Actions<'d>,
    pub(super) resources: Resources<'d>,
    /// The tests of the Condition that could be read.
    pub(super) tests: Vec<Test<'d>>,
    /// Whether every test of the Condition could be read.
    pub(super) readable: bool,
}

/// Action or NotAction.
#[derive(Clone, Copy)]
pub(super) enum Actions<'d> {
    Only(&'d Node),
    AllBut(&'d Node),
}

/// Resource or NotResource.
#[derive(Clone, Copy)]
pub(super) enum Resources<'d> {
    Only(&'d Node),
    AllBut(&'d Node),
}

impl<'d> Parts<'d> {
    /// Takes a statement apart. A broken shape has findings already and gives none.
    pub(super) fn read(node: &Node, statement: &'d Object, effect: Effect, path: &'d Path<'d>) -> Option<Self> {
        let actions = match (statement.get("Action"), statement.get("NotAction")) {
            (Some(node), None) => Actions::Only(node),
            (None, Some(node)) => Actions::AllBut(node),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let resources = match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(node), None) => Resources::Only(node),
            (None, Some(node)) => Resources::AllBut(node),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let sid = statement.get("Sid").and_then(Node::as_str).unwrap_or_default();
        let (tests, readable) = reach::tests(statement.get("Condition"));
        Some(Self { path, start: node.span.start, sid, effect, actions, resources, tests, readable })
    }

    /// Whether every action is meant, but for those that NotAction names.
    pub(super) fn nearly_all_actions(&self) -> bool {
        match self.actions {
            Actions::Only(node) => strings(node).any(is_every_action),
            Actions::AllBut(node) => !strings(node).any(is_every_action),
        }
    }

    /// Whether Resource takes in everything.
    pub(super) fn every_resource(&self) -> bool {
        matches!(self.resources, Resources::Only(node) if strings(node).any(arn::covers_all))
    }

    /// Whether Resource takes in everything, or NotResource all but a few.
    pub(super) fn wide_resource(&self) -> bool {
        self.every_resource() || matches!(self.resources, Resources::AllBut(_))
    }

    /// Whether a condition confines the statement to a few requests.
    pub(super) fn confined(&self, report: &Report<'_>) -> bool {
        self.tests.iter().any(|test| test.confines(report.settings))
    }

    /// Whether the statement holds for no request that lacks the key, given in lower case.
    pub(super) fn asks_for_key(&self, lower: &str) -> bool {
        self.tests.iter().any(|test| test.lower == lower && test.asks_for_key())
    }

    /// The tests on a key, given in lower case.
    pub(super) fn on<'s>(&'s self, lower: &'s str) -> impl Iterator<Item = &'s Test<'d>> {
        self.tests.iter().filter(move |test| test.lower == lower)
    }
}

/// Whether an action pattern takes in every action.
pub(super) fn is_every_action(pattern: &str) -> bool {
    // A `?` would be matched by the star, and stands for one letter only.
    (glob(pattern, "*:*") && !pattern.contains('?'))
        || (!pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*'))
}

/// Whether a value is plain enough to be reasoned about: no variable, and nothing left in from a template.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains("${") && !placeholder::is_left(text)
}
