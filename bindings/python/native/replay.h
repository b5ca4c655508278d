/* SPDX-License-Identifier: MIT
 * Runs a trace through a pool and counts what happens. This is the interface that Python calls, so it holds nothing but
 * numbers, and arrays of the caller's.
 *
 * An operation on a block that the pool refused is skipped. A resize that is refused leaves the block as it was. A
 * block of zero bytes is asked for as one byte, as malloc(0) must give an address of its own. */
#ifndef REPLAY_H
#define REPLAY_H

#include "trace.h"

/* The block number of cells that the control block or the handle table fill. */
#define REPLAY_OVERHEAD UINT32_MAX

/* How a replay itself may fail. */
#define REPLAY_OK 0
#define REPLAY_NO_POOL 1 /* the size is none that a pool can have, or no pool serves the trace */
#define REPLAY_NO_MEMORY 2
#define REPLAY_BROKEN 3    /* the library broke its word; the sentence tells how */
#define REPLAY_BAD_TRACE 4 /* trace_check refuses it, or it has no such operation */
typedef int32_t replay_status;

typedef struct {
    uint64_t pool_bytes;
    uint64_t step_bytes; /* what a step after each operation may copy; 0: no step */
    uint64_t step_blocks;
    uint64_t until;           /* stop after so many operations; 0: do all */
    int32_t fit;              /* DEFRAG_FAST, DEFRAG_BEST or DEFRAG_MAKE_ROOM */
    uint32_t link_width;      /* 16, 32, or 0: the build that serves a pool of this size with the least overhead */
    uint32_t locked;          /* of 1000 blocks, how many stay locked while they live */
    uint32_t locked_seed;     /* picks these blocks */
    uint32_t verify;          /* 1: fill each block, look at it again when it is resized or freed, and check the pool */
    uint32_t stop_at_refusal; /* 1 */
} replay_options;

/* What the pool looks like after an operation. Sizes are in bytes. */
typedef struct {
    uint64_t operation;
    uint64_t live;
    uint64_t locked;
    uint64_t asked; /* as the trace has it, of the blocks that are live */
    uint64_t used;
    uint64_t overhead;
    uint64_t free;
    uint64_t holes;
    uint64_t largest_now;
    uint64_t largest_after_moving;
    uint64_t moved_bytes; /* so far */
    uint64_t refused;     /* so far */
    double fragmentation; /* 1 - sqrt(sum of squares of the free spaces) / their sum; 0 if all is in one */
} replay_sample;

/* What fills one of the equal slices of a pool at the time of a sample. */
typedef struct {
    uint32_t used;  /* bytes of the slice that are in blocks, headers included */
    uint32_t share; /* of these, those of the block that has most */
    uint32_t block; /* 1 + its number; 0: all free */
    uint32_t bytes; /* its usable size */
    uint32_t born;  /* the operation that allocated it */
    uint32_t locks;
} replay_cell;

/* A block that was moved: where its usable bytes began, from the pool's start. */
typedef struct {
    uint64_t operation;
    uint64_t from;
    uint64_t to;
    uint64_t bytes;
} replay_move;

/* Where to put what is seen on the way. A null array is not filled; the others must have room for what is said. */
typedef struct {
    replay_sample *samples; /* evenly over the operations, at most `sample_capacity` */
    replay_cell *cells;     /* `rows` for each sample, lowest address first */
    replay_move *moves;     /* the first `move_capacity` */
    uint32_t *moved;        /* for each operation, the bytes that it moved of blocks other than its own */
    uint32_t *stepped;      /* for each operation, the bytes that the step after it copied */
    uint64_t sample_capacity;
    uint64_t rows;
    uint64_t move_capacity;
    uint64_t sample_count; /* out */
    uint64_t move_count;   /* out: all, also those that had no room */
} replay_views;

