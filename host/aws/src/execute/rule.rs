//! EventBridge: PutRule and PutTargets, which may both be repeated.

use super::calls::{Calls, End};
use crate::bucket::Service;
use crate::client::Aws;
use crate::failure::Failure;
use aws_sdk_eventbridge::types::{RuleState, Target};
use reeve_json::{Options, StringRule};
use reeve_model::action::PutRule;
use reeve_model::{FailureClass, Outcome, State};

/// Id of the target that Reeve puts on a rule.
const TARGET_ID: &str = "reeve";
/// Longest pattern that is compared, bytes: EventBridge's limit is 4,096 characters.
const PATTERN: Options = Options { bytes_max: 65_536, depth_max: 64, strings: StringRule::Any };
/// Pages of targets that are read: a rule has five (EventBridge quotas), so that one would do.
const PAGES_MAX: usize = 5;

/// Makes a rule and its target.
pub(super) fn put(aws: &Aws, action: &PutRule, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    let (rule, target) = (rule_stands(aws, action, calls)?, target_stands(aws, action, calls)?);
    if rule && target {
        return Ok(Outcome::of(calls.already()));
    }
    calls.intend()?;
    let client = aws.eventbridge();
    if !rule {
        calls.call(aws, Service::EventBridge, "PutRule", || {
            let call = client.put_rule().name(&action.name).event_bus_name(&action.bus);
            call.event_pattern(&action.pattern).state(RuleState::Enabled).send()
        })?;
    }
    if !target {
        let target = Target::builder().id(TARGET_ID).arn(&action.target_arn).build().map_err(|error| {
            End::Failed(Failure { class: FailureClass::Invalid, code: None, message: error.to_string() })
        })?;
        let answer = calls.call(aws, Service::EventBridge, "PutTargets", || {
            let call = client.put_targets().rule(&action.name).event_bus_name(&action.bus);
            call.targets(target).send()
        })?;
        if answer.failed_entry_count() > 0 {
            return failed_entry(answer.failed_entries());
        }
    }
    Ok(Outcome::of(State::Applied))
}

/// An entry that EventBridge did not take. The call as a whole is a success of HTTP.
fn failed_entry(entries: &[aws_sdk_eventbridge::types::PutTargetsResultEntry]) -> Result<Outcome, End> {
    let first = entries.first();
    let code = first.and_then(|entry| entry.error_code()).unwrap_or_default();
    let text = first.and_then(|entry| entry.error_message()).unwrap_or("EventBridge does not say why");
    let class = match code {
        "ConcurrentModificationException" | "InternalException" | "ThrottlingException" => FailureClass::Transient,
        "AccessDeniedException" => FailureClass::AccessDenied,
        "ResourceNotFoundException" => FailureClass::NotFound,
        "LimitExceededException" => FailureClass::Quota,
        _ => FailureClass::Invalid,
    };
    Err(Failure { class, code: Some(code.to_owned()), message: format!("PutTargets: {text}") }.into())
}

fn rule_stands(aws: &Aws, action: &PutRule, calls: &mut Calls<'_>) -> Result<bool, End> {
    let client = aws.eventbridge();
    let answer = calls.call(aws, Service::EventBridge, "DescribeRule", || {
        client.describe_rule().name(&action.name).event_bus_name(&action.bus).send()
    });
    match answer {
        Ok(rule) => {
            let same = rule.event_pattern().is_some_and(|pattern| same_pattern(pattern, &action.pattern));
            Ok(same && rule.state() == Some(&RuleState::Enabled))
        }
        Err(End::Failed(failure)) if failure.is("ResourceNotFoundException") => Ok(false),
        Err(end) => Err(end),
    }
}

fn target_stands(aws: &Aws, action: &PutRule, calls: &mut Calls<'_>) -> Result<bool, End> {
    let client = aws.eventbridge();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let answer = calls.call(aws, Service::EventBridge, "ListTargetsByRule", || {
            let list = client.list_targets_by_rule().rule(&action.name).event_bus_name(&action.bus);
            list.set_next_token(token.take()).send()
        });
        let page = match answer {
            Ok(page) => page,
            Err(End::Failed(failure)) if failure.is("ResourceNotFoundException") => return Ok(false),
            Err(end) => return Err(end),
        };
        // A target with a transformed input would not pass the envelope on, and with it not the sender.
        let plain = |it: &Target| it.input().is_none() && it.input_path().is_none() && it.input_transformer().is_none();
        if page.targets().iter().any(|target| target.arn() == action.target_arn && plain(target)) {
            return Ok(true);
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(false)
}

fn same_pattern(one: &str, other: &str) -> bool {
    let canonical =
        |text: &str| reeve_json::parse(text.as_bytes(), &PATTERN).ok().map(|node| reeve_json::canonical(&node.value));
    one == other || canonical(one).is_some_and(|one| canonical(other) == Some(one))
}
