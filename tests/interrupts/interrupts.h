/* SPDX-License-Identifier: MIT
 *
 * A program and its interrupts on one pool: the program allocates, frees, resizes, locks, steps and compacts; the interrupts
 * lock and read its blocks, and have some of their own. All contents are looked at again, by both. */
#ifndef DEFRAG_TESTS_INTERRUPTS_H
#define DEFRAG_TESTS_INTERRUPTS_H

#include "defrag.h"

/* What is under way: calls that an interrupt may make, too, those that move, or a look at everything by the test itself. */
enum {
    INTERRUPTS_QUICK,
    INTERRUPTS_ALLOC, /* of any fit */
    INTERRUPTS_RESIZE,
    INTERRUPTS_STEP,
    INTERRUPTS_COMPACT,
    INTERRUPTS_LOOK,
    INTERRUPTS_KINDS
};

extern volatile uint32_t interrupts_doing;

/* What has happened so far. */
typedef struct {
    uint32_t interrupts;
    uint32_t within;     /* of these, within a call that lets others in */
    uint32_t locked;     /* locks that were refused as a call was just moving the block */
    uint32_t kept;       /* frees that were refused for that */
    uint32_t read;       /* blocks of the program that an interrupt has read */
    uint32_t allocated;  /* by interrupts */
    const char *failure; /* null while all is well */
    int line;
} interrupts_report;

extern interrupts_report interrupts_seen;

/* Makes the pool. */
bool interrupts_begin(void *memory, size_t bytes, uint64_t seed);

/* What the program does next. Returns false after a failure. */
bool interrupts_work(void);

/* What an interrupt does. */
void interrupts_handle(void);

/* Verifies everything, with no interrupt in between. */
bool interrupts_end(void);

#endif
