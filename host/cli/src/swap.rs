//! Another policy set for a gate that is serving: read, loaded, tried on its own cases, and only then put to work.
//!
//! What can be replaced is what the gate file names under `policies`, with all that belongs to it, parameters of its tables
//! included, and the accounts file. Anything else that differs in the gate file needs a new process, and is refused here.
//! Whatever fails, the set at work goes on.

mod keep;
mod looks;

use crate::commands::policy_test;
use crate::exit::Failure;
use crate::loader::{Loader, Stamp};
use crate::parameters::{Parameters, Seen};
use crate::wiring::{self, NamedPolicies, PolicySettings, Wired, folder};
pub(crate) use keep::{Swaps, keep};
use reeve_accounts::Accounts;
use reeve_config::GateFile;
use reeve_engine::{Policies, PolicySet};
use reeve_json::Value;
use reeve_local::Directory;
use reeve_model::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key of the gate file that may change.
const POLICIES: &str = "policies";

/// What the gate judges by at one moment.
#[derive(Debug, Clone)]
struct Judges {
    set: Arc<PolicySet>,
    /// What each policy is made of, by its name.
    made_of: BTreeMap<String, MadeOf>,
    accounts: Arc<Accounts>,
    /// Digest of the accounts file.
    digest: Digest,
    /// The parameters that its tables were made of.
    found: Seen,
}

/// What files say of judges.
struct Read {
    set: Arc<PolicySet>,
    settings: Vec<PolicySettings>,
    /// With the digest of the accounts file.
    accounts: (Arc<Accounts>, Digest),
}

/// What a policy is made of, as text to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MadeOf {
    /// What its parameters have made of its tables.
    tables: String,
    /// What its files say.
    rest: String,
}

impl MadeOf {
    fn new(policy: &reeve_engine::Policy, settings: Option<&PolicySettings>) -> Self {
        let of_parameters = settings.map(|it| it.tables.as_slice()).unwrap_or_default();
        let (tables, of_files): (Vec<_>, Vec<_>) =
            policy.digests.datasets.iter().partition(|(name, _)| of_parameters.iter().any(|(other, _)| other == name));
        let sources: Vec<_> =
            of_parameters.iter().map(|(name, source)| (name, source.index(), source.parameter())).collect();
        let (kinds, mode, needs) = (&policy.kinds, policy.mode, &policy.needs);
        let (plugin, read, limits) = (&policy.digests.plugin, &policy.digests.settings, settings.map(|it| it.limits));
        Self {
            tables: format!("{tables:?}"),
            rest: format!("{kinds:?} {mode:?} {needs:?} {plugin} {read} {of_files:?} {sources:?} {limits:?}"),
        }
    }
}

impl Judges {
    fn new(Read { set, settings, accounts: (accounts, digest) }: Read, found: Seen) -> Self {
        let made_of =
            |policy: &reeve_engine::Policy| MadeOf::new(policy, settings.iter().find(|it| it.id == policy.id));
        let made_of = set.policies.iter().map(|policy| (policy.id.clone(), made_of(policy))).collect();
        Self { set, made_of, accounts, digest, found }
    }

    /// Names of the policies that are not the same in both.
    fn differing(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.made_of.keys().chain(other.made_of.keys()).collect();
        names.into_iter().filter(|name| self.made_of.get(*name) != other.made_of.get(*name)).cloned().collect()
    }

    /// Whether both were read from the same files; parameters may have made other tables.
    fn is_of_the_same_files(&self, other: &Self) -> bool {
        let rest = |it: &Self| -> Vec<(String, String)> {
            it.made_of.iter().map(|(name, made_of)| (name.clone(), made_of.rest.clone())).collect()
        };
        self.set.digest == other.set.digest && self.digest == other.digest && rest(self) == rest(other)
    }
}

/// Replaces the policy set of a gate.
#[derive(Debug)]
pub(crate) struct Swap {
    path: PathBuf,
    loader: Loader,
    parameters: Arc<Parameters>,
    /// The gate file without what may change, in its canonical form.
    fixed: String,
    policies: Arc<Policies>,
    directory: Directory,
    at_work: Judges,
    /// What was at work before the files changed, to go back to.
    before: Option<Judges>,
    /// Whether what is at work is not what the files say, since somebody went back.
    went_back: bool,
    /// The files that what is at work, or was tried last, was read from, and how they looked.
    files: BTreeMap<PathBuf, Option<Stamp>>,
    /// The parameters of what was tried last and refused, as they were then.
    tried: Seen,
}

/// What came of a swap.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swapped {
    /// Another set is at work: policies that are new, gone or changed.
    Replaced(Vec<String>),
    /// Files and parameters say what is at work already.
    Same,
    /// The parameters were not as they had looked: they are looked at again.
    Moving,
}

/// How the parameters looked that a set was read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    seen: Seen,
    /// Whether they had looked so twice. They are not waited for for ever.
    settled: bool,
}

/// How files looked at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilesLook(BTreeMap<PathBuf, Option<Stamp>>);

