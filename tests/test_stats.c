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

Test(stats, in_a_new_pool_no_block_has_ended_above_the_control_block)
{
    defrag_pool_stats stats = stats_of(new_pool(4096));
    cr_assert_eq(stats.high_water, stats.control_bytes);
    cr_assert_eq(stats.peak_used, 0);
    cr_assert_eq(stats.peak_live, 0);
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
