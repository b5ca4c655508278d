// SPDX-License-Identifier: MIT
// E0277: a guard pinned, of a value that must not move
use core::marker::PhantomPinned;
use core::pin::Pin;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let mut value = pool.alloc_value(PhantomPinned).unwrap();
    let _ = Pin::new(value.lock());
}
