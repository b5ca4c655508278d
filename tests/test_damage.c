/* SPDX-License-Identifier: MIT
 *
 * What only damage reaches, and flipping bits at random (damage/) seldom. Looks behind the public header. */
#include "bins.h"
#include "check.h"
#include "flight.h"
#include "handles.h"
#include "move.h"
#include "observe.h"
#include "room.h"
#include "support.h"

enum { POOL_BYTES = 4096 };

/* Makes a pool say that it has so many bytes and slots, and its identity vouch for that. */
static void claim_reach(defrag_pool *pool, uint32_t bytes, uint32_t slots)
{
    pool->identity += bytes - bytes_of(pool);
    pool->table = bytes - WORD;
    set_slots(pool, slots);
}

Test(damage, the_size_and_the_slots_are_checked_even_if_the_identity_vouches_for_them)
{
    const uint32_t words = POOL_BYTES / WORD;
    const struct {
        uint32_t bytes;
        uint32_t slots;
    } wrong[] = {
        { DEFRAG_MIN_POOL_BYTES - GRANULE, 0 },
        { (uint32_t)MAX_POOL_BYTES + GRANULE, 0 },
        { POOL_BYTES - WORD / 2, 0 },
        { POOL_BYTES, MAX_SLOTS + 1 },
        { POOL_BYTES, words + 1 },
        { POOL_BYTES, words - 1 },
    };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        defrag_pool *attached;
        int32_t invariant;
        claim_reach(pool, wrong[i].bytes, wrong[i].slots);
        ASSERT_STATUS(defrag_check(pool, &invariant), DEFRAG_CORRUPT);
        cr_assert_eq(invariant, CONTROL_BLOCK);
        cr_assert_neq(defrag_attach(pool, POOL_BYTES, &attached), DEFRAG_OK);
    }
}

static void attach_a_copy(void *context, const defrag_pool *pool, const defrag_event *event)
{
    defrag_pool *copy;
    (void)event;
    memcpy(other_arena, pool, POOL_BYTES);
    *(defrag_status *)context = defrag_attach(other_arena, POOL_BYTES, &copy);
}

Test(damage, an_image_from_within_a_call_is_no_pool)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_status status = DEFRAG_OK;
    ASSERT_OK(defrag_observe(pool, attach_a_copy, &status));
    alloc_block(pool, 1, DEFRAG_FAST);
    cr_assert_eq(status, DEFRAG_INVALID_POOL);
}

Test(damage, a_hole_that_reaches_out_of_the_pool_is_not_taken)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST);
        uint32_t g = index_in(entry(pool, 0));
        alloc_block(pool, 1, DEFRAG_FAST);
        free_block(pool, handle);
        set_header(pool, g, block_header(0, last_granule(pool) - g + beyond) | IS_HOLE);
        memcpy(other_arena, pool, POOL_BYTES);
        handle = 1;
        defrag_status status = defrag_alloc(pool, bytes_of_granules(pool, 8), DEFRAG_FAST, &handle);
        if (SMALL_CORE) { /* which looks on */
            ASSERT_OK(status);
            cr_assert_neq(lock_block(pool, handle), (unsigned char *)pool + usable_offset(g));
            continue;
        }
        ASSERT_STATUS(status, DEFRAG_CORRUPT);
        cr_assert_eq(handle, DEFRAG_NO_HANDLE);
        cr_assert_arr_eq(other_arena, pool, POOL_BYTES);
    }
}

/* | hole of 9 | 1 | all the rest |, in whose list the hole is. Returns where the hole is. */
enum { LISTED = 9 };

static uint32_t pool_with_a_listed_hole(defrag_pool **pool)
{
    *pool = new_pool(POOL_BYTES);
    defrag_handle hole = alloc_block(*pool, bytes_of_granules(*pool, LISTED), DEFRAG_FAST);
    alloc_block(*pool, 1, DEFRAG_FAST);
    alloc_block(*pool, stats_of(*pool).largest_now, DEFRAG_FAST);
    uint32_t g = index_in(entry(*pool, 0));
    free_block(*pool, hole);
    return g;
}

/* Whether a hole of the list is found by all that look for one without moving: how large the largest is, and what is pinned or
 * aligned. */
static bool finds_listed(defrag_pool *pool, uint32_t g, bool counts)
{
    size_t bytes = bytes_of_granules(pool, LISTED - 1);
    cr_assert_eq(stats_of(pool).largest_now >= bytes, counts);
    for (uint32_t flags = 0; flags <= DEFRAG_PINNED; flags += DEFRAG_PINNED) {
        defrag_request request = DEFRAG_REQUEST_INIT;
        defrag_handle handle;
        request.bytes = bytes;
        request.fit = DEFRAG_BEST;
        request.flags = flags;
        memcpy(other_arena, pool, POOL_BYTES);
        bool found = defrag_alloc_with(pool, &request, &handle) == DEFRAG_OK;
        cr_assert(!found || offset_of(pool, handle) == usable_offset(g));
        memcpy(pool, other_arena, POOL_BYTES);
        if (found != counts) {
            return false;
        }
    }
    return true;
}

