//! A whole world in the emulator for gates that are served: an organization, two gate accounts with bus, rules, queue
//! and dead-letter queue, zones, parameters, and a queue for the answers of each account.
//!
//! It is set up by AWS calls alone, as an organization would be; what it looks like afterwards is read by AWS calls too.
//! Ids are those that the emulator gives; tests name accounts, units, zones and policies by their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod files;
mod state;
mod world;

use crate::emulator::{ACCOUNT, Emulator, REGION};
use crate::reeve::{Refused, Serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub use files::{LedgerKind, Settings};
pub use world::document;

/// The name of the bus in each gate's account.
pub const BUS: &str = "infra";
/// The source of everybody's requests.
pub const SOURCE: &str = "app.infra";
/// The table of ledgers in DynamoDB, in each gate's account.
pub const TABLE: &str = "reeve-ledger";
/// What the names of the buckets of receipts begin with; the gate's name follows.
pub const BUCKET: &str = "reeve-receipts";
/// The instances that can register: `web-1` of foo, with its address.
pub const INSTANCE: &str = "i-0123456789abcdef0";
/// An instance of foo whose computer has a hostile name.
pub const INSTANCE_HOSTILE: &str = "i-0123456789abcdef1";
/// The domain controllers, in the account `shared`.
pub const CONTROLLERS: [&str; 2] = ["i-0aaaaaaaaaaaaaaa0", "i-0bbbbbbbbbbbbbbb0"];
/// Longest wait for an answer, seconds: most come in one.
pub const ANSWER_SECONDS: u64 = 120;

/// The two gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// In the account `dns`: record sets, certificate validations, delegations.
    Dns,
    /// In the management account: accounts, parameters, policies, hosts.
    Management,
}

impl Gate {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dns, Self::Management];

    /// The gate's name, and that of its queue and of its rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Management => "management",
        }
    }

    /// The detail-types that its account's rule takes from anybody.
    #[must_use]
    pub fn detail_types(self) -> &'static [&'static str] {
        match self {
            Self::Dns => &["DNS_RECORD_CHANGE", "CERT_VALIDATION", "DNS_DELEGATION"],
            Self::Management => &["CREATE_ACCOUNT", "MOVE_ACCOUNT", "LIST_ACCOUNTS", "PUT_PARAMETER", "SCP_UPDATE"],
        }
    }

    /// The gate whose bus a request of this detail-type goes to.
    #[must_use]
    pub fn of(detail_type: &str) -> Self {
        if Self::Dns.detail_types().contains(&detail_type) { Self::Dns } else { Self::Management }
    }
}

/// How the world is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether the gates' queues are FIFO.
    pub queue_fifo: bool,
    /// How often a message is received before it goes to the dead-letter queue.
    pub receive_max: u32,
    /// How long a new account takes, seconds.
    pub create_seconds: f64,
    /// How long a command takes, seconds.
    pub command_seconds: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue_fifo: false, receive_max: 5, create_seconds: 0.2, command_seconds: 0.2 }
    }
}

/// The world.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The emulator it is in.
    pub emulator: &'a Emulator,
    options: Options,
    folder: TempDir,
    accounts: BTreeMap<String, String>,
    units: BTreeMap<String, String>,
    zones: BTreeMap<String, String>,
    replies: Mutex<BTreeMap<String, Vec<Value>>>,
    nonces: AtomicU64,
}

impl<'a> Stage<'a> {
    /// Sets the world up in an emulator that is empty.
    ///
    /// # Panics
    /// When the emulator refuses something.
    #[must_use]
    pub fn new(emulator: &'a Emulator, options: Options) -> Self {
        let mut stage = Self {
            emulator,
            options,
            folder: TempDir::new().expect("a temporary folder"),
            accounts: BTreeMap::from([("management".to_owned(), ACCOUNT.to_owned())]),
            units: BTreeMap::new(),
            zones: BTreeMap::new(),
            replies: Mutex::default(),
            nonces: AtomicU64::new(1),
        };
        stage.provision();
        stage.write_policies();
        stage
    }

    /// The folder of gate files, ledgers and receipts.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The id of an account by its name in the accounts file.
    ///
    /// # Panics
    /// When there is no such account.
    #[must_use]
    pub fn id(&self, account: &str) -> &str {
        self.accounts.get(account).unwrap_or_else(|| panic!("no account `{account}`"))
    }

    /// The id of a unit by its name; `root` is the root.
    ///
    /// # Panics
    /// When there is no such unit.
    #[must_use]
    pub fn unit(&self, name: &str) -> &str {
        self.units.get(name).unwrap_or_else(|| panic!("no unit `{name}`"))
    }

