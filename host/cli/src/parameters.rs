//! Parameters that tables of policies are made of, and where they are read.

use crate::checks;
use crate::exit::Failure;
use reeve_aws::client::Aws;
use reeve_aws::facts;
use reeve_engine::{FactError, Facts};
use reeve_json::Value;
use reeve_kinds::{Need, Parameter};
use reeve_local::RecordedFacts;
use reeve_model::{AccountId, Digest};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Parameters by their names; of a path, by the last part of the name.
pub type Found = BTreeMap<String, Parameter>;

/// Parameters that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Those of these names that exist.
    Named(BTreeSet<String>),
    /// Those right below a path, which is written without `/` at its end.
    Below(String),
}

/// A place where parameters are.
pub trait ReadParameters: Debug + Send + Sync {
    /// Reads them.
    ///
    /// # Errors
    /// What cannot be read. What is not there is no error.
    fn read(&self, asked: &Asked) -> Result<Found, Failure>;

    /// Where they are, to be put behind "there is no parameter".
    fn place(&self) -> String;
}

/// What was read, each with the digest of what was found; none for what could not be read.
pub(crate) type Seen = BTreeMap<Asked, Option<Digest>>;

/// Where the parameters of tables are read.
#[derive(Debug)]
pub struct Parameters {
    /// None where nobody asks the tables.
    source: Option<Arc<dyn ReadParameters>>,
    /// What was read for the set that is being made; none for what could not be read.
    read: Mutex<BTreeMap<Asked, Option<Found>>>,
}

impl Parameters {
    /// Those of a place.
    #[must_use]
    pub fn of(source: Arc<dyn ReadParameters>) -> Self {
        Self { source: Some(source), read: Mutex::default() }
    }

    /// Those of recorded facts.
    #[must_use]
    pub fn recorded(files: &RecordedFacts) -> Self {
        Self::of(Arc::new(Recorded(files.clone())))
    }

    /// Those of the gate's account, as they are now.
    #[must_use]
    pub fn live(aws: Aws, account: AccountId) -> Self {
        Self::of(Arc::new(Live { aws, account, ours: OnceLock::new() }))
    }

    /// None is read, and tables of parameters are empty: for commands that ask no policy.
    #[must_use]
    pub fn unread() -> Self {
        Self { source: None, read: Mutex::default() }
    }

    /// Reads parameters; nothing where tables are to be empty. What is asked for again before [`Self::take_seen`] is as it
    /// was: two policies of one set have the same table.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn read(&self, asked: &Asked) -> Result<Option<Found>, Failure> {
        let Some(source) = &self.source else { return Ok(None) };
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(found)) = known.get(asked) {
            return Ok(Some(found.clone()));
        }
        let read = source.read(asked);
        known.insert(asked.clone(), read.as_ref().ok().cloned());
        read.map(Some)
    }

    /// Whether tables are made of what is there.
    pub(crate) fn are_read(&self) -> bool {
        self.source.is_some()
    }

    /// Where they are.
    pub(crate) fn place(&self) -> String {
        self.source.as_ref().map(|source| source.place()).unwrap_or_default()
    }

    /// What was read since this was made, or since this was asked.
    pub(crate) fn take_seen(&self) -> Seen {
        let read = std::mem::take(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner));
        read.into_iter().map(|(asked, found)| (asked, found.as_ref().map(digest))).collect()
    }

    /// What is there now of what was read before.
    ///
    /// # Errors
    /// The first that cannot be read and could be before.
    pub(crate) fn look(&self, before: &Seen) -> Result<Seen, Failure> {
        let Some(source) = &self.source else { return Ok(Seen::new()) };
        let now = |(asked, then): (&Asked, &Option<Digest>)| match source.read(asked) {
            Err(failure) if then.is_some() => Err(failure),
            read => Ok((asked.clone(), read.ok().as_ref().map(digest))),
        };
        before.iter().map(now).collect()
    }
}

fn digest(found: &Found) -> Digest {
    let parameter = |it: &Parameter| Value::array([it.parameter_type.as_str(), it.value.as_str()]);
    let all = Value::object(found.iter().map(|(name, it)| (name.as_str(), parameter(it))));
    Digest::of(reeve_json::canonical(&all).as_bytes())
}

fn failed(error: FactError) -> Failure {
    Failure::new(error.to_string())
}

/// Parameters of recorded facts.
#[derive(Debug)]
struct Recorded(RecordedFacts);

impl ReadParameters for Recorded {
    fn read(&self, asked: &Asked) -> Result<Found, Failure> {
        let read = match asked {
            Asked::Named(names) => self.0.world(&[Need::Parameters(names.clone())]).map(|world| world.parameters),
            Asked::Below(path) => self.0.parameters_below(path),
        };
        read.map_err(failed).map_err(|failure| {
            failure.hint("what does not touch AWS takes parameters from the gate's file of facts: write them there")
        })
    }

    fn place(&self) -> String {
        format!("in `{}`", self.0.file())
    }
}

/// Parameters of the gate's account.
#[derive(Debug)]
struct Live {
    aws: Aws,
    account: AccountId,
    /// Set once it is known that the credentials are of that account: another one's parameters are another table.
    ours: OnceLock<()>,
}

impl ReadParameters for Live {
    fn read(&self, asked: &Asked) -> Result<Found, Failure> {
        if self.ours.get().is_none() {
            let identity = checks::identity(&self.aws, &self.account);
            if let Some(problem) = identity.problems().first() {
                return Err(Failure::new(format!("{}: {problem}", identity.what)));
            }
            let _ = self.ours.set(());
        }
        let read = match asked {
            Asked::Named(names) => facts::parameters(&self.aws, names),
            Asked::Below(path) => facts::parameters_below(&self.aws, path),
        };
        read.map_err(failed)
    }

    fn place(&self) -> String {
        format!("in Parameter Store of account `{}`", self.account)
    }
}

/// A function's environments live for hours, each with what it has read at its start: what was taken away from an account
/// would still be its own in some of them.
#[derive(Debug)]
pub struct OfFunction;

impl OfFunction {
    /// Why there is no such table.
    #[must_use]
    pub fn refusal() -> Failure {
        Failure::new("a function cannot keep a table of parameters: nothing tells it that one has changed")
            .hint("write the parameter as a need, which is read for each request, or run the gate with `reeve serve`")
    }
}

impl ReadParameters for OfFunction {
    fn read(&self, _asked: &Asked) -> Result<Found, Failure> {
        Err(Self::refusal())
    }

    fn place(&self) -> String {
        String::new()
    }
}
