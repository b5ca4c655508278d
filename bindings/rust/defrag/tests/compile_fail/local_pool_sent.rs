// SPDX-License-Identifier: MIT
// E0277: a pool of one thread used by another
use defrag::Pool;

fn main() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    std::thread::spawn(move || pool.defrag());
}
