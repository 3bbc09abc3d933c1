//! `SCP_UPDATE`: documents of service control policies, and what they are attached to.
//!
//! The order never leaves a target without an allow, nor without a Deny that another policy is to take over: what is
//! added is there before what is changed, and that before what goes (`steps`). A target that is full gives up a slot
//! first, with a policy whose absence takes no permission away. What no order can do is refused.
//! Source: Organizations API reference, CreatePolicy, UpdatePolicy, AttachPolicy and DetachPolicy; user guide, quotas.

mod read;
mod steps;
mod targets;
#[cfg(test)]
mod tests;

use crate::create_account::place;
use crate::organization::FULL_AWS_ACCESS;
use crate::{Ask, Draft, Kind, Need, Organization, Scp, World};
use read::{Detail, Pair, Wanted};
use reeve_model::action::{CreatePolicy, UpdatePolicy};
use reeve_model::{Action, Code, Digest, PlannedAction, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use targets::{PolicyKey, Resolved, Rules, target_id};

/// Longest policy name, characters (Organizations, CreatePolicy).
const POLICY_NAME_CHARS_MAX: usize = 128;
/// Longest policy description, characters (Organizations, CreatePolicy).
const DESCRIPTION_CHARS_MAX: usize = 512;
/// Most entries in each list of a request: at Organizations' one write a second, all three are done in ten minutes.
const ENTRIES_MAX: usize = 200;

/// The kind `SCP_UPDATE`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScpUpdate {
    /// Longest document, Unicode scalar values as sent. Organizations' quota is 10,240 since May 2026.
    pub size_quota_chars: usize,
    /// Most policies attached directly to one target. Organizations' quota is 10 since May 2026.
    pub attach_max: usize,
    /// Names or ids of targets whose policies no request changes. A name stands for every unit that has it.
    pub protected_targets: Vec<String>,
}

impl Kind for ScpUpdate {
    fn name(&self) -> &'static str {
        "SCP_UPDATE"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let detail = read::detail(ask.fields(), self.size_quota_chars)?;
        Ok(Box::new(Asked { config: self, detail }))
    }
}

struct Asked<'a> {
    config: &'a ScpUpdate,
    detail: Detail<'a>,
}

impl Draft for Asked<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Organization]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let organization = place::known(world)?;
        let planner = Planner { config: self.config, organization, detail: &self.detail };
        let mut refusals = Vec::new();
        let (mut creates, mut updates) = (Vec::new(), Vec::new());
        for wanted in &self.detail.policies {
            match planner.change(wanted) {
                Ok(Some(planned)) if matches!(planned.action, Action::CreatePolicy(_)) => creates.push(planned),
                Ok(Some(planned)) => updates.push(planned),
                Ok(None) => {}
                Err(refusal) => refusals.push(refusal),
            }
        }
        let attach = planner.resolve_all(&self.detail.attach, &mut refusals);
        let detach = planner.resolve_all(&self.detail.detach, &mut refusals);
        conflicts(&attach, &detach, &mut refusals);
        // What is left on a target can only be told of pairs that are all known.
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let documents: BTreeMap<&str, &str> =
            self.detail.policies.iter().map(|wanted| (wanted.name, wanted.document)).collect();
        let rules = Rules { organization, documents: &documents, attach_max: self.config.attach_max };
        let order = rules.order(&attach, &detach)?;
        let actions = steps::in_order(creates, updates, &order, organization);
        let starving = steps::judge(&actions, organization);
        if starving.is_empty() { Ok(actions) } else { Err(starving) }
    }
}

struct Planner<'a> {
    config: &'a ScpUpdate,
    organization: &'a Organization,
    detail: &'a Detail<'a>,
}

impl<'a> Planner<'a> {
    /// What must be done for one policy to be as wanted; nothing when it is.
    fn change(&self, wanted: &Wanted<'_>) -> Result<Option<PlannedAction>, Refusal> {
        let planned = |action| Ok(Some(PlannedAction { at: wanted.at.clone(), action }));
        let Some((id, policy)) = self.named(wanted.name, &format!("{}/name", wanted.at))? else {
            if wanted.replaces.is_some() {
                let message = format!("policy `{}` does not exist any more", wanted.name.escape_debug());
                return Err(Refusal::new(Code::PolicyChangedSinceRead, format!("{}/replaces", wanted.at), message));
            }
            return planned(Action::CreatePolicy(CreatePolicy {
                name: wanted.name.to_owned(),
                description: wanted.description.unwrap_or_default().to_owned(),
                document: wanted.document.to_owned(),
            }));
        };
        let description = wanted.description.unwrap_or(&policy.description);
        if policy.document == wanted.document && policy.description == description {
            return Ok(None);
        }
        self.check_change(wanted, id, policy)?;
        planned(Action::UpdatePolicy(UpdatePolicy {
            policy_id: id.to_owned(),
            name: wanted.name.to_owned(),
            description: description.to_owned(),
            document: wanted.document.to_owned(),
            before: policy.document.clone(),
        }))
    }

