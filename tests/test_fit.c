/* SPDX-License-Identifier: MIT
 *
 * The three ways to look for a place. */
#include "support.h"

enum { MOST = 1024 };

/* The holes of a pool and their sizes in granules; the space above the last block is none. */
static size_t holes_of(const defrag_pool *pool, size_t *offsets, size_t *granules)
{
    defrag_pool_stats stats = stats_of(pool);
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t count = 0;
    while (defrag_walk(pool, &block) && count < stats.holes) {
        if (block.handle == DEFRAG_NO_HANDLE) {
            offsets[count] = block.offset;
            granules[count++] = (block.bytes + stats.block_overhead) / stats.granule;
        }
    }
    return count;
}

/* A pool of blocks of random sizes, a third of which are freed again. */
static defrag_pool *ragged_pool(random_source *source, size_t bytes, uint32_t largest)
{
    defrag_pool *pool = new_pool(bytes);
    defrag_handle handles[MOST];
    size_t count = 0;
    while (count < MOST &&
           defrag_alloc(pool, random_size(source, 1, largest), DEFRAG_BEST, &handles[count]) == DEFRAG_OK) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (random_below(source, 3) == 0) {
            free_block(pool, handles[i]);
        }
    }
    return pool;
}

Test(fit, best_takes_the_smallest_hole_that_fits)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 200; round++) {
        defrag_pool *pool = ragged_pool(&source, 16384, 400);
        size_t offsets[MOST];
        size_t granules[MOST];
        size_t count = holes_of(pool, offsets, granules);
        for (size_t wanted = 1; wanted < 50; wanted++) {
            size_t smallest = SIZE_MAX;
            for (size_t i = 0; i < count; i++) {
                smallest = granules[i] >= wanted && granules[i] < smallest ? granules[i] : smallest;
            }
            if (smallest == SIZE_MAX) {
                break;
            }
            defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_BEST);
            size_t taken = 0;
            for (size_t i = 0; i < count; i++) {
                taken = offsets[i] == offset_of(pool, handle) ? granules[i] : taken;
            }
            cr_assert_eq(taken, smallest, "DEFRAG_SEED=%" PRIu64, seed);
            free_block(pool, handle);
        }
    }
}

Test(fit, best_finds_the_only_hole_of_any_size)
{
    for (size_t wanted = 1; wanted < 120; wanted++) {
        defrag_pool *pool = new_pool(32768);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_BEST);
        size_t offset = offset_of(pool, hole);
        defrag_handle handles[4096];
        cr_assert_lt(fill_pool(pool, 1, handles, LENGTH(handles)), LENGTH(handles));
        free_block(pool, hole);
        cr_assert_eq(offset_of(pool, alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_BEST)), offset);
    }
}

Test(fit, best_finds_one_hole_that_fits_among_many_of_its_class_that_do_not)
{
    /* 32 to 39 granules share a class; only the last in its list is large enough. */
    defrag_pool *pool = new_pool(65536);
    defrag_handle small[30];
    defrag_handle large = alloc_block(pool, bytes_of_granules(pool, 39), DEFRAG_BEST);
    alloc_block(pool, 1, DEFRAG_BEST);
    size_t count = 0;
    while (count < LENGTH(small) &&
           defrag_alloc(pool, bytes_of_granules(pool, 32), DEFRAG_BEST, &small[count]) == DEFRAG_OK) {
        alloc_block(pool, 1, DEFRAG_BEST);
        count++;
    }
    defrag_handle handles[8192];
    cr_assert_lt(fill_pool(pool, 1, handles, LENGTH(handles)), LENGTH(handles));
    size_t offset = offset_of(pool, large);
    free_block(pool, large);
    for (size_t i = 0; i < count; i++) {
        free_block(pool, small[i]);
    }
    cr_assert_gt(count, 10);
    defrag_handle handle;
    size_t bytes = bytes_of_granules(pool, 38);
    ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_FAST, &handle), DEFRAG_FRAGMENTED);
    cr_assert_eq(offset_of(pool, alloc_block(pool, bytes, DEFRAG_BEST)), offset);
}

