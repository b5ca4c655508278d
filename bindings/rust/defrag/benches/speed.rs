// SPDX-License-Identifier: MIT
//! The table's workloads under Criterion.rs, to see what a change does: `cargo bench --bench speed`. A heap that refuses
//! what a workload asks for is left out of it.

mod access;
#[allow(dead_code)] // what the table alone tells
mod peers;
mod workload;

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{criterion_group, criterion_main, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use defrag::Pool;

use access::{visit_ways, VisitWay, Way};
use peers::{visit_all, Heap, Visit};
use workload::{fill, replay, slices, steady, strings, Trace};

const SEED: u64 = 1;
const BLOCKS: usize = 2000;
const POOL: usize = 64 << 10;
const SLICES_POOL: usize = 256 << 10;

/// Runs one workload on each heap.
struct Runner<'g, 'c> {
    group: &'g mut BenchmarkGroup<'c, WallTime>,
    trace: Trace,
    pool: usize,
    written: bool,
    refusing: bool,
}

impl Visit for Runner<'_, '_> {
    fn visit<H: Heap>(&mut self) {
        if self.written {
            self.run::<H, true>();
        } else {
            self.run::<H, false>();
        }
    }
}

impl Runner<'_, '_> {
    fn run<H: Heap, const WRITTEN: bool>(&mut self) {
        let (pool, trace) = (self.pool, &self.trace);
        if !self.refusing && !goes_through::<H>(pool, trace) {
            return;
        }
        self.group.bench_function(H::NAME, |bencher| {
            bencher.iter_custom(|runs| (0..runs).map(|_| time::<H, WRITTEN>(pool, trace)).sum());
        });
    }
}

fn goes_through<H: Heap>(pool: usize, trace: &Trace) -> bool {
    let heap = H::new(pool);
    let (mut slots, refused) = fill::<H, false>(&heap, trace);
    refused + replay::<H, false>(&heap, &mut slots, &trace.steps) == 0
}

/// The steps go on from where settling left the heap, and so each run needs a heap of its own.
fn time<H: Heap, const WRITTEN: bool>(pool: usize, trace: &Trace) -> Duration {
    let heap = H::new(pool);
    let (mut slots, _refused) = fill::<H, WRITTEN>(&heap, trace);
    let start = Instant::now();
    replay::<H, WRITTEN>(&heap, &mut slots, &trace.steps);
    start.elapsed()
}

fn workload(criterion: &mut Criterion, name: &str, pool: usize, trace: Trace, written: bool, refusing: bool) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(trace.steps.len() as u64));
    visit_all(&mut Runner { group: &mut group, trace, pool, written, refusing });
    group.finish();
}

fn heaps(criterion: &mut Criterion) {
    for load in [50, 80, 90] {
        let trace = steady(SEED, POOL * load / 100, BLOCKS, BLOCKS);
        workload(criterion, &format!("steady at {load} %"), POOL, trace, false, false);
    }
    workload(criterion, "slices", SLICES_POOL, slices(SEED, SLICES_POOL, BLOCKS.div_ceil(256)), false, true);
    workload(criterion, "strings, written", POOL, strings(SEED, 2 * BLOCKS), true, false);
}

struct Access<'g, 'c>(&'g mut BenchmarkGroup<'c, WallTime>);

impl VisitWay for Access<'_, '_> {
    fn visit<W: Way>(&mut self) {
        let pool = Pool::new(1024, 0, 0).expect("a usual pool");
        let mut holder = W::hold(&pool);
        let kind = if W::READS { "shared" } else { "exclusive" };
        self.0.bench_function(BenchmarkId::new(kind, W::NAME), |bencher| bencher.iter(|| W::access(&mut holder)));
    }
}

fn locks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("access");
    visit_ways(&mut Access(&mut group));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(1));
    targets = heaps, locks
}
criterion_main!(benches);
