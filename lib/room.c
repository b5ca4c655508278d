/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "bins.h"
#include "flight.h"
#include "handles.h"
#include "move.h"

/* How far the search for the cheapest way looks: so many of the largest holes, so many blocks behind each. */
enum { LARGEST_HOLES = 8, BLOCKS_AHEAD = 64 };

/* The ways to make room, in the order in which they are tried; growing one of the largest holes is tried four times. */
enum {
    PREPARE = 0,
    GROW = 1,
    SLIDE_WINDOW = GROW + 4,
    SLIDE_ALL = SLIDE_WINDOW + 1,
    CLEAR_BETWEEN_LOCKS = SLIDE_ALL + 1,
    GIVE_UP = CLEAR_BETWEEN_LOCKS + 1
};

DEFRAG_PRIVATE defrag_status defrag_measure(const defrag_pool *pool, need_t *need)
{
    size_t asked = need->asked_alignment;
    if ((asked & (asked - 1)) != 0 || asked > DEFRAG_MAX_ALIGNMENT) {
        return DEFRAG_INVALID_ALIGNMENT;
    }
    if (need->bytes - 1 >= pool->max_request || need->bytes >= pool->table) {
        return DEFRAG_INVALID_SIZE;
    }
    need->alignment = asked > GRANULE ? (uint32_t)asked / GRANULE : 1;
    need->granules = granules_for((uint32_t)need->bytes, need->alignment);
    return DEFRAG_OK;
}

APART static uint32_t lowest_hole(const defrag_pool *pool, const need_t *need)
{
    uint32_t lowest = 0;
    uint32_t hole = 0;
    for (uint32_t left = pool->top; left != 0 && (hole = defrag_next_largest(pool, hole)) != 0; left--) {
        uint32_t wanted = padding(pool, hole, need->alignment) + need->granules;
        if (wanted <= size_at(pool, hole) && hole - 1 < lowest - 1 && defrag_listed(pool, hole) != 0) {
            lowest = hole;
        }
    }
    return lowest;
}

DEFRAG_PRIVATE uint32_t defrag_find_place(const defrag_pool *pool, const need_t *need)
{
    int32_t wilderness = defrag_wilderness(pool, slots_for(pool, need->slots));
    if (wilderness < 0) {
        return 0;
    }
    uint32_t at;
    if ((need->flags & DEFRAG_PINNED) != 0 && need->fit != DEFRAG_FAST) {
        at = lowest_hole(pool, need);
    } else {
        uint32_t tries = need->fit == DEFRAG_FAST ? FAST_TRIES : pool->top;
        at = defrag_find_hole(pool, &(search_t){ need->granules, need->alignment, tries, 0, 0 });
    }
    uint32_t top = pool->top;
    if (at == 0 && padding(pool, top, need->alignment) + need->granules <= (uint32_t)wilderness) {
        at = top;
    }
    return at;
}

/* A way to make a hole as large as the goal. */
typedef struct {
    uint32_t hole;
    uint32_t end;      /* what lies up to here is to move, or to be swallowed */
    uint32_t cost;     /* granules to move */
    uint32_t roomiest; /* blocks up to this size are expected to evacuate */
} plan_t;

/* Grows the plan's hole in thought, until it costs as much as the best plan so far. The holes that blocks evacuate to are
 * not kept count of, so that this is an estimate. */
static bool estimate(const defrag_pool *pool, plan_t *plan, uint32_t goal, uint32_t most)
{
    const uint32_t roomiest = plan->roomiest;
    uint32_t width = 0;
    uint32_t cost = 0;
    uint32_t g = plan->hole;

    for (uint32_t looks = 0; looks <= BLOCKS_AHEAD && g < pool->top; looks++) {
        word_t h = header(pool, g);
        uint32_t granules = size_in(h);
        if ((h & IS_HOLE) != 0) {
            width += granules;
        } else {
            cost += granules;
            width += granules <= roomiest ? granules : 0;
            if (cost >= most || !is_movable(pool, h)) {
                return false;
            }
        }
        g += granules;
        if (width >= goal) {
            plan->end = g;
            plan->cost = cost;
            return true;
        }
    }
    return false;
}

/* The cheapest plan for one of the largest holes; its hole is 0 if there is none. */
APART static void find_cheapest_plan(const defrag_pool *pool, uint32_t goal, plan_t *best)
{
    *best = (plan_t){ 0, 0, UINT32_MAX, 0 };
    uint32_t largest = defrag_next_largest(pool, 0);
    plan_t plan = { largest, 0, 0, 0 };
    for (uint32_t looks = 0; looks < LARGEST_HOLES && plan.hole != 0; looks++) {
        uint32_t next = defrag_next_largest(pool, plan.hole);
        uint32_t other = plan.hole != largest ? largest : next;
        plan.roomiest = other != 0 ? size_at(pool, other) : 0;
        if (estimate(pool, &plan, goal, best->cost)) {
            *best = plan;
        }
        plan.hole = next;
    }
}

