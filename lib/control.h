/* SPDX-License-Identifier: MIT
 *
 * The control block as a whole: its size, and what the seal covers of it. */
#ifndef DEFRAG_CONTROL_H
#define DEFRAG_CONTROL_H

#include "pool.h"

/* Where the unused bytes of the control block of a pool of so many bytes begin. */
DEFRAG_PRIVATE uint32_t defrag_control_bytes(uint32_t bytes);

/* The largest request that fits when the table has only the slots set aside, or the one that it needs; 0 if even these
 * do not fit, or are too many. */
DEFRAG_PRIVATE uint32_t defrag_capacity(uint32_t bytes, uint32_t reserved_slots);

/* What vouches in the identity for the observer. */
DEFRAG_PRIVATE uint32_t defrag_mark_of(const defrag_pool *pool);

/* The share in the seal of the control block's fields from one on. */
DEFRAG_PRIVATE word_t defrag_seal_from(const defrag_pool *pool, uint32_t offset);

#endif
