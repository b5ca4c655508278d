/* SPDX-License-Identifier: MIT
 * Makes other traces of a trace: with blocks of another size, or lives of another length. */
#ifndef TRACE_CHANGE_H
#define TRACE_CHANGE_H

#include "trace.h"

/* Writes to `out` a trace in which each size is multiplied by `scale`, rounded up, and each block's life by a factor of
 * its own, drawn from 1 - jitter to 1 + jitter; what happens to a block in its life happens in the same order, spread
 * likewise. Which thread called is left out. The same seed gives the same trace.
 *
 * Returns its length, or 0 if there is not enough memory. With `out` null it only tells a length that suffices.
 * O(n log n). The trace must have passed trace_check. */
REPLAY_API size_t trace_change(const uint8_t *trace, size_t length, const trace_summary *summary, double scale,
                               double jitter, uint64_t seed, uint8_t *out);

#endif
