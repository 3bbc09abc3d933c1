//! What an answer depends on: statements that may or may not speak of a call.

use crate::call::Call;
use crate::decide::{Source, Why};
use crate::organization::{Chain, Level};
use crate::statement::Effect;
use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet};

/// What the answer to one call depends on below one chain.
pub(crate) struct Questions<'o> {
    /// By what they say: the first statement that denies, or may deny.
    denies: BTreeMap<&'o str, Source>,
    /// By what allows at it, for certain or not: the first level that does not allow for certain.
    allows: BTreeMap<BTreeSet<&'o str>, Level>,
}

impl Questions<'_> {
    /// The first thing that the later questions ask and these do not.
    pub(crate) fn first_beyond(&self, later: &Self) -> Option<Why> {
        let deny = later.denies.iter().find(|(terms, _)| !self.denies.contains_key(*terms));
        let allow = later.allows.iter().find(|(terms, _)| !self.allows.contains_key(*terms));
        deny.map(|(_, source)| Why::MayBeDenied(source.clone()))
            .or_else(|| allow.map(|(_, level)| Why::MayNotBeAllowed(level.clone())))
    }
}

impl<'o> Chain<'o> {
    /// What the answer to the call depends on.
    pub(crate) fn questions(&self, call: &Call) -> Questions<'o> {
        let mut questions = Questions { denies: BTreeMap::new(), allows: BTreeMap::new() };
        for link in &self.links {
            let mut allows = Truth::False;
            let mut allowing = BTreeSet::new();
            let statements =
                link.policies.iter().flat_map(|policy| policy.document.statements.iter().map(move |it| (policy, it)));
            for (policy, statement) in statements {
                let truth = statement.speaks_of(call);
                match (truth, statement.effect) {
                    (Truth::False, Effect::Allow | Effect::Deny) => {}
                    (Truth::True | Truth::Unknown, Effect::Deny) => {
                        let source = || Source::of(link.level(), policy, statement);
                        questions.denies.entry(statement.terms.as_str()).or_insert_with(source);
                    }
                    (Truth::True | Truth::Unknown, Effect::Allow) => {
                        allows = allows.or(truth);
                        allowing.insert(statement.terms.as_str());
                    }
                }
            }
            if allows != Truth::True {
                questions.allows.entry(allowing).or_insert_with(|| link.level());
            }
        }
        questions
    }
}
