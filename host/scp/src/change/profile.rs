//! Sorts actions by which statements of all documents speak of them: a few hundred kinds instead of 22,000 actions.

use super::Signature;
use crate::call::Call;
use crate::document::Document;
use crate::organization::Organization;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet};

/// The documents of both states, each once: by key of the policy and what it says.
#[derive(Default)]
pub(super) struct Documents<'o> {
    places: BTreeMap<(&'o str, &'o str), usize>,
    documents: Vec<&'o Document>,
}

impl<'o> Documents<'o> {
    /// Adds the policies of an organization and says where each one is.
    pub(super) fn add(&mut self, organization: &'o Organization) -> Vec<usize> {
        let place = |policy: &'o crate::Policy| {
            let key = (policy.key.as_str(), policy.document.identity.as_str());
            *self.places.entry(key).or_insert_with(|| {
                self.documents.push(&policy.document);
                self.documents.len() - 1
            })
        };
        organization.policies().iter().map(place).collect()
    }
}

/// One statement that can speak of a call, and how it stands to an action it speaks of.
struct Line<'o> {
    document: usize,
    statement: &'o Statement,
    truth: Truth,
}

/// What the documents say of one kind of actions.
pub(super) struct Profile<'o> {
    /// By document: statements that may speak of the call.
    documents: BTreeMap<usize, Vec<(Effect, Truth, &'o str)>>,
}

/// Actions by kind.
pub(super) struct Profiles<'a> {
    rows: Vec<(Profile<'a>, Vec<&'a str>)>,
}

impl<'a> Profiles<'a> {
    pub(super) fn of<'o: 'a>(documents: &Documents<'o>, actions: &BTreeSet<&'a str>) -> Self {
        let lines = lines(documents);
        let mut kinds: BTreeMap<Vec<usize>, Vec<&'a str>> = BTreeMap::new();
        // For one service most statements speak of all its actions or of none.
        let mut services: BTreeMap<String, Vec<(usize, Option<bool>)>> = BTreeMap::new();
        for action in actions {
            let Call { service, name, .. } = Call::new(action);
            let of_service = services.entry(service.clone()).or_insert_with(|| {
                let whole = |line: &Line<'_>| line.statement.actions.whole_service(&service);
                let rows = lines.iter().enumerate().map(|(index, line)| (index, whole(line)));
                rows.filter(|(_, whole)| *whole != Some(false)).collect()
            });
            let speaks = |(index, whole): &(usize, Option<bool>)| {
                whole.unwrap_or_else(|| {
                    lines.get(*index).is_some_and(|line| line.statement.actions.speak_of(&service, &name))
                })
            };
            let kind = of_service.iter().filter(|row| speaks(row)).map(|(index, _)| *index).collect();
            kinds.entry(kind).or_default().push(action);
        }
        let row = |(kind, actions): (Vec<usize>, Vec<&'a str>)| {
            let mut documents: BTreeMap<usize, Vec<(Effect, Truth, &'a str)>> = BTreeMap::new();
            for line in kind.into_iter().filter_map(|index| lines.get(index)) {
                let said = (line.statement.effect, line.truth, line.statement.terms.as_str());
                documents.entry(line.document).or_default().push(said);
            }
            (Profile { documents }, actions)
        };
        Self { rows: kinds.into_iter().map(row).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Profile<'a>, &Vec<&'a str>)> {
        self.rows.iter().map(|(profile, actions)| (profile, actions))
    }
}

fn lines<'o>(documents: &Documents<'o>) -> Vec<Line<'o>> {
    let any = Call::new("");
    let lines = documents
        .documents
        .iter()
        .enumerate()
        .flat_map(|(document, it)| it.statements().iter().map(move |statement| (document, statement)));
    lines
        .map(|(document, statement)| Line { document, statement, truth: statement.terms_hold(&any) })
        .filter(|line| line.truth != Truth::False)
        .collect()
}

/// How one list of policies reads for one kind of actions: what denies, and for each level what allows. Two that are
/// equal answer every call alike.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading<'o> {
    denies: Truth,
    denying: BTreeSet<&'o str>,
    allows: Truth,
    /// Levels that may or may not allow; those that allow for certain say nothing.
    allowing: BTreeSet<BTreeSet<&'o str>>,
}

impl<'o> Reading<'o> {
    pub(super) fn of(profile: &Profile<'o>, signature: &Signature) -> Self {
        let mut reading =
            Self { denies: Truth::False, denying: BTreeSet::new(), allows: Truth::True, allowing: BTreeSet::new() };
        for level in signature {
            let mut allows = Truth::False;
            let mut allowing = BTreeSet::new();
            for (effect, truth, terms) in level.iter().filter_map(|it| profile.documents.get(it)).flatten() {
                match effect {
                    Effect::Deny => {
                        reading.denies = reading.denies.or(*truth);
                        reading.denying.insert(*terms);
                    }
                    Effect::Allow => {
                        allows = allows.or(*truth);
                        allowing.insert(*terms);
                    }
                }
            }
            reading.allows = reading.allows.and(allows);
            if allows != Truth::True {
                reading.allowing.insert(allowing);
            }
        }
        reading
    }

    pub(super) fn allowed(&self) -> Truth {
        self.allows.and(self.denies.not())
    }
}
