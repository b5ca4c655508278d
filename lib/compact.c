/* SPDX-License-Identifier: MIT
 *
 * Moving everything: the lowest hole is pushed up through all blocks, collecting every hole on its way. Where a lock stops
 * it, it stays, and later blocks that fit it are moved down into it. */
#include "flight.h"
#include "move.h"
#include "room.h"

DEFRAG_PRIVATE void defrag_gather(defrag_pool *pool, uint32_t from, uint32_t goal)
{
    uint32_t end = SLIDE_ONLY; /* as long as no hole was left below */
    uint32_t g = from;

    while (g < pool->top) {
        word_t h = sound_header(pool, g);
        if ((h & IS_HOLE) != 0) {
            if (size_in(h) >= goal) {
                return;
            }
            uint32_t to = defrag_plan_push(pool, g, end);
            if (to != 0) {
                /* While none was left, blocks slide as far as they can at once. */
                uint32_t hole = defrag_push(pool, g, to, end == SLIDE_ONLY);
                end = (header(pool, g) & IS_HOLE) != 0 && hole != g ? TOP_OF_ALL : end;
                /* Each push takes the hole's end up; if not it has melted away, or the pool is damaged. */
                uint32_t behind = hole < pool->top ? end_of(pool, hole) : 0;
                if (!GUARDED && behind <= g + size_in(h)) {
                    return;
                }
                g = hole;
                continue;
            }
            end = TOP_OF_ALL;
        }
        g += size_in(h);
    }
}

DEFRAG_API defrag_status defrag_compact(defrag_pool *pool)
{
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        defrag_cancel_flight(pool);
        defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);
    }
    return status;
}
