// SPDX-License-Identifier: MIT
// E0277: an Rc sent to another thread by a shared pool
use defrag::{CriticalSection, StaticPool};
use std::rc::Rc;

static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();

fn main() {
    let rc = POOL.get().unwrap().alloc_value(Rc::new(5)).unwrap();
    std::thread::spawn(move || drop(rc));
}
