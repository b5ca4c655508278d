/* SPDX-License-Identifier: MIT
 *
 * A heap that is measured. Each call counts itself if it is a heap's own; what a heap has not, it does for nothing. */
#ifndef DEFRAG_TESTS_BENCH_TARGET_HEAP_H
#define DEFRAG_TESTS_BENCH_TARGET_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a heap is asked, if it has a choice. */
enum { ASK_FAST, ASK_BEST, ASK_ROOM };

extern const char *const heap_name;
extern const bool heap_moves; /* it has locks, fits, steps and compaction */

/* Makes an empty heap of this memory. */
void heap_init(void *memory, size_t bytes);

/* What was allocated, or 0. */
uintptr_t heap_alloc(size_t bytes, uint32_t ask);
void heap_free(uintptr_t block);
void *heap_lock(uintptr_t block);
void heap_unlock(uintptr_t block);

/* The block as it is then; if it cannot be had that large, as it was. */
uintptr_t heap_resize(uintptr_t block, size_t bytes, uint32_t ask);
void heap_step(void);

/* What a full compaction moved. */
typedef struct heap_moved {
    uint32_t blocks;
    uint32_t bytes;
} heap_moved;

heap_moved heap_compact(void);

#endif
