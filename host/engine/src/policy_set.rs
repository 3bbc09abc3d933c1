//! The policies of a gate, replaced as a whole.

use crate::Policy;
use reeve_model::Digest;
use std::sync::{Arc, PoisonError, RwLock};

/// Policies that belong together, and the configuration that names them. It never changes; another one takes its place.
#[derive(Debug)]
pub struct PolicySet {
    /// Digest of the gate's configuration.
    pub digest: Digest,
    /// Policies, sorted by id.
    pub policies: Vec<Policy>,
}

/// The set at work. A request is judged by one set from its first policy to its last, whatever takes its place meanwhile.
#[derive(Debug)]
pub struct Policies {
    current: RwLock<Arc<PolicySet>>,
}

impl Policies {
    /// A gate's first set.
    #[must_use]
    pub fn new(set: PolicySet) -> Self {
        Self { current: RwLock::new(Arc::new(set)) }
    }

    /// The set at work now.
    #[must_use]
    pub fn current(&self) -> Arc<PolicySet> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another set to work, and gives back the one before. Who is being judged by that keeps it alive.
    pub fn replace(&self, set: Arc<PolicySet>) -> Arc<PolicySet> {
        std::mem::replace(&mut self.current.write().unwrap_or_else(PoisonError::into_inner), set)
    }
}
