/* SPDX-License-Identifier: MIT */
#include "support.h"
#include "traffic.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

_Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char arena[ARENA_BYTES];
_Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char other_arena[ARENA_BYTES];
_Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char scratch_arena[ARENA_BYTES];

/* -------------------------------------------------------------------------------------------------------------- pools */

defrag_pool *new_pool(size_t bytes)
{
    return new_pool_with(arena, bytes, NULL);
}

defrag_pool *new_pool_with(void *memory, size_t bytes, const defrag_config *config)
{
    defrag_pool *pool = NULL;
    ASSERT_OK(defrag_init(memory, bytes, config, &pool));
    cr_assert_not_null(pool);
    return pool;
}

void assert_intact(const defrag_pool *pool)
{
    int32_t invariant = 0;
    ASSERT_OK(defrag_check(pool, &invariant));
    cr_assert_eq(invariant, 0);
}

defrag_pool_stats stats_of(const defrag_pool *pool)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    ASSERT_OK(defrag_stats(pool, &stats));
    return stats;
}

size_t bytes_of_granules(const defrag_pool *pool, size_t granules)
{
    defrag_pool_stats stats = stats_of(pool);
    return granules * stats.granule - stats.block_overhead;
}

size_t fill_pool(defrag_pool *pool, size_t granules, defrag_handle *handles, size_t capacity)
{
    size_t bytes = bytes_of_granules(pool, granules);
    size_t count = 0;
    while (count < capacity && defrag_alloc(pool, bytes, DEFRAG_BEST, &handles[count]) == DEFRAG_OK) {
        count++;
    }
    return count;
}

defrag_pool *laid_out(const int *granules, size_t count, defrag_handle *handles)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = (uint32_t)count + 1;
    defrag_pool *pool = new_pool_with(arena, 32768, &config);
    for (size_t i = 0; i < count; i++) {
        size_t size = granules[i] != 0 ? (size_t)abs(granules[i]) : 1;
        handles[i] = alloc_block(pool, bytes_of_granules(pool, size), DEFRAG_FAST);
    }
    lock_block(pool, alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST));
    for (size_t i = 0; i < count; i++) {
        if (granules[i] < 0) {
            free_block(pool, handles[i]);
        } else if (granules[i] == 0) {
            lock_block(pool, handles[i]);
        }
    }
    return pool;
}

/* ------------------------------------------------------------------------------------------------------------- blocks */

defrag_handle alloc_block(defrag_pool *pool, size_t bytes, defrag_fit fit)
{
    defrag_handle handle = DEFRAG_NO_HANDLE;
    ASSERT_OK(defrag_alloc(pool, bytes, fit, &handle));
    cr_assert_neq(handle, DEFRAG_NO_HANDLE);
    return handle;
}

defrag_handle alloc_aligned(defrag_pool *pool, size_t bytes, size_t alignment, defrag_fit fit)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = bytes;
    request.alignment = alignment;
    request.fit = fit;
    defrag_handle handle = DEFRAG_NO_HANDLE;
    ASSERT_OK(defrag_alloc_with(pool, &request, &handle));
    return handle;
}

void free_block(defrag_pool *pool, defrag_handle handle)
{
    ASSERT_OK(defrag_free(pool, handle));
}

unsigned char *lock_block(defrag_pool *pool, defrag_handle handle)
{
    void *address = NULL;
    ASSERT_OK(defrag_lock(pool, handle, &address));
    cr_assert_not_null(address);
    return address;
}

const unsigned char *share_block(defrag_pool *pool, defrag_handle handle)
{
    const void *address = NULL;
    ASSERT_OK(defrag_lock_shared(pool, handle, &address));
    cr_assert_not_null(address);
    return address;
}

void unlock_block(defrag_pool *pool, defrag_handle handle)
{
    ASSERT_OK(defrag_unlock(pool, handle));
}

void fill_block(defrag_pool *pool, defrag_handle handle, unsigned char value)
{
    memset(lock_block(pool, handle), value, usable_of(pool, handle));
    unlock_block(pool, handle);
}

bool block_is_filled(defrag_pool *pool, defrag_handle handle, unsigned char value)
{
    const unsigned char *bytes = share_block(pool, handle);
    size_t usable = usable_of(pool, handle);
    bool same = bytes[0] == value && memcmp(bytes, bytes + 1, usable - 1) == 0;
    unlock_block(pool, handle);
    return same;
}

defrag_block block_of(const defrag_pool *pool, defrag_handle handle)
{
    defrag_block block = DEFRAG_BLOCK_INIT;
    while (defrag_walk(pool, &block)) {
        if (block.handle == handle) {
            return block;
        }
    }
    cr_assert(false, "the walk does not show block %08" PRIx32, handle);
    return block;
}

size_t offset_of(const defrag_pool *pool, defrag_handle handle)
{
    return block_of(pool, handle).offset;
}

size_t usable_of(const defrag_pool *pool, defrag_handle handle)
{
    size_t bytes = 0;
    ASSERT_OK(defrag_usable_size(pool, handle, &bytes));
    return bytes;
}

/* -------------------------------------------------------------------------------------------------------------- model */

uint64_t test_seed(void)
{
    const char *given = getenv("DEFRAG_SEED");
    if (given != NULL) {
        return strtoull(given, NULL, 0);
    }
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    random_source source = { (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec };
    return random_64(&source) >> 32;
}

model *new_model(size_t bytes, const defrag_config *config, uint32_t period)
{
    static model m;
    static model_block blocks[32768];
    enum { ROOM = 1024 };
    cr_assert(bytes + ROOM <= ARENA_BYTES && bytes / 12 <= LENGTH(blocks) / 4 * 3);
    uint32_t places = 32;
    while (places / 4 * 3 < bytes / 12) {
        places *= 2;
    }
    model_setup setup = { arena, other_arena, scratch_arena, bytes, ROOM, blocks, places, period, config };
    (void)model_init(&m, &setup);
    return &m;
}

void run_model(model *m, random_source *source, uint32_t operations)
{
    for (uint32_t i = 0; i < operations; i++) {
        if (!model_apply(m, traffic_any(m, source))) {
            return;
        }
    }
}

void assert_model(const model *m, uint64_t seed)
{
    cr_assert_null(m->failure, "%s, in operation %" PRIu32 " of the model (line %d); replay with DEFRAG_SEED=%" PRIu64,
                   m->failure, m->failed_operation, m->line, seed);
}

/* ------------------------------------------------------------------------------------------------------------- ground */

void assert_on_ground(bool (*test)(ground *g))
{
    enum { BYTES = 65536, ROOM = 1024, PLACES = 8192, HANDLES = 8192 };
    static model m;
    static model_block blocks[PLACES];
    static defrag_handle handles[HANDLES];
    ground g = { .memory = arena,
                 .other = other_arena,
                 .scratch = scratch_arena,
                 .bytes = BYTES,
                 .room = ROOM,
                 .handles = handles,
                 .most_handles = HANDLES,
                 .m = &m,
                 .blocks = blocks,
                 .places = PLACES,
                 .seed = test_seed() };
    cr_assert(test(&g), "%s (line %d, operation %" PRIu32 " of the model); replay with DEFRAG_SEED=%" PRIu64, g.failure,
              g.line, g.operation, g.seed);
}
