//! Memory for plugins that live for one evaluation.
//!
//! An instance is thrown away with all its memory once it has answered, so nothing needs to be given back on the way.
//! Allocating is moving a pointer, and what one evaluation touches lies side by side, before the settings: both are most of
//! what a small decision costs.

#![cfg_attr(target_arch = "wasm32", allow(unsafe_code, reason = "an allocator is unsafe by its nature"))]

use core::cell::Cell;

/// Bytes of a page of linear memory.
const PAGE_BYTES: usize = 65_536;
/// Bytes between data and settings that are left for the evaluation: what a small one allocates. The host makes the
/// beginning of a memory fresh more cheaply than what lies behind large settings.
const NEAR_BYTES: usize = 16_384;

/// The memory that blocks are in.
trait Pages {
    /// Where data ends and free memory begins.
    fn base(&self) -> usize;
    /// Pages there are.
    fn count(&self) -> usize;
    /// Asks for so many more; whether they were given.
    fn grow(&self, pages: usize) -> bool;
}

/// Hands out addresses upwards, and takes back only what it handed out last. Settings come first, behind a gap that is left
/// for the evaluation; what does not fit there goes on behind the settings.
#[derive(Debug)]
struct Bump {
    /// Where the next block may begin.
    next: Cell<usize>,
    /// Where the blocks end that can be handed out without looking further; 0 before the first.
    end: Cell<usize>,
    /// Where the settings end, while the gap before them is being filled; 0 before and after.
    behind_settings: Cell<usize>,
    /// Whether the gap was given to the evaluation.
    settled: Cell<bool>,
}

impl Bump {
    const fn new() -> Self {
        Self { next: Cell::new(0), end: Cell::new(0), behind_settings: Cell::new(0), settled: Cell::new(false) }
    }

    /// Settings are read: what comes now is an evaluation's. Told again, it changes nothing: the gap may be in use by then.
    fn settle(&self, pages: &impl Pages) {
        if self.end.get() != 0 && !self.settled.replace(true) {
            self.behind_settings.set(self.next.replace(pages.base()));
            self.end.set(pages.base() + NEAR_BYTES);
        }
    }

    fn allocate(&self, pages: &impl Pages, size: usize, align: usize) -> Option<usize> {
        self.place(pages, self.next.get(), size, align)
    }

    fn free(&self, block: usize, size: usize) {
        if block.checked_add(size) == Some(self.next.get()) {
            self.next.set(block);
        }
    }

    /// Where the block lies that takes the place of another one. If that is elsewhere, its content has to be copied.
    fn resize(&self, pages: &impl Pages, block: usize, size: usize, wanted: usize, align: usize) -> Option<usize> {
        if block.checked_add(size) == Some(self.next.get()) {
            return self.place(pages, block, wanted, align);
        }
        if wanted <= size { Some(block) } else { self.allocate(pages, wanted, align) }
    }

    /// A block that begins at or behind `from`.
    fn place(&self, pages: &impl Pages, from: usize, size: usize, align: usize) -> Option<usize> {
        let begin = from.checked_next_multiple_of(align)?;
        let behind = begin.checked_add(size)?;
        if behind > self.end.get() {
            return self.place_further(pages, from, size, align);
        }
        self.next.set(behind);
        Some(begin)
    }

    #[cold]
    fn place_further(&self, pages: &impl Pages, mut from: usize, size: usize, align: usize) -> Option<usize> {
        if self.behind_settings.get() != 0 {
            // The gap is full, and is left for good: nothing behind it may be taken for free memory.
            from = self.behind_settings.replace(0);
            self.next.set(from);
            self.end.set(pages.count().saturating_mul(PAGE_BYTES));
        } else if self.end.get() == 0 {
            from = pages.base() + NEAR_BYTES;
        }
        let begin = from.checked_next_multiple_of(align)?;
        let behind = begin.checked_add(size)?;
        let count = pages.count();
        let missing = behind.div_ceil(PAGE_BYTES).saturating_sub(count);
        // A sixteenth more at once, so that large data is not grown page by page.
        let more = if missing == 0 { 0 } else { missing.max(count / 16) };
        if more > 0 && !pages.grow(more) {
            return None;
        }
        self.end.set((count + more).saturating_mul(PAGE_BYTES));
        self.next.set(behind);
        Some(begin)
    }
}

