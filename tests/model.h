/* SPDX-License-Identifier: MIT
 *
 * The shadow model: what a pool must do, told a second time and in another way.
 *
 * It performs operations on a real pool and keeps the truth about every block: its handle, size, alignment, locks, place
 * and contents, which are a pattern grown again from a seed. From this it computes by itself how many bytes are free, and
 * so judges every answer of the pool. In particular, with nothing locked or over-aligned, DEFRAG_MAKE_ROOM must succeed if
 * and only if the free bytes suffice.
 *
 * Pure C11: no allocation, no input or output, of the C library only memcpy, memset and memcmp, and little stack, so that
 * the same model serves unit tests, fuzzers, state explorers and firmware. All memory comes from the caller.
 */
#ifndef DEFRAG_TESTS_MODEL_H
#define DEFRAG_TESTS_MODEL_H

#include "defrag.h"

/* What an operation does, and what its numbers a, b and c mean. Any numbers are welcome: `which` picks a live block by its
 * remainder, a fit is taken modulo 3. Sizes and alignments go to the pool as they are. */
enum {
    MODEL_ALLOC,       /* bytes, alignment, fit + 4 * flags */
    MODEL_ALLOC_ARRAY, /* count, bytes, fit */
    MODEL_FREE,        /* which */
    MODEL_RESIZE,      /* which, bytes, fit */
    MODEL_LOCK,        /* which */
    MODEL_LOCK_SHARED, /* which */
    MODEL_UNLOCK,      /* which */
    MODEL_USABLE_SIZE, /* which */
    MODEL_CLEAN,       /* - */
    MODEL_COMPACT,     /* - */
    MODEL_STEP,        /* max_bytes, max_blocks */
    MODEL_SETTLE,      /* max_bytes, max_blocks: steps until they say done */
    MODEL_ATTACH,      /* granules to shift by: the image moves to the spare memory and the old place is destroyed */
    MODEL_CHECK,       /* - */
    MODEL_WOULD_FIT,   /* bytes, alignment */
    MODEL_STALE,       /* which freed handle, which call */
    MODEL_KINDS
};

typedef struct model_op {
    uint32_t kind;
    uint32_t a;
    uint32_t b;
    uint32_t c;
} model_op;

/* Bytes of raw input that model_decode turns into one operation. */
#define MODEL_OP_BYTES 8

/* The truth about a block. The blocks are an open hash table over handles; an unused place has DEFRAG_NO_HANDLE. */
typedef struct model_block {
    defrag_handle handle;
    uint32_t usable; /* bytes */
    uint32_t offset; /* of its usable bytes in the pool, when last seen */
    uint32_t seed;   /* of its contents */
    uint16_t alignment;
    uint8_t shared;
    uint8_t exclusive;
    uint8_t seen; /* equal to the model's `seen` once the walk under way has shown it */
} model_block;

/* What the model is made with. The memory for the pool, its spare and its scratch hold `bytes` + `room` bytes each. */
typedef struct model_setup {
    void *memory;
    void *spare;   /* where MODEL_ATTACH moves the image, or null: it does nothing then */
    void *scratch; /* a copy of the pool to prove that a failure leaves no trace, or null: it is not proved then */
    size_t bytes;
    size_t room; /* how far MODEL_ATTACH may shift the image within its memory, in bytes */
    model_block *blocks;
    uint32_t places; /* how many of them: a power of two; allocations beyond three quarters of it are not tried */
    uint32_t period; /* everything is verified after every so many operations; 0: never */
    const defrag_config *config;
} model_setup;

enum { MODEL_STALE_HANDLES = 8 };

typedef struct model {
    defrag_pool *pool;
    unsigned char *memory; /* where the pool begins, */
    unsigned char *home;   /* in this memory of the two */
    unsigned char *spare;
    unsigned char *scratch;
    size_t bytes;
    size_t room;
    model_block *blocks;
    uint32_t places;
    uint32_t period;

    uint32_t granule; /* facts of the build, in bytes */
    uint32_t header;
    uint32_t slot;
    uint32_t tail;
    uint32_t first;    /* where the first block's header goes */
    uint32_t end;      /* where the handle table grows down from */
    uint32_t reserved; /* handle slots */
    uint32_t capacity; /* granules of the largest request that an empty pool serves */

    uint32_t live;
    uint32_t locked;
    uint32_t used;  /* granules */
    uint32_t slack; /* bytes: alignment less granule, summed over the over-aligned live blocks */
    uint32_t peak_live;
    uint32_t peak_used;
    uint32_t refused;
    uint32_t largest_refused;
    uint32_t high_end; /* bytes: the highest end of a block seen */
    uint8_t seen;
    bool stressed;       /* any unlock may move, and the pool's memory is not to be touched but under a lock */
    bool may_have_moved; /* since the last verification */
    bool copy_under_way; /* perhaps: the last step was not the last */

    defrag_handle stale[MODEL_STALE_HANDLES]; /* freed last */
    uint32_t frees;

    defrag_pool_stats before; /* of a verified operation */
    uint32_t told;            /* the operation after which they were asked for last */
    uint32_t operations;

    const char *failure;       /* null while the pool has done right; else what it did wrong, */
    int line;                  /* where in the model that was found */
    uint32_t failed_operation; /* and in which operation, counted from 1 */
} model;

/* Makes a pool and its model. Like model_apply it returns false when the pool has done wrong. */
bool model_init(model *m, const model_setup *setup);

/* Performs one operation on the pool and judges its answer. After a failure nothing more is done. */
bool model_apply(model *m, model_op op);

/* The same without verifying the whole pool after it, for who does that himself. */
bool model_perform(model *m, model_op op);

/* Verifies everything now: blocks, contents, holes, statistics, defrag_check. */
bool model_verify(model *m);

/* Unlocks and frees all blocks, verifies that the pool is whole again, and ends it. */
bool model_finish(model *m);

/* Turns raw bytes, random or from a fuzzer, into an operation that makes sense for this pool's size. */
model_op model_decode(const model *m, const unsigned char bytes[MODEL_OP_BYTES]);

/* For drivers that aim at something. Free bytes as the model counts them, the handle table at its present size. */
size_t model_free_bytes(const model *m);

/* The live block found by `which`, or null if there is none. */
const model_block *model_pick(const model *m, uint32_t which);

#endif
