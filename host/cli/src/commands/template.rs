//! `reeve template`.

use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::parameters::OfFunction;
use crate::ui::Ui;
use crate::wiring::Wired;
use crate::{Outcome, wiring};
use anyhow::Context;
use clap::Args;
use reeve_config::{LedgerFile, ReceiptsFile, SourceFile};
use reeve_json::{Object, Value};
use reeve_kinds::Zone;
use reeve_model::AccountId;
use reeve_template::needs::{self, Place};
use reeve_template::{
    Function, KindNeeds, Ledger, ParameterRead, Partition, Receipts, Reply, Runs, Senders, Source, Statement, Template,
    Twin, TwinKind, TwinNames, TwinOptions, TwinZone, cloudformation, iam_twin, render, rule_name,
};
use std::path::PathBuf;

/// Days that logs are kept.
const LOG_DAYS: u32 = 90;
/// Seconds that one invocation of a function may take: longer than a lease of the ledger.
const FUNCTION_SECONDS: u32 = 120;
/// Memory of a function, MiB: plugins are compiled at its start.
const FUNCTION_MIB: u32 = 512;
/// Types that a kind writes when no policy says which.
const TYPES_ALL: [&str; 16] = [
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SSHFP", "SVCB", "TLSA",
    "TXT",
];

/// Print the CloudFormation of a gate: bus, rules, queue, and the least that its role must be allowed
///
/// The stack admits the accounts of the accounts file (or an organization) to the bus, and the gate's own rules, and
/// nobody else, to its queue or function. With `--iam-twin`: only the IAM policies that bound the gate's role to what
/// the DNS allowlist lets any account do, and the same for each account. The output depends on the files alone.
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// The gate file
    #[arg(default_value = "gate.yaml")]
    gate: PathBuf,

    /// Print the IAM policies that are equal to the DNS allowlist
    #[arg(long)]
    iam_twin: bool,

    /// Let every account of this organization (`o-…`) ask, instead of those of the accounts file
    #[arg(long, value_name = "ID")]
    organization: Option<String>,

    /// ARN of an SNS topic that is told of events that could not be handled
    #[arg(long, value_name = "ARN")]
    alarm: Vec<String>,

    /// The service that runs `reeve serve` and may take the gate's role
    #[arg(long, value_name = "SERVICE", default_value = "ecs-tasks.amazonaws.com")]
    runs_on: Vec<String>,

    /// Days that nobody can remove a receipt from S3; the bucket is made with object lock
    #[arg(long, value_name = "DAYS")]
    lock_days: Option<u32>,
}

/// Prints.
///
/// # Errors
/// When a file is wrong, or the gate cannot be put into a stack.
pub fn run(args: &TemplateArgs, ui: &Ui) -> Outcome {
    let wired = wiring::gate_unasked(&args.gate, &Loader::new()?)?;
    let twin = twin(&wired);
    twin.notes.iter().for_each(|note| ui.warn(note));
    let value = if args.iam_twin { twin_json(&twin) } else { stack(args, &wired, &twin, ui)? };
    ui.data(&render(&value)).context("failed to write to standard output")?;
    Ok(Exit::Done)
}

/// The settings of one kind in the gate file.
fn kind_settings<'a>(wired: &'a Wired, kind: &str) -> Option<&'a Object> {
    wired.whole.as_object()?.get("kinds")?.value.as_object()?.get(kind)?.value.as_object()
}

/// The zones that a kind names.
fn kind_zones<'a>(wired: &'a Wired, kind: &str) -> Vec<&'a Zone> {
    let ids = kind_settings(wired, kind).and_then(|it| it.get("zones")?.value.as_array());
    let ids = ids.unwrap_or_default().iter().filter_map(|node| node.as_str());
    ids.filter_map(|id| wired.zones.iter().find(|zone| zone.id == id)).collect()
}

