// SPDX-License-Identifier: MIT
// E0277: a guard of a pool of one thread sent to another
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc::<u32>().unwrap();
    let guard = number.lock();
    std::thread::scope(|threads| {
        threads.spawn(move || drop(guard));
    });
}
