/* SPDX-License-Identifier: MIT
 *
 * A pool is its bytes: copied elsewhere it goes on, handles, locks and contents included. */
#include "support.h"

#include <string.h>

static defrag_pool *move_to(void *target, defrag_pool *pool, size_t bytes)
{
    memmove(target, pool, bytes);
    defrag_pool *moved = NULL;
    ASSERT_OK(defrag_attach(target, bytes, &moved));
    cr_assert_eq(moved, target);
    return moved;
}

Test(image, a_copied_pool_goes_on_elsewhere)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    defrag_handle locked = alloc_block(pool, 50, DEFRAG_FAST);
    fill_block(pool, handle, 0x11);
    fill_block(pool, locked, 0x22);
    size_t offset = (size_t)(lock_block(pool, locked) - arena);
    pool = move_to(other_arena, pool, 4096);
    memset(arena, 0, 4096);
    cr_assert(block_is_filled(pool, handle, 0x11));
    cr_assert_eq(block_of(pool, locked).exclusive, 1);
    cr_assert_eq(offset_of(pool, locked), offset);
    unlock_block(pool, locked);
    cr_assert(block_is_filled(pool, locked, 0x22));
    free_block(pool, handle);
    ASSERT_OK(defrag_compact(pool));
    cr_assert(block_is_filled(pool, locked, 0x22));
    assert_intact(pool);
}

Test(image, it_holds_no_address_of_its_own)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(4096, NULL, 0);
    run_model(m, &source, 3000);
    assert_model(m, seed);
    uint64_t low = (uintptr_t)arena;
    uint64_t spare = (uintptr_t)other_arena;
    size_t control = stats_of(m->pool).control_bytes;
    for (size_t i = 0; i + 8 <= control; i += 4) {
        uint64_t word;
        memcpy(&word, m->memory + i, sizeof word);
        cr_assert_not(word >= low && word < low + ARENA_BYTES);
        cr_assert_not(word >= spare && word < spare + ARENA_BYTES);
    }
}

Test(image, it_goes_on_at_every_multiple_of_the_granule)
{
    size_t granule = stats_of(new_pool(4096)).granule;
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    fill_block(pool, handle, 0x11);
    for (size_t offset = 0; offset < 1024; offset += granule) {
        pool = move_to(other_arena + offset, pool, 4096);
        free_block(pool, alloc_block(pool, 60, DEFRAG_BEST));
        cr_assert(block_is_filled(pool, handle, 0x11));
        assert_intact(pool);
    }
}

Test(image, a_copy_that_steps_have_under_way_goes_on_elsewhere)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle hole = alloc_block(pool, 900, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, 700, DEFRAG_FAST);
    fill_block(pool, handle, 0x11);
    free_block(pool, hole);
    size_t offset = offset_of(pool, handle);
    unsigned char *places[] = { other_arena, arena };
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    for (int i = 0; i < 200 && !progress.done; i++) {
        ASSERT_OK(defrag_step(pool, 64, 8, &progress));
        pool = move_to(places[i % 2], pool, 4096);
    }
    cr_assert(progress.done);
    cr_assert_lt(offset_of(pool, handle), offset);
    cr_assert(block_is_filled(pool, handle, 0x11));
}

Test(image, with_over_aligned_blocks_it_needs_a_base_congruent_to_the_largest_alignment)
{
    size_t granule = stats_of(new_pool(8192)).granule;
    for (size_t alignment = 64; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        defrag_pool *pool = new_pool(8192);
        alloc_aligned(pool, 100, alignment, DEFRAG_FAST);
        alloc_aligned(pool, 100, 64, DEFRAG_FAST);
        for (size_t offset = 0; offset <= 2 * alignment; offset += granule) {
            memcpy(other_arena + offset, arena, 8192);
            defrag_pool *moved = NULL;
            bool congruent = offset % alignment == 0;
            ASSERT_STATUS(defrag_attach(other_arena + offset, 8192, &moved),
                          congruent ? DEFRAG_OK : DEFRAG_INVALID_ALIGNMENT);
            cr_assert_eq(moved != NULL, congruent);
        }
    }
}

Test(image, freed_over_aligned_blocks_no_longer_bind_it)
{
    size_t granule = stats_of(new_pool(8192)).granule;
    defrag_pool *pool = new_pool(8192);
    defrag_handle handle = alloc_aligned(pool, 100, 1024, DEFRAG_FAST);
    alloc_block(pool, 100, DEFRAG_FAST);
    free_block(pool, handle);
    assert_intact(move_to(other_arena + granule, pool, 8192));
}

Test(image, attach_refuses_what_it_cannot_adopt_each_with_its_reason)
{
    defrag_pool *pool = new_pool(4096);
    alloc_block(pool, 100, DEFRAG_FAST);
    defrag_pool *attached = (void *)arena;
    ASSERT_STATUS(defrag_attach(NULL, 4096, &attached), DEFRAG_INVALID_ARGUMENT);
    cr_assert_null(attached);
    ASSERT_STATUS(defrag_attach(arena, 4096, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_attach(arena, 4095, &attached), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_attach(arena + 4, 4092, &attached), DEFRAG_INVALID_ALIGNMENT);
    ASSERT_STATUS(defrag_attach(other_arena, 4096, &attached), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_attach(arena, 0, &attached), DEFRAG_INVALID_POOL);
    ASSERT_OK(defrag_attach(arena, 5000, &attached));
    ASSERT_OK(defrag_deinit(attached));
    ASSERT_STATUS(defrag_attach(arena, 4096, &attached), DEFRAG_INVALID_POOL);
    cr_assert_null(attached);
}

Test(image, a_truncated_or_damaged_image_is_refused)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(2048, NULL, 0);
    run_model(m, &source, 500);
    assert_model(m, seed);
    unsigned char *copy = scratch_arena + (m->memory - m->home);
    defrag_pool *attached = NULL;
    memcpy(copy, m->memory, 2048);
    ASSERT_OK(defrag_attach(copy, 2048, &attached));
    size_t control = stats_of(m->pool).control_bytes;
    for (size_t i = 0; i < control; i++) {
        copy[i] ^= 0x10;
        cr_assert_neq(defrag_attach(copy, 2048, &attached), DEFRAG_OK, "byte %zu, DEFRAG_SEED=%" PRIu64, i, seed);
        cr_assert_null(attached);
        copy[i] ^= 0x10;
    }
}

static void count_event(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)pool;
    (void)event;
    ++*(int *)context;
}

Test(image, the_observer_stays_behind)
{
    int events = 0;
    defrag_pool *pool = new_pool(4096);
    ASSERT_OK(defrag_observe(pool, count_event, &events));
    pool = move_to(other_arena, pool, 4096);
    alloc_block(pool, 100, DEFRAG_FAST);
    cr_assert_eq(events, 0);
    assert_intact(pool);
}

Test(image, random_work_goes_on_across_many_moves)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(4096, NULL, 4);
    for (int i = 0; i < 1000; i++) {
        run_model(m, &source, 10);
        if (!model_apply(m, (model_op){ MODEL_ATTACH, (uint32_t)random_64(&source), 0, 0 })) {
            break;
        }
    }
    (void)model_finish(m);
    assert_model(m, seed);
}
