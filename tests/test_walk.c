/* SPDX-License-Identifier: MIT
 *
 * The walk over blocks and holes. */
#include "support.h"

#include <stddef.h>
#include <string.h>

Test(walk, an_empty_pool_is_one_hole)
{
    defrag_pool *pool = new_pool(4096);
    defrag_block block = DEFRAG_BLOCK_INIT;
    cr_assert(defrag_walk(pool, &block));
    cr_assert_eq(block.handle, DEFRAG_NO_HANDLE);
    cr_assert_eq(block.locks, 0);
    cr_assert_not(defrag_walk(pool, &block));
}

Test(walk, it_shows_blocks_and_holes_lowest_first)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[5];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 10 + 20 * i, DEFRAG_FAST);
    }
    lock_block(pool, handles[2]);
    share_block(pool, handles[4]);
    share_block(pool, handles[4]);
    free_block(pool, handles[1]);
    free_block(pool, handles[3]);
    const defrag_handle expected[] = { handles[0], 0, handles[2], 0, handles[4], 0 };
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t end = stats_of(pool).control_bytes;
    for (size_t i = 0; i < LENGTH(expected); i++) {
        cr_assert(defrag_walk(pool, &block));
        cr_assert_eq(block.handle, expected[i]);
        cr_assert_eq(block.exclusive, i == 2);
        cr_assert_eq(block.locks, i == 2 ? 1 : i == 4 ? 2 : 0);
        cr_assert_eq(block.alignment, stats_of(pool).granule);
        cr_assert_eq(block.reserved, 0);
        cr_assert_geq(block.offset, end + stats_of(pool).block_overhead);
        cr_assert_lt(block.offset, end + stats_of(pool).block_overhead + stats_of(pool).granule);
        end = block.offset + block.bytes;
    }
    cr_assert_not(defrag_walk(pool, &block));
}

Test(walk, it_shows_where_the_lock_would_be_and_what_is_usable)
{
    defrag_pool *pool = new_pool(8192);
    for (size_t i = 0; i < 20; i++) {
        defrag_handle handle = alloc_aligned(pool, 1 + i * 11, i % 3 == 0 ? 128 : 0, DEFRAG_BEST);
        defrag_block block = block_of(pool, handle);
        cr_assert_eq(lock_block(pool, handle), arena + block.offset);
        cr_assert_eq(block.bytes, usable_of(pool, handle));
    }
}

Test(walk, a_hole_serves_what_the_walk_says_and_no_more)
{
    defrag_pool *pool = new_pool(16384);
    for (size_t granules = 1; granules < 30; granules += 3) {
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, granules), DEFRAG_BEST);
        defrag_handle above = alloc_block(pool, 1, DEFRAG_BEST);
        free_block(pool, hole);
        defrag_block block = DEFRAG_BLOCK_INIT;
        while (defrag_walk(pool, &block) && block.handle != DEFRAG_NO_HANDLE) {
        }
        cr_assert_eq(block.bytes, bytes_of_granules(pool, granules));
        cr_assert_eq(offset_of(pool, alloc_block(pool, block.bytes, DEFRAG_BEST)), block.offset);
        cr_assert_eq(stats_of(pool).holes, 0);
        cr_assert_neq(above, DEFRAG_NO_HANDLE);
    }
}

Test(walk, it_ends_where_no_block_or_hole_can_begin)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle first = alloc_block(pool, 1, DEFRAG_FAST);
    size_t least = offset_of(pool, first);
    size_t most = offset_of(pool, alloc_block(pool, 1, DEFRAG_FAST));
    size_t granule = stats_of(pool).granule;
    for (size_t offset = 1; offset < 5000; offset++) {
        if (offset % granule != 0 || offset < least || offset > most) {
            defrag_block block = DEFRAG_BLOCK_INIT;
            block.offset = offset;
            cr_assert_not(defrag_walk(pool, &block));
        }
    }
}

Test(walk, any_block_given_to_it_ends_the_walk_or_shows_something_in_the_pool)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(2048, NULL, 0);
    for (int round = 0; round < 50; round++) {
        run_model(m, &source, 20);
        for (int i = 0; i < 2000; i++) {
            defrag_block block = DEFRAG_BLOCK_INIT;
            block.offset = i < 1000 ? (size_t)i * 3 : (size_t)random_64(&source);
            block.bytes = (size_t)random_64(&source);
            block.handle = (defrag_handle)random_64(&source);
            for (int shown = 0; defrag_walk(m->pool, &block); shown++) {
                cr_assert_leq(block.offset, 2048);
                cr_assert_leq(block.bytes, 2048);
                cr_assert_lt(shown, 300, "the walk does not end, DEFRAG_SEED=%" PRIu64, seed);
            }
        }
    }
    assert_model(m, seed);
}

Test(walk, it_changes_nothing)
{
    defrag_pool *pool = new_pool(2048);
    defrag_handle handles[64];
    size_t count = fill_pool(pool, 2, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, handles[i]);
    }
    memcpy(scratch_arena, arena, 2048);
    defrag_block block = DEFRAG_BLOCK_INIT;
    while (defrag_walk(pool, &block)) {
    }
    cr_assert_eq(memcmp(scratch_arena, arena, 2048), 0);
}
