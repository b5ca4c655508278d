/* SPDX-License-Identifier: MIT
 *
 * The last resort when locks keep the free space apart: empties a segment, the stretch between two locked blocks, by
 * evacuating its blocks to holes in other segments. */
#include "bins.h"
#include "handles.h"
#include "move.h"
#include "room.h"
#include "segments.h"

/* How many segments are tried, those with the most free space first. */
enum { SEGMENTS_TRIED = 8 };

/* A hole outside the segment that block g fits, or the top, or 0; others may have made the table grow meanwhile. */
APART static uint32_t place_outside(const defrag_pool *pool, const segment_t *segment, uint32_t g, uint32_t more)
{
    uint32_t to = defrag_find_home(pool, size_at(pool, g), alignment_at(pool, g), segment->begin, segment->end);
    if (to != 0 || segment->end == pool->top) {
        return to;
    }
    uint32_t needed = padding(pool, pool->top, defrag_alignment_at(pool, g)) + size_at(pool, g);
    return (int32_t)needed <= defrag_wilderness(pool, slots_for(pool, more)) ? pool->top : 0;
}

/* Evacuates blocks until the goal can be gathered; false if too few find a place. */
static bool evacuate_segment(defrag_pool *pool, const segment_t *segment, uint32_t goal, uint32_t more)
{
    uint32_t free = segment->free;
    uint32_t next;
    for (uint32_t g = segment->begin; free < goal && g < segment->end && g < pool->top; g = next) {
        word_t h = sound_header(pool, g);
        next = g + size_in(h);
        bool stays = (h & IS_HOLE) != 0 || !is_movable(pool, h); /* locked meanwhile, or damaged */
        uint32_t to = stays ? 0 : place_outside(pool, segment, g, more);
        if (to != 0) {
            next = defrag_evacuate(pool, g, to, size_in(h));
            next = next < pool->top ? end_of(pool, next) : next;
            free += size_in(h);
        }
    }
    return free >= goal;
}

/* Finds the segment with the most free space, but less than `below`; its free space is 0 if there is none. */
APART static void find_roomiest(const defrag_pool *pool, uint32_t goal, uint32_t more, uint32_t below, segment_t *best)
{
    segment_t segment = { 0, 0, 0, 0 };
    uint32_t slots = slots_for(pool, more);
    best->free = 0;
    while (defrag_next_segment(pool, slots, &segment)) {
        if (segment.width >= goal && segment.free < below && segment.free > best->free) {
            *best = segment;
        }
    }
}

DEFRAG_PRIVATE uint32_t defrag_clear_between_locks(defrag_pool *pool, uint32_t goal, uint32_t more)
{
    uint32_t below = UINT32_MAX;
    for (uint32_t tried = 0; tried < SEGMENTS_TRIED; tried++) {
        segment_t best;
        find_roomiest(pool, goal, more, below, &best);
        if (best.free == 0) {
            break;
        }
        if (evacuate_segment(pool, &best, goal, more)) {
            /* Where the segment begins no block may begin any more. */
            uint32_t g = defrag_first_block(pool);
            while (g < best.begin && g < pool->top) {
                g = end_of(pool, g);
            }
            return g;
        }
        below = best.free;
    }
    return pool->top;
}
