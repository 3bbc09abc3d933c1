//! SSM Run Command: one command, sent once, waited for. SendCommand has no client token and is not idempotent, so a
//! command that may have been sent is looked for by its comment, which holds the nonce.

use super::calls::{Calls, End, retry};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::types::{Command, CommandFilter, CommandFilterKey, CommandInvocationStatus, DocumentHashType};
use reeve_model::action::SendCommand;
use reeve_model::{FailureClass, Outcome, Region, State, Timestamp};
use std::collections::HashMap;

/// The note of the command's id.
const COMMAND_ID: &str = "command_id";
/// Rounds of waiting for all instances: about six minutes. The planned command itself may run for two; what takes
/// longer ends as `pending`.
const ROUNDS_MAX: u32 = 60;
/// Longest output of one instance that an outcome holds, characters.
const OUTPUT_CHARS_MAX: usize = 2_048;
/// Commands of one page of a list (SSM API reference, ListCommands: 1 to 50).
const PAGE_MAX: i32 = 50;
/// Pages that are read: what was sent since the intent, minus five minutes.
const PAGES_MAX: usize = 200;
/// How often a command that was not found is looked for again before it is believed not to have been sent.
const LOOKS_MAX: u32 = 30;

/// Sends the command and waits for its end.
pub(super) fn send(own: &Aws, action: &SendCommand, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let Some(region) = Region::parse(&action.region) else {
        return Ok(Outcome::failed(FailureClass::Invalid, "the Region has not the form of one"));
    };
    let aws = own.in_role(&action.role_arn, Some(&region));
    let command_id = match calls.noted(COMMAND_ID) {
        Some(id) => id,
        None => match sent_earlier(&aws, action, calls)? {
            Some(id) => noted(id, calls)?,
            None => {
                let id = send_now(&aws, action, calls)?;
                noted(id, calls)?
            }
        },
    };
    wait(&aws, action, &command_id, calls)
}

fn noted(id: String, calls: &mut Calls<'_>) -> Result<String, End> {
    calls.journal.note(COMMAND_ID, &id)?;
    Ok(id)
}

fn send_now(aws: &Aws, action: &SendCommand, calls: &mut Calls<'_>) -> Result<String, End> {
    let client = aws.once().ssm();
    let parameters: HashMap<String, Vec<String>> = action.parameters.iter().cloned().collect();
    let timeout_seconds = i32::try_from(action.timeout_seconds).unwrap_or(i32::MAX);
    let answer = calls.call_once(aws, Service::Ssm, "SendCommand", || {
        let call = client
            .send_command()
            .set_instance_ids(Some(action.instance_ids.clone()))
            .document_name(&action.document_name)
            .document_version(&action.document_version)
            .set_parameters(Some(parameters.clone()))
            .comment(&action.comment)
            .timeout_seconds(timeout_seconds);
        match &action.document_hash {
            Some(hash) => call.document_hash(hash).document_hash_type(DocumentHashType::Sha256).send(),
            None => call.send(),
        }
    })?;
    let id = answer.command().and_then(Command::command_id).filter(|id| !id.is_empty());
    match id {
        Some(id) => Ok(id.to_owned()),
        None => match sent_earlier(aws, action, calls)? {
            Some(id) => Ok(id),
            None => Err(Failure::garbled("SendCommand", "command id").into()),
        },
    }
}

/// The command that an earlier call has sent. None is believed only once the intent is old enough.
fn sent_earlier(aws: &Aws, action: &SendCommand, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    if !calls.intended() {
        return Ok(None);
    }
    for round in 1..=LOOKS_MAX {
        let settled = calls.settled();
        if let Some(id) = look(aws, action, calls)? {
            return Ok(Some(id));
        }
        if settled {
            return Ok(None);
        }
        calls.pause(aws, round)?;
    }
    Err(End::Stop(retry("whether the command was sent is not known yet")))
}

