// SPDX-License-Identifier: MIT
//! The highest share of a pool that a program can keep in use without one refusal.

use std::fmt;

use serde_json::{json, Value};

use super::{table, Effort, FIRST_SEED};
use crate::peers::{visit_all, Heap, MakeRoom, Visit};
use crate::workload::{fill, steady};

const POOLS: [usize; 3] = [16 << 10, 64 << 10, 256 << 10];

/// How often each block is replaced, on average, at each load tried.
const TURNS: usize = 30;
const MEAN_SIZE: usize = 70;

struct Row {
    heap: &'static str,
    beside: usize,
    shares: [f64; POOLS.len()],
}

pub struct Shares(Vec<Row>);

impl Shares {
    pub fn measure(effort: Effort) -> Self {
        let mut search = Search { effort, rows: Vec::new() };
        visit_all(&mut search);
        Self(search.rows)
    }

    /// A heap that sustains more of some pool than defrag does when it moves.
    pub fn above_ours(&self) -> Option<&'static str> {
        let ours = self.0.iter().find(|row| row.heap == MakeRoom::NAME)?;
        let is_above = |row: &&Row| row.shares.iter().zip(ours.shares).any(|(share, ours)| *share > ours);
        self.0.iter().find(is_above).map(|row| row.heap)
    }

    pub fn json(&self) -> Value {
        let rows = self.0.iter().flat_map(|row| {
            POOLS.iter().zip(row.shares).map(move |(pool, share)| {
                json!({ "heap": row.heap, "pool": pool, "share": share, "control_bytes_beside": row.beside })
            })
        });
        rows.collect()
    }
}

struct Search {
    effort: Effort,
    rows: Vec<Row>,
}

impl Visit for Search {
    fn visit<H: Heap>(&mut self) {
        let shares = POOLS.map(|pool| highest::<H>(pool, self.effort));
        self.rows.push(Row { heap: H::NAME, beside: H::BESIDE, shares });
    }
}

fn highest<H: Heap>(pool: usize, effort: Effort) -> f64 {
    let (mut sustained, mut refused) = (0, effort.loads);
    while refused - sustained > 1 {
        let load = (sustained + refused) / 2;
        if (FIRST_SEED..).take(effort.seeds as usize).all(|seed| sustains::<H>(pool, pool * load / effort.loads, seed))
        {
            sustained = load;
        } else {
            refused = load;
        }
    }
    sustained as f64 / effort.loads as f64
}

fn sustains<H: Heap>(pool: usize, live: usize, seed: u64) -> bool {
    let trace = steady(seed, live, TURNS * live / MEAN_SIZE, 0);
    let heap = H::new(pool);
    let (_slots, refused) = fill::<H, true>(&heap, &trace);
    refused == 0
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pools = POOLS.map(|pool| format!("of {} KiB", pool >> 10));
        let mut table = table(["heap".into()].into_iter().chain(pools).chain(["control bytes beside".into()]));
        for row in &self.0 {
            let shares = row.shares.map(|share| format!("{:.1} %", 100.0 * share));
            table.add_row([row.heap.into()].into_iter().chain(shares).chain([row.beside.to_string()]));
        }
        write!(f, "{table}")
    }
}
