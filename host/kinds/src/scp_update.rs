//! `SCP_UPDATE`: documents of service control policies, and what they are attached to.
//!
//! The order never leaves a target without an allow: policies are made and changed, then attached, and only then are
//! others detached. A target that is full gives up a slot first, with a policy whose absence takes no permission away.
//! Source: Organizations API reference, CreatePolicy, UpdatePolicy, AttachPolicy and DetachPolicy; user guide, quotas.

pub(crate) mod document;
mod read;
mod targets;
#[cfg(test)]
mod tests;

use self::document::allows_nothing;
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
        let locked =
            updates.iter().filter_map(|planned| locks_out(planned, organization, &documents, &attach, &detach));
        let locked: Vec<Refusal> = locked.collect();
        if !locked.is_empty() {
            return Err(locked);
        }
        let planned = |pair: &Resolved<'_>, action| PlannedAction { at: pair.at.to_owned(), action };
        let detached = |pair: &&Resolved<'_>| planned(pair, Action::DetachPolicy(pair.attachment()));
        let attached = |pair: &&Resolved<'_>| planned(pair, Action::AttachPolicy(pair.attachment()));
        let mut actions = [creates, updates].concat();
        actions.extend(order.early.iter().map(detached));
        actions.extend(order.attach.iter().map(attached));
        actions.extend(order.detach.iter().map(detached));
        Ok(actions)
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

/// An edit that takes away the last allow of a target: everything there would be denied, as if the policy had been
/// detached (Organizations user guide, "SCP evaluation").
fn locks_out(
    planned: &PlannedAction,
    organization: &Organization,
    documents: &BTreeMap<&str, &str>,
    attach: &[Resolved<'_>],
    detach: &[Resolved<'_>],
) -> Option<Refusal> {
    let Action::UpdatePolicy(update) = &planned.action else { return None };
    if allows_nothing(&update.before) || !allows_nothing(&update.document) {
        return None;
    }
    let of_request = |pairs: &[Resolved<'_>], target: &str, id: Option<&str>, name: &str| {
        pairs.iter().any(|pair| pair.target_id == target && (pair.policy.id == id && pair.policy.name == name))
    };
    let allows = |id: &str, scp: &Scp| {
        let document = documents.get(scp.name.as_str()).copied().filter(|_| id != FULL_AWS_ACCESS);
        !allows_nothing(document.unwrap_or(&scp.document))
    };
    let targets = organization.attachments.iter().filter(|(_, ids)| ids.contains(&update.policy_id));
    let starved = targets.map(|(target, _)| target).find(|target| {
        let stays = |(id, scp): &(&str, &Scp)| !of_request(detach, target, Some(id), &scp.name);
        let kept = organization.attached(target).filter(stays).any(|(id, scp)| allows(id, scp));
        let new = attach.iter().filter(|pair| pair.target_id == target.as_str()).any(|pair| {
            let stored = pair.policy.id.and_then(|id| Some((id, organization.policies.get(id)?)));
            match stored {
                Some((id, scp)) => allows(id, scp),
                None => documents.get(pair.policy.name).is_some_and(|document| !allows_nothing(document)),
            }
        });
        let still_attached = !of_request(detach, target, Some(&update.policy_id), &update.name);
        still_attached && !kept && !new
    })?;
    let message = format!("`{starved}` would be left without any allow, so everything there would be denied");
    Some(Refusal::new(Code::FullAwsAccessGuard, format!("{}/document", planned.at), message))
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
