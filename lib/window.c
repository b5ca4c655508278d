/* SPDX-License-Identifier: MIT
 *
 * Where sliding alone makes room with the fewest bytes moved. One pass over the arena with two ends: the upper takes in
 * holes and blocks, the lower gives them up while the rest suffices. */
#include "move.h"
#include "room.h"

DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t slots)
{
    uint32_t best = 0;
    uint32_t fewest = UINT32_MAX;
    uint32_t low = defrag_first_block(pool);
    uint32_t free = 0;  /* granules of the holes from `low` to g */
    uint32_t moves = 0; /* and of the blocks */

    for (uint32_t g = low; free < goal;) {
        bool at_top = g == pool->top;
        word_t h = header(pool, g);
        uint32_t granules = at_top ? (uint32_t)defrag_wilderness(pool, slots) : size_in(h);
        g += granules;
        if (at_top || (h & IS_HOLE) != 0) {
            free += granules;
        } else if (defrag_is_movable(pool, h)) {
            moves += granules;
        } else {
            low = g;
            free = 0;
            moves = 0;
        }
        while (free >= goal && low != pool->top) {
            uint32_t lowest = size_in(header(pool, low));
            if ((header(pool, low) & IS_HOLE) == 0) {
                moves -= lowest;
            } else {
                if (moves < fewest) {
                    best = low;
                    fewest = moves;
                }
                free -= lowest;
            }
            low += lowest;
        }
        if (at_top) {
            break;
        }
    }
    return best;
}
