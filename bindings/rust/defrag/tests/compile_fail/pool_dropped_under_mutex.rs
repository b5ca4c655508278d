// SPDX-License-Identifier: MIT
// E0505: a pool dropped while a mutex lives
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let number = pool.alloc::<u32>().unwrap();
    drop(pool);
    drop(number);
}
