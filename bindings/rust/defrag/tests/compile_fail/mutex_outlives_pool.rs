// SPDX-License-Identifier: MIT
// E0597: a mutex that outlives its pool
use defrag::Pool;

fn main() {
    let number = {
        let pool = Pool::new(1024, 8, 0).unwrap();
        pool.alloc::<u32>().unwrap()
    };
    drop(number);
}
