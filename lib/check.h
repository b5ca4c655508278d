/* SPDX-License-Identifier: MIT
 *
 * The invariants of a pool, in the order in which they are checked; DESIGN.md explains them. */
#ifndef DEFRAG_CHECK_H
#define DEFRAG_CHECK_H

#include "pool.h"

enum {
    INTACT = 0,
    CONTROL_BLOCK = 1,
    TILING = 2,
    HOLES_APART = 3,
    HOLE_BEFORE_BIT = 4,
    HOLE_SIZES = 5,
    LISTS = 6,
    BIN_MAP = 7,
    OWNERS = 8,
    LIVE_COUNT = 9,
    USED_COUNT = 10,
    FREE_SLOTS = 11,
    ALIGNMENTS = 12,
    MISALIGNED = 13,
    FLIGHT = 14,
    SEAL = 15
};

/* The first invariant broken, or INTACT, of a pool whose identity is right. */
DEFRAG_PRIVATE int32_t defrag_broken_invariant(const defrag_pool *pool);

#endif
