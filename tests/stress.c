/* SPDX-License-Identifier: MIT
 *
 * A long random test: pools of many shapes at loads up to 100 %, with and without locks, over-aligned blocks and steps,
 * every answer judged by the model. Prints the seed, with which it can be repeated. */
#include "model.h"
#include "random.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LARGEST_POOL = 256 << 10, ROOM = 1024, PLACES = 32768, OPERATIONS_OF_POOL = 20000 };

static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char memory[LARGEST_POOL + ROOM];
static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char spare[LARGEST_POOL + ROOM];
static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char scratch[LARGEST_POOL + ROOM];
static model_block blocks[PLACES];

/* ------------------------------------------------------------------------------------------------------------- options */

typedef struct options {
    uint64_t seed;
    uint64_t operations;
} options;

static const struct argp_option known_options[] = {
    { "seed", 's', "NUMBER", 0, "Repeat the run of this seed (default: a new one)", 0 },
    { "operations", 'o', "NUMBER", 0, "Operations in all (default: 1700000)", 0 },
    { "help", 'h', NULL, 0, "Give this list", -1 },
    { 0 },
};

static error_t parse(int key, char *text, struct argp_state *state);

static const struct argp parser = { known_options, parse, NULL, "Tests the allocator with random operations.",
                                    NULL,          NULL,  NULL };

static void refuse(const char *what)
{
    fprintf(stderr, "stress: %s; run stress --help for the options.\n", what);
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        refuse("a seed or a number of operations must be a whole number that fits 64 bits");
    }
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 's': o->seed = number(text); return 0;
    case 'o': o->operations = number(text); return 0;
    case 'h': argp_help(&parser, stdout, ARGP_HELP_STD_HELP, state->name); exit(0);
    case ARGP_KEY_ARG: refuse("there is nothing but options to give"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static options read_options(int count, char **arguments)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    random_source source = { (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec };
    options o = { random_64(&source) >> 32, 1700000 };
    if (argp_parse(&parser, count, arguments, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &o) != 0) {
        refuse("an option is unknown or lacks its number");
    }
    return o;
}

/* --------------------------------------------------------------------------------------------------------------- pools */

/* What a pool is used for. */
typedef struct workload {
    uint32_t load;    /* per cent of the capacity to fill */
    uint32_t largest; /* bytes of a request */
    uint32_t locked;  /* per cent of the blocks */
    uint32_t aligned; /* per cent of the requests */
    uint32_t others;  /* per cent of the operations that are of any kind */
} workload;

static workload random_workload(random_source *source, size_t bytes)
{
    static const uint32_t locked[] = { 0, 0, 5, 30 };
    static const uint32_t aligned[] = { 0, 0, 10 };
    static const uint32_t others[] = { 0, 10, 50 };
    uint32_t load = random_below(source, 3) == 0 ? 100 : 50 + random_below(source, 51);
    uint32_t largest = random_below(source, 8) == 0 ? (uint32_t)bytes : random_size(source, 16, 2048);
    return (workload){ load, largest, locked[random_below(source, 4)], aligned[random_below(source, 3)],
                       others[random_below(source, 3)] };
}

static model_op any_operation(const model *m, random_source *source)
{
    unsigned char raw[MODEL_OP_BYTES];
    for (size_t i = 0; i < sizeof raw; i++) {
        raw[i] = (unsigned char)random_64(source);
    }
    return model_decode(m, raw);
}

static model_op next_operation(const model *m, const workload *w, random_source *source)
{
    uint32_t which = (uint32_t)random_64(source);
    if (random_below(source, 100) < w->others) {
        return any_operation(m, source);
    }
    if (w->locked != 0 && random_below(source, 4) == 0) {
        bool more = (uint64_t)m->locked * 100 < (uint64_t)m->live * w->locked;
        return (model_op){ more ? MODEL_LOCK_SHARED : MODEL_UNLOCK, which, 0, 0 };
    }
    uint32_t bytes = random_size(source, 1, w->largest);
    uint32_t fit = random_below(source, 8) == 0 ? random_below(source, 2) : DEFRAG_MAKE_ROOM;
    if ((uint64_t)m->used * 100 < (uint64_t)m->capacity * w->load) {
        bool aligned = random_below(source, 100) < w->aligned;
        return (model_op){ MODEL_ALLOC, bytes, aligned ? 1U << random_below(source, 11) : 0, fit };
    }
    if (random_below(source, 5) == 0) {
        return (model_op){ MODEL_RESIZE, which, bytes, fit };
    }
    return (model_op){ MODEL_FREE, which, 0, 0 };
}

/* Works one pool, and tells how many operations that took. */
static uint64_t work_pool(model *m, random_source *source, uint64_t operations)
{
    size_t bytes = random_size(source, DEFRAG_MIN_POOL_BYTES, LARGEST_POOL) & ~(size_t)31;
    workload w = random_workload(source, bytes);
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.watermark = random_below(source, 4) == 0 ? random_below(source, 1000) : 0;
    /* Verifying costs as much as the pool is large. */
    uint32_t period = 1 + (uint32_t)bytes / 128;
    model_setup setup = { memory, spare, scratch, bytes, ROOM, blocks, PLACES, period, &config };
    if (!model_init(m, &setup)) {
        return 0;
    }
    for (uint64_t i = 0; i < operations; i++) {
        if (!model_apply(m, next_operation(m, &w, source))) {
            return i;
        }
    }
    (void)model_finish(m);
    return operations;
}

int main(int count, char **arguments)
{
    static model m;
    options o = read_options(count, arguments);
    random_source source = { o.seed };
    uint64_t done = 0;
    uint32_t pools = 0;

    printf("seed %" PRIu64 "\n", o.seed);
    while (done < o.operations) {
        uint64_t left = o.operations - done;
        done += work_pool(&m, &source, left < OPERATIONS_OF_POOL ? left : OPERATIONS_OF_POOL);
        pools++;
        if (m.failure != NULL) {
            fprintf(stderr, "pool %" PRIu32 ", operation %" PRIu32 ": %s (line %d); repeat with --seed %" PRIu64 "\n",
                    pools, m.failed_operation, m.failure, m.line, o.seed);
            return 1;
        }
    }
    printf("%" PRIu64 " operations in %" PRIu32 " pools, all as the model says\n", done, pools);
    return 0;
}
