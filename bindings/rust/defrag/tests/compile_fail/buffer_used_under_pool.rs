// SPDX-License-Identifier: MIT
// E0506: a buffer used while a pool is in it
use core::mem::MaybeUninit;
use defrag::{Config, Pool};

fn main() {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let pool = Pool::in_buffer(&mut buffer, Config::new()).unwrap();
    buffer[0] = MaybeUninit::new(1);
    drop(pool);
}
