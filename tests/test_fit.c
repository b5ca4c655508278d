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
        { { -1, 7, 0, -6, 0, -4, 5, 0 }, 9, 5 }, /* to the largest hole of all, below */
        { { -1, 7, 0, -4, 5, 0, -6, 0 }, 9, 5 }, /* or above */
        { { -3, 3, 3, -3, 0, 0, 0, 0 }, 4, 3 },  /* which has just its size */
        { { -3, 1, 3, -3, 0, 0, 0, 0 }, 4, 1 },  /* or more */
        { { -6, 5, 0, -4, 6, 0, 0, 0 }, 10, 6 }, /* but not the hole itself, if it is the largest */
        { { -7, 7, -2, 5, 0, 0, 0, 0 }, 9, 7 },  /* no more, when there is just enough */
        { { -8, 2, -4, 8, 0, 0, 0, 0 }, 9, 2 },  /* or more than that */
        { { -4, 1, 5, 7, -5, 0, 0, 0 }, 8, 6 },  /* a single granule evacuates, too */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        defrag_handle handles[LENGTH(cases[i].layout)];
        defrag_pool *pool = laid_out(cases[i].layout, LENGTH(cases[i].layout), handles);
        alloc_block(pool, bytes_of_granules(pool, cases[i].wanted), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).moved_bytes, cases[i].moved * stats_of(pool).granule);
    }
}

static size_t space_above(const defrag_pool *pool)
{
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.holes, 0);
    return (stats.largest_now + stats.block_overhead) / stats.granule;
}

/* What is moved to make room for so many granules; `layout` ends with 0, and locked blocks follow. */
static size_t moved_for(const int *layout, size_t count, size_t wanted)
{
    defrag_handle handles[128];
    cr_assert_leq(count, LENGTH(handles));
    defrag_pool *pool = laid_out(layout, count, handles);
    alloc_block(pool, bytes_of_granules(pool, wanted), DEFRAG_MAKE_ROOM);
    assert_intact(pool);
    return stats_of(pool).moved_bytes / stats_of(pool).granule;
}

Test(fit, make_room_plans_with_the_eight_largest_holes_before_everything_slides)
{
    /* The one that a block of 4 makes large enough is the last of them, or the next. Then a block of 5 slides, too, but
     * not the one of 7, since there is room before. */
    for (size_t larger = 6; larger < 10; larger++) {
        int layout[32] = { -1, 5, 0 };
        size_t count = 3;
        for (size_t i = 0; i < larger; i++) {
            layout[count] = -12;
            count += 2;
        }
        static const int last[] = { -10, 4, 0, -1, 7, 0 };
        for (size_t i = 0; i < LENGTH(last); i++) {
            layout[count++] = last[i];
        }
        cr_assert_eq(moved_for(layout, count, 14), larger < 8 ? 4 : 9);
    }
}

Test(fit, make_room_plans_64_blocks_ahead)
{
    /* Each of the blocks evacuates to the other hole. Without a plan they slide before they do. */
    for (size_t blocks = 62; blocks < 67; blocks++) {
        int layout[72] = { -70 };
        size_t count = 1;
        while (count <= blocks) {
            layout[count++] = 1;
        }
        layout[count + 1] = -68;
        cr_assert_eq(moved_for(layout, count + 3, 70 + blocks), blocks <= 64 ? blocks : 2 * blocks);
    }
}

Test(fit, make_room_drops_a_plan_if_a_block_that_was_to_evacuate_would_slide_for_nothing)
{
    /* The block of 3 takes the place that the one of 6 was to take; so the one of 10 slides. */
    static const int layout[] = { -7, 10, -10, 3, 6, 0 };
    cr_assert_leq(moved_for(layout, LENGTH(layout), 17), 3 + 10);
    /* The same with one of just the hole's size. */
    static const int same[] = { -2, 1, 2, -3, 1, 2, 0 };
    cr_assert_leq(moved_for(same, LENGTH(same), 5), 4);
    /* But what slides to another hole is not for nothing. */
    static const int merges[] = { -3, 6, -2, 5, -4, 6, 7, -7, 0 };
    cr_assert_leq(moved_for(merges, LENGTH(merges), 16), 30);
}