/* Refusals are counted by status: of the library's, only those up to DEFRAG_INVALID_ALIGNMENT are refusals. */
typedef struct {
    uint64_t pool_bytes;
    uint64_t operations; /* done, refused or skipped */
    uint64_t skipped;
    uint64_t refused;
    uint64_t refused_fragmented;
    uint64_t refused_out_of_memory;
    uint64_t refused_out_of_handles;
    uint64_t refused_invalid_size;
    uint64_t refused_invalid_alignment;
    uint64_t first_refused_operation; /* counted from 1; 0: none */
    uint64_t first_refused_bytes;
    uint64_t moved_bytes;      /* of blocks, headers included, but for the copied ones */
    uint64_t copied_bytes;     /* by resizing: of blocks that had to go elsewhere to grow, as realloc copies them */
    uint64_t moved_blocks;     /* both */
    uint64_t worst_allocation; /* the most bytes of other blocks that one allocation or resize moved */
    uint64_t worst_step;       /* the most bytes that one step copied */
    uint64_t peak_live;
    uint64_t peak_used;
    uint64_t high_water;
    uint64_t block_overhead; /* of a header and a handle slot */
    uint64_t control_bytes;
    /* When blocks, headers and handle slots took most: the least that any heap of this layout must have. */
    uint64_t need_operation;
    uint64_t need_asked;    /* what the program asked for */
    uint64_t need_rounding; /* what its blocks had above that */
    uint64_t need_blocks;
    int32_t first_refused_status;
    uint32_t link_width;
} replay_result;

/* A request, and what is in its way. */
typedef struct {
    uint64_t operation;
    uint64_t bytes;
    uint64_t alignment;
    uint64_t missing;  /* with OUT_OF_MEMORY: how many bytes */
    uint64_t moved;    /* bytes of other blocks that the request moved */
    uint64_t blocking; /* how many blocks are in the way */
    replay_sample before;
    uint32_t block;
    uint32_t kind;    /* TRACE_ALLOCATE, TRACE_ALLOCATE_WITH or TRACE_RESIZE */
    uint32_t now;     /* 1: a hole was large enough */
    int32_t verdict;  /* of defrag_would_fit */
    int32_t status;   /* what became of the request */
    uint32_t skipped; /* 1: a resize of a block that was refused */
} replay_reason;

typedef struct {
    uint64_t offset;
    uint64_t bytes;
    uint64_t born;
    uint32_t block;
    uint32_t locks;
} replay_blocker;

typedef struct {
    uint64_t pool_bytes;
    uint64_t granularity;
    uint32_t probes;
    uint32_t looked_above;
    uint32_t refused_above; /* of the sizes looked at above */
    uint32_t reserved;
} replay_smallest;

/* All take a trace that trace_check has passed with this summary. The sentence is set unless the result is
 * REPLAY_OK. */

REPLAY_API replay_status replay_run(const uint8_t *trace, size_t length, const trace_summary *summary,
                                    const replay_options *options, replay_views *views, replay_result *result,
                                    char sentence[TRACE_SENTENCE_BYTES]);

/* Replays up to the operation `at`, counted from 1, looks at what it will meet, and does it. */
REPLAY_API replay_status replay_why(const uint8_t *trace, size_t length, const trace_summary *summary,
                                    const replay_options *options, uint64_t at, replay_reason *reason,
                                    replay_blocker *blockers, uint64_t capacity, char sentence[TRACE_SENTENCE_BYTES]);

/* Finds the smallest pool that serves a trace without a refusal, in multiples of `granularity`.
 *
 * Nothing promises that a larger pool serves what a smaller one serves: once blocks move, where they lie depends on the
 * pool's size, and above the largest pool of the narrow build each block costs more. Bisection alone would find one of
 * several places where refusals begin. So from there on smaller sizes are tried until a row of them refuses, and then a
 * row of larger ones, to tell how firm the answer is. The options' pool size is not used. */
REPLAY_API replay_status replay_find_smallest(const uint8_t *trace, size_t length, const trace_summary *summary,
                                              const replay_options *options, uint64_t granularity,
                                              replay_smallest *found, char sentence[TRACE_SENTENCE_BYTES]);

#endif
