// SPDX-License-Identifier: MIT
// E0596: a pool in a buffer lent out exclusively
use core::mem::MaybeUninit;
use defrag::{Config, Pool};

fn main() {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut pool = Pool::in_buffer(&mut buffer, Config::new()).unwrap();
    let _: &mut Pool = &mut pool;
}
