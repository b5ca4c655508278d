/* SPDX-License-Identifier: MIT
 *
 * The theorem: with nothing locked and nothing over-aligned, MAKE_ROOM succeeds if and only if the free bytes suffice. The
 * model judges every answer; these tests lead it to where the theorem is hardest to keep. */
#include "support.h"

/* Allocates what is left, or frees a block, such that the pool stays at the load; `percent` is of all granules. */
static bool churn(model *m, random_source *source, uint32_t percent, uint32_t largest)
{
    model_op op = { MODEL_ALLOC, random_size(source, 1, largest), 0, DEFRAG_MAKE_ROOM };
    uint64_t target = (uint64_t)m->capacity * percent / 100;
    if (m->used >= target && m->live != 0) {
        uint32_t which = (uint32_t)random_64(source);
        bool resize = random_below(source, 4) == 0;
        op = resize ? (model_op){ MODEL_RESIZE, which, op.a, DEFRAG_MAKE_ROOM } : (model_op){ MODEL_FREE, which, 0, 0 };
    }
    return model_apply(m, op);
}

static void assert_theorem(size_t bytes, uint32_t percent, uint32_t largest, uint32_t operations)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(bytes, NULL, 16);
    for (uint32_t i = 0; i < operations && churn(m, &source, percent, largest); i++) {
    }
    (void)model_finish(m);
    assert_model(m, seed);
}

Test(theorem, it_holds_at_every_load_up_to_100_percent)
{
    for (uint32_t percent = 50; percent <= 100; percent += 10) {
        assert_theorem(4096, percent, 256, 4000);
    }
}

Test(theorem, it_holds_in_a_pool_full_of_the_smallest_blocks)
{
    assert_theorem(4096, 100, 4, 10000);
}

Test(theorem, it_holds_for_requests_as_large_as_the_pool)
{
    assert_theorem(2048, 100, 2048, 20000);
}

Test(theorem, it_holds_in_the_smallest_pools)
{
    for (size_t bytes = 256; bytes < 640; bytes += 12) {
        assert_theorem(bytes, 100, 128, 1000);
    }
}

Test(theorem, it_holds_in_a_large_pool)
{
    assert_theorem(65536, 100, 1024, 20000);
}

/* A pool whose blocks, every other freed, leave many holes and no large one. */
static defrag_pool *chequered_pool(size_t bytes, size_t granules)
{
    defrag_pool *pool = new_pool(bytes);
    static defrag_handle handles[8192];
    size_t count = fill_pool(pool, granules, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i += 2) {
        free_block(pool, handles[i]);
    }
    return pool;
}

Test(theorem, exactly_the_free_bytes_are_granted_and_one_more_granule_is_not)
{
    for (size_t granules = 1; granules < 20; granules++) {
        defrag_pool *pool = chequered_pool(8192, granules);
        ASSERT_OK(defrag_clean(pool));
        defrag_pool_stats stats = stats_of(pool);
        size_t most = bytes_of_granules(pool, stats.free / stats.granule);
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc(pool, most + 1, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OUT_OF_MEMORY);
        cr_assert_eq(stats_of(pool).moved_blocks, 0, "a refusal for want of bytes must not move anything");
        fill_block(pool, alloc_block(pool, most, DEFRAG_MAKE_ROOM), 0xFF);
        assert_intact(pool);
    }
}

Test(theorem, after_compact_fast_succeeds_exactly_if_the_free_bytes_suffice)
{
    for (size_t granules = 1; granules < 20; granules++) {
        for (size_t extra = 0; extra < 2; extra++) {
            defrag_pool *pool = chequered_pool(8192, granules);
            ASSERT_OK(defrag_clean(pool));
            ASSERT_OK(defrag_compact(pool));
            defrag_pool_stats stats = stats_of(pool);
            cr_assert_eq(stats.holes, 0);
            size_t bytes = bytes_of_granules(pool, stats.free / stats.granule) + extra;
            defrag_handle handle;
            ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_FAST, &handle),
                          extra == 0 ? DEFRAG_OK : DEFRAG_OUT_OF_MEMORY);
        }
    }
}

