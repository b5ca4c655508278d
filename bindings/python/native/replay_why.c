/* SPDX-License-Identifier: MIT
 * What one request met. */
#include "replay_run.h"
#include "replay_watch.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_request(const trace_record *record)
{
    return trace_allocates(record) || record->kind == TRACE_RESIZE;
}

static replay_blocker blocker_of(const replay *run, const defrag_block *shown, const uint32_t *sorted, uint64_t count)
{
    uint32_t number = replay_number_of(run, sorted, count, shown->handle);
    const replay_block *block = &run->blocks[number];
    return (replay_blocker){ shown->offset, shown->bytes, block->born, number, replay_locks(block) };
}

/* Tells the blocks of a report. Both it and a walk go from the lowest address up. */
static void tell_blockers(const replay *run, const defrag_handle *handles, uint64_t blocking, replay_blocker *blockers)
{
    uint64_t count = 0;
    uint32_t *sorted = replay_sort(run, &count);
    defrag_block shown = DEFRAG_BLOCK_INIT;
    uint64_t told = 0;
    while (sorted != NULL && told < blocking && run->engine->walk(run->pool, &shown)) {
        if (shown.handle == handles[told] && shown.handle != DEFRAG_NO_HANDLE) {
            blockers[told++] = blocker_of(run, &shown, sorted, count);
        }
    }
    free(sorted);
}

static replay_status look_ahead(const replay *run, const trace_record *record, replay_reason *reason,
                                replay_blocker *blockers, uint64_t capacity)
{
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.capacity = (size_t)capacity;
    report.blockers = calloc((size_t)capacity + 1, sizeof *report.blockers);
    if (report.blockers == NULL) {
        trace_wrong(run->sentence, "needs more memory than this machine has; close other programs");
        return REPLAY_NO_MEMORY;
    }
    defrag_status status = run->engine->would_fit(run->pool, replay_bytes(record), record->alignment, &report);
    reason->verdict = status == DEFRAG_OK ? report.verdict : status;
    reason->now = report.now;
    reason->missing = report.missing;
    reason->blocking = report.blocking;
    tell_blockers(run, report.blockers, report.blocking < capacity ? report.blocking : capacity, blockers);
    free(report.blockers);
    return REPLAY_OK;
}

static bool find(replay *run, uint64_t at, trace_record *record)
{
    if (!replay_next(run, record)) {
        return trace_wrong(run->sentence, "has %" PRIu64 " operations; choose one of them", run->result->operations);
    }
    if (!is_request(record)) {
        return trace_wrong(run->sentence,
                           "does not ask for memory at operation %" PRIu64 "; choose one that allocates or resizes",
                           at);
    }
    return true;
}

static replay_status ask(replay *run, uint64_t at, replay_reason *reason, replay_blocker *blockers, uint64_t capacity)
{
    trace_record record;
    if (!replay_advance(run, at - 1)) {
        return REPLAY_BROKEN;
    }
    if (!find(run, at, &record)) {
        return REPLAY_BAD_TRACE;
    }
    *reason = (replay_reason){
        .operation = at,
        .bytes = replay_bytes(&record),
        .alignment = record.alignment,
        .before = replay_look(run),
        .block = record.number,
        .kind = (uint32_t)record.kind,
        .skipped = replay_is_skipped(run, &record),
    };
    replay_status status = look_ahead(run, &record, reason, blockers, capacity);
    if (status != REPLAY_OK) {
        return status;
    }
    bool whole = replay_operate(run, &record);
    reason->status = run->refusal;
    reason->moved = run->moved;
    if (whole && run->refusal == DEFRAG_OK && !reason->skipped) {
        reason->verdict = DEFRAG_OK; /* also of a resize, for which the block's own bytes count, too */
        reason->missing = 0;
        reason->blocking = 0;
    }
    return whole ? REPLAY_OK : REPLAY_BROKEN;
}

replay_status replay_why(const uint8_t *trace, size_t length, const trace_summary *summary,
                         const replay_options *options, uint64_t at, replay_reason *reason, replay_blocker *blockers,
                         uint64_t capacity, char sentence[TRACE_SENTENCE_BYTES])
{
    replay_result result;
    replay run = { .options = options, .result = &result, .sentence = sentence };
    replay_status status = replay_open(&run, trace, length, summary);
    if (status == REPLAY_OK) {
        status = ask(&run, at, reason, blockers, capacity);
    }
    replay_close(&run);
    return status;
}
