/* SPDX-License-Identifier: MIT
 * Finds the smallest pool that serves a trace without a refusal.
 *
 * Nothing promises that a larger pool serves what a smaller one serves: once blocks move, where they lie depends on the
 * pool's size, and above the largest pool of the narrow build each block costs more. Bisection alone would find one of
 * several places where refusals begin. So from there on smaller sizes are tried until a row of them refuses, and then a
 * row of larger ones, to tell how firm the answer is. */
#ifndef SMALLEST_H
#define SMALLEST_H

#include "replay.h"

enum { SMALLEST_ROW = 8 /* sizes */ };

typedef struct {
    size_t pool_bytes;
    size_t granularity;
    uint32_t probes;
    uint32_t refused_above; /* of the SMALLEST_ROW sizes above */
} smallest;

/* The options' pool size is not used. Fails as replay_run does, and with REPLAY_NO_POOL if no pool serves the trace. */
replay_status smallest_find(const uint8_t *trace, size_t length, const trace_summary *summary,
                            const replay_options *options, size_t granularity, smallest *found,
                            char sentence[TRACE_SENTENCE_BYTES]);

#endif
