// SPDX-License-Identifier: MIT
//! A sensor node: it writes messages of many lengths faster than its radio sends them, and all of its memory is one
//! pool in a `static`. Whatever does not come out as it should ends the program with an exit code other than 0.

#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod faults;
mod message;
mod node;

// Linked for the critical sections that they implement.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "riscv32")]
use riscv as _;

#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;

use defrag::{Result, StaticPool};
use semihosting::println;
use semihosting::process::Termination;

static POOL: StaticPool<8192> = StaticPool::new();

/// How many messages the node writes and sends.
const MESSAGES: u32 = 1000;

#[entry]
fn main() -> ! {
    run().report().exit_process()
}

fn run() -> Result<()> {
    let pool = POOL.take()?;
    let counts = node::run(pool, MESSAGES)?;
    assert_eq!(counts.sent, MESSAGES, "messages were lost");
    assert!(counts.moved > 0 && counts.idle_bytes > 0, "nothing moved, which proves nothing: {counts:?}");

    faults::too_many_readers(pool)?;
    faults::no_room_for_a_value(pool)?;
    faults::write_past_a_block(pool)?;

    let stats = pool.stats();
    assert_eq!((stats.live, stats.locked), (0, 0), "blocks are left over");
    println!("at most {} bytes in blocks; {} blocks moved", stats.peak_used, stats.moved_blocks);
    println!("passed: {counts:?}");
    Ok(())
}
