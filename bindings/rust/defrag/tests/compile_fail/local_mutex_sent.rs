// SPDX-License-Identifier: MIT
// E0277: a block of a pool of one thread sent to another
use defrag::Pool;

fn main() {
    let pool: &'static Pool = Box::leak(Box::new(Pool::new(1024, 8, 0).unwrap()));
    let number = pool.alloc::<u32>().unwrap();
    std::thread::spawn(move || drop(number));
}
