// SPDX-License-Identifier: MIT
//! A long run of the tests' model, for Valgrind and the like: `soak [seed] [operations]`. It leaks nothing.

use defrag::Pool;

#[path = "../tests/support/mod.rs"]
mod support;
use support::{random_ops, Action, Setting, World};

const POOL_BYTES: usize = 8192;

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|word| word.parse().expect("a number")).collect();
    let seed = numbers.first().copied().unwrap_or(1);
    let count = numbers.get(1).copied().unwrap_or(100_000);
    println!("seed {seed}, {count} operations");
    for actions in [Action::without_leaks(), Action::without_locks()] {
        let pool = Pool::new(POOL_BYTES, 16, 0).expect("memory");
        World::new(&pool, Setting::Alone).run(random_ops(seed, &actions).take(count as usize / 2));
        println!("{}", pool.display());
    }
}
