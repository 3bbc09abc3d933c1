//! Plugins behind the engine's port.

use reeve_engine::{Ask, Asked};
use reeve_model::{Answer, Fault, Request};
use reeve_sandbox::Plugin;

/// A plugin that was loaded, or the fault that every request meets because it could not be.
#[derive(Debug)]
pub enum Asking {
    /// Loaded.
    Loaded(Box<Plugin>),
    /// Refused by the sandbox.
    Faulty(Fault),
}

impl Ask for Asking {
    fn likely_fuel(&self) -> u64 {
        match self {
            Self::Loaded(plugin) => plugin.likely_fuel(),
            Self::Faulty(_) => 0,
        }
    }

    fn ask(&self, request: &Request<'_>) -> Asked {
        match self {
            Self::Loaded(plugin) => plugin.ask(request),
            Self::Faulty(fault) => {
                Asked { answer: Answer::Fault(fault.clone()), fuel: 0, memory_bytes: 0, log: Vec::new() }
            }
        }
    }
}
