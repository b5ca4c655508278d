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
    half_t place = (half_t)index_in(entry(pool, 0));
    memcpy(arena + DEFRAG_MIN_POOL_BYTES + beyond * sizeof place, &place, sizeof place);
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_BEST; fit++) {
        memcpy(other_arena, pool, DEFRAG_MIN_POOL_BYTES);
        defrag_status status = defrag_alloc(pool, 1, fit, &handle);
        size_t offset = status == DEFRAG_OK ? offset_of(pool, handle) : 0;
        memcpy(pool, other_arena, DEFRAG_MIN_POOL_BYTES);
        pool->map[bin / 32] |= 1U << bin % 32 | (bits_below & ((1U << bin % 32) - 1));
        ASSERT_STATUS(defrag_alloc(pool, 1, fit, &handle), status);
        cr_assert(status != DEFRAG_OK || offset_of(pool, handle) == offset);
        memcpy(pool, other_arena, DEFRAG_MIN_POOL_BYTES);
    }
}

Test(damage, no_bin_is_beyond_the_pool)
{
    for (uint32_t beyond = 0; beyond < 8; beyond++) {
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

/* --------------------------------------------------------------------------------------------------------- requests */

Test(damage, an_unknown_fit_is_refused_before_a_damaged_block_is)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    set_header(pool, index_in(entry(pool, 0)), 0);
    ASSERT_STATUS(defrag_resize(pool, handle, 1, DEFRAG_MAKE_ROOM + 1), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_resize(pool, handle, 1, DEFRAG_MAKE_ROOM), DEFRAG_CORRUPT);
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
