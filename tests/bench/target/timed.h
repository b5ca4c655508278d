/* SPDX-License-Identifier: MIT
 *
 * Counts the instructions of single calls, from the first to the return, that included. */
#ifndef DEFRAG_TESTS_BENCH_TARGET_TIMED_H
#define DEFRAG_TESTS_BENCH_TARGET_TIMED_H

#include <stdbool.h>
#include <stdint.h>

enum { TIMED_ALLOC, TIMED_FREE, TIMED_LOCK, TIMED_UNLOCK, TIMED_RESIZE, TIMED_STEP, TIMED_COMPACT, TIMED_KINDS };

typedef struct timed_sum {
    uint32_t calls;
    uint32_t instructions;
    uint32_t worst;
} timed_sum;

/* Calls that served what was asked for, and such that refused it. */
typedef struct timed_figures {
    timed_sum served[TIMED_KINDS];
    timed_sum refused[TIMED_KINDS];
} timed_figures;

extern timed_figures timed; /* of this run */
extern uint32_t timed_last; /* instructions of the last call */
extern uint32_t timed_overhead;

/* Every function that is measured is called through this one type, so that what it costs to measure is the same for all:
 * arguments and results of one word each go in registers on all targets. */
typedef uintptr_t timed_function(uintptr_t, uintptr_t, uintptr_t, uintptr_t);
#define TIMED_FUNCTION(function) ((timed_function *)(void (*)(void))(function))

/* Starts the counter, finds out the overhead, and tells whether instructions are counted one by one. */
bool timed_start(void);

uintptr_t timed_call(timed_function *function, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d);

/* Enters the last call into the figures. */
void timed_note(uint32_t kind, bool served);

#endif
