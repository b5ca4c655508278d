// SPDX-License-Identifier: MIT
// E0277: a trait object sent to another thread
use core::any::Any;
use defrag::{CriticalSection, StaticPool};

static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();

fn main() {
    let number = POOL.get().unwrap().alloc_value(5).unwrap();
    let thing = number.into_dyn::<dyn Any>(|number| number, |number| number);
    std::thread::spawn(move || drop(thing));
}