/* Carries the cheapest plan out, as long as it costs what it said. False if there is none. */
APART static bool grow_one_of_the_largest(defrag_pool *pool, uint32_t goal)
{
    plan_t best;
    find_cheapest_plan(pool, goal, &best);
    uint32_t hole = best.hole;
    uint32_t moved = 0;
    if (hole == 0) {
        return false;
    }
    while (hole < pool->top && size_at(pool, hole) < goal && moved <= best.cost) {
        uint32_t to = defrag_plan_push(pool, hole, best.end);
        if (to == 0) {
            break;
        }
        uint32_t from = hole + size_at(pool, hole);
        uint32_t granules = size_at(pool, from);
        uint32_t behind = from + granules; /* at most the top */
        /* A block that could evacuate may find its hole taken by now; sliding it would cost as much, for nothing. */
        if (moved != 0 && to == hole && granules <= best.roomiest && behind < pool->top &&
            (header(pool, behind) & IS_HOLE) == 0) {
            break;
        }
        moved += granules;
        hole = defrag_push(pool, hole, to, false);
    }
    return true;
}

/* Gets the wilderness a granule for a new slot by moving the last block into a hole, if one takes it. There is a block, since
 * a pool without any has room for a slot, even with a damaged top: the number of slots is vouched for. */
static void clear_top(defrag_pool *pool)
{
    uint32_t last = 0;
    for (uint32_t g = defrag_first_block(pool); g < pool->top; g = end_of(pool, g)) {
        last = g;
    }
    if (is_movable(pool, sound_header(pool, last))) {
        uint32_t to = defrag_find_home(pool, size_at(pool, last), alignment_at(pool, last), last, TOP_OF_ALL);
        if (to != 0) {
            defrag_evacuate(pool, last, to, size_at(pool, last));
        }
    }
}

/* Tries one way to make room, and returns which to try next if there is none yet. */
static uint32_t try_way(defrag_pool *pool, const need_t *need, uint32_t way)
{
    uint32_t slots = slots_for(pool, need->slots);
    uint32_t goal = goal_of(need);
    bool table_fits = defrag_wilderness(pool, slots) >= 0;

    if (way == PREPARE && defrag_in_flight(pool)) {
        defrag_cancel_flight(pool);
    } else if (way <= GROW && !table_fits) {
        clear_top(pool);
        way = GROW;
    } else if (way < SLIDE_WINDOW) {
        way += way == PREPARE;
        return grow_one_of_the_largest(pool, goal) ? way + 1 : SLIDE_WINDOW;
    } else if (way == SLIDE_WINDOW) {
        uint32_t window = table_fits ? defrag_cheapest_window(pool, goal, slots) : 0;
        if (window != 0) {
            defrag_gather(pool, window, goal);
        }
    } else if (way == SLIDE_ALL) {
        defrag_gather(pool, defrag_first_block(pool), table_fits ? goal : UINT32_MAX);
    } else {
        defrag_gather(pool, defrag_clear_between_locks(pool, goal, need->slots), goal);
    }
    return way + 1;
}

/* Moves until there is a place. Returns it, or 0. */
static uint32_t make_room(defrag_pool *pool, const need_t *need)
{
    uint32_t before = pool->moved_bytes[0];
    uint32_t way = PREPARE;
    bool trimmed = false;
    uint32_t at;
    while ((at = defrag_find_place(pool, need)) == 0) {
        if (way != GIVE_UP) {
            way = try_way(pool, need, way);
        } else if (!trimmed && defrag_fewest_slots(pool, need->slots) < slots_for(pool, need->slots)) {
            defrag_trim_table(pool); /* over-aligned blocks leave gaps, for which these bytes may make up */
            trimmed = true;
            way = PREPARE;
        } else {
            break;
        }
    }
    defrag_note_worst_call(pool, before);
    return at;
}

/* Why there is no room. */
static defrag_status reason_for(const defrag_pool *pool, const need_t *need)
{
    uint32_t slots = slots_for(pool, need->slots);
    if (defrag_free_with(pool, slots) < (int32_t)need->granules) {
        return DEFRAG_OUT_OF_MEMORY;
    }
    return defrag_wilderness(pool, slots) >= 0 ? DEFRAG_FRAGMENTED : DEFRAG_OUT_OF_HANDLES;
}

/* Makes room, if the bytes suffice. */
APART static defrag_status find_room_by_moving(defrag_pool *pool, const need_t *need, uint32_t *at)
{
    if (reason_for(pool, need) == DEFRAG_OUT_OF_MEMORY) {
        if (defrag_free_with(pool, defrag_fewest_slots(pool, need->slots)) < (int32_t)need->granules) {
            return DEFRAG_OUT_OF_MEMORY;
        }
        defrag_trim_table(pool); /* free slots at the end of the table are free bytes, too */
    }
    *at = make_room(pool, need);
    return *at != 0 ? DEFRAG_OK : reason_for(pool, need);
}

DEFRAG_PRIVATE defrag_status defrag_find_room(defrag_pool *pool, const need_t *need, uint32_t *at)
{
    *at = defrag_find_place(pool, need);
    if (*at != 0) {
        return DEFRAG_OK;
    }
    return need->fit == DEFRAG_MAKE_ROOM ? find_room_by_moving(pool, need, at) : reason_for(pool, need);
}
