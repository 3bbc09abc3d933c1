//! Organizations: service control policies and their attachments. AWS has no optimistic lock on a policy, so its
//! document is read right before it is replaced.

use super::calls::{Calls, End};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_organizations::types::{PolicySummary, PolicyType};
use reeve_json::{Options, StringRule};
use reeve_model::action::{Attachment, CreatePolicy, PolicyRef, UpdatePolicy};
use reeve_model::{FailureClass, Outcome, State};

/// The note of the policy's id.
const POLICY_ID: &str = "policy_id";
/// Pages of a list that are read: 2,000 policies, twice the quota, at 20 a page.
const PAGES_MAX: usize = 100;
/// Policies of one page (Organizations API reference).
const PAGE_MAX: i32 = 20;
/// Longest document that is compared, bytes, and its depth: both far above what AWS stores.
const DOCUMENT: Options = Options { bytes_max: 65_536, depth_max: 64, strings: StringRule::Any };

/// Makes a policy, or finds the one that an earlier try has made.
pub(super) fn create(aws: &Aws, action: &CreatePolicy, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    if let Some(id) = calls.noted(POLICY_ID) {
        return made(&id, calls);
    }
    if calls.intended()
        && let Some(outcome) = found(aws, action, calls)?
    {
        return Ok(outcome);
    }
    let earlier = calls.intended();
    let client = aws.once().organizations();
    let answer = calls.call_once(aws, Service::Organizations, "CreatePolicy", || {
        let call = client.create_policy().name(&action.name).description(&action.description);
        call.content(&action.document).r#type(PolicyType::ServiceControlPolicy).send()
    });
    let id = match answer {
        Ok(answer) => {
            let summary = answer.policy().and_then(|policy| policy.policy_summary());
            summary.and_then(PolicySummary::id).filter(|id| !id.is_empty()).map(str::to_owned)
        }
        Err(End::Failed(failure)) if failure.is("DuplicatePolicyException") && earlier => None,
        Err(end) => return Err(end),
    };
    match id {
        Some(id) => made(&id, calls),
        None => {
            let found = found(aws, action, calls)?;
            found.ok_or_else(|| Failure::garbled("CreatePolicy", "policy id").into())
        }
    }
}

fn made(id: &str, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    calls.journal.note(POLICY_ID, id)?;
    Ok(Outcome::of(State::Applied).detail(POLICY_ID, id))
}

/// The policy of this name, if its document is ours.
fn found(aws: &Aws, action: &CreatePolicy, calls: &mut Calls<'_>) -> Result<Option<Outcome>, End> {
    let Some(id) = by_name(aws, &action.name, calls)? else { return Ok(None) };
    if same_document(&document(aws, &id, calls)?, &action.document) {
        return made(&id, calls).map(Some);
    }
    let message = "there is a policy of this name with another document";
    Ok(Some(Outcome::failed(FailureClass::Conflict, message).detail(POLICY_ID, id)))
}

/// Replaces the document that was judged, and no other.
pub(super) fn update(aws: &Aws, action: &UpdatePolicy, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let id = action.policy_id.as_str();
    let now = document(aws, id, calls)?;
    if same_document(&now, &action.document) {
        return Ok(Outcome::of(calls.already()).detail(POLICY_ID, id));
    }
    if !same_document(&now, &action.before) {
        let message = "POLICY_CHANGED_SINCE_READ: the policy's document is no longer the one that was judged";
        return Ok(Outcome::failed(FailureClass::Conflict, message).detail(POLICY_ID, id));
    }
    calls.intend()?;
    let client = aws.organizations();
    calls.call(aws, Service::Organizations, "UpdatePolicy", || {
        let call = client.update_policy().policy_id(id).name(&action.name).description(&action.description);
        call.content(&action.document).send()
    })?;
    if !same_document(&document(aws, id, calls)?, &action.document) {
        let message = "the policy was updated, and read back with another document";
        return Ok(Outcome::failed(FailureClass::Unproven, message).detail(POLICY_ID, id));
    }
    Ok(Outcome::of(State::Applied).detail(POLICY_ID, id))
}

