//! The order of the calls of one request, and what stands on each target after each of them.
//!
//! The executor stops at the first failure and `UpdatePolicy` and `DetachPolicy` bind at once (Organizations API
//! reference), so every prefix of the calls is a state that may last.

use super::targets::{Order, PolicyKey, Resolved};
use crate::Organization;
use crate::policy_document::allows_nothing;
use reeve_model::{Action, Code, PlannedAction, Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Puts the calls in order:
///
/// 1. policies are made;
/// 2. documents change that bind nothing yet;
/// 3. policies are detached that must give up their slot first;
/// 4. policies are attached whose documents are as wanted by now;
/// 5. documents change that bind something: what takes over from them is attached by then;
/// 6. policies are attached whose documents have just changed, so that no target is bound to the old text for a moment;
/// 7. all others are detached.
pub(super) fn in_order(
    creates: Vec<PlannedAction>,
    updates: Vec<PlannedAction>,
    order: &Order<'_>,
    organization: &Organization,
) -> Vec<PlannedAction> {
    let attached: BTreeSet<&str> = organization.attachments.values().flatten().map(String::as_str).collect();
    let binds = |planned: &PlannedAction| rebinds(planned, &attached).is_some();
    let (bound, loose): (Vec<_>, Vec<_>) = updates.into_iter().partition(binds);
    let pending: BTreeSet<&str> = bound.iter().filter_map(|planned| rebinds(planned, &attached)).collect();
    let waits = |pair: &&&Resolved<'_>| pair.policy.id.is_some_and(|id| pending.contains(id));
    let (late, soon): (Vec<_>, Vec<_>) = order.attach.iter().partition(waits);
    let planned = |pair: &Resolved<'_>, action| PlannedAction { at: pair.at.to_owned(), action };
    let detached = |pair: &&Resolved<'_>| planned(pair, Action::DetachPolicy(pair.attachment()));
    let attached = |pair: &&Resolved<'_>| planned(pair, Action::AttachPolicy(pair.attachment()));
    let mut actions = creates;
    actions.extend(loose);
    actions.extend(order.early.iter().map(detached));
    actions.extend(soon.into_iter().map(attached));
    let late: Vec<PlannedAction> = late.into_iter().map(attached).collect();
    actions.extend(bound);
    actions.extend(late);
    actions.extend(order.detach.iter().map(detached));
    actions
}

/// The id of the policy whose document a call changes while it is attached somewhere.
fn rebinds<'p>(planned: &'p PlannedAction, attached: &BTreeSet<&str>) -> Option<&'p str> {
    let Action::UpdatePolicy(update) = &planned.action else { return None };
    let binds = update.before != update.document && attached.contains(update.policy_id.as_str());
    binds.then_some(update.policy_id.as_str())
}

/// Judges what each call leaves: a target that allowed something must allow something after every one of them, since a
/// level that allows nothing denies everything below it (Organizations user guide, "SCP evaluation").
pub(super) fn judge(actions: &[PlannedAction], organization: &Organization) -> Vec<Refusal> {
    let mut now = Standing::of(actions, organization);
    // What allows nothing already loses nothing.
    let mut told: BTreeSet<&str> = now.attached.keys().copied().filter(|target| now.is_starved(target)).collect();
    let mut end = now.clone();
    for planned in actions {
        end.make(&planned.action);
    }
    let mut refusals = Vec::new();
    for planned in actions {
        let touched = now.make(&planned.action);
        let starved: Vec<&str> =
            touched.into_iter().filter(|target| now.is_starved(target) && !told.contains(target)).collect();
        if let Some(first) = starved.first() {
            let lasts = starved.iter().any(|target| end.is_starved(target));
            refusals.push(starves(planned, first, starved.len() - 1, lasts));
        }
        told.extend(starved);
    }
    refusals
}

fn starves(planned: &PlannedAction, target: &str, more: usize, lasts: bool) -> Refusal {
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (target, moment) = (target.escape_debug(), if lasts { "" } else { "for a moment " });
    let message =
        format!("`{target}`{others} would {moment}be left without any allow, so everything there would be denied");
    let document = if matches!(planned.action, Action::UpdatePolicy(_)) { "/document" } else { "" };
    Refusal::new(Code::FullAwsAccessGuard, format!("{}{document}", planned.at), message).fix(if lasts {
        "attach a policy that allows something in the same request"
    } else {
        "split the request: put what is to allow in place first, and take away what allows now in the next one"
    })
}

/// What stands on the targets that a request touches, while its calls are made one by one.
#[derive(Clone)]
struct Standing<'a> {
    /// Policies by target id.
    attached: BTreeMap<&'a str, Vec<PolicyKey<'a>>>,
    /// Whether a policy allows anything.
    allows: BTreeMap<PolicyKey<'a>, bool>,
}

impl<'a> Standing<'a> {
    fn of(actions: &'a [PlannedAction], organization: &'a Organization) -> Self {
        let (mut policies, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for planned in actions {
            if let Action::UpdatePolicy(it) = &planned.action {
                policies.insert(it.policy_id.as_str());
            }
            if let Action::AttachPolicy(it) | Action::DetachPolicy(it) = &planned.action {
                policies.extend(it.policy.id.as_deref());
                targets.insert(it.target_id.as_str());
            }
        }
        let mut standing = Self { attached: BTreeMap::new(), allows: BTreeMap::new() };
        for (target, ids) in &organization.attachments {
            if targets.contains(target.as_str()) || ids.iter().any(|id| policies.contains(id.as_str())) {
                let held = organization.attached(target).map(|(id, scp)| PolicyKey { id: Some(id), name: &scp.name });
                standing.attached.insert(target, held.collect());
            }
        }
        policies.extend(standing.attached.values().flatten().filter_map(|key| key.id));
        for (id, scp) in policies.iter().filter_map(|id| organization.policies.get_key_value(*id)) {
            standing.allows.insert(PolicyKey { id: Some(id), name: &scp.name }, !allows_nothing(&scp.document));
        }
        standing
    }

    /// Makes a call; the answer is the targets that may allow less after it.
    fn make(&mut self, action: &'a Action) -> Vec<&'a str> {
        if let Action::CreatePolicy(it) = action {
            self.allows.insert(PolicyKey { id: None, name: &it.name }, !allows_nothing(&it.document));
        }
        if let Action::UpdatePolicy(it) = action {
            let key = PolicyKey { id: Some(&it.policy_id), name: &it.name };
            self.allows.insert(key, !allows_nothing(&it.document));
            let holding = self.attached.iter().filter(|(_, held)| held.contains(&key));
            return holding.map(|(target, _)| *target).collect();
        }
        if let Action::AttachPolicy(it) = action {
            let key = PolicyKey { id: it.policy.id.as_deref(), name: &it.policy.name };
            self.attached.entry(&it.target_id).or_default().push(key);
        }
        if let Action::DetachPolicy(it) = action {
            let key = PolicyKey { id: it.policy.id.as_deref(), name: &it.policy.name };
            self.attached.entry(&it.target_id).or_default().retain(|held| *held != key);
            return vec![it.target_id.as_str()];
        }
        Vec::new()
    }

    /// Whether no policy of a target allows anything.
    fn is_starved(&self, target: &str) -> bool {
        let mut held = self.attached.get(target).into_iter().flatten();
        !held.any(|key| self.allows.get(key).copied().unwrap_or_default())
    }
}
