/* SPDX-License-Identifier: MIT
 * Runs a trace through a pool. */
#include "replay.h"

#include "replay_verify.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CHECK_INTERVAL = 256 /* operations */, GRANULE_BYTES = 8 };

typedef struct {
    const replay_options *options;
    const engine_t *engine;
    replay_result *result;
    char *sentence;
    void *memory;
    defrag_pool *pool;
    replay_block *blocks; /* by number */
    size_t block_overhead;
    size_t moved;           /* bytes of other blocks that the call under way has moved */
    defrag_handle resizing; /* the block that the call under way resizes */
    size_t own_moves;       /* how often that call has moved it */
} replay;

/* --------------------------------------------------------------------------------------------------- how it may end */

static bool broken(replay *run, const char *what)
{
    return trace_wrong(run->sentence,
                       "makes the library break its word at operation %" PRIu64 ": %s; report it with the trace",
                       run->result->operations, what);
}

static bool is_refusal(defrag_status status)
{
    return status >= DEFRAG_FRAGMENTED && status <= DEFRAG_INVALID_ALIGNMENT;
}

/* Returns false if the replay must stop. */
static bool refuse(replay *run, defrag_status status, size_t bytes)
{
    replay_result *result = run->result;
    if (!is_refusal(status)) {
        return broken(run, run->engine->status_text(status));
    }
    if (result->refused++ == 0) {
        result->first_refused_operation = result->operations;
        result->first_refused_bytes = bytes;
        result->first_refused_status = status;
    }
    result->refused_for[status]++;
    return true;
}

/* ------------------------------------------------------------------------------------------------------- operations */

static void count_moved(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)pool;
    replay *run = context;
    if (event->kind != DEFRAG_EVENT_MOVE) {
        return;
    }
    if (event->handle == run->resizing) {
        run->own_moves++;
    } else {
        run->moved += event->bytes + run->block_overhead;
    }
}

static void note_worst_allocation(replay *run)
{
    if (run->moved > run->result->worst_allocation) {
        run->result->worst_allocation = run->moved;
    }
}

static bool verify_new(replay *run, const replay_block *block, bool zeroed)
{
    if (zeroed && !replay_is_zeroed(run->engine, run->pool, block)) {
        return broken(run, "a block asked for zeroed is not");
    }
    replay_fill(run->engine, run->pool, block, 0);
    return replay_is_intact(run->engine, run->pool, block, block->bytes) ||
           broken(run, "a new block is misaligned or cannot be locked");
}

static bool verify_old(replay *run, const replay_block *block, size_t bytes)
{
    return replay_is_intact(run->engine, run->pool, block, bytes) ||
           broken(run, "a block has lost its contents or its alignment");
}

static size_t size_to_ask(const trace_record *record)
{
    return record->bytes == 0 ? 1 : (size_t)record->bytes;
}

static bool allocate(replay *run, const trace_record *record)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = record->zeroed ? DEFRAG_ZEROED : 0;
    request.bytes = size_to_ask(record);
    request.alignment = record->alignment;
    request.fit = run->options->policy.fit;
    replay_block *block = &run->blocks[record->number];
    *block = (replay_block){
        .bytes = (uint32_t)request.bytes,
        .alignment = record->alignment > GRANULE_BYTES ? record->alignment : GRANULE_BYTES,
        .seed = (uint32_t)run->result->operations,
    };
    defrag_status status = run->engine->alloc_with(run->pool, &request, &block->handle);
    note_worst_allocation(run);
    if (status != DEFRAG_OK) {
        return refuse(run, status, request.bytes);
    }
    return !run->options->verify || verify_new(run, block, record->zeroed);
}

static bool release(replay *run, const trace_record *record)
{
    replay_block *block = &run->blocks[record->number];
    if (run->options->verify && !verify_old(run, block, block->bytes)) {
        return false;
    }
    defrag_status status = run->engine->free(run->pool, block->handle);
    block->handle = DEFRAG_NO_HANDLE;
    return status == DEFRAG_OK || broken(run, run->engine->status_text(status));
}

static bool resize(replay *run, const trace_record *record)
{
    replay_block *block = &run->blocks[record->number];
    size_t bytes = size_to_ask(record);
    size_t kept = bytes < block->bytes ? bytes : block->bytes;
    size_t usable = 0;
    run->engine->usable_size(run->pool, block->handle, &usable);
    run->resizing = block->handle;
    defrag_status status = run->engine->resize(run->pool, block->handle, bytes, run->options->policy.fit);
    run->resizing = DEFRAG_NO_HANDLE;
    run->result->copied_bytes += run->own_moves * (usable + run->block_overhead);
    note_worst_allocation(run);
    if (status != DEFRAG_OK) {
        return refuse(run, status, bytes);
    }
    block->bytes = (uint32_t)bytes;
    if (!run->options->verify) {
        return true;
    }
    replay_fill(run->engine, run->pool, block, kept);
    return verify_old(run, block, bytes);
}

static bool step(replay *run)
{
    const replay_policy *policy = &run->options->policy;
    if (policy->step_bytes == 0) {
        return true;
    }
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    defrag_status status = run->engine->step(run->pool, policy->step_bytes, policy->step_blocks, &progress);
    if (progress.moved_bytes > run->result->worst_step) {
        run->result->worst_step = progress.moved_bytes;
    }
    return status == DEFRAG_OK || broken(run, run->engine->status_text(status));
}