fn look(aws: &Aws, action: &SendCommand, calls: &mut Calls<'_>) -> Result<Option<String>, End> {
    let client = aws.ssm();
    let after = calls.since().map(|since| since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let filter = after.as_ref().map(|after| {
            CommandFilter::builder().key(CommandFilterKey::InvokedAfter).value(after).build().map(|filter| vec![filter])
        });
        let filter = filter.transpose().ok().flatten();
        let page = calls.call(aws, Service::Ssm, "ListCommands", || {
            client.list_commands().set_filters(filter).max_results(PAGE_MAX).set_next_token(token.take()).send()
        })?;
        let ours = |command: &&Command| {
            let document = command.document_name().unwrap_or_default();
            let same_document =
                document == action.document_name || document.ends_with(&format!("/{}", action.document_name));
            command.comment() == Some(action.comment.as_str()) && same_document
        };
        if let Some(id) = page.commands().iter().find(ours).and_then(Command::command_id) {
            return Ok(Some(id.to_owned()));
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
    Err(End::Stop(retry("too many commands to look through")))
}

/// How a command ended on one instance.
struct Ended {
    instance_id: String,
    success: bool,
    class: FailureClass,
    status: String,
    output: String,
}

fn wait(aws: &Aws, action: &SendCommand, command_id: &str, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let client = aws.ssm();
    let begun = Timestamp::now();
    let mut open: Vec<&str> = action.instance_ids.iter().map(String::as_str).collect();
    let mut ended = Vec::new();
    for round in 1..=ROUNDS_MAX {
        let mut still_open = Vec::new();
        for instance_id in open {
            let answer = calls.call(aws, Service::Ssm, "GetCommandInvocation", || {
                client.get_command_invocation().command_id(command_id).instance_id(instance_id).send()
            });
            match answer.map(|answer| read_end(instance_id, &answer)) {
                Ok(Some(end)) => ended.push(end),
                Ok(None) => still_open.push(instance_id),
                // The command is not seen everywhere right after it was sent.
                Err(End::Failed(failure)) if failure.is("InvocationDoesNotExist") => still_open.push(instance_id),
                Err(end) => return Err(end),
            }
        }
        open = still_open;
        if open.is_empty() {
            break;
        }
        calls.pause(aws, round)?;
    }
    Ok(outcome(command_id, &ended, &open).detail("waited_ms", milliseconds_since(begun)))
}

fn milliseconds_since(begun: Timestamp) -> String {
    Timestamp::now().duration_since(begun).as_millis().to_string()
}

fn read_end(instance_id: &str, answer: &GetCommandInvocationOutput) -> Option<Ended> {
    let status = answer.status()?;
    let success = *status == CommandInvocationStatus::Success;
    // A status that the SDK does not know may be one that is not final.
    let ended = success || matches!(status.as_str(), "Cancelled" | "Failed" | "TimedOut");
    if !ended {
        return None;
    }
    let details = answer.status_details().filter(|details| !details.is_empty()).unwrap_or(status.as_str());
    let plain: String = details.chars().filter(char::is_ascii_alphanumeric).collect();
    let class = match plain.as_str() {
        // It has not run: the instance was not there to take it.
        "DeliveryTimedOut" | "Undeliverable" => FailureClass::NotFound,
        "AccessDenied" => FailureClass::AccessDenied,
        "InvalidPlatform" => FailureClass::Invalid,
        _ => FailureClass::Reported,
    };
    let cut = |text: Option<&str>| text.unwrap_or_default().chars().take(OUTPUT_CHARS_MAX).collect::<String>();
    let (stdout, stderr) = (cut(answer.standard_output_content()), cut(answer.standard_error_content()));
    let output = if stderr.is_empty() { stdout } else { format!("{stderr}\n{stdout}") };
    Some(Ended {
        instance_id: instance_id.to_owned(),
        success,
        class,
        status: format!("{details} ({})", answer.response_code()),
        output,
    })
}

fn outcome(command_id: &str, ended: &[Ended], open: &[&str]) -> Outcome {
    let failed: Vec<&Ended> = ended.iter().filter(|end| !end.success).collect();
    let mut outcome = match failed.first() {
        Some(first) => {
            let (instance_id, status) = (&first.instance_id, &first.status);
            Outcome::failed(first.class, format!("the command ended on {instance_id} as {status}: {}", first.output))
        }
        None if open.is_empty() => Outcome::of(State::Applied),
        None => Outcome::of(State::Pending).message(format!("the command has not ended on {}", open.join(", "))),
    };
    outcome = outcome.detail(COMMAND_ID, command_id);
    for end in ended {
        outcome = outcome
            .detail(&format!("status {}", end.instance_id), &end.status)
            .detail(&format!("output {}", end.instance_id), &end.output);
    }
    outcome
}
