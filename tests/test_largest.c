/* SPDX-License-Identifier: MIT
 *
 * The largest requests that a pool serves now and after moving, as the statistics tell them of pools laid out on purpose. */
#include "support.h"

#include <string.h>

static size_t request_of(const defrag_pool *pool, size_t granules)
{
    return granules != 0 ? bytes_of_granules(pool, granules) : 0;
}

/* Whether a request would be served; the pool stays as it is. */
static bool serves(defrag_pool *pool, size_t bytes, defrag_fit fit)
{
    defrag_handle handle;
    size_t all = stats_of(pool).pool_bytes;
    memcpy(other_arena, pool, all);
    bool served = defrag_alloc(pool, bytes, fit, &handle) == DEFRAG_OK;
    memcpy(pool, other_arena, all);
    return served;
}

static void assert_largest(defrag_pool *pool, size_t now, size_t after_moving)
{
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.largest_now, request_of(pool, now));
    cr_assert_eq(stats.largest_after_moving, request_of(pool, after_moving));
}

Test(largest, of_an_empty_pool_the_largest_requests_are_its_capacity)
{
    for (uint32_t handles = 0; handles < 16; handles++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = handles;
        defrag_pool_stats stats = stats_of(new_pool_with(arena, 4096, &config));
        cr_assert_eq(stats.largest_now, stats.capacity);
        cr_assert_eq(stats.largest_after_moving, stats.capacity);
    }
}

Test(largest, a_full_pool_serves_nothing)
{
    for (uint32_t handles = 0; handles < 16; handles++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = handles;
        defrag_pool *pool = new_pool_with(arena, 4096, &config);
        alloc_block(pool, stats_of(pool).capacity, DEFRAG_FAST);
        assert_largest(pool, 0, 0);
    }
}

Test(largest, the_largest_hole_is_found_wherever_it_is_in_its_class)
{
    const int holes[][6] = { { -9, 1, -8, 1, -1, 1 }, { -8, 1, -9, 1, -1, 1 }, { -1, 1, -8, 1, -9, 1 } };
    for (size_t i = 0; i < LENGTH(holes); i++) {
        defrag_handle handles[6];
        cr_assert_eq(stats_of(laid_out(holes[i], 6, handles)).largest_now, bytes_of_granules((void *)arena, 9));
    }
}

Test(largest, a_hole_of_one_granule_serves_its_bytes)
{
    const int granules[] = { -1, 1 };
    defrag_handle handles[LENGTH(granules)];
    assert_largest(laid_out(granules, LENGTH(granules), handles), 1, 1);
}

Test(largest, of_stretches_between_locks_the_roomiest_counts)
{
    const int granules[][8] = { { -4, 2, -5, 0, -3, 2, -3, 0 }, { -3, 2, -3, 0, -4, 2, -5, 0 } };
    for (size_t i = 0; i < LENGTH(granules); i++) {
        defrag_handle handles[8];
        assert_largest(laid_out(granules[i], 8, handles), 5, 9);
    }
}

/* | 2 | hole | 2 | hole | ... | all the rest, at times locked |, with so many handle slots set aside; none is free but
 * what these are more than blocks. */
enum { MOST_HOLES = 16 };

static defrag_pool *pool_with_holes(const size_t *holes, size_t count, uint32_t slots, bool lock_rest)
{
    defrag_handle handles[MOST_HOLES];
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = slots;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    for (size_t i = 0; i < count; i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, 2 + holes[i]), DEFRAG_FAST);
    }
    defrag_handle rest = alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    for (size_t i = 0; i < count; i++) {
        ASSERT_OK(defrag_resize(pool, handles[i], bytes_of_granules(pool, 2), DEFRAG_FAST));
    }
    if (lock_rest) {
        lock_block(pool, rest);
    }
    return pool;
}

Test(largest, holes_serve_nothing_unless_the_table_can_grow_or_something_moves)
{
    bool seen[2] = { false, false };
    for (size_t more = 0; more < 12; more++) {
        for (size_t granules = 1; granules <= 4; granules++) {
            const size_t holes[MOST_HOLES] = { granules };
            defrag_pool *pool = pool_with_holes(holes, 1 + more, 0, false);
            bool grows = serves(pool, 1, DEFRAG_BEST);
            assert_largest(pool, grows ? granules : 0, grows ? granules : granules - 1);
            seen[grows] = true;
        }
    }
    cr_assert(seen[false] && seen[true]);
}

Test(largest, a_slot_that_nothing_can_make_room_for_serves_nothing)
{
    bool seen[2] = { false, false };
    for (size_t more = 0; more < 12; more++) {
        const size_t holes[MOST_HOLES] = { 4, 3 };
        defrag_pool *pool = pool_with_holes(holes, 2 + more, 0, true);
        bool grows = serves(pool, 1, DEFRAG_BEST);
        cr_assert_eq(serves(pool, 1, DEFRAG_MAKE_ROOM), grows);
        assert_largest(pool, grows ? 4 : 0, grows ? 7 : 0);
        seen[grows] = true;
    }
    cr_assert(seen[false] && seen[true]);
}

Test(largest, one_free_slot_is_enough)
{
    for (uint32_t more = 0; more < 12; more++) {
        const size_t holes[MOST_HOLES] = { 4, 3 };
        assert_largest(pool_with_holes(holes, 2 + more, 2 + more + 2, false), 4, 7);
    }
}

/* | 4 | 2 | 3 | locked | some | over-aligned | some | 20 granules |. The blocks of 4 and of 3 are told. */
static defrag_pool *pool_with_slack(defrag_handle *four, defrag_handle *three)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 16;
    defrag_pool *pool = new_pool_with(arena, 8192, &config);
    defrag_pool_stats stats = stats_of(pool);
    defrag_handle aligned = alloc_aligned(pool, 1, DEFRAG_MAX_ALIGNMENT, DEFRAG_FAST);
    *four = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_BEST);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_BEST);
    *three = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_BEST);
    defrag_handle locked = alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_BEST);
    lock_block(pool, locked);
    size_t end = offset_of(pool, locked) + usable_of(pool, locked);
    alloc_block(pool, offset_of(pool, aligned) - end - 2 * (size_t)stats.block_overhead, DEFRAG_BEST);
    alloc_block(pool, stats_of(pool).largest_now - 20 * (size_t)stats.granule, DEFRAG_BEST);
    return pool;
}

Test(largest, what_an_over_aligned_block_may_leave_unused_is_not_counted_but_what_is_free_now_is)
{
    defrag_handle four;
    defrag_handle three;
    defrag_pool *pool = pool_with_slack(&four, &three);
    assert_largest(pool, 20, 20);
    alloc_block(pool, bytes_of_granules(pool, 18), DEFRAG_BEST);
    free_block(pool, four);
    free_block(pool, three);
    assert_largest(pool, 4, 7);
}
