// SPDX-License-Identifier: MIT
//! What the table tells, figure by figure.

mod instructions;
mod locks;
mod share;
mod time;

pub use instructions::{count_here, Instructions};
pub use locks::Locks;
pub use share::Shares;
pub use time::Times;

use comfy_table::{presets::ASCII_MARKDOWN, Table};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Runs of each workload, each from a seed of its own.
    pub runs: u64,
    /// Blocks replaced before, and again during, each measurement.
    pub blocks: usize,
    /// Seeds from which a heap must not refuse anything for a load to count as sustained.
    pub seeds: u64,
    /// Steps into which a pool is divided to find the highest load.
    pub loads: usize,
}

impl Effort {
    pub const FULL: Self = Self { runs: 31, blocks: 20_000, seeds: 5, loads: 1000 };
    pub const QUICK: Self = Self { runs: 3, blocks: 1000, seeds: 1, loads: 50 };
}

pub const FIRST_SEED: u64 = 1;

/// The middle one, or the lower of the middle ones.
fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

fn table<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header.into_iter().map(Into::into));
    table
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "refuses".into(), |value| format!("{value:.2}"))
}
