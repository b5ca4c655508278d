/* SPDX-License-Identifier: MIT
 *
 * Finding room for a block, and making it. */
#ifndef DEFRAG_ROOM_H
#define DEFRAG_ROOM_H

#include "pool.h"

typedef struct {
    uint32_t granules;
    uint32_t alignment; /* in granules */
    defrag_fit fit;
    uint32_t slots;         /* that the block needs beside room: 1 if it is new, 0 if it has one */
    uint32_t flags;         /* of the request */
    size_t bytes;           /* asked for */
    size_t asked_alignment; /* in bytes, 0 standing for the granule */
} need_t;

static inline bool is_fit(defrag_fit fit)
{
    return (uint32_t)fit <= DEFRAG_MAKE_ROOM;
}

/* Turns what is asked for into granules, unless its alignment or size is not valid. */
DEFRAG_PRIVATE defrag_status defrag_measure(const defrag_pool *pool, need_t *need);

/* What a need takes of a gathered stretch, wherever that begins. */
static inline uint32_t goal_of(const need_t *need)
{
    return need->granules + need->alignment - 1;
}

/* A hole that fits a block or the top, or 0; moves nothing. */
DEFRAG_PRIVATE uint32_t defrag_find_place(const defrag_pool *pool, const need_t *need);

/* The same, but moves to make room with MAKE_ROOM. Otherwise, or if that fails, says why there is none. */
DEFRAG_PRIVATE defrag_status defrag_find_room(defrag_pool *pool, const need_t *need, uint32_t *at);

/* From the block or hole at `from` upwards, gathers all free space below each locked block into one hole, or stops at the
 * first hole of so many granules. Each block moves at most once while nothing is locked. */
DEFRAG_PRIVATE void defrag_gather(defrag_pool *pool, uint32_t from, uint32_t goal);

/* The hole from which sliding gathers so many granules with the fewest bytes moved, or 0 if locks prevent it. O(B). */
DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t slots);

/* Makes so many granules free between two locked blocks by moving what is there to holes elsewhere. Returns from where
 * they are to be gathered; the top if there are none. The table keeps its slots, and has them for so many more blocks, 0 or
 * 1. */
DEFRAG_PRIVATE uint32_t defrag_clear_between_locks(defrag_pool *pool, uint32_t goal, uint32_t more);

#endif
