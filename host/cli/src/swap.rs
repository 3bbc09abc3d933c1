//! Another policy set for a gate that is serving: read, loaded, tried on its own cases, and only then put to work.
//!
//! What can be replaced is what the gate file names under `policies`, with all that belongs to it, parameters of its tables
//! included, and the accounts file.
//! Anything else that differs in the gate file needs a new process, and is refused here. Whatever fails, the set at work
//! goes on.

use crate::commands::policy_test;
use crate::exit::Failure;
use crate::loader::Loader;
use crate::parameters::{Parameters, Seen};
use crate::wiring::{self, NamedPolicies, Wired, folder};
use reeve_accounts::Accounts;
use reeve_config::GateFile;
use reeve_engine::{Policies, PolicySet};
use reeve_json::Value;
use reeve_local::Directory;
use reeve_model::Digest;
use reeve_serve::Metrics;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{error, info};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the parameters of tables are looked at: each look is a call for ten of them, and facts are kept as long.
const LOOK_AT_PARAMETERS_EVERY: Duration = Duration::from_secs(30);

/// The key of the gate file that may change.
const POLICIES: &str = "policies";

/// What the gate judges by at one moment.
#[derive(Debug, Clone)]
struct Judges {
    set: Arc<PolicySet>,
    accounts: Arc<Accounts>,
    /// Digest of the accounts file.
    digest: Digest,
}

/// Replaces the policy set of a gate.
#[derive(Debug)]
pub(crate) struct Swap {
    path: PathBuf,
    loader: Loader,
    parameters: Parameters,
    /// The gate file without what may change, in its canonical form.
    fixed: String,
    policies: Arc<Policies>,
    directory: Directory,
    /// Digest of the accounts file at work.
    accounts: Digest,
    /// What was at work before, to go back to.
    before: Option<Judges>,
    /// The files that what is at work, or was tried last, was read from, and how they looked.
    files: BTreeMap<PathBuf, Option<Stamp>>,
    /// The same for the parameters of tables.
    found: Seen,
    /// When parameters are looked at next.
    look_at_parameters: Instant,
}

/// How a file looks from outside. Whoever changes it changes one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed_nanos: i128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let it = std::fs::metadata(path).ok()?;
        let changed_nanos = i128::from(it.ctime()) * 1_000_000_000 + i128::from(it.ctime_nsec());
        Some(Self { device: it.dev(), inode: it.ino(), bytes: it.size(), changed_nanos })
    }
}

/// What came of a swap.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swapped {
    /// Another set is at work: policies that are new, gone or changed.
    Replaced(Vec<String>),
    /// The files say what is at work already.
    Same,
}

impl Swap {
    /// A gate that was wired from the file at `path` with this loader.
    pub(crate) fn new(path: &Path, loader: Loader, parameters: Parameters, wired: &Wired) -> Self {
        let mut swap = Self {
            path: path.to_owned(),
            fixed: fixed(&wired.whole),
            policies: Arc::clone(&wired.gate.policies),
            directory: wired.files.directory().clone(),
            accounts: wired.accounts_digest.clone(),
            before: None,
            files: BTreeMap::new(),
            found: parameters.take_seen(),
            look_at_parameters: Instant::now() + LOOK_AT_PARAMETERS_EVERY,
            parameters,
            loader,
        };
        swap.watch();
        swap
    }

