/* SPDX-License-Identifier: MIT
 *
 * The one place through which events leave the pool. */
#ifndef DEFRAG_OBSERVE_H
#define DEFRAG_OBSERVE_H

#include "pool.h"

DEFRAG_PRIVATE void defrag_tell(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e, uint32_t from,
                                uint32_t granules);

/* Tells of something that happened to the block of entry e, which was at `from`; the pool must be whole. */
static inline void notify(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e, uint32_t from,
                          uint32_t granules)
{
    if (pool->observer != NULL) {
        defrag_tell(pool, kind, handle, e, from, granules);
    }
}

/* Counts a request refused for want of room, tells of it, and returns the status. */
DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes);

#endif
