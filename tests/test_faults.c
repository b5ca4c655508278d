/* SPDX-License-Identifier: MIT
 *
 * Faults that really happened in memory managers, each tried here. */
#include "support.h"

#include <string.h>

static const defrag_fit fits[] = { DEFRAG_FAST, DEFRAG_BEST, DEFRAG_MAKE_ROOM };

Test(faults, a_size_that_wraps_when_header_alignment_or_rounding_is_added_is_refused)
{
    defrag_pool *pool = new_pool(4096);
    for (size_t less = 0; less <= 2 * DEFRAG_MAX_ALIGNMENT; less++) {
        defrag_request request = DEFRAG_REQUEST_INIT;
        request.bytes = SIZE_MAX - less;
        request.alignment = (size_t)1 << less % 11;
        request.fit = fits[less % 3];
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_SIZE);
        request.bytes = (size_t)UINT32_MAX - less;
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_SIZE);
    }
}

Test(faults, a_size_is_never_truncated_to_16_bits_of_bytes_or_granules)
{
    size_t granule = stats_of(new_pool(4096)).granule;
    defrag_pool *pool = new_pool(32768 * granule);
    for (size_t bits = 15; bits <= 17; bits++) {
        for (size_t unit = 1; unit <= granule; unit *= granule) {
            for (size_t i = 0; i < 9; i++) {
                size_t bytes = (unit << bits) + i - 4;
                defrag_handle handle;
                defrag_status status = defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle);
                cr_assert_eq(status, bytes <= stats_of(pool).capacity ? DEFRAG_OK : DEFRAG_INVALID_SIZE);
                if (status == DEFRAG_OK) {
                    cr_assert_geq(usable_of(pool, handle), bytes);
                    free_block(pool, handle);
                }
            }
        }
    }
}

Test(faults, the_largest_pool_works_at_its_very_end)
{
    defrag_pool_stats stats = stats_of(new_pool(4096));
    size_t bytes = (size_t)32768 * stats.granule;
    defrag_pool *pool = new_pool(bytes);
    defrag_handle low = alloc_block(pool, bytes / 2, DEFRAG_FAST);
    defrag_handle high = alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    fill_block(pool, high, 0x77);
    free_block(pool, low);
    assert_intact(pool);
    ASSERT_OK(defrag_compact(pool));
    cr_assert(block_is_filled(pool, high, 0x77));
    assert_intact(pool);
}

Test(faults, a_failed_resize_keeps_the_block_its_contents_and_its_alignment)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        defrag_pool *pool = new_pool(4096);
        alloc_block(pool, 100, DEFRAG_FAST);
        defrag_handle handle = alloc_aligned(pool, 200, 256, DEFRAG_FAST);
        alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
        fill_block(pool, handle, 0x42);
        cr_assert_neq(defrag_resize(pool, handle, 3000, fits[fit]), DEFRAG_OK);
        cr_assert_eq(block_of(pool, handle).alignment, 256);
        cr_assert(block_is_filled(pool, handle, 0x42));
        cr_assert_eq((uintptr_t)lock_block(pool, handle) % 256, 0);
    }
}

Test(faults, a_resized_block_that_moves_keeps_its_alignment)
{
    for (size_t fit = 0; fit < LENGTH(fits); fit++) {
        defrag_pool *pool = new_pool(8192);
        defrag_handle handle = alloc_aligned(pool, 50, 128, DEFRAG_FAST);
        alloc_block(pool, 200, DEFRAG_FAST);
        size_t offset = offset_of(pool, handle);
        ASSERT_OK(defrag_resize(pool, handle, 900, fits[fit]));
        cr_assert_neq(offset_of(pool, handle), offset);
        cr_assert_eq((uintptr_t)lock_block(pool, handle) % 128, 0);
    }
}

static void count_moves(void *context, const defrag_pool *pool, const defrag_event *event)
{
    uint8_t *moves = context;
    (void)pool;
    if (event->kind == DEFRAG_EVENT_MOVE) {
        moves[event->handle & 0x3FF]++;
    }
}

Test(faults, no_block_is_moved_twice_by_one_compaction)
{
    static uint8_t moves[1024];
    defrag_pool *pool = new_pool(8192);
    static defrag_handle handles[512];
    size_t count = fill_pool(pool, 2, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i += 3) {
        free_block(pool, handles[i]);
    }
    ASSERT_OK(defrag_observe(pool, count_moves, moves));
    ASSERT_OK(defrag_compact(pool));
    for (size_t i = 0; i < LENGTH(moves); i++) {
        cr_assert_leq(moves[i], 1);
    }
}

Test(faults, a_table_in_which_every_handle_is_free_can_be_walked_cleaned_and_used)
{
    defrag_pool *pool = new_pool(4096);
    static defrag_handle handles[512];
    for (int round = 0; round < 3; round++) {
        size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
        for (size_t i = 0; i < 2 * count; i += 2) {
            free_block(pool, handles[i < count ? i : (i - count) | 1]);
        }
        cr_assert_eq(stats_of(pool).live, 0);
        ASSERT_OK(defrag_compact(pool));
        ASSERT_OK(defrag_step(pool, 100, 100, NULL));
        assert_intact(pool);
        if (round == 1) {
            ASSERT_OK(defrag_clean(pool));
        }
        free_block(pool, alloc_block(pool, 10, DEFRAG_FAST));
        assert_intact(pool);
    }
}

Test(faults, stepping_ends_for_every_budget_whatever_is_locked)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 100; round++) {
        model *m = new_model(2048, NULL, 0);
        run_model(m, &source, 100 + random_below(&source, 200));
        for (uint32_t bytes = 4; bytes <= 4096; bytes *= 4) {
            for (uint32_t blocks = 1; blocks <= 64; blocks *= 4) {
                if (!model_apply(m, (model_op){ MODEL_SETTLE, bytes, blocks, 0 })) {
                    break;
                }
            }
        }
        assert_model(m, seed);
    }
}

Test(faults, an_inner_unlock_does_not_release_an_outer_lock)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle below = alloc_block(pool, 100, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    const unsigned char *address = share_block(pool, handle);
    share_block(pool, handle);
    free_block(pool, below);
    unlock_block(pool, handle);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(address, arena + offset_of(pool, handle));
}
