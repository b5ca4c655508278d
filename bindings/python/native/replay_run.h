/* SPDX-License-Identifier: MIT
 * A replay under way. */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include "engine.h"
#include "replay.h"
#include "replay_verify.h"

typedef struct {
    const replay_options *options;
    replay_views *views; /* may be null */
    const engine_t *engine;
    replay_result *result;
    char *sentence;
    trace_cursor cursor;
    void *memory;
    defrag_pool *pool;
    replay_block *blocks; /* by number */
    uint32_t numbers;
    uint64_t interval; /* operations between samples */
    size_t header_bytes;
    size_t moved;               /* bytes of other blocks that the call under way has moved */
    defrag_handle resizing;     /* the block that the call under way resizes */
    size_t own_moves;           /* how often that call has moved it */
    defrag_status refusal;      /* of that call, or OK */
    uint64_t live, asked, used; /* now: blocks, bytes as asked for, bytes as usable */
} replay;

/* Makes a pool for a trace. replay_close is due whatever comes of it. */
replay_status replay_open(replay *run, const uint8_t *trace, size_t length, const trace_summary *summary);
void replay_close(replay *run);

/* Does operations up to number `until`, the first refusal if the options say so, or the end of the trace. Returns false
 * if the library broke its word. */
bool replay_advance(replay *run, uint64_t until);

/* Does one operation. Returns false if the library broke its word. */
bool replay_operate(replay *run, const trace_record *record);

/* Reads the next operation, passing over what is none. */
bool replay_next(replay *run, trace_record *record);

/* Tells whether the block of an operation was refused, so that it must be skipped. */
bool replay_is_skipped(const replay *run, const trace_record *record);

/* What the pool is asked for. */
size_t replay_bytes(const trace_record *record);

/* The library's statistics. */
defrag_pool_stats replay_stats(const replay *run);

#endif
