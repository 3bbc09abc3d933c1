//! Who would be locked out: protected principals that lose an action they need.

use crate::call::Call;
use crate::decide::{Effective, Why};
use crate::glob::Glob;
use crate::organization::{Chain, Organization, OrganizationError};
use crate::truth::Truth;
use std::collections::BTreeMap;

/// A principal that must keep some actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    /// The ARN of a role, a user or a root, or a pattern of ARNs; or the name of a role, or a pattern of such names. A
    /// role name is taken to have no path, but for the `AWSReservedSSO_` roles, which have one of their own. The
    /// account part of an ARN is `*` or an id; a principal with an id does not live in an account that has none yet.
    pub principal: String,
    /// Keys of the accounts it lives in; empty for all of them.
    pub accounts: Vec<String>,
    /// The actions it needs, `service:Action`.
    pub actions: Vec<String>,
}

/// An action that a protected principal would not have, or may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    /// Key of the account.
    pub account: String,
    /// The principal as it was asked for.
    pub principal: String,
    /// The action as it was asked for.
    pub action: String,
    /// Whether it is lost for certain: false if it depends on the resource, on keys, on which of the principals that match
    /// it is, or on an account's id that is not known yet.
    pub certain: bool,
    /// What denies, or does not allow.
    pub why: Why,
}

/// What is known of the id of an account that has none yet, as a pattern: twelve characters (Account Management reference,
/// "View AWS account identifiers"). A policy may name it, or be made to match it, before anybody knows it.
const SOME_ID: &str = "????????????";

/// Where the roles of IAM Identity Center are, with and without its Region (Identity Center user guide, "Referencing
/// permission sets in resource policies").
const IDENTITY_CENTER_PATH: &str = "aws-reserved/sso.amazonaws.com/*";

const IDENTITY_CENTER_NAME: &str = "AWSReservedSSO_";

/// Lists what protected principals would not have, by account, then in the order in which they were given. The
/// management account is in no list: policies do not bind it.
///
/// # Errors
/// A protected principal lives in an account that is not there.
pub fn lockouts(organization: &Organization, protected: &[Protected]) -> Result<Vec<Lockout>, OrganizationError> {
    for account in protected.iter().flat_map(|it| &it.accounts) {
        if !organization.is_management_account(account) && organization.account_level(account).is_none() {
            return Err(OrganizationError::NoAccount(account.clone()));
        }
    }
    let mut found = Vec::new();
    // Accounts below the same policies get the same answer unless it depends on the account's id.
    let (mut groups, mut memory) = (BTreeMap::new(), BTreeMap::new());
    for account in organization.accounts().filter(|account| !organization.is_management_account(account)) {
        let chain = organization.chain(account);
        let next = groups.len();
        let group =
            *groups.entry(chain.signature().into_iter().map(<[usize]>::to_vec).collect::<Vec<_>>()).or_insert(next);
        let id = organization.account_id(account).unwrap_or(SOME_ID);
        for (index, it) in protected.iter().enumerate() {
            if !it.accounts.is_empty() && !it.accounts.iter().any(|wanted| wanted == account) {
                continue;
            }
            let Some((arn, anywhere)) = arns(&it.principal, id) else { continue };
            for action in &it.actions {
                let key = (group, index, action.as_str());
                let general = memory.entry(key).or_insert_with(|| ask(&chain, action, &anywhere, "*"));
                let effective = match general.allowed {
                    Truth::True => continue,
                    // Also what is certain is asked again: the reason names this account's own levels.
                    Truth::False | Truth::Unknown => ask(&chain, action, &arn, id),
                };
                if effective.allowed == Truth::True {
                    continue;
                }
                found.push(Lockout {
                    account: account.to_owned(),
                    principal: it.principal.clone(),
                    action: action.clone(),
                    certain: effective.allowed == Truth::False,
                    why: effective.why,
                });
            }
        }
    }
    Ok(found)
}

fn ask(chain: &Chain<'_>, action: &str, arn: &str, account: &str) -> Effective {
    chain.decide(&Call::new(action).by(arn, account))
}

/// The principal's ARN in an account, and in whichever account; `None` if it is one of another account.
fn arns(principal: &str, account: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let &[arn, partition, service, region, owner, resource] = parts.as_slice() else {
        let path = if principal.starts_with(IDENTITY_CENTER_NAME) { IDENTITY_CENTER_PATH } else { "" };
        let of = |account: &str| format!("arn:aws:iam::{account}:role/{path}{principal}");
        return Some((of(account), of("*")));
    };
    let of = |account: &str| format!("{arn}:{partition}:{service}:{region}:{account}:{resource}");
    // A pattern of ids is covered by `*` alone.
    Glob::new(owner).covers(&Glob::new(account)).then(|| (of(account), of("*")))
}

#[cfg(test)]
mod tests;
