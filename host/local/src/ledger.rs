//! A ledger for one run: a bounded memory of requests judged.

use reeve_engine::{Claim, Ledger, LedgerKey};
use reeve_model::Digest;
use std::collections::{HashMap, VecDeque};

/// Requests remembered. Beyond it the oldest is forgotten, so a replay of a recorded stream stays within some 50 MB.
pub const LEDGER_KEYS_MAX: usize = 100_000;

#[derive(Debug)]
struct Kept {
    body: Digest,
    permitted: bool,
    receipt: Digest,
}

/// Remembers the last requests of one run; nothing outlives the process.
#[derive(Debug)]
pub struct MemoryLedger {
    kept: HashMap<LedgerKey, Kept>,
    order: VecDeque<LedgerKey>,
    keys_max: usize,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::with_room_for(LEDGER_KEYS_MAX)
    }
}

impl MemoryLedger {
    /// A ledger that remembers `keys_max` requests.
    #[must_use]
    pub fn with_room_for(keys_max: usize) -> Self {
        Self { kept: HashMap::new(), order: VecDeque::new(), keys_max }
    }
}

impl Ledger for MemoryLedger {
    fn claim(&self, key: &LedgerKey, body: &Digest) -> Claim {
        match self.kept.get(key) {
            None => Claim::New,
            Some(kept) if kept.body == *body => {
                Claim::Same { permitted: kept.permitted, receipt: kept.receipt.clone() }
            }
            Some(_) => Claim::Different,
        }
    }

    fn keep(&mut self, key: LedgerKey, body: Digest, permitted: bool, receipt: Digest) {
        if self.kept.insert(key.clone(), Kept { body, permitted, receipt }).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.keys_max {
            if let Some(oldest) = self.order.pop_front() {
                self.kept.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::{AccountId, Nonce};

    fn key(nonce: u8) -> LedgerKey {
        LedgerKey {
            account: AccountId::parse("111122223333").expect("good"),
            source: "app.infra".into(),
            kind: "LIST_ACCOUNTS".into(),
            nonce: Nonce::parse(&format!("00000000-0000-4000-8000-0000000000{nonce:02}")).expect("good"),
        }
    }

    #[test]
    fn equal_requests_are_repeated_and_other_bodies_refused() {
        let mut ledger = MemoryLedger::with_room_for(2);
        let (one, other, receipt) = (Digest::of(b"1"), Digest::of(b"2"), Digest::of(b"r"));
        assert_eq!(ledger.claim(&key(1), &one), Claim::New);
        ledger.keep(key(1), one.clone(), true, receipt.clone());
        assert_eq!(ledger.claim(&key(1), &one), Claim::Same { permitted: true, receipt: receipt.clone() });
        assert_eq!(ledger.claim(&key(1), &other), Claim::Different);
        assert_eq!(ledger.claim(&key(2), &one), Claim::New);
        ledger.keep(key(2), one.clone(), true, receipt.clone());
        ledger.keep(key(3), one.clone(), true, receipt);
        assert_eq!(ledger.claim(&key(1), &one), Claim::New, "the oldest is forgotten at the edge");
        assert_ne!(ledger.claim(&key(2), &one), Claim::New);
    }
}
