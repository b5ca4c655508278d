/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a trace: the reader tells whether they are one, and whatever it passes can be replayed, searched and
 * changed. Bytes that are none still hold records, which are made into a trace with numbers that exist. The
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
    LARGE = 250,             /* of 256 pools this one and above are larger than the narrow build serves */
    PROBED_BYTES = 16 << 10, /* of live blocks at most, for a search of the smallest pool, */
    PROBED_OPERATIONS = 64   /* which replays the trace often */
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
    options.pool_bytes = (uint64_t)fuzz_number(source, 2) << (fuzz_number(source, 1) < LARGE ? 0 : 4);
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

/* ---------------------------------------------------------------------------------------------------- making traces */

/* What is known of a block number while a trace is made. */
typedef struct {
    bool live;
    bool locked;
} state;

typedef struct {
    state *blocks;
    uint32_t numbers; /* of blocks, and of threads, used so far */
    uint32_t threads;
} scene;

/* Gives a record a number that exists, and tells whether it makes sense then. */
static bool mend(scene *now, trace_record *record)
{
    if (record->kind == TRACE_THREAD) {
        record->number %= now->threads + 1;
        now->threads += record->number == now->threads;
        return true;
    }
    if (trace_allocates(record)) {
        record->number %= now->numbers + 1;
        bool fresh = !now->blocks[record->number].live && record->bytes <= TRACE_MAX_BYTES;
        now->numbers += fresh && record->number == now->numbers;
        now->blocks[record->number].live |= fresh;
        return fresh;
    }
    record->number %= now->numbers + (now->numbers == 0);
    state *block = &now->blocks[record->number];
    if (!block->live || record->bytes > TRACE_MAX_BYTES) {
        return false;
    }
    if (record->kind == TRACE_LOCK) {
        block->locked = record->locks = !block->locked;
        return true;
    }
    block->live = block->locked || record->kind != TRACE_FREE;
    return !block->locked;
}

/* Writes a trace of the records that begin these bytes, as they are or mended, and returns its length. */
static size_t make_trace(const uint8_t *bytes, size_t size, bool mended, uint8_t *out)
{
    trace_cursor cursor = { bytes, bytes + size };
    trace_record record;
    trace_record end = { .kind = TRACE_END };
    scene now = { calloc(size + 1, sizeof *now.blocks), 0, 1 };
    memcpy(out, trace_magic, TRACE_MAGIC_BYTES);
    size_t length = TRACE_MAGIC_BYTES;
    while (trace_next(&cursor, &record) == TRACE_OK && record.kind != TRACE_END) {
        if (!mended || mend(&now, &record)) {
            trace_count(&end.totals, &record);
            length += trace_put(out + length, &record);
        }
    }
    free(now.blocks);
    return length + trace_put(out + length, &end);
}

/* Reads bytes as a file, and tells whether they are a trace. */
static bool read_trace(good_trace *trace, const uint8_t *bytes, size_t length)
{
    *trace = (good_trace){ .bytes = bytes, .length = length };
    *sentence = '\0';
    bool good = trace_check(bytes, length, &trace->summary, sentence);
    if (!good && *sentence == '\0') {
        fuzz_fail("bytes are no trace and nothing says why");
    }
    return good;
}

/* What is passed of the bytes themselves, of the records in them, and of these mended. */
static void find_trace(good_trace *trace, const uint8_t *bytes, size_t size, uint8_t *made)
{
    if (!read_trace(trace, bytes, size) && !read_trace(trace, made, make_trace(bytes, size, false, made)) &&
        !read_trace(trace, made, make_trace(bytes, size, true, made))) {
        fuzz_fail("a trace that makes sense %s", sentence);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_source source = { data, size };
    replay_options options = read_options(&source);
    uint8_t *made = malloc(TRACE_MAGIC_BYTES + source.left + TRACE_RECORD_BYTES);
    good_trace trace;
    find_trace(&trace, source.at, source.left, made);
    run(&trace, &options);
    ask_why(&trace, &options);
    search(&trace, &options);
    change(&trace, &options);
    free(made);
    return 0;
}
