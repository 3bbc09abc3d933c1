//! From a wired gate to one that reads facts from AWS, acts there, remembers and replies.

use crate::exit::Failure;
use crate::wiring::Wired;
use anyhow::Context;
use reeve_aws::DynamoLedger;
use reeve_aws::client::Aws;
use reeve_aws::execute::{AwsExecutor, CoalescerStats, ExecutorConfig, Prober};
use reeve_aws::facts::{AwsFacts, FactsConfig};
use reeve_aws::receipts::{ReceiptsConfig, S3Receipts};
use reeve_aws::replies::EventReplies;
use reeve_config::{LedgerFile, ReceiptsFile};
use reeve_engine::execute::{Execute, Journal, Stop, Work};
use reeve_engine::{FactError, FactNeed, Facts, Gate, Ledger, LedgerError, Receipts, Replies, Runner};
use reeve_kinds::{Need, Probe, World};
use reeve_local::{DiskReceipts, MemoryLedger, ReceiptFile, SqliteLedger};
use reeve_model::{AccountId, Action, Fact, Outcome, Region, Sender, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Threads of the runtime: what they do is wait for sockets.
const RUNTIME_THREADS: usize = 2;
/// Blocking threads beside those of the deliveries in hand: name look-ups and files.
const SPARE_THREADS: usize = 32;

/// A live gate.
#[derive(Debug)]
pub struct Live {
    /// The gate at work.
    pub runner: Runner,
    /// Reads how many changes were sent together.
    pub stats: Stats,
}

/// Reads how many requests were coalesced into how many calls.
#[derive(Debug, Clone)]
pub struct Stats(Arc<AwsExecutor>);

impl Stats {
    /// The counts now.
    #[must_use]
    pub fn read(&self) -> CoalescerStats {
        self.0.stats()
    }
}

/// The runtime of a live gate with room for `in_flight` deliveries.
///
/// # Errors
/// When threads cannot be made.
pub fn runtime(in_flight: u32) -> Result<Runtime, Failure> {
    let blocking = usize::try_from(in_flight).unwrap_or(1) + SPARE_THREADS;
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(RUNTIME_THREADS).max_blocking_threads(blocking).thread_name("reeve").enable_all();
    Ok(builder.build().context("failed to start threads")?)
}

/// Clients with the gate's credentials.
#[must_use]
pub fn connect(runtime: &Runtime, region: &Region, gate: &str) -> Aws {
    Aws::connect(runtime.handle().clone(), region).named(gate)
}

/// Makes a gate live: facts from AWS, and permitted actions made there unless `dry`.
///
/// # Errors
/// When the gate file does not say where to remember and to keep receipts, or these cannot be used.
pub fn runner(wired: Wired, aws: &Aws, dry: bool) -> Result<Live, Failure> {
    let Wired { mut gate, service, files, inventory, zones, .. } = wired;
    let role = |role: &Option<reeve_config::RoleInAccount>| role.as_ref().map(|role| role.as_str().to_owned());
    let config = FactsConfig {
        instance_role: role(&service.roles.instance_facts),
        delegation_role: role(&service.roles.delegation),
        zones: zones.iter().map(|zone| zone.id.clone()).collect(),
        inventory,
        ..FactsConfig::default()
    };
    let facts = Arc::new(AwsFacts::new(aws.clone(), Box::new(files), config));
    let stale = Arc::clone(&facts);
    let prober = reeve_probe::Prober::new(aws.handle().clone(), crate::probing::config(&service.serve))
        .map_err(|error| Failure::new(error.to_string()))?;
    let executor = Arc::new(AwsExecutor::new(
        aws.clone(),
        ExecutorConfig {
            in_sync: service.serve.wait_for_insync,
            delegation_role: role(&service.roles.delegation),
            own_zones: zones.iter().map(|zone| zone.id.clone()).collect(),
            prober: Box::new(Delegations(prober)),
            on_change: Box::new(move |action| forget(&stale, action)),
        },
    ));
    gate.facts = Box::new(Shared(facts));
    let runner = Runner {
        // A dry run must not leave answers behind that a real one would repeat.
        ledger: if dry { Box::new(MemoryLedger::default()) } else { ledger(service.ledger.as_ref(), aws)? },
        receipts: receipts(service.receipts.as_ref(), aws, &gate)?,
        replies: service
            .reply_bus
            .as_ref()
            .map(|bus| -> Box<dyn Replies> { Box::new(EventReplies::new(aws.clone(), &gate.name, bus)) }),
        execute: (!dry).then(|| -> Box<dyn Execute> { Box::new(SharedExecutor(Arc::clone(&executor))) }),
        clock: Box::new(Timestamp::now),
        gate,
    };
    Ok(Live { runner, stats: Stats(executor) })
}

/// What is cached is stale once the gate has changed it. Record sets are never cached.
fn forget(facts: &AwsFacts, action: &Action) {
    if !matches!(action, Action::ChangeRecordSets(_) | Action::SendCommand(_)) {
        facts.forget();
    }
}

fn ledger(file: Option<&LedgerFile>, aws: &Aws) -> Result<Box<dyn Ledger>, Failure> {
    match file {
        Some(LedgerFile::Sqlite(path)) => {
            Ok(Box::new(SqliteLedger::open(path).map_err(|error| Failure::from(anyhow::Error::from(error)))?))
        }
        Some(LedgerFile::DynamoDb(table)) => Ok(Box::new(DynamoLedger::new(aws.clone(), table.clone()))),
        None => Err(Failure::new("the gate file has no `ledger`: what was done would be forgotten, and done again")
            .hint("write `ledger: { sqlite: ledger.db }`, or `ledger: { dynamodb: TABLE }` for more than one gate")),
    }
}

fn receipts(file: Option<&ReceiptsFile>, aws: &Aws, gate: &Gate) -> Result<Box<dyn Receipts>, Failure> {
    match file {
        Some(ReceiptsFile::Dir(dir)) => {
            let file = ReceiptFile::open(dir).map_err(|error| Failure::from(anyhow::Error::from(error)))?;
            Ok(Box::new(DiskReceipts::new(file, true)))
        }
        Some(ReceiptsFile::S3 { bucket, prefix }) => {
            let config = ReceiptsConfig {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                gate: gate.name.clone(),
                process: process_name(),
                // The bucket's own default holds: who pays for the bucket decides how long.
                retention_days: None,
            };
            let receipts = S3Receipts::new(aws.clone(), config);
            receipts.object_lock().map_err(|error| Failure::new(error.to_string()))?;
            Ok(Box::new(receipts))
        }
        None => Err(Failure::new("the gate file has no `receipts`: nobody could say later what was done, and why")
            .hint("write `receipts: { dir: receipts }`, or `receipts: { s3: { bucket: NAME } }`")),
    }
}

/// A name that no other process has had: when it began, and 64 random bits.
fn process_name() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let now = Timestamp::now().as_second();
    format!("{now}-{:016x}", RandomState::new().hash_one(std::process::id()))
}

struct Shared(Arc<AwsFacts>);

impl Facts for Shared {
    fn sender(&self, account: &AccountId, verified: bool) -> Sender {
        self.0.sender(account, verified)
    }

    fn world(&self, needs: &[Need]) -> Result<World, FactError> {
        self.0.world(needs)
    }

    fn fact(&self, policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError> {
        self.0.fact(policy, need, sender)
    }
}

struct SharedExecutor(Arc<AwsExecutor>);

impl Execute for SharedExecutor {
    fn perform(&self, work: &Work<'_>, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        self.0.perform(work, journal)
    }

    fn probe(&self, probe: &Probe, journal: &mut dyn Journal) -> Result<Outcome, Stop> {
        self.0.probe(probe, journal)
    }
}

struct Delegations(reeve_probe::Prober);

impl Prober for Delegations {
    fn prove(&self, probe: &Probe, hold: &mut dyn FnMut() -> Result<(), LedgerError>) -> Result<Outcome, Stop> {
        let proof = self.0.prove(probe, hold)?;
        Ok(reeve_probe::outcome(&proof))
    }
}

/// How long Ctrl-C or SIGTERM waits for what is in hand.
#[must_use]
pub fn drain_time(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
