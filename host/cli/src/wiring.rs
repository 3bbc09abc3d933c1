//! From the files that a user writes to a gate that judges.

use crate::asks::Asking;
use crate::exit::Failure;
use crate::loader::Loader;
use crate::parameters::Parameters;
use crate::tables::Tables;
use reeve_accounts::{Accounts, Status};
use reeve_config::{BUILT_IN, DatasetSource, GateFile, LedgerFile, PolicyFile, ReceiptsFile, ServiceFile};
use reeve_engine::{Gate, Policies, Policy, PolicyDigests, PolicySet, Receipts, Route, Runner};
use reeve_json::Value;
use reeve_kinds::{Inventory, Zone};
use reeve_local::{MemoryLedger, RecordedFacts};
use reeve_model::{AccountId, Digest, Fault, Region, Timestamp};
use reeve_sandbox::{Datasets, Limits};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A gate with what belongs to it.
#[derive(Debug)]
pub struct Wired {
    /// The gate, with facts from files.
    pub gate: Gate,
    /// The folder of receipts, when the gate file names one.
    pub receipts: Option<PathBuf>,
    /// Policies whose plugin the sandbox refused: every request they judge is denied.
    pub faults: Vec<(String, Fault)>,
    /// What the gate file says of running it as a service. Paths are resolved.
    pub service: ServiceFile,
    /// The gate's Region.
    pub region: Region,
    /// Facts from files, for a gate that reads the others from AWS.
    pub files: RecordedFacts,
    /// What the organization holds outside the gate's zones, as recorded.
    pub inventory: Inventory,
    /// The gate's hosted zones.
    pub zones: Vec<Zone>,
    /// The accounts file.
    pub accounts: Arc<Accounts>,
    /// Digest of the accounts file.
    pub accounts_digest: Digest,
    /// Accounts that may ask: those of the accounts file that have an id and are active.
    pub senders: Vec<AccountId>,
    /// The event pattern of each route, as JSON.
    pub patterns: Vec<Value>,
    /// Settings of each policy.
    pub policies: Vec<PolicySettings>,
    /// The whole gate file.
    pub whole: Value,
}

/// What a policy file says that is not part of the policy at work.
#[derive(Debug, Clone)]
pub struct PolicySettings {
    /// Its name.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Kinds it judges; none means all.
    pub kinds: Option<Vec<String>>,
    /// Its settings.
    pub settings: Value,
    /// Those of its tables that are made of parameters.
    pub tables: Vec<(String, DatasetSource)>,
    /// What one evaluation may use.
    pub limits: Limits,
}

/// The folder that relative paths in a file start from.
#[must_use]
pub fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// Reads and wires a gate file, with facts from files.
///
/// # Errors
/// Everything that is wrong with the file or one that it names.
pub fn gate(path: &Path) -> Result<Wired, Failure> {
    gate_in(path, &Loader::new()?)
}

/// The same with a loader that others use too.
///
/// # Errors
/// As [`gate`].
pub fn gate_in(path: &Path, loader: &Loader) -> Result<Wired, Failure> {
    let opened = open(path, loader)?;
    let parameters = Parameters::recorded(&opened.files);
    opened.wire(loader, &parameters)
}

/// Reads and wires a gate file for a command that asks no policy: tables of parameters are empty.
///
/// # Errors
/// As [`gate`].
pub fn gate_unasked(path: &Path, loader: &Loader) -> Result<Wired, Failure> {
    open(path, loader)?.wire(loader, &Parameters::unread())
}

/// A gate file that was read, with its accounts and facts, before its policies are loaded.
#[derive(Debug)]
pub struct Opened {
    /// The gate file.
    pub file: GateFile,
    /// Facts from files.
    pub files: RecordedFacts,
    base: PathBuf,
    accounts: Arc<Accounts>,
    accounts_digest: Digest,
    inventory: Inventory,
}

