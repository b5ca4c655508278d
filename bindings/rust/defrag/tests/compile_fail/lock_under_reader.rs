// SPDX-License-Identifier: MIT
// E0502: an exclusive guard while somebody reads
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    let reader = number.read();
    *number.lock() = 5;
    drop(reader);
}
