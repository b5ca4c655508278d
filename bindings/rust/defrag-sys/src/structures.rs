// SPDX-License-Identifier: MIT
// Each public structure: its size in bytes, and the type and offset of each field, on 32 and 64 bits alike, where P is
// the size of a pointer. Read by src/layout.rs for rustc to judge, and by tests/layout.rs for the C compiler.
structures! {
    defrag_config: 16 + P => {
        size: u32 = 0,
        handles: u32 = 4,
        watermark: usize = 8,
        tag: u32 = 8 + P,
        reserved: u32 = 12 + P,
    }
    defrag_request: 16 + 2 * P => {
        size: u32 = 0,
        flags: u32 = 4,
        bytes: usize = 8,
        alignment: usize = 8 + P,
        fit: defrag_fit = 8 + 2 * P,
        reserved: u32 = 12 + 2 * P,
    }
    defrag_progress: 8 + 4 * P => {
        size: u32 = 0,
        done: u32 = 4,
        moved_bytes: usize = 8,
        moved_blocks: usize = 8 + P,
        looked_at: usize = 8 + 2 * P,
        needs_bytes: usize = 8 + 3 * P,
    }
    defrag_pool_stats: 32 + 18 * P => {
        size: u32 = 0,
        granule: u32 = 4,
        block_overhead: u32 = 8,
        handle_overhead: u32 = 12,
        pool_bytes: usize = 16,
        control_bytes: usize = 16 + P,
        capacity: usize = 16 + 2 * P,
        used: usize = 16 + 3 * P,
        overhead: usize = 16 + 4 * P,
        free: usize = 16 + 5 * P,
        largest_now: usize = 16 + 6 * P,
        largest_after_moving: usize = 16 + 7 * P,
        live: usize = 16 + 8 * P,
        locked: usize = 16 + 9 * P,
        holes: usize = 16 + 10 * P,
        handles: usize = 16 + 11 * P,
        peak_live: usize = 16 + 12 * P,
        peak_used: usize = 16 + 13 * P,
        high_water: usize = 16 + 14 * P,
        refused: usize = 16 + 15 * P,
        largest_refused: usize = 16 + 16 * P,
        worst_call_bytes: usize = 16 + 17 * P,
        moved_bytes: u64 = 16 + 18 * P,
        moved_blocks: u64 = 24 + 18 * P,
    }
    defrag_fit_report: 16 + 3 * P => {
        size: u32 = 0,
        verdict: defrag_status = 4,
        now: u32 = 8,
        blocking: u32 = 12,
        missing: usize = 16,
        blockers: *mut defrag_handle = 16 + P,
        capacity: usize = 16 + 2 * P,
    }
    defrag_block: 24 + 2 * P => {
        size: u32 = 0,
        handle: defrag_handle = 4,
        offset: usize = 8,
        bytes: usize = 8 + P,
        alignment: u32 = 8 + 2 * P,
        locks: u32 = 12 + 2 * P,
        exclusive: u32 = 16 + 2 * P,
        reserved: u32 = 20 + 2 * P,
    }
    defrag_event: 16 + 3 * P => {
        size: u32 = 0,
        kind: i32 = 4,
        handle: defrag_handle = 8,
        status: defrag_status = 12,
        offset: usize = 16,
        from: usize = 16 + P,
        bytes: usize = 16 + 2 * P,
    }
}
