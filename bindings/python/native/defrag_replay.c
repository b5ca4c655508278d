/* SPDX-License-Identifier: MIT
 * defrag-replay: runs a recorded trace through a pool and tells what happened. */
#include "fail.h"
#include "holes.h"
#include "replay.h"
#include "report.h"
#include "smallest.h"
#include "trace_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_BROKEN = 1, DEFAULT_STEP_BLOCKS = 16, DEFAULT_GRANULARITY = 64 };
enum { KEY_GRANULARITY = 256, KEY_JSON, KEY_LINK_WIDTH, KEY_SMALLEST, KEY_STEP, KEY_TIMELINE, KEY_VERIFY };

typedef struct {
    replay_options replay;
    const char *trace;
    const char *timeline;
    size_t granularity;
    bool find_smallest;
    bool json;
    int next;
} options;

/* ------------------------------------------------------------------------------------------------- the command line */

static uint64_t unit_of(const char *suffix)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = { { "", 1 }, { "K", 1U << 10 }, { "M", 1U << 20 }, { "G", 1U << 30 } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(suffix, units[i].name) == 0) {
            return units[i].bytes;
        }
    }
    return 0;
}

/* Reads a number of bytes from 1 to 4G, as 49152 or 48K. */
static size_t parse_size(const char *text, const char *option)
{
    char *suffix = NULL;
    errno = 0;
    unsigned long long count = strtoull(text, &suffix, 10);
    uint64_t unit = unit_of(suffix);
    bool is_number = text[0] >= '0' && text[0] <= '9' && errno == 0 && unit != 0;
    if (!is_number || count == 0 || count > ((uint64_t)1 << 32) / unit) {
        fail("'%s' is no size for %s; give 1 to 4G bytes, as 49152 or 48K", text, option);
    }
    return (size_t)(count * unit);
}

static void parse_fit(const char *text, replay_policy *policy)
{
    static const replay_policy fits[] = { { "fast", DEFRAG_FAST, 0, 0 },
                                          { "best", DEFRAG_BEST, 0, 0 },
                                          { "make-room", DEFRAG_MAKE_ROOM, 0, 0 } };
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        if (strcmp(text, fits[i].name) == 0) {
            policy->name = fits[i].name;
            policy->fit = fits[i].fit;
            return;
        }
    }
    fail("'%s' is no fit; choose fast, best or make-room", text);
}

/* Reads BYTES or BYTES,BLOCKS. */
static void parse_step(char *text, replay_policy *policy)
{
    char *comma = strchr(text, ',');
    policy->step_blocks = DEFAULT_STEP_BLOCKS;
    if (comma != NULL) {
        *comma = '\0';
        policy->step_blocks = parse_size(comma + 1, "the blocks of --step");
    }
    policy->step_bytes = parse_size(text, "the bytes of --step");
}