Test(damage, what_a_list_names_is_passed_unless_it_is_a_hole_that_ends_at_the_top_or_before)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_listed_hole(&pool);
    word_t h = header(pool, g);
    cr_assert(finds_listed(pool, g, true));
    set_header(pool, g, block_header(0, pool->top - g) | IS_HOLE);
    cr_assert(finds_listed(pool, g, true));
    set_header(pool, g, block_header(0, pool->top - g + 1) | IS_HOLE);
    cr_assert(finds_listed(pool, g, false));
    set_header(pool, g, h & ~(word_t)IS_HOLE);
    cr_assert(finds_listed(pool, g, false));
}

/* Beyond the pool, where the bin would be, a block is named as if it were a hole. */
static void names_a_block_beyond_the_pool(uint32_t beyond, uint32_t bits_below)
{
    defrag_pool *pool = new_pool(DEFRAG_MIN_POOL_BYTES);
    uint32_t bin = (uint32_t)((DEFRAG_MIN_POOL_BYTES - offsetof(defrag_pool, bins)) / sizeof(half_t)) + beyond;
    if (bin >= 32 * MAP_WORDS) {
        return;
    }
    defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    size_t offset = offset_of(pool, handle);
    half_t place = (half_t)index_in(entry(pool, 0));
    memcpy(arena + DEFRAG_MIN_POOL_BYTES + beyond * sizeof place, &place, sizeof place);
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_BEST; fit++) {
        memcpy(other_arena, pool, DEFRAG_MIN_POOL_BYTES);
        defrag_status status = defrag_alloc(pool, 1, fit, &handle);
        memcpy(pool, other_arena, DEFRAG_MIN_POOL_BYTES);
        pool->map[bin / 32] |= 1U << bin % 32 | (bits_below & ((1U << bin % 32) - 1));
        ASSERT_STATUS(defrag_alloc(pool, 1, fit, &handle), status);
        cr_assert(status != DEFRAG_OK || offset_of(pool, handle) != offset);
        memcpy(pool, other_arena, DEFRAG_MIN_POOL_BYTES);
    }
}

Test(damage, no_bin_is_beyond_the_pool)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        names_a_block_beyond_the_pool(beyond, 0);
        names_a_block_beyond_the_pool(beyond, UINT32_MAX);
    }
}

Test(damage, nothing_is_put_on_a_top_that_can_be_none)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    for (uint32_t top = 0; top < LEAST_PLACE; top++) {
        defrag_handle handle;
        pool->top = (half_t)top;
        memcpy(other_arena, pool, POOL_BYTES);
        cr_assert_neq(defrag_alloc(pool, 1, DEFRAG_FAST, &handle), DEFRAG_OK);
        cr_assert_arr_eq(other_arena, pool, POOL_BYTES);
    }
}

/* Else all that is not below it would pass for a place, as a difference wraps around. */
Test(damage, no_top_is_below_all_places_or_in_the_table)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    uint32_t last = last_granule(pool);
    for (uint32_t top = 0; top <= last + 1; top++) {
        pool->top = (half_t)top;
        cr_assert_eq(is_top(pool), top >= LEAST_PLACE && top < last);
        cr_assert(!is_top(pool) || !is_place(pool, last));
    }
}

static void look_at_a_wrong_top(void *context, const defrag_pool *pool, const defrag_event *event)
{
    defrag_pool *damaged = (defrag_pool *)(uintptr_t)pool;
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    half_t top = pool->top;
    (void)event;
    damaged->top = (half_t)INDEX_MASK;
    *(defrag_status *)context = defrag_stats(pool, &stats);
    damaged->top = top;
}

Test(damage, an_observer_cannot_look_beyond_the_pool)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_status status = DEFRAG_OK;
    ASSERT_OK(defrag_observe(pool, look_at_a_wrong_top, &status));
    alloc_block(pool, 1, DEFRAG_FAST);
    cr_assert_eq(status, DEFRAG_CORRUPT);
}

/* | locked | hole | locked | hole | ..., with a sweep that looked at some of them. */
Test(damage, a_sweep_whose_block_is_nowhere_begins_anew)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle holes[20];
    for (size_t i = 0; i < LENGTH(holes); i++) {
        holes[i] = alloc_block(pool, 1, DEFRAG_FAST);
        lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    }
    for (size_t i = 0; i < LENGTH(holes); i++) {
        free_block(pool, holes[i]);
    }
    ASSERT_OK(defrag_step(pool, SIZE_MAX, 12, NULL));
    cr_assert_gt(pool->cursor, 1);
    uint32_t slot = pool->cursor - 2U;
    set_entry(pool, slot, 0, entry(pool, slot) | INDEX_MASK);
    ASSERT_OK(defrag_step(pool, SIZE_MAX, 12, NULL));
}

/* | hole of 1 | 2 | locked |, and a sweep behind a slot that is not in the table any more, whose entry would be that of the
 * last block. */
