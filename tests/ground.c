/* SPDX-License-Identifier: MIT */
#include "ground.h"

#include <string.h>

bool ground_fail(ground *g, const char *failure, int line)
{
    if (g->failure == NULL) {
        g->failure = failure;
        g->line = line;
    }
    return false;
}

size_t ground_bytes(const ground *g, size_t wanted)
{
    return wanted < g->bytes ? wanted : g->bytes;
}

defrag_pool *ground_pool(ground *g, size_t bytes)
{
    defrag_pool *pool = NULL;
    (void)defrag_init(g->memory, bytes, NULL, &pool);
    return pool;
}

model *ground_model(ground *g, size_t bytes, uint32_t period)
{
    model_setup setup = { g->memory, g->other, g->scratch, bytes, g->room, g->blocks, g->places, period, NULL };
    (void)model_init(g->m, &setup);
    return g->m;
}

bool ground_judge(ground *g)
{
    if (model_finish(g->m)) {
        return true;
    }
    g->operation = g->m->failed_operation;
    return ground_fail(g, g->m->failure, g->m->line);
}

size_t ground_fill(ground *g, defrag_pool *pool, size_t granules)
{
    size_t bytes = ground_bytes_of(pool, granules);
    size_t count = 0;
    while (count < g->most_handles && defrag_alloc(pool, bytes, DEFRAG_BEST, &g->handles[count]) == DEFRAG_OK) {
        count++;
    }
    return count;
}

defrag_handle ground_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit)
{
    defrag_handle handle = DEFRAG_NO_HANDLE;
    (void)defrag_alloc(pool, bytes, fit, &handle);
    return handle;
}

defrag_pool_stats ground_stats(const defrag_pool *pool)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    (void)defrag_stats(pool, &stats);
    return stats;
}

size_t ground_bytes_of(const defrag_pool *pool, size_t granules)
{
    defrag_pool_stats stats = ground_stats(pool);
    return granules * stats.granule - stats.block_overhead;
}

size_t ground_usable(const defrag_pool *pool, defrag_handle handle)
{
    size_t bytes = 0;
    (void)defrag_usable_size(pool, handle, &bytes);
    return bytes;
}

bool ground_write(defrag_pool *pool, defrag_handle handle, unsigned char value)
{
    void *address;
    if (defrag_lock(pool, handle, &address) != DEFRAG_OK) {
        return false;
    }
    memset(address, value, ground_usable(pool, handle));
    return defrag_unlock(pool, handle) == DEFRAG_OK;
}
