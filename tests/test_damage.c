/* SPDX-License-Identifier: MIT
 *
 * What only damage reaches, and flipping bits at random (damage/) seldom. Looks behind the public header. */
#include "bins.h"
#include "check.h"
#include "flight.h"
#include "handles.h"
#include "move.h"
#include "observe.h"
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
    pool->map[bin / 32] |= 1U << bin % 32 | (bits_below & ((1U << bin % 32) - 1));
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_BEST; fit++) {
        bool found = defrag_alloc(pool, 1, fit, &handle) == DEFRAG_OK;
        cr_assert(!found || offset_of(pool, handle) != offset);
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