Test(damage, a_sweep_behind_a_slot_that_was_given_back_begins_anew)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle hole = alloc_block(pool, 1, DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    free_block(pool, hole);
    *entry_at(pool, pool->slots) = index_in(entry(pool, 2));
    set_half(pool, &pool->cursor, pool->slots + 2U);
    ASSERT_OK(defrag_step(pool, SIZE_MAX, SIZE_MAX, NULL));
    cr_assert_eq(stats_of(pool).moved_blocks, 1);
}

/* | 9 holes of 9, stuck | hole of 1 | 20 | locked | hole of 10 | 3 | locked |: when the 3 have moved, the budget does not suffice
 * for the 20 that a sweep comes to. Above the top it looks as if the last block were there. */
Test(damage, a_sweep_goes_on_where_it_was_whatever_is_above_the_top)
{
    enum { STUCK = 9 };
    defrag_pool *pool = new_pool(POOL_BYTES * 2);
    defrag_handle holes[STUCK + 2];
    for (size_t i = 0; i < LENGTH(holes); i++) {
        holes[i] = alloc_block(pool, bytes_of_granules(pool, i < STUCK ? 9 : i == STUCK ? 1 : 10), DEFRAG_FAST);
        if (i >= STUCK) {
            alloc_block(pool, bytes_of_granules(pool, i == STUCK ? 20 : 3), DEFRAG_FAST);
        }
        lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    }
    for (size_t i = 0; i < LENGTH(holes); i++) {
        free_block(pool, holes[i]);
    }
    uint32_t last = pool->slots - 1U;
    cr_assert_eq(index_in(entry(pool, last)) + 1, pool->top);
    set_header(pool, pool->top, block_header(last, 1));
    for (uint64_t moved = 1; moved <= 2; moved++) {
        ASSERT_OK(defrag_step(pool, (size_t)20 * GRANULE, SIZE_MAX, NULL));
        cr_assert_eq(stats_of(pool).moved_blocks, moved);
    }
}

/* | hole of 30 | 20 |, of which 8 granules are copied. By damage the block is said to be where the next are copied to. */
Test(damage, a_copy_that_falls_on_what_it_comes_from_gives_back_no_more_than_that)
{
    enum { GRANULES = 20, COPIED = 8, ABOVE = COPIED + 1 };
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 30), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, GRANULES), DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    fill_block(pool, hole, 0xFF);
    free_block(pool, hole);
    ASSERT_OK(defrag_step(pool, (size_t)COPIED * GRANULE, SIZE_MAX, NULL));
    cr_assert(defrag_in_flight(pool));
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t from = index_in(entry(pool, slot));
    uint32_t wrong = pool->flight_to + (uint32_t)ABOVE;
    set_header(pool, wrong, header(pool, from));
    set_entry(pool, slot, 0, (entry(pool, slot) & ~INDEX_MASK) | wrong);
    memcpy(other_arena, arena, sizeof arena);
    ASSERT_OK(defrag_step(pool, (size_t)GRANULES * GRANULE, SIZE_MAX, NULL));
    cr_assert_not(defrag_in_flight(pool));
    cr_assert_arr_eq(arena + POOL_BYTES, other_arena + POOL_BYTES, sizeof arena - POOL_BYTES);
}

static void count(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)pool;
    (void)event;
    ++*(int *)context;
}

Test(damage, nothing_is_told_of_a_slot_beyond_the_table)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    int events = 0;
    alloc_block(pool, 1, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, count, &events));
    defrag_notify(pool, DEFRAG_EVENT_MOVE, pool->slots, pool->top - 1U);
    cr_assert_eq(events, 0);
}

/* | 2 | 3 | 1 |, where a hole of so many granules is said to be before the block of 3. Returns where that is. */
enum { BEFORE = 2, SAID = 3 };

static uint32_t pool_with_a_hole_said_to_be_before(defrag_pool **pool, uint32_t granules)
{
    *pool = new_pool(POOL_BYTES);
    alloc_block(*pool, bytes_of_granules(*pool, BEFORE), DEFRAG_FAST);
    alloc_block(*pool, bytes_of_granules(*pool, SAID), DEFRAG_FAST);
    alloc_block(*pool, 1, DEFRAG_FAST);
    uint32_t g = index_in(entry(*pool, 1));
    set_header(*pool, g, header(*pool, g) | HOLE_BEFORE);
    *high_half(&granule_at(*pool, g)->words[LAST - 1]) = (half_t)granules;
    return g;
}

Test(damage, no_hole_is_before_a_block_if_it_would_begin_in_the_control_block_or_behind)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_hole_said_to_be_before(&pool, BEFORE);
    for (uint32_t begin = 0; begin < g + 2 * (uint32_t)LEAST_PLACE; begin++) {
        pool_with_a_hole_said_to_be_before(&pool, g - begin);
        uint32_t hole = defrag_evacuate(pool, g, pool->top, SAID);
        cr_assert_eq(hole, begin - LEAST_PLACE < g - LEAST_PLACE ? begin : g);
    }
}

Test(damage, no_hole_begins_where_the_pool_does)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_hole_said_to_be_before(&pool, BEFORE);
    pool_with_a_hole_said_to_be_before(&pool, g);
    memcpy(other_arena, pool, offsetof(defrag_pool, seal));
    free_block(pool, handle_of(pool, 1, entry(pool, 1)));
    cr_assert_arr_eq(other_arena, pool, offsetof(defrag_pool, seal));
}

