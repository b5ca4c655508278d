/* SPDX-License-Identifier: MIT
 *
 * Bins: lists of holes by size, four classes to an octave (two-level segregated fit; M. Masmano et al., "TLSF: a new
 * dynamic memory allocator for real-time systems", 2004), with one bitmap over all of them. */
#ifndef DEFRAG_BINS_H
#define DEFRAG_BINS_H

#include "pool.h"

/* Bins are numbered from 1. The holes of each of the lowest have the same size. */
enum { BINS_OF_ONE_SIZE = 7 };

/* Sizes 1, 2, 3, then quarters of an octave: 4, 5, 6, 7, 8-9, 10-11, ... */
INLINE uint32_t bin_of(uint32_t granules)
{
    uint32_t shift = defrag_highest_bit(granules | 4) - 2;
    return 4 * shift + (granules >> shift);
}

static inline bool bin_has_hole(const defrag_pool *pool, uint32_t bin)
{
    return (pool->map[bin / 32] >> bin % 32 & 1) != 0;
}

/* Whether a bin whose number was read from the pool can be in it. With links of 16 bits there is room for all that the map
 * can name in the smallest pool, and bins that are not used lie on the first blocks. */
INLINE bool is_bin(const defrag_pool *pool, uint32_t bin)
{
    return HALF_BITS == 16 || bin < (bytes_of(pool) - (uint32_t)offsetof(defrag_pool, bins)) / sizeof(half_t);
}

_Static_assert(HALF_BITS != 16 ||
                   offsetof(defrag_pool, bins) + 32 * MAP_WORDS * sizeof(half_t) <= DEFRAG_MIN_POOL_BYTES,
               "each bin that the map can name is in the pool");

INLINE uint32_t first_in(const defrag_pool *pool, uint32_t bin)
{
    return pool->bins[bin];
}

INLINE void set_first(defrag_pool *pool, uint32_t bin, uint32_t hole)
{
    pool->bins[bin] = (half_t)hole;
}

/* The first hole of the first bin from *bin upwards that has one, and that bin; or 0. */
INLINE uint32_t first_from(const defrag_pool *pool, uint32_t *bin)
{
    uint32_t i = *bin / 32;
    uint32_t bits = pool->map[i] >> *bin % 32;
    if (bits != 0) {
        *bin += lowest_bit(bits);
        return is_bin(pool, *bin) ? first_in(pool, *bin) : 0;
    }
    while (++i < MAP_WORDS) {
        if (pool->map[i] != 0) {
            *bin = 32 * i + lowest_bit(pool->map[i]);
            return is_bin(pool, *bin) ? first_in(pool, *bin) : 0;
        }
    }
    return 0;
}

INLINE uint32_t next_hole(word_t hole_header)
{
    return (uint32_t)(hole_header >> (HALF_BITS + 1));
}

INLINE void set_next(defrag_pool *pool, uint32_t hole, uint32_t next)
{
    *high_half(&granule_at(pool, hole)->words[LAST]) = (half_t)(next << 1);
}

INLINE uint32_t previous_hole(const defrag_pool *pool, uint32_t hole)
{
    return *low_half(&granule_at(pool, hole)[1].words[0]);
}

INLINE void set_previous(defrag_pool *pool, uint32_t hole, uint32_t previous)
{
    *low_half(&granule_at(pool, hole)[1].words[0]) = (half_t)previous;
}

/* What the first of a list has in place of the previous hole: its bin, so that it is not worked out again. */
#define IN_BIN ((uint32_t)1 << (HALF_BITS - 1))

/* Makes granules into a hole at the head of its list. Neighbours are left alone. */
INLINE void link_hole(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    uint32_t bin = bin_of(granules);
    granule_t *hole = granule_at(pool, g);
    word_t second = (word_t)granules << HALF_BITS | IN_BIN | bin;

    /* The far end first: later it would cost registers, which a small core lacks. */
    granule_at(pool, g + granules)->words[LAST - 1] = second;
    uint32_t head = first_in(pool, bin);
    set_first(pool, bin, g);
    hole[0].words[LAST] = block_header(head, granules) | IS_HOLE;
    hole[1].words[0] = second;
    if (is_within(pool, head)) {
        set_previous(pool, head, g);
    } else {
        pool->map[bin / 32] |= 1U << bin % 32;
    }
}

