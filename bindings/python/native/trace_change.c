/* SPDX-License-Identifier: MIT
 * Makes other traces of a trace. */
#include "trace_change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One record, with the time at which it happens. */
typedef struct {
    double time;
    uint64_t order; /* of those at one time */
    uint64_t life;  /* which block, counted over the whole trace */
    trace_record record;
} happening;

typedef struct {
    double scale;
    double jitter;
    uint64_t random;
    happening *events;
    uint64_t *lives; /* of the block that has a number now; later the number of each life */
    double *factors; /* by life */
    double *births;  /* by life */
    uint32_t *spare; /* numbers that were freed */
} change;

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016. */
static double draw(change *made)
{
    made->random ^= made->random >> 12;
    made->random ^= made->random << 25;
    made->random ^= made->random >> 27;
    return (double)(made->random * 0x2545F4914F6CDD1DU >> 11) * 0x1p-53;
}

/* Rounds up, but not what only the arithmetic has put above a whole number. */
static uint64_t scaled(const change *made, uint64_t bytes)
{
    double wanted = ceil((double)bytes * made->scale - 1e-6);
    return wanted >= (double)TRACE_MAX_BYTES ? TRACE_MAX_BYTES : (uint64_t)wanted;
}

static void begin_life(change *made, const trace_record *record, uint64_t life, uint64_t now)
{
    made->lives[record->number] = life;
    made->births[life] = (double)now;
    made->factors[life] = 1 + made->jitter * (2 * draw(made) - 1);
}

/* Gives each operation its new time and size. Returns how many there are. */
static uint64_t read_events(change *made, const uint8_t *trace, size_t length)
{
    trace_cursor cursor;
    trace_record record;
    uint64_t count = 0;
    uint64_t life = 0;
    trace_begin(trace, length, &cursor);
    while (trace_next(&cursor, &record) == TRACE_OK && record.kind != TRACE_END) {
        if (record.kind == TRACE_THREAD) {
            continue;
        }
        if (trace_allocates(&record)) {
            begin_life(made, &record, life++, count);
        }
        uint64_t own = made->lives[record.number];
        double age = (double)count - made->births[own];
        record.bytes = scaled(made, record.bytes);
        made->events[count] = (happening){ made->births[own] + age * made->factors[own], count, own, record };
        count++;
    }
    return count;
}

static int by_time(const void *left, const void *right)
{
    const happening *a = left;
    const happening *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return (a->order > b->order) - (a->order < b->order);
}

/* Writes the events with dense numbers, the one freed last first. */
static size_t write_events(change *made, uint64_t count, uint8_t *out)
{
    trace_record end = { .kind = TRACE_END };
    uint64_t spares = 0;
    uint32_t next = 0;
    uint8_t *at = out;
    memcpy(at, trace_magic, TRACE_MAGIC_BYTES);
    at += TRACE_MAGIC_BYTES;
    for (uint64_t i = 0; i < count; i++) {
        trace_record *record = &made->events[i].record;
        uint64_t *number = &made->lives[made->events[i].life];
        if (trace_allocates(record)) {
            *number = spares == 0 ? next++ : made->spare[--spares];
        }
        record->number = (uint32_t)*number;
        if (record->kind == TRACE_FREE) {
            made->spare[spares++] = record->number;
        }
        trace_count(&end.totals, record);
        at += trace_put(at, record);
    }
    return (size_t)(at + trace_put(at, &end) - out);
}

static size_t change_into(change *made, const uint8_t *trace, size_t length, uint8_t *out)
{
    uint64_t count = read_events(made, trace, length);
    qsort(made->events, count, sizeof *made->events, by_time);
    return write_events(made, count, out);
}

size_t trace_change(const uint8_t *trace, size_t length, const trace_summary *summary, double scale, double jitter,
                    uint64_t seed, uint8_t *out)
{
    size_t room = (size_t)summary->totals.operations + 1;
    if (out == NULL) {
        return TRACE_MAGIC_BYTES + room * TRACE_RECORD_BYTES;
    }
    change made = {
        .scale = scale,
        .jitter = jitter,
        .random = (seed + 1) * 0x9E3779B97F4A7C15U,
        .events = malloc(room * sizeof(happening)),
        .lives = malloc(room * sizeof(uint64_t)),
        .factors = malloc(room * sizeof(double)),
        .births = malloc(room * sizeof(double)),
        .spare = malloc(room * sizeof(uint32_t)),
    };
    bool enough =
        made.events != NULL && made.lives != NULL && made.factors != NULL && made.births != NULL && made.spare != NULL;
    size_t written = enough ? change_into(&made, trace, length, out) : 0;
    free(made.events);
    free(made.lives);
    free(made.factors);
    free(made.births);
    free(made.spare);
    return written;
}
