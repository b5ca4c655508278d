// SPDX-License-Identifier: MIT
//! The library that was linked works, and is the one that the bindings describe.

use core::ffi::{c_void, CStr};
use core::mem::size_of;
use core::ptr::{from_mut, null, null_mut};
use defrag_sys::*;

const OK: defrag_status = DEFRAG_OK as defrag_status;
const FAST: defrag_fit = DEFRAG_FAST as defrag_fit;

#[repr(align(16))]
struct Memory([u8; 4096]);

impl Memory {
    fn new() -> Box<Self> {
        Box::new(Memory([0; 4096]))
    }

    fn init(&mut self) -> *mut defrag_pool {
        let mut pool = null_mut();
        assert_eq!(unsafe { defrag_init(self.0.as_mut_ptr().cast(), self.0.len(), null(), &mut pool) }, OK);
        assert!(!pool.is_null());
        pool
    }
}

fn alloc(pool: *mut defrag_pool, bytes: usize) -> defrag_handle {
    let mut handle = DEFRAG_NO_HANDLE;
    assert_eq!(unsafe { defrag_alloc(pool, bytes, FAST, &mut handle) }, OK);
    assert_ne!(handle, DEFRAG_NO_HANDLE);
    handle
}

fn lock(pool: *mut defrag_pool, handle: defrag_handle) -> *mut u8 {
    let mut address = null_mut();
    assert_eq!(unsafe { defrag_lock(pool, handle, &mut address) }, OK);
    address.cast()
}

fn stats(pool: *const defrag_pool) -> defrag_pool_stats {
    let mut stats = defrag_pool_stats { size: size_of::<defrag_pool_stats>() as u32, ..Default::default() };
    assert_eq!(unsafe { defrag_stats(pool, &mut stats) }, OK);
    stats
}

#[test]
fn a_block_moves_while_unlocked_and_keeps_its_bytes() {
    let mut memory = Memory::new();
    let pool = memory.init();
    let below = alloc(pool, 200);
    let block = alloc(pool, 100);
    unsafe {
        let before = lock(pool, block);
        assert_eq!(defrag_free(pool, block), DEFRAG_LOCKED as defrag_status);
        before.write_bytes(0xa5, 100);
        assert_eq!(defrag_unlock(pool, block), OK);

        assert_eq!(defrag_free(pool, below), OK);
        assert_eq!(defrag_compact(pool), OK);

        let after = lock(pool, block);
        assert!(after < before);
        assert_eq!(core::slice::from_raw_parts(after, 100), [0xa5; 100]);
        assert_eq!(stats(pool).moved_blocks, 1);
        assert_eq!(defrag_unlock(pool, block), OK);
        assert_eq!(defrag_check(pool, null_mut()), OK);
        assert_eq!(defrag_deinit(pool), OK);
        assert_eq!(defrag_check(pool, null_mut()), DEFRAG_INVALID_POOL as defrag_status);
    }
}

#[test]
fn every_field_of_the_statistics_arrives_where_rust_reads_it() {
    let mut memory = Memory::new();
    let pool = memory.init();
    let handles = [40, 80, 120].map(|bytes| alloc(pool, bytes));
    lock(pool, handles[0]);
    assert_eq!(unsafe { defrag_free(pool, handles[1]) }, OK);
    let stats = stats(pool);
    assert_eq!((stats.pool_bytes, stats.live, stats.locked, stats.holes, stats.peak_live), (4096, 2, 1, 1, 3));
    assert_eq!(stats.used + stats.overhead + stats.free, stats.pool_bytes);
    assert_eq!((stats.moved_bytes, stats.moved_blocks), (0, 0));
}

#[test]
fn a_walk_shows_the_block_and_then_the_hole_above() {
    let mut memory = Memory::new();
    let pool = memory.init();
    let handle = alloc(pool, 100);
    let mut block = defrag_block { size: size_of::<defrag_block>() as u32, ..Default::default() };
    let mut shown = Vec::new();
    while unsafe { defrag_walk(pool, &mut block) } {
        shown.push((block.handle, block.bytes >= 100));
    }
    assert_eq!(shown, [(handle, true), (DEFRAG_NO_HANDLE, true)]);
}

#[test]
fn an_observer_is_told_of_an_allocation() {
    unsafe extern "C" fn note(context: *mut c_void, _: *const defrag_pool, event: *const defrag_event) {
        (*context.cast::<Vec<defrag_event>>()).push(*event);
    }
    let mut memory = Memory::new();
    let pool = memory.init();
    let mut events: Vec<defrag_event> = Vec::new();
    assert_eq!(unsafe { defrag_observe(pool, Some(note), from_mut(&mut events).cast()) }, OK);
    let handle = alloc(pool, 100);
    assert_eq!(unsafe { defrag_observe(pool, None, null_mut()) }, OK);
    alloc(pool, 100);
    let [event] = events[..] else { panic!("one event, not {events:?}") };
    assert_eq!((event.kind, event.handle), (DEFRAG_EVENT_ALLOC as i32, handle));
    assert_eq!(event.size as usize, size_of::<defrag_event>());
}

#[test]
fn links_are_as_wide_as_the_features_say() {
    let mut memory = Memory::new();
    let stats = stats(memory.init());
    let (granule, overhead) = if cfg!(feature = "wide-links") { (16, 16) } else { (8, 8) };
    assert_eq!((stats.granule, stats.block_overhead + stats.handle_overhead), (granule, overhead));
}

#[test]
fn the_version_is_that_of_the_bindings_and_of_the_crate() {
    assert_eq!(unsafe { defrag_version() }, DEFRAG_VERSION);
    let of_c = format!("+{DEFRAG_VERSION_MAJOR}.{DEFRAG_VERSION_MINOR}.{DEFRAG_VERSION_PATCH}");
    assert!(env!("CARGO_PKG_VERSION").ends_with(&of_c));
}

#[test]
fn texts_are_strings() {
    let text = unsafe { CStr::from_ptr(defrag_status_text(DEFRAG_LOCKED as defrag_status)) };
    assert!(text.to_str().unwrap().contains("locked"), "{text:?}");
    assert!(!unsafe { CStr::from_ptr(defrag_invariant_text(1)) }.is_empty());
}

/// Refers to each function, so that a library which lacks one does not link.
macro_rules! functions {
    ($($name:ident)+) => { [$((stringify!($name), $name as *const ())),+] };
}

#[test]
fn every_function_of_the_bindings_is_linked() {
    let linked = functions!(
        defrag_init defrag_attach defrag_deinit defrag_alloc defrag_alloc_array defrag_alloc_with defrag_free
        defrag_resize defrag_usable_size defrag_lock defrag_lock_shared defrag_unlock defrag_clean defrag_compact
        defrag_step defrag_stats defrag_would_fit defrag_walk defrag_check defrag_observe defrag_status_text
        defrag_invariant_text defrag_version
    );
    assert!(linked.iter().all(|(_, address)| !address.is_null()));
    let declared = include_str!("../src/bindings.rs").lines().filter_map(|line| line.trim().strip_prefix("pub fn "));
    let declared = declared.filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    assert_eq!(declared.collect::<Vec<_>>(), linked.map(|(name, _)| name));
}
