//! A whole world in the emulator for gates that are served: an organization, two gate accounts with bus, rules, queue
//! and dead-letter queue, zones, parameters, and a queue for the answers of each account.
//!
//! It is set up by AWS calls alone, as an organization would be; what it looks like afterwards is read by AWS calls too.
//! Ids are those that the emulator gives; tests name accounts, units, zones and policies by their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod files;
mod state;
mod talk;
mod world;

use crate::emulator::{ACCOUNT, Emulator};
use crate::reeve::{Refused, Serve};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// In the account `dns`: record sets, certificate validations, delegations, and whose domains are whose.
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
            Self::Dns => &["DNS_RECORD_CHANGE", "CERT_VALIDATION", "DNS_DELEGATION", "PUT_PARAMETER"],
            Self::Management => {
                &["CREATE_ACCOUNT", "MOVE_ACCOUNT", "TAG_ACCOUNT", "LIST_ACCOUNTS", "PUT_PARAMETER", "SCP_UPDATE"]
            }
        }
    }

    /// The gate whose bus a request of this detail-type goes to; of a kind that both take, the management account's.
    #[must_use]
    pub fn of(detail_type: &str) -> Self {
        let dns = Self::Dns.detail_types().contains(&detail_type);
        if dns && !Self::Management.detail_types().contains(&detail_type) { Self::Dns } else { Self::Management }
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
