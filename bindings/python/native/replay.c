/* SPDX-License-Identifier: MIT
 * Runs a trace through a pool. */
#include "replay_run.h"
#include "replay_watch.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CHECK_INTERVAL = 256 /* operations */, GRANULE_BYTES = 8, SHARES = 1000 };

/* --------------------------------------------------------------------------------------------------- how it may end */

static bool broken(replay *run, const char *what)
{
    return trace_wrong(run->sentence,
                       "makes the library break its word at operation %" PRIu64 ": %s; report it with the trace",
                       run->result->operations, what);
}

static bool well(replay *run, defrag_status status)
{
    return status == DEFRAG_OK || broken(run, run->engine->status_text(status));
}

/* Where refusals of a status are counted, or null if it is none. */
static uint64_t *refusals_of(replay_result *result, defrag_status status)
{
    switch (status) {
    case DEFRAG_FRAGMENTED: return &result->refused_fragmented;
    case DEFRAG_OUT_OF_MEMORY: return &result->refused_out_of_memory;
    case DEFRAG_OUT_OF_HANDLES: return &result->refused_out_of_handles;
    case DEFRAG_INVALID_SIZE: return &result->refused_invalid_size;
    case DEFRAG_INVALID_ALIGNMENT: return &result->refused_invalid_alignment;
    default: return NULL;
    }
}

