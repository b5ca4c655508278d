// SPDX-License-Identifier: MIT
//! Heaps that hand out addresses, which stay.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use talc::base::binning::DefaultBinning;
use talc::source::Manual;

use super::memory::Memory;
use super::Heap;

/// A heap's own interface, in its cheapest form.
pub trait Plain: Sized {
    const NAME: &'static str;

    fn over(memory: &'static mut [MaybeUninit<u8>]) -> Self;

    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// # Safety
    ///
    /// The block was allocated by this heap with this layout, and is not used any more.
    unsafe fn release(&mut self, start: NonNull<u8>, layout: Layout);
}

/// A plain heap and its memory. One thread uses it, so nothing is paid for locking where the heap lets one choose.
pub struct Shared<P: Plain> {
    heap: UnsafeCell<P>,
    _memory: Memory,
}

pub struct Address {
    start: NonNull<u8>,
    size: usize,
}

impl Address {
    fn layout(&self) -> Layout {
        bytes(self.size)
    }
}

fn bytes(size: usize) -> Layout {
    // SAFETY: 1 is a power of two, and no workload asks for nearly half of the address space.
    unsafe { Layout::from_size_align_unchecked(size, 1) }
}

impl<P: Plain> Heap for Shared<P> {
    const NAME: &'static str = P::NAME;
    const BESIDE: usize = size_of::<P>();
    type Block<'h>
        = Address
    where
        Self: 'h;

    fn new(bytes: usize) -> Self {
        let memory = Memory::new(bytes);
        // SAFETY: lent once, and the heap is not used after the memory is dropped.
        let heap = UnsafeCell::new(P::over(unsafe { memory.lend() }));
        Self { heap, _memory: memory }
    }

    #[inline]
    fn alloc(&self, size: usize) -> Option<Address> {
        // SAFETY: the cell makes this type stay in one thread, and no method calls another.
        let start = unsafe { &mut *self.heap.get() }.allocate(bytes(size))?;
        Some(Address { start, size })
    }

    #[inline]
    fn free(&self, block: Address) {
        // SAFETY: as for `alloc`; the workloads free each block once, in its own heap.
        unsafe { (*self.heap.get()).release(block.start, block.layout()) };
    }

    #[inline]
    fn touch<R>(&self, block: &mut Address, touch: impl FnOnce(&mut [MaybeUninit<u8>]) -> R) -> R {
        // SAFETY: the block has so many bytes, and they are its owner's alone.
        touch(unsafe { slice::from_raw_parts_mut(block.start.as_ptr().cast(), block.size) })
    }
}

/// Classes enough for 256 KiB with granules of 16 and of 32 bytes, each halved four times over.
type Tlsf = rlsf::Tlsf<'static, u16, u16, 14, 16>;

pub type Rlsf = Shared<Tlsf>;

impl Plain for Tlsf {
    const NAME: &'static str = "rlsf";

    fn over(memory: &'static mut [MaybeUninit<u8>]) -> Self {
        let mut heap = Self::new();
        let _ = heap.insert_free_block(memory);
        heap
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        Self::allocate(self, layout)
    }

    #[inline]
    unsafe fn release(&mut self, start: NonNull<u8>, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { self.deallocate(start, layout.align()) };
    }
}

type TalcHeap = talc::base::Talc<Manual, DefaultBinning>;

pub type Talc = Shared<TalcHeap>;

impl Plain for TalcHeap {
    const NAME: &'static str = "talc";

    fn over(memory: &'static mut [MaybeUninit<u8>]) -> Self {
        let mut heap = Self::new(Manual);
        // SAFETY: the memory is the heap's alone.
        unsafe { heap.claim(memory.as_mut_ptr().cast(), memory.len()) }.expect("room for its bins");
        heap
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: no workload asks for nothing.
        unsafe { Self::allocate(self, layout) }
    }

    #[inline]
    unsafe fn release(&mut self, start: NonNull<u8>, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { self.deallocate(start.as_ptr(), layout) };
    }
}

pub type LinkedList = Shared<linked_list_allocator::Heap>;

impl Plain for linked_list_allocator::Heap {
    const NAME: &'static str = "linked_list_allocator";

    fn over(memory: &'static mut [MaybeUninit<u8>]) -> Self {
        Self::from_slice(memory)
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_first_fit(layout).ok()
    }

    #[inline]
    unsafe fn release(&mut self, start: NonNull<u8>, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { self.deallocate(start, layout) };
    }
}

/// embedded-alloc's heaps are global allocators only: each call is a critical section.
macro_rules! embedded {
    ($name:ident, $heap:ty, $text:literal) => {
        pub type $name = Shared<$heap>;

        impl Plain for $heap {
            const NAME: &'static str = $text;

            fn over(memory: &'static mut [MaybeUninit<u8>]) -> Self {
                let heap = Self::empty();
                // SAFETY: the memory is the heap's alone.
                unsafe { heap.init(memory.as_mut_ptr() as usize, memory.len()) };
                heap
            }

            #[inline]
            fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
                // SAFETY: no workload asks for nothing.
                NonNull::new(unsafe { GlobalAlloc::alloc(self, layout) })
            }

            #[inline]
            unsafe fn release(&mut self, start: NonNull<u8>, layout: Layout) {
                // SAFETY: as the caller says.
                unsafe { self.dealloc(start.as_ptr(), layout) };
            }
        }
    };
}

embedded!(EmbeddedTlsf, embedded_alloc::TlsfHeap, "embedded-alloc TLSF");
embedded!(EmbeddedLlff, embedded_alloc::LlffHeap, "embedded-alloc LLFF");