/* In a class from `least` to `least` + 7 times `scale`; with `larger` there is a hole of a larger one, too. */
static void takes_the_last_of_its_class(size_t least, size_t scale, bool larger)
{
    defrag_pool *pool = new_pool(12000 * stats_of(new_pool(4096)).granule);
    size_t granules[] = { least + 7, least, least, least, least, larger ? least + 16 : 1 };
    defrag_handle holes[LENGTH(granules)];
    for (size_t i = 0; i < LENGTH(granules); i++) {
        holes[i] = alloc_block(pool, bytes_of_granules(pool, scale * granules[i]), DEFRAG_BEST);
        alloc_block(pool, 1, DEFRAG_BEST);
    }
    size_t offset = offset_of(pool, holes[0]);
    for (size_t i = 0; i < LENGTH(granules); i++) {
        free_block(pool, holes[i]);
    }
    cr_assert_eq(offset_of(pool, alloc_block(pool, bytes_of_granules(pool, scale * (least + 6)), DEFRAG_BEST)), offset);
}

Test(fit, best_takes_the_last_hole_of_its_class_rather_than_a_larger_one_or_the_space_above_all)
{
    for (size_t least = 32; least < 64; least += 8) {
        for (size_t scale = 1; scale <= 32; scale *= 2) {
            takes_the_last_of_its_class(least, scale, false);
            takes_the_last_of_its_class(least, scale, true);
        }
    }
}

Test(fit, fast_takes_any_hole_of_a_larger_class)
{
    /* Four classes to an octave: a hole of twice the size is surely large enough. */
    for (size_t wanted = 1; wanted < 100; wanted++) {
        defrag_pool *pool = new_pool(65536);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 2 * wanted), DEFRAG_BEST);
        defrag_handle handles[8192];
        fill_pool(pool, 1, handles, LENGTH(handles));
        size_t offset = offset_of(pool, hole);
        free_block(pool, hole);
        cr_assert_eq(offset_of(pool, alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_FAST)), offset);
    }
}

/* Holes of 9 granules, and of 8 that are looked at first; the two sizes share a class. */
static defrag_pool *pool_with_the_hole_that_fits_last(size_t others, size_t *offset)
{
    defrag_pool *pool = new_pool(16384);
    defrag_handle holes[8];
    for (size_t i = 0; i <= others; i++) {
        holes[i] = alloc_block(pool, bytes_of_granules(pool, i == 0 ? 9 : 8), DEFRAG_BEST);
        alloc_block(pool, 1, DEFRAG_BEST);
    }
    *offset = offset_of(pool, holes[0]);
    for (size_t i = 0; i <= others; i++) {
        free_block(pool, holes[i]);
    }
    return pool;
}

Test(fit, fast_looks_at_three_holes_of_the_requests_own_class)
{
    for (size_t others = 0; others < 6; others++) {
        size_t offset;
        defrag_pool *pool = pool_with_the_hole_that_fits_last(others, &offset);
        size_t bytes = bytes_of_granules(pool, 9);
        cr_assert_eq(offset_of(pool, alloc_block(pool, bytes, DEFRAG_FAST)) == offset, others < 3);
        pool = pool_with_the_hole_that_fits_last(others, &offset);
        cr_assert_eq(offset_of(pool, alloc_aligned(pool, bytes, 1, DEFRAG_FAST)) == offset, others < 3);
    }
}

Test(fit, best_takes_the_smallest_hole_that_fits_whatever_else_is_requested)
{
    static const int layout[] = { -20, 1, -10, 1, -9, 1, -12 };
    for (defrag_fit fit = DEFRAG_BEST; fit <= DEFRAG_MAKE_ROOM; fit++) {
        defrag_handle handles[LENGTH(layout)];
        defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
        size_t granule = stats_of(pool).granule;
        defrag_handle handle = alloc_aligned(pool, bytes_of_granules(pool, 9), granule, fit);
        cr_assert_eq(offset_of(pool, handle), offset_of(pool, handles[3]) + granule);
        size_t offset;
        pool = pool_with_the_hole_that_fits_last(7, &offset);
        cr_assert_eq(offset_of(pool, alloc_aligned(pool, bytes_of_granules(pool, 9), granule, fit)), offset);
    }
}

Test(fit, fast_takes_the_hole_that_a_free_left_behind_when_it_is_the_only_one)
{
    defrag_pool *pool = new_pool(16384);
    for (size_t wanted = 1; wanted < 100; wanted += 7) {
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_FAST);
        defrag_handle above = alloc_block(pool, 1, DEFRAG_FAST);
        size_t offset = offset_of(pool, hole);
        free_block(pool, hole);
        hole = alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_FAST);
        cr_assert_eq(offset_of(pool, hole), offset);
        free_block(pool, hole);
        free_block(pool, above);
    }
}

