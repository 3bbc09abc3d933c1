//! What is looked at before a gate takes requests, and by `reeve doctor`.

use crate::loader::Loader;
use crate::parameters::{OfFunction, Parameters};
use crate::tables::Tables;
use crate::wiring::Wired;
use reeve_aws::admits::{self, Door, DoorKind};
use reeve_aws::client::Aws;
use reeve_aws::failure::failure;
use reeve_config::{LambdaFile, LedgerFile, QueueUrl, ReceiptsFile, SourceFile};
use reeve_model::{AccountId, Region};
use std::sync::Arc;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All is well; the text says what was found.
    Good(String),
    /// The gate runs, but somebody should look.
    Doubtful(String),
    /// The gate must not run like this.
    Bad(Vec<String>),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// How it ended.
    pub ended: Ended,
}

impl Check {
    fn new(what: impl Into<String>, ended: Ended) -> Self {
        Self { what: what.into(), ended }
    }

    /// The problems of a check that must stop a gate.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        if let Ended::Bad(problems) = &self.ended { problems } else { &[] }
    }
}

/// Whether the credentials are of the gate's account.
#[must_use]
pub fn identity(aws: &Aws, own: &AccountId) -> Check {
    let what = "credentials";
    let answer = aws.run(async { aws.sts().get_caller_identity().send().await });
    let identity = match answer {
        Ok(identity) => identity,
        Err(error) => return Check::new(what, Ended::Bad(vec![failure(&error).message])),
    };
    let (account, arn) = (identity.account().unwrap_or("?"), identity.arn().unwrap_or("?"));
    let ended = if account == own.as_str() {
        Ended::Good(format!("`{arn}`"))
    } else {
        Ended::Bad(vec![format!("they are of account `{account}`, and the gate file says `{own}`")])
    };
    Check::new(what, ended)
}

/// Whether each source that vouches for senders can vouch.
#[must_use]
pub fn sources(aws: &Aws, wired: &Wired) -> Vec<Check> {
    let source = |source: &SourceFile| match source {
        SourceFile::Sqs(it) => vec![queue(aws, wired, &it.queue, &it.verified_by)],
        SourceFile::Lambda(it) => function(aws, wired, it),
        SourceFile::Http(it) => {
            let good = Ended::Good("unverified: policies must say so to permit what comes in here".to_owned());
            vec![Check::new(format!("http {}", it.listen), good)]
        }
    };
    wired.service.sources.iter().flat_map(source).collect()
}

/// The ARN of a queue in the gate's Region.
#[must_use]
pub fn queue_arn(region: &Region, queue: &QueueUrl) -> String {
    let partition = reeve_template::Partition::of(region);
    format!("arn:{}:sqs:{}:{}:{}", partition.as_str(), region.as_str(), queue.account.as_str(), queue.name)
}

fn queue(aws: &Aws, wired: &Wired, queue: &QueueUrl, rules: &[String]) -> Check {
    use aws_sdk_sqs::types::QueueAttributeName as Name;
    let what = format!("queue {}", queue.name);
    let request = aws.sqs().get_queue_attributes().queue_url(&queue.url);
    let request = request.attribute_names(Name::Policy).attribute_names(Name::QueueArn);
    let answer = aws.run(async { request.attribute_names(Name::RedrivePolicy).send().await });
    let attributes = match answer {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(error) => return Check::new(what, Ended::Bad(vec![failure(&error).message])),
    };
    if rules.is_empty() {
        return Check::new(what, Ended::Good("unverified: it has no `verified-by`".to_owned()));
    }
    let arn = attributes.get(&Name::QueueArn).cloned().unwrap_or_else(|| queue_arn(&wired.region, queue));
    let policy = attributes.get(&Name::Policy).map(String::as_str).filter(|policy| !policy.is_empty());
    let door = Door { target_arn: &arn, rules, account: &wired.gate.account, kind: DoorKind::Queue };
    let rewriting = rewriting_rules(aws, rules, &arn);
    if !rewriting.is_empty() {
        return Check::new(what, Ended::Bad(rewriting));
    }
    match admits::check(policy, &door) {
        Err(gaps) => Check::new(what, Ended::Bad(gaps.iter().map(ToString::to_string).collect())),
        Ok(()) if attributes.contains_key(&Name::RedrivePolicy) => {
            Check::new(what, Ended::Good("only its rules can send to it".to_owned()))
        }
        Ok(()) => {
            let why = "only its rules can send to it, but it has no dead-letter queue: a message that cannot be handled \
                       comes again until it expires";
            Check::new(what, Ended::Doubtful(why.to_owned()))
        }
    }
}

