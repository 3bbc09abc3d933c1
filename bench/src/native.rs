//! The same rules, compiled natively and called through the same port: what a decision costs without a sandbox.

use reeve_accounts::{Accounts, DomainScope};
use reeve_engine::{Ask, Asked};
use reeve_model::action::{Operation, RecordContent};
use reeve_model::{Action, Answer, FactValue, Request, Verdict};
use reeve_sdk as sdk;

/// One shipped policy's rules.
pub(crate) enum Native {
    /// `sender-trust`.
    SenderTrust(sender_trust::rules::Settings),
    /// `dns-allowlist`, with the table of owners.
    DnsAllowlist(dns_allowlist::rules::Settings, sdk::dataset::Table),
    /// `scp-validation`.
    ScpValidation(scp_validation::policy::Settings),
}

impl Ask for Native {
    fn ask(&self, request: &Request<'_>) -> Asked {
        let request = convert(request);
        let verdict = match self {
            Self::SenderTrust(settings) => Ok(sender_trust::rules::judge(&request, settings)),
            Self::DnsAllowlist(settings, owners) => dns_allowlist::rules::judge(&request, settings, owners),
            Self::ScpValidation(settings) => Ok(scp_validation::policy::judge(&request, settings)),
        };
        let answer = match verdict {
            Ok(sdk::Verdict::Allow(_)) => Answer::Verdict(Verdict::Allow(Vec::new())),
            Ok(sdk::Verdict::Deny(_)) => Answer::Error("denied".to_owned()),
            Ok(sdk::Verdict::Abstain(why)) => Answer::Verdict(Verdict::Abstain(why)),
            Err(error) => Answer::Error(format!("{error:?}")),
        };
        Asked { answer, fuel: 0, memory_bytes: 0, log: Vec::new() }
    }
}

/// The table of owners, as the gate makes it for the plugin.
pub(crate) fn owners(accounts: &Accounts) -> sdk::dataset::Table {
    let rows: Vec<(String, Vec<String>)> = accounts
        .domain_owners()
        .into_iter()
        .map(|owner| {
            let scope = match owner.entry.scope {
                DomainScope::Exact => "exact",
                DomainScope::Subtree => "subtree",
                DomainScope::Below => "below",
            };
            (owner.entry.name.clone(), vec![format!("{} {scope}", owner.id)])
        })
        .collect();
    sdk::dataset::Table::new(rows.iter().map(|(name, values)| (name.as_str(), values.clone())))
}

/// The request in the SDK's types. It costs what handing it to a guest costs before the guest sees it.
fn convert(it: &Request<'_>) -> sdk::Request {
    sdk::Request {
        kind: it.kind.to_owned(),
        event: sdk::Event {
            id: it.event.id.clone(),
            source: it.event.source.clone(),
            detail_type: it.event.detail_type.clone(),
            region: it.event.region.as_str().to_owned(),
            time: it.event.time.to_string(),
            resources: it.event.resources.clone(),
            extra: Vec::new(),
        },
        sender: sdk::Sender {
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
        actions: it.actions.iter().filter_map(planned).collect(),
        facts: it.facts.iter().map(fact).collect(),
        now: it.now.to_string(),
        extra: Vec::new(),
    }
}

fn fact(it: &reeve_model::Fact) -> sdk::Fact {
    let value = match &it.value {
        FactValue::Texts(texts) => sdk::FactValue::Texts(texts.clone()),
        FactValue::Text(text) => sdk::FactValue::Text(text.clone()),
        FactValue::Json(_) => sdk::FactValue::Json(String::new()),
        FactValue::Missing(why) => sdk::FactValue::Missing(why.clone()),
        FactValue::Invalid(why) => sdk::FactValue::Invalid(why.clone()),
    };
    sdk::Fact { name: it.name.clone(), value, source: it.source.clone() }
}

/// The two actions that the benchmark's requests hold.
fn planned(it: &reeve_model::PlannedAction) -> Option<sdk::PlannedAction> {
    let action = if let Action::ChangeRecordSets(call) = &it.action {
        let changes = call.changes.iter().map(|change| sdk::RecordSetChange {
            at: change.at.clone(),
            operation: match change.operation {
                Operation::Create => sdk::Operation::Create,
                Operation::Upsert => sdk::Operation::Upsert,
                Operation::Delete => sdk::Operation::Delete,
            },
            name: change.name.as_str().to_owned(),
            record_type: change.record_type.as_str().to_owned(),
            ttl_seconds: change.ttl_seconds,
            content: match &change.content {
                RecordContent::Values(values) => sdk::RecordContent::Values(values.clone()),
                RecordContent::Alias(alias) => sdk::RecordContent::Alias(sdk::AliasTarget {
                    name: alias.name.as_str().to_owned(),
                    hosted_zone_id: alias.hosted_zone_id.clone(),
                    evaluate_target_health: alias.evaluate_target_health,
                }),
            },
        });
        sdk::Action::ChangeRecordSets(sdk::ChangeRecordSets {
            hosted_zone_id: call.hosted_zone_id.clone(),
            zone_name: call.zone_name.as_str().to_owned(),
            private_zone: call.private_zone,
            changes: changes.collect(),
        })
    } else if let Action::CreatePolicy(it) = &it.action {
        sdk::Action::CreatePolicy(sdk::CreatePolicy {
            name: it.name.clone(),
            description: it.description.clone(),
            document: it.document.clone(),
        })
    } else {
        return None;
    };
    Some(sdk::PlannedAction { at: it.at.clone(), action })
}
