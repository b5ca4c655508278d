/* SPDX-License-Identifier: MIT
 *
 * How pools begin and end. */
#include "support.h"

#include <string.h>

Test(lifecycle, init_without_memory_or_pool_is_an_invalid_argument)
{
    defrag_pool *pool = (void *)arena;
    ASSERT_STATUS(defrag_init(NULL, 4096, NULL, &pool), DEFRAG_INVALID_ARGUMENT);
    cr_assert_null(pool);
    ASSERT_STATUS(defrag_init(arena, 4096, NULL, NULL), DEFRAG_INVALID_ARGUMENT);
}

Test(lifecycle, a_config_that_is_not_understood_is_an_invalid_argument)
{
    defrag_config broken[] = { DEFRAG_CONFIG_INIT, DEFRAG_CONFIG_INIT, DEFRAG_CONFIG_INIT };
    broken[0].size = 0;
    broken[1].tag = 32;
    broken[2].reserved = 1;
    for (size_t i = 0; i < LENGTH(broken); i++) {
        defrag_pool *pool = (void *)arena;
        ASSERT_STATUS(defrag_init(arena, 4096, &broken[i], &pool), DEFRAG_INVALID_ARGUMENT);
        cr_assert_null(pool);
    }
}

Test(lifecycle, a_pool_too_small_is_refused)
{
    for (size_t bytes = 0; bytes < DEFRAG_MIN_POOL_BYTES; bytes++) {
        defrag_pool *pool = (void *)arena;
        ASSERT_STATUS(defrag_init(arena, bytes, NULL, &pool), DEFRAG_INVALID_SIZE);
        cr_assert_null(pool);
    }
}

Test(lifecycle, memory_is_taken_at_any_multiple_of_the_granule_and_refused_elsewhere)
{
    uint32_t granule = stats_of(new_pool(4096)).granule;
    for (size_t offset = 0; offset < 128; offset++) {
        defrag_pool *pool = NULL;
        defrag_status expected = offset % granule == 0 ? DEFRAG_OK : DEFRAG_INVALID_ALIGNMENT;
        ASSERT_STATUS(defrag_init(arena + offset, 4096, NULL, &pool), expected);
        cr_assert_eq(pool != NULL, offset % granule == 0);
    }
}

Test(lifecycle, nothing_outside_the_given_memory_is_written)
{
    for (size_t bytes = DEFRAG_MIN_POOL_BYTES; bytes < 700; bytes++) {
        memset(arena, 0x5A, 4096);
        defrag_pool *pool = new_pool_with(arena + 1024, bytes, NULL);
        defrag_handle handles[64];
        size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
        for (size_t i = 0; i < count; i++) {
            fill_block(pool, handles[i], 0xFF);
        }
        for (size_t i = 0; i < 1024; i++) {
            cr_assert_eq(arena[i], 0x5A);
            cr_assert_eq(arena[1024 + bytes + i], 0x5A);
        }
    }
}

Test(lifecycle, handles_can_be_set_aside)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 20;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    cr_assert_eq(stats_of(pool).handles, 20);
    size_t before = stats_of(pool).free;
    for (int i = 0; i < 20; i++) {
        alloc_block(pool, 1, DEFRAG_FAST);
    }
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.handles, 20);
    cr_assert_eq(before - stats.free, 20 * stats.granule, "slots set aside cost nothing more");
    alloc_block(pool, 1, DEFRAG_FAST);
    cr_assert_eq(stats_of(pool).handles, 21);
}

Test(lifecycle, more_handles_than_the_pool_can_hold_are_refused)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    defrag_pool *pool = NULL;
    defrag_pool_stats stats = stats_of(new_pool(4096));
    size_t most = (4096 - stats.control_bytes - stats.granule) / stats.handle_overhead;
    config.handles = (uint32_t)most;
    ASSERT_OK(defrag_init(arena, 4096, &config, &pool));
    assert_intact(pool);
    alloc_block(pool, stats_of(pool).capacity, DEFRAG_FAST);
    const uint32_t too_many[] = { (uint32_t)most + 1, 4096, 32768, 65535, 65536, 1U << 20, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(too_many); i++) {
        config.handles = too_many[i];
        ASSERT_STATUS(defrag_init(arena, 4096, &config, &pool), DEFRAG_INVALID_SIZE);
        cr_assert_null(pool);
    }
}

Test(lifecycle, a_pool_with_a_locked_block_is_not_ended)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle exclusive = alloc_block(pool, 10, DEFRAG_FAST);
    defrag_handle shared = alloc_block(pool, 10, DEFRAG_FAST);
    lock_block(pool, exclusive);
    ASSERT_STATUS(defrag_deinit(pool), DEFRAG_LOCKED);
    unlock_block(pool, exclusive);
    share_block(pool, shared);
    ASSERT_STATUS(defrag_deinit(pool), DEFRAG_LOCKED);
    unlock_block(pool, shared);
    ASSERT_OK(defrag_deinit(pool));
}

