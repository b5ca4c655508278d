/* SPDX-License-Identifier: MIT
 *
 * Bits, size classes and the search through the map, claimed as in packing.c. */
#include "../../lib/bins.c"
#include "claim.h"

CLAIM(highest_bit, uint32_t x)
{
    return x == 0 || (defrag_highest_bit(x) < 32 && x >> defrag_highest_bit(x) == 1);
}

CLAIM(lowest_bit, uint32_t x)
{
    return x == 0 || (lowest_bit(x) < 32 && x << (31 - lowest_bit(x)) == 0x80000000);
}

/* Larger sizes have no smaller bins. So whatever is in a larger bin than the request's is larger. */
CLAIM(bin_monotone, uint32_t a, uint32_t b)
{
    return a == 0 || a > b || bin_of(a) <= bin_of(b);
}

/* Bins from BINS_OF_ONE_SIZE down hold one size, and each size its own. */
CLAIM(bin_of_one_size, uint32_t granules)
{
    return granules == 0 || (bin_of(granules) <= BINS_OF_ONE_SIZE) == (granules <= BINS_OF_ONE_SIZE);
}

/* A hole is at most a quarter larger than what its bin begins with. */
CLAIM(bin_precise, uint32_t a, uint32_t b)
{
    return a == 0 || a > b || bin_of(a) != bin_of(b) || b - a <= a / 4;
}

/* The bins of all sizes that a pool can hold have a bit in the map. */
CLAIM(bin_in_map, uint32_t granules)
{
    return granules == 0 || granules > MAX_POOL_BYTES / GRANULE || bin_of(granules) < 32 * MAP_WORDS - 1;
}

/* The bits of the map for the bins in from..to, without the latter, none of them in another word than it belongs to. */
static uint32_t bits_between(const defrag_pool *pool, uint32_t from, uint32_t to)
{
    uint32_t bits = 0;
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < MAP_WORDS; i++) {
        uint32_t word = pool->map[i];
        word = from >= 32 * (i + 1) ? 0 : from <= 32 * i ? word : word & UINT32_MAX << from % 32;
        word = to >= 32 * (i + 1) ? word : to <= 32 * i ? 0 : word & ~(UINT32_MAX << to % 32);
        bits |= word;
    }
    return bits;
}

enum { END_OF_MAP = 32 * MAP_WORDS };

/* The bin found is the first from the given one that has a hole; none is missed. For each word of the map to begin in. */
static bool finds_first(const defrag_pool *pool, uint32_t bin)
{
    uint32_t found = bin;
    uint32_t hole = first_from(pool, &found);
    if (bits_between(pool, bin, END_OF_MAP) == 0) {
        return hole == 0;
    }
    return found >= bin && found < END_OF_MAP && bits_between(pool, bin, found) == 0 &&
           bits_between(pool, found, found + 1) != 0 && hole == first_in(pool, found);
}

/* The largest hole is in the last bin that has one. For each word of the map that this may be in. */
static bool takes_last(const defrag_pool *pool, uint32_t bin)
{
    if (bin == 0 || bits_between(pool, bin, bin + 1) == 0 || bits_between(pool, bin + 1, END_OF_MAP) != 0) {
        return true;
    }
    return defrag_next_largest(pool, 0) == first_in(pool, bin);
}

#define CLAIMS_OF_WORD(word)                                                                                           \
    CLAIM(first_from_##word, const defrag_pool *pool, uint32_t bin)                                                    \
    {                                                                                                                  \
        return finds_first(pool, 32 * (word) + bin % 32);                                                              \
    }                                                                                                                  \
    CLAIM(next_largest_##word, const defrag_pool *pool, uint32_t bin)                                                  \
    {                                                                                                                  \
        return takes_last(pool, 32 * (word) + bin % 32);                                                               \
    }
CLAIMS_OF_WORD(0)
CLAIMS_OF_WORD(1)
#if DEFRAG_LINK_WIDTH == 32
CLAIMS_OF_WORD(2)
CLAIMS_OF_WORD(3)
CLAIMS_OF_WORD(4)
#endif

/* What FAST finds is as large as asked for, if it lies in the bin of its size as invariant I6 demands. */
CLAIM(first_fit, const defrag_pool *pool, uint32_t granules)
{
    if (granules == 0 || granules > MAX_POOL_BYTES / GRANULE) {
        return true;
    }
    fit_t found = first_fit(pool, granules);
    uint32_t size = size_in(found.header);
    if (found.at == 0 || size == 0 || bin_of(size) != found.bin) {
        return true;
    }
    return size >= granules && found.rest == size - granules && found.bin >= bin_of(granules);
}

/* FAST finds none only if no larger bin has one, and none of the first three of the request's own fits. */
CLAIM(first_fit_misses_none, const defrag_pool *pool, uint32_t granules)
{
    uint32_t own = bin_of(granules);
    if (granules == 0 || granules > MAX_POOL_BYTES / GRANULE || first_fit(pool, granules).at != 0) {
        return true;
    }
    uint32_t larger = own + 1;
    uint32_t hole = first_in(pool, own);
    for (uint32_t tries = 0; tries < FAST_TRIES && hole != 0; tries++) {
        word_t h = header(pool, hole);
        if (size_in(h) >= granules) {
            return false;
        }
        hole = next_hole(h);
    }
    return first_from(pool, &larger) == 0;
}
