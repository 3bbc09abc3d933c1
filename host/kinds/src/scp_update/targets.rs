//! What attaching and detaching would leave on each target, and in which order it can be done.

use crate::Organization;
use crate::organization::FULL_AWS_ACCESS;
use crate::policy_document::{allows_everything, allows_nothing};
use reeve_model::action::{Attachment, PolicyRef};
use reeve_model::{Code, Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// A policy as an attachment names it: one that exists has an id, one that the request makes has none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PolicyKey<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) name: &'a str,
}

/// A pair whose policy and target are known.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    pub(super) at: &'a str,
    pub(super) policy: PolicyKey<'a>,
    pub(super) target_id: &'a str,
}

impl Resolved<'_> {
    pub(super) fn attachment(&self) -> Attachment {
        let policy = PolicyRef { name: self.policy.name.to_owned(), id: self.policy.id.map(str::to_owned) };
        Attachment { policy, target_id: self.target_id.to_owned() }
    }
}

/// The one root, unit or account that a text names.
///
/// # Errors
/// `TARGET_UNKNOWN` when there is none, or when the text means one as a name and another as an id.
pub(super) fn target_id<'a>(organization: &'a Organization, text: &str, at: &str) -> Result<&'a str, Refusal> {
    let mut ids = BTreeSet::new();
    if text == "root" || text == organization.root_id {
        ids.insert(organization.root_id.as_str());
    }
    if text == organization.management_account {
        ids.insert(organization.management_account.as_str());
    }
    ids.extend(organization.accounts.get_key_value(text).map(|(id, _)| id.as_str()));
    let units = organization.units.iter().filter(|(id, unit)| *id == text || unit.name == text);
    ids.extend(units.map(|(id, _)| id.as_str()));
    let shown = text.escape_debug();
    match (ids.len(), ids.first()) {
        (1, Some(id)) if !id.is_empty() => Ok(id),
        (0 | 1, _) => {
            let message = format!("the organization has no root, unit or account `{shown}`");
            Err(Refusal::new(Code::TargetUnknown, at, message))
        }
        (count, _) => {
            let message = format!("`{shown}` names {count} roots, units or accounts");
            Err(Refusal::new(Code::TargetUnknown, at, message).fix("write the id"))
        }
    }
}

/// The pairs that change something, in the order in which they can be made.
#[derive(Debug, Default)]
pub(super) struct Order<'a> {
    /// Detaches that free a slot: without them an attach would go over the quota.
    pub(super) early: Vec<&'a Resolved<'a>>,
    /// Attaches.
    pub(super) attach: Vec<&'a Resolved<'a>>,
    /// All other detaches: what replaces them is attached by then.
    pub(super) detach: Vec<&'a Resolved<'a>>,
}

/// The attachments of one target, before the request and what it does to them.
struct Target<'a> {
    now: Vec<&'a str>,
    attach: Vec<&'a Resolved<'a>>,
    detach: Vec<&'a Resolved<'a>>,
}

/// What is known about documents, and how many policies a target may have.
pub(super) struct Rules<'a> {
    pub(super) organization: &'a Organization,
    /// Documents that the request makes or replaces, by policy name.
    pub(super) documents: &'a BTreeMap<&'a str, &'a str>,
    pub(super) attach_max: usize,
}

