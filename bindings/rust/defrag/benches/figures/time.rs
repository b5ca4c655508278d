// SPDX-License-Identifier: MIT
//! How long allocating and freeing takes, next to rlsf in the same run.

use std::fmt;
use std::time::Instant;

use serde_json::{json, Value};

use super::{median, ratio, table, Effort, FIRST_SEED};
use crate::peers::{visit_all, Heap, Visit};
use crate::workload::{fill, replay, slices, steady, strings, Trace};

struct Workload {
    name: &'static str,
    pool: usize,
    make: fn(u64, usize) -> Trace,
    /// Whether blocks are written and read, too.
    written: bool,
    /// Whether refusals belong to the workload.
    refusing: bool,
    /// The workload of which rlsf's time is the unit.
    unit: usize,
}

const POOL: usize = 64 << 10;
const SLICES_POOL: usize = 256 << 10;

fn at_load<const PERCENT: usize>(seed: u64, blocks: usize) -> Trace {
    steady(seed, POOL * PERCENT / 100, blocks, blocks)
}

const fn steadily(name: &'static str, make: fn(u64, usize) -> Trace) -> Workload {
    Workload { name, pool: POOL, make, written: false, refusing: false, unit: 0 }
}

const WORKLOADS: [Workload; 5] = [
    steadily("steady at 50 %", at_load::<50>),
    steadily("steady at 80 %", at_load::<80>),
    steadily("steady at 90 %", at_load::<90>),
    Workload {
        name: "slices",
        pool: SLICES_POOL,
        make: |seed, blocks| slices(seed, SLICES_POOL, blocks.div_ceil(256)),
        written: false,
        refusing: true,
        unit: 3,
    },
    Workload {
        name: "strings, written",
        pool: POOL,
        make: |seed, blocks| strings(seed, 2 * blocks),
        written: true,
        refusing: false,
        unit: 4,
    },
];

/// One heap's runs of one workload.
#[derive(Default)]
struct Runs {
    heap: &'static str,
    nanoseconds: Vec<f64>,
    refused: usize,
    asked: usize,
}

/// Runs a workload once on each heap, one after the other.
struct Round<'t> {
    trace: &'t Trace,
    workload: &'t Workload,
    runs: &'t mut Vec<Runs>,
    index: usize,
}

impl Visit for Round<'_> {
    fn visit<H: Heap>(&mut self) {
        if self.index == self.runs.len() {
            self.runs.push(Runs { heap: H::NAME, ..Runs::default() });
        }
        let runs = &mut self.runs[self.index];
        self.index += 1;
        let heap = H::new(self.workload.pool);
        if self.workload.written {
            time::<H, true>(&heap, self.trace, runs);
        } else {
            time::<H, false>(&heap, self.trace, runs);
        }
    }
}

fn time<H: Heap, const WRITTEN: bool>(heap: &H, trace: &Trace, runs: &mut Runs) {
    let (mut slots, refused) = fill::<H, WRITTEN>(heap, trace);
    runs.refused += refused;
    let start = Instant::now();
    let refused = replay::<H, WRITTEN>(heap, &mut slots, &trace.steps);
    runs.nanoseconds.push(start.elapsed().as_nanos() as f64 / trace.steps.len() as f64);
    runs.refused += refused;
    runs.asked += trace.settle.iter().chain(&trace.steps).filter(|step| step.size != 0).count();
}

pub struct Times(Vec<Vec<Runs>>);

impl Times {
    pub fn measure(effort: Effort) -> Self {
        Self(WORKLOADS.iter().map(|workload| run(workload, effort)).collect())
    }

    /// The median time of a step; none if the heap refused what it was to sustain.
    fn median(&self, workload: usize, heap: usize) -> Option<f64> {
        let runs = &self.0[workload][heap];
        (WORKLOADS[workload].refusing || runs.refused == 0).then(|| median(&runs.nanoseconds)).flatten()
    }

    /// That time as a multiple of rlsf's.
    fn ratio(&self, workload: usize, heap: usize) -> Option<f64> {
        Some(self.median(workload, heap)? / self.median(WORKLOADS[workload].unit, 0)?)
    }

    fn refused_share(&self, workload: usize, heap: usize) -> f64 {
        let runs = &self.0[workload][heap];
        runs.refused as f64 / runs.asked as f64
    }

    pub fn json(&self) -> Value {
        let rows = WORKLOADS.iter().enumerate().flat_map(|(w, workload)| {
            (0..self.0[w].len()).map(move |h| {
                json!({ "workload": workload.name, "pool": workload.pool, "heap": self.0[w][h].heap,
                    "time_over_rlsf": self.ratio(w, h), "refused_share": self.refused_share(w, h) })
            })
        });
        rows.collect()
    }
}

fn run(workload: &Workload, effort: Effort) -> Vec<Runs> {
    let mut runs = Vec::new();
    for seed in (FIRST_SEED..).take(effort.runs as usize) {
        let trace = (workload.make)(seed, effort.blocks);
        visit_all(&mut Round { trace: &trace, workload, runs: &mut runs, index: 0 });
    }
    runs
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table(["heap"].into_iter().chain(WORKLOADS.iter().map(|workload| workload.name)));
        for heap in 0..self.0[0].len() {
            let cells = (0..WORKLOADS.len()).map(|workload| {
                let refused = 100.0 * self.refused_share(workload, heap);
                let cell = ratio(self.ratio(workload, heap));
                if WORKLOADS[workload].refusing {
                    format!("{cell}, {refused:.1} % refused")
                } else {
                    cell
                }
            });
            table.add_row([self.0[0][heap].heap.to_string()].into_iter().chain(cells));
        }
        write!(f, "{table}")
    }
}
