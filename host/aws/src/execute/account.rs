//! Organizations: CreateAccount, which AWS works on for minutes and which has no client token; then tags, then the
//! move into its unit. Every step is noted, so that whoever takes over goes on where the last one stopped.

use super::calls::{Calls, End, INTENT, SINCE, retry};
use super::organization::{move_to, tag};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_organizations::types::{Account, CreateAccountState, CreateAccountStatus};
use reeve_model::action::CreateAccount;
use reeve_model::{AccountId, FailureClass, Outcome, State, Timestamp};

/// The note of the request that AWS works on: `car-…`.
const REQUEST_ID: &str = "request_id";
/// The note of the new account's id.
const ACCOUNT_ID: &str = "account_id";
/// Rounds of waiting for AWS in one delivery: about two minutes. After that the message goes back to its queue, and
/// the next delivery goes on from the notes.
const ROUNDS_MAX: u32 = 25;
/// How often an account that was not found is looked for again before it is believed not to have been asked for.
const LOOKS_MAX: u32 = 30;
/// Pages of a list that are read: 10,000 accounts, the quota that AWS raises an organization to, at 20 a page.
const PAGES_MAX: usize = 500;
/// Accounts or requests of one page (Organizations API reference).
const PAGE_MAX: i32 = 20;

/// Makes an account, tags it and puts it into its unit.
pub(super) fn create(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let id = match calls.noted(ACCOUNT_ID) {
        Some(id) => id,
        None => match account_id(aws, action, calls)? {
            Ok(id) => {
                calls.journal.note(ACCOUNT_ID, &id)?;
                id
            }
            Err(outcome) => return Ok(*outcome),
        },
    };
    if AccountId::parse(&id).is_none() {
        return Ok(Outcome::failed(FailureClass::Unknown, "AWS answered with an account id of another form"));
    }
    settle(aws, action, &id, calls).map_err(|end| match end {
        // A new account is not seen everywhere at once.
        End::Failed(failure) if failure.class == FailureClass::NotFound && failure.is("AccountNotFoundException") => {
            End::Stop(retry(failure.to_string()))
        }
        End::Failed(failure) if failure.is("ChildNotFoundException") => End::Stop(retry(failure.to_string())),
        End::Failed(_) | End::Stop(_) => end,
    })?;
    let outcome = Outcome::of(State::Applied).detail(ACCOUNT_ID, &id).detail("unit", &action.destination.id);
    Ok(match calls.noted(REQUEST_ID) {
        Some(request_id) => outcome.detail(REQUEST_ID, request_id),
        None => outcome,
    })
}

fn settle(aws: &Aws, action: &CreateAccount, id: &str, calls: &mut Calls<'_>) -> Result<(), End> {
    tag(aws, id, &action.tags, calls)?;
    move_to(aws, id, None, &action.destination.id, calls).map(|_| ())
}

