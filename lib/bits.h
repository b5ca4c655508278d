/* SPDX-License-Identifier: MIT
 * Positions of bits in a word, for the size classes, and what else depends on the core. Included by pool.h. */
#ifndef DEFRAG_BITS_H
#define DEFRAG_BITS_H

#include <stdint.h>

/* The smallest cores have no instruction for the highest bit. They share one shift ladder, smaller than the compiler's
 * support routine; and as they have little flash, the pieces of quick calls, too, stand but once. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__) || (defined(__riscv) && !defined(__riscv_zbb))
enum { SMALL_CORE = 1 };
#define DEFRAG_HAS_NO_CLZ
/* The position of the highest bit set; x is not 0. */
DEFRAG_PRIVATE uint32_t defrag_highest_bit(uint32_t x);

/* The position of the lowest bit set; x is not 0. */
static inline uint32_t lowest_bit(uint32_t x)
{
    return defrag_highest_bit(x & (0U - x));
}
#else
enum { SMALL_CORE = 0 };
static inline uint32_t defrag_highest_bit(uint32_t x)
{
    return 31U - (uint32_t)__builtin_clz(x);
}

static inline uint32_t lowest_bit(uint32_t x)
{
    return (uint32_t)__builtin_ctz(x);
}
#endif

#endif
