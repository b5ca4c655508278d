/* SPDX-License-Identifier: MIT */
#include "bins.h"
#include "handles.h"
#include "room.h"
#include "segments.h"
#include "versioned.h"

/* What a hole of so many granules serves. */
static uint32_t request_of(uint32_t granules)
{
    return granules != 0 ? usable_bytes(granules) : 0;
}

/* What there is without moving: the wilderness, or the largest hole, which is in the highest bin. */
static uint32_t largest_now(const defrag_pool *pool)
{
    int32_t wilderness = defrag_wilderness(pool, slots_for(pool, 1));
    if (wilderness < 0) {
        return 0;
    }
    uint32_t largest = (uint32_t)wilderness;
    uint32_t hole = defrag_next_largest(pool, 0);
    word_t h;
    for (uint32_t left = pool->top; left != 0 && (h = defrag_listed(pool, hole)) != 0; left--) {
        largest = size_in(h) > largest ? size_in(h) : largest;
        hole = next_hole(h);
    }
    return largest;
}

static uint32_t largest_after_moving(const defrag_pool *pool)
{
    uint32_t slots = defrag_fewest_slots(pool, 1);
    uint32_t largest = largest_now(pool);
    uint32_t gathered = 0;
    segment_t segment = { 0, 0, 0, 0 };

    while (defrag_next_segment(pool, slots, &segment)) {
        gathered = segment.free > gathered ? segment.free : gathered;
    }
    /* The slot of the new block may have to come out of the last segment. */
    bool has_slot = slots <= MAX_SLOTS && (segment.free != 0 || defrag_wilderness(pool, slots) >= 0);
    return has_slot && gathered > largest ? gathered : largest;
}

static uint32_t count_holes(const defrag_pool *pool)
{
    uint32_t holes = 0;
    for (uint32_t hole = 0; holes != pool->top && (hole = defrag_next_largest(pool, hole)) != 0;) {
        holes++;
    }
    return holes;
}

static uint64_t whole(const uint32_t counter[2])
{
    return (uint64_t)counter[1] << 32 | counter[0];
}

DEFRAG_API defrag_status defrag_stats(const defrag_pool *pool, defrag_pool_stats *stats)
{
    defrag_status status = defrag_ready_to_look(pool);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (stats == NULL || stats->size < sizeof stats->size) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    size_t live = live_in(pool->in_use);
    size_t control = header_offset(defrag_first_block(pool));
    defrag_pool_stats s = {
        .size = sizeof s,
        .granule = GRANULE,
        .block_overhead = WORD,
        .handle_overhead = WORD,
        .pool_bytes = bytes_of(pool),
        .control_bytes = control,
        .capacity = pool->max_request,
        .used = (size_t)used_in(pool->in_use) * GRANULE - live * WORD,
        .overhead = control + live * WORD + (size_t)pool->slots * WORD,
        .largest_now = request_of(largest_now(pool)),
        .largest_after_moving = request_of(largest_after_moving(pool)),
        .live = live,
        .locked = defrag_locked_blocks(pool),
        .holes = count_holes(pool),
        .handles = pool->slots,
        .peak_live = live_in(pool->peak),
        .peak_used = (size_t)used_in(pool->peak) * GRANULE,
        .high_water = header_offset(pool->high_water),
        .refused = pool->refused,
        .largest_refused = pool->largest_refused,
        .worst_call_bytes = pool->worst_call,
        .moved_bytes = whole(pool->moved_bytes),
        .moved_blocks = whole(pool->moved_blocks),
    };
    s.free = s.pool_bytes - s.used - s.overhead;
    defrag_write_struct(stats, &s, sizeof s);
    return DEFRAG_OK;
}

/* The run of neighbouring segments with the fewest locks between them that has enough free space together. */
typedef struct {
    uint32_t locks;
    uint32_t first_lock; /* where the first of these blocks is */
} run_t;

static run_t fewest_locks(const defrag_pool *pool, uint32_t goal, uint32_t slots)
{
    run_t best = { UINT32_MAX, 0 };
    segment_t left = { 0, 0, 0, 0 };
    segment_t right = { 0, 0, 0, 0 };
    uint32_t free = 0;
    uint32_t locks = 0;

    defrag_next_segment(pool, slots, &left);
    for (bool more = defrag_next_segment(pool, slots, &right); more;
         more = defrag_next_segment(pool, slots, &right), locks++) {
        free += right.free;
        while (free >= goal && left.end != right.end) {
            if (locks < best.locks) {
                best = (run_t){ locks, left.end };
            }
            free -= left.free;
            locks--;
            defrag_next_segment(pool, slots, &left);
        }
        if (free >= goal) {
            return (run_t){ 0, 0 };
        }
    }
    return best;
}

static void name_blockers(const defrag_pool *pool, uint32_t first_lock, defrag_fit_report *report)
{
    segment_t segment = { 0, first_lock, 0, 0 };
    for (uint32_t i = 0; i < report->blocking && i < report->capacity && report->blockers != NULL; i++) {
        uint32_t slot = owner_in(header(pool, segment.end));
        if (slot >= pool->slots) {
            return;
        }
        report->blockers[i] = handle_of(pool, slot, entry(pool, slot));
        defrag_next_segment(pool, pool->slots, &segment);
    }
}

static void judge(const defrag_pool *pool, const need_t *need, defrag_fit_report *report)
{
    uint32_t slots = defrag_fewest_slots(pool, need->slots);
    int64_t missing = (int64_t)need->granules - defrag_free_with(pool, slots);

    report->now = defrag_find_place(pool, need) != 0;
    if (report->now) {
        return;
    }
    if (missing > 0) {
        report->verdict = DEFRAG_OUT_OF_MEMORY;
        report->missing = (size_t)missing * GRANULE;
        return;
    }
    if (slots > MAX_SLOTS) {
        report->verdict = DEFRAG_OUT_OF_HANDLES;
        return;
    }
    run_t run = fewest_locks(pool, goal_of(need), slots);
    if (run.locks != 0) {
        report->verdict = DEFRAG_FRAGMENTED;
        report->blocking = run.locks != UINT32_MAX ? run.locks : 0;
        name_blockers(pool, run.first_lock, report);
    }
}

DEFRAG_API defrag_status defrag_would_fit(const defrag_pool *pool, size_t bytes, size_t alignment,
                                          defrag_fit_report *report)
{
    defrag_fit_report known;
    defrag_status status = defrag_ready_to_look(pool);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (report == NULL || !defrag_read_struct(&known, report, sizeof known)) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    need_t need = { 0, 0, DEFRAG_BEST, 1, 0, bytes, alignment };
    status = defrag_measure(pool, &need);
    if (status == DEFRAG_OK) {
        known = (defrag_fit_report){ sizeof known, DEFRAG_OK, 0, 0, 0, known.blockers, known.capacity };
        judge(pool, &need, &known);
        defrag_write_struct(report, &known, sizeof known);
    }
    return status;
}
