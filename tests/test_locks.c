/* SPDX-License-Identifier: MIT
 *
 * Locks: exclusive and shared, counted, and respected by everything that moves. */
#include "support.h"

Test(locks, an_exclusive_lock_excludes_every_other)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    lock_block(pool, handle);
    void *address = arena;
    const void *shared = arena;
    ASSERT_STATUS(defrag_lock(pool, handle, &address), DEFRAG_LOCKED);
    cr_assert_null(address);
    ASSERT_STATUS(defrag_lock_shared(pool, handle, &shared), DEFRAG_LOCKED);
    cr_assert_null(shared);
    unlock_block(pool, handle);
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
    lock_block(pool, handle);
}

Test(locks, a_shared_lock_admits_readers_and_excludes_writers)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    const unsigned char *first = share_block(pool, handle);
    cr_assert_eq(share_block(pool, handle), first);
    void *address = arena;
    ASSERT_STATUS(defrag_lock(pool, handle, &address), DEFRAG_LOCKED);
    cr_assert_null(address);
    unlock_block(pool, handle);
    unlock_block(pool, handle);
    cr_assert_eq(lock_block(pool, handle), first);
}

Test(locks, each_shared_lock_needs_its_own_unlock)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle below = alloc_block(pool, 100, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    free_block(pool, below);
    for (uint32_t locks = 1; locks <= DEFRAG_MAX_SHARED_LOCKS; locks++) {
        share_block(pool, handle);
        cr_assert_eq(block_of(pool, handle).locks, locks);
        cr_assert_eq(block_of(pool, handle).exclusive, 0);
    }
    size_t offset = offset_of(pool, handle);
    for (uint32_t locks = DEFRAG_MAX_SHARED_LOCKS; locks > 0; locks--) {
        ASSERT_OK(defrag_compact(pool));
        cr_assert_eq(offset_of(pool, handle), offset, "an inner unlock has released the outer lock");
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_LOCKED);
        unlock_block(pool, handle);
    }
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
    ASSERT_OK(defrag_compact(pool));
    cr_assert_lt(offset_of(pool, handle), offset);
}

Test(locks, the_shared_lock_beyond_the_last_is_refused_and_spoils_none)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    for (int i = 0; i < DEFRAG_MAX_SHARED_LOCKS; i++) {
        share_block(pool, handle);
    }
    for (int i = 0; i < 10; i++) {
        const void *address = arena;
        ASSERT_STATUS(defrag_lock_shared(pool, handle, &address), DEFRAG_TOO_MANY_LOCKS);
        cr_assert_null(address);
    }
    assert_intact(pool);
    for (int i = 0; i < DEFRAG_MAX_SHARED_LOCKS; i++) {
        unlock_block(pool, handle);
    }
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
}

Test(locks, an_unlock_of_an_unlocked_block_is_refused_and_changes_nothing)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    for (int i = 0; i < 20; i++) {
        ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
    }
    lock_block(pool, handle);
    cr_assert_eq(stats_of(pool).locked, 1);
}

Test(locks, a_locked_block_can_be_neither_freed_nor_resized)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    for (int shared = 0; shared < 2; shared++) {
        const unsigned char *address = shared ? share_block(pool, handle) : lock_block(pool, handle);
        ASSERT_STATUS(defrag_free(pool, handle), DEFRAG_LOCKED);
        for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
            ASSERT_STATUS(defrag_resize(pool, handle, 10, fit), DEFRAG_LOCKED);
            ASSERT_STATUS(defrag_resize(pool, handle, 100, fit), DEFRAG_LOCKED);
            ASSERT_STATUS(defrag_resize(pool, handle, 1000, fit), DEFRAG_LOCKED);
        }
        cr_assert_eq(address, arena + offset_of(pool, handle));
        unlock_block(pool, handle);
    }
}

