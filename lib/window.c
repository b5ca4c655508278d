/* SPDX-License-Identifier: MIT
 *
 * Where sliding alone makes room with the fewest bytes moved. One pass over the arena with two ends: the upper takes in
 * holes and blocks, the lower gives them up while the rest suffices, which the wilderness alone does not: it was looked at
 * before. */
#include "move.h"
#include "room.h"

DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t slots)
{
    uint32_t best = 0;
    uint32_t fewest = UINT32_MAX;
    uint32_t low = defrag_first_block(pool);
    uint32_t free = 0;  /* granules of the holes from `low` to g */
    uint32_t moves = 0; /* and of the blocks */

    for (uint32_t g = low;;) {
        bool at_top = g == pool->top;
        word_t h = at_top ? (word_t)defrag_wilderness(pool, slots) << 1 | IS_HOLE : header(pool, g);
        g += size_in(h);
        if ((h & IS_HOLE) != 0) {
            free += size_in(h);
        } else if (is_movable(pool, h)) {
            moves += size_in(h);
        } else {
            low = g;
            free = 0;
            moves = 0;
        }
        for (; free >= goal; low += size_in(h)) {
            h = header(pool, low);
            if ((h & IS_HOLE) == 0) {
                moves -= size_in(h);
                continue;
            }
            if (moves < fewest) {
                best = low;
                fewest = moves;
            }
            free -= size_in(h);
        }
        if (at_top) {
            return best;
        }
    }
}
