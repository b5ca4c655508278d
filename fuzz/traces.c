/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a trace: the reader tells whether they are one, and whatever it passes can be replayed, searched and
 * changed. Bytes that are none still hold records; as many of these as make sense together are made into a trace. The
 * input is the options (see read_options), then the trace. */
#include "fuzz.h"
#include "replay.h"
#include "trace_change.h"

#include <stdlib.h>
#include <string.h>

enum {
    SAMPLES = 8,
    ROWS = 16,
    MOVES = 64,
    BLOCKERS = 4,
    PROBED_BYTES = 1 << 20, /* of live blocks at most, for a search of the smallest pool, */
    PROBED_OPERATIONS = 64  /* which replays the trace often */
};

/* A trace that trace_check has passed. */
typedef struct {
    const uint8_t *bytes;
    size_t length;
    trace_summary summary;
} good_trace;

static char sentence[TRACE_SENTENCE_BYTES];

static replay_options read_options(fuzz_source *source)
{
    replay_options options = { 0 };
    uint32_t flags = fuzz_number(source, 1);
    options.fit = (int32_t)(flags & 3) % 3;
    options.verify = flags >> 2 & 1;
    options.stop_at_refusal = flags >> 3 & 1;
    options.link_width = (flags >> 4) % 3 * 16;
    options.pool_bytes = (uint64_t)fuzz_number(source, 2) << fuzz_number(source, 1) % 5;
    options.step_bytes = fuzz_number(source, 1) * 8;
    options.step_blocks = fuzz_number(source, 1);
    options.locked = fuzz_number(source, 1) * 4;
    options.locked_seed = fuzz_number(source, 1);
    options.until = fuzz_number(source, 1);
    return options;
}

/* A failure must be told in a sentence, and it must not be the library's. */
static void judge(replay_status status)
{
    if (status == REPLAY_BROKEN) {
        fuzz_fail("a replay is broken: %s", sentence);
    }
    if (status != REPLAY_OK && *sentence == '\0') {
        fuzz_fail("a replay fails with status %d and says nothing", (int)status);
    }
    *sentence = '\0';
}

static void run(const good_trace *trace, const replay_options *options)
{
    static replay_sample samples[SAMPLES];
    static replay_cell cells[SAMPLES * ROWS];
    static replay_move moves[MOVES];
    uint64_t operations = trace->summary.totals.operations;
    replay_views views = { samples, cells, moves, NULL, NULL, SAMPLES, ROWS, MOVES, 0, 0 };
    replay_result result;
    memset(cells, 0, sizeof cells);
    views.moved = calloc(operations + 1, sizeof *views.moved);
    views.stepped = calloc(operations + 1, sizeof *views.stepped);
    judge(replay_run(trace->bytes, trace->length, &trace->summary, options, &views, &result, sentence));
    free(views.moved);
    free(views.stepped);
    if (views.sample_count > SAMPLES || result.operations > operations) {
        fuzz_fail("a replay does more than it was asked for");
    }
}

static void ask_why(const good_trace *trace, const replay_options *options)
{
    replay_reason reason;
    replay_blocker blockers[BLOCKERS];
    uint64_t at = options->until + 1;
    judge(replay_why(trace->bytes, trace->length, &trace->summary, options, at, &reason, blockers, BLOCKERS, sentence));
}

static void search(const good_trace *trace, const replay_options *options)
{
    replay_smallest found;
    if (trace->summary.peak_bytes > PROBED_BYTES || trace->summary.totals.operations > PROBED_OPERATIONS) {
        return;
    }
    uint64_t granularity = 8U << (options->locked_seed & 7);
    judge(replay_find_smallest(trace->bytes, trace->length, &trace->summary, options, granularity, &found, sentence));
}

static void change(const good_trace *trace, const replay_options *options)
{
    double scale = options->locked / 100.0;
    double jitter = options->locked_seed / 255.0;
    size_t room = trace_change(trace->bytes, trace->length, &trace->summary, scale, jitter, 1, NULL);
    uint8_t *out = malloc(room);
    size_t length = trace_change(trace->bytes, trace->length, &trace->summary, scale, jitter, 1, out);
    trace_summary changed;
    if (length > room || !trace_check(out, length, &changed, sentence)) {
        fuzz_fail("a changed trace %s", length > room ? "exceeds its room" : sentence);
    }
    if (changed.totals.operations != trace->summary.totals.operations) {
        fuzz_fail("a changed trace has lost operations");
    }
    free(out);
}

/* Writes a trace of the records that begin these bytes, at most so many operations, and returns its length. */
static size_t seal(const uint8_t *bytes, size_t size, uint64_t operations, uint8_t *out)
{
    trace_cursor cursor = { bytes, bytes + size };
    trace_record record;
    trace_record end = { .kind = TRACE_END };
    memcpy(out, trace_magic, TRACE_MAGIC_BYTES);
    size_t length = TRACE_MAGIC_BYTES;
    while (end.totals.operations < operations && trace_next(&cursor, &record) == TRACE_OK && record.kind != TRACE_END) {
        trace_count(&end.totals, &record);
        length += trace_put(out + length, &record);
    }
    return length + trace_put(out + length, &end);
}

/* The failing record counts as an operation unless it is one of a thread, so one less makes sense. */
static size_t make_trace(const uint8_t *bytes, size_t size, uint8_t *out, trace_summary *summary)
{
    size_t length = seal(bytes, size, UINT64_MAX, out);
    if (!trace_check(out, length, summary, sentence)) {
        uint64_t counted = summary->totals.operations;
        length = seal(bytes, size, counted == 0 ? 0 : counted - 1, out);
    }
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_source source = { data, size };
    replay_options options = read_options(&source);
    good_trace trace = { .bytes = source.at, .length = source.left };
    uint8_t *made = malloc(TRACE_MAGIC_BYTES + size + TRACE_RECORD_BYTES);
    if (!trace_check(trace.bytes, trace.length, &trace.summary, sentence)) {
        trace.bytes = made;
        trace.length = make_trace(source.at, source.left, made, &trace.summary);
    }
    if (!trace_check(trace.bytes, trace.length, &trace.summary, sentence)) {
        fuzz_fail("a trace that makes sense %s", sentence);
    }
    *sentence = '\0';
    run(&trace, &options);
    ask_why(&trace, &options);
    search(&trace, &options);
    change(&trace, &options);
    free(made);
    return 0;
}
