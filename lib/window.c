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
    word_t h;
    word_t lowest;

    for (uint32_t g = low;; g += size_in(h)) {
        bool at_top = g >= pool->top;
        h = at_top ? (word_t)defrag_wilderness(pool, slots) << 1 | IS_HOLE : sound_header(pool, g);
        if ((h & IS_HOLE) != 0) {
            free += size_in(h);
        } else if (is_movable(pool, h)) {
            moves += size_in(h);
        } else {
            low = g + size_in(h);
            free = 0;
            moves = 0;
        }
        for (; free >= goal; low += size_in(lowest)) {
            lowest = sound_header(pool, low);
            if ((lowest & IS_HOLE) == 0) {
                moves -= size_in(lowest);
                continue;
            }
            if (moves < fewest) {
                best = low;
                fewest = moves;
            }
            free -= size_in(lowest);
        }
        if (at_top) {
            return best;
        }
    }
}