    /// The id of a hosted zone by its name.
    ///
    /// # Panics
    /// When there is no such zone.
    #[must_use]
    pub fn zone(&self, name: &str) -> &str {
        self.zones.get(name).unwrap_or_else(|| panic!("no zone `{name}`"))
    }

    /// The id of the account that a gate is in.
    #[must_use]
    pub fn account_of(&self, gate: Gate) -> &str {
        self.id(gate.name())
    }

    /// A nonce that was not used before, the same ones in every run.
    #[must_use]
    pub fn nonce(&self) -> String {
        let number = self.nonces.fetch_add(1, Ordering::SeqCst);
        format!("687754b2-abd6-4ae6-8e2d-{number:012x}")
    }

    /// Sends a request as `account` (its name) to the bus of the gate of its kind. The id of the event.
    ///
    /// # Panics
    /// When EventBridge does not take it.
    pub fn ask(&self, account: &str, detail_type: &str, detail: &Value) -> String {
        self.put_event(account, detail_type, detail).unwrap_or_else(|error| panic!("{detail_type}: {error}"))
    }

    /// The same; the entry's error when EventBridge does not take it.
    ///
    /// # Errors
    /// The entry of the result.
    pub fn put_event(&self, account: &str, detail_type: &str, detail: &Value) -> Result<String, Value> {
        let bus = format!("arn:aws:events:{REGION}:{}:event-bus/{BUS}", self.account_of(Gate::of(detail_type)));
        let entry = json!({
            "Source": SOURCE, "DetailType": detail_type, "Detail": detail.to_string(), "EventBusName": bus,
        });
        let told =
            self.emulator.aws(self.id(account), "events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))?;
        let result = &told["Entries"][0];
        result["EventId"].as_str().map(str::to_owned).ok_or_else(|| result.clone())
    }

    /// Asks with a new nonce and waits for the answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn answer(&self, account: &str, detail_type: &str, detail: &Value) -> Value {
        let nonce = self.nonce();
        let mut detail = detail.clone();
        detail["nonce"] = json!(nonce);
        self.ask(account, detail_type, &detail);
        self.wait_for(account, &nonce)
    }

    /// Lets AWS tell of an instance of `account`: on the account's own default bus, from where its rule sends it on to
    /// the management account's bus. `event` is `Launch` or `Terminate`. The nonce of the request.
    pub fn auto_scaling(&self, account: &str, event: &str, instance: &str, group: &str) -> String {
        let nonce = self.nonce();
        let place = format!("arn:aws:ec2:{REGION}:{}:instance/{instance}", self.id(account));
        let envelope = json!({
            "source": "aws.autoscaling", "detail-type": format!("EC2 Instance {event} Successful"),
            "resources": [place],
            "detail": {
                "StatusCode": "InProgress", "AutoScalingGroupName": group, "ActivityId": nonce, "RequestId": nonce,
                "EC2InstanceId": instance, "Description": format!("{event}ing a new EC2 instance: {instance}"),
                "Details": {"Availability Zone": "us-east-1b", "Subnet ID": "subnet-0c1d2e3f4a5b6c7d8"},
                "StatusMessage": "", "Origin": "EC2", "Destination": "AutoScalingGroup",
                "StartTime": "2026-11-21T11:51:10.000Z", "EndTime": "2026-11-21T11:51:42.000Z",
                "Cause": "At 2026-11-21T11:51:05Z a user request update of AutoScalingGroup constraints",
            },
        });
        let body = json!({"account": self.id(account), "region": REGION, "event": envelope});
        let _ = self.emulator.control("POST", "/_reeve/event", &body);
        nonce
    }

    /// Every answer that has come for `account` so far, as the envelopes that its queue held, in their order.
    ///
    /// # Panics
    /// When the queue cannot be read.
    pub fn replies(&self, account: &str) -> Vec<Value> {
        self.drain(account, 0);
        self.seen(account)
    }

    /// The first answer (its envelope) with this nonce, once it has come. An answer of several pages: the first page.
    ///
    /// # Panics
    /// When none comes.
    pub fn wait_for(&self, account: &str, nonce: &str) -> Value {
        self.wait_for_more(account, nonce, 1).swap_remove(0)
    }

