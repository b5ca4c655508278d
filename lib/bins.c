/* SPDX-License-Identifier: MIT */
#include "bins.h"

#ifdef DEFRAG_HAS_NO_CLZ
DEFRAG_PRIVATE uint32_t defrag_highest_bit(uint32_t x)
{
    /* One by one, as a loop takes twice the instructions, and a register that has to be saved. */
    uint32_t position = 0;
    if (x >> 16 != 0) {
        x >>= 16;
        position += 16;
    }
    if (x >> 8 != 0) {
        x >>= 8;
        position += 8;
    }
    if (x >> 4 != 0) {
        x >>= 4;
        position += 4;
    }
    if (x >> 2 != 0) {
        x >>= 2;
        position += 2;
    }
    return position + (x >> 1);
}
#endif

DEFRAG_PRIVATE void defrag_link_hole(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    link_hole(pool, g, granules);
}

DEFRAG_PRIVATE void defrag_unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header)
{
    unlink_hole(pool, g, hole_header);
}

DEFRAG_PRIVATE word_t defrag_listed(const defrag_pool *pool, uint32_t hole)
{
    if (!is_place(pool, hole)) {
        return 0;
    }
    word_t h = header(pool, hole);
    return (h & IS_HOLE) != 0 && size_in(h) - 1 < pool->top - hole ? h : 0;
}

static bool suits(const defrag_pool *pool, const search_t *search, uint32_t hole, uint32_t granules)
{
    return hole - search->not_from > search->not_to - search->not_from &&
           padding(pool, hole, search->alignment) + search->granules <= granules;
}

/* The smallest of the holes from `hole` on in its list that suits; or 0. */
static uint32_t smallest_in_list(const defrag_pool *pool, const search_t *search, uint32_t hole)
{
    uint32_t best = 0;
    uint32_t best_granules = UINT32_MAX;

    for (uint32_t tries = search->tries; is_place(pool, hole) && tries != 0; tries--) {
        word_t h = header(pool, hole);
        uint32_t granules = size_in(h);
        if (granules < best_granules && suits(pool, search, hole, granules)) {
            best = hole;
            best_granules = granules;
            if (granules == search->granules) {
                break;
            }
        }
        hole = next_hole(h);
    }
    return best_granules <= pool->top - best && (header(pool, best) & IS_HOLE) != 0 ? best : 0;
}

DEFRAG_PRIVATE uint32_t defrag_find_hole(const defrag_pool *pool, const search_t *search)
{
    uint32_t bin = bin_of(search->granules);
    uint32_t first;
    while (bin < 32 * MAP_WORDS && (first = first_from(pool, &bin)) != 0) {
        uint32_t hole = smallest_in_list(pool, search, first);
        if (hole != 0) {
            return hole;
        }
        bin++;
    }
    return 0;
}

DEFRAG_PRIVATE uint32_t defrag_find_home(const defrag_pool *pool, uint32_t granules, uint32_t alignment,
                                         uint32_t not_from, uint32_t not_to)
{
    search_t search = { granules, alignment, MOVE_TRIES, not_from, not_to };
    return defrag_find_hole(pool, &search);
}

DEFRAG_PRIVATE uint32_t defrag_next_largest(const defrag_pool *pool, uint32_t hole)
{
    uint32_t bin = 32 * MAP_WORDS;
    if (hole != 0) {
        word_t h = header(pool, hole);
        if (is_place(pool, next_hole(h))) {
            return next_hole(h);
        }
        bin = bin_of(size_in(h));
    }
    while (bin-- != 0) {
        uint32_t bits = pool->map[bin / 32] & (UINT32_MAX >> (31 - bin % 32));
        if (bits == 0) {
            bin = bin / 32 * 32;
            continue;
        }
        bin = bin / 32 * 32 + defrag_highest_bit(bits);
        if (bin != 0 && is_bin(pool, bin) && is_place(pool, first_in(pool, bin))) {
            return first_in(pool, bin);
        }
    }
    return 0;
}
