/* SPDX-License-Identifier: MIT
 *
 * Carving blocks out of free space, and merging them back. */
#ifndef DEFRAG_BLOCKS_H
#define DEFRAG_BLOCKS_H

#include "bins.h"

/* Counts granules as used by a live block. */
DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules);

INLINE void link_quickly(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    if (SMALL_CORE) {
        defrag_link_hole(pool, g, granules);
    } else {
        link_hole(pool, g, granules);
    }
}

INLINE void unlink_quickly(defrag_pool *pool, uint32_t g, word_t hole_header)
{
    if (SMALL_CORE) {
        defrag_unlink_hole(pool, g, hole_header);
    } else {
        unlink_hole(pool, g, hole_header);
    }
}

/* Turns the upper part of what was a hole into a smaller one, if there is a rest. */
INLINE void link_rest(defrag_pool *pool, uint32_t end, uint32_t rest)
{
    if (rest != 0) {
        link_quickly(pool, end, rest);
    } else {
        set_header(pool, end, header(pool, end) & ~HOLE_BEFORE);
    }
}

INLINE void raise_top(defrag_pool *pool, uint32_t top)
{
    pool->top = (half_t)top;
    if (top > pool->high_water) {
        set_half(pool, &pool->high_water, top);
    }
}

/* Takes as many granules as this header says from the hole at `at`, or from the wilderness if `at` is its beginning, and
 * writes the header; the caller knows that they suffice. */
DEFRAG_PRIVATE void defrag_carve(defrag_pool *pool, uint32_t at, word_t block);

/* The same, but as low as the alignment allows. Returns the block's index.
 *
 *   | hole                          |        | hole | block      | hole     |
 *   at                                       at     aligned      + granules            */
DEFRAG_PRIVATE uint32_t defrag_take(defrag_pool *pool, uint32_t at, uint32_t granules, uint32_t alignment,
                                    uint32_t owner);

/* Where the hole before g begins, if this header of g tells of one, else g. */
INLINE uint32_t hole_before(const defrag_pool *pool, uint32_t g, word_t header_word)
{
    if ((header_word & HOLE_BEFORE) != 0) {
        uint32_t before = g - size_before(pool, g);
        if (before - LEAST_PLACE < g - LEAST_PLACE) {
            return before;
        }
    }
    return g;
}

/* Makes granules free and merges them with the holes beside them, or with the wilderness. `header_word` is the header of
 * what was there: it tells whether a hole is before. Returns OK. */
INLINE defrag_status release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word)
{
    uint32_t end = g + granules;
    uint32_t above = pool->top - end;

    if ((header_word & HOLE_BEFORE) != 0 && size_before(pool, g) < g) {
        g -= size_before(pool, g);
        unlink_quickly(pool, g, header(pool, g));
    }
    if (above == 0) {
        pool->top = (half_t)g;
        return DEFRAG_OK;
    }
    word_t behind = header(pool, end);
    if ((behind & IS_HOLE) != 0 && size_in(behind) - 1 < above) {
        unlink_quickly(pool, end, behind);
        end += size_in(behind);
    } else {
        set_header(pool, end, behind | HOLE_BEFORE);
    }
    link_quickly(pool, g, end - g);
    return DEFRAG_OK;
}
DEFRAG_PRIVATE void defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word);

/* Lets block g grow to so many granules by taking the hole or the wilderness behind it, which must suffice, and counts
 * them as used. */
DEFRAG_PRIVATE void defrag_extend(defrag_pool *pool, uint32_t g, uint32_t granules);

/* Writes a block's alignment, unless it is 1 granule, into its last half. */
DEFRAG_PRIVATE void defrag_set_alignment(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment);

#endif
