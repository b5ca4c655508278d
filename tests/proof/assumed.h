/* SPDX-License-Identifier: MIT
 *
 * What sizes.c takes for granted, since it is proved elsewhere: by the claims of classes.c. */

/*@ requires 1 <= granules <= MAX_POOL_BYTES / GRANULE;
    assigns  \nothing;
    ensures  1 <= \result <= granules && \result < 32 * MAP_WORDS; */
static inline uint32_t bin_of(uint32_t granules);
