/* SPDX-License-Identifier: MIT */
#include "segments.h"

DEFRAG_PRIVATE bool defrag_next_segment(const defrag_pool *pool, uint32_t slots, segment_t *segment)
{
    uint32_t g = segment->end;
    if (g >= pool->top) {
        return false;
    }
    g = g != 0 ? end_of(pool, g) : defrag_first_block(pool);
    segment->begin = g;
    int32_t free = 0;
    for (; g < pool->top; g = end_of(pool, g)) {
        word_t h = sound_header(pool, g);
        if ((h & IS_HOLE) != 0 || g == pool->flight_to) {
            free += (int32_t)size_in(h);
            continue;
        }
        uint32_t slot = owner_in(h);
        uint32_t locks = slot < pool->slots ? locks_in(entry(pool, slot)) : EXCLUSIVE;
        if (locks != UNLOCKED && locks != IN_FLIGHT) {
            break;
        }
        /* An over-aligned block may leave so much unused before it, wherever it slides to. */
        free -= (int32_t)defrag_alignment_at(pool, g) - 1;
    }
    segment->end = g;
    if (g >= pool->top) {
        /* The table may have to take some of the wilderness for a new slot, or more than there is of it. */
        int32_t wilderness = defrag_wilderness(pool, slots);
        free += wilderness;
        g += (uint32_t)wilderness;
    }
    segment->width = g - segment->begin;
    segment->free = free > 0 ? (uint32_t)free : 0;
    return true;
}
