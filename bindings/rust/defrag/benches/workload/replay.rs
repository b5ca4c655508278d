// SPDX-License-Identifier: MIT
//! Runs a workload on a heap.

use std::mem::MaybeUninit;

use super::trace::{Step, Trace};
use crate::peers::Heap;

/// What each slot holds.
pub type Slots<'h, H> = Vec<Option<<H as Heap>::Block<'h>>>;

/// Slots in their steady state; how many allocations were refused until then.
pub fn fill<'h, H: Heap, const WRITTEN: bool>(heap: &'h H, trace: &Trace) -> (Slots<'h, H>, usize) {
    let mut slots = Slots::<H>::new();
    slots.resize_with(trace.slots, || None);
    let refused = replay::<H, WRITTEN>(heap, &mut slots, &trace.settle);
    (slots, refused)
}

/// Takes the steps, and tells how many allocations were refused; a slot of which that is so stays empty. If `WRITTEN`,
/// each block is filled when it is allocated, and must hold the same when it is freed.
#[inline]
pub fn replay<'h, H: Heap, const WRITTEN: bool>(heap: &'h H, slots: &mut Slots<'h, H>, steps: &[Step]) -> usize {
    let mut refused = 0;
    for &Step { slot, size } in steps {
        let place = &mut slots[slot as usize];
        if size != 0 {
            *place = heap.alloc(size as usize);
            match place {
                Some(block) if WRITTEN => heap.touch(block, |bytes| write(bytes, slot)),
                Some(_) => {}
                None => refused += 1,
            }
        } else if let Some(mut block) = place.take() {
            if WRITTEN {
                heap.touch(&mut block, |bytes| expect(bytes, slot));
            }
            heap.free(block);
        }
    }
    refused
}

fn write(bytes: &mut [MaybeUninit<u8>], slot: u32) {
    bytes.fill(MaybeUninit::new(slot as u8));
}

fn expect(bytes: &[MaybeUninit<u8>], slot: u32) {
    for byte in [bytes.first(), bytes.last()].into_iter().flatten() {
        // SAFETY: all bytes were written when the block was allocated.
        assert_eq!(unsafe { byte.assume_init() }, slot as u8, "a block of slot {slot} lost what it held");
    }
}
