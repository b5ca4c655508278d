// SPDX-License-Identifier: MIT
//! One run that compares defrag with other heaps for microcontrollers, and locks with `RefCell`s.
//!
//!     cargo bench --bench table [-- [--quick] [--json FILE]]
//!
//! Times are ratios of medians, of runs that take turns; loads and instructions are exact for the seeds printed.
//!
//! With the calls across the C ABI inlined at link time (`-fhosted`, as what is compiled as freestanding is not inlined):
//!
//!     CC=clang-19 CFLAGS="-flto=thin -fhosted" RUSTFLAGS=-Clinker-plugin-lto cargo bench --bench table

mod access;
mod figures;
mod peers;
mod workload;

use std::env;
use std::fs;
use std::process::ExitCode;

use serde_json::json;

use figures::{count_here, Effort, Instructions, Locks, Shares, Times, FIRST_SEED};

struct Arguments {
    quick: bool,
    json: String,
    count: Option<(String, usize)>,
}

fn parse() -> Arguments {
    let json = concat!(env!("CARGO_TARGET_TMPDIR"), "/table.json").to_string();
    let mut arguments = Arguments { quick: false, json, count: None };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_else(|| panic!("{word} needs more"));
        match word.as_str() {
            "--quick" => arguments.quick = true,
            "--json" => arguments.json = next(),
            "--count" => arguments.count = Some((next(), next().parse().expect("a load in percent"))),
            "--bench" => {} // what cargo says to every bench
            _ => panic!("{word} is not understood; see the head of benches/table.rs"),
        }
    }
    arguments
}

fn main() -> ExitCode {
    let arguments = parse();
    if let Some((name, load)) = &arguments.count {
        println!("{}", count_here(name, *load));
        return ExitCode::SUCCESS;
    }
    compare(&arguments)
}

/// Fails if what does not depend on the machine is not as it should be.
fn compare(arguments: &Arguments) -> ExitCode {
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    println!("{} bits, seeds {FIRST_SEED} to {}", usize::BITS, effort.runs.max(effort.seeds));

    let shares = Shares::measure(effort);
    println!("\nThe highest live payload, as a share of the memory given, without one refusal:\n\n{shares}");
    let times = Times::measure(effort);
    println!("\nTime of alloc and free; 1 is rlsf, at 50 % where it is steady:\n\n{times}");
    let locks = Locks::measure(effort);
    println!("\nTime of lock, use and unlock; 1 is the RefCell above:\n\n{locks}");

    let mut json = json!({ "bits": usize::BITS, "first_seed": FIRST_SEED, "runs": effort.runs, "share_seeds": effort.seeds,
        "sustained": shares.json(), "time": times.json(), "access": locks.json() });
    if !arguments.quick {
        match Instructions::measure() {
            Some(instructions) => {
                println!("\nInstructions of one call, in the mean:\n\n{instructions}");
                json["instructions"] = instructions.json();
            }
            None => println!("\nInstructions are not counted: valgrind is not installed."),
        }
    }
    fs::write(&arguments.json, format!("{json:#}\n")).unwrap_or_else(|error| panic!("{}: {error}", arguments.json));
    println!("\nThe same as JSON: {}", arguments.json);
    if let Some(heap) = shares.above_ours() {
        eprintln!("{heap} sustains more of a pool than defrag does");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
