/* SPDX-License-Identifier: MIT
 *
 * Every flipped bit. In many states of many pools each single bit of the pool's own data is flipped: defrag_check must report it, and every
 * call that is made without a check must come back and touch nothing outside the pool. */
#include "metadata.h"
#include "options.h"
#include "traffic.h"
#include "trap.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

enum { LARGEST = 64 << 10, USUAL = 2 << 10, PLACES = 8192, OPERATIONS = 600, SHOWN = 10 };

static model_block blocks[PLACES];
static unsigned char image[LARGEST];
static uint32_t offsets[LARGEST];

/* ------------------------------------------------------------------------------------------------------------- options */

typedef struct options {
    uint64_t seed;
    uint64_t states;
    uint64_t first;
    uint64_t calls; /* bits of a state after whose flip calls are made, at most */
} options;

static const struct argp_option known_options[] = {
    { "seed", 's', "NUMBER", 0, "Repeat the run of this seed (default: a new one)", 0 },
    { "states", 'n', "NUMBER", 0, "States to try (default: 1000)", 0 },
    { "first", 'f', "NUMBER", 0, "The first of them (default: 0)", 0 },
    { "calls", 'c', "NUMBER", 0, "Bits of each state that calls are made with (default: all)", 0 },
    { "help", 'h', NULL, 0, "Give this list", -1 },
    { 0 },
};

static error_t parse(int key, char *text, struct argp_state *state);

static const struct argp parser = {
    known_options, parse, NULL, "Flips every bit of pools' own data.", NULL, NULL, NULL
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 's': o->seed = option_number("damage", text); return 0;
    case 'n': o->states = option_number("damage", text); return 0;
    case 'f': o->first = option_number("damage", text); return 0;
    case 'c': o->calls = option_number("damage", text); return 0;
    case 'h': argp_help(&parser, stdout, ARGP_HELP_STD_HELP, state->name); exit(0);
    case ARGP_KEY_ARG:
        option_refuse("damage", "there is nothing but options to give; run damage --help for them");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static options read_options(int count, char **arguments)
{
    options o = { option_new_seed(), 1000, 0, UINT64_MAX };
    if (argp_parse(&parser, count, arguments, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &o) != 0) {
        option_refuse("damage", "an option is unknown or lacks its number; run damage --help for them");
    }
    return o;
}

/* -------------------------------------------------------------------------------------------------------------- states */

typedef struct state {
    model m;
    metadata own;
    random_source source;
    unsigned char *memory;
    defrag_handle handles[PLACES]; /* of the live blocks, in the order of their places */
    uint32_t places[PLACES];
    uint32_t live;
} state;

static void observer(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)context;
    (void)pool;
    (void)event;
}

static void list_blocks(state *s)
{
    defrag_block block = DEFRAG_BLOCK_INIT;
    s->live = 0;
    while (defrag_walk(s->m.pool, &block)) {
        if (block.handle != DEFRAG_NO_HANDLE) {
            s->handles[s->live] = block.handle;
            s->places[s->live++] = (uint32_t)block.offset;
        }
    }
}

/* Frees a block now and then and steps a little, as an idle loop does, until a copy is under way, or too often. */
static bool begin_copy(state *s)
{
    for (int i = 0; i < 30 && s->m.pool->flight_slot == 0; i++) {
        uint32_t bytes = s->m.granule * (1 + random_below(&s->source, 3));
        uint32_t which = (uint32_t)random_64(&s->source);
        if ((i % 3 == 2 && !model_apply(&s->m, (model_op){ MODEL_FREE, which, 0, 0 })) ||
            !model_apply(&s->m, (model_op){ MODEL_STEP, bytes, 64, 0 })) {
            return false;
        }
    }
    return true;
}

