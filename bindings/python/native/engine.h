/* SPDX-License-Identifier: MIT
 * The library's functions in one of its builds. A program can hold several builds, each in a table like this. */
#ifndef ENGINE_H
#define ENGINE_H

#include "defrag.h"

typedef struct {
    uint32_t link_width;
    uint64_t max_pool_bytes;
    defrag_status (*init)(void *memory, size_t bytes, const defrag_config *config, defrag_pool **pool);
    defrag_status (*attach)(void *memory, size_t bytes, defrag_pool **pool);
    defrag_status (*deinit)(defrag_pool *pool);
    defrag_status (*alloc)(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle);
    defrag_status (*alloc_array)(defrag_pool *pool, size_t count, size_t bytes, defrag_fit fit, defrag_handle *handle);
    defrag_status (*alloc_with)(defrag_pool *pool, const defrag_request *request, defrag_handle *handle);
    defrag_status (*free)(defrag_pool *pool, defrag_handle handle);
    defrag_status (*resize)(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit);
    defrag_status (*usable_size)(const defrag_pool *pool, defrag_handle handle, size_t *bytes);
    defrag_status (*lock)(defrag_pool *pool, defrag_handle handle, void **address);
    defrag_status (*lock_shared)(defrag_pool *pool, defrag_handle handle, const void **address);
    defrag_status (*unlock)(defrag_pool *pool, defrag_handle handle);
    defrag_status (*clean)(defrag_pool *pool);
    defrag_status (*compact)(defrag_pool *pool);
    defrag_status (*step)(defrag_pool *pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress);
    defrag_status (*stats)(const defrag_pool *pool, defrag_pool_stats *stats);
    defrag_status (*would_fit)(const defrag_pool *pool, size_t bytes, size_t alignment, defrag_fit_report *report);
    bool (*walk)(const defrag_pool *pool, defrag_block *block);
    defrag_status (*check)(const defrag_pool *pool, int32_t *invariant);
    defrag_status (*observe)(defrag_pool *pool, defrag_observer *observer, void *context);
    const char *(*status_text)(defrag_status status);
    const char *(*invariant_text)(int32_t invariant);
    uint32_t (*version)(void);
} engine_t;

extern const engine_t engine_16; /* 8 bytes a block, pools up to 256 KiB */
extern const engine_t engine_32; /* 16 bytes a block, pools up to 4 GiB */

/* The build that serves a pool of this size with the least overhead, or null if none does. */
const engine_t *engine_for(uint64_t pool_bytes);

#endif