/* | 2 | hole | 1 |, all of which a free of the first block would take if the hole were so large. */
Test(damage, a_hole_is_merged_with_unless_it_reaches_beyond_the_top)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        defrag_handle low = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, LISTED), DEFRAG_FAST);
        alloc_block(pool, 1, DEFRAG_FAST);
        uint32_t g = index_in(entry(pool, 1));
        free_block(pool, hole);
        set_header(pool, g, block_header(0, pool->top - g + beyond) | IS_HOLE);
        free_block(pool, low);
        cr_assert_eq(size_at(pool, g - 2), beyond == 0 ? pool->top - g + 2 : 2);
    }
}

/* ------------------------------------------------------------------------------------------------- blocks and slots */

Test(damage, a_block_whose_size_can_be_none_reaches_up_to_the_top)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST);
    uint32_t g = index_in(entry(pool, 0));
    uint32_t most = pool->top - g;
    const uint32_t sizes[] = { 0, 1, 2, most - 1, most, most + 1, most + 2, (uint32_t)INDEX_MASK };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        set_header(pool, g, block_header(0, sizes[i]));
        cr_assert_eq(usable_of(pool, handle), usable_bytes(sizes[i] - 1 < most ? sizes[i] : most));
    }
}

Test(damage, a_block_that_is_nowhere_has_no_usable_bytes)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    const uint32_t wrong[] = { 0, LEAST_PLACE - 1, pool->top, last_granule(pool), (uint32_t)INDEX_MASK };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        set_entry(pool, 0, 0, (entry(pool, 0) & ~INDEX_MASK) | wrong[i]);
        cr_assert_eq(usable_of(pool, handle), 0);
    }
}

Test(damage, an_alignment_that_can_be_none_counts_as_none)
{
    const uint32_t most = DEFRAG_MAX_ALIGNMENT / GRANULE;
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_aligned(pool, 1, 2 * GRANULE, DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    for (uint32_t slot = 0; slot < 2; slot++) {
        uint32_t g = index_in(entry(pool, slot));
        for (uint32_t alignment = 0; alignment <= 4 * most; alignment++) {
            *high_half(&granule_at(pool, g + size_at(pool, g))->words[LAST - 1]) = (half_t)alignment;
            bool can_be = slot == 0 && alignment != 0 && alignment <= most && (alignment & (alignment - 1)) == 0;
            cr_assert_eq(defrag_alignment_at(pool, g), can_be ? alignment : 1);
        }
    }
}

Test(damage, a_block_of_a_slot_beyond_the_table_does_not_move)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_block(pool, 1, DEFRAG_FAST);
    for (uint32_t slot = pool->slots; slot < pool->slots + 2U; slot++) {
        *entry_at(pool, slot) = 0;
        cr_assert_not(defrag_is_movable(pool, block_header(slot, 1)));
    }
}

Test(damage, a_block_is_neither_freed_nor_resized_by_the_header_of_another_or_beyond_the_top)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_block(pool, 1, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    uint32_t g = index_in(entry(pool, 1));
    uint32_t most = pool->top - g;
    const word_t wrong[] = { block_header(0, 9),        block_header(2, 9),        block_header(1, 0),
                             block_header(1, most + 1), block_header(1, most + 2), block_header(1, 9) | IS_HOLE };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        set_header(pool, g, wrong[i]);
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_CORRUPT);
        ASSERT_STATUS(defrag_resize(pool, handle, 1, DEFRAG_FAST), DEFRAG_CORRUPT);
    }
}

Test(damage, clean_keeps_no_more_slots_than_there_are)
{
    memset(arena, 0xFF, sizeof arena);
    defrag_pool *pool = new_pool(POOL_BYTES);
    free_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    pool->reserved_slots = (half_t)(pool->slots + 1);
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(pool->slots, 1);
}

Test(damage, a_slot_beyond_the_table_is_not_taken_as_a_free_one)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        alloc_block(pool, 1, DEFRAG_FAST);
        pool->bins[0] = (half_t)(pool->slots + beyond);
        lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
        cr_assert_eq(pool->slots, 2);
    }
}

/* ----------------------------------------------------------------------------------------------------------- events */

Test(damage, nothing_is_told_of_a_slot_far_beyond_the_table)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    int events = 0;
    alloc_block(pool, 1, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, count, &events));
    defrag_notify(pool, DEFRAG_EVENT_MOVE, pool->slots + 1U, pool->top - 1U);
    cr_assert_eq(events, 0);
}

Test(damage, no_observer_is_called_whose_address_or_pool_is_damaged)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    int events[2] = { 0, 0 };
    alloc_block(pool, 1, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, count, &events[0]));
    uint32_t g = index_in(entry(pool, 0));
    pool->observer_context = &events[1];
    defrag_notify(pool, DEFRAG_EVENT_MOVE, 0, g);
    pool->observer_context = &events[0];
    pool->top = 0;
    defrag_notify(pool, DEFRAG_EVENT_MOVE, 0, g);
    cr_assert(events[0] == 0 && events[1] == 0);
}

