// SPDX-License-Identifier: MIT
// E0277: a pin undone, of a value that must not move
use core::marker::PhantomPinned;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let value = pool.alloc_pinned(PhantomPinned).unwrap();
    let _ = defrag::Fixed::unpin(value);
}
