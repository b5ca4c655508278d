// SPDX-License-Identifier: MIT
// E0277: a cell of a shared pool used by two threads
use core::cell::Cell;
use defrag::{CriticalSection, StaticPool};

static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();

fn main() {
    let cell = POOL.get().unwrap().alloc_value(Cell::new(5)).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| cell.read().set(6));
    });
}
