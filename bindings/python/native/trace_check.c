/* SPDX-License-Identifier: MIT
 * Verifies a whole trace: that each record makes sense after those before it, and the end tells the same totals. */
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SHORTEST_RECORD = 2 /* bytes, of those that bring a new block */ };

typedef struct {
    uint64_t size; /* 1 + the block's; 0: it is not live */
    uint64_t locks;
} life;

/* What is live so far. */
typedef struct {
    trace_summary *summary;
    char *sentence;
    life *lives; /* by block number */
    uint64_t live_bytes;
} check;

static void hold(check *state, uint32_t number, uint64_t old_bytes, uint64_t bytes)
{
    trace_summary *summary = state->summary;
    state->lives[number].size = bytes + 1;
    state->live_bytes += bytes - old_bytes;
    if (bytes > old_bytes) {
        summary->allocated_bytes += bytes - old_bytes;
    }
    if (state->live_bytes > summary->peak_bytes) {
        summary->peak_bytes = state->live_bytes;
    }
    if (summary->totals.live > summary->peak_blocks) {
        summary->peak_blocks = (uint32_t)summary->totals.live;
    }
}

static bool is_live(const check *state, uint32_t number)
{
    return number < state->summary->numbers && state->lives[number].size != 0;
}

static bool check_allocate(check *state, const trace_record *record)
{
    trace_summary *summary = state->summary;
    uint64_t operation = summary->totals.operations;
    if (record->number > summary->numbers) {
        return trace_wrong(state->sentence,
                           "is damaged: operation %" PRIu64 " allocates block %" PRIu32
                           " but the next new block is %" PRIu32 "; record it again",
                           operation, record->number, summary->numbers);
    }
    if (is_live(state, record->number)) {
        return trace_wrong(state->sentence,
                           "is damaged: operation %" PRIu64 " allocates block %" PRIu32
                           ", which is allocated already; record it again",
                           operation, record->number);
    }
    summary->numbers += record->number == summary->numbers;
    hold(state, record->number, 0, record->bytes);
    return true;
}

static bool check_live(const check *state, const trace_record *record, const char *verb)
{
    if (is_live(state, record->number)) {
        return true;
    }
    return trace_wrong(state->sentence,
                       "is damaged: operation %" PRIu64 " %s block %" PRIu32
                       ", which is not allocated; record it again",
                       state->summary->totals.operations, verb, record->number);
}

static bool check_unlocked(const check *state, const trace_record *record, const char *verb)
{
    if (!check_live(state, record, verb)) {
        return false;
    }
    return state->lives[record->number].locks == 0 ||
           trace_wrong(state->sentence,
                       "is damaged: operation %" PRIu64 " %s block %" PRIu32 ", which is locked; record it again",
                       state->summary->totals.operations, verb, record->number);
}

static bool check_lock(check *state, const trace_record *record)
{
    if (!check_live(state, record, record->locks ? "locks" : "unlocks")) {
        return false;
    }
    uint64_t *locks = &state->lives[record->number].locks;
    if (!record->locks && *locks == 0) {
        return trace_wrong(state->sentence,
                           "is damaged: operation %" PRIu64 " unlocks block %" PRIu32
                           ", which is not locked; record it again",
                           state->summary->totals.operations, record->number);
    }
    *locks += record->locks ? 1U : -(uint64_t)1;
    return true;
}

static bool check_free(check *state, const trace_record *record)
{
    if (!check_unlocked(state, record, "frees")) {
        return false;
    }
    state->live_bytes -= state->lives[record->number].size - 1;
    state->lives[record->number] = (life){ 0, 0 };
    return true;
}

static bool check_resize(check *state, const trace_record *record)
{
    if (!check_unlocked(state, record, "resizes")) {
        return false;
    }
    hold(state, record->number, state->lives[record->number].size - 1, record->bytes);
    return true;
}

