/* SPDX-License-Identifier: MIT
 *
 * Moving everything that may move. */
#include "support.h"

enum { POOL_BYTES = 8192, MOST = 1024 };

/* A pool full of blocks of different sizes, numbered by their contents, a third of them freed again. */
static size_t ragged(defrag_pool *pool, random_source *source, defrag_handle *handles)
{
    size_t count = 0;
    while (count < MOST && defrag_alloc(pool, random_size(source, 1, 200), DEFRAG_BEST, &handles[count]) == DEFRAG_OK) {
        fill_block(pool, handles[count], (unsigned char)count);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (random_below(source, 3) == 0) {
            free_block(pool, handles[i]);
            handles[i] = DEFRAG_NO_HANDLE;
        }
    }
    return count;
}

static void assert_filled(defrag_pool *pool, const defrag_handle *handles, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        if (handles[i] != DEFRAG_NO_HANDLE && block_of(pool, handles[i]).exclusive == 0) {
            cr_assert(block_is_filled(pool, handles[i], (unsigned char)i), "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
    assert_intact(pool);
}

Test(compact, with_nothing_locked_one_hole_is_left_and_each_block_moves_at_most_once)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 100; round++) {
        defrag_handle handles[MOST];
        defrag_pool *pool = new_pool(POOL_BYTES);
        size_t count = ragged(pool, &source, handles);
        ASSERT_OK(defrag_compact(pool));
        defrag_pool_stats stats = stats_of(pool);
        cr_assert_eq(stats.holes, 0, "DEFRAG_SEED=%" PRIu64, seed);
        cr_assert_leq(stats.moved_blocks, stats.live, "DEFRAG_SEED=%" PRIu64, seed);
        assert_filled(pool, handles, count, seed);
    }
}

Test(compact, with_locks_at_most_one_hole_is_left_below_each_locked_block)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 100; round++) {
        defrag_handle handles[MOST];
        defrag_pool *pool = new_pool(POOL_BYTES);
        size_t count = ragged(pool, &source, handles);
        for (size_t i = 0; i < count; i++) {
            if (handles[i] != DEFRAG_NO_HANDLE && random_below(&source, 10) == 0) {
                lock_block(pool, handles[i]);
            }
        }
        ASSERT_OK(defrag_compact(pool));
        defrag_block block = DEFRAG_BLOCK_INIT;
        bool after_hole = false;
        while (defrag_walk(pool, &block)) {
            cr_assert(!after_hole || block.locks != 0, "a hole lies below a block that may move, DEFRAG_SEED=%" PRIu64,
                      seed);
            after_hole = block.handle == DEFRAG_NO_HANDLE;
        }
        assert_filled(pool, handles, count, seed);
    }
}

Test(compact, twice_moves_nothing_more)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    defrag_handle handles[MOST];
    defrag_pool *pool = new_pool(POOL_BYTES);
    ragged(pool, &source, handles);
    ASSERT_OK(defrag_compact(pool));
    uint64_t moved = stats_of(pool).moved_blocks;
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(stats_of(pool).moved_blocks, moved, "DEFRAG_SEED=%" PRIu64, seed);
}

Test(compact, a_hole_below_an_over_aligned_block_is_smaller_than_its_alignment)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 100; round++) {
        defrag_pool *pool = new_pool(32768);
        defrag_handle gaps[20];
        for (size_t i = 0; i < LENGTH(gaps); i++) {
            gaps[i] = alloc_block(pool, random_size(&source, 1, 1000), DEFRAG_BEST);
            alloc_aligned(pool, random_size(&source, 1, 100), 16U << random_below(&source, 6), DEFRAG_BEST);
        }
        for (size_t i = 0; i < LENGTH(gaps); i++) {
            free_block(pool, gaps[i]);
        }
        ASSERT_OK(defrag_compact(pool));
        defrag_block block = DEFRAG_BLOCK_INIT;
        size_t hole = 0;
        while (defrag_walk(pool, &block)) {
            bool is_hole = block.handle == DEFRAG_NO_HANDLE;
            cr_assert(is_hole || hole < block.alignment, "DEFRAG_SEED=%" PRIu64, seed);
            hole = is_hole ? block.bytes + stats_of(pool).block_overhead : 0;
        }
        assert_intact(pool);
    }
}

Test(compact, an_empty_and_a_full_pool_stay_as_they_are)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    ASSERT_OK(defrag_compact(pool));
    defrag_handle handles[MOST];
    fill_pool(pool, 1, handles, LENGTH(handles));
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(stats_of(pool).moved_blocks, 0);
    assert_intact(pool);
}
