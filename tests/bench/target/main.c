/* SPDX-License-Identifier: MIT
 *
 * Measures a heap on an emulated board, and prints what it found as JSON, an object a line. The first argument is the task:
 *
 *   calls WORKLOAD KIB COUNT       every call, over so many allocations in a pool of so many KiB, in every way to ask
 *   load KIB PERMILLE LOCKED       MAKE_ROOM alone, steady at this share of live payload, with so many per cent of the blocks
 *                                  locked
 *   sustain KIB LOCKED             the highest share of live payload without one refusal, steady, from five seeds each until
 *                                  the pool has been replaced twenty times
 *   copy KIB GRANULES              compaction that slides blocks of so many granules
 */
#include "heap.h"
#include "requests.h"
#include "timed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ARGUMENT = 2, SEED = 1, SEEDS = 5, TURNS = 20, MEAN_BYTES = 70, COMPACTIONS = 16, STEP_PERIOD = 4 };

static _Alignas(8) unsigned char memory[POOL_BYTES];
static requests source;
static uintptr_t blocks[SLOTS];
static unsigned char locked[SLOTS / 8];

typedef struct run {
    uint32_t workload;
    uint32_t bytes; /* of the pool */
    uint32_t ask;
    uint32_t limit;  /* on live payload, or 0 */
    uint32_t locked; /* per cent of the blocks */
    uint32_t seed;
    uint32_t warm_up; /* allocations before those that are measured */
    uint32_t count;   /* of these */
    bool step;
    bool compact;
    bool honest; /* ends with the first refusal */
} run;

static uint32_t refused;
static random_source chances;

/* -------------------------------------------------------------------------------------------------------------- blocks */

static bool is_locked(uint32_t slot)
{
    return (locked[slot / 8] >> slot % 8 & 1) != 0;
}

static void set_locked(uint32_t slot, bool is)
{
    unsigned bit = 1U << slot % 8;
    locked[slot / 8] = (unsigned char)(is ? locked[slot / 8] | bit : locked[slot / 8] & ~bit);
}

static uint16_t mark_of(uint32_t slot)
{
    return (uint16_t)(slot ^ 0xA55A);
}

static void served(const run *r, uint32_t slot)
{
    uint16_t mark = mark_of(slot);
    memcpy(heap_lock(blocks[slot]), &mark, sizeof mark);
    if (r->locked != 0 && random_below(&chances, 100) < r->locked) {
        set_locked(slot, true);
    } else {
        heap_unlock(blocks[slot]);
    }
}

static void use(uint32_t slot)
{
    uint16_t mark;
    memcpy(&mark, heap_lock(blocks[slot]), sizeof mark);
    heap_unlock(blocks[slot]);
    if (mark != mark_of(slot)) {
        abort(); /* the block is not what it was */
    }
}

static void serve(const run *r, const request *wanted)
{
    uint32_t slot = wanted->slot;
    if (wanted->kind == REQUEST_ALLOC) {
        blocks[slot] = heap_alloc(wanted->bytes, r->ask);
        refused += blocks[slot] == 0;
    }
    if (blocks[slot] == 0) {
        return;
    }
    bool held = is_locked(slot);
    switch (wanted->kind) {
    case REQUEST_ALLOC: served(r, slot); break;
    case REQUEST_FREE:
        if (held) {
            heap_unlock(blocks[slot]);
            set_locked(slot, false);
        }
        heap_free(blocks[slot]);
        blocks[slot] = 0;
        break;
    case REQUEST_USE: held ? (void)0 : use(slot); break;
    default: blocks[slot] = held ? blocks[slot] : heap_resize(blocks[slot], wanted->bytes, r->ask); break;
    }
}

/* ---------------------------------------------------------------------------------------------------------------- runs */

static void print_sum(const char *name, const timed_sum *sum)
{
    printf(", \"%s\": {\"calls\": %lu, \"instructions\": %lu, \"worst\": %lu}", name, (unsigned long)sum->calls,
           (unsigned long)sum->instructions, (unsigned long)sum->worst);
}

static void print_figures(void)
{
    static const char *const names[] = { "alloc", "free", "lock", "unlock", "resize", "step", "compact" };
    for (uint32_t kind = 0; kind < TIMED_KINDS; kind++) {
        if (timed.served[kind].calls != 0) {
            print_sum(names[kind], &timed.served[kind]);
        }
    }
    print_sum("alloc refused", &timed.refused[TIMED_ALLOC]);
    printf(", \"overhead\": %lu", (unsigned long)timed_overhead);
}

static void compact(void)
{
    heap_moved moved = heap_compact();
    printf("%s[%lu, %lu, %lu]", timed.served[TIMED_COMPACT].calls == 1 ? "" : ", ", (unsigned long)timed_last,
           (unsigned long)moved.blocks, (unsigned long)moved.bytes);
}

static void begin(const run *r)
{
    requests_init(&source, r->workload, r->bytes, r->limit, r->seed);
    chances = (random_source){ ~(uint64_t)r->seed };
    memset(blocks, 0, sizeof blocks);
    memset(locked, 0, sizeof locked);
    heap_init(memory, r->bytes);
    refused = 0;
}