/* ------------------------------------------------------------------------------------------------- moves and copies */

Test(damage, what_is_no_hole_or_reaches_beyond_the_last_block_is_not_pushed)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_listed_hole(&pool);
    uint32_t last = index_in(entry(pool, 2));
    cr_assert_eq(defrag_plan_push(pool, last - 1, g), 0, "it is a block");
    pool->top = (half_t)last; /* so that there is room above it */
    uint32_t most = last - g;
    const uint32_t sizes[] = { 0, most, most + 1, most + 2, (uint32_t)INDEX_MASK };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        set_header(pool, g, block_header(0, sizes[i]) | IS_HOLE);
        if (g + sizes[i] < last_granule(pool)) {
            set_header(pool, g + sizes[i], block_header(1, 1));
            set_entry(pool, 1, 0, (entry(pool, 1) & ~INDEX_MASK) | (g + sizes[i]));
        }
        cr_assert_eq(defrag_plan_push(pool, g, g), 0);
    }
}

Test(damage, a_block_that_is_said_to_be_aligned_where_the_hole_does_not_reach_stays)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle low = alloc_block(pool, 1, DEFRAG_FAST);
    alloc_aligned(pool, 1, 2 * GRANULE, DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    uint32_t hole = index_in(entry(pool, 0));
    uint32_t g = index_in(entry(pool, 1));
    free_block(pool, low);
    for (uint32_t alignment = 1; alignment <= DEFRAG_MAX_ALIGNMENT / GRANULE; alignment *= 2) {
        *high_half(&granule_at(pool, g + size_at(pool, g))->words[LAST - 1]) = (half_t)alignment;
        bool slides = padding(pool, hole, alignment) < g - hole;
        cr_assert_eq(defrag_plan_push(pool, hole, SLIDE_ONLY), slides ? hole : 0);
    }
}

/* | hole of 30 | 20 |, of which some granules are copied. */
typedef struct copy {
    defrag_pool *pool;
    uint32_t slot;
    uint32_t from;
    uint32_t to;
} copy;

static copy begin_copy(void)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 30), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 20), DEFRAG_FAST);
    free_block(pool, hole);
    ASSERT_OK(defrag_step(pool, (size_t)8 * GRANULE, SIZE_MAX, NULL));
    cr_assert(defrag_in_flight(pool));
    return (copy){ pool, 1, index_in(entry(pool, 1)), pool->flight_to };
}

static void set_block(const copy *c, uint32_t locks, uint32_t place)
{
    word_t e = entry(c->pool, c->slot) & GENERATION_MASK;
    set_entry(c->pool, c->slot, 0, e | (word_t)locks << LOCKS_SHIFT | place);
}

Test(damage, no_copy_is_under_way_of_a_block_that_is_not_said_to_be_copied)
{
    for (uint32_t locks = UNLOCKED; locks <= FREE_SLOT; locks++) {
        copy c = begin_copy();
        set_block(&c, locks, c.from);
        cr_assert_eq(defrag_in_flight(c.pool), locks == IN_FLIGHT);
    }
}

Test(damage, no_copy_is_under_way_of_a_slot_beyond_the_table)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        copy c = begin_copy();
        uint32_t slot = c.pool->slots + beyond;
        *entry_at(c.pool, slot) = entry(c.pool, c.slot);
        set_header(c.pool, c.from, block_header(slot, 20));
        set_header(c.pool, c.to, block_header(slot, 20));
        c.pool->flight_slot = (half_t)(slot + 1);
        cr_assert_not(defrag_in_flight(c.pool));
    }
}

Test(damage, no_copy_is_under_way_from_or_to_where_no_block_can_be)
{
    copy c = begin_copy();
    uint32_t beyond = c.pool->top + 1U;
    set_header(c.pool, beyond, block_header(c.slot, 20));
    c.pool->flight_to = (half_t)beyond;
    cr_assert_not(defrag_in_flight(c.pool));
    c.pool->flight_to = (half_t)c.to;
    set_block(&c, IN_FLIGHT, beyond);
    cr_assert_not(defrag_in_flight(c.pool));
    set_block(&c, IN_FLIGHT, c.from);
    cr_assert(defrag_in_flight(c.pool));
}

Test(damage, no_copy_is_under_way_between_blocks_of_other_slots_or_sizes)
{
    const word_t wrong[] = { block_header(0, 20), block_header(2, 20), block_header(1, 19), block_header(1, 21) };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        copy c = begin_copy();
        word_t h = header(c.pool, c.from);
        set_header(c.pool, c.from, wrong[i]);
        cr_assert_not(defrag_in_flight(c.pool));
        set_header(c.pool, c.from, h);
        set_header(c.pool, c.to, wrong[i]);
        cr_assert_not(defrag_in_flight(c.pool));
    }
}

Test(damage, no_copy_is_under_way_that_is_at_its_end_or_beyond)
{
    copy c = begin_copy();
    for (uint32_t done = 18; done < 23; done++) {
        c.pool->flight_done = (half_t)done;
        cr_assert_eq(defrag_in_flight(c.pool), done < 20);
    }
}

