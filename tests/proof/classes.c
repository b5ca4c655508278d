/* SPDX-License-Identifier: MIT
 *
 * Positions of bits, and the bins of sizes: claims, which hold with and without an instruction for leading zeros. */
#include "bins.c"
#include "claim.h"

/* The highest bit is found. */
CLAIM(highest_bit, uint32_t x)
{
    return x == 0 || (defrag_highest_bit(x) < 32 && x >> defrag_highest_bit(x) == 1);
}

/* The lowest bit is found. */
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

/* The bins of all sizes that a pool can hold have a bit in the map, and no more bins than sizes are needed. */
CLAIM(bin_in_map, uint32_t granules)
{
    return granules == 0 || granules > MAX_POOL_BYTES / GRANULE ||
           (bin_of(granules) < 32 * MAP_WORDS && bin_of(granules) <= granules);
}
