/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include "bins.h"

DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules)
{
    uint32_t used = pool->used + granules;
    pool->used = (half_t)used;
    if (used > pool->peak_used) {
        set_half(pool, &pool->peak_used, used);
    }
}

static void raise_top(defrag_pool *pool, uint32_t top)
{
    pool->top = (half_t)top;
    if (top > pool->high_water) {
        set_half(pool, &pool->high_water, top);
    }
}

/* Takes what lies below `end` out of the hole, or the wilderness, that begins at `at`; the rest of the hole stays one. */
static void occupy(defrag_pool *pool, uint32_t at, uint32_t end)
{
    if (at == pool->top) {
        raise_top(pool, end);
        return;
    }
    word_t hole = header(pool, at);
    uint32_t hole_end = at + size_in(hole);
    defrag_unlink_hole(pool, at, hole);
    if (end != hole_end) {
        defrag_link_hole(pool, end, hole_end - end);
    } else {
        set_header(pool, end, header(pool, end) & ~HOLE_BEFORE);
    }
}

DEFRAG_PRIVATE uint32_t defrag_take(defrag_pool *pool, uint32_t at, uint32_t granules, uint32_t alignment,
                                    uint32_t owner)
{
    uint32_t g = at + padding(pool, at, alignment);
    word_t hole_before = 0;

    occupy(pool, at, g + granules);
    if (g != at) {
        defrag_link_hole(pool, at, g - at);
        hole_before = HOLE_BEFORE;
    }
    set_header(pool, g, block_header(owner, granules) | hole_before);
    return g;
}

DEFRAG_PRIVATE void defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word)
{
    uint32_t end = g + granules;

    if ((header_word & HOLE_BEFORE) != 0) {
        g -= size_before(pool, g);
        defrag_unlink_hole(pool, g, header(pool, g));
    }
    if (end == pool->top) {
        pool->top = (half_t)g;
        return;
    }
    word_t behind = header(pool, end);
    if ((behind & IS_HOLE) != 0) {
        defrag_unlink_hole(pool, end, behind);
        end += size_in(behind);
    } else {
        set_header(pool, end, behind | HOLE_BEFORE);
    }
    defrag_link_hole(pool, g, end - g);
}

DEFRAG_PRIVATE void defrag_extend(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    word_t h = header(pool, g);
    occupy(pool, g + size_in(h), g + granules);
    set_header(pool, g, block_header(owner_in(h), granules) | (h & HOLE_BEFORE));
    defrag_add_used(pool, granules - size_in(h));
}

DEFRAG_PRIVATE void defrag_set_alignment(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment)
{
    if (alignment > 1) {
        uint32_t last = header_offset(g + granules) - WORD;
        store(pool, last, (load(pool, last) & HALF_MASK) | (word_t)alignment << HALF_BITS);
    }
}
