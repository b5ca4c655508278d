// SPDX-License-Identifier: MIT
// E0277: an observer that must stay with one thread, of a shared pool
use core::cell::Cell;
use defrag::{CriticalSection, StaticPool};

static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();

fn main() {
    let events = Cell::new(0);
    let count = |_| events.set(events.get() + 1);
    POOL.get().unwrap().with_observer(&count, || ()).unwrap();
}
