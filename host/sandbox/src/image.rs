//! What instances are made of: a component compiled and linked, with its settings read where that can be done in advance.

use crate::bindings::reeve::policy::types as wit;
use crate::bindings::{Policy, PolicyIndices};
use crate::cache::{Entry, Id};
use crate::classify::fault;
use crate::convert;
use crate::dataset::Datasets;
use crate::engine::Sandbox;
use crate::inspect::{EVALUATE, Inspection, inspection, one_line};
use crate::limits::{COMPILED_MAX, EPOCH_TICK_MS, HOST_CALL_BYTES_MAX, Limits, configure_fuel};
use crate::places::Need;
use crate::state::State;
use reeve_model::{Digest, Fault};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, TypedFunc};
use wasmtime::{Engine, Store};

/// Fuel above a limit: wasmtime looks only where a guest loops or calls, and says "none left" of who used all as of who
/// used more. With one unit to spare the two differ, and the limit is exact.
pub(crate) const SPARE_FUEL: u64 = 1;

/// How an evaluation gets at the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// They were read when the plugin was loaded, and every instance starts from there.
    Snapshot,
    /// Every instance reads them.
    Configure {
        /// Why there is no snapshot.
        why: String,
    },
}

/// The function that judges, with its types.
pub(crate) type Evaluate<'r> = TypedFunc<(wit::Request<'r>,), (Result<wit::Verdict, wit::PolicyError>,)>;

/// A plugin ready to be instantiated.
pub(crate) struct Image {
    pre: InstancePre<State>,
    indices: PolicyIndices,
    evaluate: ComponentExportIndex,
    /// Whether the type of `evaluate` has been compared with the contract's.
    compared: AtomicBool,
    pub(crate) inspection: Inspection,
    pub(crate) need: Need,
    pub(crate) start: Start,
    /// Fuel that `configure` used when the image was made.
    pub(crate) configure_fuel: u64,
}

/// A fresh instance with its store.
pub(crate) struct Fresh {
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
}

/// Images by what they were made of.
#[derive(Default)]
pub(crate) struct Images {
    /// Those that a plugin still uses.
    used: Mutex<BTreeMap<Id, Weak<Image>>>,
    /// Components compiled lately, as their authors built them.
    plain: Mutex<BTreeMap<Digest, Component>>,
    compilations: AtomicU64,
}

impl Images {
    pub(crate) fn compilations(&self) -> u64 {
        self.compilations.load(Ordering::Relaxed)
    }
}

/// What a plugin is to read, and how much it may use.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) settings: Arc<str>,
    pub(crate) datasets: Arc<Datasets>,
    pub(crate) limits: Limits,
}

impl Sandbox {
    /// The image of a plugin with these settings, tables and limits: one that is in use, one from the cache, or a new one.
    pub(crate) fn image(&self, bytes: &[u8], setup: &Setup) -> Result<Arc<Image>, Fault> {
        let digest = Digest::of(bytes);
        let Some(id) = self.builder.is_some().then(|| Id::of_snapshot(&digest, setup)) else {
            let why = "snapshots are off here".to_owned();
            return self.configuring(bytes, &digest, setup, why);
        };
        let used = || self.images.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = used().get(&id).and_then(Weak::upgrade) {
            return Ok(image);
        }
        let image = match self.snapshot(bytes, &id, setup)? {
            Ok(component) => {
                let image =
                    self.link(&component, inspection(&component, digest, bytes.len()), setup, Start::Snapshot)?;
                // Instantiated once here, so that what could fail fails now; nothing of the guest runs.
                let mut fresh = image.fresh(setup)?;
                image.policy(&mut fresh)?;
                Arc::new(image)
            }
            Err(why) => self.configuring(bytes, &digest, setup, why)?,
        };
        let mut used = used();
        used.retain(|_, image| image.strong_count() > 0);
        used.insert(id, Arc::downgrade(&image));
        Ok(image)
    }

