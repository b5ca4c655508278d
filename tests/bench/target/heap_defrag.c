/* SPDX-License-Identifier: MIT */
#include "defrag.h"
#include "heap.h"
#include "timed.h"

#include <stdlib.h>

const char *const heap_name = "defrag";
const bool heap_moves = true;

enum { STEP_BYTES = 256, STEP_BLOCKS = 16 };

static defrag_pool *pool;

#define CALL(function, ...) timed_call(TIMED_FUNCTION(function), (uintptr_t)pool, __VA_ARGS__)

static void require(uintptr_t status)
{
    if (status != DEFRAG_OK) {
        abort();
    }
}

void heap_init(void *memory, size_t bytes)
{
    require((uintptr_t)defrag_init(memory, bytes, NULL, &pool));
}

uintptr_t heap_alloc(size_t bytes, uint32_t ask)
{
    defrag_handle handle;
    uintptr_t status = CALL(defrag_alloc, bytes, ask, (uintptr_t)&handle);
    timed_note(TIMED_ALLOC, status == DEFRAG_OK);
    return handle;
}

void heap_free(uintptr_t block)
{
    require(CALL(defrag_free, block, 0, 0));
    timed_note(TIMED_FREE, true);
}

void *heap_lock(uintptr_t block)
{
    void *address;
    require(CALL(defrag_lock, block, (uintptr_t)&address, 0));
    timed_note(TIMED_LOCK, true);
    return address;
}

void heap_unlock(uintptr_t block)
{
    require(CALL(defrag_unlock, block, 0, 0));
    timed_note(TIMED_UNLOCK, true);
}

uintptr_t heap_resize(uintptr_t block, size_t bytes, uint32_t ask)
{
    timed_note(TIMED_RESIZE, CALL(defrag_resize, block, bytes, ask) == DEFRAG_OK);
    return block;
}

void heap_step(void)
{
    require(CALL(defrag_step, STEP_BYTES, STEP_BLOCKS, 0));
    timed_note(TIMED_STEP, true);
}

static defrag_pool_stats look(void)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    require((uintptr_t)defrag_stats(pool, &stats));
    return stats;
}

heap_moved heap_compact(void)
{
    defrag_pool_stats before = look();
    require(CALL(defrag_compact, 0, 0, 0));
    timed_note(TIMED_COMPACT, true);
    require((uintptr_t)defrag_check(pool, NULL));
    defrag_pool_stats after = look();
    return (heap_moved){ (uint32_t)(after.moved_blocks - before.moved_blocks),
                         (uint32_t)(after.moved_bytes - before.moved_bytes) };
}
