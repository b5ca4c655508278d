/* SPDX-License-Identifier: MIT */
#include "theorem.h"

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

static bool holds(ground *g, size_t bytes, uint32_t percent, uint32_t largest, uint32_t operations)
{
    random_source source = { g->seed };
    model *m = ground_model(g, ground_bytes(g, bytes), 16);
    for (uint32_t i = 0; i < operations && churn(m, &source, percent, largest); i++) {
    }
    return ground_judge(g);
}

bool theorem_it_holds_at_every_load_up_to_100_percent(ground *g)
{
    for (uint32_t percent = 50; percent <= 100; percent += 10) {
        if (!holds(g, 4096, percent, 256, 4000)) {
            return false;
        }
    }
    return true;
}

bool theorem_it_holds_in_a_pool_full_of_the_smallest_blocks(ground *g)
{
    return holds(g, 4096, 100, 4, 10000);
}

bool theorem_it_holds_for_requests_as_large_as_the_pool(ground *g)
{
    return holds(g, 2048, 100, 2048, 20000);
}

bool theorem_it_holds_in_the_smallest_pools(ground *g)
{
    for (size_t bytes = 256; bytes < 640; bytes += 12) {
        if (!holds(g, bytes, 100, 128, 1000)) {
            return false;
        }
    }
    return true;
}

bool theorem_it_holds_in_a_large_pool(ground *g)
{
    return holds(g, 65536, 100, 1024, 20000);
}

/* A pool whose blocks, every other freed, leave many holes and no large one; null if that fails. */
static defrag_pool *chequered_pool(ground *g, size_t wanted, size_t granules)
{
    defrag_pool *pool = ground_pool(g, ground_bytes(g, wanted));
    size_t count = ground_fill(g, pool, granules);
    for (size_t i = 0; i < count; i += 2) {
        if (defrag_free(pool, g->handles[i]) != DEFRAG_OK) {
            return NULL;
        }
    }
    return defrag_clean(pool) == DEFRAG_OK ? pool : NULL;
}