Test(fit, make_room_drops_a_plan_that_has_cost_more_than_it_said)
{
    static const int layout[] = { 7, -2, 6, -2, -1, 3, 5, -4, 4, -5, 1, 6, 0 };
    cr_assert_leq(moved_for(layout, LENGTH(layout), 11), 17);
}

Test(fit, make_room_plans_anew_until_four_plans_went_stale)
{
    static const int the_fourth_helps[] = { -1, 3, 4, -2, 6, 4, -4, 2, 2, 0 };
    cr_assert_leq(moved_for(the_fourth_helps, LENGTH(the_fourth_helps), 7), 17);
    static const int no_fifth[] = { -5, 9, 11, -1, 4, 1, 11, 9, 10, -11, 0 };
    cr_assert_leq(moved_for(no_fifth, LENGTH(no_fifth), 17), 80);
}

Test(fit, the_worst_call_does_not_count_what_making_room_has_moved_before)
{
    static const int layout[] = { -7, 7, -2, 0, -3, 2, -2, 0 };
    defrag_handle handles[LENGTH(layout)];
    defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
    size_t granule = stats_of(pool).granule;
    alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).worst_call_bytes, 7 * granule);
    alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).moved_bytes, 9 * granule);
    cr_assert_eq(stats_of(pool).worst_call_bytes, 7 * granule);
}

Test(fit, make_room_tries_each_way_but_once_before_it_refuses)
{
    static const int layout[] = { 1, 2, -1, 0, -2, 2, 0 };
    defrag_handle handles[LENGTH(layout)];
    defrag_handle handle;
    defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
    if (defrag_alloc(pool, bytes_of_granules(pool, 3), DEFRAG_MAKE_ROOM, &handle) != DEFRAG_OK) {
        cr_assert_leq(stats_of(pool).moved_bytes, 3 * stats_of(pool).granule);
    }
}

Test(fit, make_room_takes_nothing_above_the_last_block_for_a_hole)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 8;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    defrag_handle all = alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    fill_block(pool, all, 0xFF);
    free_block(pool, all);
    /* | hole of 2 | block of 1 | hole of 1 | all but 4 granules | */
    defrag_handle holes[2];
    holes[0] = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
    holes[1] = alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
    defrag_pool_stats stats = stats_of(pool);
    size_t rest = (stats.largest_now + stats.block_overhead) / stats.granule - 4;
    alloc_block(pool, bytes_of_granules(pool, rest), DEFRAG_FAST);
    free_block(pool, holes[0]);
    free_block(pool, holes[1]);
    alloc_block(pool, bytes_of_granules(pool, 7), DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).moved_bytes, (1 + rest) * stats.granule);
}

/* A pool of 4096 bytes whose table has so many slots, all free, which are taken from the first to the last. */
static defrag_pool *pool_with_free_slots(size_t slots)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[64];
    for (size_t i = 0; i < slots; i++) {
        handles[i] = alloc_block(pool, 1, DEFRAG_FAST);
    }
    for (size_t i = 0; i < slots; i++) {
        free_block(pool, handles[i]);
    }
    return pool;
}

Test(fit, make_room_shortens_the_table_only_if_what_is_free_without_does_not_suffice)
{
    for (size_t extra = 0; extra <= 3; extra++) {
        defrag_pool *pool = pool_with_free_slots(32);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
        alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
        size_t above = space_above(pool);
        free_block(pool, hole);
        alloc_block(pool, bytes_of_granules(pool, above + extra), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).handles == 32, extra <= 2);
        cr_assert_eq(stats_of(pool).moved_blocks, extra == 1 || extra == 2);
    }
}