    /// An image whose instances read the settings themselves; one did, to show that it can.
    fn configuring(&self, bytes: &[u8], digest: &Digest, setup: &Setup, why: String) -> Result<Arc<Image>, Fault> {
        let component = self.plain(bytes, digest)?;
        let inspection = inspection(&component, digest.clone(), bytes.len());
        let mut image = self.link(&component, inspection, setup, Start::Configure { why })?;
        {
            let _place = self.places.take(image.need);
            let configured = image.configured(setup)?;
            let left = configured.store.get_fuel().unwrap_or_default();
            image.configure_fuel = configure_fuel(setup.settings.len()).saturating_add(SPARE_FUEL).saturating_sub(left);
        }
        Ok(Arc::new(image))
    }

    /// Admits and links a component that was compiled; runs nothing of it.
    pub(crate) fn link(
        &self,
        component: &Component,
        inspection: Inspection,
        setup: &Setup,
        start: Start,
    ) -> Result<Image, Fault> {
        Image::link(&self.engine, component, inspection, setup, start)
    }

    /// A component as its author built it, compiled.
    pub(crate) fn plain(&self, bytes: &[u8], digest: &Digest) -> Result<Component, Fault> {
        let kept = || self.images.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().get(digest).cloned() {
            return Ok(found);
        }
        crate::shape::check(bytes)?;
        let id = Id::of_component(digest);
        let component = match self.cached(&id) {
            Some(Entry::Code(component)) => component,
            Some(Entry::NoSnapshot(_)) | None => {
                let component = self.compile(bytes)?;
                self.keep(&id, &component);
                component
            }
        };
        let mut kept = kept();
        if kept.len() >= COMPILED_MAX {
            kept.clear();
        }
        kept.insert(digest.clone(), component.clone());
        Ok(component)
    }

    /// The component with its settings read, compiled; or why there is none.
    fn snapshot(&self, bytes: &[u8], id: &Id, setup: &Setup) -> Result<Result<Component, String>, Fault> {
        match self.cached(id) {
            Some(Entry::Code(component)) => return Ok(Ok(component)),
            Some(Entry::NoSnapshot(why)) => return Ok(Err(why)),
            None => {}
        }
        crate::shape::check(bytes)?;
        let made = self.read_settings(bytes, setup)?;
        // What could not be compiled as an image is still a plugin.
        let made = made.and_then(|image| self.compile(&image).map_err(|fault| fault.to_string()));
        match &made {
            Ok(component) => self.keep(id, component),
            Err(why) => self.keep_refusal(id, why),
        }
        Ok(made)
    }

    #[cfg(feature = "compiler")]
    fn compile(&self, bytes: &[u8]) -> Result<Component, Fault> {
        self.images.compilations.fetch_add(1, Ordering::Relaxed);
        Component::from_binary(&self.engine, bytes).map_err(|error| Fault::NotAComponent { message: one_line(&error) })
    }

    #[cfg(not(feature = "compiler"))]
    fn compile(&self, _: &[u8]) -> Result<Component, Fault> {
        let message = "the cache holds no compiled form of it, and this build has no compiler".to_owned();
        Err(Fault::NotAComponent { message })
    }

    #[cfg(feature = "compiler")]
    fn read_settings(&self, bytes: &[u8], setup: &Setup) -> Result<Result<Vec<u8>, String>, Fault> {
        let Some(builder) = &self.builder else { return Ok(Err("snapshots are off here".to_owned())) };
        self.images.compilations.fetch_add(1, Ordering::Relaxed);
        crate::snapshot::make(builder, bytes, setup)
    }

    #[cfg(not(feature = "compiler"))]
    fn read_settings(&self, _: &[u8], _: &Setup) -> Result<Result<Vec<u8>, String>, Fault> {
        Ok(Err("this build has no compiler".to_owned()))
    }
}

