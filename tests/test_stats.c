/* SPDX-License-Identifier: MIT
 *
 * The statistics: every byte accounted for, and the history kept. */
#include "support.h"

#include <string.h>

Test(stats, used_overhead_and_free_make_up_the_pool)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (size_t bytes = 256; bytes < 1024; bytes += 36) {
        model *m = new_model(bytes, NULL, 1);
        run_model(m, &source, 300);
        assert_model(m, seed);
        defrag_pool_stats stats = stats_of(m->pool);
        cr_assert_eq(stats.used + stats.overhead + stats.free, stats.pool_bytes);
        cr_assert_leq(stats.pool_bytes, bytes);
        cr_assert_gt(stats.pool_bytes + stats.granule, bytes);
    }
}

Test(stats, used_are_the_bytes_usable_in_live_blocks)
{
    defrag_pool *pool = new_pool(8192);
    size_t usable = 0;
    for (size_t i = 0; i < 20; i++) {
        usable += usable_of(pool, alloc_block(pool, 1 + 13 * i, DEFRAG_FAST));
        cr_assert_eq(stats_of(pool).used, usable);
    }
}

Test(stats, the_largest_request_now_is_exactly_what_best_serves)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 300; round++) {
        model *m = new_model(2048, NULL, 0);
        run_model(m, &source, 30 + random_below(&source, 100));
        assert_model(m, seed);
        size_t largest = stats_of(m->pool).largest_now;
        defrag_handle handle;
        if (largest < stats_of(m->pool).capacity) {
            defrag_status status = defrag_alloc(m->pool, largest + 1, DEFRAG_BEST, &handle);
            cr_assert_neq(status, DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
        }
        if (largest != 0) {
            cr_assert_eq(defrag_alloc(m->pool, largest, DEFRAG_BEST, &handle), DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
}

Test(stats, the_largest_request_after_moving_is_served_by_make_room)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 300; round++) {
        model *m = new_model(2048, NULL, 0);
        run_model(m, &source, 30 + random_below(&source, 100));
        assert_model(m, seed);
        defrag_pool_stats stats = stats_of(m->pool);
        bool exact = m->locked == 0 && m->slack == 0;
        defrag_handle handle;
        if (exact && stats.largest_after_moving < stats.capacity) {
            defrag_status status = defrag_alloc(m->pool, stats.largest_after_moving + 1, DEFRAG_MAKE_ROOM, &handle);
            cr_assert_eq(status, DEFRAG_OUT_OF_MEMORY, "DEFRAG_SEED=%" PRIu64, seed);
        }
        if (m->locked == 0 && stats.largest_after_moving != 0) {
            defrag_status status = defrag_alloc(m->pool, stats.largest_after_moving, DEFRAG_MAKE_ROOM, &handle);
            cr_assert_eq(status, DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
}

Test(stats, peaks_and_high_water_stay_when_blocks_go)
{
    defrag_pool *pool = new_pool(8192);
    defrag_handle handles[20];
    size_t taken = 0;
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 100, DEFRAG_FAST);
        taken += usable_of(pool, handles[i]) + stats_of(pool).block_overhead;
    }
    size_t end = offset_of(pool, handles[19]) + usable_of(pool, handles[19]);
    for (size_t i = 0; i < LENGTH(handles); i++) {
        free_block(pool, handles[i]);
    }
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.peak_live, LENGTH(handles));
    cr_assert_eq(stats.peak_used, taken);
    cr_assert_eq(stats.high_water, end);
    cr_assert_eq(stats.used, 0);
}

Test(stats, refusals_are_counted_and_the_largest_remembered)
{
    defrag_pool *pool = new_pool(4096);
    alloc_block(pool, 2000, DEFRAG_FAST);
    defrag_handle small = alloc_block(pool, 20, DEFRAG_FAST);
    alloc_block(pool, 20, DEFRAG_FAST);
    defrag_handle handle;
    cr_assert_neq(defrag_alloc(pool, 2500, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OK);
    cr_assert_neq(defrag_alloc(pool, 3000, DEFRAG_BEST, &handle), DEFRAG_OK);
    cr_assert_neq(defrag_alloc(pool, 2600, DEFRAG_FAST, &handle), DEFRAG_OK);
    cr_assert_neq(defrag_resize(pool, small, 2700, DEFRAG_MAKE_ROOM), DEFRAG_OK);
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.refused, 4);
    cr_assert_eq(stats.largest_refused, 3000);
}

Test(stats, moved_bytes_and_blocks_are_counted_headers_included)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 7), DEFRAG_FAST);
    free_block(pool, hole);
    ASSERT_OK(defrag_compact(pool));
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.moved_blocks, 2);
    cr_assert_eq(stats.moved_bytes, 12 * stats.granule);
    cr_assert_eq(stats.worst_call_bytes, 0, "compact does not count");
}

Test(stats, the_worst_call_is_the_one_that_moved_most)
{
    defrag_pool *pool = new_pool(16384);
    defrag_handle handles[64];
    size_t count = fill_pool(pool, 2, handles, LENGTH(handles));
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_BEST);
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, handles[i]);
    }
    alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_MAKE_ROOM);
    defrag_pool_stats one = stats_of(pool);
    cr_assert_gt(one.worst_call_bytes, 0);
    cr_assert_eq(one.worst_call_bytes, one.moved_bytes);
    ASSERT_OK(defrag_step(pool, one.granule * 2, 8, NULL));
    cr_assert_eq(stats_of(pool).worst_call_bytes, one.worst_call_bytes);
    alloc_block(pool, stats_of(pool).largest_after_moving, DEFRAG_MAKE_ROOM);
    defrag_pool_stats both = stats_of(pool);
    cr_assert_geq(both.worst_call_bytes, one.worst_call_bytes);
    cr_assert_leq(both.worst_call_bytes, both.moved_bytes);
}