Test(fit, make_room_shortens_the_table_if_an_alignment_keeps_the_free_bytes_apart)
{
    defrag_pool *pool = pool_with_free_slots(32);
    size_t granule = stats_of(pool).granule;
    alloc_aligned(pool, granule, 16 * granule, DEFRAG_FAST);
    /* The hole between the two is too small for the upper one to slide. */
    defrag_handle upper = alloc_aligned(pool, granule, 16 * granule, DEFRAG_FAST);
    size_t above = stats_of(pool).largest_now;
    defrag_handle handle = DEFRAG_NO_HANDLE;
    ASSERT_STATUS(defrag_alloc(pool, above + granule, DEFRAG_BEST, &handle), DEFRAG_FRAGMENTED);
    size_t offset = offset_of(pool, upper);
    alloc_block(pool, above + granule, DEFRAG_MAKE_ROOM);
    cr_assert_lt(stats_of(pool).handles, 32);
    cr_assert_eq(offset_of(pool, upper), offset);
    assert_intact(pool);
}

Test(fit, make_room_moves_once_more_after_it_has_shortened_the_table)
{
    /* | 1 hole | lock | 40 hole, block of one more than the space above | lock | rest | space | */
    defrag_pool *pool = pool_with_free_slots(32);
    enum { SPACE = 20 };
    static const size_t granules[] = { 1, 1, 40, SPACE + 1, 1 };
    defrag_handle handles[LENGTH(granules)];
    for (size_t i = 0; i < LENGTH(granules); i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, granules[i]), DEFRAG_FAST);
    }
    lock_block(pool, alloc_block(pool, bytes_of_granules(pool, space_above(pool) - SPACE), DEFRAG_FAST));
    lock_block(pool, handles[1]);
    lock_block(pool, handles[4]);
    free_block(pool, handles[0]);
    free_block(pool, handles[2]);
    fill_block(pool, handles[3], 0x42);
    alloc_block(pool, bytes_of_granules(pool, 40 + SPACE + 1), DEFRAG_MAKE_ROOM);
    cr_assert_lt(stats_of(pool).handles, 32);
    cr_assert(block_is_filled(pool, handles[3], 0x42));
    assert_intact(pool);
}

Test(fit, what_is_free_but_apart_is_called_fragmented_to_the_last_byte_and_beyond_that_out_of_memory)
{
    static const int layout[] = { -3, 0, -4, 0 };
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
        defrag_handle handles[LENGTH(layout)];
        defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 5), fit, &handle), DEFRAG_FRAGMENTED);
        ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 7), fit, &handle), DEFRAG_FRAGMENTED);
        ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 7) + 1, fit, &handle), DEFRAG_OUT_OF_MEMORY);
        cr_assert_eq(stats_of(pool).moved_blocks, 0);
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

/* A pool of some small blocks, and how many granules are left above them. */
static defrag_pool *pool_above(size_t others, size_t *left)
{
    defrag_pool *pool = new_pool(4096);
    for (size_t i = 0; i < others; i++) {
        alloc_block(pool, 1, DEFRAG_FAST);
    }
    *left = space_above(pool);
    return pool;
}

