/* SPDX-License-Identifier: MIT */
#include "blocks.h"

DEFRAG_PRIVATE void defrag_add_used(defrag_pool *pool, uint32_t granules)
{
    uint32_t used = pool->used + granules;
    pool->used = (half_t)used;
    if (used > pool->peak_used) {
        defrag_set_half(pool, &pool->peak_used, used);
    }
}

DEFRAG_PRIVATE defrag_status defrag_carve(defrag_pool *pool, uint32_t at, word_t block)
{
    uint32_t end = at + size_in(block);
    if (at == pool->top) {
        pool->top = (half_t)end;
        if (end > pool->high_water) {
            defrag_set_half(pool, &pool->high_water, end);
        }
    } else {
        word_t hole = header(pool, at);
        uint32_t rest = size_in(hole) - size_in(block);
        unlink_hole(pool, at, hole);
        if (rest != 0) {
            link_hole(pool, end, rest);
        } else {
            set_header(pool, end, header(pool, end) & ~HOLE_BEFORE);
        }
    }
    set_header(pool, at, block);
    return DEFRAG_OK;
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

DEFRAG_PRIVATE defrag_status defrag_release(defrag_pool *pool, uint32_t g, uint32_t granules, word_t header_word)
{
    uint32_t end = g + granules;

    if ((header_word & HOLE_BEFORE) != 0) {
        g -= size_before(pool, g);
        unlink_hole(pool, g, header(pool, g));
    }
    if (end == pool->top) {
        pool->top = (half_t)g;
        return DEFRAG_OK;
    }
    word_t behind = header(pool, end);
    if ((behind & IS_HOLE) != 0) {
        unlink_hole(pool, end, behind);
        end += size_in(behind);
    } else {
        set_header(pool, end, behind | HOLE_BEFORE);
    }
    link_hole(pool, g, end - g);
    return DEFRAG_OK;
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
