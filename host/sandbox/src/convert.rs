//! Between the contract's types and the model's. Nothing else knows the generated ones.

use crate::bindings::reeve::policy::types as wit;
use crate::limits::{REASON_CODE_CHARS_MAX, REASON_EXTRA_MAX, REASON_TEXT_CHARS_MAX, REASONS_MAX};
use reeve_model::action::{
    Attachment, ChangeRecordSets, CreateAccount, Operation, OrganizationalUnit, RecordContent, RecordSetChange,
    SendCommand, Tag,
};
use reeve_model::text::shown;
use reeve_model::{Action, Answer, Fact, FactValue, PlannedAction, Reason, Request, Severity, Verdict};

/// The request as the plugin sees it.
pub(crate) fn request(it: &Request<'_>) -> wit::Request {
    let event = it.event;
    wit::Request {
        kind: it.kind.to_owned(),
        event: wit::Event {
            id: event.id.clone(),
            source: event.source.clone(),
            detail_type: event.detail_type.clone(),
            region: event.region.as_str().to_owned(),
            time: event.time.to_string(),
            resources: event.resources.clone(),
            extra: Vec::new(),
        },
        sender: wit::Sender {
            account: it.sender.account.as_str().to_owned(),
            verified: it.sender.verified,
            name: it.sender.name.clone(),
            tier: it.sender.tier.clone(),
            organizational_unit: it.sender.organizational_unit.clone(),
            status: it.sender.status.clone(),
            extra: Vec::new(),
        },
        nonce: it.nonce.as_str().to_owned(),
        dry_run: it.dry_run,
        detail: it.detail.to_owned(),
        actions: it.actions.iter().map(planned).collect(),
        facts: it.facts.iter().map(fact).collect(),
        now: it.now.to_string(),
        extra: Vec::new(),
    }
}

fn fact(it: &Fact) -> wit::Fact {
    let value = match &it.value {
        FactValue::Text(text) => wit::FactValue::Text(text.clone()),
        FactValue::Texts(texts) => wit::FactValue::Texts(texts.clone()),
        FactValue::Json(value) => wit::FactValue::Json(reeve_json::canonical(value)),
        FactValue::Missing(why) => wit::FactValue::Missing(why.clone()),
        FactValue::Invalid(why) => wit::FactValue::Invalid(why.clone()),
    };
    wit::Fact { name: it.name.clone(), value, source: it.source.clone() }
}

fn planned(it: &PlannedAction) -> wit::PlannedAction {
    wit::PlannedAction { at: it.at.clone(), action: action(&it.action) }
}

fn action(it: &Action) -> wit::Action {
    match it {
        Action::ChangeRecordSets(it) => wit::Action::ChangeRecordSets(change_record_sets(it)),
        Action::CreateHostedZone(it) => wit::Action::CreateHostedZone(wit::CreateHostedZone {
            name: it.name.as_str().to_owned(),
            caller_reference: it.caller_reference.clone(),
            comment: it.comment.clone(),
        }),
        Action::PutParameter(it) => wit::Action::PutParameter(wit::PutParameter {
            name: it.name.clone(),
            value: it.value.clone(),
            parameter_type: it.parameter_type.clone(),
            overwrite: it.overwrite,
            before: it.before.clone(),
        }),
        Action::DeleteParameter(it) => wit::Action::DeleteParameter(wit::DeleteParameter { name: it.name.clone() }),
        Action::SendCommand(it) => wit::Action::SendCommand(send_command(it)),
        Action::CreateAccount(it) => wit::Action::CreateAccount(create_account(it)),
        Action::MoveAccount(it) => wit::Action::MoveAccount(wit::MoveAccount {
            account: it.account.as_str().to_owned(),
            source: unit(&it.source),
            destination: unit(&it.destination),
        }),
        Action::TagResource(it) => {
            wit::Action::TagResource(wit::TagResource { resource_id: it.resource_id.clone(), tags: tags(&it.tags) })
        }
        Action::CreatePolicy(it) => wit::Action::CreatePolicy(wit::CreatePolicy {
            name: it.name.clone(),
            description: it.description.clone(),
            document: it.document.clone(),
        }),
        Action::UpdatePolicy(it) => wit::Action::UpdatePolicy(wit::UpdatePolicy {
            policy_id: it.policy_id.clone(),
            name: it.name.clone(),
            description: it.description.clone(),
            document: it.document.clone(),
            before: it.before.clone(),
        }),
        Action::AttachPolicy(it) => {
            let (policy, target_id) = attachment(it);
            wit::Action::AttachPolicy(wit::AttachPolicy { policy, target_id })
        }
        Action::DetachPolicy(it) => {
            let (policy, target_id) = attachment(it);
            wit::Action::DetachPolicy(wit::DetachPolicy { policy, target_id })
        }
        Action::PutRule(it) => wit::Action::PutRule(wit::PutRule {
            bus: it.bus.clone(),
            name: it.name.clone(),
            pattern: it.pattern.clone(),
            target_arn: it.target_arn.clone(),
        }),
        Action::MergeFile(it) => wit::Action::MergeFile(wit::MergeFile {
            path: it.path.clone(),
            media_type: it.media_type.clone(),
            before: it.before.clone(),
            after: it.after.clone(),
        }),
    }
}

