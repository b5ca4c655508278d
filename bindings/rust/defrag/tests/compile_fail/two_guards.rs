// SPDX-License-Identifier: MIT
// E0499: two guards of one block
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    let first = number.lock();
    let second = number.lock();
    drop((first, second));
}
