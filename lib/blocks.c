/* SPDX-License-Identifier: MIT */
#include "blocks.h"

DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules)
{
    pool->in_use += granules;
    if (borrowed(pool->in_use, pool->peak) != 0) {
        defrag_note_peaks(pool);
    }
}

DEFRAG_PRIVATE void defrag_carve(defrag_pool *pool, uint32_t at, word_t block)
{
    uint32_t end = at + size_in(block);
    if (at != pool->top) {
        word_t hole = header(pool, at);
        unlink_quickly(pool, at, hole);
        link_rest(pool, end, size_in(hole) - size_in(block));
    } else {
        raise_top(pool, end);
    }
    set_header(pool, at, block);
}

DEFRAG_PRIVATE uint32_t defrag_take(defrag_pool *pool, uint32_t at, uint32_t granules, uint32_t alignment,
                                    uint32_t owner)
{
    uint32_t below = padding(pool, at, alignment);
    word_t block = block_header(owner, granules);

    defrag_carve(pool, at, block + block_header(0, below));
    if (below != 0) {
        defrag_link_hole(pool, at, below);
        set_header(pool, at + below, block | HOLE_BEFORE);
    }
    return at + below;
}

DEFRAG_PRIVATE void defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word)
{
    release(pool, g, granules, header_word);
}

DEFRAG_PRIVATE void defrag_extend(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    word_t block = header(pool, g);
    uint32_t more = granules - size_in(block);

    defrag_carve(pool, g + size_in(block), block_header(0, more));
    set_header(pool, g, block + block_header(0, more));
    defrag_add_used(pool, more);
}

DEFRAG_PRIVATE void defrag_set_alignment(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment)
{
    if (alignment > 1) {
        *high_half(&granule_at(pool, g + granules)->words[LAST - 1]) = (half_t)alignment;
    }
}
