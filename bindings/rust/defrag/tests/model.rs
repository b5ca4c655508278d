// SPDX-License-Identifier: MIT
//! Random operations on pools of every kind, each held against a model.
//!
//! A failure prints its seed, to run again with `PROPTEST_RNG_SEED=<seed>`, and the fewest operations that bring it about.

use std::hash::{BuildHasher, RandomState};
use std::mem::MaybeUninit;

use defrag::{Config, CriticalSection, Pool, StaticPool};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

mod support;
use support::{Action, Op, Setting, World};

/// Sizes mostly small, some large.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..64_usize, 3 => 0..256_usize, 1 => 0..Op::MAX_SIZE]
}

fn ops(actions: Vec<Action>) -> impl Strategy<Value = Vec<Op>> {
    let op = (prop::sample::select(actions), 0..Op::SLOTS, sizes());
    prop::collection::vec(op.prop_map(|(action, slot, size)| Op { action, slot, size }), 1..300)
}

/// Runs a test with pools of many sizes, without writing a file.
fn for_all(cases: u32, actions: Vec<Action>, test: impl Fn(usize, Vec<Op>)) {
    let mut config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(RandomState::new().hash_one(0));
    }
    println!("PROPTEST_RNG_SEED={}", config.rng_seed);
    let result = TestRunner::new(config).run(&(1024..9000_usize, ops(actions)), |(bytes, ops)| {
        test(bytes, ops);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn pool_of_the_global_allocator() {
    for_all(300, Action::all(), |bytes, ops| {
        let pool = Pool::new(bytes, (bytes % 32) as u16, 0).expect("memory");
        World::new(&pool, Setting::Alone).run(ops);
    });
}

/// Here the model knows of every request whether it must be granted.
#[test]
fn pool_without_locks() {
    for_all(300, Action::without_locks(), |bytes, ops| {
        let pool = Pool::new(bytes, (bytes % 32) as u16, 0).expect("memory");
        World::new(&pool, Setting::Alone).run(ops);
    });
}

#[test]
fn pool_in_a_buffer() {
    for_all(200, Action::all(), |bytes, ops| {
        let mut buffer = vec![MaybeUninit::uninit(); bytes];
        let misaligned = &mut buffer[bytes % 32..];
        let pool = Pool::in_buffer(misaligned, Config::new().watermark(bytes / 8)).expect("enough bytes");
        World::new(&pool, Setting::Borrowed).run(ops);
    });
}

#[test]
fn pool_in_a_static() {
    for_all(200, Action::all(), |_, ops| {
        // For each case a pool of its own, that lives as long as a static.
        let memory: &'static StaticPool<4096> = Box::leak(Box::default());
        let pool = memory.take_with(Config::new().handles(4)).expect("a pool taken once");
        World::new(pool, Setting::Alone).run(ops);
    });
}

#[test]
fn shared_pool_used_alone() {
    for_all(200, Action::all(), |_, ops| {
        let memory: &'static StaticPool<4096, CriticalSection> = Box::leak(Box::default());
        World::new(memory.get().expect("a pool"), Setting::Alone).run(ops);
    });
}

#[test]
fn shared_pool_of_two_threads() {
    static POOL: StaticPool<12288, CriticalSection> = StaticPool::new();

    let pool = POOL.get().expect("a pool");
    let actions = Action::without_leaks();
    let play = |seed| {
        println!("seed {seed}");
        let ops = support::random_ops(seed, &actions).take(20_000);
        World::new(pool, Setting::Shared).run(ops);
    };
    let seed = RandomState::new().hash_one(0);
    std::thread::scope(|threads| {
        threads.spawn(|| play(seed));
        play(seed + 1);
    });
    assert_eq!(pool.stats().live, 0);
    pool.check().expect("a pool that is whole");
}
