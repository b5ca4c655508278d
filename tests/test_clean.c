/* SPDX-License-Identifier: MIT
 *
 * Tidying up without moving, and moving everything. */
#include "support.h"

#include <string.h>

enum { POOL_BYTES = 8192, MOST = 1024 };

Test(clean, it_gives_unused_slots_at_the_end_of_the_table_back)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_pool_stats before = stats_of(pool);
    defrag_handle handles[50];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 10, DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(handles); i++) {
        free_block(pool, handles[i]);
    }
    cr_assert_eq(stats_of(pool).handles, LENGTH(handles));
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(stats_of(pool).handles, 0);
    cr_assert_eq(stats_of(pool).free, before.free);
}

Test(clean, it_keeps_the_slots_that_were_set_aside)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 10;
    defrag_pool *pool = new_pool_with(arena, POOL_BYTES, &config);
    defrag_handle handles[50];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 10, DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(handles); i++) {
        free_block(pool, handles[i]);
    }
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(stats_of(pool).handles, 10);
    assert_intact(pool);
}

Test(clean, it_keeps_slots_below_one_in_use)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handles[20];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 10, DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(handles); i++) {
        if (i != 12) {
            free_block(pool, handles[i]);
        }
    }
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(stats_of(pool).handles, 13);
    cr_assert_eq(usable_of(pool, handles[12]), usable_of(pool, handles[12]));
    for (size_t i = 0; i < 12; i++) {
        alloc_block(pool, 10, DEFRAG_FAST);
    }
    cr_assert_eq(stats_of(pool).handles, 13);
    assert_intact(pool);
}

Test(clean, it_moves_nothing)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handles[MOST];
    size_t count = fill_pool(pool, 2, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, handles[i]);
    }
    size_t offset = offset_of(pool, handles[count / 2 | 1]);
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(offset_of(pool, handles[count / 2 | 1]), offset);
    cr_assert_eq(stats_of(pool).moved_blocks, 0);
}

Test(clean, twice_is_as_once)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handles[30];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 10, DEFRAG_FAST);
    }
    for (size_t i = 3; i < LENGTH(handles); i++) {
        free_block(pool, handles[i]);
    }
    ASSERT_OK(defrag_clean(pool));
    memcpy(scratch_arena, arena, POOL_BYTES);
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(memcmp(scratch_arena, arena, POOL_BYTES), 0);
}