    /// Remembers how the files look that were read.
    fn watch(&mut self) {
        let stamped = self.loader.take_seen().into_iter().map(|path| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        });
        self.files.extend(stamped);
    }

    /// How the files and the parameters look now, if not as they did when they were read.
    pub(crate) fn changed(&mut self) -> Option<Look> {
        let files: BTreeMap<PathBuf, Option<Stamp>> =
            self.files.keys().map(|path| (path.clone(), Stamp::of(path))).collect();
        let found = self.look();
        (files != self.files || found != self.found).then_some(Look { files, found })
    }

    /// What is found of the parameters now. What has changed is looked at again the next time, whenever that is.
    fn look(&mut self) -> Seen {
        if Instant::now() < self.look_at_parameters {
            return self.found.clone();
        }
        let found = self.parameters.look(&self.found);
        if found == self.found {
            self.look_at_parameters = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
        }
        found
    }

    /// Reads all files and parameters again, and puts what they say to work.
    ///
    /// # Errors
    /// Why what is at work stays: a file or parameter that is wrong, a plugin that does not load, a case that fails.
    pub(crate) fn reload(&mut self) -> Result<Swapped, Failure> {
        // Looks are taken before the files are read: what changes meanwhile is a change again.
        for (path, stamp) in &mut self.files {
            *stamp = Stamp::of(path);
        }
        let read = self.read();
        let known: BTreeSet<PathBuf> = self.files.keys().cloned().collect();
        let seen = self.loader.take_seen();
        self.files.extend(seen.into_iter().filter(|path| !known.contains(path)).map(|path| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        }));
        let found = self.parameters.take_seen();
        self.look_at_parameters = Instant::now() + LOOK_AT_PARAMETERS_EVERY;
        if read.is_ok() {
            self.found = found;
        } else {
            // What the set at work was made of is looked at all the same.
            self.found.extend(found);
        }
        let judges = read?;
        let current = self.policies.current();
        let changed = differing(&current, &judges.set);
        if changed.is_empty() && current.digest == judges.set.digest && self.accounts == judges.digest {
            return Ok(Swapped::Same);
        }
        self.put(judges);
        Ok(Swapped::Replaced(changed))
    }

    /// Puts to work what was at work before.
    ///
    /// # Errors
    /// When nothing was.
    pub(crate) fn roll_back(&mut self) -> Result<Vec<String>, Failure> {
        let Some(before) = self.before.take() else {
            return Err(Failure::new("there is no policy set to go back to: this is the one the gate started with"));
        };
        let changed = differing(&self.policies.current(), &before.set);
        self.put(before);
        Ok(changed)
    }

    fn put(&mut self, judges: Judges) {
        let accounts = self.directory.replace(judges.accounts);
        let set = self.policies.replace(judges.set);
        let digest = std::mem::replace(&mut self.accounts, judges.digest);
        self.before = Some(Judges { set, accounts, digest });
    }

    fn read(&self) -> Result<Judges, Failure> {
        let base = folder(&self.path);
        let open = |name: &str| self.loader.read(&base.join(name)).map_err(|failure| failure.to_string());
        let shown = self.path.display().to_string();
        let file = GateFile::parse(&shown, &self.loader.read_text(&self.path)?, &open)?;
        if fixed(&file.whole) != self.fixed {
            let message = format!("GATE_CHANGED: `{shown}` differs in more than `{POLICIES}`");
            return Err(
                Failure::new(message).hint("start the gate again: sources, kinds and brakes are read at its start")
            );
        }
        let (accounts, digest) = wiring::accounts(base, &file, &self.loader)?;
        let NamedPolicies { set, faults, settings } =
            wiring::policies(base, &file, &self.loader, &accounts, &self.parameters)?;
        if let Some((policy, fault)) = faults.first() {
            let message = format!("the plugin of policy `{policy}` {fault}");
            return Err(Failure::new(message).hint("`reeve policy test` loads it as a gate does"));
        }
        for policy in settings {
            if policy.folder.join("cases").is_dir() {
                self.cases(&policy.folder)?;
            }
        }
        Ok(Judges { set: Arc::new(set), accounts, digest })
    }

    /// Runs the cases of a policy; each must pass.
    fn cases(&self, folder: &Path) -> Result<(), Failure> {
        let results = policy_test::cases(folder, &self.loader, None)?;
        let failed = results.iter().find(|it| !it.problems.is_empty());
        match failed {
            None => Ok(()),
            Some(case) => {
                let problems = case.problems.join("; ");
                Err(Failure::new(format!("{}: the case fails: {}: {problems}", case.file, case.name)))
            }
        }
    }
}

/// What became of swaps, for metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Swaps(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    replaced: AtomicU64,
    refused: AtomicU64,
    rolled_back: AtomicU64,
}

