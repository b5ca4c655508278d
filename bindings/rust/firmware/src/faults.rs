// SPDX-License-Identifier: MIT
//! What goes wrong on purpose, and is caught as an error.

use defrag::{Error, Pool, Result};
use semihosting::println;

/// A block may be read by twelve at a time; a thirteenth is refused, and welcome once another has gone.
pub fn too_many_readers(pool: &'static Pool) -> Result<()> {
    let level = pool.alloc_value(7_u8)?;
    let readers = [(); 12].map(|()| level.read());
    let error = level.try_read().expect_err("a thirteenth reader was let in");
    println!("refused: {error}");
    assert_eq!(error, Error::TooManyLocks);
    drop(readers);
    assert_eq!(*level.try_read()?, 7);
    Ok(())
}

/// A value that there is no room for is handed back, and can be stored when there is.
pub fn no_room_for_a_value(pool: &'static Pool) -> Result<()> {
    let everything = pool.alloc_slice::<u8>(pool.stats().largest_after_moving)?;
    let curve: [u16; 40] = core::array::from_fn(|i| (i * i) as u16);
    let refused = pool.alloc_value(curve).expect_err("a full pool took a value");
    println!("refused: {refused}");
    assert_eq!(refused.error, Error::OutOfMemory);
    drop(everything);
    let stored = pool.alloc_value(refused.value)?;
    assert_eq!(*stored.read(), curve);
    Ok(())
}

/// Writing past the end of a block, which takes unsafe code, is found by the pool's check.
pub fn write_past_a_block(pool: &'static Pool) -> Result<()> {
    let mut samples = pool.alloc_slice::<u8>(100)?;
    let _behind = pool.alloc_slice::<u8>(100)?;
    let block = pool.blocks().find(|block| block.handle == samples.handle()).expect("it is in the pool");

    let mut guard = samples.lock();
    let past = guard.as_mut_ptr().wrapping_add(block.bytes);
    // SAFETY: it has none, on purpose: the byte is of the pool's own data. A second call puts it right.
    let flip = || unsafe { past.write_volatile(!past.read_volatile()) };
    flip();
    let damage = pool.check().expect_err("the damage was not found");
    println!("damaged: {damage}");
    flip();
    drop(guard);
    pool.check()?;
    Ok(())
}
