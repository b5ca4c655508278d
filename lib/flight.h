/* SPDX-License-Identifier: MIT
 *
 * Flights: copies that take several steps. The destination is reserved like a block, the source stays the truth until the
 * table entry is stored, and the owner's lock field says IN_FLIGHT meanwhile, which keeps every mover away and sends the
 * block's user through cancel. */
#ifndef DEFRAG_FLIGHT_H
#define DEFRAG_FLIGHT_H

#include "move.h"

static inline bool in_flight(const defrag_pool *pool)
{
    return pool->flight_slot != 0;
}

/* Whether the place of a planned move does not overlap the block's old one. */
static inline bool can_fly(const move_t *move)
{
    return !move->slides || move->from - move->to >= move->granules;
}

/* Reserves the destination of a planned move. */
DEFRAG_PRIVATE void defrag_begin_flight(defrag_pool *pool, const move_t *move);

/* Copies at most so many granules, and commits the move when all are copied. Returns how many were copied. */
DEFRAG_PRIVATE uint32_t defrag_continue_flight(defrag_pool *pool, uint32_t granules);

/* Abandons the flight, if there is one. O(1). */
DEFRAG_PRIVATE void defrag_cancel_flight(defrag_pool *pool);

#endif
