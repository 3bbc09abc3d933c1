//! The port behind which AWS is changed. It takes nothing but a permit.

use crate::LedgerError;
use reeve_kinds::Probe;
use reeve_model::{AccountId, FailureClass, Outcome, Permit};

/// One action to be made.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The permit that holds it.
    pub permit: &'a Permit,
    /// Its index among the permit's actions.
    pub index: usize,
    /// Who asked: some calls are made with a role in the sender's account.
    pub sender: &'a AccountId,
}

/// Why an action has neither been made nor failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It may pass on a later try; what was noted is kept.
    #[error("{message}")]
    Retry {
        /// Why.
        class: FailureClass,
        /// In words.
        message: String,
    },
    /// The ledger refused a note: another gate is at it, or the ledger is away. Nothing may be called any more.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Notes of one action, written through to the ledger before and after each call.
pub trait Journal {
    /// A note of this try or an earlier one.
    fn get(&self, name: &str) -> Option<&str>;

    /// Writes a note. Once this returns, it survives a crash.
    ///
    /// # Errors
    /// When the ledger does not take it: the caller stops at once.
    fn note(&mut self, name: &str, value: &str) -> Result<(), LedgerError>;

    /// To be asked before every call and every round of waiting: holds the lease for longer than a call may take.
    ///
    /// # Errors
    /// When the lease is lost: the caller stops at once.
    fn hold(&mut self) -> Result<(), LedgerError>;
}

/// Makes changes in AWS.
///
/// An implementation looks for the effect before it repeats a call that an earlier try may have made: a note written
/// before such a call (`intent`) says that it may have been.
pub trait Execute: Send + Sync {
    /// Makes one action, or finds that it was made.
    ///
    /// # Errors
    /// When it should be tried again later, or must not be gone on with. What AWS refuses for good is an outcome.
    fn perform(&self, work: &Work<'_>, journal: &mut dyn Journal) -> Result<Outcome, Stop>;

    /// Proves that what was made works as seen from outside.
    ///
    /// # Errors
    /// As above.
    fn probe(&self, probe: &Probe, journal: &mut dyn Journal) -> Result<Outcome, Stop>;
}
