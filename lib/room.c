/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "bins.h"
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "move.h"

/* How far the search for the cheapest way looks: so many of the largest holes, so many blocks behind each, so often. */
enum { LARGEST_HOLES = 8, BLOCKS_AHEAD = 64, ROUNDS = 4 };

#define NEVER UINT32_MAX

static uint32_t lowest_hole(const defrag_pool *pool, const need_t *need)
{
    uint32_t lowest = 0;
    for (uint32_t hole = defrag_next_largest(pool, 0); hole != 0; hole = defrag_next_largest(pool, hole)) {
        uint32_t wanted = padding(pool, hole, need->alignment) + need->granules;
        if (wanted <= size_in(header(pool, hole)) && (lowest == 0 || hole < lowest)) {
            lowest = hole;
        }
    }
    return lowest;
}

DEFRAG_PRIVATE uint32_t defrag_find_place(const defrag_pool *pool, const need_t *need)
{
    if (pool->free_slots < need->slots && !table_fits(pool, pool->slots + 1U)) {
        return 0;
    }
    uint32_t at;
    if ((need->flags & DEFRAG_PINNED) != 0 && need->fit != DEFRAG_FAST) {
        at = lowest_hole(pool, need);
    } else {
        uint32_t tries = need->fit == DEFRAG_FAST ? FAST_TRIES : EVERY_HOLE;
        at = defrag_find_hole(pool, &(search_t){ need->granules, need->alignment, tries, 0, 0 });
    }
    if (at != 0) {
        return at;
    }
    uint32_t end = pool->top + padding(pool, pool->top, need->alignment) + need->granules;
    return end <= limit_with(pool, slots_for(pool, need->slots)) ? pool->top : 0;
}

/* Why a need that found no place is refused. */
static defrag_status explain(const defrag_pool *pool, const need_t *need)
{
    uint32_t slots = slots_for(pool, need->slots);
    if (free_with(pool, slots) < need->granules) {
        return DEFRAG_OUT_OF_MEMORY;
    }
    return table_fits(pool, slots) ? DEFRAG_FRAGMENTED : DEFRAG_OUT_OF_HANDLES;
}

DEFRAG_PRIVATE uint32_t defrag_fewest_slots(const defrag_pool *pool, uint32_t more)
{
    uint32_t kept = defrag_needed_slots(pool);
    uint32_t free_slots = pool->free_slots - (pool->slots - kept);
    return free_slots < more ? kept + 1 : kept;
}

/* Gives free slots at the end of the table back as free bytes; false if there are none. */
static bool give_slots_back(defrag_pool *pool, const need_t *need)
{
    if (defrag_fewest_slots(pool, need->slots) >= slots_for(pool, need->slots)) {
        return false;
    }
    defrag_trim_table(pool, defrag_needed_slots(pool));
    return true;
}

/* Whether the free bytes suffice, if need be by giving free slots back, which is then done. */
static bool has_free_granules(defrag_pool *pool, const need_t *need)
{
    if (free_with(pool, slots_for(pool, need->slots)) >= need->granules) {
        return true;
    }
    return free_with(pool, defrag_fewest_slots(pool, need->slots)) >= need->granules && give_slots_back(pool, need);
}

/* The cheapest way found to make a hole as large as the goal. */
typedef struct {
    uint32_t hole;
    uint32_t end;      /* what lies up to here is to move, or to be swallowed */
    uint32_t cost;     /* granules to move */
    uint32_t roomiest; /* blocks up to this size were expected to evacuate */
} plan_t;

typedef struct {
    uint32_t goal;
    uint32_t limit;    /* of the wilderness */
    uint32_t roomiest; /* holes outside, largest first */
    uint32_t second;
} view_t;

/* Grows the plan's hole in thought, until it costs as much as the best plan so far. The holes that blocks evacuate to are
 * not kept count of, so that this is an estimate. */
static bool estimate(const defrag_pool *pool, const view_t *view, plan_t *plan, uint32_t most)
{
    uint32_t width = size_in(header(pool, plan->hole));
    uint32_t g = plan->hole + width;

    plan->roomiest = width == view->roomiest ? view->second : view->roomiest;
    for (uint32_t looks = 0; looks < BLOCKS_AHEAD && g != pool->top; looks++) {
        word_t h = header(pool, g);
        uint32_t granules = size_in(h);
        if ((h & IS_HOLE) != 0) {
            width += granules;
        } else {
            plan->cost += granules;
            width += granules <= plan->roomiest ? granules : 0;
            if (plan->cost >= most || !is_movable(pool, h)) {
                return false;
            }
        }
        g += granules;
        plan->end = g;
        if (width >= view->goal) {
            return true;
        }
    }
    return g == pool->top && width + view->limit - g >= view->goal;
}

static plan_t plan_cheapest(const defrag_pool *pool, uint32_t goal, uint32_t limit)
{
    plan_t best = { 0, 0, NEVER, 0 };
    uint32_t hole = defrag_next_largest(pool, 0);
    view_t view = { goal, limit, 0, 0 };
    if (hole != 0) {
        uint32_t second = defrag_next_largest(pool, hole);
        view.roomiest = size_in(header(pool, hole));
        view.second = second != 0 ? size_in(header(pool, second)) : 0;
    }
    for (uint32_t looks = 0; looks < LARGEST_HOLES && hole != 0; looks++) {
        plan_t plan = { hole, hole, 0, 0 };
        if (estimate(pool, &view, &plan, best.cost)) {
            best = plan;
        }
        hole = defrag_next_largest(pool, hole);
    }
    return best;
}

