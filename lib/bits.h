/* SPDX-License-Identifier: MIT
 * Positions of bits in a word, for the size classes. */
#ifndef DEFRAG_BITS_H
#define DEFRAG_BITS_H

#include <stdint.h>

/* Cores without an instruction for it get a shift ladder, half the size of the compiler's support routine. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__) || (defined(__riscv) && !defined(__riscv_zbb))

/* The position of the highest bit set; x is not 0. */
static inline uint32_t highest_bit(uint32_t x)
{
    uint32_t position = 0;
    for (uint32_t width = 16; width != 0; width >>= 1) {
        if (x >> width != 0) {
            x >>= width;
            position += width;
        }
    }
    return position;
}

/* The position of the lowest bit set; x is not 0. */
static inline uint32_t lowest_bit(uint32_t x)
{
    return highest_bit(x & (0U - x));
}

#else

static inline uint32_t highest_bit(uint32_t x)
{
    return 31U - (uint32_t)__builtin_clz(x);
}

static inline uint32_t lowest_bit(uint32_t x)
{
    return (uint32_t)__builtin_ctz(x);
}

#endif

#endif
