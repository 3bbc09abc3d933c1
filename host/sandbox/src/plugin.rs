//! A loaded plugin: each time it is asked, a fresh instance answers.

use crate::classify::fault;
use crate::convert;
use crate::dataset::{Dataset, Datasets, Index};
use crate::engine::Sandbox;
use crate::image::{Evaluate, Image, SPARE_FUEL, Setup, Start, rearm};
use crate::inspect::{Inspection, inspection};
use crate::limits::{CONFIGURE_FUEL, Limits};
use crate::places::Places;
use crate::state::State;
use bumpalo::Bump;
use reeve_engine::{Ask, Asked};
use reeve_model::{Answer, Digest, Fault, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::Store;

/// The contract that this host speaks.
pub const CONTRACT: &str = "reeve:policy@0.1.0";

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name.
    pub name: String,
    /// Version of the plugin.
    pub version: String,
    /// Kinds it can judge; empty means any.
    pub kinds: Vec<String>,
    /// JSON Schema of its settings.
    pub settings_schema: String,
    /// Reason codes and their texts.
    pub reasons: Vec<(String, String)>,
}

/// A plugin with its settings, tables and limits.
pub struct Plugin {
    places: Arc<Places>,
    image: Arc<Image>,
    setup: Setup,
    /// Fuel of the evaluation before.
    last_fuel: AtomicU64,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("inspection", self.inspection()).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Loads a plugin: compiles it, compares it with the contract, and lets it read its settings once.
    ///
    /// `settings` is canonical JSON. The tables in `datasets` are the grant: without any, a plugin that imports
    /// look-ups is not loaded.
    ///
    /// # Errors
    /// The fault that every request would meet.
    pub fn load(&self, bytes: &[u8], settings: &str, datasets: Datasets, limits: Limits) -> Result<Plugin, Fault> {
        let setup = Setup { settings: settings.into(), datasets: Arc::new(datasets), limits };
        let image = self.image(bytes, &setup)?;
        Ok(Plugin::new(&self.places, image, setup))
    }

    /// What a plugin says of itself, whatever it imports and whatever settings it would want. Look-ups find no table.
    ///
    /// # Errors
    /// The fault it meets.
    pub fn describe(&self, bytes: &[u8]) -> Result<Description, Fault> {
        let nothing = Dataset::new(Index::Strings, [("", [""]); 0])
            .map_err(|error| Fault::NotAPolicy { message: error.to_string() });
        let datasets = Arc::new(Datasets::new([(String::new(), nothing?)]));
        let setup = Setup { settings: "{}".into(), datasets, limits: Limits::default() };
        let digest = Digest::of(bytes);
        let component = self.plain(bytes, &digest)?;
        let start = Start::Configure { why: "nothing is judged".to_owned() };
        let image = Arc::new(self.link(&component, inspection(&component, digest, bytes.len()), &setup, start)?);
        Plugin::new(&self.places, image, setup).describe()
    }
}

impl Plugin {
    fn new(places: &Arc<Places>, image: Arc<Image>, setup: Setup) -> Self {
        Self { places: Arc::clone(places), image, setup, last_fuel: AtomicU64::new(0) }
    }

    /// What the component imports and exports.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.image.inspection
    }

    /// Whether its settings were read in advance.
    #[must_use]
    pub fn start(&self) -> &Start {
        &self.image.start
    }

    /// The tables it was granted.
    #[must_use]
    pub fn datasets(&self) -> &Datasets {
        &self.setup.datasets
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.setup.limits
    }

    /// Asks the plugin about one request, in a fresh instance. Every failure is an answer. The fuel told is that of
    /// `evaluate`, look-ups included.
    #[must_use]
    pub fn ask(&self, request: &Request<'_>) -> Asked {
        let limits = self.setup.limits;
        let limit = limits.fuel;
        // The place in the pool comes first, so that it is given back last.
        let _place = self.places.take(self.image.need);
        let (evaluate, mut store) = match self.ready() {
            Ok(ready) => ready,
            Err(fault) => return Asked { answer: Answer::Fault(fault), fuel: 0, memory_bytes: 0, log: Vec::new() },
        };
        rearm(&mut store, limit, &limits);
        store.data_mut().restart(limit);
        let arena = Bump::new();
        let request = convert::request(request, &arena);
        let reply = evaluate.call(&mut store, (request,)).map(|(reply,)| reply);
        let left = store.get_fuel().unwrap_or_default();
        let state = store.data();
        let spent = limit.saturating_add(SPARE_FUEL).saturating_sub(left).saturating_add(state.host_fuel);
        let fuel = spent.min(limit);
        self.last_fuel.store(fuel, Ordering::Relaxed);
        let answer = match reply {
            // Guest and look-ups share one limit, and the guest is looked at only where it loops or calls: it may have
            // ended past it.
            Ok(_) if spent > limit => Answer::Fault(Fault::OutOfFuel { limit }),
            Ok(reply) => convert::answer(reply).unwrap_or_else(|message| Answer::Fault(Fault::BadReply { message })),
            Err(error) => Answer::Fault(fault(&error, state, &limits, limit)),
        };
        let memory_bytes = state.memory_bytes;
        Asked { answer, fuel, memory_bytes, log: store.into_data().log }
    }

    /// Makes an instance that is ready to evaluate, and throws it away: the part of [`Self::ask`] that is the same for every
    /// request.
    ///
    /// # Errors
    /// The fault it met.
    pub fn instantiate(&self) -> Result<(), Fault> {
        let _place = self.places.take(self.image.need);
        self.ready().map(drop)
    }

    fn ready<'r>(&self) -> Result<(Evaluate<'r>, Store<State>), Fault> {
        let mut fresh = match &self.image.start {
            Start::Snapshot => self.image.fresh(&self.setup)?,
            Start::Configure { .. } => self.image.configured(&self.setup)?,
        };
        Ok((self.image.evaluate(&mut fresh)?, fresh.store))
    }

    /// What the plugin says of itself.
    ///
    /// # Errors
    /// The fault it met.
    pub fn describe(&self) -> Result<Description, Fault> {
        let _place = self.places.take(self.image.need);
        let mut fresh = self.image.fresh(&self.setup)?;
        let policy = self.image.policy(&mut fresh)?;
        let mut store = fresh.store;
        let told = policy.reeve_policy_guard().call_describe(&mut store);
        let told = told.map_err(|error| fault(&error, store.data(), &self.setup.limits, CONFIGURE_FUEL))?;
        Ok(Description {
            name: reeve_model::text::shown(&told.name, 200),
            version: reeve_model::text::shown(&told.version, 200),
            kinds: told.kinds.iter().map(|kind| reeve_model::text::shown(kind, 200)).collect(),
            settings_schema: told.settings_schema,
            reasons: told
                .reasons
                .iter()
                .map(|(code, text)| (reeve_model::text::shown(code, 200), reeve_model::text::shown(text, 2_000)))
                .collect(),
        })
    }
}

impl Ask for Plugin {
    fn ask(&self, request: &Request<'_>) -> Asked {
        Self::ask(self, request)
    }

    fn likely_fuel(&self) -> u64 {
        let reading = match &self.image.start {
            Start::Snapshot => 0,
            Start::Configure { .. } => self.image.configure_fuel,
        };
        reading.saturating_add(self.last_fuel.load(Ordering::Relaxed))
    }
}
