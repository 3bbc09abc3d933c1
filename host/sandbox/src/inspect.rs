//! What a component says of itself before anything of it runs.

use crate::engine::Sandbox;
use crate::plugin::CONTRACT;
use reeve_model::{Digest, Fault};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex};

/// The interface that a policy exports.
const GUARD: &str = "reeve:policy/guard";
/// The functions of that interface.
const FUNCTIONS: [&str; 3] = ["configure", "describe", EVALUATE];
/// The one that judges.
pub(crate) const EVALUATE: &str = "evaluate";

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

/// Reads the type of a compiled component. `digest` and `bytes` are those of what its author built.
pub(crate) fn inspection(component: &Component, digest: Digest, bytes: usize) -> Inspection {
    let engine = component.engine();
    let ty = component.component_type();
    let functions = ty.imports(engine).filter(|(_, item)| has_function(&item.ty, engine));
    let imports = functions.map(|(name, _)| name.to_owned()).collect();
    let exports = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    Inspection { digest, bytes, imports, exports }
}

impl Sandbox {
    /// What a component imports and exports.
    ///
    /// # Errors
    /// `NotAComponent` when it is none.
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection, Fault> {
        let digest = Digest::of(bytes);
        let component = self.plain(bytes, &digest)?;
        Ok(inspection(&component, digest, bytes.len()))
    }

    /// Compares a component with the contract: version, imports, exports, in that order.
    pub(crate) fn admit(component: &Component, inspection: &Inspection, dataset_granted: bool) -> Result<(), Fault> {
        let names = inspection.imports.iter().chain(&inspection.exports);
        if let Some(other) = names.filter(|name| name.starts_with("reeve:policy/")).find(|name| !speaks(name)) {
            return Err(Fault::ContractVersion { found: name_shown(other), supported: CONTRACT });
        }
        if let Some(import) = inspection.ungranted(dataset_granted) {
            return Err(Fault::ImportNotGranted { import: name_shown(import) });
        }
        FUNCTIONS.into_iter().try_for_each(|function| Self::function(component, inspection, function).map(|_| ()))
    }

    /// Where a component exports a function of the contract.
    pub(crate) fn function(
        component: &Component,
        inspection: &Inspection,
        function: &str,
    ) -> Result<ComponentExportIndex, Fault> {
        let missing = |what: String| Fault::NotAPolicy { message: format!("it exports no {what}") };
        let guard = inspection.exports.iter().find(|name| without_version(name) == GUARD);
        let guard = guard.ok_or_else(|| missing(format!("`{CONTRACT}` interface `guard`")))?;
        let index = component.get_export_index(None, guard);
        let index = index.and_then(|guard| component.get_export_index(Some(&guard), function));
        index.ok_or_else(|| missing(format!("function `{function}`")))
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