Test(lifecycle, an_ended_pool_is_invalid_to_every_call)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    ASSERT_OK(defrag_deinit(pool));
    void *address = NULL;
    ASSERT_STATUS(defrag_lock(pool, handle, &address), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_deinit(pool), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_check(pool, NULL), DEFRAG_INVALID_POOL);
}

Test(lifecycle, memory_of_an_ended_pool_serves_a_new_one)
{
    defrag_pool *pool = new_pool(4096);
    alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_OK(defrag_deinit(pool));
    pool = new_pool(4096);
    cr_assert_eq(stats_of(pool).live, 0);
    assert_intact(pool);
}

Test(lifecycle, pools_know_nothing_of_each_other)
{
    defrag_pool *one = new_pool_with(arena, 4096, NULL);
    defrag_pool *other = new_pool_with(other_arena, 4096, NULL);
    defrag_handle handle = alloc_block(one, 100, DEFRAG_FAST);
    fill_block(one, handle, 0x11);
    fill_block(other, alloc_block(other, 100, DEFRAG_FAST), 0x22);
    cr_assert(block_is_filled(one, handle, 0x11));
    ASSERT_OK(defrag_deinit(other));
    cr_assert(block_is_filled(one, handle, 0x11));
    assert_intact(one);
}

Test(lifecycle, each_tag_up_to_31_marks_handles_that_no_pool_of_another_takes)
{
    bool narrow = stats_of(new_pool(4096)).block_overhead == 4;
    uint32_t kept = narrow ? 31 : 3;
    defrag_config config = DEFRAG_CONFIG_INIT;
    for (uint32_t tag = 1; tag <= 31; tag++) {
        config.tag = tag;
        defrag_pool *pool = new_pool_with(arena, 4096, &config);
        free_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
        defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
        for (uint32_t other = 1; other <= 31; other++) {
            size_t bytes;
            config.tag = other;
            pool = new_pool_with(other_arena, 4096, &config);
            free_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
            alloc_block(pool, 1, DEFRAG_FAST);
            ASSERT_STATUS(defrag_usable_size(pool, handle, &bytes),
                          (tag & kept) == (other & kept) ? DEFRAG_OK : DEFRAG_INVALID_HANDLE);
        }
    }
}

Test(lifecycle, tags_drawn_from_addresses_are_spread_over_all)
{
    static defrag_handle handles[ARENA_BYTES / DEFRAG_MIN_POOL_BYTES];
    bool narrow = stats_of(new_pool(4096)).block_overhead == 4;
    for (size_t i = 0; i < LENGTH(handles); i++) {
        defrag_pool *pool = new_pool_with(arena + i * DEFRAG_MIN_POOL_BYTES, DEFRAG_MIN_POOL_BYTES, NULL);
        handles[i] = alloc_block(pool, 1, DEFRAG_FAST);
    }
    for (size_t i = 0; i < 64; i++) {
        size_t same = 0;
        for (size_t k = 0; k < LENGTH(handles); k++) {
            same += handles[k] == handles[i];
        }
        cr_assert_lt(same, LENGTH(handles) / (narrow ? 24 : 3), "%zu pools have the same tag", same);
    }
}

/* | hole of 3 | 2 | hole of 1 | all the rest |. Whether a step moves anything. */
static bool step_moves(size_t watermark)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.watermark = watermark;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    defrag_handle low = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    defrag_handle high = alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    free_block(pool, low);
    free_block(pool, high);
    ASSERT_OK(defrag_step(pool, SIZE_MAX, SIZE_MAX, NULL));
    return stats_of(pool).moved_blocks != 0;
}

Test(lifecycle, a_watermark_is_met_by_a_hole_for_so_many_bytes_and_no_smaller_one)
{
    size_t bytes = bytes_of_granules(new_pool(4096), 3);
    size_t capacity = stats_of(new_pool(4096)).capacity;
    cr_assert(step_moves(0), "without a watermark it never rests");
    cr_assert_not(step_moves(1));
    cr_assert_not(step_moves(bytes));
    cr_assert(step_moves(bytes + 1));
    cr_assert(step_moves(capacity));
    cr_assert(step_moves(capacity + 1));
    cr_assert(step_moves(SIZE_MAX));
}

Test(lifecycle, an_image_of_the_smallest_pool_is_adopted)
{
    defrag_pool *pool = new_pool(DEFRAG_MIN_POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
    fill_block(pool, handle, 0x11);
    memcpy(other_arena, pool, DEFRAG_MIN_POOL_BYTES);
    ASSERT_OK(defrag_attach(other_arena, DEFRAG_MIN_POOL_BYTES, &pool));
    cr_assert(block_is_filled(pool, handle, 0x11));
}

Test(lifecycle, nothing_below_256_bytes_is_taken_for_an_image)
{
    for (size_t bytes = 0; bytes < DEFRAG_MIN_POOL_BYTES; bytes++) {
        defrag_pool *pool = new_pool(DEFRAG_MIN_POOL_BYTES);
        ASSERT_STATUS(defrag_attach(arena, bytes, &pool), DEFRAG_INVALID_POOL);
        cr_assert_null(pool);
    }
}