/// Rules that do not hand events on as they are: whoever writes an event's text can write its sender too.
fn rewriting_rules(aws: &Aws, rules: &[String], target_arn: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for rule in rules {
        let path = rule.split_once(":rule/").map_or("", |(_, path)| path);
        let (bus, name) = path.rsplit_once('/').unwrap_or(("default", path));
        let mut token = None;
        loop {
            let call = aws.eventbridge().list_targets_by_rule().event_bus_name(bus).rule(name);
            let answer = aws.run(async { call.set_next_token(token.take()).send().await });
            let page = match answer {
                Ok(page) => page,
                Err(error) => {
                    let why = failure(&error).message;
                    problems.push(format!("the targets of rule `{rule}` cannot be read: {why}"));
                    break;
                }
            };
            let rewrites = |it: &&aws_sdk_eventbridge::types::Target| {
                it.input().is_some() || it.input_path().is_some() || it.input_transformer().is_some()
            };
            if page.targets().iter().filter(|it| it.arn() == target_arn).any(|it| rewrites(&it)) {
                problems.push(format!("rule `{rule}` rewrites events on their way: their sender can be forged"));
            }
            token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    problems
}

fn function(aws: &Aws, wired: &Wired, file: &LambdaFile) -> Vec<Check> {
    let what = format!("function {}", file.function);
    let mut checks: Vec<Check> = file.queue.iter().map(|it| queue(aws, wired, it, &file.verified_by)).collect();
    if file.verified_by.is_empty() {
        checks.push(Check::new(what, Ended::Good("unverified: it has no `verified-by`".to_owned())));
        return checks;
    }
    let answer = aws.run(async { aws.lambda().get_policy().function_name(&file.function).send().await });
    let policy = match answer {
        Ok(answer) => answer.policy,
        Err(error) => {
            let failed = failure(&error);
            if failed.code.as_deref() != Some("ResourceNotFoundException") {
                checks.push(Check::new(what, Ended::Bad(vec![failed.message])));
                return checks;
            }
            None
        }
    };
    // A function that a queue invokes needs no policy; one that it has must admit nobody else either.
    let ended = if file.queue.is_some() && policy.is_none() {
        Ended::Good("nobody but its queue invokes it".to_owned())
    } else {
        let account = &wired.gate.account;
        let door = Door { target_arn: &file.function, rules: &file.verified_by, account, kind: DoorKind::Function };
        let rewriting = rewriting_rules(aws, &file.verified_by, &file.function);
        match admits::check(policy.as_deref(), &door) {
            Ok(()) if !rewriting.is_empty() => Ended::Bad(rewriting),
            Ok(()) => Ended::Good("only its rules can invoke it".to_owned()),
            Err(gaps) => Ended::Bad(gaps.iter().map(ToString::to_string).collect()),
        }
    };
    checks.push(Check::new(what, ended));
    checks
}

/// Whether what the gate works on is there: zones, bus, ledger, bucket.
#[must_use]
pub fn resources(aws: &Aws, wired: &Wired) -> Vec<Check> {
    let mut checks: Vec<Check> = wired.zones.iter().map(|it| zone(aws, it)).collect();
    if let Some(bus) = &wired.service.reply_bus {
        let answer = aws.run(async { aws.eventbridge().describe_event_bus().name(bus).send().await });
        let ended = answer.map_err(|error| failure(&error)).map_or_else(bad, |_| Ended::Good("it is there".to_owned()));
        checks.push(Check::new(format!("reply bus {bus}"), ended));
    }
    if let Some(LedgerFile::DynamoDb(table)) = &wired.service.ledger {
        let answer = aws.run(async { aws.dynamodb().describe_table().table_name(table).send().await });
        let ended = answer.map_err(|error| failure(&error)).map_or_else(bad, |_| Ended::Good("it is there".to_owned()));
        checks.push(Check::new(format!("table {table}"), ended));
    }
    if let Some(ReceiptsFile::S3 { bucket, .. }) = &wired.service.receipts {
        let answer = aws.run(async { aws.s3().get_object_lock_configuration().bucket(bucket).send().await });
        let unlocked = "it has no object lock: whoever may write to it can remove receipts";
        let ended = match answer {
            Ok(_) => Ended::Good("it has object lock".to_owned()),
            Err(error) => {
                let failed = failure(&error);
                match failed.code.as_deref() {
                    Some("ObjectLockConfigurationNotFoundError") => Ended::Doubtful(unlocked.to_owned()),
                    _ => bad(failed),
                }
            }
        };
        checks.push(Check::new(format!("bucket {bucket}"), ended));
    }
    checks
}

fn zone(aws: &Aws, zone: &reeve_kinds::Zone) -> Check {
    let what = format!("zone {}", zone.id);
    let answer = aws.run(async { aws.route53().get_hosted_zone().id(&zone.id).send().await });
    let found = match answer {
        Ok(answer) => answer,
        Err(error) => return Check::new(what, bad(failure(&error))),
    };
    let name = found.hosted_zone().map(|it| it.name().trim_end_matches('.').to_ascii_lowercase()).unwrap_or_default();
    let private = found.hosted_zone().and_then(|it| it.config()).is_some_and(|it| it.private_zone());
    let ended = if name != zone.name.as_str() {
        Ended::Bad(vec![format!("its name is `{name}`, and the gate file says `{}`", zone.name)])
    } else if private != zone.private {
        let word = if private { "private" } else { "public" };
        Ended::Bad(vec![format!("it is {word}, and the gate file says otherwise")])
    } else {
        Ended::Good(format!("`{name}`"))
    };
    Check::new(what, ended)
}

fn bad(failed: reeve_aws::Failure) -> Ended {
    Ended::Bad(vec![failed.message])
}

/// Whether the tables can be made that are made of parameters.
#[must_use]
pub fn tables(aws: &Aws, wired: &Wired, loader: &Loader) -> Vec<Check> {
    let function = wired.service.sources.iter().any(|source| matches!(source, SourceFile::Lambda(_)));
    let parameters = match function {
        true => Parameters::of(Arc::new(OfFunction)),
        false => Parameters::live(aws.clone(), wired.gate.account.clone()),
    };
    let mut checks = Vec::new();
    for policy in &wired.policies {
        let made = Tables { folder: &policy.folder, loader, accounts: &wired.accounts, parameters: &parameters };
        for (name, source) in &policy.tables {
            let ended = match made.make(name, source) {
                Ok(table) => Ended::Good(format!("{} rows, {}", table.rows(), table.digest())),
                Err(failure) => Ended::Bad(vec![failure.line()]),
            };
            let parameter = source.parameter().unwrap_or_default();
            checks.push(Check::new(format!("dataset {name} from parameter {parameter}"), ended));
        }
    }
    checks
}

/// Whether the policies are loaded, and under which limits.
#[must_use]
pub fn policies(wired: &Wired) -> Vec<Check> {
    let check = |policy: &reeve_engine::Policy| {
        let what = format!("policy {}", policy.id);
        match wired.faults.iter().find(|(id, _)| *id == policy.id) {
            Some((_, fault)) => Check::new(what, Ended::Bad(vec![format!("{}: the plugin {fault}", fault.as_str())])),
            None => {
                Check::new(what, Ended::Good(format!("{}, plugin {}", policy.mode.as_str(), policy.digests.plugin)))
            }
        }
    };
    wired.gate.policies.current().policies.iter().map(check).collect()
}
