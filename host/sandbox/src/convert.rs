//! Between the contract's types and the model's. Nothing else knows the generated ones.

use crate::bindings::reeve::policy::types as wit;
use crate::limits::{REASON_CODE_CHARS_MAX, REASON_EXTRA_MAX, REASON_TEXT_CHARS_MAX, REASONS_MAX};
use bumpalo::Bump;
use reeve_model::action::{
    Attachment, ChangeRecordSets, CreateAccount, Operation, OrganizationalUnit, RecordContent, RecordSetChange,
    SendCommand, Tag,
};
use reeve_model::text::shown;
use reeve_model::{Action, Answer, Fact, FactValue, PlannedAction, Reason, Request, Severity, Verdict};

/// The request as the plugin sees it: texts are those of the model, lists are put together in `arena`.
pub(crate) fn request<'a>(it: &Request<'a>, arena: &'a Bump) -> wit::Request<'a> {
    let event = it.event;
    wit::Request {
        kind: it.kind,
        event: wit::Event {
            id: &event.id,
            source: &event.source,
            detail_type: &event.detail_type,
            region: event.region.as_str(),
            time: arena.alloc_str(&event.time.to_string()),
            resources: texts(&event.resources, arena),
            extra: &[],
        },
        sender: wit::Sender {
            account: it.sender.account.as_str(),
            verified: it.sender.verified,
            name: it.sender.name.as_deref(),
            tier: it.sender.tier.as_deref(),
            organizational_unit: it.sender.organizational_unit.as_deref(),
            status: it.sender.status.as_deref(),
            extra: &[],
        },
        nonce: it.nonce.as_str(),
        dry_run: it.dry_run,
        detail: it.detail,
        actions: arena.alloc_slice_fill_iter(it.actions.iter().map(|it| planned(it, arena))),
        facts: arena.alloc_slice_fill_iter(it.facts.iter().map(|it| fact(it, arena))),
        now: arena.alloc_str(&it.now.to_string()),
        extra: &[],
    }
}

fn texts<'a>(texts: &'a [String], arena: &'a Bump) -> &'a [&'a str] {
    arena.alloc_slice_fill_iter(texts.iter().map(String::as_str))
}

fn fact<'a>(it: &'a Fact, arena: &'a Bump) -> wit::Fact<'a> {
    let value = match &it.value {
        FactValue::Text(text) => wit::FactValue::Text(text),
        FactValue::Texts(given) => wit::FactValue::Texts(texts(given, arena)),
        FactValue::Json(value) => wit::FactValue::Json(arena.alloc_str(&reeve_json::canonical(value))),
        FactValue::Missing(why) => wit::FactValue::Missing(why),
        FactValue::Invalid(why) => wit::FactValue::Invalid(why),
    };
    wit::Fact { name: &it.name, value, source: &it.source }
}

fn planned<'a>(it: &'a PlannedAction, arena: &'a Bump) -> wit::PlannedAction<'a> {
    wit::PlannedAction { at: &it.at, action: action(&it.action, arena) }
}