static bool check_thread(check *state, const trace_record *record)
{
    trace_summary *summary = state->summary;
    if (record->number > summary->threads) {
        return trace_wrong(state->sentence,
                           "is damaged: after operation %" PRIu64 " thread %" PRIu32
                           " calls but the next new thread is %" PRIu32 "; record it again",
                           summary->totals.operations, record->number, summary->threads);
    }
    summary->threads += record->number == summary->threads;
    return true;
}

static bool check_record(check *state, const trace_record *record)
{
    trace_count(&state->summary->totals, record);
    if (record->bytes > TRACE_MAX_BYTES) {
        return trace_wrong(state->sentence,
                           "holds a block that no pool can: operation %" PRIu64 " asks for %" PRIu64
                           " bytes, more than %" PRIu32 "; leave it out of the recording",
                           state->summary->totals.operations, record->bytes, TRACE_MAX_BYTES);
    }
    switch (record->kind) {
    case TRACE_FREE: return check_free(state, record);
    case TRACE_RESIZE: return check_resize(state, record);
    case TRACE_THREAD: return check_thread(state, record);
    case TRACE_LOCK: return check_lock(state, record);
    default: return check_allocate(state, record);
    }
}

static bool check_end(const check *state, const trace_cursor *cursor, const trace_totals *told)
{
    const trace_totals *counted = &state->summary->totals;
    if (cursor->at != cursor->end) {
        return trace_wrong(state->sentence, "is damaged: %td bytes follow its end; copy or record it again",
                           cursor->end - cursor->at);
    }
    if (told->operations == counted->operations && told->bytes == counted->bytes && told->live == counted->live) {
        return true;
    }
    return trace_wrong(state->sentence,
                       "is damaged: its end tells of %" PRIu64 " operations, %" PRIu64 " bytes and %" PRIu64
                       " live blocks but it holds %" PRIu64 ", %" PRIu64 " and %" PRIu64 "; copy or record it again",
                       told->operations, told->bytes, told->live, counted->operations, counted->bytes, counted->live);
}

static bool check_begin(const check *state, const uint8_t *bytes, size_t length, trace_cursor *cursor)
{
    switch (trace_begin(bytes, length, cursor)) {
    case TRACE_OK: return true;
    case TRACE_OTHER_VERSION:
        return trace_wrong(state->sentence,
                           "is a trace of version %d but this program reads version %d; record it again",
                           bytes[TRACE_MAGIC_BYTES - 1], trace_magic[TRACE_MAGIC_BYTES - 1]);
    case TRACE_CUT:
        return trace_wrong(state->sentence, "is cut short before the first operation; copy or record it again");
    default:
        return trace_wrong(state->sentence, "is not a trace; give one that 'defrag record' made, or a device's log");
    }
}

static bool check_records(check *state, const uint8_t *bytes, trace_cursor *cursor)
{
    trace_record record;
    for (;;) {
        trace_status status = trace_next(cursor, &record);
        if (status == TRACE_CUT) {
            return trace_wrong(state->sentence, "is cut short after operation %" PRIu64 "; copy or record it again",
                               state->summary->totals.operations);
        }
        if (status != TRACE_OK) {
            return trace_wrong(state->sentence, "is damaged: byte %td is no part of a record; copy or record it again",
                               cursor->at - bytes);
        }
        if (record.kind == TRACE_END) {
            return check_end(state, cursor, &record.totals);
        }
        if (!check_record(state, &record)) {
            return false;
        }
    }
}

bool trace_check(const uint8_t *bytes, size_t length, trace_summary *summary, char sentence[TRACE_SENTENCE_BYTES])
{
    check state = { .summary = summary, .sentence = sentence };
    trace_cursor cursor;
    *summary = (trace_summary){ .threads = 1 };
    state.lives = calloc(length / SHORTEST_RECORD + 1, sizeof *state.lives);
    if (state.lives == NULL) {
        return trace_wrong(sentence, "has more blocks than there is memory to follow; record a shorter run");
    }
    bool good = check_begin(&state, bytes, length, &cursor) && check_records(&state, bytes, &cursor);
    free(state.lives);
    return good;
}
