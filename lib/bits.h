/* SPDX-License-Identifier: MIT
 * Positions of bits in a word, for the size classes. */
#ifndef DEFRAG_BITS_H
#define DEFRAG_BITS_H

#include <stdint.h>

/* Cores without an instruction for it share one shift ladder, half the size of the compiler's support routine. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__) || (defined(__riscv) && !defined(__riscv_zbb))
#define DEFRAG_HAS_NO_CLZ
#endif

#ifdef DEFRAG_HAS_NO_CLZ
/* The position of the highest bit set; x is not 0. */
__attribute__((visibility("hidden"))) uint32_t defrag_highest_bit(uint32_t x);
#else
static inline uint32_t defrag_highest_bit(uint32_t x)
{
    return 31U - (uint32_t)__builtin_clz(x);
}
#endif

/* The position of the lowest bit set; x is not 0. */
static inline uint32_t lowest_bit(uint32_t x)
{
    return defrag_highest_bit(x & (0U - x));
}

#endif
