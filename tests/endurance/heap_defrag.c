/* SPDX-License-Identifier: MIT
 * defrag as the device's heap: room is made when it must be, and a step tidies up in each idle loop. */
#include "defrag.h"
#include "heap.h"

#include <stdlib.h>

enum { STEP_BYTES = 256, STEP_BLOCKS = 16 };

const char heap_name[] = "defrag";

static _Alignas(8) unsigned char memory[HEAP_BYTES];
static defrag_pool *pool;

/* What cannot fail in a device that keeps the rules. */
static void must(defrag_status status)
{
    if (status != DEFRAG_OK) {
        abort();
    }
}

void heap_reset(void)
{
    must(defrag_init(memory, sizeof memory, NULL, &pool));
}

heap_block heap_take(size_t bytes)
{
    defrag_handle handle;
    defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle);
    return handle;
}

void heap_give(heap_block block)
{
    must(defrag_free(pool, (defrag_handle)block));
}

bool heap_resize(heap_block *block, size_t bytes)
{
    return defrag_resize(pool, (defrag_handle)*block, bytes, DEFRAG_MAKE_ROOM) == DEFRAG_OK;
}

void *heap_hold(heap_block block)
{
    void *address;
    must(defrag_lock(pool, (defrag_handle)block, &address));
    return address;
}

void heap_release(heap_block block)
{
    must(defrag_unlock(pool, (defrag_handle)block));
}

void heap_idle(void)
{
    must(defrag_step(pool, STEP_BYTES, STEP_BLOCKS, NULL));
}

size_t heap_high_water(void)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    must(defrag_stats(pool, &stats));
    return stats.high_water;
}
