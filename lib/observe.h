/* SPDX-License-Identifier: MIT
 *
 * The one place through which events leave the pool. */
#ifndef DEFRAG_OBSERVE_H
#define DEFRAG_OBSERVE_H

#include "pool.h"

/* What there is to tell of a slot's block, which was at `from`. */
DEFRAG_PRIVATE defrag_event defrag_describe(const defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from);

/* Tells the observer, if there is one; the pool must be whole. */
DEFRAG_PRIVATE void defrag_tell(defrag_pool *pool, const defrag_event *event);

/* Tells it of something that happened to a slot's block. */
DEFRAG_PRIVATE void defrag_notify(defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from);

/* Counts a request refused for want of room, tells of it, and returns the status. */
DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes);

#endif
