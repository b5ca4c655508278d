// SPDX-License-Identifier: MIT
//! How long it takes to lock a block, use it and unlock it, as a multiple of the same with a `RefCell`.

use std::fmt;
use std::time::Instant;

use defrag::Pool;
use serde_json::{json, Value};

use super::{median, ratio, table, Effort};
use crate::access::{visit_ways, VisitWay, Way};

/// One number again and again, and many in turn: what waits for the last access, and what does not.
const NUMBERS: [usize; 2] = [1, 256];

struct Row {
    way: &'static str,
    reads: bool,
    nanoseconds: [Vec<f64>; NUMBERS.len()],
}

pub struct Locks(Vec<Row>);

impl Locks {
    pub fn measure(effort: Effort) -> Self {
        let mut rows = Vec::new();
        for _ in 0..effort.runs {
            visit_ways(&mut Round { accesses: effort.blocks, rows: &mut rows, index: 0 });
        }
        Self(rows)
    }

    /// The time of a way as a multiple of that of the `RefCell` that does the same.
    fn ratio(&self, row: &Row, numbers: usize) -> Option<f64> {
        let base = self.0.iter().find(|base| base.reads == row.reads)?;
        Some(median(&row.nanoseconds[numbers])? / median(&base.nanoseconds[numbers])?)
    }

    pub fn json(&self) -> Value {
        let rows = self.0.iter().map(|row| {
            json!({ "way": row.way, "one_number_over_refcell": self.ratio(row, 0),
                "many_numbers_over_refcell": self.ratio(row, 1) })
        });
        rows.collect()
    }
}

struct Round<'r> {
    accesses: usize,
    rows: &'r mut Vec<Row>,
    index: usize,
}

impl VisitWay for Round<'_> {
    fn visit<W: Way>(&mut self) {
        if self.index == self.rows.len() {
            self.rows.push(Row { way: W::NAME, reads: W::READS, nanoseconds: Default::default() });
        }
        let row = &mut self.rows[self.index];
        self.index += 1;
        for (numbers, times) in NUMBERS.into_iter().zip(&mut row.nanoseconds) {
            times.push(time::<W>(numbers, self.accesses));
        }
    }
}

fn time<W: Way>(numbers: usize, accesses: usize) -> f64 {
    let pool = Pool::new(16 << 10, 0, 0).expect("a usual pool");
    let mut held: Vec<W::Holder<'_>> = (0..numbers).map(|_| W::hold(&pool)).collect();
    let rounds = accesses / numbers;
    let start = Instant::now();
    for _ in 0..rounds {
        for holder in &mut held {
            W::access(holder);
        }
    }
    start.elapsed().as_nanos() as f64 / (rounds * numbers) as f64
}

impl fmt::Display for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table(["access", "one number", "256 in turn"]);
        for row in &self.0 {
            table.add_row([row.way.into(), ratio(self.ratio(row, 0)), ratio(self.ratio(row, 1))]);
        }
        write!(f, "{table}")
    }
}
