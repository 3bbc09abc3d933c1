//! Probes for what one instance could learn of another, and for what could differ between runs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);
static HEAP: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Counts in a static and on the heap how often it ran in this instance.
pub(crate) fn count() -> String {
    let of_static = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let mut heap = HEAP.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    heap.push(0);
    format!("static={of_static} heap={}", heap.len())
}

/// Grows the memory by some pages, counts bytes in them that are not zero, and leaves a mark in all of them.
#[expect(unsafe_code, reason = "new pages are looked at as no safe code would")]
pub(crate) fn residue(pages: usize) -> String {
    const WORD_BYTES: usize = 8;
    let start = core::arch::wasm32::memory_grow(0, pages) * 65_536;
    let mut marked = 0;
    for at in (start..start + pages * 65_536).step_by(WORD_BYTES) {
        let word = at as *mut u64;
        // SAFETY: the pages were just granted, belong to nobody else, and `word` is aligned and inside them.
        unsafe {
            marked += u32::from(word.read_volatile() != 0);
            word.write_volatile(0x5a5a_5a5a_5a5a_5a5a);
        }
    }
    format!("residue={marked}")
}

/// Where a heap object and a local are.
pub(crate) fn address() -> String {
    let local = 0_u8;
    format!("heap={:p} stack={:p}", Box::new(7_u8), &raw const local)
}

/// The order in which a map with the standard hasher gives its keys.
pub(crate) fn hash_order() -> String {
    let map: HashMap<u32, ()> = (0..32).map(|key| (key, ())).collect();
    map.keys().map(u32::to_string).collect::<Vec<_>>().join(",")
}
