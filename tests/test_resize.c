/* SPDX-License-Identifier: MIT
 *
 * Resizing: in place if it can be, elsewhere if it must be, and without a trace if it cannot be. */
#include "support.h"

#include <string.h>

static const defrag_fit fits[] = { DEFRAG_FAST, DEFRAG_BEST, DEFRAG_MAKE_ROOM };

static bool begins_with(defrag_pool *pool, defrag_handle handle, unsigned char value, size_t bytes)
{
    const unsigned char *actual = share_block(pool, handle);
    bool same = actual[0] == value && memcmp(actual, actual + 1, bytes - 1) == 0;
    unlock_block(pool, handle);
    return same;
}

static size_t resized(defrag_pool *pool, defrag_handle handle, size_t granules, defrag_fit fit)
{
    size_t old = usable_of(pool, handle);
    size_t bytes = bytes_of_granules(pool, granules);
    fill_block(pool, handle, 0x42);
    ASSERT_OK(defrag_resize(pool, handle, bytes, fit));
    cr_assert_eq(usable_of(pool, handle), bytes);
    cr_assert(begins_with(pool, handle, 0x42, old < bytes ? old : bytes));
    assert_intact(pool);
    return offset_of(pool, handle);
}

Test(resize, a_block_shrinks_in_place_and_what_it_gives_up_is_free)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        defrag_pool *pool = new_pool(4096);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 20), DEFRAG_FAST);
        alloc_block(pool, 1, DEFRAG_FAST);
        size_t offset = offset_of(pool, handle);
        size_t before = stats_of(pool).free;
        cr_assert_eq(resized(pool, handle, 5, fits[fit]), offset);
        cr_assert_eq(stats_of(pool).free - before, 15 * stats_of(pool).granule);
        cr_assert_eq(stats_of(pool).holes, 1);
    }
}

Test(resize, the_same_number_of_granules_changes_nothing)
{
    defrag_pool *pool = new_pool(4096);
    size_t bytes = bytes_of_granules(pool, 5);
    defrag_handle handle = alloc_block(pool, bytes, DEFRAG_FAST);
    size_t offset = offset_of(pool, handle);
    for (size_t less = 0; less < stats_of(pool).granule; less++) {
        ASSERT_OK(defrag_resize(pool, handle, bytes - less, DEFRAG_FAST));
        cr_assert_eq(usable_of(pool, handle), bytes);
        cr_assert_eq(offset_of(pool, handle), offset);
    }
}

Test(resize, a_block_grows_in_place_into_the_hole_behind_it)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        for (size_t granules = 6; granules <= 15; granules++) {
            defrag_pool *pool = new_pool(4096);
            alloc_block(pool, 1, DEFRAG_FAST);
            defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
            defrag_handle behind = alloc_block(pool, bytes_of_granules(pool, 10), DEFRAG_FAST);
            alloc_block(pool, 1, DEFRAG_FAST);
            free_block(pool, behind);
            size_t offset = offset_of(pool, handle);
            cr_assert_eq(resized(pool, handle, granules, fits[fit]), offset);
            cr_assert_eq(stats_of(pool).holes, granules < 15);
        }
    }
}

Test(resize, the_last_block_grows_in_place_into_the_space_above)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    size_t offset = offset_of(pool, handle);
    cr_assert_eq(resized(pool, handle, 50, DEFRAG_FAST), offset);
    ASSERT_OK(defrag_resize(pool, handle, stats_of(pool).capacity, DEFRAG_FAST));
    cr_assert_eq(offset_of(pool, handle), offset);
}

Test(resize, a_block_grows_down_into_the_hole_before_it)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        for (size_t behind = 0; behind < 5; behind++) {
            defrag_pool *pool = new_pool(4096);
            defrag_handle below = alloc_block(pool, bytes_of_granules(pool, 10), DEFRAG_FAST);
            defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 5 + behind), DEFRAG_FAST);
            defrag_handle others[512];
            fill_pool(pool, 1, others, LENGTH(others));
            ASSERT_OK(defrag_resize(pool, handle, bytes_of_granules(pool, 5), DEFRAG_FAST));
            size_t offset = offset_of(pool, below);
            free_block(pool, below);
            cr_assert_eq(resized(pool, handle, 15 + behind, fits[fit]), offset);
            cr_assert_eq(stats_of(pool).moved_blocks, 1);
            cr_assert_eq(stats_of(pool).holes, 0);
        }
    }
}

