/* SPDX-License-Identifier: MIT
 *
 * The one place through which events leave the pool. */
#ifndef DEFRAG_OBSERVE_H
#define DEFRAG_OBSERVE_H

#include "pool.h"

DEFRAG_PRIVATE void defrag_tell(defrag_pool *pool, const defrag_event *event);

/* Tells of something that happened to the block of entry e, at g by now; the pool must be whole. */
static inline void notify(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e, uint32_t from, uint32_t g,
                          uint32_t granules)
{
    if (pool->observer != NULL) {
        defrag_event event = { sizeof event,
                               kind,
                               handle,
                               DEFRAG_OK,
                               usable_offset(g),
                               usable_offset(from),
                               usable_bytes(granules) - tail_bytes(e) };
        defrag_tell(pool, &event);
    }
}

/* Counts a request refused for want of room, tells of it, and returns the status. */
DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes);

#endif