/* Whether a push is as the plan expected: a block that could evacuate then may find its hole taken now, and sliding it
 * would cost as much without enlarging the hole. */
static bool is_expected(const defrag_pool *pool, const plan_t *plan, const move_t *move)
{
    uint32_t behind = move->from + move->granules;
    return !move->slides || move->granules > plan->roomiest ||
           (behind != pool->top && (header(pool, behind) & IS_HOLE) != 0);
}

/* Carries a plan out while it holds: while pushes are as expected and have not cost more than it said. The first push is
 * made in any case, so that each round gets on. */
static void carry_out(defrag_pool *pool, const plan_t *plan, uint32_t goal)
{
    uint32_t hole = plan->hole;
    uint32_t moved = 0;
    move_t move;
    while (hole != pool->top && size_in(header(pool, hole)) < goal && defrag_plan_push(pool, hole, plan->end, &move)) {
        if (moved != 0 && (moved > plan->cost || !is_expected(pool, plan, &move))) {
            break;
        }
        hole = defrag_push(pool, &move);
        moved += move.granules;
    }
}

/* Gets the wilderness a granule for a new slot: moves the last block into a hole, or the last hole to the top. */
static void clear_top(defrag_pool *pool)
{
    uint32_t hole = 0;
    uint32_t last = 0;
    for (uint32_t g = defrag_first_block(pool); g != pool->top; g += size_in(header(pool, g))) {
        word_t h = header(pool, g);
        if ((h & IS_HOLE) != 0) {
            hole = g;
        } else {
            last = g;
            hole = is_movable(pool, h) ? hole : 0;
        }
    }
    if (last == 0 || !is_movable(pool, header(pool, last))) {
        return;
    }
    word_t block = header(pool, last);
    uint32_t granules = size_in(block);
    search_t search = { granules, alignment_of(pool, entry(pool, owner_in(block)), granules), MOVE_TRIES, last,
                        TOP_OF_ALL };
    uint32_t to = defrag_find_hole(pool, &search);
    if (to != 0) {
        defrag_evacuate(pool, last, to, granules);
        return;
    }
    move_t move;
    while (hole != 0 && hole != pool->top && defrag_plan_push(pool, hole, hole, &move)) {
        hole = defrag_push(pool, &move);
    }
}

/* The cheapest plans first. Returns a place, or 0. */
static uint32_t grow_one_of_the_largest(defrag_pool *pool, const need_t *need, uint32_t goal, uint32_t limit)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        plan_t plan = plan_cheapest(pool, goal, limit);
        if (plan.hole == 0) {
            return 0;
        }
        carry_out(pool, &plan, goal);
        uint32_t at = defrag_find_place(pool, need);
        if (at != 0) {
            return at;
        }
    }
    return 0;
}

/* The dearer ways, until one succeeds. Returns a place, or 0. */
static uint32_t gather(defrag_pool *pool, const need_t *need, uint32_t goal, uint32_t slots)
{
    uint32_t window = table_fits(pool, slots) ? defrag_cheapest_window(pool, goal, limit_with(pool, slots)) : 0;
    uint32_t at = 0;
    if (window != 0) {
        defrag_gather(pool, window, goal);
        at = defrag_find_place(pool, need);
    }
    if (at == 0) {
        defrag_gather(pool, defrag_first_block(pool), table_fits(pool, slots) ? goal : UINT32_MAX);
        at = defrag_find_place(pool, need);
    }
    if (at == 0) {
        defrag_clear_between_locks(pool, goal, slots);
        at = defrag_find_place(pool, need);
    }
    return at;
}

static uint32_t move_to_make_room(defrag_pool *pool, const need_t *need)
{
    uint32_t slots = slots_for(pool, need->slots);
    uint32_t goal = need->granules + need->alignment - 1;
    uint32_t at = 0;

    if (in_flight(pool) || !table_fits(pool, slots)) {
        defrag_cancel_flight(pool);
        if (!table_fits(pool, slots)) {
            clear_top(pool);
        }
        at = defrag_find_place(pool, need);
    }
    if (at == 0 && table_fits(pool, slots)) {
        at = grow_one_of_the_largest(pool, need, goal, limit_with(pool, slots));
    }
    return at != 0 ? at : gather(pool, need, goal, slots);
}

DEFRAG_PRIVATE defrag_status defrag_make_room(defrag_pool *pool, const need_t *need, uint32_t *at)
{
    if (need->fit != DEFRAG_MAKE_ROOM) {
        return explain(pool, need);
    }
    if (!has_free_granules(pool, need)) {
        return DEFRAG_OUT_OF_MEMORY;
    }
    uint32_t before = pool->moved_bytes[0];
    *at = move_to_make_room(pool, need);
    if (*at == 0 && give_slots_back(pool, need)) {
        *at = move_to_make_room(pool, need); /* over-aligned blocks leave gaps, for which these bytes may make up */
    }
    defrag_note_worst_call(pool, before);
    return *at != 0 ? DEFRAG_OK : explain(pool, need);
}
