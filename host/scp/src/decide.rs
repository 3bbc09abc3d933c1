//! What service control policies leave of a permission (Organizations user guide, "SCP evaluation"): each level must
//! allow, and no level may deny.

use crate::call::Call;
use crate::organization::{Chain, Level, Organization, OrganizationError, Policy};
use crate::principal;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use reeve_json::Position;

/// Whether the policies let a call through, and why. They never grant: a call that is let through still needs a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Whether it is let through.
    pub allowed: Truth,
    /// What decides.
    pub why: Why,
}

/// A statement of a policy at a level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The level the policy is attached to.
    pub level: Level,
    /// Key of the policy.
    pub policy: String,
    /// Name of the policy.
    pub policy_name: String,
    /// Place among the statements of the document, from 0.
    pub statement: usize,
    /// `Sid` of the statement.
    pub sid: Option<String>,
    /// Where the statement begins in the document.
    pub position: Position,
}

/// Actions that no policy denies, lower case, with what AWS says of each.
const BEYOND_POLICIES: [&str; 2] = [
    // STS API reference, GetCallerIdentity: "If an administrator attaches a policy to your identity that explicitly denies
    // access to the sts:GetCallerIdentity action, you can still perform this operation."
    "sts:getcalleridentity",
    // IAM user guide, "Permissions for GetSessionToken": the action in a policy "has no effect on a user's ability to
    // perform the GetSessionToken operation".
    "sts:getsessiontoken",
];

/// Whether policies decide about the action, `service:Action` in any case.
pub(crate) fn is_decided(action: &str) -> bool {
    !BEYOND_POLICIES.iter().any(|beyond| beyond.eq_ignore_ascii_case(action))
}

/// What decides about a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Let through: policies do not bind the management account.
    ManagementAccount,
    /// Let through: policies do not bind service-linked roles.
    ServiceLinkedRole,
    /// Let through: every level allows, none denies; or no policy can deny the action.
    Allowed,
    /// Not let through: a statement denies.
    Denied(Source),
    /// Not let through: no policy at this level allows.
    NotAllowed(Level),
    /// Depends: this statement denies for some of what is not known.
    MayBeDenied(Source),
    /// Depends: this level allows for some of what is not known.
    MayNotBeAllowed(Level),
}

impl Organization {
    /// What the policies say of a call in an account, by its key. `sts:GetCallerIdentity` and `sts:GetSessionToken` are let
    /// through whatever the policies say: AWS documents that none can deny them.
    ///
    /// # Errors
    /// The account is not in the organization and does not manage it.
    pub fn decide(&self, account: &str, call: &Call) -> Result<Effective, OrganizationError> {
        if self.is_management_account(account) {
            return Ok(Effective { allowed: Truth::True, why: Why::ManagementAccount });
        }
        if self.account_level(account).is_none() {
            return Err(OrganizationError::NoAccount(account.to_owned()));
        }
        Ok(self.chain(account).decide(call))
    }
}

impl Chain<'_> {
    /// What the levels say of a call.
    pub(crate) fn decide(&self, call: &Call) -> Effective {
        if principal::is_service_linked(&call.keys) {
            return Effective { allowed: Truth::True, why: Why::ServiceLinkedRole };
        }
        if !is_decided(&call.action()) {
            return Effective { allowed: Truth::True, why: Why::Allowed };
        }
        let mut may_deny = None;
        let mut missing = None;
        for link in &self.links {
            let mut allows = Truth::False;
            for policy in &link.policies {
                for statement in &policy.document.statements {
                    // What a level allows need not be asked further once it does.
                    if statement.effect == Effect::Allow && allows == Truth::True {
                        continue;
                    }
                    let source = || Source::of(link.level(), policy, statement);
                    match (statement.effect, statement.speaks_of(call)) {
                        (Effect::Allow, truth) => allows = allows.or(truth),
                        (Effect::Deny, Truth::True) => {
                            return Effective { allowed: Truth::False, why: Why::Denied(source()) };
                        }
                        (Effect::Deny, Truth::Unknown) => may_deny = may_deny.or_else(|| Some(source())),
                        (Effect::Deny, Truth::False) => {}
                    }
                }
            }
            // The first level that does not allow for certain is told before one that only may not.
            match (allows, &missing) {
                (Truth::False, None | Some((Truth::Unknown, _))) | (Truth::Unknown, None) => {
                    missing = Some((allows, link.level()));
                }
                (Truth::True | Truth::False | Truth::Unknown, _) => {}
            }
        }
        let (allowed, why) = match (missing, may_deny) {
            (Some((Truth::False, level)), _) => (Truth::False, Why::NotAllowed(level)),
            (_, Some(source)) => (Truth::Unknown, Why::MayBeDenied(source)),
            (Some((Truth::True | Truth::Unknown, level)), None) => (Truth::Unknown, Why::MayNotBeAllowed(level)),
            (None, None) => (Truth::True, Why::Allowed),
        };
        Effective { allowed, why }
    }
}

impl Source {
    pub(crate) fn of(level: Level, policy: &Policy, statement: &Statement) -> Self {
        Self {
            level,
            policy: policy.key.clone(),
            policy_name: policy.name.clone(),
            statement: statement.index,
            sid: statement.sid.clone(),
            position: statement.position,
        }
    }
}

#[cfg(test)]
mod tests;