Test(fit, make_room_moves_nothing_when_a_hole_fits)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 200; round++) {
        defrag_pool *pool = ragged_pool(&source, 8192, 300);
        size_t largest = stats_of(pool).largest_now;
        if (largest != 0) {
            alloc_block(pool, 1 + random_below(&source, (uint32_t)largest), DEFRAG_MAKE_ROOM);
            cr_assert_eq(stats_of(pool).moved_blocks, 0, "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
}

Test(fit, make_room_moves_what_makes_it_with_the_fewest_bytes)
{
    static const struct {
        int layout[8];
        size_t wanted;
        size_t moved;
    } cases[] = {
        { { -4, 2, -4, 0, -5, 6, -5, 0 }, 8, 2 }, /* the largest holes are not the best */
        { { -4, 4, 9, -4, 0, -5, 0, 0 }, 8, 4 },  /* to another hole rather than all that follows */
        { { -3, 9, -4, 6, -4, 9, -3, 0 }, 8, 6 }, /* what no hole takes slides */
        { { -2, 9, -4, 3, -4, 9, -2, 0 }, 8, 3 },
        { { -4, 3, 3, -2, 0, -3, 0, 0 }, 9, 6 }, /* only one of the two fits elsewhere */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        defrag_handle handles[LENGTH(cases[i].layout)];
        defrag_pool *pool = laid_out(cases[i].layout, LENGTH(cases[i].layout), handles);
        alloc_block(pool, bytes_of_granules(pool, cases[i].wanted), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).moved_bytes, cases[i].moved * stats_of(pool).granule);
    }
}

Test(fit, make_room_slides_only_what_keeps_a_hole_from_the_space_above_if_that_suffices)
{
    /* | ... | hole of 2 | block of 9 | hole of 4 | block of 5 | space of 4 | */
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 8;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    defrag_pool_stats stats = stats_of(pool);
    size_t left = (stats.largest_now + stats.block_overhead) / stats.granule;
    static const size_t granules[] = { 2, 9, 4, 5 };
    defrag_handle handles[LENGTH(granules)];
    alloc_block(pool, bytes_of_granules(pool, left - 24), DEFRAG_FAST);
    for (size_t i = 0; i < LENGTH(granules); i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, granules[i]), DEFRAG_FAST);
    }
    free_block(pool, handles[0]);
    free_block(pool, handles[2]);
    alloc_block(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).moved_bytes, 5 * stats.granule);
}

Test(fit, make_room_slides_the_stretch_that_makes_it_with_the_fewest_bytes)
{
    /* The largest holes come first, with locked blocks behind them, so that the others must do. */
    enum { BLOCKED = 16, OTHERS = 12 };
    static const int others[][OTHERS] = {
        { -3, 9, -3, 9, -3, 0, -3, 5, -3, 6, -2, 0 },
        { -3, 5, -3, 6, -2, 0, -3, 9, -3, 9, -3, 0 },
        { -3, 2, -3, 0, -3, 0, -3, 5, -3, 6, -2, 0 },
    };
    for (size_t i = 0; i < LENGTH(others); i++) {
        int layout[BLOCKED + OTHERS];
        for (size_t j = 0; j < LENGTH(layout); j++) {
            layout[j] = j >= BLOCKED ? others[i][j - BLOCKED] : j % 2 == 0 ? -7 : 0;
        }
        defrag_handle handles[LENGTH(layout)];
        defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
        alloc_block(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).moved_bytes, 11 * stats_of(pool).granule);
    }
}

Test(fit, fast_and_best_refuse_rather_than_move)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 200; round++) {
        defrag_pool *pool = ragged_pool(&source, 8192, 300);
        defrag_pool_stats stats = stats_of(pool);
        size_t bytes = stats.largest_now + 1;
        if (bytes > stats.largest_after_moving) {
            continue;
        }
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_FAST, &handle), DEFRAG_FRAGMENTED);
        ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_BEST, &handle), DEFRAG_FRAGMENTED);
        cr_assert_eq(stats_of(pool).moved_blocks, 0, "DEFRAG_SEED=%" PRIu64, seed);
        alloc_block(pool, bytes, DEFRAG_MAKE_ROOM);
    }
}

