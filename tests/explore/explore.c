/* SPDX-License-Identifier: MIT
 *
 * Visits every state that a small pool can reach, breadth first, and asks everything in each. Ends when there is no new
 * one, or with the shortest way to what is wrong. */
#include "expand.h"

#include <argp.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 16, BATCH = 4096, RECENT = 1 << 14, NONE = 0 };

/* -------------------------------------------------------------------------------------------------------- known states */

/* How a state was found first. */
typedef struct finding {
    pool_state s;
    uint32_t from; /* its number */
    question by;
} finding;

/* All states in the order in which they were found, and a hash table over their numbers, counted from 1. */
static finding *known;
static uint32_t count;
static uint32_t room;
static uint32_t *table;
static uint32_t places; /* a power of two */

static void *memory_for(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes);
    if (memory == NULL) {
        fputs("explore: there is no memory for so many states; explore a smaller pool.\n", stderr);
        exit(2);
    }
    return memory;
}

static uint32_t home_of(pool_state s, uint32_t size)
{
    uint64_t mixed = (s.words[0] * 0x9E3779B97F4A7C15U ^ s.words[1]) * 0xBF58476D1CE4E5B9U;
    return (uint32_t)(mixed >> 32) & (size - 1);
}

static bool same(pool_state a, pool_state b)
{
    return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

/* The place of a state in the table, or that where it belongs. */
static uint32_t place_of(pool_state s)
{
    uint32_t place = home_of(s, places);
    while (table[place] != NONE && !same(known[table[place] - 1].s, s)) {
        place = (place + 1) & (places - 1);
    }
    return place;
}

static void grow_table(void)
{
    places = places == 0 ? 1U << 16 : 2 * places;
    table = memory_for(table, places * sizeof *table);
    memset(table, 0, places * sizeof *table);
    for (uint32_t i = 0; i < count; i++) {
        table[place_of(known[i].s)] = i + 1;
    }
}

static void add(const finding *f)
{
    if (count >= places / 3 * 2) {
        grow_table();
    }
    uint32_t place = place_of(f->s);
    if (table[place] != NONE) {
        return;
    }
    if (count == room) {
        room = room == 0 ? 1U << 16 : room + room / 2;
        known = memory_for(known, room * sizeof *known);
    }
    known[count] = *f;
    table[place] = ++count;
}

/* ------------------------------------------------------------------------------------------------------------- workers */

/* While workers expand a batch nobody adds to what is known; each keeps what it finds for itself. */
typedef struct worker {
    bench b;
    pool_state recent[RECENT]; /* to keep the same from being found over and over */
    finding *found;
    uint32_t count;
    uint32_t room;
    uint32_t at; /* the state under expansion */
    uint32_t first;
    uint32_t end;
    uint32_t stride;
} worker;

static void visit(void *context, pool_state to, question by)
{
    worker *w = context;
    pool_state *recent = &w->recent[home_of(to, RECENT)];
    if (same(*recent, to)) {
        return;
    }
    *recent = to;
    if (table[place_of(to)] != NONE) {
        return;
    }
    if (w->count == w->room) {
        w->room = w->room == 0 ? 1024 : 2 * w->room;
        w->found = memory_for(w->found, w->room * sizeof *w->found);
    }
    w->found[w->count++] = (finding){ to, w->at, by };
}

static void *work(void *context)
{
    worker *w = context;
    for (w->at = w->first; w->at < w->end; w->at += w->stride) {
        if (!bench_expand(&w->b, known[w->at].s, visit, w)) {
            break;
        }
    }
    return NULL;
}

/* Expands the states from `begin` on; false if one of the workers found something wrong. */
static bool expand_batch(worker *workers, uint32_t threads, uint32_t begin)
{
    pthread_t ids[MOST_THREADS];
    uint32_t end = count - begin > BATCH * threads ? begin + BATCH * threads : count;
    for (uint32_t i = 0; i < threads; i++) {
        worker *w = &workers[i];
        w->first = begin + i;
        w->end = end;
        w->stride = threads;
        w->count = 0;
        if (i != 0 && pthread_create(&ids[i], NULL, work, w) != 0) {
            fputs("explore: a thread cannot be started; take fewer with --threads.\n", stderr);
            exit(2);
        }
    }
    (void)work(&workers[0]);
    bool good = workers[0].b.failure == NULL;
    for (uint32_t i = 1; i < threads; i++) {
        pthread_join(ids[i], NULL);
        good = good && workers[i].b.failure == NULL;
    }
    for (uint32_t i = 0; i < threads; i++) {
        for (uint32_t j = 0; j < workers[i].count; j++) {
            add(&workers[i].found[j]);
        }
    }
    return good;
}

/* ----------------------------------------------------------------------------------------------------------- reporting */

static void show(uint32_t number)
{
    char drawn[64];
    char asked[96];
    if (number != 0) {
        show(known[number].from);
        question_describe(known[number].by, asked);
        fprintf(stderr, "  %s\n", asked);
    }
    state_draw(known[number].s, drawn);
    fprintf(stderr, "|%s\n", drawn);
}

static void show_failure(const worker *workers, uint32_t threads)
{
    for (uint32_t i = 0; i < threads; i++) {
        const worker *w = &workers[i];
        if (w->b.failure != NULL) {
            char asked[96];
            question_describe(w->b.asked, asked);
            show(w->at);
            fprintf(stderr, "  %s\n%s (line %d)\n", asked, w->b.failure, w->b.line);
            return;
        }
    }
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void show_progress(uint32_t expanded, uint32_t depth, const struct timespec *start)
{
    static double last;
    double now = seconds_since(start);
    double every = isatty(STDERR_FILENO) ? 1 : 60;
    if (now - last >= every) {
        last = now;
        fprintf(stderr, "%" PRIu32 " of %" PRIu32 " states so far, %" PRIu32 " operations deep, %.0f s%c", expanded,
                count, depth, now, isatty(STDERR_FILENO) ? '\r' : '\n');
        fflush(stderr);
    }
}

static void report(const worker *workers, uint32_t threads, uint32_t expanded, uint32_t depth, double seconds)
{
    findings all = { 0, 0, { 0 } };
    for (uint32_t i = 0; i < threads; i++) {
        const findings *found = &workers[i].b.found;
        all.asked += found->asked;
        all.varied += found->varied;
        for (uint32_t j = 0; j < BUDGETS; j++) {
            all.most_steps[j] = found->most_steps[j] > all.most_steps[j] ? found->most_steps[j] : all.most_steps[j];
        }
    }
    printf("%" PRIu32 " of %" PRIu32 " states, %" PRIu32 " operations deep; %" PRIu64 " operations judged, %" PRIu64
           " of them varied; %.0f s\n",
           expanded, count, depth, all.asked, all.varied, seconds);
    for (uint32_t j = 0; j < BUDGETS; j++) {
        printf("steps of %" PRIu32 " granules and %" PRIu32 " looks (255: all): done after %" PRIu32 " at most\n",
               budgets[j][0], budgets[j][1], all.most_steps[j]);
    }
}

/* ------------------------------------------------------------------------------------------------------------- options */

typedef struct options {
    limits within;
    uint32_t threads;
    uint32_t most;
    uint32_t steps;
} options;

static const struct argp_option known_options[] = {
    { "bytes", 'b', "NUMBER", 0, "Size of the pool (default: 256)", 0 },
    { "handles", 'n', "NUMBER", 0, "Live blocks at most (default: 4)", 0 },
    { "locked", 'l', "NUMBER", 0, "Locked blocks at most (default: any number)", 0 },
    { "alignment", 'a', "GRANULES", 0, "Largest alignment asked for: 1, 2 or 4 (default: 1)", 0 },
    { "threads", 't', "NUMBER", 0, "How many to work with (default: 1)", 0 },
    { "states", 's', "NUMBER", 0, "Stop after so many (default: never)", 0 },
    { "steps", 'c', "NUMBER", 0, "Steps that must suffice, whatever their budget (default: any number)", 0 },
    { "help", 'h', NULL, 0, "Give this list", -1 },
    { 0 },
};

static error_t parse(int key, char *text, struct argp_state *argp)
{
    options *o = argp->input;
    uint32_t number = text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 0;
    switch (key) {
    case 'b': o->within.bytes = number; return 0;
    case 'n': o->within.handles = number; return 0;
    case 'l': o->within.locked = number; return 0;
    case 'a': o->within.alignment = number; return 0;
    case 't': o->threads = number; return 0;
    case 's': o->most = number; return 0;
    case 'c': o->steps = number; return 0;
    case 'h': argp_help(argp->root_argp, stdout, ARGP_HELP_STD_HELP, argp->name); exit(0);
    default: return ARGP_ERR_UNKNOWN;
    }
}

static options read_options(int argument_count, char **arguments)
{
    static const struct argp parser = { known_options, parse, NULL, "Visits every state of a small pool.",
                                        NULL,          NULL,  NULL };
    options o = { { DEFRAG_MIN_POOL_BYTES, 4, UINT32_MAX, 1 }, 1, UINT32_MAX, UINT32_MAX };
    bool known_all = argp_parse(&parser, argument_count, arguments, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &o) == 0;
    if (!known_all || o.within.bytes > 288 || o.within.handles > 5 || o.within.alignment > 4 ||
        o.threads - 1 >= MOST_THREADS) {
        fputs("explore: takes pools of up to 288 bytes, 5 handles, 4 granules of alignment and 16 threads; "
              "run explore --help for the options.\n",
              stderr);
        exit(2);
    }
    return o;
}

static bool is_settled_in_time(const worker *workers, uint32_t threads, uint32_t steps)
{
    for (uint32_t i = 0; i < threads * BUDGETS; i++) {
        if (workers[i / BUDGETS].b.found.most_steps[i % BUDGETS] > steps) {
            fprintf(stderr, "explore: steps take longer than the %" PRIu32 " that must suffice\n", steps);
            return false;
        }
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    options o = read_options(argument_count, arguments);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    worker *workers = aligned_alloc(1024, (sizeof *workers + 1023) / 1024 * 1024 * o.threads);
    if (workers == NULL) {
        return 2;
    }
    memset(workers, 0, sizeof *workers * o.threads);
    finding first = { { { 0, 0 } }, 0, { 0, 0, 0, 0 } };
    bool good = true;
    for (uint32_t i = 0; i < o.threads; i++) {
        good = bench_init(&workers[i].b, &o.within, &first.s) && good;
    }
    add(&first);
    uint32_t expanded = 0;
    uint32_t depth = 0;
    uint32_t level_end = 1;
    while (good && expanded < count && expanded < o.most) {
        uint32_t end = count - expanded > BATCH * o.threads ? expanded + BATCH * o.threads : count;
        good = expand_batch(workers, o.threads, expanded);
        expanded = end;
        if (expanded >= level_end && expanded < count) {
            depth++;
            level_end = count;
        }
        show_progress(expanded, depth, &start);
    }
    if (!good) {
        show_failure(workers, o.threads);
        return 1;
    }
    report(workers, o.threads, expanded, depth, seconds_since(&start));
    return is_settled_in_time(workers, o.threads, o.steps) ? 0 : 1;
}
