/* SPDX-License-Identifier: MIT
 *
 * Carving blocks out of free space, and merging them back. */
#ifndef DEFRAG_BLOCKS_H
#define DEFRAG_BLOCKS_H

#include "bins.h"

/* Counts granules as used by a live block. */
DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules);

/* Takes as many granules as this header says from the hole at `at`, or from the wilderness if `at` is its beginning, and
 * writes the header; the caller knows that they suffice. Returns OK. */
DEFRAG_PRIVATE defrag_status defrag_carve(defrag_pool *pool, uint32_t at, word_t block);

/* The same, but as low as the alignment allows. Returns the block's index.
 *
 *   | hole                          |        | hole | block      | hole     |
 *   at                                       at     aligned      + granules            */
DEFRAG_PRIVATE uint32_t defrag_take(defrag_pool *pool, uint32_t at, uint32_t granules, uint32_t alignment,
                                    uint32_t owner);

/* Makes granules free and merges them with the holes beside them, or with the wilderness. `header_word` is the header of
 * what was there: it tells whether a hole is before. Returns OK. */
DEFRAG_PRIVATE defrag_status defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word);

/* Lets block g grow to so many granules by taking the hole or the wilderness behind it, which must suffice, and counts
 * them as used. */
DEFRAG_PRIVATE void defrag_extend(defrag_pool *pool, uint32_t g, uint32_t granules);

/* Writes a block's alignment, unless it is 1 granule, into its last half. */
DEFRAG_PRIVATE void defrag_set_alignment(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment);

#endif
