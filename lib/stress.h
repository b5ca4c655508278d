/* SPDX-License-Identifier: MIT
 *
 * Stress: a build with DEFRAG_STRESS finds pointers that are used when they must not be. Its interface and the layout of
 * its pools are those of any other build, but calls take time in proportion to the pool.
 *
 *  - Each call that may move blocks moves every unlocked one that has anywhere to go, in addition to what it does else,
 *    and defrag_unlock moves the block that it unlocks.
 *  - Between calls only the usable bytes of locked blocks may be touched. Whoever touches another byte of the pool is
 *    stopped there and then by AddressSanitizer or Valgrind, if the program runs under either.
 *  - Free memory, where blocks were before they moved or were freed included, is filled with DEFRAG_FILL. Each call that
 *    does more than look first verifies that, and the pool's invariants: so what was written through a stale pointer, or
 *    past the end of a block, is found on a target, too. Then it calls defrag_trap.
 *
 * Without DEFRAG_STRESS all of this is nothing. */
#ifndef DEFRAG_STRESS_H
#define DEFRAG_STRESS_H

#include "pool.h"

/* A call that has let others in, as a build with DEFRAG_CONFIG does. */
typedef struct open_call {
    const defrag_pool *pool;
    struct open_call *next;
} open_call;

#ifdef DEFRAG_STRESS

#define STRESSED true

/* What free memory is filled with. As an address it is odd, and of no memory on most microcontrollers. */
#ifndef DEFRAG_FILL
#define DEFRAG_FILL 0xA5
#endif

/* What is done about a pool whose memory was written to by somebody else: `where` is the place, as far as it is known. Does
 * not return. A program may have one of its own; this one executes an instruction that traps. */
void defrag_trap(const char *what, const void *where);

/* Begins a call on a pool, or with null one on no pool: lets the library touch it, and verifies it unless the call only
 * looks. Returns the pool that defrag_conceal is to go back to. */
DEFRAG_PRIVATE const defrag_pool *defrag_expose(const defrag_pool *pool, bool looks);

/* Ends it: fills the pool's free memory and lets nobody touch it, but for locked blocks. */
DEFRAG_PRIVATE void defrag_conceal(const defrag_pool *pool, bool looks, const defrag_pool *outer);

/* Lets everybody touch the memory of a pool to be. */
DEFRAG_PRIVATE void defrag_allow(const void *memory, size_t bytes);

/* Between these, others are let in that the call under way has kept out. They find its pool exposed and in its midst. */
DEFRAG_PRIVATE void defrag_open_call(open_call *call);
DEFRAG_PRIVATE void defrag_close_call(const open_call *call);

/* After a call that succeeded, moves all blocks if it may move any, else the one that is named if it may be moved now, or
 * none. */
DEFRAG_PRIVATE void defrag_move_after(defrag_pool *pool, defrag_status result, bool all, defrag_handle handle);

/* Whether the pool is in the midst of a call that has let others in, and so is not to be looked at. */
DEFRAG_PRIVATE bool defrag_has_open_call(const defrag_pool *pool);

#else

#define STRESSED false

#if GUARDED

static inline const defrag_pool *defrag_expose(const defrag_pool *pool, bool looks)
{
    (void)pool;
    (void)looks;
    return NULL;
}

static inline void defrag_conceal(const defrag_pool *pool, bool looks, const defrag_pool *outer)
{
    (void)pool;
    (void)looks;
    (void)outer;
}

static inline void defrag_allow(const void *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

static inline void defrag_open_call(const open_call *call)
{
    (void)call;
}

static inline void defrag_close_call(const open_call *call)
{
    (void)call;
}

static inline void defrag_move_after(defrag_pool *pool, defrag_status result, bool all, defrag_handle handle)
{
    (void)pool;
    (void)result;
    (void)all;
    (void)handle;
}

#endif

#endif

#endif
