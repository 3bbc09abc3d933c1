//! What a plugin is told, and what its replies may hold.

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
            field =
                before.rsplit(|char: char| !char.is_alphanumeric() && !"_-".contains(char)).next().unwrap_or_default();
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
    let changes = [RecordContent::Values(vec![t(), t()]), RecordContent::Alias(alias)].map(|content| RecordSetChange {
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
        Action::UpdatePolicy(UpdatePolicy { policy_id: t(), name: t(), description: t(), document: t(), before: t() }),
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
