// SPDX-License-Identifier: MIT
// E0080: a trait object made by a closure that captures something
use core::fmt::Display;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let number = pool.alloc_value(5).unwrap();
    let other: &'static i32 = &6;
    let thing = number.into_dyn::<dyn Display>(move |_| other, |number| number);
    assert_eq!(thing.read().to_string(), "6");
}