/* Makes the state of this number. Most pools are small, so that there are many shapes; some are not. */
static bool make_state(state *s, uint64_t seed, uint64_t index)
{
    s->source = (random_source){ seed + index * 0x9E3779B97F4A7C15U };
    size_t most = index % 64 == 63 ? LARGEST : index % 8 == 7 ? 8 * USUAL : USUAL;
    s->memory = trap_memory(LARGEST, false);
    model_setup space = { s->memory, NULL, NULL, most, 0, blocks, PLACES, 0, NULL };
    random_source copy = s->source;
    (void)traffic_begin(&s->m, &space, &s->source, 0);
    /* Now that its size is known it is made again at its place. */
    s->memory = trap_memory(s->m.bytes, index % 2 == 0);
    space.memory = s->memory;
    s->source = copy;
    (void)traffic_begin(&s->m, &space, &s->source, 20 + random_below(&copy, OPERATIONS));
    if (s->m.failure != NULL || (index % 3 == 0 && !begin_copy(s)) || !model_verify(&s->m)) {
        return false;
    }
    if (index % 5 == 4) {
        (void)defrag_observe(s->m.pool, observer, s);
    }
    s->own = metadata_of(&s->m, offsets);
    list_blocks(s);
    memcpy(image, s->memory, s->m.bytes);
    return true;
}

/* ------------------------------------------------------------------------------------------------------------- results */

typedef struct results {
    uint64_t states;
    uint64_t in_flight;
    uint64_t observed;
    uint64_t locked;
    uint64_t flips;
    uint64_t found;
    uint64_t calls;
    uint64_t came_back;
    uint64_t refused; /* by a call that does not check everything, as damage */
    uint64_t wrong[DAMAGE_CALLS][TRAP_OUTCOMES];
    uint32_t shown;
} results;

static const char *const how_wrong[TRAP_OUTCOMES] = { "", "left the pool", "crashed", "did not end" };

static void show(results *r, const options *o, uint64_t index, uint32_t byte, unsigned bit, const char *what,
                 const char *how)
{
    if (r->shown++ < SHOWN) {
        printf("--seed %" PRIu64 " --first %" PRIu64 " --states 1: byte %" PRIu32 " bit %u: %s %s\n", o->seed, index,
               byte, bit, what, how);
    }
}

static void show_wrong(const results *r)
{
    for (uint32_t call = 0; call < DAMAGE_CALLS; call++) {
        for (int outcome = TRAP_LEFT_POOL; outcome < TRAP_OUTCOMES; outcome++) {
            if (r->wrong[call][outcome] != 0) {
                printf("%s %s %" PRIu64 " times\n", damage_name(call), how_wrong[outcome], r->wrong[call][outcome]);
            }
        }
    }
}

static int conclude(const results *r, const options *o)
{
    show_wrong(r);
    printf("%" PRIu64 " states, of these %" PRIu64 " with a copy under way, %" PRIu64 " with locks, %" PRIu64
           " observed\n%" PRIu64 " of %" PRIu64 " flipped bits reported by defrag_check\n%" PRIu64 " of %" PRIu64
           " calls on a damaged pool came back and touched nothing outside it\n%.1f %% of these answered INVALID_POOL "
           "or CORRUPT "
           "from what they look at anyway\nseed %" PRIu64 "\n",
           r->states, r->in_flight, r->locked, r->observed, r->found, r->flips, r->came_back, r->calls,
           100.0 * (double)r->refused / (double)(r->calls != 0 ? r->calls : 1), o->seed);
    return r->found != r->flips || r->came_back != r->calls || r->flips == 0;
}

/* -------------------------------------------------------------------------------------------------------------- trials */

static void flip(const state *s, uint32_t byte, unsigned bit)
{
    s->memory[byte] ^= (unsigned char)(1U << bit);
}

static void check_flip(state *s, results *r, const options *o, uint64_t index, uint32_t byte, unsigned bit)
{
    flip(s, byte, bit);
    bool found = defrag_check(s->m.pool, NULL) != DEFRAG_OK;
    flip(s, byte, bit);
    r->flips++;
    r->found += found;
    if (!found) {
        show(r, o, index, byte, bit, "defrag_check", "missed it");
    }
}

static uint32_t size_for(state *s)
{
    uint32_t granules = s->m.capacity;
    switch (random_below(&s->source, 4)) {
    case 0: return random_size(&s->source, 1, 64);
    case 1: return s->live != 0 ? s->places[random_below(&s->source, s->live)] % 256 + 1 : 1;
    case 2: return (uint32_t)model_free_bytes(&s->m) - random_below(&s->source, 64);
    default: return random_size(&s->source, 1, 2 * granules * s->m.granule);
    }
}

