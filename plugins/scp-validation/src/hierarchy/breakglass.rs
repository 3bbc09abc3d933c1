//! Roles that a policy spares, and whether somebody who is not spared can make such a role or take it over.

use super::describe::{self, quote};
use super::state::What;
use super::view::View;
use super::{BREAKGLASS_CREATABLE, Finding};
use reeve_scp::{Call, Glob, LEVELS_MAX, Resource, Truth};
use std::collections::{BTreeMap, BTreeSet};

/// Each of these is a way into a role: make it, trust oneself, or give it more.
const WAYS_IN: [&str; 4] =
    ["iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePolicy"];

/// A role that nobody spares, as far as anybody knows.
const ORDINARY_ROLE: &str = "reeve-ordinary-role";

/// Checks the policies that the request stores or attaches, in the accounts that they bind.
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    let mut policies: BTreeSet<&str> = BTreeSet::new();
    for change in view.changes {
        match &change.what {
            What::Stored { policy, .. } | What::Attached { policy, .. } => {
                policies.insert(policy);
            }
            What::Detached { .. } | What::Moved { .. } => {}
        }
    }
    let groups = view.groups();
    for key in policies {
        let Some(policy) = view.head.policies.get(key) else { continue };
        // By role: the ways that are open, and the accounts.
        let mut open: BTreeMap<String, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
        for role in crate::rules::spared_roles(&policy.text) {
            for group in &groups {
                let path = view.head.path(group.first, LEVELS_MAX);
                if !path.iter().any(|level| view.head.attached(level).iter().any(|attached| attached == key)) {
                    continue;
                }
                let Some(arn) = in_account(&role, group.first) else { continue };
                let ways = ways_in(view, group.first, &arn);
                if !ways.is_empty() {
                    let entry = open.entry(role.clone()).or_default();
                    entry.0.extend(ways);
                    entry.1.extend(&group.accounts);
                }
            }
        }
        for (role, (ways, accounts)) in open {
            let accounts: Vec<&str> = accounts.into_iter().collect();
            let message = format!(
                "policy {} spares {}, which others can get by {} in {}",
                quote(&policy.name),
                quote(&role),
                describe::names(ways),
                describe::accounts(view.head, &accounts)
            );
            let (code, severity, _) = BREAKGLASS_CREATABLE;
            let fix = Some(format!("deny `{}` on {} to everybody else", WAYS_IN.join("`, `"), quote(&role)));
            let extra = vec![("policy".to_owned(), policy.name.clone()), ("accounts".to_owned(), accounts.join(","))];
            found.push(Finding { code, severity, message, fix, at: view.at(Some(key), None), extra });
        }
    }
}

/// The pattern of a role as an ARN in one account; none when it is a role of another account, or one that only AWS makes.
fn in_account(pattern: &str, account: &str) -> Option<String> {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let &[_, partition, service, _, owner, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?;
    let reserved = ["aws-service-role/", "aws-reserved/"].iter().any(|path| name.starts_with(path));
    let fits = Glob::new(service).matches("iam") && Glob::new(owner).matches(account) && !reserved;
    let partition = if partition.contains('*') { "aws" } else { partition };
    fits.then(|| format!("arn:{partition}:iam::{account}:{resource}"))
}

fn ways_in(view: &View<'_>, account: &str, role: &str) -> Vec<&'static str> {
    let partition = role.split(':').nth(1).unwrap_or("aws");
    let caller = format!("arn:{partition}:iam::{account}:role/{ORDINARY_ROLE}");
    let glob = Glob::new(role);
    let resource = if glob.as_literal().is_some() { Resource::Known(role.to_owned()) } else { Resource::Like(glob) };
    let open = |action: &&&str| {
        let mut call = Call::new(action).by(&caller, account);
        call.resource = resource.clone();
        view.after.decide(account, &call).is_ok_and(|effective| effective.allowed != Truth::False)
    };
    WAYS_IN.iter().filter(open).copied().collect()
}