/* Returns false if the replay must stop. */
static bool refuse(replay *run, defrag_status status, size_t bytes)
{
    replay_result *result = run->result;
    uint64_t *count = refusals_of(result, status);
    if (count == NULL) {
        return well(run, status);
    }
    (*count)++;
    run->refusal = status;
    if (result->refused++ == 0) {
        result->first_refused_operation = result->operations;
        result->first_refused_bytes = bytes;
        result->first_refused_status = status;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------- what is needed */

static size_t usable(const replay *run, const replay_block *block)
{
    size_t bytes = 0;
    run->engine->usable_size(run->pool, block->handle, &bytes);
    return bytes;
}

static void count_in(replay *run, const replay_block *block)
{
    run->live++;
    run->asked += block->bytes;
    run->used += usable(run, block);
}

static void count_out(replay *run, const replay_block *block)
{
    run->live--;
    run->asked -= block->bytes;
    run->used -= usable(run, block);
}

static void note_need(replay *run)
{
    replay_result *result = run->result;
    uint64_t before = result->need_asked + result->need_rounding + result->need_blocks * result->block_overhead;
    if (run->used + run->live * result->block_overhead > before) {
        result->need_operation = result->operations;
        result->need_asked = run->asked;
        result->need_rounding = run->used - run->asked;
        result->need_blocks = run->live;
    }
}

static void note_worst_allocation(replay *run)
{
    if (run->moved > run->result->worst_allocation) {
        run->result->worst_allocation = run->moved;
    }
}

/* ------------------------------------------------------------------------------------------------------------- locks */

/* Spreads the blocks to hold evenly, whatever the trace's rhythm. */
static bool picks(const replay *run)
{
    uint32_t mixed = ((uint32_t)run->result->operations ^ run->options->locked_seed * 0x9E3779B1U) * 0x85EBCA6BU;
    mixed = (mixed ^ mixed >> 15) * 0xC2B2AE35U;
    return (mixed >> 8) % SHARES < run->options->locked;
}

static bool hold(replay *run, const replay_block *block)
{
    const void *address = NULL;
    return !block->held || well(run, run->engine->lock_shared(run->pool, block->handle, &address));
}

static bool let_go(replay *run, const replay_block *block)
{
    return !block->held || well(run, run->engine->unlock(run->pool, block->handle));
}

/* ------------------------------------------------------------------------------------------------------- operations */

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

size_t replay_bytes(const trace_record *record)
{
    return record->bytes == 0 ? 1 : (size_t)record->bytes;
}

static bool allocate(replay *run, const trace_record *record)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = record->zeroed ? DEFRAG_ZEROED : 0;
    request.bytes = replay_bytes(record);
    request.alignment = record->alignment;
    request.fit = run->options->fit;
    replay_block *block = &run->blocks[record->number];
    *block = (replay_block){
        .bytes = (uint32_t)request.bytes,
        .alignment = record->alignment > GRANULE_BYTES ? record->alignment : GRANULE_BYTES,
        .born = (uint32_t)run->result->operations,
        .held = picks(run),
    };
    defrag_status status = run->engine->alloc_with(run->pool, &request, &block->handle);
    note_worst_allocation(run);
    if (status != DEFRAG_OK) {
        return refuse(run, status, request.bytes);
    }
    count_in(run, block);
    note_need(run);
    return (run->options->verify == 0 || verify_new(run, block, record->zeroed)) && hold(run, block);
}

static bool release(replay *run, const trace_record *record)
{
    replay_block *block = &run->blocks[record->number];
    if (run->options->verify != 0 && !verify_old(run, block, block->bytes)) {
        return false;
    }
    count_out(run, block);
    if (!let_go(run, block) || !well(run, run->engine->free(run->pool, block->handle))) {
        return false;
    }
    block->handle = DEFRAG_NO_HANDLE;
    return true;
}

/* Has the pool resize an unlocked block, and counts. Returns false if the replay must stop. */
static bool resize_in_pool(replay *run, replay_block *block, size_t bytes, defrag_status *status)
{
    size_t old = usable(run, block);
    count_out(run, block);
    run->resizing = block->handle;
    *status = run->engine->resize(run->pool, block->handle, bytes, run->options->fit);
    run->resizing = DEFRAG_NO_HANDLE;
    run->result->copied_bytes += run->own_moves * (old + run->header_bytes);
    note_worst_allocation(run);
    if (*status == DEFRAG_OK) {
        block->bytes = (uint32_t)bytes;
    }
    count_in(run, block);
    note_need(run);
    return *status == DEFRAG_OK || refuse(run, *status, bytes);
}

static bool resize(replay *run, const trace_record *record)
{
    replay_block *block = &run->blocks[record->number];
    size_t bytes = replay_bytes(record);
    size_t kept = bytes < block->bytes ? bytes : block->bytes;
    defrag_status status = DEFRAG_OK;
    if (!let_go(run, block) || !resize_in_pool(run, block, bytes, &status)) {
        return false;
    }
    if (status == DEFRAG_OK && run->options->verify != 0) {
        replay_fill(run->engine, run->pool, block, kept);
        if (!verify_old(run, block, bytes)) {
            return false;
        }
    }
    return hold(run, block);
}

/* The pool need not know how often: locked is locked. */
static bool lock(replay *run, const trace_record *record)
{
    replay_block *block = &run->blocks[record->number];
    const void *address = NULL;
    if (!record->locks) {
        return --block->locks != 0 || well(run, run->engine->unlock(run->pool, block->handle));
    }
    return block->locks++ != 0 || well(run, run->engine->lock_shared(run->pool, block->handle, &address));
}

static bool step(replay *run)
{
    const replay_options *options = run->options;
    if (options->step_bytes == 0) {
        return true;
    }
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    defrag_status status = run->engine->step(run->pool, options->step_bytes, options->step_blocks, &progress);
    if (progress.moved_bytes > run->result->worst_step) {
        run->result->worst_step = progress.moved_bytes;
    }
    replay_watch_step(run, progress.moved_bytes);
    return well(run, status);
}

bool replay_is_skipped(const replay *run, const trace_record *record)
{
    return !trace_allocates(record) && run->blocks[record->number].handle == DEFRAG_NO_HANDLE;
}

bool replay_operate(replay *run, const trace_record *record)
{
    run->moved = 0;
    run->own_moves = 0;
    run->refusal = DEFRAG_OK;
    run->result->operations++;
    if (replay_is_skipped(run, record)) {
        run->result->skipped++;
        return true;
    }
    switch (record->kind) {
    case TRACE_FREE: return release(run, record);
    case TRACE_RESIZE: return resize(run, record);
    case TRACE_LOCK: return lock(run, record);
    default: return allocate(run, record);
    }
}

/* ---------------------------------------------------------------------------------------------------- the whole run */

static bool check_pool(replay *run)
{
    int32_t invariant = 0;
    return run->engine->check(run->pool, &invariant) == DEFRAG_OK ||
           broken(run, run->engine->invariant_text(invariant));
}

static bool verify_survivors(replay *run)
{
    for (uint32_t i = 0; i < run->numbers; i++) {
        const replay_block *block = &run->blocks[i];
        if (block->handle != DEFRAG_NO_HANDLE && !verify_old(run, block, block->bytes)) {
            return false;
        }
    }
    return check_pool(run);
}

bool replay_next(replay *run, trace_record *record)
{
    while (trace_next(&run->cursor, record) == TRACE_OK && record->kind != TRACE_END) {
        if (record->kind != TRACE_THREAD) {
            return true;
        }
    }
    return false;
}

bool replay_advance(replay *run, uint64_t until)
{
    trace_record record;
    while (run->result->operations < until && replay_next(run, &record)) {
        if (!replay_operate(run, &record)) {
            return false;
        }
        replay_watch_operation(run);
        if (!step(run)) {
            return false;
        }
        replay_watch_pool(run);
        if (run->options->verify != 0 && run->result->operations % CHECK_INTERVAL == 0 && !check_pool(run)) {
            return false;
        }
        if (run->result->refused != 0 && run->options->stop_at_refusal != 0) {
            return true;
        }
    }
    return true;
}

static const engine_t *engine_of(const replay_options *options)
{
    switch (options->link_width) {
    case 16: return &engine_16;
    case 32: return &engine_32;
    default: return engine_for(options->pool_bytes);
    }
}

static replay_status no_pool(const replay *run, const char *why)
{
    trace_wrong(run->sentence, "cannot be replayed in a pool of %" PRIu64 " bytes: %s", run->options->pool_bytes, why);
    return REPLAY_NO_POOL;
}

static replay_status make_pool(replay *run)
{
    uint64_t mask = DEFRAG_MAX_ALIGNMENT - 1;
    if (run->options->pool_bytes > engine_32.max_pool_bytes) {
        return no_pool(run, "the largest has 4 GiB less 4 KiB; choose a smaller one");
    }
    run->memory = aligned_alloc(DEFRAG_MAX_ALIGNMENT, (size_t)((run->options->pool_bytes + mask) & ~mask));
    run->blocks = calloc((size_t)run->numbers + 1, sizeof *run->blocks);
    if (run->memory == NULL || run->blocks == NULL) {
        trace_wrong(run->sentence, "needs more memory than this machine has; take a smaller pool");
        return REPLAY_NO_MEMORY;
    }
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.tag = 1; /* not drawn from the address, so that each replay is the same */
    defrag_status status = run->engine->init(run->memory, (size_t)run->options->pool_bytes, &config, &run->pool);
    return status == DEFRAG_OK ? REPLAY_OK : no_pool(run, run->engine->status_text(status));
}

defrag_pool_stats replay_stats(const replay *run)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    run->engine->stats(run->pool, &stats);
    return stats;
}