fn change_record_sets(it: &ChangeRecordSets) -> wit::ChangeRecordSets {
    wit::ChangeRecordSets {
        hosted_zone_id: it.hosted_zone_id.clone(),
        zone_name: it.zone_name.as_str().to_owned(),
        private_zone: it.private_zone,
        changes: it.changes.iter().map(change).collect(),
    }
}

fn change(it: &RecordSetChange) -> wit::RecordSetChange {
    let operation = match it.operation {
        Operation::Create => wit::Operation::Create,
        Operation::Upsert => wit::Operation::Upsert,
        Operation::Delete => wit::Operation::Delete,
    };
    let content = match &it.content {
        RecordContent::Values(values) => wit::RecordContent::Values(values.clone()),
        RecordContent::Alias(alias) => wit::RecordContent::Alias(wit::AliasTarget {
            name: alias.name.as_str().to_owned(),
            hosted_zone_id: alias.hosted_zone_id.clone(),
            evaluate_target_health: alias.evaluate_target_health,
        }),
    };
    wit::RecordSetChange {
        at: it.at.clone(),
        operation,
        name: it.name.as_str().to_owned(),
        record_type: it.record_type.as_str().to_owned(),
        ttl_seconds: it.ttl_seconds,
        content,
    }
}

fn send_command(it: &SendCommand) -> wit::SendCommand {
    wit::SendCommand {
        instance_ids: it.instance_ids.clone(),
        document_name: it.document_name.clone(),
        document_version: it.document_version.clone(),
        document_hash: it.document_hash.clone(),
        parameters: it.parameters.clone(),
        role_arn: it.role_arn.clone(),
        region: it.region.clone(),
        comment: it.comment.clone(),
        timeout_seconds: it.timeout_seconds,
    }
}

fn create_account(it: &CreateAccount) -> wit::CreateAccount {
    wit::CreateAccount {
        name: it.name.clone(),
        email: it.email.clone(),
        role_name: it.role_name.clone(),
        tags: tags(&it.tags),
        destination: unit(&it.destination),
    }
}

fn attachment(it: &Attachment) -> (wit::PolicyRef, String) {
    let policy = wit::PolicyRef { name: it.policy.name.clone(), id: it.policy.id.clone() };
    (policy, it.target_id.clone())
}

fn unit(it: &OrganizationalUnit) -> wit::OrganizationalUnit {
    wit::OrganizationalUnit { name: it.name.clone(), id: it.id.clone() }
}

fn tags(tags: &[Tag]) -> Vec<wit::Tag> {
    tags.iter().map(|(key, value)| wit::Tag { key: key.clone(), value: value.clone() }).collect()
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
mod tests {
    use super::*;

    fn wit_reason(code: &str) -> wit::Reason {
        wit::Reason {
            code: code.to_owned(),
            severity: wit::Severity::Error,
            message: "m".to_owned(),
            at: None,
            fix: None,
            extra: vec![],
        }
    }

    #[test]
    fn replies_outside_the_limits_are_refused_at_their_edge() {
        assert!(reasons(vec![wit_reason("A"); REASONS_MAX]).is_ok());
        assert!(reasons(vec![wit_reason("A"); REASONS_MAX + 1]).is_err());
        assert!(answer(Ok(wit::Verdict::Deny(vec![]))).is_err());
        assert!(answer(Ok(wit::Verdict::Allow(vec![]))).is_ok());
        for code in ["", "lower", "A B", "A\u{e9}", &"A".repeat(REASON_CODE_CHARS_MAX + 1)] {
            assert!(reasons(vec![wit_reason(code)]).is_err(), "{code}");
        }
        assert!(reasons(vec![wit_reason(&"A".repeat(REASON_CODE_CHARS_MAX))]).is_ok());
        let with = |change: fn(&mut wit::Reason)| {
            let mut it = wit_reason("A");
            change(&mut it);
            reasons(vec![it]).is_ok()
        };
        assert!(with(|it| it.message = "x".repeat(REASON_TEXT_CHARS_MAX)));
        assert!(!with(|it| it.message = "x".repeat(REASON_TEXT_CHARS_MAX + 1)));
        assert!(!with(|it| it.at = Some("detail".into())));
        assert!(!with(|it| it.extra = vec![(String::new(), String::new()); REASON_EXTRA_MAX + 1]));
    }
}
