// SPDX-License-Identifier: MIT
// E0597: a reference that outlives its guard
fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    let reference: &mut u32 = {
        let mut guard = number.lock();
        &mut guard
    };
    *reference = 5;
}
