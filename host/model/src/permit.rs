//! Proof that a decision permitted exactly these actions.

use crate::{Decision, Digest, PlannedAction};
use std::sync::Arc;

/// Proof of a permitted decision over the digest of the actions. The executor takes nothing else.
///
/// There is one way to get one: [`Permit::mint`] from a decision that [`crate::decide`] made over the same digest.
#[derive(Debug, Clone)]
pub struct Permit {
    actions: Arc<[PlannedAction]>,
    digest: Digest,
}

impl Permit {
    /// The permit of a decision, if it permits and was made over these very actions.
    #[must_use]
    pub fn mint(decision: &Decision, actions: &[PlannedAction]) -> Option<Self> {
        let digest = PlannedAction::digest(actions);
        let permitted = decision.permitted() && decision.over() == Some(&digest);
        permitted.then(|| Self { actions: actions.into(), digest })
    }

    /// The actions, in the order they will be made.
    #[must_use]
    pub fn actions(&self) -> &[PlannedAction] {
        &self.actions
    }

    /// Digest over the actions.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Answer, Mode, PolicyAnswer, Verdict, action, decide};

    fn delete(name: &str) -> PlannedAction {
        let action = Action::DeleteParameter(action::DeleteParameter { name: name.to_owned() });
        PlannedAction { at: "/detail".to_owned(), action }
    }

    fn decision(verdict: Verdict, over: &[PlannedAction]) -> Decision {
        let answer = Answer::Verdict(verdict);
        let answers = [PolicyAnswer { policy: "p".into(), mode: Mode::Enforce, answer, fuel: 0, memory_bytes: 0 }];
        decide(&answers, &PlannedAction::digest(over))
    }

    #[test]
    fn a_permit_needs_an_allow_over_the_same_actions() {
        let (one, other) = (vec![delete("/one")], vec![delete("/other")]);
        let allow = decision(Verdict::Allow(Vec::new()), &one);
        assert!(Permit::mint(&allow, &one).is_some());
        assert!(Permit::mint(&allow, &other).is_none(), "other actions");
        assert!(Permit::mint(&allow, &[]).is_none(), "no actions");
        assert!(Permit::mint(&decision(Verdict::Abstain("x".into()), &one), &one).is_none());
        assert!(Permit::mint(&Decision::refused(&[]), &one).is_none());
        let refusal = crate::Refusal::new(crate::Code::DuplicateSuppressed, "", "again");
        assert!(Permit::mint(&Decision::repeated(true, &refusal), &one).is_none(), "a repeated answer has no effect");
    }
}