fn action<'a>(it: &'a Action, arena: &'a Bump) -> wit::Action<'a> {
    match it {
        Action::ChangeRecordSets(it) => wit::Action::ChangeRecordSets(change_record_sets(it, arena)),
        Action::CreateHostedZone(it) => wit::Action::CreateHostedZone(wit::CreateHostedZone {
            name: it.name.as_str(),
            caller_reference: &it.caller_reference,
            comment: &it.comment,
        }),
        Action::PutParameter(it) => wit::Action::PutParameter(wit::PutParameter {
            name: &it.name,
            value: &it.value,
            parameter_type: &it.parameter_type,
            overwrite: it.overwrite,
            before: it.before.as_deref(),
        }),
        Action::DeleteParameter(it) => wit::Action::DeleteParameter(wit::DeleteParameter { name: &it.name }),
        Action::SendCommand(it) => wit::Action::SendCommand(send_command(it, arena)),
        Action::CreateAccount(it) => wit::Action::CreateAccount(create_account(it, arena)),
        Action::MoveAccount(it) => wit::Action::MoveAccount(wit::MoveAccount {
            account: it.account.as_str(),
            source: unit(&it.source),
            destination: unit(&it.destination),
        }),
        Action::TagResource(it) => {
            wit::Action::TagResource(wit::TagResource { resource_id: &it.resource_id, tags: tags(&it.tags, arena) })
        }
        Action::CreatePolicy(it) => wit::Action::CreatePolicy(wit::CreatePolicy {
            name: &it.name,
            description: &it.description,
            document: &it.document,
        }),
        Action::UpdatePolicy(it) => wit::Action::UpdatePolicy(wit::UpdatePolicy {
            policy_id: &it.policy_id,
            name: &it.name,
            description: &it.description,
            document: &it.document,
            before: &it.before,
        }),
        Action::AttachPolicy(it) => {
            wit::Action::AttachPolicy(wit::AttachPolicy { policy: policy(it), target_id: &it.target_id })
        }
        Action::DetachPolicy(it) => {
            wit::Action::DetachPolicy(wit::DetachPolicy { policy: policy(it), target_id: &it.target_id })
        }
        Action::PutRule(it) => wit::Action::PutRule(wit::PutRule {
            bus: &it.bus,
            name: &it.name,
            pattern: &it.pattern,
            target_arn: &it.target_arn,
        }),
        Action::MergeFile(it) => wit::Action::MergeFile(wit::MergeFile {
            path: &it.path,
            media_type: &it.media_type,
            before: it.before.as_deref(),
            after: it.after.as_deref(),
        }),
    }
}

fn change_record_sets<'a>(it: &'a ChangeRecordSets, arena: &'a Bump) -> wit::ChangeRecordSets<'a> {
    wit::ChangeRecordSets {
        hosted_zone_id: &it.hosted_zone_id,
        zone_name: it.zone_name.as_str(),
        private_zone: it.private_zone,
        changes: arena.alloc_slice_fill_iter(it.changes.iter().map(|it| change(it, arena))),
    }
}

fn change<'a>(it: &'a RecordSetChange, arena: &'a Bump) -> wit::RecordSetChange<'a> {
    let operation = match it.operation {
        Operation::Create => wit::Operation::Create,
        Operation::Upsert => wit::Operation::Upsert,
        Operation::Delete => wit::Operation::Delete,
    };
    let content = match &it.content {
        RecordContent::Values(values) => wit::RecordContent::Values(texts(values, arena)),
        RecordContent::Alias(alias) => wit::RecordContent::Alias(wit::AliasTarget {
            name: alias.name.as_str(),
            hosted_zone_id: &alias.hosted_zone_id,
            evaluate_target_health: alias.evaluate_target_health,
        }),
    };
    wit::RecordSetChange {
        at: &it.at,
        operation,
        name: it.name.as_str(),
        record_type: it.record_type.as_str(),
        ttl_seconds: it.ttl_seconds,
        content,
    }
}

fn send_command<'a>(it: &'a SendCommand, arena: &'a Bump) -> wit::SendCommand<'a> {
    let parameters = it.parameters.iter().map(|(name, values)| (name.as_str(), texts(values, arena)));
    wit::SendCommand {
        instance_ids: texts(&it.instance_ids, arena),
        document_name: &it.document_name,
        document_version: &it.document_version,
        document_hash: it.document_hash.as_deref(),
        parameters: arena.alloc_slice_fill_iter(parameters),
        role_arn: &it.role_arn,
        region: &it.region,
        comment: &it.comment,
        timeout_seconds: it.timeout_seconds,
    }
}

