/* SPDX-License-Identifier: MIT */
#include "metadata.h"

#include "pool.h"

static void add(metadata *of, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        of->bytes[of->count++] = (uint32_t)i;
    }
}

static void add_half(metadata *of, size_t word, bool high)
{
    bool second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    size_t from = word + (second ? WORD / 2 : 0);
    add(of, from, from + WORD / 2);
}

static void add_hole(metadata *of, const defrag_block *hole)
{
    size_t last = hole->offset + hole->bytes - WORD;
    of->holes++;
    add(of, hole->offset, hole->offset + WORD);
    if (last > hole->offset) {
        add_half(of, last, true);
    }
}

static void add_block(metadata *of, const defrag_block *block)
{
    if (block->alignment > GRANULE) {
        add_half(of, block->offset + block->bytes - WORD / 2, true);
    }
}

metadata metadata_of(const model *m, uint32_t *bytes)
{
    metadata of = { bytes, 0, 0, false };
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_block block = DEFRAG_BLOCK_INIT;
    (void)defrag_stats(m->pool, &stats);
    size_t top = header_offset(m->pool->top);
    add(&of, 0, stats.control_bytes);
    while (defrag_walk(m->pool, &block) && block.offset < top) {
        size_t header = block.offset - WORD;
        add(&of, header, block.offset);
        if (block.handle != DEFRAG_NO_HANDLE) {
            add_block(&of, &block);
        } else if ((load(m->pool, (uint32_t)header) & IS_HOLE) != 0) {
            add_hole(&of, &block);
        } else {
            of.in_flight = true;
        }
    }
    add(&of, stats.pool_bytes - stats.handles * stats.handle_overhead, stats.pool_bytes);
    return of;
}