/* Serves requests until so many more allocations were asked for. */
static void advance(const run *r, uint32_t allocations)
{
    uint32_t end = source.allocated + allocations;
    while (source.allocated != end && !(r->honest && refused != 0)) {
        request wanted = requests_next(&source);
        serve(r, &wanted);
    }
}

static void perform(const run *r)
{
    begin(r);
    advance(r, r->warm_up);
    memset(&timed, 0, sizeof timed);
    uint32_t period = r->compact ? r->count / COMPACTIONS : STEP_PERIOD;
    for (uint32_t i = 0; i < r->count; i += period) {
        requests_progress(&source, (uint32_t)((uint64_t)i * 1000 / r->count));
        uint32_t left = r->count - i;
        advance(r, left < period ? left : period);
        if (r->compact && left >= period) {
            compact();
        } else if (r->step) {
            heap_step();
        }
    }
}

/* --------------------------------------------------------------------------------------------------------------- tasks */

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static run run_in(const char *kib)
{
    uint32_t bytes = number(kib) << 10;
    if (bytes == 0 || bytes > sizeof memory) {
        puts("a pool of this size does not fit the board");
        exit(2);
    }
    return (run){ .bytes = bytes, .seed = SEED, .warm_up = bytes / 16 };
}

static void calls(char **arguments)
{
    static const char *const modes[] = { "fast", "best", "room", "step", "compact" };
    run base = run_in(arguments[1]);
    base.count = number(arguments[2]);
    while (strcmp(arguments[0], workload_names[base.workload]) != 0) {
        base.workload++;
    }
    for (uint32_t mode = 0; mode < (heap_moves ? sizeof modes / sizeof modes[0] : 1); mode++) {
        run r = base;
        r.ask = mode < 3 ? mode : mode == 4 ? ASK_BEST : ASK_FAST;
        r.step = mode == 3;
        r.compact = mode == 4;
        printf("{\"heap\": \"%s\", \"workload\": \"%s\", \"kib\": %lu, \"mode\": \"%s\", \"compactions\": [", heap_name,
               workload_names[r.workload], (unsigned long)r.bytes >> 10, modes[mode]);
        perform(&r);
        printf("]");
        print_figures();
        puts("}");
    }
}

/* STEADY with live payload held to a share of the pool. */
static run run_at(const char *kib, uint32_t permille, const char *locked_percent)
{
    run r = run_in(kib);
    r.workload = STEADY;
    r.ask = ASK_ROOM;
    r.limit = (uint32_t)((uint64_t)r.bytes * permille / 1000);
    r.count = TURNS * (r.limit / MEAN_BYTES);
    r.locked = number(locked_percent);
    return r;
}

static void load(char **arguments)
{
    run r = run_at(arguments[0], number(arguments[1]), arguments[2]);
    perform(&r);
    printf("{\"refusals\": %lu", (unsigned long)refused);
    print_figures();
    puts("}");
}

static bool sustains(run r)
{
    r.honest = true;
    for (r.seed = SEED; r.seed < SEED + SEEDS; r.seed++) {
        perform(&r);
        if (refused != 0) {
            return false;
        }
    }
    return true;
}

/* Every load is tried from above on, for one may be sustained although a lower one, with other requests, is not. */
static void sustain(char **arguments)
{
    uint32_t permille = heap_moves ? 900 : 760;
    while (permille != 0 && !sustains(run_at(arguments[0], permille, arguments[1]))) {
        permille--;
    }
    printf("{\"permille\": %lu}\n", (unsigned long)permille);
}

/* Blocks with a small hole before each, so that all slide. */
static void copy(char **arguments)
{
    enum { PAIRS = 16, HOLE = 12 };
    uint32_t bytes = 8 * number(arguments[1]) - 4;
    heap_init(memory, run_in(arguments[0]).bytes);
    for (uint32_t i = 0; i < PAIRS; i++) {
        blocks[i] = heap_alloc(HOLE, ASK_FAST);
        (void)heap_alloc(bytes, ASK_FAST);
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        heap_free(blocks[i]);
    }
    heap_moved moved = heap_compact();
    printf("{\"instructions\": %lu, \"blocks\": %lu, \"bytes\": %lu}\n", (unsigned long)timed_last,
           (unsigned long)moved.blocks, (unsigned long)moved.bytes);
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        int arguments;
        bool counts;
        void (*run)(char **arguments);
    } tasks[] = {
        { "calls", 3, true, calls },
        { "load", 3, true, load },
        { "sustain", 2, false, sustain },
        { "copy", 2, true, copy },
    };

    bool counting = timed_start();
    for (uint32_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        if (count == FIRST_ARGUMENT + 1 + tasks[i].arguments && strcmp(arguments[FIRST_ARGUMENT], tasks[i].name) == 0) {
            if (tasks[i].counts && !counting) {
                puts("the emulator does not count instructions one by one");
                return 1;
            }
            tasks[i].run(arguments + FIRST_ARGUMENT + 1);
            return 0;
        }
    }
    puts("the arguments are none of the tasks that stand at the top of main.c");
    return 2;
}
