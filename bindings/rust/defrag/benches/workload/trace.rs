// SPDX-License-Identifier: MIT
//! The workloads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fastrand::Rng;

/// What is done to one slot, which holds a block or nothing.
#[derive(Clone, Copy)]
pub struct Step {
    pub slot: u32,
    /// The bytes to allocate; 0 frees what the slot holds.
    pub size: u32,
}

pub struct Trace {
    pub slots: usize,
    /// Brings the heap into its steady state.
    pub settle: Vec<Step>,
    /// What is measured.
    pub steps: Vec<Step>,
}

impl Trace {
    fn split(slots: usize, mut settle: Vec<Step>, measured: usize) -> Self {
        let steps = settle.split_off(settle.len() - measured);
        Self { slots, settle, steps }
    }
}

/// The share of the sizes that firmware asks for: 80 % of 8 to 64 bytes, 18 % to 256, 2 % to 1024.
fn small_size(rng: &mut Rng) -> u32 {
    match rng.u32(0..100) {
        0..80 => rng.u32(8..=64),
        80..98 => rng.u32(65..=256),
        _ => rng.u32(257..=1024),
    }
}

/// As many blocks as keep `live` bytes, or just below, allocated: frees at random until the next one may be had.
pub fn steady(seed: u64, live: usize, settling: usize, measured: usize) -> Trace {
    let mut rng = Rng::with_seed(seed);
    let mut steps = Vec::new();
    let mut held: Vec<Step> = Vec::new();
    let mut empty: Vec<u32> = Vec::new();
    let (mut slots, mut used) = (0, 0);
    let mut churned = 0;
    let mut start = None;

    while churned < settling + measured {
        let size = small_size(&mut rng);
        while used + size as usize > live && !held.is_empty() {
            let victim = held.swap_remove(rng.usize(..held.len()));
            used -= victim.size as usize;
            empty.push(victim.slot);
            steps.push(Step { slot: victim.slot, size: 0 });
            churned += 1; // one for each block that makes way, from when the pool is first full
        }
        if churned >= settling && start.is_none() {
            start = Some(steps.len());
        }
        let slot = empty.pop().unwrap_or_else(|| {
            slots += 1;
            slots - 1
        });
        used += size as usize;
        let block = Step { slot, size };
        held.push(block);
        steps.push(block);
    }
    let measured = steps.len() - start.unwrap_or(steps.len());
    Trace::split(slots as usize, steps, measured)
}

/// The bench of defrag 0.1: 512 slots in turn, which are filled with a slice of up to 1/64 of the pool, or emptied nine
/// times in ten. It asks for about twice what the pool has, so a part of it must be refused.
pub fn slices(seed: u64, pool: usize, rounds: usize) -> Trace {
    const SLOTS: usize = 512;
    let mut rng = Rng::with_seed(seed);
    let mut held = [false; SLOTS];
    let mut steps = Vec::new();
    for slot in (0..SLOTS).cycle().take(2 * rounds * SLOTS) {
        let size = if held[slot] { 0 } else { 4 * rng.u32(1..pool as u32 / 256) };
        if size != 0 || rng.u8(0..10) != 0 {
            held[slot] = !held[slot];
            steps.push(Step { slot: slot as u32, size });
        }
    }
    let measured = steps.len() / 2;
    Trace::split(SLOTS, steps, measured)
}

/// Strings of 4 to 120 bytes, most of which live shortly and a few very long: lifetimes, in allocations, have a Pareto
/// distribution of exponent 1.1.
pub fn strings(seed: u64, measured: usize) -> Trace {
    const SHORTEST: f64 = 120.0;
    const LONGEST: f64 = 5000.0;
    let mut rng = Rng::with_seed(seed);
    let mut steps = Vec::new();
    let mut due = BinaryHeap::new();
    let mut empty: Vec<u32> = Vec::new();
    let mut slots = 0;
    for now in 0..measured as u64 {
        while let Some(&Reverse((end, slot))) = due.peek() {
            if end > now {
                break;
            }
            due.pop();
            empty.push(slot);
            steps.push(Step { slot, size: 0 });
        }
        let slot = empty.pop().unwrap_or_else(|| {
            slots += 1;
            slots - 1
        });
        let lifetime = (SHORTEST * (1.0 - rng.f64()).powf(-1.0 / 1.1)).min(LONGEST);
        due.push(Reverse((now + lifetime as u64, slot)));
        steps.push(Step { slot, size: rng.u32(4..=120) });
    }
    let measured = steps.len() / 2;
    Trace::split(slots as usize, steps, measured)
}