/* Makes a hole into raw granules; `bin` is where it is listed, unless it has a previous one. */
INLINE void unlink_from(defrag_pool *pool, word_t hole_header, uint32_t previous, uint32_t bin)
{
    uint32_t next = next_hole(hole_header);
    if (is_within(pool, next)) {
        set_previous(pool, next, previous);
    }
    if (previous < IN_BIN) {
        if (is_within(pool, previous)) {
            set_next(pool, previous, next);
        }
        return;
    }
    set_first(pool, bin, next);
    if (next == 0) {
        pool->map[bin / 32 % MAP_WORDS] ^= 1U << bin % 32;
    }
}

INLINE void unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header)
{
    uint32_t previous = previous_hole(pool, g);
    uint32_t bin = previous % (32 * MAP_WORDS);
    unlink_from(pool, hole_header, previous, is_bin(pool, bin) ? bin : 1);
}

/* The same out of line. */
DEFRAG_PRIVATE void defrag_link_hole(defrag_pool *pool, uint32_t g, uint32_t granules);
DEFRAG_PRIVATE void defrag_unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header);

/* What place is looked for. */
typedef struct {
    uint32_t granules;
    uint32_t alignment; /* in granules */
    uint32_t tries;     /* holes to look at in each bin, at most; there cannot be more than granules below the top */
    uint32_t not_from;  /* holes that begin in not_from..not_to are not wanted */
    uint32_t not_to;
} search_t;

enum { FAST_TRIES = 3, MOVE_TRIES = 4 };

/* The header of the hole that a list names, or 0: there is none, or what is named cannot be one. */
DEFRAG_PRIVATE word_t defrag_listed(const defrag_pool *pool, uint32_t hole);

/* A hole for so many granules. */
typedef struct {
    uint32_t at; /* 0: none */
    uint32_t bin;
    word_t header;
    uint32_t rest; /* what is left of it */
} fit_t;

INLINE bool fits(const defrag_pool *pool, fit_t *found, uint32_t granules)
{
    found->header = header(pool, found->at);
    found->rest = size_in(found->header) - granules;
    return (int32_t)found->rest >= 0;
}

/* The first hole that fits among three of the request's own bin, else the first of a larger bin, where any fits. */
INLINE fit_t first_fit(const defrag_pool *pool, uint32_t granules)
{
    uint32_t own = bin_of(granules);
    fit_t found = { first_in(pool, own), own, 0, 0 };
    if (is_within(pool, found.at)) {
        if (fits(pool, &found, granules)) {
            return found;
        }
        for (uint32_t tries = 1; tries < FAST_TRIES && is_within(pool, found.at = next_hole(found.header)); tries++) {
            if (fits(pool, &found, granules)) {
                return found;
            }
        }
    }
    found.bin = own + 1;
    found.at = first_from(pool, &found.bin);
    if (!is_within(pool, found.at) || !fits(pool, &found, granules)) {
        found.at = 0;
    }
    return found;
}

/* The smallest hole found, or 0. Any hole of a bin above the first fits an unaligned search, so two bins are looked at. */
DEFRAG_PRIVATE uint32_t defrag_find_hole(const defrag_pool *pool, const search_t *search);

/* The same for a block that is to move. */
DEFRAG_PRIVATE uint32_t defrag_find_home(const defrag_pool *pool, uint32_t granules, uint32_t alignment,
                                         uint32_t not_from, uint32_t not_to);

/* The next smaller or equal hole in the order largest bin first, beginning with hole 0; 0 at the end. */
DEFRAG_PRIVATE uint32_t defrag_next_largest(const defrag_pool *pool, uint32_t hole);

#endif
