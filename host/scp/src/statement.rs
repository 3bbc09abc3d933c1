//! One statement: what it speaks of, compiled, and whether it speaks of a call.

use crate::call::{Call, Resource};
use crate::condition::Condition;
use crate::glob::Glob;
use crate::segments;
use crate::template::{Filled, Reading, Template};
use crate::truth::Truth;
use reeve_json::Position;

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

/// One statement of a service control policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) position: Position,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) conditions: Vec<Condition>,
    /// All but Sid and actions, in one form: two statements that say the same of an action have the same.
    pub(crate) terms: String,
}

/// How resources are read: wildcards, and variables under version 2012-10-17.
pub(crate) fn resource_reading(variables: bool) -> Reading {
    Reading { wildcards: true, variables, fold: false }
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    /// As written.
    pub(crate) texts: Vec<String>,
    /// Patterns of action names by the one service they are of, sorted by service.
    by_service: Vec<(String, Vec<Glob>)>,
    /// Patterns of services, each with its pattern of names; `*` is both.
    across: Vec<(Glob, Glob)>,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) negated: bool,
    pub(crate) texts: Vec<String>,
    pub(crate) templates: Vec<Template>,
    pub(crate) reading: Reading,
}

impl Actions {
    /// Compiles the patterns of one element.
    ///
    /// # Errors
    /// The pattern that is neither `*` nor `service:name`.
    pub(crate) fn compile(negated: bool, texts: Vec<String>) -> Result<Self, String> {
        let mut by_service: Vec<(String, Vec<Glob>)> = Vec::new();
        let mut across = Vec::new();
        for text in &texts {
            let lower = text.to_ascii_lowercase();
            let all = !lower.is_empty() && lower.bytes().all(|byte| byte == b'*');
            let (service, name) = match lower.split_once(':') {
                Some((service, name)) if !service.is_empty() && !name.is_empty() => (service, name),
                _ if all => ("*", "*"),
                Some(_) | None => return Err(format!("`{}` is not `service:action` or `*`", text.escape_debug())),
            };
            let (service, name) = (Glob::new(service), Glob::new(name));
            match service.as_literal() {
                None => across.push((service, name)),
                Some(literal) => match by_service.iter_mut().find(|(known, _)| known == literal) {
                    Some((_, names)) => names.push(name),
                    None => by_service.push((literal.to_owned(), vec![name])),
                },
            }
        }
        by_service.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Self { negated, texts, by_service, across })
    }

    /// Whether the element speaks of this action; both parts are lower case.
    pub(crate) fn speak_of(&self, service: &str, name: &str) -> bool {
        self.list(service, name) != self.negated
    }

    /// Whether the element speaks of all actions of a service, of none, or of some.
    pub(crate) fn whole_service(&self, service: &str) -> Option<bool> {
        let own = self.by_service.binary_search_by(|(known, _)| known.as_str().cmp(service)).ok();
        let own = own.and_then(|at| self.by_service.get(at)).map(|(_, names)| names.as_slice()).unwrap_or_default();
        let across = self.across.iter().filter(|(services, _)| services.matches(service)).map(|(_, names)| names);
        let mut names = own.iter().chain(across).peekable();
        match names.peek() {
            None => Some(self.negated),
            Some(_) => names.any(Glob::is_all).then_some(!self.negated),
        }
    }

    fn list(&self, service: &str, name: &str) -> bool {
        let own = self.by_service.binary_search_by(|(known, _)| known.as_str().cmp(service)).ok();
        own.and_then(|at| self.by_service.get(at)).is_some_and(|(_, names)| names.iter().any(|it| it.matches(name)))
            || self.across.iter().any(|(services, names)| services.matches(service) && names.matches(name))
    }

    fn patterns(&self) -> impl Iterator<Item = (Glob, &Glob)> {
        let own = self
            .by_service
            .iter()
            .flat_map(|(service, names)| names.iter().map(move |name| (Glob::literal(service), name)));
        own.chain(self.across.iter().map(|(service, name)| (service.clone(), name)))
    }

    /// Whether it speaks of every action that `other` speaks of. `false` may mean that this could not be shown.
    fn cover(&self, other: &Self) -> bool {
        let covers = |(outer, outer_name): &(Glob, &Glob), (inner, inner_name): &(Glob, &Glob)| {
            outer.covers(inner) && outer_name.covers(inner_name)
        };
        let meets = |left: &(Glob, &Glob), right: &(Glob, &Glob)| left.0.meets(&right.0) && left.1.meets(right.1);
        match (self.negated, other.negated) {
            (false, false) => other.patterns().all(|inner| self.patterns().any(|outer| covers(&outer, &inner))),
            (true, true) => self.patterns().all(|inner| other.patterns().any(|outer| covers(&outer, &inner))),
            (true, false) => other.patterns().all(|theirs| !self.patterns().any(|ours| meets(&ours, &theirs))),
            (false, true) => self.patterns().any(|(service, name)| service.is_all() && name.is_all()),
        }
    }
}

