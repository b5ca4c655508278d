/* SPDX-License-Identifier: MIT
 *
 * A long random test: pools of many shapes and uses, every answer judged by the model. Prints the seed, with which it can
 * be repeated. */
#include "options.h"
#include "traffic.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

static error_t parse(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 's': o->seed = option_number("stress", text); return 0;
    case 'o': o->operations = option_number("stress", text); return 0;
    case 'h': argp_help(&parser, stdout, ARGP_HELP_STD_HELP, state->name); exit(0);
    case ARGP_KEY_ARG:
        option_refuse("stress", "there is nothing but options to give; run stress --help for them");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static options read_options(int count, char **arguments)
{
    options o = { option_new_seed(), 1700000 };
    if (argp_parse(&parser, count, arguments, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &o) != 0) {
        option_refuse("stress", "an option is unknown or lacks its number; run stress --help for them");
    }
    return o;
}

int main(int count, char **arguments)
{
    static model m;
    static const model_setup space = { memory, spare, scratch, LARGEST_POOL, ROOM, blocks, PLACES, 0, NULL };
    options o = read_options(count, arguments);
    random_source source = { o.seed };
    uint64_t done = 0;
    uint32_t pools = 0;

    printf("seed %" PRIu64 "\n", o.seed);
    while (done < o.operations) {
        uint64_t left = o.operations - done;
        done += traffic_work(&m, &space, &source, left < OPERATIONS_OF_POOL ? left : OPERATIONS_OF_POOL);
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