Test(damage, a_block_whose_copy_is_given_up_is_locked_only_if_its_header_is_its_own)
{
    for (uint32_t slot = 0; slot < 2; slot++) {
        copy c = begin_copy();
        defrag_handle handle = handle_of(c.pool, c.slot, entry(c.pool, c.slot));
        void *address;
        const void *shared;
        set_header(c.pool, c.from, block_header(slot, 20) | HOLE_BEFORE);
        ASSERT_STATUS(defrag_lock_shared(c.pool, handle, &shared), slot == c.slot ? DEFRAG_OK : DEFRAG_CORRUPT);
        ASSERT_STATUS(defrag_lock(c.pool, handle, &address), slot == c.slot ? DEFRAG_LOCKED : DEFRAG_CORRUPT);
    }
}

/* The hole of 10 behind the copy is said to be so large that the top comes to lie within the copy, when its source is
 * given up. */
Test(damage, moves_are_told_of_up_to_the_top_and_no_further)
{
    int events = 0;
    copy c = begin_copy();
    *high_half(&granule_at(c.pool, c.from)->words[LAST - 1]) = 26;
    ASSERT_OK(defrag_observe(c.pool, count, &events));
    ASSERT_OK(defrag_step(c.pool, (size_t)20 * GRANULE, SIZE_MAX, NULL));
    cr_assert_eq(c.pool->top, c.from - 26);
    cr_assert_eq(events, 1);
}

Test(damage, nothing_is_gathered_above_the_top)
{
    defrag_pool *pool;
    pool_with_a_listed_hole(&pool);
    pool->top = (half_t)LEAST_PLACE;
    memcpy(other_arena, pool, POOL_BYTES);
    defrag_gather(pool, (uint32_t)LEAST_PLACE + 1, UINT32_MAX);
    defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);
    cr_assert_arr_eq(other_arena, pool, POOL_BYTES);
}

Test(damage, what_is_no_pool_is_called_so_wherever_its_top_is)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    pool->identity++;
    for (uint32_t top = 0; top <= last_granule(pool) + 1; top++) {
        defrag_pool *attached;
        pool->top = (half_t)top;
        ASSERT_STATUS(defrag_check(pool, NULL), DEFRAG_INVALID_POOL);
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_INVALID_POOL);
        ASSERT_STATUS(defrag_attach(pool, POOL_BYTES, &attached), DEFRAG_INVALID_POOL);
    }
}

/* ------------------------------------------------------------------------------------------ what a call begins with */

Test(damage, an_image_that_breaks_an_invariant_is_corrupt_whichever_it_is)
{
    for (int i = 0; i < 3; i++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        alloc_block(pool, 1, DEFRAG_FAST);
        pool->seal ^= i == 0;
        pool->flight_done = i == 1;
        pool->top = (half_t)(pool->top + (i == 2) * last_granule(pool));
        ASSERT_STATUS(defrag_attach(arena, POOL_BYTES, &pool), DEFRAG_CORRUPT);
        cr_assert_null(pool);
    }
}

Test(damage, a_pool_whose_size_or_mark_has_a_flipped_bit_is_none)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    for (size_t bit = 0; bit < 8 * offsetof(defrag_pool, top); bit++) {
        defrag_handle none;
        void *address;
        arena[bit / 8] ^= (unsigned char)(1U << bit % 8);
        ASSERT_STATUS(defrag_alloc(pool, 1, DEFRAG_FAST, &none), DEFRAG_INVALID_POOL);
        ASSERT_STATUS(defrag_lock(pool, handle, &address), DEFRAG_INVALID_POOL);
        ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_INVALID_POOL);
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_INVALID_POOL);
        arena[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    assert_intact(pool);
}

static defrag_status answer;

static void try_to_change(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)context;
    answer = defrag_free((defrag_pool *)(uintptr_t)pool, event->handle);
}

Test(damage, an_observer_that_is_its_own_context_may_only_look_too)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    ASSERT_OK(defrag_observe(pool, try_to_change, (void *)(uintptr_t)try_to_change));
    alloc_block(pool, 1, DEFRAG_FAST);
    cr_assert_eq(answer, DEFRAG_BUSY);
    cr_assert_eq(stats_of(pool).live, 1);
}

/* --------------------------------------------------------------------------------------------- places that are none */

/* The block of slot 0, at this place by its entry, and with a sound header there, is not freed. */
static void assert_not_freed(defrag_pool *pool, uint32_t g)
{
    defrag_handle handle = handle_of(pool, 0, entry(pool, 0));
    set_entry(pool, 0, 0, (entry(pool, 0) & ~INDEX_MASK) | g);
    if (header_offset(g) >= offsetof(defrag_pool, seal)) {
        set_header(pool, g, block_header(0, 2));
    }
    memcpy(other_arena, arena, sizeof arena);
    ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_CORRUPT);
    cr_assert_arr_eq(other_arena, arena, sizeof arena);
}

