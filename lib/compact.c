/* SPDX-License-Identifier: MIT
 *
 * Moving everything: the lowest hole is pushed up through all blocks, collecting every hole on its way. Where a lock stops
 * it, it stays, and later blocks that fit it are moved down into it. */
#include "bins.h"
#include "flight.h"
#include "move.h"
#include "room.h"

/* Plans to get the block behind a hole down: into a hole left below, else by sliding. */
static bool plan_down(const defrag_pool *pool, uint32_t hole, bool holes_left, move_t *move)
{
    uint32_t from = hole + size_in(header(pool, hole));
    word_t block = header(pool, from);
    if (!is_movable(pool, block)) {
        return false;
    }
    uint32_t granules = size_in(block);
    uint32_t alignment = alignment_of(pool, entry(pool, owner_in(block)), granules);
    search_t search = { granules, alignment, MOVE_TRIES, hole, TOP_OF_ALL };
    uint32_t to = holes_left ? defrag_find_hole(pool, &search) : 0;
    bool slides = to == 0;
    if (slides) {
        to = hole + padding(pool, hole, alignment);
    }
    *move = (move_t){ hole, from, granules, to, slides };
    return to != from;
}

DEFRAG_PRIVATE void defrag_gather(defrag_pool *pool, uint32_t from, uint32_t goal)
{
    bool holes_left = false;
    uint32_t g = from;

    while (g != pool->top) {
        word_t h = header(pool, g);
        move_t move;
        if ((h & IS_HOLE) == 0) {
            g += size_in(h);
        } else if (size_in(h) >= goal) {
            return;
        } else if (plan_down(pool, g, holes_left, &move)) {
            holes_left = holes_left || (move.slides && move.to != g);
            g = defrag_push(pool, &move);
        } else {
            holes_left = true;
            g += size_in(h);
        }
    }
}

DEFRAG_API defrag_status defrag_compact(defrag_pool *pool)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    defrag_cancel_flight(pool);
    defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);
    return DEFRAG_OK;
}