replay_status replay_open(replay *run, const uint8_t *trace, size_t length, const trace_summary *summary)
{
    uint64_t samples = run->views == NULL ? 0 : run->views->sample_capacity;
    *run->result = (replay_result){ 0 };
    run->engine = engine_of(run->options);
    run->numbers = summary->numbers;
    run->interval = samples == 0 ? 0 : (summary->totals.operations + samples - 1) / samples;
    trace_begin(trace, length, &run->cursor);
    replay_status status = make_pool(run);
    if (status != REPLAY_OK) {
        return status;
    }
    defrag_pool_stats stats = replay_stats(run);
    run->header_bytes = stats.block_overhead;
    run->result->block_overhead = (uint64_t)stats.block_overhead + stats.handle_overhead;
    run->result->control_bytes = stats.control_bytes;
    run->result->link_width = run->engine->link_width;
    replay_watch_moves(run);
    return REPLAY_OK;
}

void replay_close(replay *run)
{
    free(run->blocks);
    free(run->memory);
}

static void conclude(const replay *run)
{
    replay_result *result = run->result;
    defrag_pool_stats stats = replay_stats(run);
    result->pool_bytes = stats.pool_bytes;
    result->moved_bytes = stats.moved_bytes - result->copied_bytes;
    result->moved_blocks = stats.moved_blocks;
    result->peak_live = stats.peak_live;
    result->peak_used = stats.peak_used;
    result->high_water = stats.high_water;
}

static replay_status run_to_end(replay *run)
{
    uint64_t until = run->options->until == 0 ? UINT64_MAX : run->options->until;
    if (!replay_advance(run, until) || (run->options->verify != 0 && !verify_survivors(run))) {
        return REPLAY_BROKEN;
    }
    conclude(run);
    return REPLAY_OK;
}

replay_status replay_run(const uint8_t *trace, size_t length, const trace_summary *summary,
                         const replay_options *options, replay_views *views, replay_result *result,
                         char sentence[TRACE_SENTENCE_BYTES])
{
    replay run = { .options = options, .views = views, .result = result, .sentence = sentence };
    replay_status status = replay_open(&run, trace, length, summary);
    if (status == REPLAY_OK) {
        status = run_to_end(&run);
    }
    replay_close(&run);
    return status;
}