Test(damage, a_block_at_the_top_or_above_it_or_at_the_beginning_is_not_freed)
{
    for (uint32_t above = 0; above < 4; above++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
        assert_not_freed(pool, pool->top + above);
    }
    /* If a header is the pool's size, this one looks like a block's. */
    defrag_pool *pool = new_pool((1 << 16) + 2 * GRANULE);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    assert_not_freed(pool, 0);
}

Test(damage, a_block_beyond_the_pool_is_not_freed_wherever_the_top_is)
{
    const uint32_t last = POOL_BYTES / GRANULE - 1;
    const uint32_t tops[] = { last + 3, last + 2 * LEAST_PLACE - 1, 2 * last };
    for (size_t i = 0; i < LENGTH(tops); i++) {
        for (uint32_t g = last + 1; g + 1 < tops[i]; g += LEAST_PLACE) {
            defrag_pool *pool = new_pool(POOL_BYTES);
            alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
            pool->top = (half_t)tops[i];
            assert_not_freed(pool, g);
        }
    }
}

Test(damage, no_list_leads_out_of_the_pool)
{
    const uint32_t last = POOL_BYTES / GRANULE - 1;
    const uint32_t wrong[] = { last, last + 1, 2 * last };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        for (int link = 0; link < 3; link++) {
            defrag_pool *pool;
            uint32_t g = pool_with_a_listed_hole(&pool);
            if (link == 0) {
                set_next(pool, g, wrong[i]);
            } else if (link == 1) {
                set_previous(pool, g, wrong[i]);
            }
            memcpy(other_arena, arena, sizeof arena);
            defrag_handle handle;
            (void)defrag_alloc(pool, bytes_of_granules(pool, LISTED), DEFRAG_FAST, &handle);
            if (link == 2) {
                set_first(pool, bin_of(LISTED), wrong[i]);
                (void)defrag_free(pool, handle);
            }
            cr_assert_arr_eq(other_arena + POOL_BYTES, arena + POOL_BYTES, sizeof arena - POOL_BYTES);
        }
    }
}

Test(damage, a_list_that_is_a_ring_is_followed_only_so_long)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_listed_hole(&pool);
    set_next(pool, g, g);
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.largest_now, bytes_of_granules(pool, LISTED));
    cr_assert_leq(stats.holes, pool->top);
}

/* ------------------------------------------------------------------------------------------ blocks that do not move */

enum { MOVED = 5 };

/* | hole of 3 | 5 | of which slot 1 is the owner. Returns where the block is. */
static uint32_t pool_with_a_block_to_move(defrag_pool **pool)
{
    *pool = new_pool(POOL_BYTES);
    defrag_handle hole = alloc_block(*pool, bytes_of_granules(*pool, 3), DEFRAG_FAST);
    alloc_block(*pool, bytes_of_granules(*pool, MOVED), DEFRAG_FAST);
    free_block(*pool, hole);
    return index_in(entry(*pool, 1));
}

static void assert_not_moved(defrag_pool *pool)
{
    memcpy(other_arena, arena, sizeof arena);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_arr_eq(other_arena, arena, sizeof arena);
}

Test(damage, a_block_that_reaches_beyond_the_top_does_not_move)
{
    for (uint32_t beyond = 1; beyond < 4; beyond++) {
        defrag_pool *pool;
        uint32_t g = pool_with_a_block_to_move(&pool);
        set_header(pool, g, header(pool, g) + block_header(0, beyond));
        assert_not_moved(pool);
    }
}

Test(damage, a_block_whose_entry_names_another_place_does_not_move)
{
    for (uint32_t wrong = 0; wrong < 3; wrong += 2) {
        defrag_pool *pool;
        pool_with_a_block_to_move(&pool);
        set_entry(pool, 1, 0, entry(pool, 1) + wrong - 1);
        assert_not_moved(pool);
    }
}

Test(damage, a_block_is_not_moved_for_what_is_beyond_the_table)
{
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        defrag_pool *pool;
        uint32_t g = pool_with_a_block_to_move(&pool);
        uint32_t slot = pool->slots + beyond;
        set_header(pool, g, block_header(slot, MOVED) | HOLE_BEFORE);
        *entry_at(pool, slot) = g;
        assert_not_moved(pool);
    }
}

Test(damage, a_block_of_no_granules_ends_no_call_too_late)
{
    defrag_pool *pool;
    uint32_t g = pool_with_a_block_to_move(&pool);
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    defrag_handle handle;
    alloc_block(pool, 1, DEFRAG_BEST);
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_BEST);
    set_header(pool, g, header(pool, g) & ~(HALF_MASK ^ IS_HOLE));
    (void)stats_of(pool);
    ASSERT_OK(defrag_would_fit(pool, bytes_of_granules(pool, 6), 0, &report));
    (void)defrag_alloc(pool, bytes_of_granules(pool, 6), DEFRAG_MAKE_ROOM, &handle);
    ASSERT_OK(defrag_step(pool, SIZE_MAX, SIZE_MAX, NULL));
    ASSERT_OK(defrag_compact(pool));
}

/* ------------------------------------------------------------------------------------------------ reports, resizing */

