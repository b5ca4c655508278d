/* SPDX-License-Identifier: MIT
 * Runs a trace through a pool and counts what happens.
 *
 * An operation on a block that the pool refused is skipped. A resize that is refused leaves the block as it was. A
 * block of zero bytes is asked for as one byte, as malloc(0) must give an address of its own. */
#ifndef REPLAY_H
#define REPLAY_H

#include "engine.h"
#include "trace.h"

enum {
    REPLAY_SAMPLES = 1000, /* how often, at least, the pool is looked at during a longer run */
    REPLAY_REASONS = DEFRAG_INVALID_ALIGNMENT + 1
};

typedef struct {
    const char *name;
    defrag_fit fit;
    size_t step_bytes; /* 0: no step */
    size_t step_blocks;
} replay_policy;

/* What the pool looks like after an operation. */
typedef struct {
    uint64_t operation;
    defrag_pool_stats stats;
} replay_sample;

typedef struct {
    const engine_t *engine; /* null: the one for this pool size */
    size_t pool_bytes;
    replay_policy policy;
    bool verify; /* fill each block, look at it again when it is resized or freed, and check the pool */
    bool stop_at_refusal;
    void (*on_sample)(void *context, const replay_sample *sample); /* null: samples are not taken */
    void *context;
} replay_options;

typedef struct {
    const engine_t *engine;
    uint64_t operations; /* done, refused or skipped */
    uint64_t skipped;
    uint64_t refused;
    uint64_t refused_for[REPLAY_REASONS]; /* by status */
    uint64_t first_refused_operation;     /* counted from 1; 0: none */
    uint64_t first_refused_bytes;
    defrag_status first_refused_status;
    uint64_t copied_bytes;   /* by resizing: of blocks that had to go elsewhere to grow, as realloc copies them */
    size_t worst_allocation; /* the most bytes of other blocks that one allocation or resize moved */
    size_t worst_step;       /* the most bytes that one step copied */
    defrag_pool_stats stats; /* at the end; its moved_bytes include the copied ones */
} replay_result;

/* How a replay itself may fail. */
typedef enum {
    REPLAY_OK,
    REPLAY_NO_POOL, /* the size is none that a pool can have, or the policy is unknown to the library */
    REPLAY_NO_MEMORY,
    REPLAY_BROKEN /* the library broke its word; the sentence tells how */
} replay_status;

/* Replays a trace that trace_check has passed. The sentence is set unless the result is REPLAY_OK. */
replay_status replay_run(const uint8_t *trace, size_t length, const trace_summary *summary,
                         const replay_options *options, replay_result *result, char sentence[TRACE_SENTENCE_BYTES]);

#endif