bool theorem_exactly_the_free_bytes_are_granted_and_one_more_granule_is_not(ground *g)
{
    for (size_t granules = 1; granules < 20; granules++) {
        defrag_pool *pool = chequered_pool(g, 8192, granules);
        DEMAND(g, pool != NULL);
        defrag_pool_stats stats = ground_stats(pool);
        size_t most = ground_bytes_of(pool, stats.free / stats.granule);
        defrag_handle handle;
        DEMAND(g, defrag_alloc(pool, most + 1, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OUT_OF_MEMORY);
        DEMAND(g, ground_stats(pool).moved_blocks == 0);
        DEMAND(g, ground_write(pool, ground_alloc(pool, most, DEFRAG_MAKE_ROOM), 0xFF));
        DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
    }
    return true;
}

bool theorem_after_compact_fast_succeeds_exactly_if_the_free_bytes_suffice(ground *g)
{
    for (size_t granules = 1; granules < 20; granules++) {
        for (size_t extra = 0; extra < 2; extra++) {
            defrag_pool *pool = chequered_pool(g, 8192, granules);
            DEMAND(g, pool != NULL && defrag_compact(pool) == DEFRAG_OK);
            defrag_pool_stats stats = ground_stats(pool);
            DEMAND(g, stats.holes == 0);
            size_t bytes = ground_bytes_of(pool, stats.free / stats.granule) + extra;
            defrag_handle handle;
            defrag_status due = extra == 0 ? DEFRAG_OK : DEFRAG_OUT_OF_MEMORY;
            DEMAND(g, defrag_alloc(pool, bytes, DEFRAG_FAST, &handle) == due);
        }
    }
    return true;
}

bool theorem_unused_handle_slots_at_the_end_of_the_table_count_as_free_bytes(ground *g)
{
    defrag_pool *pool = ground_pool(g, ground_bytes(g, 4096));
    size_t capacity = ground_stats(pool).capacity;
    size_t count = ground_fill(g, pool, 1);
    for (size_t i = 0; i < count; i++) {
        DEMAND(g, defrag_free(pool, g->handles[i]) == DEFRAG_OK);
    }
    DEMAND(g, ground_stats(pool).handles == count);
    DEMAND(g, ground_alloc(pool, capacity, DEFRAG_MAKE_ROOM) != DEFRAG_NO_HANDLE);
    DEMAND(g, ground_stats(pool).handles == 1);
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
    return true;
}

bool theorem_a_request_refused_for_want_of_bytes_does_not_shorten_the_table(ground *g)
{
    defrag_pool *pool = ground_pool(g, ground_bytes(g, 4096));
    DEMAND(g, ground_alloc(pool, ground_stats(pool).capacity / 2, DEFRAG_FAST) != DEFRAG_NO_HANDLE);
    size_t count = ground_fill(g, pool, 4);
    for (size_t i = 0; i < count; i++) {
        DEMAND(g, defrag_free(pool, g->handles[i]) == DEFRAG_OK);
    }
    defrag_pool_stats before = ground_stats(pool);
    defrag_handle handle;
    DEMAND(g, defrag_alloc(pool, before.capacity, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OUT_OF_MEMORY);
    DEMAND(g, ground_stats(pool).handles == before.handles);
    return true;
}

bool theorem_a_full_heap_clears_its_top_for_a_new_handle_slot(ground *g)
{
    /* Holes everywhere, but the last block touches the table and every slot is in use. */
    defrag_pool *pool = ground_pool(g, ground_bytes(g, 8192));
    size_t count = ground_fill(g, pool, 3);
    size_t usable = ground_usable(pool, g->handles[count - 1]);
    while (defrag_resize(pool, g->handles[count - 1], ++usable, DEFRAG_FAST) == DEFRAG_OK) {
    }
    for (size_t i = 0; i + 1 < count; i++) {
        DEMAND(g, defrag_resize(pool, g->handles[i], 1, DEFRAG_FAST) == DEFRAG_OK);
    }
    defrag_pool_stats stats = ground_stats(pool);
    DEMAND(g, stats.live == stats.handles);
    size_t served = 0;
    while (ground_alloc(pool, 1, DEFRAG_MAKE_ROOM) != DEFRAG_NO_HANDLE) {
        served++;
    }
    DEMAND(g, served == stats.free / (stats.granule + stats.handle_overhead));
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
    return true;
}

bool theorem_clearing_the_top_for_a_slot_moves_only_the_last_block_if_a_hole_takes_it(ground *g)
{
    defrag_pool *pool = ground_pool(g, ground_bytes(g, 8192));
    defrag_handle first = ground_alloc(pool, ground_bytes_of(pool, 20), DEFRAG_FAST);
    (void)ground_fill(g, pool, 1);
    DEMAND(g, defrag_resize(pool, first, 1, DEFRAG_FAST) == DEFRAG_OK);
    while (ground_alloc(pool, 1, DEFRAG_BEST) != DEFRAG_NO_HANDLE) {
    }
    DEMAND(g, ground_alloc(pool, 1, DEFRAG_MAKE_ROOM) != DEFRAG_NO_HANDLE);
    DEMAND(g, ground_stats(pool).moved_blocks == 1);
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
    return true;
}

static bool serves_aligned(ground *g, size_t alignment, size_t granules)
{
    defrag_pool *pool = chequered_pool(g, 16384, granules);
    DEMAND(g, pool != NULL);
    defrag_pool_stats stats = ground_stats(pool);
    size_t slack = alignment - stats.granule;
    size_t tail = stats.block_overhead / 2;
    if (stats.free < slack + 2 * stats.granule) {
        return true; /* a small ground has no room for such an alignment */
    }
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = ground_bytes_of(pool, (stats.free - slack) / stats.granule) - tail;
    request.alignment = alignment;
    request.fit = DEFRAG_MAKE_ROOM;
    defrag_handle handle;
    DEMAND(g, defrag_alloc_with(pool, &request, &handle) == DEFRAG_OK);
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
    return true;
}

bool theorem_an_over_aligned_request_is_served_if_its_slack_is_free_too(ground *g)
{
    for (size_t alignment = 64; alignment <= DEFRAG_MAX_ALIGNMENT; alignment *= 2) {
        for (size_t granules = 1; granules < 10; granules++) {
            if (!serves_aligned(g, alignment, granules)) {
                return false;
            }
        }
    }
    return true;
}

bool theorem_over_aligned_blocks_waste_at_most_their_slack(ground *g)
{
    random_source source = { g->seed };
    size_t bytes = ground_bytes(g, 16384);
    model *m = ground_model(g, bytes, 16);
    for (uint32_t i = 0; i < 20000; i++) {
        bool aligned = random_below(&source, 8) == 0 && m->slack < bytes / 4;
        model_op op = { MODEL_ALLOC, random_size(&source, 1, 512), aligned ? 32U << random_below(&source, 6) : 0,
                        DEFRAG_MAKE_ROOM };
        if (m->used >= m->capacity - m->slack / m->granule && random_below(&source, 4) != 0) {
            op = (model_op){ MODEL_FREE, (uint32_t)random_64(&source), 0, 0 };
        }
        if (!model_apply(m, op)) {
            break;
        }
    }
    return ground_judge(g);
}
