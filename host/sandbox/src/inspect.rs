//! What a component says of itself before anything of it runs.

use crate::engine::Sandbox;
use crate::limits::{COMPILED_MAX, COMPONENT_BYTES_MAX};
use crate::plugin::CONTRACT;
use reeve_model::{Digest, Fault};
use std::sync::PoisonError;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The interface that a policy exports.
const GUARD: &str = "reeve:policy/guard";
/// The functions of that interface.
const FUNCTIONS: [&str; 3] = ["configure", "describe", "evaluate"];

/// Imports, exports and size of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Digest of the component's bytes.
    pub digest: Digest,
    /// Size, bytes.
    pub bytes: usize,
    /// Names of the imports that hold a function: what the plugin could call.
    pub imports: Vec<String>,
    /// Names of all exports.
    pub exports: Vec<String>,
}

impl Inspection {
    /// Imports that are neither always offered nor granted.
    #[must_use]
    pub fn ungranted(&self, dataset_granted: bool) -> Option<&str> {
        let offered = |import: &&String| {
            let name = without_version(import);
            name == "reeve:policy/log" || (dataset_granted && name == "reeve:policy/dataset")
        };
        self.imports.iter().find(|import| !offered(import)).map(String::as_str)
    }

    /// Whether the component imports the look-ups.
    #[must_use]
    pub fn wants_datasets(&self) -> bool {
        self.imports.iter().any(|import| without_version(import) == "reeve:policy/dataset")
    }
}

fn without_version(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Whether a name of this contract has a version that this host speaks. Releases are compatible within `0.1`.
fn speaks(name: &str) -> bool {
    let supported = CONTRACT.split('@').nth(1).unwrap_or_default();
    let track = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    name.split('@').nth(1).is_some_and(|version| track(version) == track(supported))
}

impl Sandbox {
    /// Compiles a component and reads its type, without running it.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<(Component, Inspection), Fault> {
        if bytes.len() > COMPONENT_BYTES_MAX {
            let message = format!("it has {} bytes, more than {COMPONENT_BYTES_MAX}", bytes.len());
            return Err(Fault::NotAComponent { message });
        }
        let digest = Digest::of(bytes);
        let kept = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().get(&digest).cloned() {
            return Ok(found);
        }
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| Fault::NotAComponent { message: one_line(&error) })?;
        let ty = component.component_type();
        let imports = ty
            .imports(&self.engine)
            .filter(|(_, item)| has_function(&item.ty, &self.engine))
            .map(|(name, _)| name.to_owned())
            .collect();
        let exports = ty.exports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let inspection = Inspection { digest: digest.clone(), bytes: bytes.len(), imports, exports };
        let mut kept = kept();
        if kept.len() >= COMPILED_MAX {
            kept.clear();
        }
        kept.insert(digest, (component.clone(), inspection.clone()));
        Ok((component, inspection))
    }

    /// What a component imports and exports.
    ///
    /// # Errors
    /// `NotAComponent` when it is none.
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection, Fault> {
        self.compile(bytes).map(|(_, inspection)| inspection)
    }

    /// Compares a component with the contract: version, imports, exports, in that order.
    pub(crate) fn admit(
        &self,
        component: &Component,
        inspection: &Inspection,
        dataset_granted: bool,
    ) -> Result<(), Fault> {
        let names = inspection.imports.iter().chain(&inspection.exports);
        if let Some(other) = names.filter(|name| name.starts_with("reeve:policy/")).find(|name| !speaks(name)) {
            return Err(Fault::ContractVersion { found: name_shown(other), supported: CONTRACT });
        }
        if let Some(import) = inspection.ungranted(dataset_granted) {
            return Err(Fault::ImportNotGranted { import: name_shown(import) });
        }
        let missing = |what: String| Err(Fault::NotAPolicy { message: format!("it exports no {what}") });
        let Some(guard) = inspection.exports.iter().find(|name| without_version(name) == GUARD) else {
            return missing(format!("`{CONTRACT}` interface `guard`"));
        };
        for function in FUNCTIONS {
            let index = component.get_export_index(None, guard);
            if index.and_then(|guard| component.get_export_index(Some(&guard), function)).is_none() {
                return missing(format!("function `{function}`"));
            }
        }
        Ok(())
    }
}

fn has_function(item: &ComponentItem, engine: &wasmtime::Engine) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, item)| has_function(&item.ty, engine))
        }
        ComponentItem::Type(_) => false,
        // All of these could do something.
        ComponentItem::ComponentFunc(_)
        | ComponentItem::CoreFunc(_)
        | ComponentItem::Module(_)
        | ComponentItem::Component(_)
        | ComponentItem::Resource(_) => true,
    }
}

/// Names are the guest's words, and as long as it likes.
fn name_shown(name: &str) -> String {
    reeve_model::text::shown(name, 200)
}

pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    reeve_model::text::shown(&format!("{error:#}").lines().collect::<Vec<_>>().join(" "), 400)
}
