/* SPDX-License-Identifier: MIT */
#include "handles.h"
#include "versioned.h"

static void describe_hole(defrag_block *block, uint32_t g, uint32_t granules)
{
    block->offset = usable_offset(g);
    block->bytes = usable_bytes(granules);
    block->alignment = GRANULE;
}

static void describe_block(const defrag_pool *pool, defrag_block *block, uint32_t g, uint32_t slot)
{
    word_t e = entry(pool, slot);
    uint32_t locks = locks_in(e);

    describe_hole(block, g, size_in(header(pool, g)));
    block->handle = handle_of(pool, slot, e);
    block->bytes = usable_bytes_of(pool, e);
    block->alignment = GRANULE * alignment_of(pool, e, size_in(header(pool, g)));
    block->exclusive = locks == EXCLUSIVE;
    block->locks = locks == EXCLUSIVE ? 1 : locks == IN_FLIGHT ? 0 : locks;
}

/* Where the walk goes on behind what it showed last; 0 at the end, or if what is there makes no sense. */
static uint32_t next_place(const defrag_pool *pool, size_t offset)
{
    uint32_t g = defrag_first_block(pool);
    if (offset != 0) {
        size_t shown = offset / GRANULE - 1;
        if (offset % GRANULE != 0 || shown < g || shown >= pool->top) {
            return 0;
        }
        g = (uint32_t)shown;
        g += size_in(header(pool, g));
    }
    if (g == pool->top) {
        return g < limit_with(pool, pool->slots) ? g : 0;
    }
    uint32_t granules = g < pool->top ? size_in(header(pool, g)) : 0;
    return granules != 0 && granules <= pool->top - g ? g : 0;
}

DEFRAG_API bool defrag_walk(const defrag_pool *pool, defrag_block *block)
{
    defrag_block known;
    if (block == NULL || !is_readable(pool) || !defrag_read_struct(&known, block, sizeof known)) {
        return false;
    }
    uint32_t g = next_place(pool, known.offset);
    if (g == 0) {
        return false;
    }
    known = (defrag_block){ sizeof known, 0, 0, 0, 0, 0, 0, 0 };
    if (g == pool->top) {
        describe_hole(&known, g, limit_with(pool, pool->slots) - g);
    } else {
        word_t h = header(pool, g);
        uint32_t slot = owner_in(h);
        bool is_block = (h & IS_HOLE) == 0 && slot < pool->slots && index_in(entry(pool, slot)) == g;
        if (is_block) {
            describe_block(pool, &known, g, slot);
        } else {
            describe_hole(&known, g, size_in(h));
        }
    }
    defrag_write_struct(block, &known, sizeof known);
    return true;
}
