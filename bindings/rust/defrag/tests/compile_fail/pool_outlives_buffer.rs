// SPDX-License-Identifier: MIT
// E0597: a pool that outlives its buffer
use core::mem::MaybeUninit;
use defrag::{Config, Pool};

fn main() {
    let pool = {
        let mut buffer = [MaybeUninit::uninit(); 1024];
        Pool::in_buffer(&mut buffer, Config::new()).unwrap()
    };
    drop(pool);
}
