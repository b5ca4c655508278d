// SPDX-License-Identifier: MIT
//! defrag, through its safe interface.

use std::mem::MaybeUninit;

use defrag::{Config, Fit, Pool, SliceMutex};

use super::memory::Memory;
use super::Heap;

pub struct Defrag<const MOVES: bool> {
    pool: Pool, // dropped before its memory
    _memory: Memory,
}

/// In constant time, moving nothing.
pub type Fast = Defrag<false>;
/// Moving blocks where that is needed to make room.
pub type MakeRoom = Defrag<true>;

impl<const MOVES: bool> Heap for Defrag<MOVES> {
    const NAME: &'static str = if MOVES { "defrag, MakeRoom" } else { "defrag, Fast" };
    const BESIDE: usize = size_of::<Pool>();
    type Block<'h> = SliceMutex<'h, MaybeUninit<u8>>;

    fn new(bytes: usize) -> Self {
        let memory = Memory::new(bytes);
        // SAFETY: lent once, and the pool is dropped before the memory; blocks borrow both.
        let pool = Pool::in_static(unsafe { memory.lend() }, Config::new()).expect("a pool of a size that it can have");
        Self { pool, _memory: memory }
    }

    #[inline]
    fn alloc(&self, size: usize) -> Option<Self::Block<'_>> {
        let fit = if MOVES { Fit::MakeRoom } else { Fit::Fast };
        self.pool.with_fit(fit).alloc_slice_uninit(size).ok()
    }

    #[inline]
    fn free(&self, block: Self::Block<'_>) {
        drop(block);
    }

    #[inline]
    fn touch<R>(&self, block: &mut Self::Block<'_>, touch: impl FnOnce(&mut [MaybeUninit<u8>]) -> R) -> R {
        touch(&mut block.lock())
    }
}