fn create_account<'a>(it: &'a CreateAccount, arena: &'a Bump) -> wit::CreateAccount<'a> {
    wit::CreateAccount {
        name: &it.name,
        email: &it.email,
        role_name: &it.role_name,
        tags: tags(&it.tags, arena),
        destination: unit(&it.destination),
    }
}

fn policy(it: &Attachment) -> wit::PolicyRef<'_> {
    wit::PolicyRef { name: &it.policy.name, id: it.policy.id.as_deref() }
}

fn unit(it: &OrganizationalUnit) -> wit::OrganizationalUnit<'_> {
    wit::OrganizationalUnit { name: &it.name, id: &it.id }
}

fn tags<'a>(tags: &'a [Tag], arena: &'a Bump) -> &'a [wit::Tag<'a>] {
    arena.alloc_slice_fill_iter(tags.iter().map(|(key, value)| wit::Tag { key, value }))
}

/// The plugin's reply as an answer, or what is wrong with it.
pub(crate) fn answer(reply: Result<wit::Verdict, wit::PolicyError>) -> Result<Answer, String> {
    let verdict = match reply {
        Ok(wit::Verdict::Allow(given)) => Verdict::Allow(reasons(given)?),
        Ok(wit::Verdict::Deny(given)) if given.is_empty() => {
            return Err("a deny without a reason".to_owned());
        }
        Ok(wit::Verdict::Deny(given)) => Verdict::Deny(reasons(given)?),
        Ok(wit::Verdict::Abstain(why)) => Verdict::Abstain(text(&why, "the text of an abstention")?),
        Err(error) => {
            let (what, detail) = match error {
                wit::PolicyError::MissingFact(name) => ("missing fact", name),
                wit::PolicyError::UnsupportedKind(kind) => ("unsupported kind", kind),
                wit::PolicyError::Other(why) => ("error", why),
            };
            return Ok(Answer::Error(format!("{what}: {}", text(&detail, "the text of an error")?)));
        }
    };
    Ok(Answer::Verdict(verdict))
}

/// Reasons within the limits, their texts safe to show.
pub(crate) fn reasons(given: Vec<wit::Reason>) -> Result<Vec<Reason>, String> {
    if given.len() > REASONS_MAX {
        return Err(format!("{} reasons, more than {REASONS_MAX}", given.len()));
    }
    given.into_iter().map(reason).collect()
}

fn reason(it: wit::Reason) -> Result<Reason, String> {
    let code_ok = (1..=REASON_CODE_CHARS_MAX).contains(&it.code.len())
        && it.code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !code_ok {
        return Err(format!("the reason code `{}` is not upper case, digits and `_`", shown(&it.code, 80)));
    }
    if it.extra.len() > REASON_EXTRA_MAX {
        return Err(format!("{} extra texts in a reason, more than {REASON_EXTRA_MAX}", it.extra.len()));
    }
    if it.at.as_ref().is_some_and(|at| !at.is_empty() && !at.starts_with('/')) {
        return Err("a reason's `at` is not a JSON pointer".to_owned());
    }
    let extra = it.extra.iter().map(|(name, value)| Ok((text(name, "a name")?, text(value, "a text")?)));
    Ok(Reason {
        severity: match it.severity {
            wit::Severity::Error => Severity::Error,
            wit::Severity::Warning => Severity::Warning,
            wit::Severity::Info => Severity::Info,
        },
        message: text(&it.message, "a message")?,
        at: it.at.map(|at| text(&at, "a pointer")).transpose()?,
        fix: it.fix.map(|fix| text(&fix, "a fix")).transpose()?,
        extra: extra.collect::<Result<_, String>>()?,
        code: it.code,
    })
}

fn text(text: &str, what: &str) -> Result<String, String> {
    if text.chars().count() > REASON_TEXT_CHARS_MAX {
        return Err(format!("{what} of more than {REASON_TEXT_CHARS_MAX} characters"));
    }
    Ok(shown(text, REASON_TEXT_CHARS_MAX))
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
