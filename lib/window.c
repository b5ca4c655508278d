/* SPDX-License-Identifier: MIT
 *
 * Where sliding alone makes room with the fewest bytes moved. One pass over the arena with two ends: the upper takes in a
 * hole, the lower gives holes up while the rest suffices. */
#include "room.h"

/* A stretch that begins with a hole, with no locked block in it. */
typedef struct {
    uint32_t begin; /* 0: none yet */
    uint32_t free;  /* granules in its holes */
    uint32_t moves; /* granules of the blocks between them */
} window_t;

/* Gives up the first hole and the blocks behind it, up to the next hole or `end`. */
static void narrow(const defrag_pool *pool, window_t *window, uint32_t end)
{
    uint32_t g = window->begin + size_in(header(pool, window->begin));
    window->free -= g - window->begin;
    while (g != end && (header(pool, g) & IS_HOLE) == 0) {
        window->moves -= size_in(header(pool, g));
        g += size_in(header(pool, g));
    }
    window->begin = g;
}

/* Remembers the window if it suffices with fewer moves, as long as it does. `end` is its last hole, or the top. */
static void consider(const defrag_pool *pool, window_t *window, uint32_t end, uint32_t goal, window_t *best)
{
    while (window->free >= goal) {
        if (window->moves < best->moves) {
            *best = *window;
        }
        if (window->begin == end) {
            return;
        }
        narrow(pool, window, end);
    }
}

DEFRAG_PRIVATE uint32_t defrag_cheapest_window(const defrag_pool *pool, uint32_t goal, uint32_t limit)
{
    const window_t none = { 0, 0, 0 };
    window_t window = none;
    window_t best = { 0, 0, UINT32_MAX };

    for (uint32_t g = defrag_first_block(pool); g != pool->top; g += size_in(header(pool, g))) {
        word_t h = header(pool, g);
        if ((h & IS_HOLE) != 0) {
            window.begin = window.begin != 0 ? window.begin : g;
            window.free += size_in(h);
            consider(pool, &window, g, goal, &best);
        } else if (!is_movable(pool, h)) {
            window = none;
        } else if (window.begin != 0) {
            window.moves += size_in(h);
        }
    }
    if (window.begin != 0) {
        window.free += limit - pool->top;
        consider(pool, &window, pool->top, goal, &best);
    }
    return best.begin;
}
