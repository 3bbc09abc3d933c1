//! Memory for plugins that live for one evaluation.
//!
//! An instance is thrown away with all its memory once it has answered, so nothing needs to be given back on the way.
//! Allocating is moving a pointer, and what one evaluation touches lies side by side: both are most of what a small
//! decision costs.

#![allow(unsafe_code, reason = "an allocator is unsafe by its nature")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;

/// Bytes of a page of linear memory.
const PAGE_BYTES: usize = 65_536;

/// An allocator that hands out memory upwards, and takes back only what it handed out last.
///
/// Use it with [`one_evaluation_memory!`](crate::one_evaluation_memory). A plugin that allocates again and again over a
/// long evaluation is better off with the standard allocator.
#[derive(Debug)]
pub struct OneEvaluation {
    /// Where the next block may begin; 0 before the first.
    next: Cell<usize>,
    /// Where memory ends.
    end: Cell<usize>,
}

// SAFETY: a plugin has one thread; WebAssembly without the threads proposal, which the host leaves out, has no others.
unsafe impl Sync for OneEvaluation {}

impl OneEvaluation {
    /// Nothing handed out yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: Cell::new(0), end: Cell::new(0) }
    }
}

impl Default for OneEvaluation {
    fn default() -> Self {
        Self::new()
    }
}

/// Where data ends and free memory begins.
fn heap_base() -> usize {
    unsafe extern "C" {
        static __heap_base: u8;
    }
    // SAFETY: the linker sets the symbol; only its address is taken.
    &raw const __heap_base as usize
}

impl OneEvaluation {
    /// A block of `size` bytes that begins at or behind `from`, or null.
    fn place(&self, from: usize, size: usize, align: usize) -> *mut u8 {
        let Some(begin) = from.checked_next_multiple_of(align) else { return core::ptr::null_mut() };
        let Some(behind) = begin.checked_add(size) else { return core::ptr::null_mut() };
        if behind > self.end.get() && !self.grow(behind) {
            return core::ptr::null_mut();
        }
        self.next.set(behind);
        begin as *mut u8
    }

    #[cold]
    fn grow(&self, behind: usize) -> bool {
        let pages = core::arch::wasm32::memory_size(0);
        self.end.set(pages * PAGE_BYTES);
        let missing = behind.saturating_sub(self.end.get()).div_ceil(PAGE_BYTES);
        if missing == 0 {
            return true;
        }
        // A sixteenth more at once, so that large data is not grown page by page.
        let more = missing.max(pages / 16);
        if core::arch::wasm32::memory_grow(0, more) == usize::MAX {
            return false;
        }
        self.end.set((pages + more) * PAGE_BYTES);
        true
    }
}

// SAFETY: a block is handed out once: `next` only moves down to the beginning of the block that ends at it. Blocks begin at
// a multiple of their alignment and end within memory.
unsafe impl GlobalAlloc for OneEvaluation {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let next = self.next.get();
        self.place(if next == 0 { heap_base() } else { next }, layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block as usize + layout.size() == self.next.get() {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block as usize + layout.size() == self.next.get() {
            return self.place(block as usize, size, layout.align());
        }
        if size <= layout.size() {
            return block;
        }
        let moved = self.place(self.next.get(), size, layout.align());
        if !moved.is_null() {
            // SAFETY: both blocks are of at least that size, and the new one lies behind the old one.
            unsafe { core::ptr::copy_nonoverlapping(block, moved, layout.size()) };
        }
        moved
    }
}
