/* SPDX-License-Identifier: MIT
 * Finds the smallest pool that serves a trace: bisection, then the neighbourhood. */
#include "engine.h"
#include "replay.h"

#include <inttypes.h>

enum { SMALLEST_ROW = 8 /* sizes */ };

typedef struct {
    const uint8_t *trace;
    size_t length;
    const trace_summary *summary;
    replay_options options;
    replay_smallest *found;
    char *sentence;
    replay_status status; /* REPLAY_OK as long as the search may go on */
} search;

static uint64_t round_up(uint64_t bytes, uint64_t granularity)
{
    return (bytes + granularity - 1) / granularity * granularity;
}

static uint64_t largest_pool(const search *run, const engine_t *engine)
{
    return engine->max_pool_bytes / run->found->granularity * run->found->granularity;
}

/* Some requests no pool serves, so that there is no point in trying larger ones. */
static void give_up_if_hopeless(search *run, const replay_result *result)
{
    if (result->first_refused_status != DEFRAG_INVALID_ALIGNMENT) {
        return;
    }
    run->status = REPLAY_NO_POOL;
    trace_wrong(run->sentence, "fits no pool, as operation %" PRIu64 " asks for an alignment above %d; leave it out",
                result->first_refused_operation, DEFRAG_MAX_ALIGNMENT);
}

static bool serves(search *run, uint64_t pool_bytes)
{
    replay_result result;
    run->options.pool_bytes = pool_bytes;
    run->found->probes++;
    run->status = replay_run(run->trace, run->length, run->summary, &run->options, NULL, &result, run->sentence);
    if (run->status == REPLAY_OK) {
        give_up_if_hopeless(run, &result);
    }
    return run->status == REPLAY_OK && result.refused == 0;
}

static const engine_t *engine_above(const search *run, uint64_t refused)
{
    switch (run->options.link_width) {
    case 16: return &engine_16;
    case 32: return &engine_32;
    default: return engine_for(refused + 1);
    }
}

/* The next size to try above one that refuses. The largest pool of the narrow build is not passed by: one slightly
 * larger needs the wide build, whose blocks cost more. */
static uint64_t next_larger(const search *run, uint64_t refused)
{
    const engine_t *engine = engine_above(run, refused);
    if (engine == NULL) {
        return refused;
    }
    uint64_t limit = largest_pool(run, engine);
    uint64_t larger = round_up(refused + refused / 4, run->found->granularity);
    return larger > limit && limit > refused ? limit : larger;
}

/* Returns a size that serves, with one that does not in *refused. */
static uint64_t find_upper(search *run, uint64_t *refused)
{
    uint64_t granularity = run->found->granularity;
    uint64_t size = round_up(run->summary->peak_bytes + DEFRAG_MIN_POOL_BYTES, granularity);
    *refused = round_up(DEFRAG_MIN_POOL_BYTES, granularity) - granularity;
    while (!serves(run, size) && run->status == REPLAY_OK) {
        *refused = size;
        size = next_larger(run, size);
        if (size == *refused) {
            trace_wrong(run->sentence, "fits no pool, as the largest has %" PRIu64 " bytes; record a smaller program",
                        size);
            run->status = REPLAY_NO_POOL;
        }
    }
    return size;
}

static uint64_t bisect(search *run, uint64_t refused, uint64_t served)
{
    uint64_t granularity = run->found->granularity;
    while (served - refused > granularity && run->status == REPLAY_OK) {
        uint64_t middle = refused + (served - refused) / 2 / granularity * granularity;
        if (serves(run, middle)) {
            served = middle;
        } else {
            refused = middle;
        }
    }
    return served;
}

static uint64_t look_below(search *run, uint64_t served)
{
    uint64_t granularity = run->found->granularity;
    uint64_t size = served;
    for (int row = 0; row < SMALLEST_ROW && run->status == REPLAY_OK; row++) {
        if (size < DEFRAG_MIN_POOL_BYTES + granularity) {
            break;
        }
        size -= granularity;
        if (serves(run, size)) {
            served = size;
            row = -1;
        }
    }
    return served;
}

static uint32_t look_above(search *run, uint64_t served)
{
    uint32_t refused = 0;
    for (uint64_t i = 1; i <= SMALLEST_ROW && run->status == REPLAY_OK; i++) {
        refused += !serves(run, served + i * run->found->granularity);
    }
    return refused;
}

replay_status replay_find_smallest(const uint8_t *trace, size_t length, const trace_summary *summary,
                                   const replay_options *options, uint64_t granularity, replay_smallest *found,
                                   char sentence[TRACE_SENTENCE_BYTES])
{
    search run = { trace, length, summary, *options, found, sentence, REPLAY_OK };
    run.options.stop_at_refusal = 1;
    *found = (replay_smallest){ .granularity = granularity, .looked_above = SMALLEST_ROW };
    uint64_t refused = 0;
    uint64_t served = find_upper(&run, &refused);
    served = bisect(&run, refused, served);
    found->pool_bytes = look_below(&run, served);
    found->refused_above = look_above(&run, found->pool_bytes);
    return run.status;
}
