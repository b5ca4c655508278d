/* SPDX-License-Identifier: MIT
 * The largest hole over time. */
#include "holes.h"

#include <inttypes.h>

void holes_begin(const holes *seen)
{
    if (seen->timeline != NULL) {
        fputs("operation,live,used,free,holes,largest_now,largest_after_moving,moved_bytes,refused\n", seen->timeline);
    }
}

static void write_line(FILE *timeline, const replay_sample *sample)
{
    const defrag_pool_stats *stats = &sample->stats;
    fprintf(timeline, "%" PRIu64 ",%zu,%zu,%zu,%zu,%zu,%zu,%" PRIu64 ",%zu\n", sample->operation, stats->live,
            stats->used, stats->free, stats->holes, stats->largest_now, stats->largest_after_moving, stats->moved_bytes,
            stats->refused);
}

void holes_sample(void *context, const replay_sample *sample)
{
    holes *seen = context;
    const defrag_pool_stats *stats = &sample->stats;
    bool first = seen->samples++ == 0;
    seen->sum += stats->largest_now;
    seen->last = stats->largest_now;
    if (first || stats->largest_now < seen->least) {
        seen->least = stats->largest_now;
    }
    if (first || stats->largest_after_moving < seen->least_after_moving) {
        seen->least_after_moving = stats->largest_after_moving;
    }
    if (seen->timeline != NULL) {
        write_line(seen->timeline, sample);
    }
}
