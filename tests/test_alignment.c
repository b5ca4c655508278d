/* SPDX-License-Identifier: MIT
 *
 * Alignments above the granule: kept wherever the block moves. */
#include "support.h"

static bool is_aligned(defrag_pool *pool, defrag_handle handle, size_t alignment)
{
    bool aligned = (uintptr_t)lock_block(pool, handle) % alignment == 0;
    unlock_block(pool, handle);
    return aligned;
}

Test(alignment, a_block_has_the_alignment_that_it_asked_for_with_every_fit)
{
    for (defrag_fit fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
        defrag_pool *pool = new_pool(32768);
        for (size_t alignment = 1; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
            for (size_t bytes = 1; bytes < 400; bytes += 57) {
                defrag_handle handle = alloc_aligned(pool, bytes, alignment, fit);
                cr_assert(is_aligned(pool, handle, alignment));
                cr_assert_geq(usable_of(pool, handle), bytes);
                cr_assert_geq(block_of(pool, handle).alignment, alignment);
            }
        }
        assert_intact(pool);
    }
}

Test(alignment, an_alignment_up_to_the_granule_costs_nothing)
{
    defrag_pool *pool = new_pool(8192);
    uint32_t granule = stats_of(pool).granule;
    size_t bytes = bytes_of_granules(pool, 3);
    for (size_t alignment = 1; alignment <= granule; alignment *= 2) {
        cr_assert_eq(usable_of(pool, alloc_aligned(pool, bytes, alignment, DEFRAG_BEST)), bytes);
    }
}

Test(alignment, an_alignment_above_the_granule_costs_half_a_header)
{
    defrag_pool *pool = new_pool(32768);
    defrag_pool_stats stats = stats_of(pool);
    size_t tail = stats.block_overhead / 2;
    for (size_t alignment = 2 * (size_t)stats.granule; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        size_t most = bytes_of_granules(pool, 3) - tail;
        cr_assert_eq(usable_of(pool, alloc_aligned(pool, most, alignment, DEFRAG_BEST)), most);
        cr_assert_eq(usable_of(pool, alloc_aligned(pool, most + 1, alignment, DEFRAG_BEST)), most + stats.granule);
    }
}

/* A pool of aligned blocks with holes between them. */
static size_t aligned_blocks(defrag_pool *pool, size_t alignment, defrag_handle *handles, size_t count)
{
    defrag_handle gaps[64];
    size_t made = 0;
    for (; made < count; made++) {
        gaps[made] = alloc_block(pool, 1 + made * 13 % 90, DEFRAG_BEST);
        handles[made] = alloc_aligned(pool, 1 + made * 7 % 60, alignment, DEFRAG_BEST);
        fill_block(pool, handles[made], (unsigned char)(made + 1));
    }
    for (size_t i = 0; i < made; i++) {
        free_block(pool, gaps[i]);
    }
    return made;
}

static void assert_aligned_and_filled(defrag_pool *pool, const defrag_handle *handles, size_t count, size_t alignment)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert(is_aligned(pool, handles[i], alignment));
        cr_assert(block_is_filled(pool, handles[i], (unsigned char)(i + 1)));
    }
    assert_intact(pool);
}

Test(alignment, it_survives_compact)
{
    for (size_t alignment = 16; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        defrag_handle handles[12];
        defrag_pool *pool = new_pool(65536);
        size_t count = aligned_blocks(pool, alignment, handles, LENGTH(handles));
        ASSERT_OK(defrag_compact(pool));
        assert_aligned_and_filled(pool, handles, count, alignment);
    }
}

Test(alignment, it_survives_steps)
{
    for (size_t alignment = 16; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        defrag_handle handles[12];
        defrag_pool *pool = new_pool(65536);
        size_t count = aligned_blocks(pool, alignment, handles, LENGTH(handles));
        defrag_progress progress = DEFRAG_PROGRESS_INIT;
        for (int steps = 0; steps < 10000 && !progress.done; steps++) {
            ASSERT_OK(defrag_step(pool, 64, 4, &progress));
            cr_assert(is_aligned(pool, handles[(size_t)steps % count], alignment));
        }
        cr_assert(progress.done);
        assert_aligned_and_filled(pool, handles, count, alignment);
    }
}