Test(fit, a_freed_top_block_melts_into_the_space_above)
{
    defrag_pool *pool = new_pool(4096);
    alloc_block(pool, 100, DEFRAG_BEST);
    defrag_pool_stats before = stats_of(pool);
    defrag_handle one = alloc_block(pool, 200, DEFRAG_BEST);
    defrag_handle two = alloc_block(pool, 300, DEFRAG_BEST);
    free_block(pool, one);
    cr_assert_eq(stats_of(pool).holes, 1);
    free_block(pool, two);
    cr_assert_eq(stats_of(pool).holes, 0);
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(stats_of(pool).largest_now, before.largest_now);
}

Test(fit, a_freed_block_merges_with_the_holes_on_both_sides)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[6];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 100, DEFRAG_BEST);
    }
    size_t offset = offset_of(pool, handles[1]);
    size_t end = offset_of(pool, handles[4]);
    free_block(pool, handles[1]);
    free_block(pool, handles[3]);
    cr_assert_eq(stats_of(pool).holes, 2);
    free_block(pool, handles[2]);
    cr_assert_eq(stats_of(pool).holes, 1);
    size_t bytes = end - offset - stats_of(pool).block_overhead;
    cr_assert_eq(offset_of(pool, alloc_block(pool, bytes, DEFRAG_BEST)), offset);
    assert_intact(pool);
}

Test(fit, without_room_for_a_handle_slot_best_says_so_and_make_room_makes_it)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[512];
    size_t count = fill_pool(pool, 2, handles, LENGTH(handles));
    size_t usable = usable_of(pool, handles[count - 1]);
    while (defrag_resize(pool, handles[count - 1], ++usable, DEFRAG_FAST) == DEFRAG_OK) {
    }
    /* Shrinking leaves holes without freeing a slot. */
    for (size_t i = 0; i + 1 < count; i++) {
        ASSERT_OK(defrag_resize(pool, handles[i], bytes_of_granules(pool, 1), DEFRAG_FAST));
    }
    size_t granule = stats_of(pool).granule;
    size_t slots_in_the_last_granule = granule / stats_of(pool).handle_overhead;
    size_t bytes = bytes_of_granules(pool, 1);
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_BEST; fit++) {
        defrag_handle handle;
        defrag_status status = DEFRAG_OK;
        for (size_t i = 0; i < slots_in_the_last_granule && status == DEFRAG_OK; i++) {
            status = defrag_alloc(pool, bytes, fit, &handle);
        }
        cr_assert_eq(status, DEFRAG_OUT_OF_HANDLES);
        cr_assert_eq(handle, DEFRAG_NO_HANDLE);
    }
    cr_assert_eq(stats_of(pool).largest_now, 0);
    alloc_block(pool, bytes, DEFRAG_MAKE_ROOM);
    assert_intact(pool);
}

Test(fit, the_last_block_makes_room_for_a_handle_slot_in_a_hole_of_its_size_right_below_it)
{
    /* One of the pools has no room for the slot of the last request. */
    size_t moved = 0;
    for (size_t others = 0; others < 8; others++) {
        defrag_pool *pool = new_pool(4096);
        for (size_t i = 0; i < others; i++) {
            alloc_block(pool, 1, DEFRAG_FAST);
        }
        size_t overhead = stats_of(pool).block_overhead;
        size_t left = (stats_of(pool).largest_now + overhead) / stats_of(pool).granule;
        alloc_block(pool, bytes_of_granules(pool, left - 30), DEFRAG_FAST);
        defrag_handle below = alloc_block(pool, bytes_of_granules(pool, 20), DEFRAG_FAST);
        defrag_handle last = alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
        fill_block(pool, last, 0x42);
        size_t size = (usable_of(pool, last) + overhead) / stats_of(pool).granule;
        ASSERT_OK(defrag_resize(pool, below, bytes_of_granules(pool, 20 - size), DEFRAG_FAST));
        alloc_block(pool, 1, DEFRAG_MAKE_ROOM);
        cr_assert(block_is_filled(pool, last, 0x42));
        assert_intact(pool);
        moved += stats_of(pool).moved_blocks;
    }
    cr_assert_gt(moved, 0);
}