/// The id of the new account, or the outcome when there will be none.
fn account_id(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<Result<String, Box<Outcome>>, End> {
    let (request_id, asked) = match calls.noted(REQUEST_ID) {
        Some(request_id) => (request_id, false),
        None => {
            let (request_id, asked) = match begun(aws, action, calls)? {
                Some(Begun::Account(id)) => return Ok(Ok(id)),
                Some(Begun::Request(request_id)) => (request_id, false),
                None => (ask(aws, action, calls)?, true),
            };
            calls.journal.note(REQUEST_ID, &request_id)?;
            (request_id, asked)
        }
    };
    let made = wait(aws, action, &request_id, calls)?;
    if let (Ok(id), false) = (&made, asked) {
        let email = email_of(aws, Some(id), calls)?;
        if email.is_some_and(|email| !email.eq_ignore_ascii_case(&action.email)) {
            // A request in progress is known by the account's name alone; this one was somebody else's.
            calls.journal.note(REQUEST_ID, "")?;
            return Err(End::Stop(retry("an account of the same name was being made for another address")));
        }
    }
    Ok(made)
}

/// What an earlier call has begun.
enum Begun {
    Account(String),
    Request(String),
}

/// Looks for what an earlier call may have begun. Nothing is believed only once the intent is old enough.
fn begun(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<Option<Begun>, End> {
    if !calls.intended() {
        return Ok(None);
    }
    for round in 1..=LOOKS_MAX {
        let settled = calls.settled();
        if let Some(id) = by_email(aws, action, calls)? {
            return Ok(Some(Begun::Account(id)));
        }
        if let Some(request_id) = in_progress(aws, action, calls)? {
            return Ok(Some(Begun::Request(request_id)));
        }
        if settled {
            return Ok(None);
        }
        calls.pause(aws, round)?;
    }
    Err(End::Stop(retry("whether an account was asked for is not known yet")))
}

fn ask(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<String, End> {
    let client = aws.once().organizations();
    let tags = super::organization::sdk_tags(&action.tags)?;
    let answer = calls.call_once(aws, Service::Organizations, "CreateAccount", || {
        let call = client.create_account().account_name(&action.name).email(&action.email);
        call.role_name(&action.role_name).set_tags(Some(tags.clone())).send()
    })?;
    let request_id = answer.create_account_status().and_then(CreateAccountStatus::id).filter(|id| !id.is_empty());
    // The intent stays noted: the next try looks for what this call has begun.
    request_id.map(str::to_owned).ok_or_else(|| Failure::garbled("CreateAccount", "request id").into())
}

/// Waits until AWS has made the account or given up.
fn wait(
    aws: &Aws,
    action: &CreateAccount,
    request_id: &str,
    calls: &mut Calls<'_>,
) -> Result<Result<String, Box<Outcome>>, End> {
    let client = aws.organizations();
    for round in 1..=ROUNDS_MAX {
        let answer = calls.call(aws, Service::Organizations, "DescribeCreateAccountStatus", || {
            client.describe_create_account_status().create_account_request_id(request_id).send()
        });
        match answer {
            Ok(answer) => {
                let status = answer.create_account_status();
                let id = status.and_then(CreateAccountStatus::account_id).filter(|id| !id.is_empty());
                match status.and_then(CreateAccountStatus::state) {
                    Some(CreateAccountState::Succeeded) => {
                        if let Some(id) = id {
                            return Ok(Ok(id.to_owned()));
                        }
                    }
                    Some(CreateAccountState::Failed) => {
                        let reason = status.and_then(|status| status.failure_reason());
                        let reason = reason.map_or("no reason", |reason| reason.as_str());
                        return failed(aws, action, reason, calls);
                    }
                    Some(_) | None => {}
                }
            }
            // A request that was just made is not seen everywhere at once.
            Err(End::Failed(failure)) if failure.is("CreateAccountStatusNotFoundException") => {}
            Err(end) => return Err(end),
        }
        calls.pause(aws, round)?;
    }
    Err(End::Stop(retry(format!("AWS still works on the account: request {request_id}"))))
}

/// What a failed request means (Organizations API reference, CreateAccountStatus).
fn failed(
    aws: &Aws,
    action: &CreateAccount,
    reason: &str,
    calls: &mut Calls<'_>,
) -> Result<Result<String, Box<Outcome>>, End> {
    let class = match reason {
        "INTERNAL_FAILURE" => {
            // The only one that may be asked for again, as a new request.
            calls.journal.note(REQUEST_ID, "")?;
            return Err(End::Stop(retry("AWS could not make the account: INTERNAL_FAILURE")));
        }
        "EMAIL_ALREADY_EXISTS" | "GOVCLOUD_ACCOUNT_ALREADY_EXISTS" | "CONCURRENT_ACCOUNT_MODIFICATION" => {
            // Two calls of this request may have crossed; then the account of the first is ours. After a first call it
            // is another request's, made since this one was planned.
            let called_before = calls.noted(SINCE) != calls.noted(INTENT);
            if called_before && let Some(id) = by_email(aws, action, calls)? {
                return Ok(Ok(id));
            }
            if reason == "CONCURRENT_ACCOUNT_MODIFICATION" && called_before {
                calls.journal.note(REQUEST_ID, "")?;
                return Err(End::Stop(retry("AWS still works on an earlier call for this account")));
            }
            FailureClass::Conflict
        }
        "ACCOUNT_LIMIT_EXCEEDED" => FailureClass::Quota,
        _ => FailureClass::Invalid,
    };
    Ok(Err(Box::new(Outcome::failed(class, format!("AWS did not make the account: {reason}")))))
}

/// A request of ours that AWS works on. It is told by the account's name and its time; the e-mail address is not in it
/// and is compared once there is an account.
fn in_progress(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let client = aws.organizations();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Organizations, "ListCreateAccountStatus", || {
            let list = client.list_create_account_status().max_results(PAGE_MAX).set_next_token(token.take());
            list.states(CreateAccountState::InProgress).states(CreateAccountState::Succeeded).send()
        })?;
        for status in page.create_account_statuses() {
            let ours = status.account_name() == Some(action.name.as_str())
                && not_before(status.requested_timestamp(), calls.since());
            let Some(id) = status.id().filter(|_| ours) else { continue };
            let succeeded = status.state() == Some(&CreateAccountState::Succeeded);
            if !succeeded || email_of(aws, status.account_id(), calls)?.as_deref() == Some(action.email.as_str()) {
                return Ok(Some(id.to_owned()));
            }
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
    Err(End::Stop(retry("too many requests for accounts to look through")))
}

fn email_of(aws: &Aws, id: Option<&str>, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let Some(id) = id else { return Ok(None) };
    let client = aws.organizations();
    let call = || client.describe_account().account_id(id).send();
    match calls.call(aws, Service::Organizations, "DescribeAccount", call) {
        Ok(answer) => Ok(answer.account().and_then(Account::email).map(str::to_owned)),
        Err(End::Failed(failure)) if failure.is("AccountNotFoundException") => Ok(None),
        Err(end) => Err(end),
    }
}

/// The account with this e-mail address, when it was made since our first intent: an older one is somebody else's.
fn by_email(aws: &Aws, action: &CreateAccount, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let client = aws.organizations();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = calls.call(aws, Service::Organizations, "ListAccounts", || {
            client.list_accounts().max_results(PAGE_MAX).set_next_token(token.take()).send()
        })?;
        let ours = |account: &&Account| {
            account.email().is_some_and(|email| email.eq_ignore_ascii_case(&action.email))
                && not_before(account.joined_timestamp(), calls.since())
        };
        if let Some(id) = page.accounts().iter().find(ours).and_then(Account::id) {
            return Ok(Some(id.to_owned()));
        }
        // A page may be empty and not the last.
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
    Err(End::Stop(retry("too many accounts to look through")))
}

fn not_before(time: Option<&aws_smithy_types::DateTime>, since: Option<Timestamp>) -> bool {
    match (time, since) {
        (Some(time), Some(since)) => time.secs() >= since.as_second(),
        (None, _) | (_, None) => true,
    }
}