/// Reads a gate file, its accounts and its facts.
///
/// # Errors
/// Everything that is wrong with one of them.
pub fn open(path: &Path, loader: &Loader) -> Result<Opened, Failure> {
    let base = folder(path);
    let open = |name: &str| loader.read(&base.join(name)).map_err(|failure| failure.to_string());
    let file = GateFile::parse(&path.display().to_string(), &loader.read_text(path)?, &open)?;
    let (accounts, accounts_digest) = accounts(base, &file, loader)?;
    let (world, facts_name) = match &file.facts {
        None => (None, String::new()),
        Some(name) => {
            let path = base.join(name);
            let shown = path.display().to_string();
            (Some(reeve_config::world(&shown, &loader.read_text(&path)?)?), name.display().to_string())
        }
    };
    let inventory = world.as_ref().map(|world| world.inventory.clone()).unwrap_or_default();
    let files = RecordedFacts::new(Arc::clone(&accounts), world, facts_name);
    Ok(Opened { file, files, base: base.to_owned(), accounts, accounts_digest, inventory })
}

impl Opened {
    /// Loads the policies and makes the gate.
    ///
    /// # Errors
    /// As [`policies`].
    pub fn wire(self, loader: &Loader, parameters: &Parameters) -> Result<Wired, Failure> {
        let Self { file, files, base, accounts, accounts_digest, inventory } = self;
        let NamedPolicies { set, faults, settings } = policies(&base, &file, loader, &accounts, parameters)?;
        let patterns = file.kinds.iter().map(|it| it.pattern_json.clone()).collect();
        let routes = file.kinds.into_iter().map(|it| Route { kind: it.kind, pattern: it.pattern }).collect();
        let service = resolved(file.service, &base);
        let gate = Gate {
            name: file.name,
            account: file.account,
            routes,
            policies: Arc::new(Policies::new(set)),
            facts: Box::new(files.clone()),
            brakes: service.brakes.clone(),
        };
        let receipts = match &service.receipts {
            Some(ReceiptsFile::Dir(dir)) => Some(dir.clone()),
            Some(ReceiptsFile::S3 { .. }) | None => None,
        };
        let active = accounts.iter().filter(|account| account.status() == Status::Active);
        let senders = active.filter_map(|account| account.id().and_then(AccountId::parse)).collect();
        Ok(Wired {
            gate,
            receipts,
            faults,
            service,
            region: file.region,
            files,
            inventory,
            zones: file.zones,
            accounts,
            accounts_digest,
            senders,
            patterns,
            policies: settings,
            whole: file.whole,
        })
    }
}

/// The accounts file that a gate file names, and the digest of its text.
///
/// # Errors
/// When it cannot be read or is wrong.
pub fn accounts(base: &Path, file: &GateFile, loader: &Loader) -> Result<(Arc<Accounts>, Digest), Failure> {
    let path = base.join(&file.accounts);
    let text = loader.read_text(&path)?;
    // Read under the name that a person can open, for errors.
    Accounts::parse(&path.display().to_string(), &text)?;
    // Facts name the file as the gate file does: a receipt must not depend on the folder a gate was started from.
    let accounts = Accounts::parse(&file.accounts.display().to_string(), &text)?;
    Ok((Arc::new(accounts), Digest::of(text.as_bytes())))
}

/// The policies that a gate file names, loaded.
#[derive(Debug)]
pub struct NamedPolicies {
    /// The policies, and the digest of the gate file.
    pub set: PolicySet,
    /// Policies whose plugin the sandbox refused.
    pub faults: Vec<(String, Fault)>,
    /// Settings of each policy, in the order of the gate file.
    pub settings: Vec<PolicySettings>,
}

