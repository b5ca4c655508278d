// SPDX-License-Identifier: MIT
// E0505: a guard that outlives its mutex
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    let guard = number.lock();
    drop(number);
    assert_eq!(*guard, 0);
}
