//! Organizations: where an account is, and tags.

use super::calls::{Calls, End};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_organizations::types::Tag as SdkTag;
use reeve_model::action::{MoveAccount, Tag, TagResource};
use reeve_model::{FailureClass, Outcome, State};
use std::collections::BTreeMap;

/// Pages of tags that are read: 50 tags at most (Organizations quotas), so that one would do.
const PAGES_MAX: usize = 10;

/// Moves an account that is where it was when the request was judged.
pub(super) fn move_account(aws: &Aws, action: &MoveAccount, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let (account, source) = (action.account.as_str(), action.source.id.as_str());
    let moved = move_to(aws, account, Some(source), &action.destination.id, calls)?;
    Ok(moved.unwrap_or_else(|elsewhere| {
        let message = format!("the account is in {elsewhere}, no longer in {source}");
        Outcome::failed(FailureClass::Conflict, message)
    }))
}

/// Moves an account out of `source`, or from wherever it is. The error is the parent that it has instead.
pub(super) fn move_to(
    aws: &Aws,
    account: &str,
    source: Option<&str>,
    destination: &str,
    calls: &mut Calls<'_>,
) -> Result<Result<Outcome, String>, End> {
    let current = parent(aws, account, calls)?;
    if current == destination {
        return Ok(Ok(Outcome::of(calls.already())));
    }
    if source.is_some_and(|source| source != current) {
        return Ok(Err(current));
    }
    calls.intend()?;
    let client = aws.organizations();
    let answer = calls.call(aws, Service::Organizations, "MoveAccount", || {
        let call = client.move_account().account_id(account).source_parent_id(&current);
        call.destination_parent_id(destination).send()
    });
    match answer {
        Ok(_) => Ok(Ok(Outcome::of(State::Applied))),
        // The SDK may have made the call twice, and the answer to the first is lost.
        Err(End::Failed(failure))
            if failure.is("DuplicateAccountException") || failure.is("SourceParentNotFoundException") =>
        {
            let now = parent(aws, account, calls)?;
            if now == destination { Ok(Ok(Outcome::of(State::Applied))) } else { Err(failure.into()) }
        }
        Err(end) => Err(end),
    }
}

fn parent(aws: &Aws, account: &str, calls: &mut Calls<'_>) -> Result<String, End> {
    let client = aws.organizations();
    let answer =
        calls.call(aws, Service::Organizations, "ListParents", || client.list_parents().child_id(account).send())?;
    let id = answer.parents().first().and_then(|parent| parent.id()).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| Failure::garbled("ListParents", "parent").into())
}

/// Sets tags.
pub(super) fn tag_resource(aws: &Aws, action: &TagResource, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    tag(aws, &action.resource_id, &action.tags, calls)
}

/// Sets those tags that are missing or have another value. TagResource may be repeated.
pub(super) fn tag(aws: &Aws, resource_id: &str, tags: &[Tag], calls: &mut Calls<'_>) -> Result<Outcome, End> {
    if tags.is_empty() {
        return Ok(Outcome::of(State::Unchanged));
    }
    let there = tags_of(aws, resource_id, calls)?;
    let missing: Vec<Tag> = tags.iter().filter(|(key, value)| there.get(key) != Some(value)).cloned().collect();
    if missing.is_empty() {
        return Ok(Outcome::of(calls.already()));
    }
    calls.intend()?;
    let client = aws.organizations();
    let missing = sdk_tags(&missing)?;
    calls.call(aws, Service::Organizations, "TagResource", || {
        client.tag_resource().resource_id(resource_id).set_tags(Some(missing)).send()
    })?;
    Ok(Outcome::of(State::Applied))
}

fn tags_of(aws: &Aws, resource_id: &str, calls: &mut Calls<'_>) -> Result<BTreeMap<String, String>, End> {
    let client = aws.organizations();
    let (mut tags, mut token) = (BTreeMap::new(), None);
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Organizations, "ListTagsForResource", || {
            client.list_tags_for_resource().resource_id(resource_id).set_next_token(token.take()).send()
        })?;
        tags.extend(page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(tags)
}

/// Tags in the SDK's form.
pub(super) fn sdk_tags(tags: &[Tag]) -> Result<Vec<SdkTag>, End> {
    let tag = |(key, value): &Tag| SdkTag::builder().key(key).value(value).build();
    let tags: Result<Vec<SdkTag>, _> = tags.iter().map(tag).collect();
    tags.map_err(|error| End::Failed(Failure { class: FailureClass::Invalid, code: None, message: error.to_string() }))
}