/// Reads and loads the policies that a gate file names.
///
/// # Errors
/// When one is not there, is named twice, judges no known kind, or has a file that is wrong.
pub fn policies(
    base: &Path,
    file: &GateFile,
    loader: &Loader,
    accounts: &Accounts,
    parameters: &Parameters,
) -> Result<NamedPolicies, Failure> {
    let root = base.join(&file.policies_root);
    let (mut policies, mut faults): (Vec<Policy>, Vec<_>) = (Vec::new(), Vec::new());
    let mut settings = Vec::new();
    for (name, place) in &file.policies {
        let folder = policy_folder(base, &root, name).ok_or_else(|| no_policy(name, place, &root))?;
        let loaded = policy(&folder, loader, accounts, parameters)?;
        if policies.iter().any(|other| other.id == loaded.policy.id) {
            return Err(Failure::new(format!("{place}: policy `{}` is named twice", loaded.policy.id)));
        }
        let known: Vec<&str> = BUILT_IN.into_iter().chain(file.kinds.iter().map(|route| route.kind.name())).collect();
        let unknown = loaded.policy.kinds.iter().flatten().find(|kind| !known.contains(&kind.as_str()));
        if let Some(kind) = unknown {
            // A policy that judges a misspelt kind would judge nothing, in silence.
            let file = folder.join("policy.yaml");
            let failure = Failure::new(format!("{}: `kinds` names `{kind}`, which is no kind", file.display()));
            return Err(match reeve_yaml::closest(kind, known) {
                Some(close) => failure.hint(format!("did you mean `{close}`?")),
                None => failure.hint("a team's kind is declared in the gate file"),
            });
        }
        faults.extend(loaded.fault.map(|fault| (loaded.policy.id.clone(), fault)));
        settings.push(loaded.settings);
        policies.push(loaded.policy);
    }
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    let digest = Digest::of(reeve_json::canonical(&file.whole).as_bytes());
    Ok(NamedPolicies { set: PolicySet { digest, policies }, faults, settings })
}

/// The same with paths that do not depend on where the process was started.
fn resolved(service: ServiceFile, base: &Path) -> ServiceFile {
    let receipts = service.receipts.map(|receipts| match receipts {
        ReceiptsFile::Dir(dir) => ReceiptsFile::Dir(base.join(dir)),
        s3 @ ReceiptsFile::S3 { .. } => s3,
    });
    let ledger = service.ledger.map(|ledger| match ledger {
        LedgerFile::Sqlite(path) => LedgerFile::Sqlite(base.join(path)),
        table @ LedgerFile::DynamoDb(_) => table,
    });
    ServiceFile { receipts, ledger, ..service }
}

/// A gate that judges and does nothing: requests are remembered for one run.
#[must_use]
pub fn dry_runner(gate: Gate, receipts: Box<dyn Receipts>, clock: Box<dyn Fn() -> Timestamp + Send + Sync>) -> Runner {
    Runner { gate, ledger: Box::new(MemoryLedger::default()), receipts, replies: None, execute: None, clock }
}

/// A policy is a folder name below the root, or a path from the gate file.
fn policy_folder(base: &Path, root: &Path, name: &str) -> Option<PathBuf> {
    let named = root.join(name);
    let candidates = if name.contains('/') { vec![base.join(name), named] } else { vec![named] };
    candidates.into_iter().find(|folder| folder.join("policy.yaml").is_file())
}

fn no_policy(name: &str, place: &str, root: &Path) -> Failure {
    let there: Vec<String> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("policy.yaml").is_file())
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    let failure = Failure::new(format!("{place}: there is no policy `{name}` in `{}`", root.display()));
    match reeve_yaml::closest(name, there.iter().map(String::as_str)) {
        Some(close) => failure.hint(format!("did you mean `{close}`?")),
        None => failure.hint("`policies-root` names the folder in which policies are looked up"),
    }
}

/// A policy and, if the sandbox refused its plugin, why.
#[derive(Debug)]
pub struct LoadedPolicy {
    /// The policy.
    pub policy: Policy,
    /// Why its plugin was not loaded.
    pub fault: Option<Fault>,
    /// What else its file says.
    pub settings: PolicySettings,
}

