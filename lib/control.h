/* SPDX-License-Identifier: MIT
 *
 * The control block as a whole: its size, and what the seal covers of it. */
#ifndef DEFRAG_CONTROL_H
#define DEFRAG_CONTROL_H

#include "bins.h"

/* How many bins a pool of so many bytes has: one for each class of hole that can be in it. */
static inline uint32_t defrag_bin_count(uint32_t bytes)
{
    return bin_of(bytes / GRANULE) + 1;
}

static inline uint32_t defrag_control_bytes(uint32_t bytes)
{
    return (uint32_t)(offsetof(defrag_pool, bins) + sizeof(half_t) * defrag_bin_count(bytes));
}

/* The largest request that fits when the table has only the slots set aside, or the one that it needs; 0 if even these
 * do not fit. Reads nothing of the pool but its size. */
DEFRAG_PRIVATE uint32_t defrag_capacity(const defrag_pool *pool, uint32_t reserved_slots);

/* The observer's share in the seal. */
DEFRAG_PRIVATE word_t defrag_observer_seal(const defrag_pool *pool);

/* The share of the whole control block. */
DEFRAG_PRIVATE word_t defrag_control_seal(const defrag_pool *pool);

#endif
