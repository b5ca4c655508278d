// SPDX-License-Identifier: MIT
//! How many instructions each call takes, counted by callgrind: this program runs itself under it, once for each count.

use std::env;
use std::fmt;
use std::process::Command;

use defrag::Pool;
use serde_json::{json, Value};

use super::{table, FIRST_SEED};
use crate::access::{visit_ways, VisitWay, Way};
use crate::peers::{visit_all, Heap, Visit};
use crate::workload::{steady, Trace};

const POOL: usize = 64 << 10;
const LOADS: [usize; 2] = [50, 80];
const BLOCKS: usize = 3000;
const ACCESSES: usize = 1000;

/// The functions that callgrind is told to count in. Their names must be found in no other.
const ALLOC: &str = "counted_alloc";
const FREE: &str = "counted_free";
const ACCESS: &str = "counted_access";

#[inline(never)]
fn counted_alloc<H: Heap>(heap: &H, size: u32) -> Option<H::Block<'_>> {
    heap.alloc(size as usize)
}

#[inline(never)]
fn counted_free<'h, H: Heap>(heap: &'h H, block: H::Block<'h>) {
    heap.free(block);
}

#[inline(never)]
fn counted_access<W: Way>(holder: &mut W::Holder<'_>) {
    W::access(holder);
}

/// Does what is to be counted, when this program was told so by itself. Tells how many calls there were, 0 if one was
/// refused.
pub fn count_here(name: &str, load: usize) -> usize {
    let mut here = Here { name, load, calls: 0 };
    visit_all(&mut here);
    visit_ways(&mut here);
    here.calls
}

struct Here<'n> {
    name: &'n str,
    load: usize,
    calls: usize,
}

impl Visit for Here<'_> {
    fn visit<H: Heap>(&mut self) {
        if H::NAME == self.name {
            let trace = steady(FIRST_SEED, POOL * self.load / 100, BLOCKS, 0);
            self.calls = churn(&H::new(POOL), &trace).unwrap_or(0);
        }
    }
}

impl VisitWay for Here<'_> {
    fn visit<W: Way>(&mut self) {
        if W::NAME == self.name {
            let pool = Pool::new(1024, 0, 0).expect("a usual pool");
            let mut holder = W::hold(&pool);
            for _ in 0..ACCESSES {
                counted_access::<W>(&mut holder);
            }
            self.calls = ACCESSES;
        }
    }
}

/// Takes the steps, and then frees all that is left, so that there are as many of the one call as of the other.
fn churn<H: Heap>(heap: &H, trace: &Trace) -> Option<usize> {
    let mut held: Vec<Option<H::Block<'_>>> = Vec::new();
    held.resize_with(trace.slots, || None);
    let mut calls = 0;
    for step in &trace.settle {
        let place = &mut held[step.slot as usize];
        if step.size == 0 {
            place.take().into_iter().for_each(|block| counted_free(heap, block));
        } else {
            *place = Some(counted_alloc(heap, step.size)?);
            calls += 1;
        }
    }
    held.into_iter().flatten().for_each(|block| counted_free(heap, block));
    Some(calls)
}

/// The mean number of instructions of the calls to one function; none if they are refused.
fn count(function: &str, name: &str, load: usize) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(env::current_exe().expect("a program"))
        .args(["--count", name, &load.to_string()])
        .output()
        .expect("valgrind runs");
    let (calls, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "callgrind failed on {name}: {log}");
    let calls: usize = calls.trim().parse().expect("the number of calls");
    let collected = log.split("Collected :").nth(1).and_then(|rest| rest.split_whitespace().next());
    let collected: f64 = collected.and_then(|number| number.parse().ok()).expect("what callgrind collected");
    assert!(calls == 0 || collected != 0.0, "callgrind found no {function} of {name}");
    (calls != 0).then(|| collected / calls as f64)
}

pub struct Instructions {
    /// Of alloc and free at each load.
    heaps: Vec<(&'static str, [[Option<f64>; 2]; LOADS.len()])>,
    ways: Vec<(&'static str, Option<f64>)>,
}

impl Instructions {
    /// None if valgrind is not installed.
    pub fn measure() -> Option<Self> {
        Command::new("valgrind").arg("--version").output().ok()?;
        let mut instructions = Self { heaps: Vec::new(), ways: Vec::new() };
        visit_all(&mut instructions);
        visit_ways(&mut instructions);
        Some(instructions)
    }

    pub fn json(&self) -> Value {
        let heaps = self.heaps.iter().flat_map(|(heap, counts)| {
            LOADS
                .iter()
                .zip(counts)
                .map(move |(load, [alloc, free])| json!({ "heap": heap, "load": load, "alloc": alloc, "free": free }))
        });
        let ways = self.ways.iter().map(|(way, count)| json!({ "way": way, "instructions": count }));
        json!({ "heaps": heaps.collect::<Value>(), "access": ways.collect::<Value>() })
    }
}

impl Visit for Instructions {
    fn visit<H: Heap>(&mut self) {
        self.heaps.push((H::NAME, LOADS.map(|load| [ALLOC, FREE].map(|function| count(function, H::NAME, load)))));
    }
}

impl VisitWay for Instructions {
    fn visit<W: Way>(&mut self) {
        self.ways.push((W::NAME, count(ACCESS, W::NAME, 0)));
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |count: Option<f64>| count.map_or_else(|| "refuses".into(), |count| format!("{count:.0}"));
        let calls = LOADS.iter().flat_map(|load| ["alloc", "free"].map(|call| format!("{call} at {load} %")));
        let mut heaps = table(["heap".into()].into_iter().chain(calls));
        for (heap, counts) in &self.heaps {
            heaps.add_row([heap.to_string()].into_iter().chain(counts.iter().flatten().copied().map(text)));
        }
        let mut ways = table(["access", "instructions"]);
        for (way, count) in &self.ways {
            ways.add_row([way.to_string(), text(*count)]);
        }
        write!(f, "{heaps}\n\n{ways}")
    }
}
