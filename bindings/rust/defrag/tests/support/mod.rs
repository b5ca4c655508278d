// SPDX-License-Identifier: MIT
//! A model of a pool, and random operations held against it.

mod account;
mod kinds;
mod ledger;
mod room;
mod thing;
mod world;

pub use world::{Action, Op, Setting, World};

/// Operations without end, the same for the same seed.
pub fn random_ops(seed: u64, actions: &[Action]) -> impl Iterator<Item = Op> + '_ {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || Op {
        action: actions[random.usize(..actions.len())],
        slot: random.usize(..Op::SLOTS),
        size: random.usize(..Op::MAX_SIZE) >> random.u32(..6),
    })
}
