//! A loaded plugin: compiled, admitted and linked once; each time it is asked, a fresh instance reads its settings first.

use crate::bindings::{Policy, PolicyIndices};
use crate::classify::fault;
use crate::convert;
use crate::dataset::{Dataset, Datasets, Index};
use crate::engine::{Place, Places, Sandbox};
use crate::inspect::{Inspection, one_line};
use crate::limits::{CONFIGURE_FUEL, EPOCH_TICK_MS, HOST_CALL_BYTES_MAX, Limits};
use crate::state::State;
use reeve_engine::{Ask, Asked};
use reeve_model::{Answer, Fault, Request};
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::InstancePre;

/// The contract that this host speaks.
pub const CONTRACT: &str = "reeve:policy@0.1.0";

/// Fuel above a limit: wasmtime looks only where a guest loops or calls, and says "none left" of who used all as of who
/// used more. With one unit to spare the two differ, and the limit is exact.
const SPARE_FUEL: u64 = 1;

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
    engine: wasmtime::Engine,
    places: Arc<Places>,
    pre: InstancePre<State>,
    indices: PolicyIndices,
    settings: String,
    datasets: Arc<Datasets>,
    limits: Limits,
    inspection: Inspection,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("inspection", &self.inspection).finish_non_exhaustive()
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
        let plugin = self.link(bytes, settings, datasets, limits)?;
        {
            let (_place, _store, _policy) = plugin.configured()?;
        }
        Ok(plugin)
    }

    /// What a plugin says of itself, whatever it imports and whatever settings it would want. Look-ups find no table.
    ///
    /// # Errors
    /// The fault it meets.
    pub fn describe(&self, bytes: &[u8]) -> Result<Description, Fault> {
        let nothing =
            Dataset::new(Index::Strings, []).map_err(|error| Fault::NotAPolicy { message: error.to_string() });
        let datasets = Datasets::new([(String::new(), nothing?)]);
        self.link(bytes, "{}", datasets, Limits::default())?.describe()
    }

    /// Compiles and admits a plugin, and runs nothing of it.
    fn link(&self, bytes: &[u8], settings: &str, datasets: Datasets, limits: Limits) -> Result<Plugin, Fault> {
        let (component, inspection) = self.compile(bytes)?;
        let dataset_granted = !datasets.is_empty();
        self.admit(&component, &inspection, dataset_granted)?;
        let required = component.resources_required().and_then(|it| it.max_initial_memory_size);
        if required.is_some_and(|bytes| bytes > u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX)) {
            return Err(Fault::OutOfMemory { limit_bytes: limits.memory_bytes });
        }
        let different = |error: wasmtime::Error| Fault::NotAPolicy { message: one_line(&error) };
        let linker = self.linker(dataset_granted).map_err(different)?;
        let pre = linker.instantiate_pre(&component).map_err(different)?;
        let indices = PolicyIndices::new(&pre).map_err(different)?;
        Ok(Plugin {
            engine: self.engine.clone(),
            places: Arc::clone(&self.places),
            pre,
            indices,
            settings: settings.to_owned(),
            datasets: Arc::new(datasets),
            limits,
            inspection,
        })
    }
}

impl Plugin {
    /// What the component imports and exports.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The tables it was granted.
    #[must_use]
    pub fn datasets(&self) -> &Datasets {
        &self.datasets
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Asks the plugin about one request, in a fresh instance. Every failure is an answer. The fuel told is that of
    /// `evaluate`, look-ups included.
    #[must_use]
    pub fn ask(&self, request: &Request<'_>) -> Asked {
        let (_place, mut store, policy) = match self.configured() {
            Ok(configured) => configured,
            Err(fault) => return Asked { answer: Answer::Fault(fault), fuel: 0, memory_bytes: 0, log: Vec::new() },
        };
        self.rearm(&mut store, self.limits.fuel);
        store.data_mut().restart_host_fuel(self.limits.fuel);
        let request = convert::request(request);
        let reply = policy.reeve_policy_guard().call_evaluate(&mut store, &request);
        let left = store.get_fuel().unwrap_or_default();
        let state = store.data();
        let limit = self.limits.fuel;
        let spent = limit.saturating_add(SPARE_FUEL).saturating_sub(left).saturating_add(state.host_fuel);
        let fuel = spent.min(limit);
        let answer = match reply {
            // Guest and look-ups share one limit, and the guest is looked at only where it loops or calls: it may have
            // ended past it.
            Ok(_) if spent > limit => Answer::Fault(Fault::OutOfFuel { limit }),
            Ok(reply) => convert::answer(reply).unwrap_or_else(|message| Answer::Fault(Fault::BadReply { message })),
            Err(error) => Answer::Fault(fault(&error, state, &self.limits, self.limits.fuel)),
        };
        let memory_bytes = state.memory_bytes;
        Asked { answer, fuel, memory_bytes, log: store.into_data().log }
    }

    /// What the plugin says of itself.
    ///
    /// # Errors
    /// The fault it met.
    pub fn describe(&self) -> Result<Description, Fault> {
        let (_place, mut store, policy) = self.instance()?;
        let told = policy.reeve_policy_guard().call_describe(&mut store);
        let told = told.map_err(|error| fault(&error, store.data(), &self.limits, CONFIGURE_FUEL))?;
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

    /// A fresh instance that has read its settings.
    fn configured(&self) -> Result<(Place<'_>, Store<State>, Policy), Fault> {
        let (place, mut store, policy) = self.instance()?;
        let told = policy.reeve_policy_guard().call_configure(&mut store, &self.settings);
        match told {
            Ok(Ok(())) => Ok((place, store, policy)),
            Ok(Err(reasons)) => {
                let reasons = convert::reasons(reasons).map_err(|message| Fault::BadReply { message })?;
                let lines: Vec<String> = reasons.into_iter().map(|reason| reason.message).collect();
                Err(Fault::SettingsRefused { message: lines.join("; ") })
            }
            Err(error) => Err(fault(&error, store.data(), &self.limits, CONFIGURE_FUEL)),
        }
    }

    /// A fresh instance. Its place in the pool comes first, so that it is given back last.
    fn instance(&self) -> Result<(Place<'_>, Store<State>, Policy), Fault> {
        let place = self.places.take();
        let state = State::new(self.limits.memory_bytes, CONFIGURE_FUEL, Arc::clone(&self.datasets));
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(HOST_CALL_BYTES_MAX);
        self.rearm(&mut store, CONFIGURE_FUEL);
        let instance = self.pre.instantiate(&mut store);
        let instance = instance.map_err(|error| fault(&error, store.data(), &self.limits, CONFIGURE_FUEL))?;
        // Compares the types of the functions; nothing of the guest runs.
        let policy = self.indices.load(&mut store, &instance);
        let policy = policy.map_err(|error| Fault::NotAPolicy { message: one_line(&error) })?;
        Ok((place, store, policy))
    }

    /// Winds up fuel and clock for one call.
    fn rearm(&self, store: &mut Store<State>, fuel: u64) {
        // Fuel is switched on in the engine's configuration, so this cannot fail; were it to, no fuel is no work.
        let _ = store.set_fuel(fuel.saturating_add(SPARE_FUEL));
        store.set_epoch_deadline(self.limits.timeout_ms.div_ceil(EPOCH_TICK_MS) + 1);
    }
}

impl Ask for Plugin {
    fn ask(&self, request: &Request<'_>) -> Asked {
        Self::ask(self, request)
    }
}