fn twin(wired: &Wired) -> Twin {
    let allowlist = |kind: &str| {
        let judging = wired
            .policies
            .iter()
            .filter(|policy| policy.kinds.as_ref().is_none_or(|it| it.iter().any(|it| it == kind)));
        judging.filter_map(|policy| policy.settings.as_object()).find(|settings| settings.get("types").is_some())
    };
    let types = |kind: &str| -> Vec<String> {
        let listed = allowlist(kind).and_then(|settings| settings.get("types")?.value.as_array());
        match listed {
            Some(types) => types.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect(),
            None => TYPES_ALL.map(str::to_owned).to_vec(),
        }
    };
    let wildcards = allowlist("DNS_RECORD_CHANGE").and_then(|it| it.get("wildcards")?.as_str()) != Some("never");
    let zones = |kind: &str| -> Vec<TwinZone> {
        let zone = |zone: &Zone| TwinZone { id: zone.id.clone(), name: zone.name.as_str().to_owned() };
        kind_zones(wired, kind).into_iter().map(zone).collect()
    };
    let mut kinds = Vec::new();
    for route in &wired.gate.routes {
        match route.kind.name() {
            name @ "DNS_RECORD_CHANGE" => {
                kinds.push(TwinKind { zones: zones(name), types: types(name), names: TwinNames::Any });
            }
            name @ "CERT_VALIDATION" => {
                let types = types(name).into_iter().filter(|it| it == "CNAME").collect();
                kinds.push(TwinKind { zones: zones(name), types, names: TwinNames::Attributes });
            }
            _ => {}
        }
    }
    let options = TwinOptions { partition: Partition::of(&wired.region), wildcards, ..TwinOptions::default() };
    iam_twin(&wired.accounts, &kinds, options)
}

fn twin_json(twin: &Twin) -> Value {
    let documents = |documents: &[reeve_template::PolicyDocument]| {
        Value::object(documents.iter().map(|it| (it.name.as_str(), it.document.clone())))
    };
    let accounts = twin.accounts.iter().map(|it| (it.id.as_str(), documents(&it.documents)));
    Value::object([("gate", documents(&twin.gate)), ("accounts", Value::object(accounts))])
}

fn stack(args: &TemplateArgs, wired: &Wired, twin: &Twin, ui: &Ui) -> Result<Value, Failure> {
    let gate = wired.gate.name.as_str();
    let place = Place { partition: Partition::of(&wired.region), account: &wired.gate.account, region: &wired.region };
    let patterns: Vec<&Value> = wired.patterns.iter().collect();
    let kinds: Vec<KindNeeds<'_>> = wired
        .gate
        .routes
        .iter()
        .zip(patterns)
        .map(|(route, pattern)| KindNeeds {
            name: route.kind.name(),
            detail_type: route.kind.detail_type(),
            pattern: pattern.clone(),
            rule: rule_name(gate, route.kind.name()),
            permissions: permissions(wired, place, route.kind.name()),
        })
        .collect();
    let (source, runs, verified) = source(args, wired)?;
    if matches!(runs, Runs::Function(_)) && wired.policies.iter().any(|policy| !policy.tables.is_empty()) {
        return Err(OfFunction::refusal());
    }
    let bus = verified.iter().find_map(|rule| rule.split(":rule/").nth(1)?.split_once('/').map(|(bus, _)| bus));
    let bus = bus.unwrap_or("default");
    let rules = rule_arns(wired, bus, &kinds);
    if verified.iter().collect::<std::collections::BTreeSet<_>>() != rules.iter().collect() {
        ui.warn(&format!("the rules of this stack are not the source's; write `verified-by: [{}]`", rules.join(", ")));
    }
    let senders: Vec<&AccountId> = wired.senders.iter().collect();
    let reply_source = format!("reeve.{gate}");
    let replies: Vec<String> = kinds.iter().map(|kind| format!("{}_REPLY", kind.name)).collect();
    let roles = roles(wired);
    let set = wired.gate.policies.current();
    let template = Template {
        gate,
        account: &wired.gate.account,
        region: &wired.region,
        bus,
        senders: args.organization.as_deref().map_or(Senders::Accounts(senders), Senders::Organization),
        source,
        runs,
        kinds,
        reply: wired.service.reply_bus.as_deref().map(|bus| Reply {
            bus: bus.split_once(":event-bus/").map_or(bus, |(_, name)| name),
            source: &reply_source,
            detail_types: replies.iter().map(String::as_str).collect(),
        }),
        ledger: match &wired.service.ledger {
            Some(LedgerFile::DynamoDb(table)) => Ledger::Dynamo { table },
            Some(LedgerFile::Sqlite(_)) | None => Ledger::Sqlite,
        },
        receipts: match &wired.service.receipts {
            Some(ReceiptsFile::S3 { bucket, prefix }) => Receipts::S3 { bucket, prefix, lock_days: args.lock_days },
            Some(ReceiptsFile::Dir(_)) | None => Receipts::Dir,
        },
        parameters: parameters(&set, wired),
        roles: roles.iter().map(String::as_str).collect(),
        twin: &twin.gate,
        alarm_topics: args.alarm.iter().map(String::as_str).collect(),
        log_days: LOG_DAYS,
    };
    cloudformation(&template).map_err(|faults| Failure::new(faults.join("\n")))
}