/// Attaches a policy.
pub(super) fn attach(aws: &Aws, action: &Attachment, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let Some(id) = resolve(aws, &action.policy, calls)? else { return Ok(missing(&action.policy)) };
    let attached = calls.already();
    calls.intend()?;
    let client = aws.organizations();
    let call = || client.attach_policy().policy_id(&id).target_id(&action.target_id).send();
    let state = match calls.call(aws, Service::Organizations, "AttachPolicy", call) {
        Ok(_) => State::Applied,
        Err(End::Failed(failure)) if failure.is("DuplicatePolicyAttachmentException") => attached,
        Err(end) => return Err(end),
    };
    Ok(Outcome::of(state).detail(POLICY_ID, id))
}

/// Detaches a policy, unless it is the target's last: a target without a policy may do nothing at all.
pub(super) fn detach(aws: &Aws, action: &Attachment, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let Some(id) = resolve(aws, &action.policy, calls)? else { return Ok(missing(&action.policy)) };
    let attached = attached_to(aws, &action.target_id, calls)?;
    if !attached.contains(&id) {
        return Ok(Outcome::of(calls.already()).detail(POLICY_ID, id));
    }
    if attached.iter().all(|other| *other == id) {
        let message = "LAST_SCP: the target would have no policy left, and so no permission";
        return Ok(Outcome::failed(FailureClass::Conflict, message).detail(POLICY_ID, id));
    }
    calls.intend()?;
    let client = aws.organizations();
    let call = || client.detach_policy().policy_id(&id).target_id(&action.target_id).send();
    match calls.call(aws, Service::Organizations, "DetachPolicy", call) {
        Ok(_) => {}
        // It was attached a moment ago: the SDK may have made the call twice.
        Err(End::Failed(failure)) if failure.is("PolicyNotAttachedException") => {}
        Err(end) => return Err(end),
    }
    Ok(Outcome::of(State::Applied).detail(POLICY_ID, id))
}

fn missing(policy: &PolicyRef) -> Outcome {
    Outcome::failed(FailureClass::NotFound, format!("there is no policy `{}`", policy.name))
}

fn resolve(aws: &Aws, policy: &PolicyRef, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    match &policy.id {
        Some(id) => Ok(Some(id.clone())),
        None => by_name(aws, &policy.name, calls),
    }
}

fn by_name(aws: &Aws, name: &str, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let client = aws.organizations();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Organizations, "ListPolicies", || {
            let list = client.list_policies().filter(PolicyType::ServiceControlPolicy).max_results(PAGE_MAX);
            list.set_next_token(token.take()).send()
        })?;
        let named = page.policies().iter().find(|policy| policy.name() == Some(name));
        if let Some(id) = named.and_then(PolicySummary::id) {
            return Ok(Some(id.to_owned()));
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(None)
}

fn attached_to(aws: &Aws, target_id: &str, calls: &mut Calls<'_>) -> Result<Vec<String>, End> {
    let client = aws.organizations();
    let (mut ids, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Organizations, "ListPoliciesForTarget", || {
            let list = client.list_policies_for_target().target_id(target_id).max_results(PAGE_MAX);
            list.filter(PolicyType::ServiceControlPolicy).set_next_token(token.take()).send()
        })?;
        ids.extend(page.policies().iter().filter_map(PolicySummary::id).map(str::to_owned));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(ids)
}

fn document(aws: &Aws, id: &str, calls: &mut Calls<'_>) -> Result<String, End> {
    let client = aws.organizations();
    let answer =
        calls.call(aws, Service::Organizations, "DescribePolicy", || client.describe_policy().policy_id(id).send())?;
    let content = answer.policy().and_then(|policy| policy.content());
    content.map(str::to_owned).ok_or_else(|| Failure::garbled("DescribePolicy", "content").into())
}

/// Whether two documents say the same: equal texts, or equal once both are written canonically.
fn same_document(one: &str, other: &str) -> bool {
    let canonical =
        |text: &str| reeve_json::parse(text.as_bytes(), &DOCUMENT).ok().map(|node| reeve_json::canonical(&node.value));
    one == other || canonical(one).is_some_and(|one| canonical(other) == Some(one))
}
