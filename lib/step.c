/* SPDX-License-Identifier: MIT
 *
 * Moving a little at a time. A step pushes the largest hole that can be pushed. When none of the eight largest can, it
 * looks at all others in address order, over as many calls as the budget makes it. The place where it goes on is kept as
 * the slot of the last block passed, which stays meaningful whatever the user does in between:
 *
 *   cursor 0       no sweep under way
 *   cursor 1       at the first block
 *   cursor 2 + s   behind the block of slot s, or at the first block if s is free by now
 *
 * The sweep ends at the first hole that moves; if it comes to the top, nothing can be moved. */
#include "bins.h"
#include "flight.h"
#include "move.h"
#include "versioned.h"

enum { LARGEST_FIRST = 8, AT_FIRST = 1, BEHIND_SLOT = 2 };

/* What trying to push a hole came to. */
enum { BLOCKED, PUSHED, SPENT };

typedef struct {
    defrag_pool *pool;
    uint32_t budget; /* granules that the call may copy in all */
    uint32_t left;   /* of these */
    size_t looks;    /* left */
    uint32_t needs;  /* granules that would move a block too large for the budget, or 0 */
} stepper_t;

static void count_need(stepper_t *s, uint32_t granules)
{
    if (s->needs == 0 || granules < s->needs) {
        s->needs = granules;
    }
}

static int32_t try_push(stepper_t *s, uint32_t hole)
{
    move_t move;
    s->looks--;
    if (!defrag_plan_push(s->pool, hole, hole, &move)) {
        return BLOCKED;
    }
    if (move.granules <= s->left) {
        defrag_push(s->pool, &move);
        s->left -= move.granules;
        return PUSHED;
    }
    bool can_begin = can_fly(&move) && s->budget != 0;
    if (!can_begin && move.granules > s->budget) {
        count_need(s, can_fly(&move) ? 1 : move.granules);
        return BLOCKED;
    }
    if (can_begin && s->left != 0) {
        defrag_begin_flight(s->pool, &move);
        s->left -= defrag_continue_flight(s->pool, s->left);
    }
    return SPENT;
}

/* Tries the largest holes. BLOCKED with *all set means that these were all there are. */
static int32_t push_largest(stepper_t *s, bool *all)
{
    uint32_t hole = defrag_next_largest(s->pool, 0);
    for (uint32_t i = 0; i < LARGEST_FIRST && hole != 0 && s->looks != 0; i++) {
        int32_t outcome = try_push(s, hole);
        if (outcome != BLOCKED) {
            return outcome;
        }
        hole = defrag_next_largest(s->pool, hole);
    }
    *all = hole == 0;
    return BLOCKED;
}

static uint32_t resume_sweep(const defrag_pool *pool)
{
    uint32_t slot = pool->cursor - (uint32_t)BEHIND_SLOT;
    if (pool->cursor < BEHIND_SLOT || slot >= pool->slots || locks_in(entry(pool, slot)) == FREE_SLOT) {
        return defrag_first_block(pool);
    }
    uint32_t g = index_in(entry(pool, slot));
    return g + size_in(header(pool, g));
}

/* Looks on in address order, at a block, or at a hole with the block behind it. BLOCKED means that the top was reached. */
static int32_t sweep(stepper_t *s)
{
    defrag_pool *pool = s->pool;
    uint32_t g = resume_sweep(pool);
    while (g != pool->top) {
        if (s->looks == 0) {
            return SPENT;
        }
        if ((header(pool, g) & IS_HOLE) != 0) {
            int32_t outcome = try_push(s, g);
            if (outcome != BLOCKED) {
                return outcome;
            }
            g += size_in(header(pool, g));
        } else {
            s->looks--;
        }
        set_half(pool, &pool->cursor, owner_in(header(pool, g)) + BEHIND_SLOT);
        g += size_in(header(pool, g));
    }
    return BLOCKED;
}

/* One push, at the largest hole that can be pushed. */
static int32_t push_somewhere(stepper_t *s)
{
    defrag_pool *pool = s->pool;
    if (pool->cursor == 0) {
        bool all = false;
        int32_t outcome = push_largest(s, &all);
        if (outcome != BLOCKED || all) {
            return outcome;
        }
        set_half(pool, &pool->cursor, AT_FIRST);
    }
    int32_t outcome = sweep(s);
    if (outcome != SPENT) {
        set_half(pool, &pool->cursor, 0);
    }
    return outcome;
}

static bool has_reached_watermark(const defrag_pool *pool)
{
    if (pool->watermark == 0) {
        return false;
    }
    search_t search = { pool->watermark, 1, FAST_TRIES, 0, 0 };
    return pool->top + pool->watermark <= limit_with(pool, pool->slots) || defrag_find_hole(pool, &search) != 0;
}

/* Moves until the budget is spent; true if nothing is left that it could move. */
static bool move_within(stepper_t *s)
{
    defrag_pool *pool = s->pool;
    if (in_flight(pool)) {
        s->left -= defrag_continue_flight(pool, s->left);
        if (s->budget == 0) {
            count_need(s, 1);
        }
        if (in_flight(pool)) {
            return s->budget == 0;
        }
    }
    if (s->looks == 0) {
        return true;
    }
    while (!has_reached_watermark(pool)) {
        if (s->looks == 0) {
            return false;
        }
        int32_t outcome = push_somewhere(s);
        if (outcome != PUSHED) {
            return outcome == BLOCKED;
        }
    }
    return true;
}

DEFRAG_API defrag_status defrag_step(defrag_pool *pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    if (progress != NULL && progress->size < sizeof progress->size) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    size_t budget = max_bytes / GRANULE < pool->bytes ? max_bytes / GRANULE : pool->bytes;
    stepper_t s = { pool, (uint32_t)budget, (uint32_t)budget, max_blocks, 0 };
    uint32_t bytes_before = pool->moved_bytes[0];
    uint32_t blocks_before = pool->moved_blocks[0];
    bool done = move_within(&s);

    defrag_note_worst_call(pool, bytes_before);
    if (progress != NULL) {
        defrag_progress made = { sizeof made,
                                 done,
                                 pool->moved_bytes[0] - bytes_before,
                                 pool->moved_blocks[0] - blocks_before,
                                 max_blocks - s.looks,
                                 (size_t)s.needs * GRANULE };
        defrag_write_struct(progress, &made, sizeof made);
    }
    return DEFRAG_OK;
}