Test(resize, a_block_moves_to_another_hole_when_it_cannot_grow_where_it_is)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        defrag_pool *pool = new_pool(4096);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
        alloc_block(pool, 1, DEFRAG_FAST);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 40), DEFRAG_FAST);
        defrag_handle others[512];
        size_t count = fill_pool(pool, 1, others, LENGTH(others));
        size_t offset = offset_of(pool, hole);
        free_block(pool, hole);
        cr_assert_eq(resized(pool, handle, 20, fits[fit]), offset);
        cr_assert_eq(stats_of(pool).moved_blocks, 1);
        cr_assert_gt(count, 10);
    }
}

Test(resize, the_handle_stays_valid_wherever_the_block_goes)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    for (size_t granules = 2; granules < 40; granules++) {
        alloc_block(pool, 1, DEFRAG_MAKE_ROOM);
        resized(pool, handle, granules, DEFRAG_MAKE_ROOM);
    }
}

/* A full pool of small blocks around one of `granules`; every other small one freed. Returns the one. */
static defrag_handle surrounded(defrag_pool *pool, size_t granules, size_t below)
{
    static defrag_handle small[4096];
    for (size_t i = 0; i < below; i++) {
        small[i] = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    }
    defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, granules), DEFRAG_FAST);
    size_t count = below + fill_pool(pool, 2, small + below, LENGTH(small) - below);
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, small[i]);
    }
    return handle;
}

Test(resize, make_room_succeeds_exactly_if_the_free_bytes_and_the_blocks_own_suffice)
{
    for (size_t below = 0; below < 100; below += 9) {
        for (size_t extra = 0; extra < 2; extra++) {
            defrag_pool *pool = new_pool(16384);
            defrag_handle handle = surrounded(pool, 5, below);
            ASSERT_OK(defrag_clean(pool));
            defrag_pool_stats stats = stats_of(pool);
            size_t most = stats.free / stats.granule + 5;
            if (extra == 0) {
                resized(pool, handle, most, DEFRAG_MAKE_ROOM);
                continue;
            }
            fill_block(pool, handle, 0x42);
            ASSERT_STATUS(defrag_resize(pool, handle, bytes_of_granules(pool, most) + 1, DEFRAG_MAKE_ROOM),
                          DEFRAG_OUT_OF_MEMORY);
            cr_assert(block_is_filled(pool, handle, 0x42));
            cr_assert_eq(stats_of(pool).moved_blocks, 0);
        }
    }
}

Test(resize, fast_and_best_refuse_rather_than_move_another_block)
{
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_BEST; fit++) {
        defrag_pool *pool = new_pool(4096);
        defrag_handle handle = surrounded(pool, 5, 20);
        fill_block(pool, handle, 0x42);
        size_t offset = offset_of(pool, handle);
        ASSERT_STATUS(defrag_resize(pool, handle, bytes_of_granules(pool, 12), fit), DEFRAG_FRAGMENTED);
        cr_assert_eq(offset_of(pool, handle), offset);
        cr_assert(block_is_filled(pool, handle, 0x42));
        cr_assert_eq(stats_of(pool).moved_blocks, 0);
    }
}

Test(resize, a_size_that_can_never_fit_is_invalid_and_the_block_stays)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    fill_block(pool, handle, 0x42);
    size_t usable = usable_of(pool, handle);
    const size_t sizes[] = { 0, stats_of(pool).capacity + 1, 65535, 65536, UINT32_MAX, SIZE_MAX - 7, SIZE_MAX };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        for (size_t fit = 0; fit < LENGTH(fits); fit++) {
            ASSERT_STATUS(defrag_resize(pool, handle, sizes[i], fits[fit]), DEFRAG_INVALID_SIZE);
            cr_assert_eq(usable_of(pool, handle), usable);
            cr_assert(block_is_filled(pool, handle, 0x42));
        }
    }
    ASSERT_STATUS(defrag_resize(pool, handle, 10, DEFRAG_MAKE_ROOM + 1), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_resize(pool, handle, 10, -1), DEFRAG_INVALID_ARGUMENT);
}

Test(resize, random_resizes_keep_every_promise)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(4096, NULL, 1);
    for (int i = 0; i < 4000; i++) {
        model_op op = { MODEL_RESIZE, (uint32_t)random_64(&source), random_size(&source, 1, 600),
                        random_below(&source, 3) };
        if (!model_apply(m, op)) {
            break;
        }
        run_model(m, &source, 1);
    }
    assert_model(m, seed);
}

Test(resize, a_copy_of_another_block_under_way_is_given_up_when_all_bytes_are_needed)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    defrag_handle block = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST);
    free_block(pool, hole);
    defrag_pool_stats stats = stats_of(pool);
    size_t granules = stats.free / stats.granule + 3;
    ASSERT_OK(defrag_step(pool, stats.granule, 1, NULL));
    ASSERT_OK(defrag_resize(pool, block, bytes_of_granules(pool, granules), DEFRAG_MAKE_ROOM));
    assert_intact(pool);
}