Test(theorem, unused_handle_slots_at_the_end_of_the_table_count_as_free_bytes)
{
    defrag_pool *pool = new_pool(4096);
    size_t capacity = stats_of(pool).capacity;
    defrag_handle handles[512];
    size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i++) {
        free_block(pool, handles[i]);
    }
    cr_assert_eq(stats_of(pool).handles, count);
    alloc_block(pool, capacity, DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).handles, 1);
    assert_intact(pool);
}

Test(theorem, a_request_refused_for_want_of_bytes_does_not_shorten_the_table)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[64];
    alloc_block(pool, stats_of(pool).capacity / 2, DEFRAG_FAST);
    size_t count = fill_pool(pool, 4, handles, LENGTH(handles));
    for (size_t i = 0; i < count; i++) {
        free_block(pool, handles[i]);
    }
    defrag_pool_stats before = stats_of(pool);
    defrag_handle handle;
    ASSERT_STATUS(defrag_alloc(pool, before.capacity, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OUT_OF_MEMORY);
    cr_assert_eq(stats_of(pool).handles, before.handles);
}

Test(theorem, a_full_heap_clears_its_top_for_a_new_handle_slot)
{
    /* Holes everywhere, but the last block touches the table and every slot is in use. */
    defrag_pool *pool = new_pool(8192);
    static defrag_handle handles[1024];
    size_t count = fill_pool(pool, 3, handles, LENGTH(handles));
    size_t usable = usable_of(pool, handles[count - 1]);
    while (defrag_resize(pool, handles[count - 1], ++usable, DEFRAG_FAST) == DEFRAG_OK) {
    }
    for (size_t i = 0; i + 1 < count; i++) {
        ASSERT_OK(defrag_resize(pool, handles[i], 1, DEFRAG_FAST));
    }
    defrag_pool_stats stats = stats_of(pool);
    cr_assert_eq(stats.live, stats.handles);
    size_t served = 0;
    defrag_handle handle;
    while (defrag_alloc(pool, 1, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OK) {
        served++;
    }
    cr_assert_eq(served, stats.free / (stats.granule + stats.handle_overhead));
    assert_intact(pool);
}

Test(theorem, clearing_the_top_for_a_slot_moves_only_the_last_block_if_a_hole_takes_it)
{
    defrag_pool *pool = new_pool(8192);
    static defrag_handle handles[1024];
    defrag_handle first = alloc_block(pool, bytes_of_granules(pool, 20), DEFRAG_FAST);
    fill_pool(pool, 1, handles, LENGTH(handles));
    ASSERT_OK(defrag_resize(pool, first, 1, DEFRAG_FAST));
    defrag_handle handle;
    while (defrag_alloc(pool, 1, DEFRAG_BEST, &handle) == DEFRAG_OK) {
    }
    alloc_block(pool, 1, DEFRAG_MAKE_ROOM);
    cr_assert_eq(stats_of(pool).moved_blocks, 1);
    assert_intact(pool);
}

Test(theorem, an_over_aligned_request_is_served_if_its_slack_is_free_too)
{
    for (size_t alignment = 64; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        for (size_t granules = 1; granules < 10; granules++) {
            defrag_pool *pool = chequered_pool(16384, granules);
            defrag_pool_stats stats = stats_of(pool);
            size_t slack = alignment - stats.granule;
            size_t tail = stats.block_overhead / 2;
            size_t bytes = bytes_of_granules(pool, (stats.free - slack) / stats.granule) - tail;
            alloc_aligned(pool, bytes, alignment, DEFRAG_MAKE_ROOM);
            assert_intact(pool);
        }
    }
}

Test(theorem, over_aligned_blocks_waste_at_most_their_slack)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(16384, NULL, 16);
    for (uint32_t i = 0; i < 20000; i++) {
        bool aligned = random_below(&source, 8) == 0 && m->slack < 4096;
        model_op op = { MODEL_ALLOC, random_size(&source, 1, 512), aligned ? 32U << random_below(&source, 6) : 0,
                        DEFRAG_MAKE_ROOM };
        if (m->used >= m->capacity - m->slack / m->granule && random_below(&source, 4) != 0) {
            op = (model_op){ MODEL_FREE, (uint32_t)random_64(&source), 0, 0 };
        }
        if (!model_apply(m, op)) {
            break;
        }
    }
    (void)model_finish(m);
    assert_model(m, seed);
}
