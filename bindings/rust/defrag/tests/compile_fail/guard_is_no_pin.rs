// SPDX-License-Identifier: MIT
// E0599: a guard, under which a value that must not move could be pinned
use core::marker::PhantomPinned;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let mut value = pool.alloc_value(PhantomPinned).unwrap();
    let _ = value.lock().as_mut();
}
