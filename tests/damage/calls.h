/* SPDX-License-Identifier: MIT
 *
 * Every public call that takes a pool, by number, to be made on one that may be damaged: whatever it answers, it must return,
 * and must not touch anything outside the pool. */
#ifndef DEFRAG_TESTS_DAMAGE_CALLS_H
#define DEFRAG_TESTS_DAMAGE_CALLS_H

#include "defrag.h"

/* What a call is made on. */
typedef struct damage_target {
    void *memory;
    size_t bytes; /* the whole pool is within these */
    defrag_handle handle;
    uint32_t size; /* of what is asked for */
    uint32_t many; /* any number, for whatever else there is to choose */
} damage_target;

/* Those before DAMAGE_HANDLED take no handle. */
enum { DAMAGE_HANDLED = 16, DAMAGE_CALLS = 25 };

/* What a walk that does not end answers. */
#define DAMAGE_ENDLESS ((defrag_status) - 1)

/* Makes a call, and returns its status. */
defrag_status damage_call(uint32_t call, const damage_target *target);

/* What the call is, for a message. */
const char *damage_name(uint32_t call);

#endif
