// SPDX-License-Identifier: MIT
//! One interface to all heaps, so that each runs the very same workload.

mod memory;
mod ours;
mod plain;

pub use ours::{Fast, MakeRoom};
pub use plain::{EmbeddedLlff, EmbeddedTlsf, LinkedList, Rlsf, Talc};

use std::mem::MaybeUninit;

/// A heap in memory of its own.
pub trait Heap: Sized {
    const NAME: &'static str;
    /// Bytes of control data that lie outside the memory that the heap shares out.
    const BESIDE: usize;
    /// What a program keeps to find its bytes again.
    type Block<'h>
    where
        Self: 'h;

    /// A heap that shares out so many bytes, control data inside them included.
    fn new(bytes: usize) -> Self;

    /// A block, its contents uninitialised and aligned at least to 1; none if it is refused.
    fn alloc(&self, size: usize) -> Option<Self::Block<'_>>;

    fn free(&self, block: Self::Block<'_>);

    /// Uses the bytes where they are now.
    fn touch<R>(&self, block: &mut Self::Block<'_>, touch: impl FnOnce(&mut [MaybeUninit<u8>]) -> R) -> R;
}

/// Something to be done with every heap.
pub trait Visit {
    fn visit<H: Heap>(&mut self);
}

/// Visits every heap, the one that the others are compared with first.
pub fn visit_all(visitor: &mut impl Visit) {
    visitor.visit::<Rlsf>();
    visitor.visit::<Fast>();
    visitor.visit::<MakeRoom>();
    visitor.visit::<Talc>();
    visitor.visit::<LinkedList>();
    visitor.visit::<EmbeddedTlsf>();
    visitor.visit::<EmbeddedLlff>();
}
