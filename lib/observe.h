/* SPDX-License-Identifier: MIT
 *
 * The one place through which events leave the pool. */
#ifndef DEFRAG_OBSERVE_H
#define DEFRAG_OBSERVE_H

#include "handles.h"

/* Tells the observer, if there is one, of something that happened to a slot's block; the pool must be whole. */
DEFRAG_PRIVATE void defrag_notify(defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from);

/* Tells it that this block, which had so many usable bytes, is no more. */
DEFRAG_PRIVATE void defrag_tell_of_free(defrag_pool *pool, const named_t *block, uint32_t usable);

/* Tells it of all blocks from `g` to `end`, which were `above` granules higher. */
DEFRAG_PRIVATE void defrag_tell_of_moves(defrag_pool *pool, uint32_t g, uint32_t end, uint32_t above);

/* Counts a request refused for want of room, tells of it, and returns the status. */
DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes);

#endif