impl Image {
    /// Admits and links a component on an engine; runs nothing of it.
    pub(crate) fn link(
        engine: &Engine,
        component: &Component,
        inspection: Inspection,
        setup: &Setup,
        start: Start,
    ) -> Result<Self, Fault> {
        let dataset_granted = !setup.datasets.is_empty();
        Sandbox::admit(component, &inspection, dataset_granted)?;
        let different = |error: wasmtime::Error| Fault::NotAPolicy { message: one_line(&error) };
        let linker = Sandbox::linker(engine, dataset_granted).map_err(different)?;
        let pre = linker.instantiate_pre(component).map_err(different)?;
        let indices = PolicyIndices::new(&pre).map_err(different)?;
        let evaluate = Sandbox::function(component, &inspection, EVALUATE)?;
        let (need, compared) = (Need::of(component), AtomicBool::new(false));
        Ok(Self { pre, indices, evaluate, compared, inspection, need, start, configure_fuel: 0 })
    }

    /// A fresh instance.
    pub(crate) fn fresh(&self, setup: &Setup) -> Result<Fresh, Fault> {
        let fuel = configure_fuel(setup.settings.len());
        let state = State::new(setup.limits.memory_bytes, fuel, Arc::clone(&setup.datasets));
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(setup.limits.reply_bytes.min(HOST_CALL_BYTES_MAX));
        rearm(&mut store, fuel, &setup.limits);
        let instance = self.pre.instantiate(&mut store);
        let instance = instance.map_err(|error| fault(&error, store.data(), &setup.limits, fuel))?;
        Ok(Fresh { store, instance })
    }

    /// All functions of an instance. Compares their types, which takes as long as a small evaluation; nothing of the guest
    /// runs.
    pub(crate) fn policy(&self, fresh: &mut Fresh) -> Result<Policy, Fault> {
        let policy = self.indices.load(&mut fresh.store, &fresh.instance);
        policy.map_err(|error| Fault::NotAPolicy { message: one_line(&error) })
    }

    /// The function that judges. Its type, which belongs to the component and not to an instance, is compared once: to do
    /// it for each instance would be an eighth of what a small decision costs.
    #[expect(unsafe_code, reason = "a type that was compared need not be compared again")]
    pub(crate) fn evaluate<'r>(&self, fresh: &mut Fresh) -> Result<Evaluate<'r>, Fault> {
        let missing = || Fault::NotAPolicy { message: format!("there is no function `{EVALUATE}`") };
        let function = fresh.instance.get_func(&mut fresh.store, self.evaluate).ok_or_else(missing)?;
        if !self.compared.load(Ordering::Relaxed) {
            let typed = function.typed::<(wit::Request<'r>,), (Result<wit::Verdict, wit::PolicyError>,)>(&fresh.store);
            typed.map_err(|error| Fault::NotAPolicy { message: one_line(&error) })?;
            self.compared.store(true, Ordering::Relaxed);
        }
        // SAFETY: the export of this index of an instance of this component has been found to be of this type. All instances
        // of a component have exports of the same types: only resources differ, and the contract has none.
        Ok(unsafe { TypedFunc::new_unchecked(function) })
    }

    /// A fresh instance that has read its settings itself.
    pub(crate) fn configured(&self, setup: &Setup) -> Result<Fresh, Fault> {
        let mut fresh = self.fresh(setup)?;
        let policy = self.policy(&mut fresh)?;
        let told = policy.reeve_policy_guard().call_configure(&mut fresh.store, &setup.settings);
        match told {
            Ok(Ok(())) => Ok(fresh),
            Ok(Err(reasons)) => {
                let reasons = convert::reasons(reasons).map_err(|message| Fault::BadReply { message })?;
                let lines: Vec<String> = reasons.into_iter().map(|reason| reason.message).collect();
                Err(Fault::SettingsRefused { message: lines.join("; ") })
            }
            Err(error) => {
                let fuel = configure_fuel(setup.settings.len());
                Err(fault(&error, fresh.store.data(), &setup.limits, fuel))
            }
        }
    }
}

/// Winds up fuel and clock for one call.
pub(crate) fn rearm(store: &mut Store<State>, fuel: u64, limits: &Limits) {
    // Fuel is switched on in the engine's configuration, so this cannot fail; were it to, no fuel is no work.
    let _ = store.set_fuel(fuel.saturating_add(SPARE_FUEL));
    store.set_epoch_deadline(limits.timeout_ms.div_ceil(EPOCH_TICK_MS) + 1);
}
