//! What a policy plugin written in Rust needs: the contract's types, an export macro and small helpers.
//!
//! A plugin is three pure functions. Keep the rules in a module of their own, on these types, and test them natively;
//! the export is a thin shim:
//!
//! ```
//! use reeve_sdk::{Description, Guard, PolicyError, Reason, Request, Verdict, deny, reason};
//!
//! struct NoMondays;
//!
//! impl Guard for NoMondays {
//!     fn describe() -> Description {
//!         reeve_sdk::description("no-mondays", "0.1.0", &[], "{\"type\":\"object\"}", &[("MONDAY", "It is Monday.")])
//!     }
//!     fn configure(_settings: String) -> Result<(), Vec<Reason>> {
//!         Ok(())
//!     }
//!     fn evaluate(request: Request) -> Result<Verdict, PolicyError> {
//!         if request.now.starts_with("2026-11-23") {
//!             return Ok(deny(reason("MONDAY", "it is Monday").at("/time")));
//!         }
//!         Ok(Verdict::Allow(vec![]))
//!     }
//! }
//!
//! reeve_sdk::export!(NoMondays with_types_in reeve_sdk::bindings);
//! # fn main() {}
//! ```
//!
//! There is no clock, no randomness and no I/O: `now` is in the request, and everything else that a policy may know is
//! a fact in the request or a row of a dataset.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod bindings {
    //! Generated from `wit/v0.1`; documented there.
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "policy",
        pub_export_macro: true,
        default_bindings_module: "reeve_sdk::bindings",
        export_macro_name: "export",
        additional_derives: [PartialEq],
    });
}

pub use bindings::export;
pub use bindings::exports::reeve::policy::guard::Guest as Guard;
pub use bindings::reeve::policy::types::{
    Action, AliasTarget, AttachPolicy, ChangeRecordSets, CreateAccount, CreateHostedZone, CreatePolicy,
    DeleteParameter, Description, DetachPolicy, Event, Fact, FactValue, MergeFile, MoveAccount, Operation,
    OrganizationalUnit, PlannedAction, PolicyError, PolicyRef, PutParameter, PutRule, Reason, RecordContent,
    RecordSetChange, Request, SendCommand, Sender, Severity, Tag, TagResource, UpdatePolicy, Verdict,
};
pub use reeve_json as json;

pub mod dataset;
#[cfg(any(target_arch = "wasm32", test))]
pub mod memory;
pub mod settings;

/// Lets a plugin never give memory back: its instance is thrown away once it has answered. That makes small decisions
/// about twice as fast. A plugin that allocates again and again over a long evaluation is better off without.
#[macro_export]
macro_rules! one_evaluation_memory {
    () => {
        #[cfg(target_arch = "wasm32")]
        #[global_allocator]
        static MEMORY: $crate::memory::OneEvaluation = $crate::memory::OneEvaluation;
    };
}

/// Writes a line for the plugin's author; shown by `reeve policy test` and `reeve run -v`.
pub fn debug(message: &str) {
    #[cfg(target_arch = "wasm32")]
    bindings::reeve::policy::log::debug(message);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = message;
}

/// A reason of severity error, to be refined by [`ReasonExt`].
#[must_use]
pub fn reason(code: &str, message: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        severity: Severity::Error,
        message: message.into(),
        at: None,
        fix: None,
        extra: Vec::new(),
    }
}

/// Refining a reason.
impl Reason {
    /// The same reason, pointing into the event.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.at = Some(pointer.into());
        self
    }

    /// The same reason, saying what to write instead.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same reason at another severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Refuses for one reason.
#[must_use]
pub fn deny(reason: Reason) -> Verdict {
    Verdict::Deny(vec![reason])
}

/// The fact of that name.
///
/// # Errors
/// `missing-fact` when the host handed over none of that name, which a policy file without the matching `needs` causes.
pub fn fact<'a>(request: &'a Request, name: &str) -> Result<&'a FactValue, PolicyError> {
    let fact = request.facts.iter().find(|fact| fact.name == name);
    fact.map(|fact| &fact.value).ok_or_else(|| PolicyError::MissingFact(name.to_owned()))
}

/// What a plugin says of itself.
#[must_use]
pub fn description(
    name: &str,
    version: &str,
    kinds: &[&str],
    settings_schema: &str,
    reasons: &[(&str, &str)],
) -> Description {
    Description {
        name: name.to_owned(),
        version: version.to_owned(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        settings_schema: settings_schema.to_owned(),
        reasons: reasons.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).collect(),
        extra: Vec::new(),
    }
}

/// Keeps the settings that `configure` read for the `evaluate` that follows in the same instance.
///
/// ```
/// static SETTINGS: reeve_sdk::Configured<u32> = reeve_sdk::Configured::new();
/// SETTINGS.set(7);
/// assert_eq!(SETTINGS.get(), Some(&7));
/// ```
#[derive(Debug)]
pub struct Configured<T>(std::sync::OnceLock<T>);

impl<T> Configured<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    /// Keeps a value; the first one stays.
    pub fn set(&self, value: T) {
        let _ = self.0.set(value);
        #[cfg(target_arch = "wasm32")]
        memory::settle();
    }

    /// The value, once `configure` has run.
    pub fn get(&self) -> Option<&T> {
        self.0.get()
    }
}

impl<T> Default for Configured<T> {
    fn default() -> Self {
        Self::new()
    }
}