static bool is_refused_block(const replay *run, const trace_record *record)
{
    bool is_new = record->kind == TRACE_ALLOCATE || record->kind == TRACE_ALLOCATE_WITH;
    return !is_new && run->blocks[record->number].handle == DEFRAG_NO_HANDLE;
}

static bool operate(replay *run, const trace_record *record)
{
    run->moved = 0;
    run->own_moves = 0;
    if (is_refused_block(run, record)) {
        run->result->skipped++;
        return true;
    }
    switch (record->kind) {
    case TRACE_FREE: return release(run, record);
    case TRACE_RESIZE: return resize(run, record);
    default: return allocate(run, record);
    }
}

/* ---------------------------------------------------------------------------------------------------------- looking */

static bool check_pool(replay *run)
{
    int32_t invariant = 0;
    return run->engine->check(run->pool, &invariant) == DEFRAG_OK ||
           broken(run, run->engine->invariant_text(invariant));
}

static void sample(const replay *run)
{
    replay_sample seen = { .operation = run->result->operations, .stats = DEFRAG_STATS_INIT };
    run->engine->stats(run->pool, &seen.stats);
    run->options->on_sample(run->options->context, &seen);
}

static bool look(replay *run, uint64_t interval)
{
    uint64_t operation = run->result->operations;
    if (run->options->on_sample != NULL && operation % interval == 0) {
        sample(run);
    }
    return !run->options->verify || operation % CHECK_INTERVAL != 0 || check_pool(run);
}

static bool verify_survivors(replay *run, uint32_t numbers)
{
    for (uint32_t i = 0; i < numbers; i++) {
        const replay_block *block = &run->blocks[i];
        if (block->handle != DEFRAG_NO_HANDLE && !verify_old(run, block, block->bytes)) {
            return false;
        }
    }
    return check_pool(run);
}

/* ---------------------------------------------------------------------------------------------------- the whole run */

static bool run_records(replay *run, trace_cursor cursor, uint64_t interval)
{
    trace_record record;
    while (trace_next(&cursor, &record) == TRACE_OK && record.kind != TRACE_END) {
        if (record.kind == TRACE_THREAD) {
            continue;
        }
        run->result->operations++;
        if (!operate(run, &record) || !step(run) || !look(run, interval)) {
            return false;
        }
        if (run->result->refused != 0 && run->options->stop_at_refusal) {
            return true;
        }
    }
    return true;
}

static replay_status open_pool(replay *run)
{
    size_t bytes = run->options->pool_bytes;
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.tag = 1; /* not drawn from the address, so that each replay is the same */
    run->memory =
        aligned_alloc(DEFRAG_MAX_ALIGNMENT, (bytes + DEFRAG_MAX_ALIGNMENT - 1) & ~((size_t)DEFRAG_MAX_ALIGNMENT - 1));
    if (run->memory == NULL || run->blocks == NULL) {
        trace_wrong(run->sentence, "needs more memory than this machine has; take a smaller pool");
        return REPLAY_NO_MEMORY;
    }
    defrag_status status = run->engine->init(run->memory, bytes, &config, &run->pool);
    if (status != DEFRAG_OK) {
        trace_wrong(run->sentence, "cannot be replayed in a pool of %zu bytes: %s", bytes,
                    run->engine->status_text(status));
        return REPLAY_NO_POOL;
    }
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    run->engine->stats(run->pool, &stats);
    run->block_overhead = stats.block_overhead;
    run->engine->observe(run->pool, count_moved, run);
    return REPLAY_OK;
}

static replay_status run_in_pool(replay *run, trace_cursor cursor, const trace_summary *summary)
{
    replay_status status = open_pool(run);
    if (status != REPLAY_OK) {
        return status;
    }
    uint64_t interval = summary->totals.operations / REPLAY_SAMPLES + 1;
    if (!run_records(run, cursor, interval)) {
        return REPLAY_BROKEN;
    }
    if (run->options->verify && !verify_survivors(run, summary->numbers)) {
        return REPLAY_BROKEN;
    }
    run->engine->stats(run->pool, &run->result->stats);
    return REPLAY_OK;
}

replay_status replay_run(const uint8_t *trace, size_t length, const trace_summary *summary,
                         const replay_options *options, replay_result *result, char sentence[TRACE_SENTENCE_BYTES])
{
    const engine_t *engine = options->engine == NULL ? engine_for(options->pool_bytes) : options->engine;
    replay run = { .options = options, .engine = engine, .result = result, .sentence = sentence };
    trace_cursor cursor;
    *result = (replay_result){ .engine = engine, .stats = DEFRAG_STATS_INIT };
    if (engine == NULL) {
        trace_wrong(sentence, "cannot be replayed in a pool of %zu bytes, as the largest is %" PRIu64,
                    options->pool_bytes, engine_32.max_pool_bytes);
        return REPLAY_NO_POOL;
    }
    trace_begin(trace, length, &cursor);
    run.blocks = calloc((size_t)summary->numbers + 1, sizeof *run.blocks);
    replay_status status = run_in_pool(&run, cursor, summary);
    free(run.blocks);
    free(run.memory);
    return status;
}
