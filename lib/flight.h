/* SPDX-License-Identifier: MIT
 *
 * Flights: copies that take several steps. The destination is reserved like a block, the source stays the truth until the
 * table entry is stored, and the owner's lock field says IN_FLIGHT meanwhile, which keeps every mover away and sends the
 * block's user through cancel. */
#ifndef DEFRAG_FLIGHT_H
#define DEFRAG_FLIGHT_H

#include "pool.h"

/* Whether a flight is under way whose record is not damaged. */
DEFRAG_PRIVATE bool defrag_in_flight(const defrag_pool *pool);

/* Whether the block of a slot with this lock field is being moved by a call that has let others in: it is locked to them. */
INLINE bool is_on_its_way(const defrag_pool *pool, uint32_t slot, uint32_t state)
{
    return GUARDED && state == IN_FLIGHT && pool->flight_slot != slot + 1;
}

/* Reserves the destination of the block behind a hole, which is in the hole at `at`, be that the same one; its place must
 * not overlap the old one. */
DEFRAG_PRIVATE void defrag_begin_flight(defrag_pool *pool, uint32_t from, uint32_t at);

/* Copies at most so many granules, 1 or more, and commits the move when all are copied. Returns how many were copied. */
DEFRAG_PRIVATE uint32_t defrag_continue_flight(defrag_pool *pool, uint32_t granules);

/* Abandons the flight, if there is one. O(1). */
DEFRAG_PRIVATE void defrag_cancel_flight(defrag_pool *pool);

#endif