fn rule_arns(wired: &Wired, bus: &str, kinds: &[KindNeeds<'_>]) -> Vec<String> {
    let (region, account) = (wired.region.as_str(), &wired.gate.account);
    let partition = Partition::of(&wired.region);
    let path = if bus == "default" { String::new() } else { format!("{bus}/") };
    kinds.iter().map(|kind| partition.arn(&format!("events:{region}:{account}:rule/{path}{}", kind.rule))).collect()
}

/// The source and what runs the gate, and the rules that the source trusts.
fn source<'a>(args: &'a TemplateArgs, wired: &'a Wired) -> Result<(Source<'a>, Runs<'a>, &'a [String]), Failure> {
    let function = || {
        let environment = vec![("REEVE_GATE", "gate.yaml")];
        Runs::Function(Function { timeout_seconds: FUNCTION_SECONDS, memory_mib: FUNCTION_MIB, environment })
    };
    let queue = |name: &'a str, visibility_seconds| Source::Sqs {
        queue: name,
        fifo: name.ends_with(".fifo"),
        visibility_seconds,
    };
    for source in &wired.service.sources {
        match source {
            SourceFile::Sqs(it) => {
                let services = args.runs_on.iter().map(String::as_str).collect();
                let source = queue(&it.queue.name, it.visibility_seconds);
                return Ok((source, Runs::Service(services), &it.verified_by));
            }
            SourceFile::Lambda(it) => {
                let source = it.queue.as_ref().map_or(Source::Lambda, |it| queue(&it.name, FUNCTION_SECONDS));
                return Ok((source, function(), &it.verified_by));
            }
            SourceFile::Http(_) => {}
        }
    }
    Err(Failure::new("the gate file names no queue and no function to put into a stack")
        .hint("write `sources: [sqs: { queue: URL, verified-by: [RULE] }]`"))
}

fn permissions(wired: &Wired, place: Place<'_>, kind: &str) -> Vec<Statement> {
    let zones = kind_zones(wired, kind);
    let ids: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
    match kind {
        "DNS_RECORD_CHANGE" | "CERT_VALIDATION" => needs::record_changes(place, &ids),
        "DNS_DELEGATION" => {
            let parents: Vec<(&str, &str)> = zones.iter().map(|it| (it.id.as_str(), it.name.as_str())).collect();
            needs::delegation(place, &parents)
        }
        "PUT_PARAMETER" => {
            let path = kind_settings(wired, kind).and_then(|it| it.get("path")?.as_str());
            path.map(|path| needs::put_parameter(place, path)).unwrap_or_default()
        }
        "LIST_ACCOUNTS" => needs::read_organization(),
        // Units may stand there by name; which ids those have is not known here.
        "CREATE_ACCOUNT" => needs::create_account(place, &[]),
        "MOVE_ACCOUNT" => needs::move_account(place),
        "SCP_UPDATE" => needs::scp_update(place),
        "TAG_ACCOUNT" => {
            let keys = kind_settings(wired, kind).and_then(|it| it.get("keys")?.as_array());
            let keys: Vec<&str> = keys.unwrap_or_default().iter().filter_map(|key| key.as_str()).collect();
            needs::tag_account(place, &keys)
        }
        // What these do is done in a role, and a team's kind does nothing.
        _ => Vec::new(),
    }
}

/// Roles that the gate assumes: to look into senders' accounts, to delegate, to register hosts.
fn roles(wired: &Wired) -> Vec<String> {
    let of_service = [&wired.service.roles.instance_facts, &wired.service.roles.delegation];
    let mut roles: Vec<String> = of_service.into_iter().flatten().map(|role| role.as_str().to_owned()).collect();
    for kind in ["REGISTER_HOST", "DEREGISTER_HOST"] {
        let role = kind_settings(wired, kind).and_then(|it| it.get("role-arn")?.as_str());
        roles.extend(role.map(str::to_owned).filter(|role| !roles.contains(role)));
    }
    roles
}

/// Parameters that policies read: for a request, and for their tables.
fn parameters<'a>(set: &'a reeve_engine::PolicySet, wired: &'a Wired) -> Vec<ParameterRead<'a>> {
    let of_need = |need: &'a reeve_engine::FactNeed| match &need.source {
        reeve_engine::FactSource::Parameter { name, .. } => Some(name.as_str()),
        reeve_engine::FactSource::Accounts { .. } | reeve_engine::FactSource::Organization => None,
    };
    let needs = set.policies.iter().flat_map(|policy| &policy.needs).filter_map(of_need);
    let tables = wired.policies.iter().flat_map(|policy| &policy.tables).filter_map(|(_, source)| source.parameter());
    let mut reads: Vec<ParameterRead<'_>> = Vec::new();
    for name in needs.chain(tables) {
        let read = ParameterRead { name: name.trim_end_matches('/'), below: name.ends_with('/') };
        if !reads.contains(&read) {
            reads.push(read);
        }
    }
    reads
}
