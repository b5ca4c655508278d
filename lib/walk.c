/* SPDX-License-Identifier: MIT */
#include "handles.h"
#include "versioned.h"

/* Where the walk goes on behind what it showed last; 0 if that makes no sense. */
static uint32_t next_place(const defrag_pool *pool, size_t offset)
{
    uint32_t first = defrag_first_block(pool);
    if (offset == 0) {
        return first;
    }
    size_t shown = offset / GRANULE - 1;
    if (offset % GRANULE != 0 || shown < first || shown >= pool->top) {
        return 0;
    }
    return (uint32_t)shown + size_at(pool, (uint32_t)shown);
}

DEFRAG_API bool defrag_walk(const defrag_pool *pool, defrag_block *block)
{
    defrag_block known;
    if (block == NULL || defrag_ready_to_look(pool) != DEFRAG_OK || !defrag_read_struct(&known, block, sizeof known)) {
        return false;
    }
    uint32_t g = next_place(pool, known.offset);
    uint32_t top = pool->top;
    if (g == 0 || g > top) {
        return false;
    }
    word_t h = header(pool, g);
    uint32_t granules = g == top ? (uint32_t)defrag_wilderness(pool, pool->slots) : size_in(h);
    if (granules == 0 || (g != top && granules > top - g)) {
        return false;
    }
    known = (defrag_block){ sizeof known, 0, usable_offset(g), usable_bytes(granules), GRANULE, 0, 0, 0 };
    uint32_t slot = owner_in(h);
    if (g != top && (h & IS_HOLE) == 0 && slot < pool->slots && index_in(entry(pool, slot)) == g) {
        word_t e = entry(pool, slot);
        uint32_t locks = locks_in(e);
        known.handle = handle_of(pool, slot, e);
        known.bytes = defrag_usable_of(pool, slot);
        known.alignment = GRANULE * defrag_alignment_at(pool, g);
        known.exclusive = locks == EXCLUSIVE;
        known.locks = locks == EXCLUSIVE ? 1 : locks == IN_FLIGHT ? 0 : locks;
    }
    defrag_write_struct(block, &known, sizeof known);
    return true;
}