Test(damage, no_blocker_is_named_of_a_slot_beyond_the_table)
{
    for (uint32_t beyond = 0; beyond < 3; beyond++) {
        defrag_pool *pool;
        uint32_t g = pool_with_a_block_to_move(&pool);
        uint32_t slot = beyond < 2 ? pool->slots + beyond : (uint32_t)INDEX_MASK;
        defrag_fit_report report = DEFRAG_REPORT_INIT;
        defrag_handle blockers[] = { DEFRAG_NO_HANDLE, DEFRAG_NO_HANDLE };
        report.blockers = blockers;
        report.capacity = LENGTH(blockers);
        set_header(pool, g, block_header(slot, MOVED) | HOLE_BEFORE);
        ASSERT_OK(defrag_would_fit(pool, stats_of(pool).largest_now + 1, 0, &report));
        cr_assert_eq(report.verdict, DEFRAG_FRAGMENTED);
        cr_assert_eq(report.blocking, 1);
        cr_assert(blockers[0] == DEFRAG_NO_HANDLE && blockers[1] == DEFRAG_NO_HANDLE);
    }
}

Test(damage, an_unknown_fit_is_refused_before_a_damaged_block_is)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    set_header(pool, index_in(entry(pool, 0)), 0);
    ASSERT_STATUS(defrag_resize(pool, handle, 1, DEFRAG_MAKE_ROOM + 1), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_resize(pool, handle, 1, DEFRAG_MAKE_ROOM), DEFRAG_CORRUPT);
}

Test(damage, a_block_does_not_grow_into_a_hole_before_it_whose_sizes_differ)
{
    for (uint32_t size = 5; size < 8; size++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 6), DEFRAG_FAST);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, MOVED), DEFRAG_FAST);
        alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
        uint32_t g = index_in(entry(pool, 0));
        free_block(pool, hole);
        set_header(pool, g, block_header(0, size) | IS_HOLE);
        ASSERT_STATUS(defrag_resize(pool, handle, bytes_of_granules(pool, 9), DEFRAG_FAST),
                      size == 6 ? DEFRAG_OK : DEFRAG_FRAGMENTED);
        cr_assert_eq(index_in(entry(pool, 1)), size == 6 ? g : g + 6);
        cr_assert_eq(usable_of(pool, handle), bytes_of_granules(pool, size == 6 ? 9 : MOVED));
    }
}

/* | perhaps 1 | hole of 1 | over-aligned | 1 |, of which the third is said to have a larger alignment than it has. */
Test(damage, a_block_that_is_less_aligned_than_it_says_is_so_once_it_has_grown)
{
    for (size_t below = 0; below < 2; below++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        for (size_t i = 0; i < below; i++) {
            alloc_block(pool, 1, DEFRAG_FAST);
        }
        defrag_handle handle = alloc_aligned(pool, 1, 2 * GRANULE, DEFRAG_BEST);
        alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_BEST);
        uint32_t g = index_in(entry(pool, (uint32_t)below));
        uint32_t alignment = DEFRAG_MAX_ALIGNMENT / GRANULE;
        *high_half(&granule_at(pool, g + size_at(pool, g))->words[LAST - 1]) = (half_t)alignment;
        cr_assert_neq(padding(pool, g, alignment), 0);
        ASSERT_OK(defrag_resize(pool, handle, bytes_of_granules(pool, 4), DEFRAG_BEST));
        assert_intact(pool);
        cr_assert_eq(block_of(pool, handle).alignment, DEFRAG_MAX_ALIGNMENT);
    }
}

/* | 10 | 4 | all free |: the first could only grow by changing places with the second, whose owner can be none. */
Test(damage, no_block_changes_places_with_one_of_a_slot_beyond_the_table)
{
    for (uint32_t beyond = 0; beyond < 3; beyond++) {
        defrag_pool *pool = new_pool(POOL_BYTES);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 10), DEFRAG_FAST);
        alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
        uint32_t g = index_in(entry(pool, 1));
        uint32_t slot = pool->slots + beyond;
        size_t bytes = stats_of(pool).largest_now + 5 * (size_t)GRANULE;
        set_header(pool, g, block_header(slot, 4));
        *entry_at(pool, slot) = g;
        memcpy(other_arena, arena, POOL_BYTES);
        ASSERT_STATUS(defrag_resize(pool, handle, bytes, DEFRAG_MAKE_ROOM), DEFRAG_FRAGMENTED);
        cr_assert_arr_eq(other_arena + header_offset(g - 10), arena + header_offset(g - 10),
                         POOL_BYTES - header_offset(g - 10));
    }
}

Test(damage, no_request_is_larger_than_the_pool_whatever_its_control_block_says_is_the_largest)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    pool->max_request = UINT32_MAX;
    const size_t wrong[] = { pool->table, pool->table + 1U, POOL_BYTES, UINT32_MAX - WORD, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        defrag_request request = DEFRAG_REQUEST_INIT;
        defrag_handle handle;
        request.bytes = wrong[i];
        request.flags = DEFRAG_ZEROED;
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_SIZE);
        ASSERT_STATUS(defrag_alloc(pool, wrong[i], DEFRAG_BEST, &handle), DEFRAG_INVALID_SIZE);
    }
}