Test(locks, a_lock_without_a_place_for_the_address_is_refused_and_not_held)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_STATUS(defrag_lock(pool, handle, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_lock_shared(pool, handle, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
}

Test(locks, whatever_moves_leaves_locked_blocks_alone)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (uint32_t percent = 5; percent <= 80; percent += 15) {
        model *m = new_model(8192, NULL, 4);
        for (uint32_t i = 0; i < 4000; i++) {
            uint32_t which = (uint32_t)random_64(&source);
            uint32_t kind = m->locked * 100 < m->live * percent ? MODEL_LOCK : MODEL_UNLOCK;
            uint32_t mover = random_below(&source, 3);
            model_op movers[] = { { MODEL_COMPACT, 0, 0, 0 },
                                  { MODEL_STEP, 200, 20, 0 },
                                  { MODEL_ALLOC, random_size(&source, 1, 1024), 0, DEFRAG_MAKE_ROOM } };
            if (!model_apply(m, (model_op){ kind, which, 0, 0 }) || !model_apply(m, movers[mover])) {
                break;
            }
            run_model(m, &source, 3);
        }
        assert_model(m, seed);
    }
}

Test(locks, many_locks_at_once_are_counted)
{
    defrag_pool *pool = new_pool(16384);
    defrag_handle handles[200];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 8, DEFRAG_FAST);
        lock_block(pool, handles[i]);
        cr_assert_eq(stats_of(pool).locked, i + 1);
    }
    for (size_t i = LENGTH(handles); i-- > 0;) {
        unlock_block(pool, handles[i]);
        cr_assert_eq(stats_of(pool).locked, i);
    }
}

Test(locks, without_a_place_for_the_address_nothing_is_locked)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    ASSERT_STATUS(defrag_lock(pool, handle, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_lock_shared(pool, handle, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_lock(pool, DEFRAG_NO_HANDLE, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_lock(NULL, handle, NULL), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
}

/* Between locked blocks lie a block too large for any hole elsewhere and a hole, each time a larger one. */
Test(locks, where_no_stretch_between_them_can_be_emptied_a_request_is_refused)
{
    defrag_pool *pool = new_pool(16384);
    defrag_handle holes[9];
    for (size_t i = 0; i < LENGTH(holes); i++) {
        lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
        alloc_block(pool, bytes_of_granules(pool, 38), DEFRAG_FAST);
        holes[i] = alloc_block(pool, bytes_of_granules(pool, i + 2), DEFRAG_FAST);
    }
    lock_block(pool, alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST));
    for (size_t i = 0; i < LENGTH(holes); i++) {
        free_block(pool, holes[i]);
    }
    defrag_handle handle;
    ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 40), DEFRAG_MAKE_ROOM, &handle), DEFRAG_FRAGMENTED);
    assert_intact(pool);
}

Test(locks, a_block_between_them_makes_room_by_moving_across_one)
{
    /* Only that of 4 granules can make 8 free: the other stretch is too narrow. The block of 1 behind it slides then. */
    static const int layouts[][8] = { { 0, 4, 1, -4, 0, 1, -5, 0 }, { 0, 4, 1, -5, 0, 1, -5, 0 } };
    for (size_t i = 0; i < LENGTH(layouts); i++) {
        defrag_handle handles[8];
        defrag_pool *pool = laid_out(layouts[i], 8, handles);
        fill_block(pool, handles[1], 0x42);
        size_t offset = offset_of(pool, handles[1]);
        size_t elsewhere = offset_of(pool, handles[5]) + stats_of(pool).granule;
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM);
        cr_assert_eq(offset_of(pool, handles[2]), offset);
        cr_assert_eq(offset_of(pool, handle), offset + stats_of(pool).granule);
        cr_assert_eq(offset_of(pool, handles[1]), elsewhere);
        cr_assert(block_is_filled(pool, handles[1], 0x42));
        cr_assert_eq(stats_of(pool).moved_blocks, 2);
        assert_intact(pool);
    }
}

Test(locks, a_block_between_them_makes_room_by_moving_above_all)
{
    /* | ... | locked | block of 4 | hole of 4 | locked | space of 4 to 6 | */
    for (size_t space = 4; space < 7; space++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = 8;
        defrag_pool *pool = new_pool_with(arena, 4096, &config);
        defrag_pool_stats stats = stats_of(pool);
        size_t left = (stats.largest_now + stats.block_overhead) / stats.granule;
        lock_block(pool, alloc_block(pool, bytes_of_granules(pool, left - space - 9), DEFRAG_FAST));
        defrag_handle block = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
        defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
        defrag_handle above = alloc_block(pool, 1, DEFRAG_FAST);
        lock_block(pool, above);
        free_block(pool, hole);
        size_t offset = offset_of(pool, block);
        defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM);
        cr_assert_eq(offset_of(pool, handle), offset);
        cr_assert_eq(offset_of(pool, block), offset_of(pool, above) + stats.granule);
        assert_intact(pool);
    }
}