static const engine_t *parse_link_width(const char *text)
{
    if (strcmp(text, "16") == 0) {
        return &engine_16;
    }
    if (strcmp(text, "32") == 0) {
        return &engine_32;
    }
    fail("'%s' is no link width; choose 16 or 32", text);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    options *chosen = state->input;
    parse_common(key, state, &chosen->next);
    switch (key) {
    case 'p': chosen->replay.pool_bytes = parse_size(value, "--pool"); return 0;
    case 'f': parse_fit(value, &chosen->replay.policy); return 0;
    case KEY_SMALLEST: chosen->find_smallest = true; return 0;
    case KEY_GRANULARITY: chosen->granularity = parse_size(value, "--granularity"); return 0;
    case KEY_LINK_WIDTH: chosen->replay.engine = parse_link_width(value); return 0;
    case KEY_STEP: parse_step(value, &chosen->replay.policy); return 0;
    case KEY_VERIFY: chosen->replay.verify = true; return 0;
    case KEY_JSON: chosen->json = true; return 0;
    case KEY_TIMELINE: chosen->timeline = value; return 0;
    case ARGP_KEY_ARG:
        if (chosen->trace != NULL) {
            fail("'%s' is one trace too many; name one", value);
        }
        chosen->trace = value;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option known[] = {
    { "pool", 'p', "SIZE", 0, "Take a pool of SIZE bytes, as 49152 or 48K", 0 },
    { "smallest", KEY_SMALLEST, NULL, 0, "Find the smallest pool that refuses nothing, and take that", 0 },
    { "granularity", KEY_GRANULARITY, "BYTES", 0, "Find it among multiples of BYTES (64)", 0 },
    { "fit", 'f', "FIT", 0, "fast, best or make-room (make-room)", 1 },
    { "step", KEY_STEP, "BYTES[,BLOCKS]", 0, "After each operation step within this budget; BLOCKS is 16 unless given",
      1 },
    { "link-width", KEY_LINK_WIDTH, "BITS", 0, "Take the 16 or 32 bit build, and not the one for the pool's size", 1 },
    { "verify", KEY_VERIFY, NULL, 0, "Verify contents, alignment and the pool itself as the trace runs", 2 },
    { "json", KEY_JSON, NULL, 0, "Report as JSON", 2 },
    { "timeline", KEY_TIMELINE, "FILE", 0, "Write how the pool looked over time to FILE, as CSV", 2 },
    HELP_OPTION,
    { 0 },
};

static const struct argp parser = {
    .options = known,
    .parser = parse_option,
    .args_doc = "TRACE",
    .doc =
        "Runs a trace of defrag-record through a pool, and tells what was refused and what was moved."
        "\vThe exit code is 0 if the trace ran, whether or not something was refused, 1 if the library broke its word, "
        "and 2 if the trace or an option is bad.",
};

static void require_sense(const options *chosen)
{
    if (chosen->trace == NULL) {
        fail("there is no trace; name a file that defrag-record made");
    }
    if (chosen->find_smallest == (chosen->replay.pool_bytes != 0)) {
        fail("the pool's size is wanted once; give either --pool SIZE or --smallest");
    }
}

/* ------------------------------------------------------------------------------------------------------- the replay */

static void require(replay_status status, const char *path, const char *sentence)
{
    if (status == REPLAY_BROKEN) {
        fprintf(stderr, "%s: '%s' %s\n", program_invocation_short_name, path, sentence);
        exit(EXIT_BROKEN);
    }
    if (status != REPLAY_OK) {
        fail("'%s' %s", path, sentence);
    }
}

static FILE *open_timeline(const char *path)
{
    FILE *timeline = path == NULL ? NULL : fopen(path, "w");
    if (path != NULL && timeline == NULL) {
        fail("'%s' cannot be written (%s); choose another file with --timeline", path, strerror(errno));
    }
    return timeline;
}

static void close_output(FILE *stream, const char *name)
{
    if (stream != NULL && (ferror(stream) != 0 || fclose(stream) != 0)) {
        fail("'%s' cannot be written (%s); free some space", name, strerror(errno));
    }
}

static void replay_and_report(options *chosen, const trace_file *file, const trace_summary *summary)
{
    char sentence[TRACE_SENTENCE_BYTES];
    smallest found = { 0 };
    replay_result result;
    holes seen = { .timeline = open_timeline(chosen->timeline) };
    replay_options *replay = &chosen->replay;
    if (chosen->find_smallest) {
        require(smallest_find(file->bytes, file->length, summary, replay, chosen->granularity, &found, sentence),
                chosen->trace, sentence);
        replay->pool_bytes = found.pool_bytes;
    }
    replay->on_sample = holes_sample;
    replay->context = &seen;
    holes_begin(&seen);
    require(replay_run(file->bytes, file->length, summary, replay, &result, sentence), chosen->trace, sentence);
    close_output(seen.timeline, chosen->timeline);
    report told = { chosen->trace, summary, replay, &result, chosen->find_smallest ? &found : NULL, &seen };
    (chosen->json ? report_json : report_text)(&told);
    close_output(stdout, "standard output");
}

int main(int count, char **arguments)
{
    options chosen = {
        .replay.policy = { "make-room", DEFRAG_MAKE_ROOM, 0, 0 },
        .granularity = DEFAULT_GRANULARITY,
        .next = 1,
    };
    parse_or_fail(&parser, count, arguments, 0, &chosen, &chosen.next);
    require_sense(&chosen);
    char sentence[TRACE_SENTENCE_BYTES];
    trace_file file;
    trace_summary summary;
    if (!trace_load(chosen.trace, &file, sentence) || !trace_check(file.bytes, file.length, &summary, sentence)) {
        fail("'%s' %s", chosen.trace, sentence);
    }
    replay_and_report(&chosen, &file, &summary);
    free(file.bytes);
    return EXIT_SUCCESS;
}
