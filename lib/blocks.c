/* SPDX-License-Identifier: MIT */
#include "blocks.h"

DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules)
{
    uint32_t used = pool->used + granules;
    pool->used = (half_t)used;
    if (used > pool->peak_used) {
        set_half(pool, &pool->peak_used, used);
    }
}

/* Takes what lies below `end` out of the hole, or the wilderness, that begins at `at`. */
static void occupy(defrag_pool *pool, uint32_t at, uint32_t end)
{
    if (at == pool->top) {
        raise_top(pool, end);
    } else {
        word_t h = header(pool, at);
        fit_t hole = { at, bin_of(size_in(h)), h, size_in(h) - (end - at) };
        occupy_hole(pool, &hole, end - at);
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
    release(pool, g, granules, header_word);
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
        *high_half(&granule_at(pool, g + granules)->words[LAST - 1]) = (half_t)alignment;
    }
}