    fn check_change(&self, wanted: &Wanted<'_>, id: &str, policy: &Scp) -> Result<(), Refusal> {
        let (at, shown) = (&wanted.at, wanted.name.escape_debug());
        if id == FULL_AWS_ACCESS {
            let message = format!("policy `{shown}` is `{FULL_AWS_ACCESS}`, which cannot be edited");
            return Err(Refusal::new(Code::FullAwsAccessGuard, at.as_str(), message));
        }
        if policy.aws_managed {
            let message = format!("policy `{shown}` is managed by AWS and cannot be edited");
            return Err(Refusal::new(Code::PolicyType, at.as_str(), message));
        }
        // A document that is as wanted already was changed by this very request, delivered before.
        let read = wanted.replaces.as_ref().filter(|_| policy.document != wanted.document);
        if read.is_some_and(|read| *read != Digest::of(policy.document.as_bytes())) {
            let message = format!("policy `{shown}` is not the one that was read");
            let refusal = Refusal::new(Code::PolicyChangedSinceRead, format!("{at}/replaces"), message);
            return Err(refusal.fix("read it again and make the change on what it is now"));
        }
        let attached = self.organization.attachments.iter().filter(|(_, ids)| ids.iter().any(|it| it == id));
        if let Some((target, _)) = attached.into_iter().find(|(target, _)| self.is_protected(target)) {
            let message = format!("policy `{shown}` is attached to `{target}`, which the gate protects");
            return Err(Refusal::new(Code::TargetNotAllowed, format!("{at}/name"), message));
        }
        Ok(())
    }

    /// The policy of this name; `POLICY_UNKNOWN` when there are several.
    fn named(&self, name: &str, at: &str) -> Result<Option<(&'a str, &'a Scp)>, Refusal> {
        let mut named = self.organization.policies.iter().filter(|(_, policy)| policy.name == name);
        match (named.next(), named.next()) {
            (None, _) => Ok(None),
            (Some((id, policy)), None) => Ok(Some((id, policy))),
            (Some(_), Some(_)) => {
                let message = format!("more than one policy is named `{}`", name.escape_debug());
                Err(Refusal::new(Code::PolicyUnknown, at, message))
            }
        }
    }

    fn resolve_all(&self, pairs: &'a [Pair<'a>], refusals: &mut Vec<Refusal>) -> Vec<Resolved<'a>> {
        let mut resolved = Vec::new();
        for pair in pairs {
            match (self.policy(pair), self.target(pair)) {
                (Ok(policy), Ok(target_id)) => resolved.push(Resolved { at: &pair.at, policy, target_id }),
                (policy, target) => refusals.extend(policy.err().into_iter().chain(target.err())),
            }
        }
        resolved
    }

    fn policy(&self, pair: &'a Pair<'a>) -> Result<PolicyKey<'a>, Refusal> {
        let (at, name) = (format!("{}/policy", pair.at), pair.policy);
        let id = self.named(name, &at)?.map(|(id, _)| id);
        if id.is_some() || self.detail.policies.iter().any(|wanted| wanted.name == name) {
            return Ok(PolicyKey { id, name });
        }
        let message = format!("there is no policy `{}`, neither in the organization nor here", name.escape_debug());
        Err(Refusal::new(Code::PolicyUnknown, at, message))
    }

    fn target(&self, pair: &Pair<'_>) -> Result<&'a str, Refusal> {
        let at = format!("{}/target", pair.at);
        let id = target_id(self.organization, pair.target, &at)?;
        if id == self.organization.management_account {
            let message = format!("`{id}` is the management account, on which policies have no effect");
            return Err(Refusal::new(Code::MgmtTarget, at, message));
        }
        if self.is_protected(id) {
            let message = format!("the gate protects `{}`", pair.target.escape_debug());
            return Err(Refusal::new(Code::TargetNotAllowed, at, message));
        }
        Ok(id)
    }

    fn is_protected(&self, target_id: &str) -> bool {
        let name = self.organization.unit_name(target_id);
        self.config.protected_targets.iter().any(|entry| entry == target_id || name == Some(entry))
    }
}

/// One pair is in the request once: neither twice, nor attached and detached.
fn conflicts(attach: &[Resolved<'_>], detach: &[Resolved<'_>], refusals: &mut Vec<Refusal>) {
    let mut seen = BTreeSet::new();
    for pair in attach.iter().chain(detach) {
        if !seen.insert((pair.policy, pair.target_id)) {
            let name = pair.policy.name.escape_debug();
            let message = format!("policy `{name}` and target `{}` are in the request twice", pair.target_id);
            refusals.push(Refusal::new(Code::BatchConflict, pair.at, message));
        }
    }
}
