/* SPDX-License-Identifier: MIT
 *
 * Bins: lists of holes by size, four classes to an octave (two-level segregated fit; M. Masmano et al., "TLSF: a new
 * dynamic memory allocator for real-time systems", 2004), with one bitmap over all of them. */
#ifndef DEFRAG_BINS_H
#define DEFRAG_BINS_H

#include "bits.h"
#include "pool.h"

#define NO_BIN UINT32_MAX

/* Sizes 1, 2, 3, then quarters of an octave: 4, 5, 6, 7, 8-9, 10-11, ... */
static inline uint32_t bin_of(uint32_t granules)
{
    if (granules < 4) {
        return granules - 1;
    }
    uint32_t octave = highest_bit(granules);
    return 4 * octave + (granules >> (octave - 2)) - 9;
}

/* The first bin from `bin` upwards that has a hole. */
static inline uint32_t next_bin(const defrag_pool *pool, uint32_t bin)
{
    uint32_t i = bin / 32;
    if (i >= MAP_WORDS) {
        return NO_BIN;
    }
    uint32_t bits = pool->map[i] & (UINT32_MAX << bin % 32);
    while (bits == 0) {
        if (++i == MAP_WORDS) {
            return NO_BIN;
        }
        bits = pool->map[i];
    }
    return 32 * i + lowest_bit(bits);
}

/* The last bin from `bin` downwards that has a hole. */
static inline uint32_t previous_bin(const defrag_pool *pool, uint32_t bin)
{
    uint32_t i = bin / 32;
    uint32_t bits = pool->map[i] & (UINT32_MAX >> (31 - bin % 32));
    while (bits == 0) {
        if (i-- == 0) {
            return NO_BIN;
        }
        bits = pool->map[i];
    }
    return 32 * i + highest_bit(bits);
}

static inline uint32_t next_hole(word_t hole_header)
{
    return (uint32_t)(hole_header >> (HALF_BITS + 1));
}

/* What place is looked for. */
typedef struct {
    uint32_t granules;
    uint32_t alignment; /* in granules */
    uint32_t tries;     /* holes to look at in each bin, at most */
    uint32_t not_from;  /* holes that begin in not_from..not_to are not wanted */
    uint32_t not_to;
} search_t;

enum { FAST_TRIES = 3, MOVE_TRIES = 4 };
#define EVERY_HOLE UINT32_MAX
#define TOP_OF_ALL UINT32_MAX

/* The smallest hole found, or 0. Any hole of a bin above the first fits an unaligned search, so two bins are looked at. */
DEFRAG_PRIVATE uint32_t defrag_find_hole(const defrag_pool *pool, const search_t *search);

/* Makes granules into a hole, and back into raw granules. Neighbours are left alone. */
DEFRAG_PRIVATE void defrag_link_hole(defrag_pool *pool, uint32_t g, uint32_t granules);
DEFRAG_PRIVATE void defrag_unlink_hole(defrag_pool *pool, uint32_t g, word_t hole_header);

/* The next smaller or equal hole in the order largest bin first, beginning with hole 0; 0 at the end. */
DEFRAG_PRIVATE uint32_t defrag_next_largest(const defrag_pool *pool, uint32_t hole);

#endif