impl Swaps {
    /// Counters among the metrics of a gate.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let swaps = Self::default();
        type Read = fn(&Counts) -> &AtomicU64;
        let counters: [(&str, &str, Read); 3] = [
            ("policy_sets_replaced", "Policy sets that took the place of another", |it| &it.replaced),
            ("policy_sets_refused", "Policy sets that were read and not put to work", |it| &it.refused),
            ("policy_sets_rolled_back", "Times that the set before was put to work again", |it| &it.rolled_back),
        ];
        for (name, help, read) in counters {
            let counts = Arc::clone(&swaps.0);
            metrics.add_counter(name, help, move || read(&counts).load(Ordering::Relaxed));
        }
        swaps
    }
}

/// Keeps the policy set as its files are, as long as it is polled.
pub(crate) async fn keep(swap: Swap, swaps: Swaps) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut again), Ok(mut back)) = (signal(SignalKind::hangup()), signal(SignalKind::user_defined1())) else {
        error!("signals cannot be waited for: the policies stay as they are");
        return;
    };
    let swap = Arc::new(Mutex::new(swap));
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut unsettled = None;
    loop {
        let back = tokio::select! {
            _ = look.tick() => {
                let now = in_background(&swap, |swap| swap.changed()).await.flatten();
                // Only what looks the same twice is written to its end.
                let settled = now.is_some() && now == unsettled;
                unsettled = now;
                if !settled {
                    continue;
                }
                false
            }
            _ = again.recv() => false,
            _ = back.recv() => true,
        };
        unsettled = None;
        let told = in_background(&swap, move |swap| report(swap, back)).await;
        let counter = match told {
            Some(Told::Replaced) => &swaps.0.replaced,
            Some(Told::RolledBack) => &swaps.0.rolled_back,
            Some(Told::Same) => continue,
            Some(Told::Refused) => &swaps.0.refused,
            None => {
                error!("reading the policies panicked: the policy set stays as it is");
                &swaps.0.refused
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Works on a thread that may wait. A panic there is a refusal: what is at work stays.
async fn in_background<T: Send + 'static>(
    swap: &Arc<Mutex<Swap>>,
    work: impl FnOnce(&mut Swap) -> T + Send + 'static,
) -> Option<T> {
    let swap = Arc::clone(swap);
    let task = tokio::task::spawn_blocking(move || work(&mut swap.lock().unwrap_or_else(PoisonError::into_inner)));
    task.await.ok()
}

enum Told {
    Replaced,
    Refused,
    RolledBack,
    Same,
}

fn report(swap: &mut Swap, back: bool) -> Told {
    let swapped = if back { swap.roll_back().map(Swapped::Replaced) } else { swap.reload() };
    match swapped {
        Ok(Swapped::Replaced(policies)) => {
            let digest = swap.policies.current().digest.to_string();
            let policies = policies.join(",");
            if back {
                info!(policies, gate_file = digest, "went back to the policy set before");
                return Told::RolledBack;
            }
            info!(policies, gate_file = digest, "another policy set is at work");
            Told::Replaced
        }
        Ok(Swapped::Same) => {
            info!("the files say what is at work already");
            Told::Same
        }
        Err(failure) => {
            error!(reason = failure.line(), "the policy set stays as it is");
            Told::Refused
        }
    }
}

/// How files and parameters looked at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look {
    files: BTreeMap<PathBuf, Option<Stamp>>,
    found: Seen,
}

/// The gate file without what may change, as text to compare.
fn fixed(whole: &Value) -> String {
    let Value::Object(object) = whole else { return reeve_json::canonical(whole) };
    let mut rest = object.clone();
    rest.set(POLICIES, Value::Null);
    reeve_json::canonical(&Value::Object(rest))
}

/// Ids of the policies that are not the same in both sets.
fn differing(one: &PolicySet, other: &PolicySet) -> Vec<String> {
    let described = |set: &PolicySet| -> BTreeMap<String, String> {
        let text = |it: &reeve_engine::Policy| format!("{:?} {:?} {:?} {:?}", it.kinds, it.mode, it.needs, it.digests);
        set.policies.iter().map(|policy| (policy.id.clone(), text(policy))).collect()
    };
    let (one, other) = (described(one), described(other));
    let ids: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    ids.into_iter().filter(|id| one.get(*id) != other.get(*id)).cloned().collect()
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
