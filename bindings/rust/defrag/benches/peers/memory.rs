// SPDX-License-Identifier: MIT
//! What a heap shares out.

use std::alloc::{alloc, dealloc, handle_alloc_error, Layout};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

/// Every heap begins at the start of a page, so that none is favoured by where its memory lies.
const PAGE: usize = 4096;

pub struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    pub fn new(bytes: usize) -> Self {
        assert!(bytes != 0);
        let layout = Layout::from_size_align(bytes, PAGE).expect("a usual size");
        // SAFETY: it is more than no bytes.
        let start = NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout));
        Self { start, layout }
    }

    /// # Safety
    ///
    /// Called once, and what is returned is not used after the memory is dropped.
    pub unsafe fn lend(&self) -> &'static mut [MaybeUninit<u8>] {
        // SAFETY: it was allocated so, and the caller sees to the rest.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.layout.size()) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was allocated so.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}
