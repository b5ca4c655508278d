/* SPDX-License-Identifier: MIT
 *
 * Moving blocks for no other reason than that they may be moved. */
#include "stress.h"

#ifdef DEFRAG_STRESS

#include "bins.h"
#include "flight.h"
#include "handles.h"
#include "move.h"
#include "room.h"

/* A hole for the block at g, or the top, or 0. The wilderness keeps a granule for handle slots. */
static uint32_t other_place(const defrag_pool *pool, uint32_t g)
{
    uint32_t to = defrag_find_home(pool, size_at(pool, g), alignment_at(pool, g), 0, 0);
    if (to != 0) {
        return to;
    }
    uint32_t needed = padding(pool, pool->top, defrag_alignment_at(pool, g)) + size_at(pool, g) + 1;
    return (int32_t)needed <= defrag_wilderness(pool, pool->slots) ? pool->top : 0;
}

/* What the statistics say of moving: it stays as it would be without stress. */
typedef struct {
    uint32_t counters[4];
} moved_t;

static moved_t moved_so_far(const defrag_pool *pool)
{
    return (moved_t){ { pool->moved_blocks[0], pool->moved_blocks[1], pool->moved_bytes[0], pool->moved_bytes[1] } };
}

static void set_moved(defrag_pool *pool, moved_t moved)
{
    defrag_set_u32(pool, &pool->moved_blocks[0], moved.counters[0]);
    defrag_set_u32(pool, &pool->moved_blocks[1], moved.counters[1]);
    defrag_set_u32(pool, &pool->moved_bytes[0], moved.counters[2]);
    defrag_set_u32(pool, &pool->moved_bytes[1], moved.counters[3]);
}

static void move_one(defrag_pool *pool, defrag_handle handle)
{
    named_t block = find_named(pool, handle);
    uint32_t g = index_in(block.e);
    uint32_t to = block.state == UNLOCKED && !defrag_has_open_call(pool) ? other_place(pool, g) : 0;
    if (to != 0) {
        moved_t moved = moved_so_far(pool);
        defrag_evacuate(pool, g, to, size_at(pool, g));
        set_moved(pool, moved);
    }
}

/* The lowest block of each stretch between two locked ones goes elsewhere; gathering then slides all others down. */
static void move_all(defrag_pool *pool)
{
    if (defrag_has_open_call(pool)) {
        return;
    }
    moved_t moved = moved_so_far(pool);
    bool lowest = true;
    defrag_cancel_flight(pool);
    for (uint32_t g = defrag_first_block(pool); g != pool->top;) {
        word_t h = sound_header(pool, g);
        uint32_t to = 0;
        if ((h & IS_HOLE) == 0) {
            bool movable = is_movable(pool, h);
            to = lowest && movable ? other_place(pool, g) : 0;
            lowest = !movable;
        }
        g = to != 0 ? defrag_evacuate(pool, g, to, size_in(h)) : g + size_in(h);
    }
    defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);
    set_moved(pool, moved);
}

DEFRAG_PRIVATE void defrag_move_after(defrag_pool *pool, defrag_status result, bool all, defrag_handle handle)
{
    if (result == DEFRAG_OK && all) {
        move_all(pool);
    } else if (result == DEFRAG_OK && handle != DEFRAG_NO_HANDLE) {
        move_one(pool, handle);
    }
}

#endif
