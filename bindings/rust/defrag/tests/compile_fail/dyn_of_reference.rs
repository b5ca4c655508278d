// SPDX-License-Identifier: MIT
// E0597: a trait object that outlives what its value borrows
use core::fmt::Display;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let thing = {
        let text = String::from("short-lived");
        let borrows = pool.alloc_value(text.as_str()).unwrap();
        borrows.into_dyn::<dyn Display>(|text| text, |text| text)
    };
    drop(thing);
}