Test(alignment, it_survives_resizing)
{
    for (size_t alignment = 16; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        defrag_handle handles[12];
        defrag_pool *pool = new_pool(65536);
        size_t count = aligned_blocks(pool, alignment, handles, LENGTH(handles));
        for (size_t i = 0; i < count; i++) {
            ASSERT_OK(defrag_resize(pool, handles[i], 200 + 50 * i, DEFRAG_MAKE_ROOM));
            cr_assert(is_aligned(pool, handles[i], alignment));
            cr_assert_geq(usable_of(pool, handles[i]), 200 + 50 * i);
            ASSERT_OK(defrag_resize(pool, handles[i], 5, DEFRAG_FAST));
            cr_assert(is_aligned(pool, handles[i], alignment));
            cr_assert_geq(block_of(pool, handles[i]).alignment, alignment);
            fill_block(pool, handles[i], (unsigned char)(i + 1));
        }
        assert_aligned_and_filled(pool, handles, count, alignment);
    }
}

Test(alignment, it_survives_making_room)
{
    for (size_t alignment = 16; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        defrag_handle handles[12];
        defrag_pool *pool = new_pool(32768);
        size_t count = aligned_blocks(pool, alignment, handles, LENGTH(handles));
        alloc_block(pool, stats_of(pool).largest_after_moving, DEFRAG_MAKE_ROOM);
        assert_aligned_and_filled(pool, handles, count, alignment);
    }
}

Test(alignment, unused_handle_slots_make_up_for_the_gaps_it_leaves)
{
    for (size_t first = 1; first < 500; first++) {
        defrag_pool *pool = new_pool(1024);
        defrag_handle handles[12];
        for (size_t i = 0; i < LENGTH(handles); i++) {
            handles[i] = alloc_block(pool, 1, DEFRAG_FAST);
        }
        for (size_t i = 0; i < LENGTH(handles); i++) {
            free_block(pool, handles[i]);
        }
        defrag_handle below = alloc_block(pool, first, DEFRAG_FAST);
        alloc_aligned(pool, 20, 2 * (size_t)stats_of(pool).granule, DEFRAG_FAST);
        alloc_block(pool, 100, DEFRAG_FAST);
        free_block(pool, below);
        alloc_block(pool, stats_of(pool).largest_after_moving, DEFRAG_MAKE_ROOM);
    }
}

Test(alignment, best_finds_the_only_place_that_suits)
{
    defrag_pool *pool = new_pool(16384);
    uint32_t granule = stats_of(pool).granule;
    defrag_handle handles[1024];
    size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
    for (size_t i = 0; i + 2 < count; i++) {
        if (((uintptr_t)arena + offset_of(pool, handles[i])) % 512 == 0) {
            free_block(pool, handles[i]);
            free_block(pool, handles[i + 2]);
            i += 2;
        }
    }
    size_t fitting = granule - stats_of(pool).block_overhead / 2 * 3;
    for (int i = 0; i < 3; i++) {
        cr_assert(is_aligned(pool, alloc_aligned(pool, fitting, 512, DEFRAG_BEST), 512));
    }
}

Test(alignment, a_pool_that_is_congruent_to_nothing_still_aligns)
{
    uint32_t granule = stats_of(new_pool(4096)).granule;
    for (size_t offset = 0; offset < 1024; offset += granule) {
        defrag_pool *pool = new_pool_with(arena + offset, 8192, NULL);
        for (size_t alignment = 16; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
            cr_assert(is_aligned(pool, alloc_aligned(pool, 20, alignment, DEFRAG_BEST), alignment));
        }
        assert_intact(pool);
    }
}

Test(alignment, steps_move_an_over_aligned_block_only_down)
{
    /* | perhaps a block | hole | over-aligned block | locked | hole of its size or one more | locked | */
    for (size_t others = 0; others < 2; others++) {
        for (size_t size = 4; size < 6; size++) {
            defrag_pool *pool = new_pool(4096);
            size_t granule = stats_of(pool).granule;
            for (size_t i = 0; i < others; i++) {
                alloc_block(pool, 1, DEFRAG_FAST);
            }
            defrag_handle below = alloc_block(pool, 1, DEFRAG_FAST);
            defrag_handle block = alloc_aligned(pool, 3 * granule, 2 * granule, DEFRAG_FAST);
            lock_block(pool, alloc_aligned(pool, 3 * granule, 2 * granule, DEFRAG_FAST));
            defrag_handle above = alloc_block(pool, bytes_of_granules(pool, size), DEFRAG_FAST);
            lock_block(pool, alloc_block(pool, 1, DEFRAG_FAST));
            free_block(pool, below);
            free_block(pool, above);
            size_t offset = offset_of(pool, block);
            ASSERT_OK(defrag_step(pool, SIZE_MAX, SIZE_MAX, NULL));
            cr_assert_leq(offset_of(pool, block), offset);
        }
    }
}