impl Resources {
    fn speak_of(&self, call: &Call) -> Truth {
        let listed = Truth::any(self.templates.iter().map(|template| match template.fill(&call.keys, self.reading) {
            _ if template.begins_early() => Truth::Unknown,
            Filled::Fixed(glob) => on(glob, &call.resource),
            Filled::Made(glob) => on(&glob, &call.resource),
            Filled::Unknown => Truth::Unknown,
        }));
        if self.negated { listed.not() } else { listed }
    }

    /// As [`Actions::cover`].
    fn cover(&self, other: &Self) -> bool {
        let covers = |outer: &Template, inner: &Template| match (outer, inner) {
            (Template::Fixed(outer), Template::Fixed(inner)) => segments::covers(outer, inner),
            (Template::Fixed(outer), Template::Open(_)) => outer.is_all(),
            (Template::Open(_), Template::Open(_)) => outer == inner,
            (Template::Open(_), Template::Fixed(_)) => false,
        };
        let all = |list: &[Template]| {
            list.iter().any(|it| if let Template::Fixed(glob) = it { glob.is_all() } else { false })
        };
        let apart = |left: &Template, right: &Template| match (left, right) {
            (Template::Fixed(left), Template::Fixed(right)) => !left.meets(right),
            (Template::Fixed(_) | Template::Open(_), Template::Fixed(_) | Template::Open(_)) => false,
        };
        let within = |outer: &[Template], inner: &[Template]| {
            inner.iter().all(|inner| outer.iter().any(|outer| covers(outer, inner)))
        };
        match (self.negated, other.negated) {
            (false, false) => within(&self.templates, &other.templates),
            (true, true) => within(&other.templates, &self.templates),
            (true, false) => other.templates.iter().all(|theirs| self.templates.iter().all(|ours| apart(ours, theirs))),
            (false, true) => all(&self.templates),
        }
    }
}

/// Whether a pattern of `Resource` matches the resource of a call.
fn on(glob: &Glob, resource: &Resource) -> Truth {
    match resource {
        Resource::Known(arn) if !glob.matches(arn) => Truth::False,
        Resource::Known(arn) => segments::matches(glob, &Glob::literal(arn)),
        Resource::Like(pattern) => segments::matches(glob, pattern),
        Resource::Unknown if glob.is_all() => Truth::True,
        Resource::Unknown => Truth::Unknown,
    }
}

impl Statement {
    /// Its place among the statements of its document, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its `Sid`.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Its `Effect`.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Where it begins in the text of its document.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The patterns of `Action` or `NotAction`, as written.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.actions.texts
    }

    /// Whether the patterns are those of `NotAction`.
    #[must_use]
    pub fn is_not_action(&self) -> bool {
        self.actions.negated
    }

    /// The patterns of `Resource` or `NotResource`, as written.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources.texts
    }

    /// Whether the patterns are those of `NotResource`.
    #[must_use]
    pub fn is_not_resource(&self) -> bool {
        self.resources.negated
    }

    /// The condition keys it asks, lower case; a key can come twice.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(Condition::key)
    }

    /// Whether it speaks of an action, `service:Action` in any case, whatever the resource and the keys are.
    #[must_use]
    pub fn speaks_of_action(&self, action: &str) -> bool {
        let call = Call::new(action);
        self.actions.speak_of(&call.service, &call.name)
    }

    /// Whether it speaks of the call.
    #[must_use]
    pub fn speaks_of(&self, call: &Call) -> Truth {
        if self.actions.speak_of(&call.service, &call.name) { self.terms_hold(call) } else { Truth::False }
    }

    /// Whether resource and conditions hold for the call, whatever its action is. A statement with a variable that may have
    /// no value, or that stands where none may, may be invalid, and then speaks of nothing.
    pub(crate) fn terms_hold(&self, call: &Call) -> Truth {
        let conditions = || Truth::all(self.conditions.iter().map(|condition| condition.holds(&call.keys)));
        let valid = || {
            let fit = |template: &Template| !template.begins_early() && template.resolves(&call.keys);
            let is =
                self.resources.templates.iter().all(fit) && self.conditions.iter().all(|it| it.resolves(&call.keys));
            if is { Truth::True } else { Truth::Unknown }
        };
        match self.resources.speak_of(call) {
            Truth::False => Truth::False,
            known @ (Truth::True | Truth::Unknown) => known.and(conditions()).and(valid()),
        }
    }

    /// Whether it has the effect of `other` and speaks of every call that `other` speaks of. `false` may also mean that
    /// this could not be shown.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.actions.cover(&other.actions)
            && self.resources.cover(&other.resources)
            && self.conditions.iter().all(|condition| other.conditions.contains(condition))
    }
}

#[cfg(test)]
mod tests;