Test(fit, the_last_block_makes_room_for_a_handle_slot_in_a_hole_of_its_size_right_below_it)
{
    /* One of the pools has no room for the slot of the last request. */
    size_t moved = 0;
    for (size_t others = 0; others < 8; others++) {
        size_t left;
        defrag_pool *pool = pool_above(others, &left);
        size_t overhead = stats_of(pool).block_overhead;
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

Test(fit, a_locked_last_block_stays_where_it_is_though_a_handle_slot_has_no_room)
{
    size_t refused = 0;
    for (size_t others = 0; others < 8; others++) {
        size_t left;
        defrag_pool *pool = pool_above(others, &left);
        defrag_handle below = alloc_block(pool, bytes_of_granules(pool, left - 10), DEFRAG_FAST);
        defrag_handle last = alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
        lock_block(pool, last);
        ASSERT_OK(defrag_resize(pool, below, bytes_of_granules(pool, left - 30), DEFRAG_FAST));
        size_t offset = offset_of(pool, last);
        defrag_handle handle;
        refused += defrag_alloc(pool, 1, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OUT_OF_HANDLES;
        cr_assert_eq(offset_of(pool, last), offset);
        cr_assert_eq(stats_of(pool).moved_blocks, 0);
    }
    cr_assert_gt(refused, 0);
}

Test(fit, with_a_copy_under_way_only_the_last_block_moves_for_a_handle_slot_if_a_hole_takes_it)
{
    /* | 1 | hole | block of 4 | all full of 1 |, with no room for a slot. */
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[512];
    defrag_handle handle;
    defrag_handle first = alloc_block(pool, bytes_of_granules(pool, 30), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
    fill_pool(pool, 1, handles, LENGTH(handles));
    ASSERT_OK(defrag_resize(pool, first, 1, DEFRAG_FAST));
    while (defrag_alloc(pool, 1, DEFRAG_BEST, &handle) == DEFRAG_OK) {
    }
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    ASSERT_OK(defrag_step(pool, stats_of(pool).granule, 100, &progress));
    cr_assert_eq(progress.moved_bytes, stats_of(pool).granule);
    cr_assert_eq(stats_of(pool).moved_blocks, 0);
    alloc_block(pool, 1, DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).moved_blocks, 1);
    assert_intact(pool);
}

/* Fills a block with what would be headers of holes that end where another block, above it, begins. */
static void feign_holes(defrag_pool *pool, defrag_handle handle, defrag_handle above)
{
    size_t granule = stats_of(pool).granule;
    size_t word = stats_of(pool).block_overhead;
    size_t begin = offset_of(pool, handle);
    size_t end = offset_of(pool, above);
    unsigned char *address = lock_block(pool, handle);
    for (size_t at = 0; at + word <= usable_of(pool, handle); at += word) {
        uint64_t size = (end - word - (begin + at) / granule * granule) / granule;
        uint64_t wide = size << 1 | 1;
        uint32_t narrow = (uint32_t)wide;
        memcpy(address + at, word == sizeof wide ? (void *)&wide : (void *)&narrow, word);
    }
    unlock_block(pool, handle);
}

/* A pool of six blocks and a locked one that takes the rest. */
enum { SIX = 6 };

static defrag_pool *pool_of_six(size_t bytes, const size_t *granules, defrag_handle *handles)
{
    defrag_pool *pool = new_pool(bytes);
    for (size_t i = 0; i < SIX; i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, granules[i]), DEFRAG_FAST);
    }
    lock_block(pool, alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST));
    return pool;
}

Test(fit, where_sliding_is_in_vain_a_block_without_a_hole_below_stays_in_a_pool_of_any_size)
{
    /* | 250 | 3 | lock | hole of 150 | lock | hole of 150 | lock | */
    static const size_t granules[SIX] = { 250, 3, 1, 150, 1, 150 };
    for (size_t bytes = 65536; bytes < 65536 + 512; bytes += 32) {
        defrag_handle handles[SIX];
        defrag_pool *pool = pool_of_six(bytes, granules, handles);
        feign_holes(pool, handles[0], handles[1]);
        for (size_t i = 2; i + 1 < LENGTH(granules); i += 2) {
            lock_block(pool, handles[i]);
            free_block(pool, handles[i + 1]);
        }
        size_t offset = offset_of(pool, handles[1]);
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 290), DEFRAG_MAKE_ROOM, &handle), DEFRAG_FRAGMENTED);
        cr_assert_eq(offset_of(pool, handles[1]), offset);
        cr_assert_eq(stats_of(pool).moved_blocks, 0);
        assert_intact(pool);
    }
}

Test(fit, make_room_takes_nothing_for_a_hole_that_a_block_contains)
{
    /* | 250 | hole of 40 | 70 | 60 | lock | hole of 60 | lock |: the one of 70 slides, and the one of 60 evacuates. */
    static const size_t granules[SIX] = { 250, 40, 70, 60, 1, 60 };
    for (size_t bytes = 65536; bytes < 65536 + 512; bytes += 32) {
        defrag_handle handles[SIX];
        defrag_pool *pool = pool_of_six(bytes, granules, handles);
        lock_block(pool, handles[4]);
        feign_holes(pool, handles[0], handles[2]);
        free_block(pool, handles[1]);
        free_block(pool, handles[5]);
        alloc_block(pool, bytes_of_granules(pool, 100), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).moved_bytes, (70 + 60) * stats_of(pool).granule);
    }
}