    /// The answers with this nonce, once there are `count`.
    ///
    /// # Panics
    /// When fewer come.
    pub fn wait_for_more(&self, account: &str, nonce: &str, count: usize) -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(ANSWER_SECONDS);
        loop {
            self.drain(account, 0);
            let found = self.answers(account, nonce);
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < end, "{} of {count} answers for {nonce} of {account}", found.len());
            self.drain(account, 1);
        }
    }

    /// The answers with this nonce that have been read so far.
    #[must_use]
    pub fn answers(&self, account: &str, nonce: &str) -> Vec<Value> {
        self.seen(account).into_iter().filter(|reply| reply["detail"]["nonce"] == nonce).collect()
    }

    fn seen(&self, account: &str) -> Vec<Value> {
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.get(account).cloned().unwrap_or_default()
    }

    /// Takes everything from the queue of an account's answers; when it is empty, waits up to `seconds` for the first.
    fn drain(&self, account: &str, seconds: u32) {
        let url = self.queue_url(self.id(account), "reeve-replies");
        let mut wait = seconds;
        loop {
            let messages = self.receive(self.id(account), &url, wait);
            wait = 0;
            if messages.is_empty() {
                return;
            }
            let bodies = messages.iter().map(|text| serde_json::from_str::<Value>(text).expect("a reply is JSON"));
            let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies.entry(account.to_owned()).or_default().extend(bodies);
        }
    }

    /// Receives and deletes up to ten messages of a queue.
    fn receive(&self, account: &str, url: &str, seconds: u32) -> Vec<String> {
        let request = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": seconds});
        let told = self.emulator.aws(account, "sqs", "AmazonSQS.ReceiveMessage", &request).expect("received");
        let messages = told["Messages"].as_array().cloned().unwrap_or_default();
        for message in &messages {
            let request = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
            self.emulator.aws(account, "sqs", "AmazonSQS.DeleteMessage", &request).expect("deleted");
        }
        messages.iter().map(|message| message["Body"].as_str().expect("a body").to_owned()).collect()
    }

    /// The URL of a queue as the emulator tells it.
    #[must_use]
    pub fn queue_url(&self, account: &str, name: &str) -> String {
        format!("{}/{account}/{name}", self.emulator.url())
    }

    /// The name of a gate's queue.
    #[must_use]
    pub fn intake(&self, gate: Gate) -> String {
        let ending = if self.options.queue_fifo { ".fifo" } else { "" };
        format!("reeve-{}{ending}", gate.name())
    }

    /// The URL of a gate's queue.
    #[must_use]
    pub fn intake_url(&self, gate: Gate) -> String {
        self.queue_url(self.account_of(gate), &self.intake(gate))
    }

    /// ARNs of the rules that a gate's source trusts.
    #[must_use]
    pub fn rules(&self, gate: Gate) -> Vec<String> {
        let account = self.account_of(gate);
        let rule = |name: &str| format!("arn:aws:events:{REGION}:{account}:rule/{BUS}/{name}");
        match gate {
            Gate::Dns => vec![rule("reeve-dns")],
            Gate::Management => vec![rule("reeve-management"), rule("reeve-hosts")],
        }
    }

    /// The envelope that EventBridge would make of a request of `account` for a gate.
    #[must_use]
    pub fn envelope(&self, account: &str, detail_type: &str, detail: &Value) -> Value {
        let number = self.nonces.fetch_add(1, Ordering::SeqCst);
        json!({
            "version": "0", "id": format!("f0c368fc-e323-469d-a52f-{number:012x}"), "detail-type": detail_type,
            "source": SOURCE, "account": self.id(account), "time": now(), "region": REGION, "resources": [],
            "detail": detail,
        })
    }

    /// Puts a body into a gate's queue by a plain SendMessage of the gate's own account, as its rule would.
    ///
    /// # Panics
    /// When SQS refuses.
    pub fn send(&self, gate: Gate, body: &str) -> String {
        let mut request = json!({"QueueUrl": self.intake_url(gate), "MessageBody": body});
        if self.options.queue_fifo {
            request["MessageGroupId"] = json!("infra");
        }
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.SendMessage", &request);
        told.expect("sent")["MessageId"].as_str().expect("an id").to_owned()
    }

    /// How many messages a gate's queue holds: visible, and in somebody's hand.
    ///
    /// # Panics
    /// When SQS refuses.
    #[must_use]
    pub fn waiting(&self, gate: Gate) -> (u64, u64) {
        let request = json!({"QueueUrl": self.intake_url(gate), "AttributeNames": ["All"]});
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.GetQueueAttributes", &request);
        let told = told.expect("attributes");
        let number = |name: &str| told["Attributes"][name].as_str().and_then(|it| it.parse().ok()).expect("a number");
        (number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"))
    }

    /// Waits until a gate's queue holds nothing any more.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn wait_until_empty(&self, gate: Gate) {
        self.until("an empty queue", || self.waiting(gate) == (0, 0));
    }

    /// Waits until something holds, looking again and again.
    ///
    /// # Panics
    /// When it does not.
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(ANSWER_SECONDS);
        while !holds() {
            assert!(Instant::now() < end, "{what}: not within {ANSWER_SECONDS} seconds");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Bodies in a gate's dead-letter queue, which are taken out.
    #[must_use]
    pub fn dead(&self, gate: Gate) -> Vec<String> {
        let (account, ending) = (self.account_of(gate), if self.options.queue_fifo { ".fifo" } else { "" });
        let url = self.queue_url(account, &format!("reeve-{}-dead{ending}", gate.name()));
        std::iter::from_fn(|| Some(self.receive(account, &url, 0)).filter(|it| !it.is_empty())).flatten().collect()
    }

    /// Sets the policy of a gate's queue.
    ///
    /// # Panics
    /// When SQS refuses.
    pub fn set_queue_policy(&self, gate: Gate, policy: &str) {
        let request = json!({"QueueUrl": self.intake_url(gate), "Attributes": {"Policy": policy}});
        let told = self.emulator.aws(self.account_of(gate), "sqs", "AmazonSQS.SetQueueAttributes", &request);
        told.expect("set");
    }

    /// The environment of a gate's process.
    #[must_use]
    pub fn environment(&self, gate: Gate, settings: &Settings) -> Vec<(String, String)> {
        let url = settings.url.clone().unwrap_or_else(|| self.emulator.url());
        let mut variables = self.emulator.env_as(self.account_of(gate), &url);
        variables.extend(settings.variables.iter().cloned());
        variables
    }

    /// Replaces a text in a file of the stage's folder, such as `accounts.yaml`. Gates read files when they start.
    ///
    /// # Panics
    /// When the text is not there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.contains(from), "`{from}` is not in {}:\n{text}", path.display());
        std::fs::write(&path, text.replace(from, to)).expect("written");
    }

    /// The receipts that a gate has kept in its folder, in their order.
    ///
    /// # Panics
    /// When one is no JSON.
    #[must_use]
    pub fn kept(&self, gate: Gate, settings: &Settings) -> Vec<Value> {
        let text = std::fs::read_to_string(self.receipts(gate, settings).join("receipts.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a receipt")).collect()
    }

    /// The first receipt whose event has this id, also where the message is no event, once it is kept.
    ///
    /// # Panics
    /// When none is kept.
    #[must_use]
    pub fn receipt_of(&self, gate: Gate, settings: &Settings, event_id: &str) -> Value {
        let of_it = |receipt: &Value| {
            receipt["event"]["id"] == event_id
                || receipt["body"]["text"].as_str().is_some_and(|text| text.contains(event_id))
        };
        let find = || self.kept(gate, settings).into_iter().find(of_it);
        self.until("a receipt", || find().is_some());
        find().expect("there")
    }

    /// Starts a gate with default settings.
    ///
    /// # Panics
    /// When it does not become ready.
    #[must_use]
    pub fn gate(&self, gate: Gate) -> Serve {
        self.gate_with(gate, &Settings::default())
    }

    /// Starts a gate.
    ///
    /// # Panics
    /// When it does not become ready.
    #[must_use]
    pub fn gate_with(&self, gate: Gate, settings: &Settings) -> Serve {
        match self.try_gate(gate, settings) {
            Ok(serve) => serve,
            Err(refused) => panic!("gate {} ended with {}\n{}", gate.name(), refused.status, refused.stderr),
        }
    }

    /// Starts a gate that may refuse to start.
    ///
    /// # Errors
    /// How it ended.
    pub fn try_gate(&self, gate: Gate, settings: &Settings) -> Result<Serve, Refused> {
        let file = self.gate_file(gate, settings);
        let more: &[&str] = if settings.dry_run { &["--dry-run"] } else { &[] };
        Serve::try_start(&file, more, &self.environment(gate, settings))
    }

    /// The folder of a gate's receipts.
    #[must_use]
    pub fn receipts(&self, gate: Gate, settings: &Settings) -> PathBuf {
        self.folder().join(format!("receipts-{}{}", gate.name(), settings.instance))
    }
}

/// The time as envelopes have it.
fn now() -> String {
    let output = reeve_model::Timestamp::now().as_second();
    reeve_model::Timestamp::from_second(output).expect("a moment").to_string()
}