impl Swap {
    /// A gate that was wired from the file at `path` with this loader and these parameters.
    pub(crate) fn new(path: &Path, loader: Loader, parameters: Parameters, wired: &Wired) -> Self {
        let accounts = (Arc::clone(&wired.accounts), wired.accounts_digest.clone());
        let read = Read { set: wired.gate.policies.current(), settings: wired.policies.clone(), accounts };
        Self {
            path: path.to_owned(),
            fixed: fixed(&wired.whole),
            policies: Arc::clone(&wired.gate.policies),
            directory: wired.files.directory().clone(),
            at_work: Judges::new(read, parameters.take_seen()),
            before: None,
            went_back: false,
            files: loader.take_seen(),
            tried: Seen::new(),
            parameters: Arc::new(parameters),
            loader,
        }
    }

    /// How the files look now, if not as they did when they were read.
    pub(crate) fn changed(&self) -> Option<FilesLook> {
        let now: BTreeMap<PathBuf, Option<Stamp>> =
            self.files.keys().map(|path| (path.clone(), Stamp::of(path))).collect();
        (now != self.files).then_some(FilesLook(now))
    }

    /// The parameters to be looked at: those of the set at work and of the one that was refused last, as they were then.
    fn watched(&self) -> Seen {
        let mut watched = self.at_work.found.clone();
        watched.extend(self.tried.clone());
        watched
    }

    /// Reads all files and parameters again, and puts what they say to work. `look` is how the parameters looked, where
    /// that is the reason.
    ///
    /// # Errors
    /// Why what is at work stays: a file or parameter that is wrong, a plugin that does not load, a case that fails.
    pub(crate) fn reload(&mut self, look: Option<&Look>) -> Result<Swapped, Failure> {
        if look.is_none() {
            // Whoever went back has the files read again: from now on they count.
            self.went_back = false;
        }
        let before = self.files.clone();
        // Nothing that an attempt before this one has read is taken for what is there now.
        drop((self.loader.take_seen(), self.parameters.take_seen()));
        // Looks are taken before the files are read: what changes meanwhile is a change again.
        for (path, stamp) in &mut self.files {
            *stamp = Stamp::of(path);
        }
        let read = self.read();
        self.files.extend(self.loader.take_seen());
        let found = self.parameters.take_seen();
        if look.is_some_and(|look| look.settled && moved(&look.seen, &found)) {
            // Nor is a file taken for read whose change was not put to work.
            self.files = before;
            return Ok(Swapped::Moving);
        }
        let read = read.inspect_err(|_| {
            // Tried once: until one of them changes again, it would end in the same way.
            self.tried = look.map(|look| look.seen.clone()).unwrap_or_default();
            self.tried.extend(found.clone());
        })?;
        self.tried.clear();
        let judges = Judges::new(read, found);
        let changed = self.at_work.differing(&judges);
        let same_files = self.at_work.is_of_the_same_files(&judges);
        if changed.is_empty() && same_files {
            self.at_work.found = judges.found;
            return Ok(Swapped::Same);
        }
        let before = self.put(judges);
        // What somebody would go back from is another policy, not another row.
        if !same_files {
            self.before = Some(before);
        }
        Ok(Swapped::Replaced(changed))
    }

    /// Puts to work what was at work before the files changed, with its tables as they were. It stays until the files are
    /// read again: whoever goes back does not want what they say.
    ///
    /// # Errors
    /// When nothing was.
    pub(crate) fn roll_back(&mut self) -> Result<Vec<String>, Failure> {
        let Some(before) = self.before.take() else {
            return Err(Failure::new("there is no policy set to go back to: this is the one the gate started with"));
        };
        let changed = self.at_work.differing(&before);
        self.before = Some(self.put(before));
        // The second time leads back to what the files say.
        self.went_back = !self.went_back;
        self.tried.clear();
        Ok(changed)
    }

    /// Gives back what was at work.
    fn put(&mut self, judges: Judges) -> Judges {
        self.directory.replace(Arc::clone(&judges.accounts));
        self.policies.replace(Arc::clone(&judges.set));
        std::mem::replace(&mut self.at_work, judges)
    }

    fn read(&self) -> Result<Read, Failure> {
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
        let accounts = wiring::accounts(base, &file, &self.loader)?;
        let NamedPolicies { set, faults, settings } =
            wiring::policies(base, &file, &self.loader, &accounts.0, &self.parameters)?;
        if let Some((policy, fault)) = faults.first() {
            let message = format!("the plugin of policy `{policy}` {fault}");
            return Err(Failure::new(message).hint("`reeve policy test` loads it as a gate does"));
        }
        for policy in &settings {
            if policy.folder.join("cases").is_dir() {
                self.cases(&policy.folder)?;
            }
        }
        Ok(Read { set: Arc::new(set), settings, accounts })
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

/// Whether one of the parameters was read otherwise than it had looked. One that could not be read is told, as any error.
fn moved(look: &Seen, read: &Seen) -> bool {
    read.iter().any(|(asked, found)| found.is_some() && look.get(asked).is_some_and(|looked| looked != found))
}

/// The gate file without what may change, as text to compare.
fn fixed(whole: &Value) -> String {
    let Value::Object(object) = whole else { return reeve_json::canonical(whole) };
    let mut rest = object.clone();
    rest.set(POLICIES, Value::Null);
    reeve_json::canonical(&Value::Object(rest))
}

#[cfg(test)]
mod tests;
