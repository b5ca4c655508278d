/* SPDX-License-Identifier: MIT */
#include "bins.h"

static void set_previous(defrag_pool *pool, uint32_t hole, uint32_t previous)
{
    uint32_t at = header_offset(hole) + WORD;
    store(pool, at, (load(pool, at) & ~HALF_MASK) | previous);
}

DEFRAG_PRIVATE void defrag_link_hole(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    uint32_t bin = bin_of(granules);
    uint32_t head = pool->bins[bin];
    word_t second = (word_t)granules << HALF_BITS;

    set_header(pool, g, block_header(head, granules) | IS_HOLE);
    store(pool, header_offset(g) + WORD, second);
    store(pool, header_offset(g + granules) - WORD, second);
    if (head != 0) {
        set_previous(pool, head, g);
    }
    pool->bins[bin] = (half_t)g;
    pool->map[bin / 32] |= 1U << bin % 32;
}

DEFRAG_PRIVATE void defrag_unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header)
{
    uint32_t next = next_hole(hole_header);
    uint32_t previous = (uint32_t)(load(pool, header_offset(g) + WORD) & HALF_MASK);

    if (next != 0) {
        set_previous(pool, next, previous);
    }
    if (previous != 0) {
        set_header(pool, previous, block_header(next, size_in(header(pool, previous))) | IS_HOLE);
        return;
    }
    uint32_t bin = bin_of(size_in(hole_header));
    pool->bins[bin] = (half_t)next;
    if (next == 0) {
        pool->map[bin / 32] &= ~(1U << bin % 32);
    }
}

static bool suits(const defrag_pool *pool, const search_t *search, uint32_t hole, uint32_t granules)
{
    if (granules < search->granules || hole - search->not_from <= search->not_to - search->not_from) {
        return false;
    }
    return padding(pool, hole, search->alignment) + search->granules <= granules;
}

static uint32_t smallest_in_bin(const defrag_pool *pool, const search_t *search, uint32_t bin)
{
    uint32_t best = 0;
    uint32_t best_granules = UINT32_MAX;
    uint32_t hole = pool->bins[bin];

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
    uint32_t bin = next_bin(pool, bin_of(search->granules));
    while (bin != NO_BIN) {
        uint32_t hole = smallest_in_bin(pool, search, bin);
        if (hole != 0) {
            return hole;
        }
        bin = next_bin(pool, bin + 1);
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
