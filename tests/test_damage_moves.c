/* SPDX-License-Identifier: MIT
 *
 * What only damage reaches where blocks move, and flipping bits at random (damage/) seldom. Looks behind the public header. */
#include "bins.h"
#include "flight.h"
#include "handles.h"
#include "move.h"
#include "support.h"

enum { POOL_BYTES = 4096 };

/* ----------------------------------------------------------------------------------------------------------- sweeps */

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
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    ASSERT_OK(defrag_step(pool, SIZE_MAX, 12, &progress));
    cr_assert(!progress.done && progress.looked_at == 12);
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

/* ----------------------------------------------------------------------------------------------------------- copies */

static void count(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)pool;
    (void)event;
    ++*(int *)context;
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

Test(damage, a_block_that_is_said_to_be_copied_but_is_not_cannot_be_locked)
{
    defrag_pool *pool = new_pool(1024);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    word_t e = entry(pool, 0);
    set_entry(pool, 0, e, e | (word_t)IN_FLIGHT << LOCKS_SHIFT);
    const void *shared = pool;
    cr_assert(defrag_lock_shared(pool, handle, &shared) != DEFRAG_OK && shared == NULL);
    void *address = pool;
    cr_assert(defrag_lock(pool, handle, &address) != DEFRAG_OK && address == NULL);
    cr_assert_eq(entry(pool, 0), e | (word_t)IN_FLIGHT << LOCKS_SHIFT);
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

/* ------------------------------------------------------------------------------------------ blocks that do not move */

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

Test(damage, a_block_of_a_slot_beyond_the_table_does_not_move)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_block(pool, 1, DEFRAG_FAST);
    for (uint32_t slot = pool->slots; slot < pool->slots + 2U; slot++) {
        *entry_at(pool, slot) = 0;
        cr_assert_not(defrag_is_movable(pool, block_header(slot, 1)));
    }
}

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

/* --------------------------------------------------------------------------------------------------------- resizing */

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
