/* SPDX-License-Identifier: MIT
 *
 * The bounds of each bin, which Frama-C's Eva proves by going through all bins, with all of a bin's sizes at a time. */
#include "bins.c"

/* What Eva is to know of the compiler's function. */
int __builtin_clz(unsigned int x)
{
    int zeros = 0;
    for (; x >> 31 == 0; x <<= 1) {
        zeros++;
    }
    return zeros;
}

volatile uint32_t any;

static uint32_t any_in(uint32_t low, uint32_t high)
{
    uint32_t value = any;
    return value < low ? low : value > high ? high : value;
}

/* The size that a bin begins with, worked out the other way. */
static uint32_t lowest_size(uint32_t bin)
{
    return bin < 4 ? bin : (4 + bin % 4) << (bin / 4 - 1);
}

enum { LAST_BIN = 4 * 29 + 7 };

int main(void)
{
    uint32_t low = 1;
    for (uint32_t bin = 1; bin <= LAST_BIN; bin++) {
        uint32_t high = bin == LAST_BIN ? UINT32_MAX : lowest_size(bin + 1) - 1;
        //@ assert bins_are_not_empty: low <= high;
        uint32_t found = bin_of(any_in(low, high));
        //@ assert sizes_are_in_their_bin: found == bin;
        low = high + 1;
    }
    //@ assert all_sizes_have_a_bin: low == 0;
    for (uint32_t bit = 0; bit < 32; bit++) {
        uint32_t found = defrag_highest_bit(any_in(1U << bit, (1U << bit) + ((1U << bit) - 1)));
        //@ assert highest_bit_is_found: found == bit;
    }
    return 0;
}