/// Reads and loads one policy. A plugin that the sandbox refuses makes a policy that denies.
///
/// # Errors
/// When a file or a parameter cannot be read or is wrong.
pub fn policy(
    folder: &Path,
    loader: &Loader,
    accounts: &Accounts,
    parameters: &Parameters,
) -> Result<LoadedPolicy, Failure> {
    let path = folder.join("policy.yaml");
    let mut file = PolicyFile::parse(&path.display().to_string(), &loader.read_text(&path)?)?;
    let tables = Tables { folder, loader, accounts, parameters };
    let made = file.datasets.iter().map(|(name, source)| Ok((name.clone(), tables.make(name, source)?)));
    let datasets = Datasets::new(made.collect::<Result<Vec<_>, Failure>>()?);
    let (bytes, digest) = plugin_bytes(folder, loader, &file)?;
    let whole = settings(folder, loader, &file)?;
    let settings = reeve_json::canonical(&whole);
    let digests = PolicyDigests {
        plugin: digest,
        settings: Digest::of(settings.as_bytes()),
        datasets: datasets.digests().map(|(name, digest)| (name.to_owned(), digest.clone())).collect(),
    };
    let limits = limits(&file);
    let loaded = loader.sandbox.load(&bytes, &settings, datasets, limits);
    let fault = loaded.as_ref().err().cloned();
    let plugin = match loaded {
        Ok(plugin) => Asking::Loaded(Box::new(plugin)),
        Err(fault) => Asking::Faulty(fault),
    };
    file.datasets.retain(|(_, source)| source.parameter().is_some());
    let settings = PolicySettings {
        id: file.name.clone(),
        folder: folder.to_owned(),
        kinds: file.kinds.clone(),
        settings: whole,
        tables: file.datasets,
        limits,
    };
    let policy = Policy {
        id: file.name,
        kinds: file.kinds,
        mode: file.mode,
        needs: file.needs,
        digests,
        plugin: Arc::new(plugin),
    };
    Ok(LoadedPolicy { policy, fault, settings })
}

/// The bytes of a policy's plugin and their digest, compared with the one that the file pins.
///
/// # Errors
/// When the file cannot be read or has another digest.
pub fn plugin_bytes(folder: &Path, loader: &Loader, file: &PolicyFile) -> Result<(Vec<u8>, Digest), Failure> {
    let path = folder.join(&file.plugin);
    let bytes = loader.read(&path).map_err(|failure| {
        Failure::new(format!("{}: {failure}", file.plugin_place)).hint("build the plugins with `cargo xtask guests`")
    })?;
    let actual = Digest::of(&bytes);
    match &file.digest {
        Some(pinned) if *pinned != actual => {
            let message = format!("PLUGIN_NOT_PINNED: `{}` has the digest {actual}, not {pinned}", path.display());
            Err(Failure::new(format!("{}: {message}", file.plugin_place)))
        }
        Some(_) | None => Ok((bytes, actual)),
    }
}

/// Largest file that is the value of one setting, bytes: what is read of it is copied into every instance.
const SETTING_BYTES_MAX: usize = 16 * 1_048_576;

/// The settings of a policy file, with those that are files of their own.
///
/// # Errors
/// When such a file cannot be read or is too large.
pub fn settings(folder: &Path, loader: &Loader, file: &PolicyFile) -> Result<Value, Failure> {
    let mut settings = file.settings.clone();
    let Value::Object(object) = &mut settings else { return Ok(settings) };
    for (key, path, place) in &file.settings_files {
        let text =
            loader.read_text(&folder.join(path)).map_err(|failure| Failure::new(format!("{place}: {failure}")))?;
        if text.len() > SETTING_BYTES_MAX {
            return Err(Failure::new(format!("{place}: `{path}` has more than {SETTING_BYTES_MAX} bytes")));
        }
        object.set(key.as_str(), text.trim_end());
    }
    Ok(settings)
}

/// The limits of a policy file, with the sandbox's defaults for what it leaves out.
#[must_use]
pub fn limits(file: &PolicyFile) -> Limits {
    let defaults = Limits::default();
    let bytes = |given: Option<u64>, default| given.and_then(|it| usize::try_from(it).ok()).unwrap_or(default);
    Limits {
        fuel: file.limits.fuel.unwrap_or(defaults.fuel),
        memory_bytes: bytes(file.limits.memory_bytes, defaults.memory_bytes),
        timeout_ms: file.limits.timeout_ms.unwrap_or(defaults.timeout_ms),
        reply_bytes: bytes(file.limits.reply_bytes, defaults.reply_bytes),
    }
}