/* The handle of a block beside the damage, of any, or of none. */
static defrag_handle handle_near(state *s, uint32_t byte, uint32_t turn)
{
    if (s->live == 0 || turn == 4) {
        return (defrag_handle)random_64(&s->source);
    }
    uint32_t near = 0;
    if (byte >= s->m.bytes - s->m.slot * s->m.pool->slots) {
        uint32_t slot = (uint32_t)(s->m.bytes - 1 - byte) / s->m.slot;
        while (near + 1 < s->live && ((s->handles[near] - s->m.pool->handle_base) & SLOT_AND_TAG_MASK) != slot) {
            near++;
        }
    } else {
        while (near + 1 < s->live && s->places[near + 1] - s->m.header <= byte) {
            near++;
        }
    }
    uint32_t chosen = turn < 3 ? near + turn - 1 : random_below(&s->source, s->live);
    return s->handles[chosen < s->live ? chosen : near];
}

static void try_call(state *s, results *r, const options *o, uint64_t index, uint32_t call, uint32_t byte, unsigned bit,
                     defrag_handle handle)
{
    damage_target target = { s->memory, s->m.bytes, handle, size_for(s), (uint32_t)random_64(&s->source) };
    defrag_status status = DEFRAG_OK;
    memcpy(s->memory, image, s->m.bytes);
    flip(s, byte, bit);
    trap_outcome outcome = trap_call(call, &target, &status);
    r->calls++;
    r->came_back += outcome == TRAP_CAME_BACK;
    r->refused += status == DEFRAG_INVALID_POOL || status == DEFRAG_CORRUPT;
    if (outcome != TRAP_CAME_BACK) {
        r->wrong[call][outcome]++;
        show(r, o, index, byte, bit, damage_name(call), how_wrong[outcome]);
    }
}

static void try_calls(state *s, results *r, const options *o, uint64_t index, uint32_t byte, unsigned bit)
{
    enum { TURNS = 5 };
    for (uint32_t call = 0; call < DAMAGE_CALLS; call++) {
        for (uint32_t turn = 0; turn < (call < DAMAGE_HANDLED ? 1 : TURNS); turn++) {
            memcpy(s->memory, image, s->m.bytes); /* whole again, for handle_near to look at */
            try_call(s, r, o, index, call, byte, bit, handle_near(s, byte, turn));
        }
    }
    memcpy(s->memory, image, s->m.bytes);
}

static void try_state(state *s, results *r, const options *o, uint64_t index)
{
    uint64_t bits = (uint64_t)s->own.count * 8;
    uint64_t every = bits > o->calls ? (bits + o->calls - 1) / o->calls : 1;
    uint64_t skip = random_below(&s->source, (uint32_t)every);
    r->states++;
    r->in_flight += s->own.in_flight;
    r->locked += s->m.locked != 0;
    r->observed += index % 5 == 4;
    for (uint64_t i = 0; i < bits; i++) {
        uint32_t byte = s->own.bytes[i / 8];
        unsigned bit = (unsigned)(i % 8);
        check_flip(s, r, o, index, byte, bit);
        if (i % every == skip) {
            try_calls(s, r, o, index, byte, bit);
        }
    }
}

int main(int count, char **arguments)
{
    static state s;
    static results r;
    options o = read_options(count, arguments);
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* all at once, since several may run */
    printf("%s\n", arguments[0]);
    if (!trap_begin()) {
        fprintf(stderr, "damage: there is no address space to spare; run it on a host that gives more.\n");
        return 2;
    }
    for (uint64_t index = o.first; index < o.first + o.states; index++) {
        if (!make_state(&s, o.seed, index)) {
            fprintf(stderr,
                    "damage: %s (line %d of the model); repeat with --seed %" PRIu64 " --first %" PRIu64
                    " --states 1\n",
                    s.m.failure, s.m.line, o.seed, index);
            return 1;
        }
        try_state(&s, &r, &o, index);
    }
    return conclude(&r, &o);
}
