//! What was read a moment ago: kept for a fixed time, read once however many ask at once.

use reeve_engine::FactError;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most keys that are kept. Keys come from senders' account ids, of which an organization has fewer.
const KEYS_MAX: usize = 16_384;

/// Tells the time; tests have their own.
pub(super) type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Values by key. A value that cannot be read anew is not served after its time: the error is.
pub(super) struct Cache<K, V> {
    ttl: Duration,
    clock: Clock,
    slots: Mutex<HashMap<K, Arc<Slot<V>>>>,
}

struct Slot<V> {
    /// How many readings have ended: those who waited for one take its result, even an error.
    ended: AtomicU64,
    /// Held while reading.
    last: tokio::sync::Mutex<Option<Last<V>>>,
}

/// The last reading: when it began, and what came of it.
struct Last<V> {
    began: Instant,
    result: Result<V, FactError>,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self { ended: AtomicU64::new(0), last: tokio::sync::Mutex::new(None) }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(ttl: Duration, clock: Clock) -> Self {
        Self { ttl, clock, slots: Mutex::default() }
    }

    /// The value of a key: the one that is kept, or what `read` finds.
    pub(super) async fn get(&self, key: &K, read: impl AsyncFnOnce() -> Result<V, FactError>) -> Result<V, FactError> {
        let slot = self.slot(key);
        let seen = slot.ended.load(Ordering::Acquire);
        let mut last = slot.last.lock().await;
        if let Some(last) = &*last {
            let waited_for = slot.ended.load(Ordering::Acquire) > seen;
            let fresh = (self.clock)().saturating_duration_since(last.began) < self.ttl;
            if waited_for || (fresh && last.result.is_ok()) {
                return last.result.clone();
            }
        }
        // Counted from the beginning: what is read is at least as old as its answer.
        let began = (self.clock)();
        let result = read().await;
        *last = Some(Last { began, result: result.clone() });
        slot.ended.fetch_add(1, Ordering::Release);
        result
    }

    /// Forgets everything. A reading under way is finished for those who wait for it, and not kept.
    pub(super) fn forget(&self) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn slot(&self, key: &K) -> Arc<Slot<V>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEYS_MAX && !slots.contains_key(key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// A clock that stands until it is moved.
    fn clock() -> (Clock, Arc<Mutex<Instant>>) {
        let now = Arc::new(Mutex::new(Instant::now()));
        let hand = Arc::clone(&now);
        (Arc::new(move || *now.lock().unwrap()), hand)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    }

    #[test]
    fn a_value_is_kept_for_its_time_and_an_error_is_not() {
        let (clock, hand) = clock();
        let cache: Cache<&str, u32> = Cache::new(Duration::from_secs(30), clock);
        let reads = AtomicUsize::new(0);
        let get = |answer: Result<u32, &str>| {
            let answer = answer.map_err(|text| FactError(text.to_owned()));
            runtime().block_on(cache.get(&"a", async || {
                reads.fetch_add(1, Ordering::Relaxed);
                answer
            }))
        };
        let pass = |seconds| *hand.lock().unwrap() += Duration::from_secs(seconds);
        let down = Err(FactError("down".to_owned()));
        for (seconds, answer, expected, reads_by_then) in [
            (0, Ok(1), Ok(1), 1),
            (29, Ok(2), Ok(1), 1),
            (1, Ok(3), Ok(3), 2),
            (30, Err("down"), down.clone(), 3),
            (0, Err("down"), down, 4),
            (0, Ok(5), Ok(5), 5),
        ] {
            pass(seconds);
            assert_eq!(get(answer), expected);
            assert_eq!(reads.load(Ordering::Relaxed), reads_by_then);
        }
        cache.forget();
        assert_eq!(get(Ok(6)), Ok(6));
    }

    #[test]
    fn those_who_ask_at_once_share_one_reading() {
        for answer in [Ok(7), Err(FactError("down".to_owned()))] {
            let (clock, _) = clock();
            let cache: Arc<Cache<u8, u32>> = Arc::new(Cache::new(Duration::from_secs(30), clock));
            let (reads, runtime) = (Arc::new(AtomicUsize::new(0)), runtime());
            let gate = Arc::new(tokio::sync::Semaphore::new(0));
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let (cache, reads, gate, answer) =
                        (Arc::clone(&cache), Arc::clone(&reads), Arc::clone(&gate), answer.clone());
                    runtime.spawn(async move {
                        let read = async || {
                            reads.fetch_add(1, Ordering::Relaxed);
                            gate.acquire().await.expect("open").forget();
                            answer
                        };
                        cache.get(&0, read).await
                    })
                })
                .collect();
            // All but the reader wait for the slot's lock: each holds a handle on it.
            let waiting = || Arc::strong_count(cache.slots.lock().unwrap().get(&0).expect("a slot"));
            let deadline = Instant::now() + Duration::from_secs(10);
            while (cache.slots.lock().unwrap().is_empty() || waiting() < 51) && Instant::now() < deadline {
                std::thread::yield_now();
            }
            gate.add_permits(1);
            for task in tasks {
                assert_eq!(runtime.block_on(task).expect("no panic"), answer);
            }
            assert_eq!(reads.load(Ordering::Relaxed), 1);
        }
    }
}
