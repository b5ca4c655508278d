// SPDX-License-Identifier: MIT
//! What was wrong with version 0.1, defect by defect, and must stay right.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;

use defrag::{Budget, Error, Mutex, Pool, SliceMutex};

/// Blocks of `bytes` each, as many as the pool holds.
fn fill(pool: &Pool, bytes: usize) -> Vec<SliceMutex<'_, u8>> {
    std::iter::from_fn(|| pool.alloc_slice(bytes).ok()).collect()
}

#[test]
fn payload_at_4_mod_8() {
    let pool = Pool::new(4096, 16, 4).unwrap();
    let _odd = pool.alloc::<u8>().unwrap();
    let mut doubles: Vec<Mutex<f64>> = (0..16).map(|_| pool.alloc().unwrap()).collect();
    doubles.remove(3);
    pool.defrag();
    for double in &mut doubles {
        let guard = double.lock();
        assert_eq!(&*guard as *const f64 as usize % align_of::<f64>(), 0);
    }
}

#[test]
fn destructors_never_ran_and_defaults_dropped_uninitialised_memory() {
    #[derive(Default)]
    struct Counted(Option<Rc<Cell<u32>>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            if let Some(drops) = &self.0 {
                drops.set(drops.get() + 1);
            }
        }
    }

    let drops = Rc::new(Cell::new(0));
    let pool = Pool::new(1024, 8, 1).unwrap();
    // What the next block holds before its default is written looks like a value that counts.
    drop(pool.alloc_value(Counted(Some(drops.clone()))));
    assert_eq!(drops.get(), 1);
    let mut value = pool.alloc::<Counted>().unwrap();
    assert_eq!(drops.get(), 1);
    *value.lock() = Counted(Some(drops.clone()));
    drop(value);
    assert_eq!(drops.get(), 2);
    assert_eq!(Rc::strong_count(&drops), 1);
}

#[test]
fn best_fit_kept_a_hole_that_is_too_small_and_never_searched_its_last_bin() {
    let pool = Pool::new(8192, 64, 8).unwrap();
    let best = pool.with_fit(defrag::Fit::Best);
    for wanted in (8..2000_usize).step_by(24) {
        let mut small = vec![];
        let mut walls = vec![];
        for i in 1..4 {
            small.push(pool.alloc_slice::<u8>(wanted.saturating_sub(8 * i).max(4)).unwrap());
            walls.push(pool.alloc::<u32>().unwrap());
        }
        let fitting = pool.alloc_slice::<u8>(wanted).unwrap();
        let place = pool.blocks().find(|block| block.handle == fitting.handle()).unwrap().offset;
        walls.push(pool.alloc::<u32>().unwrap());
        let rest = fill(&pool, 4);
        drop((small, fitting));
        let found = best.alloc_slice::<u8>(wanted).unwrap();
        assert_eq!(pool.blocks().find(|block| block.handle == found.handle()).unwrap().offset, place);
        drop((walls, rest));
    }
}

#[test]
fn no_merging_on_free() {
    let pool = Pool::new(8192, 128, 8).unwrap();
    let capacity = pool.stats().capacity;
    let blocks = fill(&pool, 60);
    assert!(blocks.len() >= 60);
    drop(blocks);
    assert_eq!(pool.stats().holes, 0);
    assert!(pool.alloc_slice_fast::<u8>(capacity).is_ok());
}

#[test]
fn one_locked_block_stopped_everything_below_it() {
    let pool = Pool::new(4096, 128, 8).unwrap();
    let mut blocks = fill(&pool, 60);
    let mut locked = blocks.remove(blocks.len() / 3);
    // Of the others every third stays: two thirds of the pool are free, in pieces.
    let mut index = 0;
    blocks.retain(|_| {
        index += 1;
        index % 3 == 0
    });
    let guard = locked.lock();
    assert_eq!(pool.with_fit(defrag::Fit::Best).alloc_slice::<u8>(1900).unwrap_err(), Error::Fragmented);
    pool.defrag();
    let stats = pool.stats();
    assert!(stats.holes <= 1, "one hole below the locked block, one above all");
    assert!(pool.alloc_slice_fast::<u8>(stats.largest_now).is_ok());
    assert!(stats.largest_now >= 1900, "{stats:?}");
    drop(guard);
}

#[test]
fn the_only_free_index_equal_to_the_last_used_with_an_empty_cache_panicked() {
    let pool = Pool::new(1024, 1, 1).unwrap();
    for i in 0..100_u32 {
        let mut only = pool.alloc::<u32>().unwrap();
        *only.lock() = i;
        assert_eq!(*only.lock(), i);
    }
    assert_eq!(pool.len_indexes(), 1);
    let several: Vec<_> = (0..8).map(|_| pool.alloc::<u32>().unwrap()).collect();
    assert_eq!(pool.len_indexes(), 8);
    drop(several);
}

#[test]
fn a_leaked_guard_made_the_next_lock_panic() {
    let pool = Pool::new(1024, 8, 1).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    mem::forget(number.lock());
    *number.lock() = 5;
    mem::forget(number.read());
    assert_eq!(*number.lock(), 5);
    assert_eq!(pool.stats().locked, 0);
}

#[test]
#[cfg(not(feature = "wide-links"))]
fn a_small_block_costs_8_bytes_beyond_its_own() {
    let pool = Pool::new(4096, 0, 0).unwrap();
    let free = pool.stats().free;
    let numbers: Vec<_> = (0..100).map(|_| pool.alloc::<u32>().unwrap()).collect();
    assert_eq!(free - pool.stats().free, 100 * (4 + 8));
    drop(numbers);
}

#[test]
fn defragmenting_was_unbounded() {
    let pool = Pool::new(16384, 256, 8).unwrap();
    let mut blocks = fill(&pool, 60);
    let mut index = 0;
    blocks.retain(|_| {
        index += 1;
        index % 2 == 0
    });
    let budget = Budget { bytes: 128, blocks: 12 };
    for _ in 0..100_000 {
        let progress = pool.step(budget);
        assert!(progress.moved_bytes <= 128 && progress.looked_at <= 12, "{progress:?}");
        if progress.done {
            assert_eq!(pool.stats().holes, 0);
            return;
        }
    }
    panic!("steps without end");
}