Test(stats, holes_do_not_include_the_space_above_the_last_block)
{
    defrag_pool *pool = new_pool(4096);
    cr_assert_eq(stats_of(pool).holes, 0);
    defrag_handle hole = alloc_block(pool, 10, DEFRAG_FAST);
    alloc_block(pool, 10, DEFRAG_FAST);
    cr_assert_eq(stats_of(pool).holes, 0);
    free_block(pool, hole);
    cr_assert_eq(stats_of(pool).holes, 1);
}

/* From what is the smallest of a class to the next. */
static size_t width_of_class(size_t granules)
{
    size_t width = 1;
    while (granules / width >= 8) {
        width *= 2;
    }
    return width;
}

Test(stats, holes_of_all_classes_are_counted)
{
    /* Four classes to an octave: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, ... granules. */
    defrag_pool *pool = new_pool(8192 * stats_of(new_pool(4096)).granule);
    defrag_handle holes[64];
    size_t count = 0;
    for (size_t granules = 1; granules < 1024; granules += width_of_class(granules)) {
        holes[count++] = alloc_block(pool, bytes_of_granules(pool, granules), DEFRAG_BEST);
        alloc_block(pool, 1, DEFRAG_BEST);
    }
    free_block(pool, holes[0]);
    for (size_t i = 1; i < count; i++) {
        size_t bytes = usable_of(pool, holes[i]);
        free_block(pool, holes[i]);
        cr_assert_eq(stats_of(pool).holes, 2);
        holes[i] = alloc_block(pool, bytes, DEFRAG_BEST);
    }
    for (size_t i = 1; i < count; i++) {
        free_block(pool, holes[i]);
        cr_assert_eq(stats_of(pool).holes, i + 1);
    }
}

/* --------------------------------------------------------------------------------------------- the largest requests */

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

Test(stats, in_a_new_pool_no_block_has_ended_above_the_control_block)
{
    defrag_pool_stats stats = stats_of(new_pool(4096));
    cr_assert_eq(stats.high_water, stats.control_bytes);
    cr_assert_eq(stats.peak_used, 0);
    cr_assert_eq(stats.peak_live, 0);
}

Test(stats, of_an_empty_pool_the_largest_requests_are_its_capacity)
{
    for (uint32_t handles = 0; handles < 16; handles++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = handles;
        defrag_pool_stats stats = stats_of(new_pool_with(arena, 4096, &config));
        cr_assert_eq(stats.largest_now, stats.capacity);
        cr_assert_eq(stats.largest_after_moving, stats.capacity);
    }
}

Test(stats, a_full_pool_serves_nothing)
{
    for (uint32_t handles = 0; handles < 16; handles++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = handles;
        defrag_pool *pool = new_pool_with(arena, 4096, &config);
        alloc_block(pool, stats_of(pool).capacity, DEFRAG_FAST);
        assert_largest(pool, 0, 0);
    }
}

Test(stats, the_largest_hole_is_found_wherever_it_is_in_its_class)
{
    const int holes[][6] = { { -9, 1, -8, 1, -1, 1 }, { -8, 1, -9, 1, -1, 1 }, { -1, 1, -8, 1, -9, 1 } };
    for (size_t i = 0; i < LENGTH(holes); i++) {
        defrag_handle handles[6];
        cr_assert_eq(stats_of(laid_out(holes[i], 6, handles)).largest_now, bytes_of_granules((void *)arena, 9));
    }
}

Test(stats, a_hole_of_one_granule_serves_its_bytes)
{
    const int granules[] = { -1, 1 };
    defrag_handle handles[LENGTH(granules)];
    assert_largest(laid_out(granules, LENGTH(granules), handles), 1, 1);
}

Test(stats, of_stretches_between_locks_the_roomiest_counts)
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

Test(stats, holes_serve_nothing_unless_the_table_can_grow_or_something_moves)
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

Test(stats, a_slot_that_nothing_can_make_room_for_serves_nothing)
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

Test(stats, one_free_slot_is_enough)
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

Test(stats, what_an_over_aligned_block_may_leave_unused_is_not_counted_but_what_is_free_now_is)
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

/* ------------------------------------------------------------------------------------------------------ large pools */

Test(stats, peaks_reach_what_the_largest_pool_can_hold)
{
    static defrag_handle handles[32768];
    size_t granule = stats_of(new_pool(4096)).granule;
    defrag_pool *pool = new_pool(32768 * granule);
    defrag_pool_stats stats = stats_of(pool);
    free_block(pool, alloc_block(pool, stats.capacity, DEFRAG_FAST));
    cr_assert_eq(stats_of(pool).peak_used, stats.capacity + stats.block_overhead);
    size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
    cr_assert_gt(count, 16384);
    cr_assert_eq(stats_of(pool).peak_live, count);
    cr_assert_eq(stats_of(pool).peak_used, stats.capacity + stats.block_overhead);
}
