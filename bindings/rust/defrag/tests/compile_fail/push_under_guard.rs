// SPDX-License-Identifier: MIT
// E0499: a vector that grows under a guard
use defrag::PoolVec;

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let mut list = PoolVec::new(&pool);
    list.push(1).unwrap();
    let guard = list.lock();
    list.push(2).unwrap();
    drop(guard);
}