Test(resize, an_unknown_fit_is_refused_but_first_of_all_there_must_be_a_pool)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    ASSERT_STATUS(defrag_resize(pool, handle, 10, DEFRAG_MAKE_ROOM + 1), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_resize(pool, DEFRAG_NO_HANDLE, 10, -1), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_resize(NULL, handle, 10, -1), DEFRAG_INVALID_POOL);
}

/* -------------------------------------------------------------------------------------------------- the last resort */

static void assert_moved(const defrag_pool *pool, size_t blocks, size_t granules)
{
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.moved_blocks, blocks);
    cr_assert_eq(stats.moved_bytes, granules * stats.granule);
}

Test(resize, a_block_changes_places_with_those_between_it_and_a_hole_below_a_lock)
{
    const int granules[] = { 0, 10, 1, 3, -8, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    size_t granule = stats_of(pool).granule;
    size_t offset = offset_of(pool, handles[1]);
    fill_block(pool, handles[2], 0x22);
    fill_block(pool, handles[3], 0x33);
    cr_assert_eq(resized(pool, handles[1], 18, DEFRAG_MAKE_ROOM), offset + 4 * granule);
    cr_assert_eq(offset_of(pool, handles[2]), offset);
    cr_assert_eq(offset_of(pool, handles[3]), offset + granule);
    cr_assert(block_is_filled(pool, handles[2], 0x22));
    cr_assert(block_is_filled(pool, handles[3], 0x33));
    assert_moved(pool, 3, 14);
    cr_assert_eq(stats_of(pool).worst_call_bytes, 14 * granule);
}

typedef struct events {
    defrag_event told[8];
    size_t count;
} events;

static void note(void *context, const defrag_pool *pool, const defrag_event *event)
{
    events *e = context;
    cr_assert_lt(e->count, LENGTH(e->told));
    e->told[e->count++] = *event;
    assert_intact(pool);
}

Test(resize, those_that_change_places_are_told_of_each_once)
{
    const int granules[] = { 0, 10, 1, 3, -8, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    size_t bytes = bytes_of_granules(pool, 16);
    size_t offset = offset_of(pool, handles[1]);
    size_t away = 10 * (size_t)stats_of(pool).granule;
    events e = { .count = 0 };
    ASSERT_OK(defrag_observe(pool, note, &e));
    ASSERT_OK(defrag_resize(pool, handles[1], bytes, DEFRAG_MAKE_ROOM));
    cr_assert_eq(e.count, 3);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(e.told[i].kind, DEFRAG_EVENT_MOVE);
        cr_assert_eq(e.told[i].handle, handles[2 + i]);
        cr_assert_eq(e.told[i].from, e.told[i].offset + away);
    }
    cr_assert_eq(e.told[2].kind, DEFRAG_EVENT_RESIZE);
    cr_assert_eq(e.told[2].handle, handles[1]);
    cr_assert_eq(e.told[2].from, offset);
}

Test(resize, a_block_that_is_next_to_all_free_space_once_that_is_gathered_is_not_moved_again)
{
    const int granules[] = { 0, -5, 1, 20, -5, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    resized(pool, handles[3], 30, DEFRAG_MAKE_ROOM);
    assert_moved(pool, 2, 21);
}

Test(resize, the_worst_call_does_not_count_what_calls_before_have_moved)
{
    const int granules[] = { -3, 60, 0, 10, 4, -8, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    ASSERT_OK(defrag_compact(pool));
    resized(pool, handles[3], 18, DEFRAG_MAKE_ROOM);
    assert_moved(pool, 3, 74);
    cr_assert_eq(stats_of(pool).worst_call_bytes, 14 * (size_t)stats_of(pool).granule);
}

/* Asks for more than can be, though the free bytes and the block's own suffice. */
static void assert_fragmented(defrag_pool *pool, defrag_handle handle, size_t bytes)
{
    size_t offset = offset_of(pool, handle);
    size_t usable = usable_of(pool, handle);
    fill_block(pool, handle, 0x42);
    ASSERT_STATUS(defrag_resize(pool, handle, bytes, DEFRAG_MAKE_ROOM), DEFRAG_FRAGMENTED);
    cr_assert_eq(offset_of(pool, handle), offset);
    cr_assert_eq(usable_of(pool, handle), usable);
    cr_assert(block_is_filled(pool, handle, 0x42));
    cr_assert_eq(stats_of(pool).moved_blocks, 0);
    cr_assert_eq(stats_of(pool).refused, 1);
    assert_intact(pool);
}

Test(resize, no_block_changes_places_with_a_locked_one)
{
    const int granules[] = { 0, 10, 0, -8, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    size_t offset = offset_of(pool, handles[2]);
    assert_fragmented(pool, handles[1], bytes_of_granules(pool, 16));
    cr_assert_eq(offset_of(pool, handles[2]), offset);
}

Test(resize, free_bytes_beyond_a_lock_are_of_no_use)
{
    const int granules[] = { 10, 2, -5, 0, -5 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    assert_fragmented(pool, handles[0], bytes_of_granules(pool, 16));
}

/* | perhaps a block | block | another | all free |, where blocks are aligned to two granules if that is said; `gap`:
 * one granule is free before the first. Returns how many granules are free behind them. */
static size_t two_blocks(defrag_pool **pool, const bool *aligned, const size_t *granules, bool gap,
                         defrag_handle *handles)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 4;
    for (size_t below = 0; below < 2; below++) {
        *pool = new_pool_with(arena, 4096, &config);
        defrag_pool_stats stats = stats_of(*pool);
        for (size_t i = 0; i < below; i++) {
            alloc_block(*pool, 1, DEFRAG_FAST);
        }
        for (size_t i = 0; i < 2; i++) {
            size_t bytes = bytes_of_granules(*pool, granules[i]) - (aligned[i] ? stats.block_overhead / 2 : 0);
            handles[i] = alloc_aligned(*pool, bytes, (aligned[i] ? 2 : 1) * (size_t)stats.granule, DEFRAG_BEST);
        }
        if ((stats_of(*pool).holes != 0) == gap) {
            break;
        }
    }
    return (stats_of(*pool).largest_now + stats_of(*pool).block_overhead) / stats_of(*pool).granule;
}

Test(resize, an_over_aligned_block_changes_places_if_it_is_aligned_then)
{
    const bool aligned[] = { true, false };
    for (size_t gap = 0; gap < 2; gap++) {
        for (size_t behind = 3; behind < 5; behind++) {
            const size_t granules[] = { 10, behind };
            defrag_pool *pool;
            defrag_handle handles[2];
            size_t more = two_blocks(&pool, aligned, granules, gap != 0, handles);
            size_t bytes = bytes_of_granules(pool, more + 5) - stats_of(pool).block_overhead / 2;
            size_t offset = offset_of(pool, handles[0]);
            cr_assert_eq(stats_of(pool).holes, gap);
            if (behind % 2 != 0) {
                assert_fragmented(pool, handles[0], bytes);
                continue;
            }
            fill_block(pool, handles[1], 0x22);
            ASSERT_OK(defrag_resize(pool, handles[0], bytes, DEFRAG_MAKE_ROOM));
            cr_assert_eq(usable_of(pool, handles[0]), bytes);
            cr_assert_eq(offset_of(pool, handles[0]), offset + behind * stats_of(pool).granule);
            cr_assert(block_is_filled(pool, handles[1], 0x22));
            assert_intact(pool);
        }
    }
}

Test(resize, no_block_changes_places_with_an_over_aligned_one)
{
    const bool aligned[] = { false, true };
    for (size_t granules = 10; granules < 12; granules++) {
        const size_t both[] = { granules, 4 };
        defrag_pool *pool;
        defrag_handle handles[2];
        size_t more = two_blocks(&pool, aligned, both, false, handles);
        assert_fragmented(pool, handles[0], bytes_of_granules(pool, more + 5));
    }
}

Test(resize, free_slots_at_the_end_of_the_table_are_free_bytes_too)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle others[20];
    defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
    for (size_t i = 0; i < LENGTH(others); i++) {
        others[i] = alloc_block(pool, 1, DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(others); i++) {
        free_block(pool, others[i]);
    }
    memcpy(other_arena, pool, 4096);
    ASSERT_OK(defrag_clean(pool));
    size_t granules = stats_of(pool).free / stats_of(pool).granule + 5;
    memcpy(pool, other_arena, 4096);
    resized(pool, handle, granules, DEFRAG_MAKE_ROOM);
}

Test(resize, a_block_stays_if_the_room_that_was_made_is_right_behind_it)
{
    /* The block of 2 goes to the hole of 2, which joins those of 1 and of 5. */
    const int granules[] = { 0, 3, -1, 2, -5, 0, -2, 0 };
    defrag_handle handles[LENGTH(granules)];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    size_t offset = offset_of(pool, handles[1]);
    cr_assert_eq(resized(pool, handles[1], 8, DEFRAG_MAKE_ROOM), offset);
    assert_moved(pool, 1, 2);
}
