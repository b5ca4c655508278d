/* SPDX-License-Identifier: MIT
 *
 * Carving blocks out of free space, and merging them back. */
#ifndef DEFRAG_BLOCKS_H
#define DEFRAG_BLOCKS_H

#include "bins.h"

/* The free granules, were all of them gathered, if the table had so many slots. */
static inline uint32_t free_with(const defrag_pool *pool, uint32_t slots)
{
    uint32_t limit = limit_with(pool, slots);
    uint32_t taken = defrag_first_block(pool) + pool->used;
    return limit > taken ? limit - taken : 0;
}

/* Counts granules as used by a live block, or no longer so. */
DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules);

static inline void subtract_used(defrag_pool *pool, uint32_t granules)
{
    pool->used = (half_t)(pool->used - granules);
}

/* Moves the top up. */
INLINE void raise_top(defrag_pool *pool, uint32_t top)
{
    pool->top = (half_t)top;
    if (top > pool->high_water) {
        set_half(pool, &pool->high_water, top);
    }
}

/* Takes the lower granules of a hole; the rest of it stays one. */
INLINE void occupy_hole(defrag_pool *pool, const fit_t *hole, uint32_t granules)
{
    uint32_t end = hole->at + granules;
    uint32_t previous = previous_hole(pool, hole->at);

    if (previous == 0) {
        unlink_first(pool, hole->header, hole->bin);
    } else {
        unlink_later(pool, hole->header, previous);
    }
    if (hole->rest == 0) {
        set_header(pool, end, header(pool, end) & ~HOLE_BEFORE);
    } else {
        link_hole(pool, end, hole->rest, bin_of(hole->rest));
    }
}

/* Takes granules for `owner` from the hole at `at`, or from the wilderness if `at` is its beginning, as low as the
 * alignment allows; the caller knows that they suffice. Returns the block's index.
 *
 *   | hole                          |        | hole | block      | hole     |
 *   at                                       at     aligned      + granules            */
DEFRAG_PRIVATE uint32_t defrag_take(defrag_pool *pool, uint32_t at, uint32_t granules, uint32_t alignment,
                                    uint32_t owner);

/* Makes granules free and merges them with the holes beside them, or with the wilderness. `header_word` is the header of
 * what was there: it tells whether a hole is before. */
INLINE void release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word)
{
    uint32_t end = g + granules;
    uint32_t top = pool->top;

    if ((header_word & HOLE_BEFORE) != 0) {
        g -= size_before(pool, g);
        unlink_hole(pool, g, header(pool, g));
    }
    if (end == top) {
        pool->top = (half_t)g;
        return;
    }
    word_t behind = header(pool, end);
    if ((behind & IS_HOLE) != 0) {
        unlink_hole(pool, end, behind);
        end += size_in(behind);
    } else {
        set_header(pool, end, behind | HOLE_BEFORE);
    }
    link_hole(pool, g, end - g, bin_of(end - g));
}
DEFRAG_PRIVATE void defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word);

/* Lets block g grow to so many granules by taking the hole or the wilderness behind it, which must suffice, and counts
 * them as used. */
DEFRAG_PRIVATE void defrag_extend(defrag_pool *pool, uint32_t g, uint32_t granules);

/* Writes a block's alignment, unless it is 1 granule, into its last half. */
DEFRAG_PRIVATE void defrag_set_alignment(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment);

#endif
