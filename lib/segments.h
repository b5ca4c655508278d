/* SPDX-License-Identifier: MIT
 *
 * Segments: the stretches of the arena between locked blocks, within each of which all free space can be gathered by
 * sliding alone. */
#ifndef DEFRAG_SEGMENTS_H
#define DEFRAG_SEGMENTS_H

#include "pool.h"

typedef struct {
    uint32_t begin;
    uint32_t end;   /* the locked block that ends the segment, or the top */
    uint32_t width; /* granules in it, the wilderness included */
    uint32_t free;  /* granules that sliding surely gathers in it */
} segment_t;

/* The first segment, if all is 0, or the one behind; false after the last. `slots` is what the table is to have. */
DEFRAG_PRIVATE bool defrag_next_segment(const defrag_pool *pool, uint32_t slots, segment_t *segment);

#endif
