// SPDX-License-Identifier: MIT
// E0505: a value taken out under a guard
fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let text = pool.alloc_value(String::new()).unwrap();
    let guard = text.read();
    drop(text.into_inner());
    drop(guard);
}