#[cfg(target_arch = "wasm32")]
pub use guest::OneEvaluation;
#[cfg(target_arch = "wasm32")]
pub(crate) use guest::settle;

#[cfg(target_arch = "wasm32")]
mod guest {
    use super::{Bump, Pages};
    use core::alloc::{GlobalAlloc, Layout};

    /// The plugin's memory.
    struct Linear;

    impl Pages for Linear {
        fn base(&self) -> usize {
            unsafe extern "C" {
                static __heap_base: u8;
            }
            // SAFETY: the linker sets the symbol; only its address is taken.
            &raw const __heap_base as usize
        }

        fn count(&self) -> usize {
            core::arch::wasm32::memory_size(0)
        }

        fn grow(&self, pages: usize) -> bool {
            core::arch::wasm32::memory_grow(0, pages) != usize::MAX
        }
    }

    /// There is one memory, so one account of it.
    struct One(Bump);

    // SAFETY: a plugin has one thread; WebAssembly without the threads proposal, which the host leaves out, has no others.
    unsafe impl Sync for One {}

    static ONE: One = One(Bump::new());

    /// Says that settings have been read; [`Configured::set`](crate::Configured::set) does. Nothing happens in a plugin with
    /// another allocator.
    pub(crate) fn settle() {
        ONE.0.settle(&Linear);
    }

    /// An allocator for plugins that are thrown away once they have answered.
    ///
    /// Use it with [`one_evaluation_memory!`](crate::one_evaluation_memory). A plugin that allocates again and again over a
    /// long evaluation is better off with the standard allocator.
    #[derive(Debug, Clone, Copy)]
    pub struct OneEvaluation;

