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
mod tests {
    use super::*;
    use reeve_model::action::{
        AliasTarget, CreateHostedZone, CreatePolicy, DeleteParameter, MergeFile, MoveAccount, PolicyRef, PutParameter,
        PutRule, TagResource, UpdatePolicy,
    };
    use reeve_model::record::RecordType;
    use reeve_model::{AccountId, DnsName, NameRule};

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

    /// The texts of a value's debug form, each behind the field it stands in: `("name", "n1")`.
    fn texts_of(value: &impl std::fmt::Debug) -> Vec<(String, String)> {
        let debug = format!("{value:?}");
        let mut field = "";
        let mut found = Vec::new();
        for (index, part) in debug.split('"').enumerate() {
            if index % 2 == 1 {
                found.push((field.replace('-', "_"), part.to_owned()));
            } else if let Some((before, _)) = part.rsplit_once(": ") {
                field = before
                    .rsplit(|char: char| !char.is_alphanumeric() && !"_-".contains(char))
                    .next()
                    .unwrap_or_default();
            }
        }
        found
    }

    /// One of each action, every text another one.
    fn each_action() -> Vec<Action> {
        let mut count = 0;
        let mut t = || {
            count += 1;
            format!("t{count}")
        };
        let name = |label: &str| DnsName::parse(&format!("{label}.example.com"), NameRule::Owner).expect("a name");
        let alias = AliasTarget { name: name("alias"), hosted_zone_id: t(), evaluate_target_health: true };
        let changes =
            [RecordContent::Values(vec![t(), t()]), RecordContent::Alias(alias)].map(|content| RecordSetChange {
                at: t(),
                operation: Operation::Upsert,
                name: name("owner"),
                record_type: RecordType::Aaaa,
                ttl_seconds: Some(300),
                content,
            });
        let mut unit = || OrganizationalUnit { name: t(), id: t() };
        let (source, destination, home) = (unit(), unit(), unit());
        let mut attachment = || Attachment { policy: PolicyRef { name: t(), id: Some(t()) }, target_id: t() };
        let (attached, detached) = (attachment(), attachment());
        vec![
            Action::ChangeRecordSets(ChangeRecordSets {
                hosted_zone_id: t(),
                zone_name: name("zone"),
                private_zone: true,
                changes: changes.to_vec(),
            }),
            Action::CreateHostedZone(CreateHostedZone { name: name("new"), caller_reference: t(), comment: t() }),
            Action::PutParameter(PutParameter {
                name: t(),
                value: t(),
                parameter_type: t(),
                overwrite: true,
                before: Some(t()),
            }),
            Action::DeleteParameter(DeleteParameter { name: t() }),
            Action::SendCommand(SendCommand {
                instance_ids: vec![t(), t()],
                document_name: t(),
                document_version: t(),
                document_hash: Some(t()),
                parameters: vec![(t(), vec![t(), t()]), (t(), vec![])],
                role_arn: t(),
                region: t(),
                comment: t(),
                timeout_seconds: 30,
            }),
            Action::CreateAccount(CreateAccount {
                name: t(),
                email: t(),
                role_name: t(),
                tags: vec![(t(), t())],
                destination: home,
            }),
            Action::MoveAccount(MoveAccount {
                account: AccountId::parse("111122223333").expect("an id"),
                source,
                destination,
            }),
            Action::TagResource(TagResource { resource_id: t(), tags: vec![(t(), t())] }),
            Action::CreatePolicy(CreatePolicy { name: t(), description: t(), document: t() }),
            Action::UpdatePolicy(UpdatePolicy {
                policy_id: t(),
                name: t(),
                description: t(),
                document: t(),
                before: t(),
            }),
            Action::AttachPolicy(attached),
            Action::DetachPolicy(detached),
            Action::PutRule(PutRule { bus: t(), name: t(), pattern: t(), target_arn: t() }),
            Action::MergeFile(MergeFile { path: t(), media_type: t(), before: Some(t()), after: Some(t()) }),
        ]
    }

    /// A policy must see what is executed: no text may be lost, or stand in the field of another.
    #[test]
    fn every_text_of_an_action_stands_in_its_own_field() {
        // Tags and types are texts of another shape there.
        let plain = |(field, text): (String, String)| match field.as_str() {
            "key" | "value" if text.starts_with('t') => ("tags".to_owned(), text),
            _ => (field, text),
        };
        for model in each_action() {
            let (arena, is_parameter) = (Bump::new(), matches!(model, Action::PutParameter(_)));
            let shown: Vec<_> = texts_of(&action(&model, &arena));
            let shown = if is_parameter { shown } else { shown.into_iter().map(plain).collect() };
            let mut expected = texts_of(&model);
            let types = shown.iter().filter(|(field, _)| field == "record_type").count();
            let sent: Vec<_> = shown.into_iter().filter(|(field, _)| field != "record_type").collect();
            expected.retain(|(field, _)| field != "record_type");
            assert!(!sent.is_empty());
            assert_eq!(sent, expected, "{model:?}");
            assert_eq!(types, if matches!(model, Action::ChangeRecordSets(_)) { 2 } else { 0 });
        }
    }
}
