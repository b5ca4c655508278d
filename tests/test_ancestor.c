/* SPDX-License-Identifier: MIT
 *
 * Faults of an earlier allocator with the same idea, each of which must stay impossible. */
#include "support.h"

enum { MOST = 1024 };

Test(ancestor, a_payload_is_never_at_4_modulo_8)
{
    defrag_pool *pool = new_pool(16384);
    for (size_t bytes = 1; bytes < 100; bytes++) {
        cr_assert_eq((uintptr_t)lock_block(pool, alloc_block(pool, bytes, DEFRAG_FAST)) % 8, 0);
    }
}

Test(ancestor, a_double_or_a_64_bit_integer_can_be_stored_in_every_block)
{
    defrag_pool *pool = new_pool(8192);
    for (uint64_t i = 0; i < 100; i++) {
        void *address = lock_block(pool, alloc_block(pool, sizeof(uint64_t), DEFRAG_FAST));
        *(uint64_t *)address = i;
        cr_assert_eq(*(uint64_t *)address, i);
    }
}

Test(ancestor, a_hole_too_small_is_never_taken_for_the_best)
{
    /* Whatever the order in which holes too small and large enough were made. */
    for (int order = 0; order < 2; order++) {
        defrag_pool *pool = new_pool(8192);
        defrag_handle small = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_BEST);
        alloc_block(pool, 1, DEFRAG_BEST);
        defrag_handle large = alloc_block(pool, bytes_of_granules(pool, 7), DEFRAG_BEST);
        alloc_block(pool, 1, DEFRAG_BEST);
        size_t offset = offset_of(pool, large);
        free_block(pool, order == 0 ? small : large);
        free_block(pool, order == 0 ? large : small);
        cr_assert_eq(offset_of(pool, alloc_block(pool, bytes_of_granules(pool, 6), DEFRAG_BEST)), offset);
        assert_intact(pool);
    }
}

Test(ancestor, the_bin_of_the_largest_holes_is_searched_too)
{
    defrag_pool *pool = new_pool(16384);
    size_t half = stats_of(pool).capacity / 2;
    defrag_handle large = alloc_block(pool, half, DEFRAG_BEST);
    size_t offset = offset_of(pool, large);
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_BEST);
    free_block(pool, large);
    cr_assert_eq(offset_of(pool, alloc_block(pool, half, DEFRAG_BEST)), offset);
}

Test(ancestor, best_says_fragmented_only_if_no_hole_fits)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(8192, NULL, 8);
    for (int i = 0; i < 20000; i++) {
        uint32_t bytes = random_size(&source, 1, 700);
        bool full = m->used * 100 > m->capacity * 90;
        model_op op = full ? (model_op){ MODEL_FREE, (uint32_t)random_64(&source), 0, 0 }
                           : (model_op){ MODEL_ALLOC, bytes, 0, DEFRAG_BEST };
        if (!model_apply(m, op) || (i % 7 == 0 && !model_apply(m, (model_op){ MODEL_FREE, bytes, 0, 0 }))) {
            break;
        }
    }
    assert_model(m, seed);
}

Test(ancestor, an_empty_pool_serves_60_blocks_worth_after_64_were_freed)
{
    defrag_pool *pool = new_pool(8192);
    for (int order = 0; order < 3; order++) {
        defrag_handle handles[64];
        for (size_t i = 0; i < LENGTH(handles); i++) {
            handles[i] = alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
        }
        for (size_t i = 0; i < LENGTH(handles); i++) {
            free_block(pool, handles[order == 0 ? i : order == 1 ? 63 - i : i * 37 % 64]);
        }
        for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
            free_block(pool, alloc_block(pool, bytes_of_granules(pool, 60), fit));
        }
    }
}

Test(ancestor, one_locked_block_does_not_keep_the_others_from_moving)
{
    /* 64 blocks, a third freed, one in the middle locked: 30 blocks' worth must be had in one piece. */
    defrag_pool *pool = new_pool(16384);
    defrag_handle handles[64];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
    }
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    for (size_t i = 0; i < LENGTH(handles); i++) {
        if (i % 3 != 0) {
            free_block(pool, handles[i]);
        }
    }
    lock_block(pool, handles[63]);
    alloc_block(pool, bytes_of_granules(pool, 4 * 30), DEFRAG_MAKE_ROOM);
    assert_intact(pool);
}

Test(ancestor, compact_moves_what_lies_below_and_above_a_locked_block)
{
    defrag_pool *pool = new_pool(8192);
    defrag_handle handles[64];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(handles); i += 2) {
        free_block(pool, handles[i]);
    }
    lock_block(pool, handles[33]);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_leq(stats_of(pool).holes, 1);
}

Test(ancestor, the_only_handle_slot_can_be_used_for_ever)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 1;
    defrag_pool *pool = new_pool_with(arena, 1024, &config);
    for (int i = 0; i < 20000; i++) {
        free_block(pool, alloc_block(pool, 1 + (size_t)i % 100, DEFRAG_FAST));
    }
    cr_assert_eq(stats_of(pool).handles, 1);
    assert_intact(pool);
}

Test(ancestor, a_lock_that_was_never_given_up_only_answers_locked)
{
    defrag_pool *pool = new_pool(1024);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    lock_block(pool, handle);
    void *address;
    for (int i = 0; i < 100; i++) {
        ASSERT_STATUS(defrag_lock(pool, handle, &address), DEFRAG_LOCKED);
    }
    unlock_block(pool, handle);
    lock_block(pool, handle);
}

Test(ancestor, a_32_bit_integer_costs_the_8_bytes_that_were_promised_and_no_more)
{
    defrag_pool *pool = new_pool(8192);
    defrag_pool_stats before = stats_of(pool);
    size_t smallest = before.granule - before.block_overhead;
    for (int i = 0; i < 50; i++) {
        alloc_block(pool, smallest, DEFRAG_FAST);
    }
    cr_assert_eq(before.free - stats_of(pool).free, 50 * (smallest + before.block_overhead + before.handle_overhead));
}

Test(ancestor, no_single_call_of_step_is_unbounded)
{
    defrag_pool *pool = new_pool(65536);
    static defrag_handle handles[8192];
    size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, handles[i]);
    }
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    for (int steps = 0; steps < 100000 && !progress.done; steps++) {
        ASSERT_OK(defrag_step(pool, 64, 4, &progress));
        cr_assert_leq(progress.moved_bytes, 64);
        cr_assert_leq(progress.looked_at, 4);
    }
    cr_assert(progress.done);
    cr_assert_leq(stats_of(pool).worst_call_bytes, 64);
}
