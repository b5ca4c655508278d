/* SPDX-License-Identifier: MIT
 *
 * Where sliding alone makes room with the fewest bytes moved. One pass over the arena with two ends: the upper takes in
 * holes and blocks, the lower gives them up while the rest suffices, which the wilderness alone does not: it was looked at
 * before. */
#include "move.h"
#include "room.h"

typedef struct {
    uint32_t low;
    uint32_t free;  /* granules of the holes from `low` on */
    uint32_t moves; /* and of the blocks */
    uint32_t best;
    uint32_t fewest; /* moves of the best */
} window_t;

/* Lets the lower end go up while what is left suffices. */
INLINE void narrow(const defrag_pool *pool, window_t *w, uint32_t goal)
{
    word_t h;
    for (; w->free >= goal; w->low += size_in(h)) {
        h = header(pool, w->low);
        if ((h & IS_HOLE) == 0) {
            w->moves -= size_in(h);
            continue;
        }
        if (w->moves < w->fewest) {
            w->best = w->low;
            w->fewest = w->moves;
        }
        w->free -= size_in(h);
    }
}

DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t slots)
{
    window_t w = { defrag_first_block(pool), 0, 0, 0, UINT32_MAX };
    uint32_t granules;

    for (uint32_t g = w.low; g < pool->top; g += granules) {
        word_t h = header(pool, g);
        granules = size_in(h);
        if (granules == 0) {
            return w.best; /* damage alone makes it 0, or so large that it reaches beyond the top */
        }
        if ((h & IS_HOLE) != 0) {
            w.free += granules;
            narrow(pool, &w, goal);
        } else if (is_movable(pool, h)) {
            w.moves += granules;
        } else {
            w.low = g + granules;
            w.free = 0;
            w.moves = 0;
        }
    }
    w.free += (uint32_t)defrag_wilderness(pool, slots);
    narrow(pool, &w, goal);
    return w.best;
}