Test(locks, the_last_block_makes_room_by_moving_below_one)
{
    /* | hole of 5 | locked | block of 4 | 2 granules of space | */
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 4;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
    defrag_pool_stats stats = stats_of(pool);
    size_t left = (stats.largest_now + stats.block_overhead) / stats.granule;
    lock_block(pool, alloc_block(pool, bytes_of_granules(pool, left - 6), DEFRAG_FAST));
    defrag_handle block = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
    size_t offset = offset_of(pool, block);
    size_t elsewhere = offset_of(pool, hole);
    free_block(pool, hole);
    defrag_handle handle = alloc_block(pool, bytes_of_granules(pool, 6), DEFRAG_MAKE_ROOM);
    cr_assert_eq(offset_of(pool, handle), offset);
    cr_assert_eq(offset_of(pool, block), elsewhere);
    assert_intact(pool);
}

Test(locks, where_the_last_stretch_cannot_be_emptied_a_request_is_refused)
{
    /* | hole of 3 | locked | hole of 3 | locked | hole of 3 | locked | ... | block of 9 | block of 3 | space of 2 | */
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 16;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    defrag_handle holes[3];
    for (size_t i = 0; i < LENGTH(holes); i++) {
        holes[i] = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST);
        lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
    }
    defrag_pool_stats stats = stats_of(pool);
    size_t left = (stats.largest_now + stats.block_overhead) / stats.granule;
    lock_block(pool, alloc_block(pool, bytes_of_granules(pool, left - 14), DEFRAG_FAST));
    fill_block(pool, alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST), 0);
    fill_block(pool, alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST), 0);
    for (size_t i = 0; i < LENGTH(holes); i++) {
        free_block(pool, holes[i]);
    }
    defrag_handle handle;
    ASSERT_STATUS(defrag_alloc(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM, &handle), DEFRAG_FRAGMENTED);
    assert_intact(pool);
}

Test(locks, each_stretch_that_could_be_emptied_is_tried)
{
    /* Two have more free space than the third, but blocks that fit nowhere; one has hardly any. */
    static const int layouts[][10] = { { 0, 9, -6, 0, 9, -5, 0, 4, -4, 0 }, { 0, 7, -1, 0, -7, 0, 1, 1, 1, 1 } };
    for (size_t i = 0; i < LENGTH(layouts); i++) {
        defrag_handle handles[10];
        defrag_pool *pool = laid_out(layouts[i], 10, handles);
        alloc_block(pool, bytes_of_granules(pool, 8), DEFRAG_MAKE_ROOM);
        cr_assert_eq(stats_of(pool).moved_blocks, 1);
        assert_intact(pool);
    }
}

Test(locks, compact_fills_the_hole_below_one_with_a_block_from_above_it)
{
    static const int layout[] = { -3, 0, -1, 4, 3, 0 };
    defrag_handle handles[LENGTH(layout)];
    defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
    size_t granule = stats_of(pool).granule;
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(offset_of(pool, handles[4]), offset_of(pool, handles[1]) - 3 * granule);
    cr_assert_eq(offset_of(pool, handles[3]), offset_of(pool, handles[1]) + granule);
}

Test(locks, compact_moves_no_block_up_across_one)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 100; round++) {
        int layout[64];
        for (size_t i = 0; i < LENGTH(layout); i++) {
            int size = 1 + (int)random_below(&source, 12);
            layout[i] = random_below(&source, 3) == 0 ? -size : random_below(&source, 8) == 0 ? 0 : size;
        }
        defrag_handle handles[LENGTH(layout)];
        size_t offsets[LENGTH(layout)];
        defrag_pool *pool = laid_out(layout, LENGTH(layout), handles);
        for (size_t i = 0; i < LENGTH(layout); i++) {
            offsets[i] = layout[i] < 0 ? 0 : offset_of(pool, handles[i]);
        }
        ASSERT_OK(defrag_compact(pool));
        for (size_t i = 0; i < LENGTH(layout); i++) {
            cr_assert(layout[i] < 0 || offset_of(pool, handles[i]) <= offsets[i], "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
}
