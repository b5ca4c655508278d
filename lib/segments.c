/* SPDX-License-Identifier: MIT */
#include "segments.h"

static bool is_locked(const defrag_pool *pool, word_t h)
{
    uint32_t locks = locks_in(entry(pool, owner_in(h)));
    return locks != UNLOCKED && locks != IN_FLIGHT;
}

static bool is_reserved(const defrag_pool *pool, uint32_t g)
{
    return pool->flight_slot != 0 && pool->flight_to == g;
}

/* Granules that an over-aligned block may leave unused before it, wherever it slides to. */
static uint32_t slack_of(const defrag_pool *pool, uint32_t g, word_t h)
{
    word_t e = entry(pool, owner_in(h));
    return is_reserved(pool, g) ? 0 : alignment_of(pool, e, size_in(h)) - 1;
}

DEFRAG_PRIVATE bool defrag_next_segment(const defrag_pool *pool, uint32_t slots, segment_t *segment)
{
    uint32_t free = 0;
    uint32_t slack = 0;

    if (segment->end == pool->top) {
        return false;
    }
    uint32_t g = defrag_first_block(pool);
    if (segment->end != 0) {
        g = segment->end + size_in(header(pool, segment->end));
    }
    segment->begin = g;
    for (; g != pool->top; g += size_in(header(pool, g))) {
        word_t h = header(pool, g);
        if ((h & IS_HOLE) != 0 || is_reserved(pool, g)) {
            free += size_in(h);
        } else if (is_locked(pool, h)) {
            break;
        } else {
            slack += slack_of(pool, g, h);
        }
    }
    if (g == pool->top) {
        /* The table may have to take some of it for a new slot. */
        free += limit_with(pool, slots) - g;
        free = free <= pool->bytes ? free : 0;
    }
    segment->end = g;
    segment->free = free > slack ? free - slack : 0;
    return true;
}
