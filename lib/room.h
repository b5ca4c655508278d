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
    uint32_t slots; /* that the block needs beside room: 1 if it is new, 0 if it has one */
    uint32_t flags; /* of the request */
} need_t;

static inline bool is_fit(defrag_fit fit)
{
    return fit >= DEFRAG_FAST && fit <= DEFRAG_MAKE_ROOM;
}

/* Zero stands for the granule. */
static inline bool is_alignment(size_t alignment)
{
    return (alignment & (alignment - 1)) == 0 && alignment <= DEFRAG_MAX_ALIGNMENT;
}

static inline uint32_t alignment_in_granules(size_t alignment)
{
    return alignment > GRANULE ? (uint32_t)alignment / GRANULE : 1;
}

/* A hole that fits a block or the top, or 0; moves nothing. */
DEFRAG_PRIVATE uint32_t defrag_find_place(const defrag_pool *pool, const need_t *need);

/* How many slots the table must have for so many more blocks, 0 or 1, if free slots at its end are given back. */
DEFRAG_PRIVATE uint32_t defrag_fewest_slots(const defrag_pool *pool, uint32_t more);

/* For a need that found no place: makes room with MAKE_ROOM, *at being a hole or the top then; otherwise, or if that fails,
 * says why there is none. */
DEFRAG_PRIVATE defrag_status defrag_make_room(defrag_pool *pool, const need_t *need, uint32_t *at);

/* From the block or hole at `from` upwards, gathers all free space below each locked block into one hole, or stops at the
 * first hole of so many granules. Each block moves at most once while nothing is locked. */
DEFRAG_PRIVATE void defrag_gather(defrag_pool *pool, uint32_t from, uint32_t goal);

/* The hole from which sliding gathers so many granules with the fewest bytes moved, or 0 if locks prevent it. O(B). */
DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t limit);

/* Gathers so many granules between two locked blocks by moving what is there to holes elsewhere. */
DEFRAG_PRIVATE void defrag_clear_between_locks(defrag_pool *pool, uint32_t goal, uint32_t slots);

#endif
