//! A gate: routes, policies and facts of one configuration in one account.

use crate::{Brakes, Facts, Policies};
use reeve_kinds::Kind;
use reeve_model::{AccountId, Code, Event, Refusal};
use reeve_pattern::Pattern;
use std::sync::Arc;

/// A kind and the events that are routed to it.
pub struct Route {
    /// The kind.
    pub kind: Box<dyn Kind>,
    /// The pattern that its events match.
    pub pattern: Pattern,
}

/// One Reeve with one configuration, in one account.
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The account it acts in.
    pub account: AccountId,
    /// Kinds, in the order of the gate file.
    pub routes: Vec<Route>,
    /// Its policies, which may be replaced while it works.
    pub policies: Arc<Policies>,
    /// Where facts are read.
    pub facts: Box<dyn Facts>,
    /// Bounds on how much may change.
    pub brakes: Brakes,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("name", &self.name).field("policies", &self.policies).finish_non_exhaustive()
    }
}

impl Gate {
    /// The kind of a name, if the gate has it.
    pub(crate) fn kind(&self, name: &str) -> Option<&dyn Kind> {
        self.routes.iter().map(|route| route.kind.as_ref()).find(|kind| kind.name() == name)
    }

    /// The kind of an event: exactly one route must match.
    pub(crate) fn route(&self, event: &Event) -> Result<&dyn Kind, Refusal> {
        let mut matching = self.routes.iter().filter(|route| route.pattern.matches(&event.body.value));
        let shown = event.detail_type.escape_debug();
        match (matching.next(), matching.next()) {
            (Some(route), None) => Ok(route.kind.as_ref()),
            (Some(one), Some(other)) => {
                let message = format!("the event is routed to both `{}` and `{}`", one.kind.name(), other.kind.name());
                Err(Refusal::new(Code::AmbiguousRoute, "", message))
            }
            (None, _) if self.routes.iter().any(|route| route.kind.detail_type() == event.detail_type) => {
                let message = format!("`{shown}` is taken here, but not from this source, account or Region");
                Err(Refusal::new(Code::WrongRoute, "", message))
            }
            (None, _) => {
                let names: Vec<&str> = self.routes.iter().map(|route| route.kind.detail_type()).collect();
                let message = format!("this gate does not take `{shown}`");
                let refusal = Refusal::new(Code::UnknownAction, "/detail-type", message);
                Err(refusal.fix(format!("it takes {}", names.join(", "))))
            }
        }
    }
}
