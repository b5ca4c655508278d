/* SPDX-License-Identifier: MIT
 *
 * Random numbers that a seed replays: a counter through the finalizer of splitmix64 (G. Steele et al., "Fast splittable
 * pseudorandom number generators", 2014). */
#ifndef DEFRAG_TESTS_RANDOM_H
#define DEFRAG_TESTS_RANDOM_H

#include <stdint.h>

typedef struct random_source {
    uint64_t state;
} random_source;

static inline uint64_t random_64(random_source *source)
{
    uint64_t z = source->state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

/* One of 0 .. bound - 1. */
static inline uint32_t random_below(random_source *source, uint32_t bound)
{
    return (uint32_t)(((random_64(source) >> 32) * bound) >> 32);
}

/* Between low and high, each octave as likely as the other. */
static inline uint32_t random_size(random_source *source, uint32_t low, uint32_t high)
{
    uint32_t octaves = 0;
    while (low << octaves < high) {
        octaves++;
    }
    uint32_t base = low << random_below(source, octaves + 1);
    uint32_t size = base + random_below(source, base);
    return size < high ? size : high;
}

#endif
