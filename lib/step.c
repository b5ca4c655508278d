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
 * The sweep ends at the first hole that moves, be it by a flight; if it comes to the top, nothing can be moved. */
#include "bins.h"
#include "flight.h"
#include "move.h"
#include "room.h"
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

    size_t max_looks; /* as the call began */
    uint32_t bytes_before;
    uint32_t blocks_before;
} stepper_t;

/* Continues the flight, if there is one, as far as the budget allows. In a guarded build others may end it meanwhile. */
static void fly(stepper_t *s)
{
    while (defrag_in_flight(s->pool) && s->left != 0) {
        s->left -= defrag_continue_flight(s->pool, s->left);
        defrag_let_others_in();
    }
}

static int32_t try_push(stepper_t *s, uint32_t hole)
{
    defrag_pool *pool = s->pool;
    s->looks--;
    uint32_t to = defrag_plan_push(pool, hole, hole);
    if (to == 0) {
        return BLOCKED;
    }
    uint32_t from = hole + size_at(pool, hole);
    uint32_t granules = size_at(pool, from);
    if (granules <= s->left) {
        defrag_push(pool, hole, to, false);
        s->left -= granules;
        return PUSHED;
    }
    /* Slid by less than its size it cannot take several steps. */
    uint32_t least = 1;
    if (to == hole && from - hole - padding(pool, hole, defrag_alignment_at(pool, from)) < granules) {
        least = granules;
    }
    if (least > s->budget) {
        if (s->needs - 1 >= least) {
            s->needs = least;
        }
        return BLOCKED;
    }
    if (least == 1 && s->left != 0) {
        defrag_begin_flight(pool, from, to);
        fly(s);
    }
    return SPENT;
}

/* Tries the largest holes. When none moves, and there are more, a sweep over all begins. */
static int32_t push_largest(stepper_t *s)
{
    uint32_t hole = defrag_next_largest(s->pool, 0);
    for (uint32_t i = 0; i < LARGEST_FIRST && hole != 0 && s->looks != 0; i++) {
        int32_t outcome = try_push(s, hole);
        if (outcome != BLOCKED) {
            return outcome;
        }
        hole = defrag_next_largest(s->pool, hole);
    }
    defrag_set_half(s->pool, &s->pool->cursor, hole != 0 ? AT_FIRST : 0);
    return BLOCKED;
}

static uint32_t resume_sweep(const defrag_pool *pool)
{
    uint32_t slot = pool->cursor - (uint32_t)BEHIND_SLOT;
    if (slot >= pool->slots || locks_in(entry(pool, slot)) == FREE_SLOT) {
        return defrag_first_block(pool);
    }
    uint32_t g = index_in(entry(pool, slot));
    return is_place(pool, g) ? end_of(pool, g) : defrag_first_block(pool);
}

/* Looks on in address order, at a block, or at a hole with the block behind it. BLOCKED means that the top was reached. */
static int32_t sweep(stepper_t *s)
{
    defrag_pool *pool = s->pool;
    uint32_t g = resume_sweep(pool);
    int32_t outcome = BLOCKED;
    while (g < pool->top) {
        if (s->looks == 0) {
            return SPENT;
        }
        if ((header(pool, g) & IS_HOLE) == 0) {
            s->looks--;
        } else {
            outcome = try_push(s, g);
            g = outcome == BLOCKED ? end_of(pool, g) : pool->top;
        }
        if (g < pool->top) {
            defrag_set_half(pool, &pool->cursor, owner_in(header(pool, g)) + BEHIND_SLOT);
            g = end_of(pool, g);
        }
    }
    if (outcome != SPENT || defrag_in_flight(pool)) {
        defrag_set_half(pool, &pool->cursor, 0);
    }
    return outcome;
}

/* One push, at the largest hole that can be pushed. */
static int32_t push_somewhere(stepper_t *s)
{
    if (s->pool->cursor == 0) {
        int32_t outcome = push_largest(s);
        if (s->pool->cursor == 0) {
            return outcome;
        }
    }
    return sweep(s);
}

/* Whether there is a place for a request as large as the watermark. */
APART static bool is_marked_free(const defrag_pool *pool)
{
    const need_t mark = { pool->watermark, 1, DEFRAG_FAST, 1, 0, 0, 0 };
    return mark.granules != 0 && defrag_find_place(pool, &mark) != 0;
}

/* Moves until the budget is spent; true if nothing is left that it could move. */
static bool move_within(stepper_t *s)
{
    defrag_pool *pool = s->pool;
    fly(s);
    if (defrag_in_flight(pool)) {
        s->needs = s->budget == 0;
        return s->budget == 0;
    }
    int32_t outcome = s->looks != 0 ? PUSHED : BLOCKED;
    while (outcome == PUSHED && !is_marked_free(pool)) {
        outcome = s->looks != 0 ? push_somewhere(s) : SPENT;
    }
    return outcome != SPENT;
}

APART static void write_progress(defrag_progress *progress, const stepper_t *s, bool done)
{
    const defrag_pool *pool = s->pool;
    defrag_progress made = { sizeof made,
                             done,
                             pool->moved_bytes[0] - s->bytes_before,
                             pool->moved_blocks[0] - s->blocks_before,
                             s->max_looks - s->looks,
                             (size_t)s->needs * GRANULE };
    defrag_write_struct(progress, &made, sizeof made);
}

DEFRAG_API defrag_status defrag_step(defrag_pool *pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress)
{
    defrag_status status = defrag_ready(pool);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (progress != NULL && progress->size < sizeof progress->size) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    size_t budget = max_bytes / GRANULE < bytes_of(pool) ? max_bytes / GRANULE : bytes_of(pool);
    stepper_t s = { pool, (uint32_t)budget, (uint32_t)budget,     max_blocks,
                    0,    max_blocks,       pool->moved_bytes[0], pool->moved_blocks[0] };
    bool done = move_within(&s);

    defrag_note_worst_call(pool, s.bytes_before);
    if (progress != NULL) {
        write_progress(progress, &s, done);
    }
    return DEFRAG_OK;
}
