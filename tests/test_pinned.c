/* SPDX-License-Identifier: MIT
 *
 * Blocks that stay: placed low, and locked from the beginning. */
#include "support.h"

static defrag_handle alloc_pinned(defrag_pool *pool, size_t bytes, defrag_fit fit)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = DEFRAG_PINNED;
    request.bytes = bytes;
    request.fit = fit;
    defrag_handle handle;
    ASSERT_OK(defrag_alloc_with(pool, &request, &handle));
    return handle;
}

Test(pinned, a_pinned_block_holds_one_shared_lock_which_unlock_gives_up)
{
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
        defrag_pool *pool = new_pool(4096);
        defrag_handle handle = alloc_pinned(pool, 100, fit);
        cr_assert_eq(block_of(pool, handle).locks, 1);
        cr_assert_eq(block_of(pool, handle).exclusive, 0);
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_LOCKED);
        unlock_block(pool, handle);
        ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
        free_block(pool, handle);
    }
}

Test(pinned, it_goes_into_the_lowest_hole_that_fits_and_not_into_the_best)
{
    for (defrag_fit fit = DEFRAG_BEST; fit <= DEFRAG_MAKE_ROOM; fit++) {
        defrag_pool *pool = new_pool(8192);
        const size_t granules[] = { 3, 40, 20, 10, 5 };
        defrag_handle holes[LENGTH(granules)];
        size_t offsets[LENGTH(granules)];
        for (size_t i = 0; i < LENGTH(granules); i++) {
            holes[i] = alloc_block(pool, bytes_of_granules(pool, granules[i]), DEFRAG_BEST);
            offsets[i] = offset_of(pool, holes[i]);
            alloc_block(pool, 1, DEFRAG_BEST);
        }
        for (size_t i = 0; i < LENGTH(granules); i++) {
            free_block(pool, holes[i]);
        }
        size_t bytes = bytes_of_granules(pool, 5);
        cr_assert_eq(offset_of(pool, alloc_block(pool, bytes, DEFRAG_BEST)), offsets[4]);
        cr_assert_eq(offset_of(pool, alloc_pinned(pool, bytes, fit)), offsets[1]);
        cr_assert_eq(stats_of(pool).moved_blocks, 0);
    }
}

Test(pinned, it_goes_above_the_last_block_if_no_hole_fits)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle hole = alloc_block(pool, 20, DEFRAG_BEST);
    defrag_handle last = alloc_block(pool, 20, DEFRAG_BEST);
    free_block(pool, hole);
    cr_assert_gt(offset_of(pool, alloc_pinned(pool, 200, DEFRAG_BEST)), offset_of(pool, last));
}

Test(pinned, it_stays_where_it_is_while_others_move_and_moves_when_unlocked)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle below = alloc_block(pool, 200, DEFRAG_BEST);
    defrag_handle pinned = alloc_pinned(pool, 200, DEFRAG_FAST);
    size_t offset = offset_of(pool, pinned);
    free_block(pool, below);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(offset_of(pool, pinned), offset);
    unlock_block(pool, pinned);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_lt(offset_of(pool, pinned), offset);
}

Test(pinned, it_may_be_zeroed_and_aligned_too)
{
    defrag_pool *pool = new_pool(8192);
    fill_block(pool, alloc_block(pool, stats_of(pool).capacity, DEFRAG_BEST), 0xFF);
    pool = new_pool(8192);
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = DEFRAG_PINNED | DEFRAG_ZEROED;
    request.bytes = 100;
    request.alignment = 256;
    request.fit = DEFRAG_BEST;
    defrag_handle handle;
    ASSERT_OK(defrag_alloc_with(pool, &request, &handle));
    cr_assert(block_is_filled(pool, handle, 0));
    cr_assert_eq((uintptr_t)share_block(pool, handle) % 256, 0);
    cr_assert_eq(block_of(pool, handle).locks, 2);
}

Test(pinned, of_two_holes_with_the_smallest_block_between_them_it_takes_the_lower)
{
    static const int layout[] = { 1, -1, 1, -1 };
    defrag_handle handles[LENGTH(layout)];
    defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
    defrag_handle pinned = alloc_pinned(pool, bytes_of_granules(pool, 1), DEFRAG_BEST);
    cr_assert_eq(offset_of(pool, pinned), offset_of(pool, handles[0]) + stats_of(pool).granule);
}
