/* SPDX-License-Identifier: MIT
 * The largest hole over time: the statistic that tells whether a heap is dying of fragmentation. */
#ifndef HOLES_H
#define HOLES_H

#include "replay.h"

#include <stdio.h>

/* Zeroed but for the timeline, this is ready for use. */
typedef struct {
    FILE *timeline; /* gets a line of CSV for each sample; may be null */
    size_t samples;
    uint64_t sum; /* of the largest holes, each the largest request that fits without moving */
    size_t least;
    size_t last;
    size_t least_after_moving;
} holes;

/* Writes the timeline's first line. */
void holes_begin(const holes *seen);

/* A replay's on_sample; the context is the holes. */
void holes_sample(void *context, const replay_sample *sample);

#endif
