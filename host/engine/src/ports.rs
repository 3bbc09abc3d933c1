//! Where the line touches the world. Reading is apart from writing; nothing here can write to AWS.

use crate::FactNeed;
use reeve_kinds::{Need, World};
use reeve_model::{AccountId, Answer, Digest, Fact, Nonce, Request, Sender};

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

    /// A fact for a policy. What cannot be read is `Missing`, never left out.
    fn fact(&self, need: &FactNeed, sender: &Sender) -> Fact;
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
}

/// What one effect is counted under: the same sender, source, kind and nonce.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerKey {
    /// Sender.
    pub account: AccountId,
    /// The envelope's `source`.
    pub source: String,
    /// Kind.
    pub kind: String,
    /// Nonce.
    pub nonce: Nonce,
}

/// What the ledger knows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing.
    New,
    /// The same request was judged before.
    Same {
        /// Whether it was permitted.
        permitted: bool,
        /// Hash of its receipt.
        receipt: Digest,
    },
    /// Another request was judged under this key.
    Different,
}

/// Remembers which requests were judged.
pub trait Ledger: Send {
    /// Looks a key up.
    fn claim(&self, key: &LedgerKey, body: &Digest) -> Claim;

    /// Keeps the answer to a request.
    fn keep(&mut self, key: LedgerKey, body: Digest, permitted: bool, receipt: Digest);
}
