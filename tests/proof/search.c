/* SPDX-License-Identifier: MIT
 *
 * The search for a hole through the map of bins: claims. */
#include "bins.c"
#include "claim.h"

/* The bits of the map for the bins in from..to, without the latter, none of them in another word than it belongs to. */
INLINE uint32_t bits_between(const defrag_pool *pool, uint32_t from, uint32_t to)
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

/* Whether a place in a list can be a hole, and whether a bin that the map has lies in the pool and names one. What is done
 * about others, as in a damaged pool, is not claimed. */
INLINE bool is_in_arena(const defrag_pool *pool, uint32_t g)
{
    return is_place(pool, g) && pool->top > LEAST_PLACE && pool->top <= pool->table / GRANULE &&
           pool->table <= MAX_POOL_BYTES - WORD;
}

INLINE bool is_sound_bin(const defrag_pool *pool, uint32_t bin)
{
    return offsetof(defrag_pool, bins) + sizeof(half_t) * (bin + (size_t)2) <= pool->table &&
           is_in_arena(pool, first_in(pool, bin));
}

/* The bin found is the first from the given one that has a hole; none is missed. For each word of the map to begin in. */
INLINE bool finds_first(const defrag_pool *pool, uint32_t bin)
{
    uint32_t found = bin;
    if (bin >= END_OF_MAP) {
        return true;
    }
    uint32_t hole = first_from(pool, &found);
    if (bits_between(pool, bin, END_OF_MAP) == 0) {
        return hole == 0;
    }
    return found >= bin && found < END_OF_MAP && bits_between(pool, bin, found) == 0 &&
           bits_between(pool, found, found + 1) != 0 && (hole == first_in(pool, found) || !is_sound_bin(pool, found));
}

#define CLAIM_FIRST_FROM(word)                                                                                         \
    CLAIM(first_from_##word, const defrag_pool *pool, uint32_t bin)                                                    \
    {                                                                                                                  \
        return finds_first(pool, 32 * (word) + bin % 32);                                                              \
    }
CLAIM_FIRST_FROM(0)
CLAIM_FIRST_FROM(1)
#if DEFRAG_LINK_WIDTH == 32
CLAIM_FIRST_FROM(2)
CLAIM_FIRST_FROM(3)
CLAIM_FIRST_FROM(4)
#endif

/* The largest hole is in the last bin that has one. For each word of the map that this may be in. */
INLINE bool takes_last(const defrag_pool *pool, uint32_t bin)
{
    if (bin == 0 || bin >= END_OF_MAP || bits_between(pool, bin, bin + 1) == 0 ||
        bits_between(pool, bin + 1, END_OF_MAP) != 0 || !is_sound_bin(pool, bin)) {
        return true;
    }
    return defrag_next_largest(pool, 0) == first_in(pool, bin);
}
#define CLAIM_NEXT_LARGEST(word)                                                                                       \
    CLAIM(next_largest_##word, const defrag_pool *pool, uint32_t bin)                                                  \
    {                                                                                                                  \
        return takes_last(pool, 32 * (word) + bin % 32);                                                               \
    }
CLAIM_NEXT_LARGEST(0)
CLAIM_NEXT_LARGEST(1)
#if DEFRAG_LINK_WIDTH == 32
CLAIM_NEXT_LARGEST(2)
CLAIM_NEXT_LARGEST(3)
CLAIM_NEXT_LARGEST(4)
#endif

/* Behind a hole comes the next of its list. */
CLAIM(next_largest_in_list, const defrag_pool *pool, uint32_t hole)
{
    if (!is_in_arena(pool, hole) || !is_in_arena(pool, next_hole(header(pool, hole)))) {
        return true;
    }
    return defrag_next_largest(pool, hole) == next_hole(header(pool, hole));
}

/* The bin of a hole that is the last of its list, or 0. */
INLINE uint32_t bin_of_last(const defrag_pool *pool, uint32_t hole)
{
    if (!is_in_arena(pool, hole)) {
        return 0;
    }
    word_t h = header(pool, hole);
    return next_hole(h) == 0 && size_in(h) != 0 && size_in(h) <= MAX_POOL_BYTES / GRANULE ? bin_of(size_in(h)) : 0;
}

/* Behind the last of its list comes the first of the next lower bin that has one. */
CLAIM(next_largest_goes_down, const defrag_pool *pool, uint32_t hole, uint32_t bin)
{
    uint32_t own = bin_of_last(pool, hole);
    if (bin == 0 || bin >= own || bits_between(pool, bin, bin + 1) == 0 || bits_between(pool, bin + 1, own) != 0 ||
        !is_sound_bin(pool, bin)) {
        return true;
    }
    return defrag_next_largest(pool, hole) == first_in(pool, bin);
}

/* Behind the last of all comes none. */
CLAIM(next_largest_ends, const defrag_pool *pool, uint32_t hole)
{
    uint32_t own = bin_of_last(pool, hole);
    return own == 0 || bits_between(pool, 0, own) != 0 || defrag_next_largest(pool, hole) == 0;
}

/* What FAST finds is as large as asked for, if it lies in the bin of its size as invariant I6 demands. */
CLAIM(first_fit_suffices, const defrag_pool *pool, uint32_t granules)
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
        if (!is_in_arena(pool, hole)) {
            return true;
        }
        word_t h = header(pool, hole);
        if (size_in(h) >= granules) {
            return false;
        }
        hole = next_hole(h);
    }
    hole = first_from(pool, &larger);
    if (hole == 0 || !is_sound_bin(pool, larger)) {
        return true;
    }
    uint32_t size = size_in(header(pool, hole));
    return size == 0 || bin_of(size) != larger;
}
