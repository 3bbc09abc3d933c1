//! Where the line touches the world. Reading is apart from writing: see `execute.rs` for that.

use crate::{FactNeed, Story};
use reeve_kinds::{Need, World};
use reeve_model::{AccountId, Answer, Digest, Fact, Request, Sender};

/// One message as a transport delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The event, as bytes.
    pub body: Vec<u8>,
    /// Where it came from, for people: `events.ndjson:3`. Not part of a receipt.
    pub origin: String,
    /// Whether AWS set the envelope's `account` on this path, or an operator vouches for it.
    pub verified: bool,
    /// The content type that a custom event bus states, where there is one.
    pub content_type: Option<String>,
}

/// A fact could not be read now. The request is denied, and may be sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FactError(pub String);

/// Reads facts.
pub trait Facts: Send + Sync {
    /// What the directory says of an account.
    fn sender(&self, account: &AccountId, verified: bool) -> Sender;

    /// Facts for planning.
    ///
    /// # Errors
    /// When one of them cannot be read. Partial facts are never returned.
    fn world(&self, needs: &[Need]) -> Result<World, FactError>;

    /// A fact for the policy with the id `policy`. One that is not there is `Missing`, never left out.
    ///
    /// # Errors
    /// When it cannot be read now, so that nobody knows whether it is there.
    fn fact(&self, policy: &str, need: &FactNeed, sender: &Sender) -> Result<Fact, FactError>;
}

/// One evaluation: the answer, what it cost, and what the plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The answer.
    pub answer: Answer,
    /// Fuel used.
    pub fuel: u64,
    /// Memories and tables held, bytes.
    pub memory_bytes: usize,
    /// Lines for the plugin's author.
    pub log: Vec<String>,
}

/// Asks one plugin. Every failure is an answer.
pub trait Ask: Send + Sync {
    /// Judges one request.
    fn ask(&self, request: &Request<'_>) -> Asked;

    /// What the next evaluation is likely to cost, in fuel. It decides what is asked side by side, and nothing else.
    fn likely_fuel(&self) -> u64 {
        0
    }
}

/// Something could not be kept or sent now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeepError(pub String);

/// Keeps receipts, each sealed after the one before.
pub trait Receipts: Send + Sync {
    /// Seals a story and keeps the receipt so that it survives a crash; the answer is its hash.
    ///
    /// # Errors
    /// When it cannot be kept: the request is then not answered, and is tried again.
    fn keep(&self, story: &Story) -> Result<Digest, KeepError>;
}

impl<T: Receipts + ?Sized> Receipts for std::sync::Arc<T> {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        self.as_ref().keep(story)
    }
}

/// Sends replies.
pub trait Replies: Send + Sync {
    /// Puts the pages of one reply, each the `detail` of an event (canonical JSON), on the gate's reply bus.
    ///
    /// # Errors
    /// When one of them could not be put: all are sent again with the next delivery of the request.
    fn send(&self, kind: &str, pages: &[String]) -> Result<(), KeepError>;
}
