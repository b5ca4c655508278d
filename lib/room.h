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
    uint32_t slots;     /* that the block needs beside room: 1 if it is new, 0 if it has one */
    bool lowest;        /* wants the lowest hole, not the best */
} need_t;

/* Finds a place for a block as its fit says, moving others only with MAKE_ROOM: *at is a hole or the top. Otherwise says
 * why there is none. */
DEFRAG_PRIVATE defrag_status defrag_find_room(defrag_pool *pool, const need_t *need, uint32_t *at);

/* Gathers all free space below each locked block into one hole, or stops at the first hole of so many granules. Each
 * block moves at most once while nothing is locked. */
DEFRAG_PRIVATE void defrag_gather(defrag_pool *pool, uint32_t goal);

#endif