impl<'a> Rules<'a> {
    /// Judges every target by what the whole request leaves on it.
    pub(super) fn order(
        &self,
        attach: &'a [Resolved<'a>],
        detach: &'a [Resolved<'a>],
    ) -> Result<Order<'a>, Vec<Refusal>> {
        let mut targets: BTreeMap<&str, Target<'a>> = BTreeMap::new();
        let mut order = Order::default();
        for pair in attach {
            let target = targets.entry(pair.target_id).or_insert_with(|| self.target(pair.target_id));
            if !target.has(pair) {
                target.attach.push(pair);
                order.attach.push(pair);
            }
        }
        for pair in detach {
            let target = targets.entry(pair.target_id).or_insert_with(|| self.target(pair.target_id));
            if target.has(pair) {
                target.detach.push(pair);
            }
        }
        let mut refusals = Vec::new();
        let mut early = BTreeSet::new();
        for target in targets.values() {
            match self.judge(target) {
                Ok(freed) => early.extend(freed),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        for pair in detach.iter().filter(|pair| targets.get(pair.target_id).is_some_and(|target| target.has(pair))) {
            if early.contains(pair.at) { order.early.push(pair) } else { order.detach.push(pair) }
        }
        Ok(order)
    }

    fn target(&self, id: &str) -> Target<'a> {
        let now = self.organization.attachments.get(id).into_iter().flatten().map(String::as_str).collect();
        Target { now, attach: Vec::new(), detach: Vec::new() }
    }

    /// Judges one target; the result is that of [`Self::freed`].
    fn judge(&self, target: &Target<'a>) -> Result<Vec<&'a str>, Refusal> {
        let gone = |id: &str| target.detach.iter().any(|pair| pair.policy.id == Some(id));
        let stay: Vec<&str> = target.now.iter().copied().filter(|id| !gone(id)).collect();
        let after = stay.len() + target.attach.len();
        if let Some(last) = target.attach.last().filter(|_| after > self.attach_max) {
            return Err(over_quota(last, &format!("would have {after} policies, more than {}", self.attach_max)));
        }
        if let Some(last) = target.detach.last().filter(|_| after == 0) {
            let message = format!("`{}` would have no policy left, and so no permission", last.target_id);
            return Err(Refusal::new(Code::LastScp, last.at, message).fix("attach its replacement in the same request"));
        }
        let allowed = stay.iter().any(|id| self.existing(id).is_some_and(allows_everything))
            || target.attach.iter().any(|pair| self.document(pair.policy).is_some_and(allows_everything));
        if let Some(pair) = target.detach.iter().find(|pair| pair.policy.id == Some(FULL_AWS_ACCESS))
            && !allowed
        {
            let target_id = pair.target_id;
            let message = format!("`{target_id}` would have no policy that allows everything without a condition");
            let refusal = Refusal::new(Code::FullAwsAccessGuard, pair.at, message);
            return Err(refusal.fix("attach a policy that allows `*` on `*` in the same request"));
        }
        self.freed(target)
    }

    /// The pointers of the detaches that must come before the attaches.
    ///
    /// Until all is attached, a target may hold neither more policies than the quota nor none, and what it allows may
    /// not shrink: a policy goes early that allows nothing, or that is beside another which allows everything. Both by
    /// the documents of before the request, which are those that stand when it goes.
    fn freed(&self, target: &Target<'a>) -> Result<Vec<&'a str>, Refusal> {
        let Some(last) = target.attach.last() else { return Ok(Vec::new()) };
        let full = target.now.len() + target.attach.len();
        let needed = full.saturating_sub(self.attach_max);
        let mut held = target.now.clone();
        let mut freed = Vec::new();
        for pair in &target.detach {
            if freed.len() == needed || held.len() == 1 {
                break;
            }
            let others: Vec<&str> = held.iter().copied().filter(|id| pair.policy.id != Some(id)).collect();
            let covered = others.iter().any(|id| self.stored(id).is_some_and(allows_everything));
            if covered || pair.policy.id.and_then(|id| self.stored(id)).is_some_and(allows_nothing) {
                held = others;
                freed.push(pair.at);
            }
        }
        if freed.len() == needed {
            return Ok(freed);
        }
        let message = format!("would for a moment have {full} policies, more than {}", self.attach_max);
        Err(over_quota(last, &message).fix("detach first, in a request of its own"))
    }

    /// The document of a policy once the request's documents are in place.
    fn document(&self, policy: PolicyKey<'_>) -> Option<&'a str> {
        let asked = self.documents.get(policy.name).copied();
        asked.or_else(|| Some(self.organization.policies.get(policy.id?)?.document.as_str()))
    }

    /// The document of a policy as it is now.
    fn stored(&self, id: &str) -> Option<&'a str> {
        self.organization.policies.get(id).map(|policy| policy.document.as_str())
    }

    fn existing(&self, id: &str) -> Option<&'a str> {
        let policy = self.organization.policies.get(id)?;
        self.document(PolicyKey { id: Some(id), name: &policy.name })
    }
}

impl Target<'_> {
    fn has(&self, pair: &Resolved<'_>) -> bool {
        pair.policy.id.is_some_and(|id| self.now.contains(&id))
    }
}

fn over_quota(pair: &Resolved<'_>, message: &str) -> Refusal {
    Refusal::new(Code::AttachQuota, pair.at, format!("`{}` {message}", pair.target_id))
}