    // SAFETY: blocks do not overlap, begin at a multiple of their alignment and end within memory: see `Bump` and its tests.
    unsafe impl GlobalAlloc for OneEvaluation {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ONE.0.allocate(&Linear, layout.size(), layout.align()).unwrap_or(0) as *mut u8
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            ONE.0.free(block as usize, layout.size());
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            let moved = ONE.0.resize(&Linear, block as usize, layout.size(), size, layout.align());
            let moved = moved.unwrap_or(0) as *mut u8;
            if !moved.is_null() && moved != block {
                // SAFETY: both blocks have at least so many bytes, and a block that is moved does not overlap its old place.
                unsafe { core::ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Data ends within the first page.
    const BASE: usize = 37_024;
    /// Pages that are given at most.
    const PAGES_MAX: usize = 40;

    struct Counted(Cell<usize>);

    impl Pages for Counted {
        fn base(&self) -> usize {
            BASE
        }

        fn count(&self) -> usize {
            self.0.get()
        }

        fn grow(&self, pages: usize) -> bool {
            let count = self.0.get() + pages;
            if count <= PAGES_MAX {
                self.0.set(count);
            }
            count <= PAGES_MAX
        }
    }

    #[test]
    fn settings_lie_behind_the_gap_and_an_evaluation_in_it_and_then_behind_them() {
        let (bump, pages) = (Bump::new(), Counted(Cell::new(1)));
        let near = BASE + NEAR_BYTES;
        assert_eq!(bump.allocate(&pages, 5_000, 1), Some(near));
        assert_eq!(bump.allocate(&pages, 10, 8), Some((near + 5_000).next_multiple_of(8)));
        assert_eq!(pages.count(), 1, "what fits into the page does not grow it");
        let settings_end = (near + 5_000).next_multiple_of(8) + 10;
        bump.settle(&pages);
        assert_eq!(bump.allocate(&pages, NEAR_BYTES - 8, 1), Some(BASE));
        let last = bump.allocate(&pages, 8, 1).expect("fits to the last byte");
        assert_eq!(last, near - 8);
        // One byte more than the gap holds: the block moves, and the gap is left.
        assert_eq!(bump.resize(&pages, last, 8, 9, 1), Some(settings_end));
        assert_eq!(bump.allocate(&pages, 1, 1), Some(settings_end + 9));
    }

    #[test]
    fn what_was_handed_out_last_is_taken_back_and_grows_in_place() {
        let (bump, pages) = (Bump::new(), Counted(Cell::new(1)));
        bump.allocate(&pages, 4, 1).expect("settings");
        bump.settle(&pages);
        let (one, two) = (bump.allocate(&pages, 16, 4).expect("fits"), bump.allocate(&pages, 16, 4).expect("fits"));
        assert_eq!(bump.resize(&pages, two, 16, 64, 4), Some(two));
        assert_eq!(bump.resize(&pages, one, 16, 8, 4), Some(one), "shrinks where it is");
        assert_eq!(bump.resize(&pages, one, 16, 32, 4), Some(two + 64), "is moved");
        bump.free(two + 64, 32);
        assert_eq!(bump.allocate(&pages, 4, 4), Some(two + 64));
    }

    /// A plugin may keep two values, each of which says that settings are read.
    #[test]
    fn the_gap_is_given_away_once() {
        let (bump, pages) = (Bump::new(), Counted(Cell::new(1)));
        bump.settle(&pages);
        bump.allocate(&pages, 4, 1).expect("settings");
        bump.settle(&pages);
        assert_eq!(bump.allocate(&pages, 100, 1), Some(BASE), "more settings");
        bump.settle(&pages);
        assert_eq!(bump.allocate(&pages, 100, 1), Some(BASE + 100), "behind what is in use");
    }

    #[test]
    fn memory_grows_by_what_is_needed_and_a_refusal_changes_nothing() {
        let (bump, pages) = (Bump::new(), Counted(Cell::new(1)));
        assert!(bump.allocate(&pages, 2 * PAGE_BYTES, 1).is_some());
        assert_eq!(pages.count(), 3);
        let next = bump.next.get();
        assert_eq!(next, BASE + NEAR_BYTES + 2 * PAGE_BYTES);
        assert_eq!(bump.allocate(&pages, PAGES_MAX * PAGE_BYTES, 1), None);
        assert_eq!(bump.allocate(&pages, usize::MAX, 1), None);
        assert_eq!((pages.count(), bump.next.get()), (3, next));
    }

    #[derive(Debug, Clone)]
    enum Deed {
        Allocate(usize, u32),
        Free(usize),
        Resize(usize, usize),
        Settle,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let size = prop_oneof![1..64_usize, 1..20_000_usize];
        prop_oneof![
            5 => (size.clone(), 0..5_u32).prop_map(|(size, log)| Deed::Allocate(size, log)),
            2 => any::<usize>().prop_map(Deed::Free),
            3 => (any::<usize>(), size).prop_map(|(which, size)| Deed::Resize(which, size)),
            1 => Just(Deed::Settle),
        ]
    }

    proptest! {
        /// Whatever is asked for in whatever order: blocks in use lie in memory, where they should, and apart.
        #[test]
        fn blocks_never_overlap(deeds in prop::collection::vec(deed(), 0..200)) {
            let (bump, pages) = (Bump::new(), Counted(Cell::new(1)));
            let mut blocks: Vec<(usize, usize, usize)> = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Allocate(size, log) => {
                        let align = 1 << log;
                        blocks.extend(bump.allocate(&pages, size, align).map(|block| (block, size, align)));
                    }
                    Deed::Free(which) if !blocks.is_empty() => {
                        let (block, size, _) = blocks.swap_remove(which % blocks.len());
                        bump.free(block, size);
                    }
                    Deed::Resize(which, wanted) if !blocks.is_empty() => {
                        let which = which % blocks.len();
                        let (block, size, align) = blocks[which];
                        if let Some(moved) = bump.resize(&pages, block, size, wanted, align) {
                            let apart = moved == block || moved >= block + size || moved + wanted <= block;
                            prop_assert!(apart, "{block} + {size} is copied to {moved} + {wanted}");
                            blocks[which] = (moved, wanted, align);
                        }
                    }
                    Deed::Free(_) | Deed::Resize(..) => {}
                    Deed::Settle => bump.settle(&pages),
                }
                let mut sorted = blocks.clone();
                sorted.sort_unstable();
                for (block, size, align) in &sorted {
                    prop_assert!(block % align == 0 && *block >= BASE && block + size <= pages.count() * PAGE_BYTES);
                }
                for pair in sorted.windows(2) {
                    prop_assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
                }
            }
        }
    }
}
