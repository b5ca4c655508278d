/* SPDX-License-Identifier: MIT */
#include "bins.h"

DEFRAG_PRIVATE void defrag_link_hole(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    link_hole(pool, g, granules, bin_of(granules));
}

DEFRAG_PRIVATE void defrag_unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header)
{
    unlink_hole(pool, g, hole_header);
}

static bool suits(const defrag_pool *pool, const search_t *search, uint32_t hole, uint32_t granules)
{
    if (granules < search->granules || hole - search->not_from <= search->not_to - search->not_from) {
        return false;
    }
    return padding(pool, hole, search->alignment) + search->granules <= granules;
}

/* The smallest of the holes from `hole` on in its list that suits; or 0. */
static uint32_t smallest_in_list(const defrag_pool *pool, const search_t *search, uint32_t hole)
{
    uint32_t best = 0;
    uint32_t best_granules = UINT32_MAX;

    for (uint32_t tries = search->tries; hole != 0 && tries != 0; tries--) {
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
    return best;
}

DEFRAG_PRIVATE uint32_t defrag_find_hole(const defrag_pool *pool, const search_t *search)
{
    uint32_t bin = bin_of(search->granules);
    uint32_t first;
    while ((first = first_from(pool, &bin)) != 0) {
        uint32_t hole = smallest_in_list(pool, search, first);
        if (hole != 0) {
            return hole;
        }
        bin++;
    }
    return 0;
}

DEFRAG_PRIVATE uint32_t defrag_next_largest(const defrag_pool *pool, uint32_t hole)
{
    uint32_t bin = 32 * MAP_WORDS - 1;
    if (hole != 0) {
        word_t h = header(pool, hole);
        if (next_hole(h) != 0) {
            return next_hole(h);
        }
        bin = bin_of(size_in(h));
        if (bin-- == 0) {
            return 0;
        }
    }
    bin = previous_bin(pool, bin);
    return bin == NO_BIN ? 0 : pool->bins[bin];
}
