/* SPDX-License-Identifier: MIT
 *
 * The public functions of a build with DEFRAG_CONFIG: each keeps others out while the one that does the work runs. */
#include "pool.h"

#ifdef DEFRAG_CONFIG

#include DEFRAG_CONFIG

#undef defrag_init
#undef defrag_attach
#undef defrag_deinit
#undef defrag_alloc
#undef defrag_alloc_array
#undef defrag_alloc_with
#undef defrag_free
#undef defrag_resize
#undef defrag_usable_size
#undef defrag_lock
#undef defrag_lock_shared
#undef defrag_unlock
#undef defrag_clean
#undef defrag_compact
#undef defrag_step
#undef defrag_stats
#undef defrag_would_fit
#undef defrag_walk
#undef defrag_check
#undef defrag_observe

/* How it was before the call under way: what letting others in goes back to. Only read and written while they are kept
 * out, so that all pools and tasks can share it. */
static defrag_critical outside;

typedef struct {
    defrag_critical before;
    defrag_critical outer; /* of the call that this one interrupts or is made in */
} guard_t;

static guard_t enter(void)
{
    defrag_critical before = defrag_enter();
    guard_t guard = { before, outside };
    outside = before;
    return guard;
}

static void leave(guard_t guard)
{
    outside = guard.outer;
    defrag_exit(guard.before);
}

void defrag_let_others_in(void)
{
    defrag_critical before = outside;
    defrag_exit(before);
    before = defrag_enter();
    outside = before;
}

/* A function of this name, and what does its work. */
#define GUARD(RESULT, NAME, PARAMETERS, ARGUMENTS)                                                                     \
    DEFRAG_API RESULT defrag_##NAME PARAMETERS;                                                                        \
    DEFRAG_API RESULT defrag_##NAME PARAMETERS                                                                         \
    {                                                                                                                  \
        guard_t guard = enter();                                                                                       \
        RESULT result = defrag_##NAME##_unguarded ARGUMENTS;                                                           \
        leave(guard);                                                                                                  \
        return result;                                                                                                 \
    }

GUARD(defrag_status, init, (void *memory, size_t bytes, const defrag_config *config, defrag_pool **pool),
      (memory, bytes, config, pool))
GUARD(defrag_status, attach, (void *memory, size_t bytes, defrag_pool **pool), (memory, bytes, pool))
GUARD(defrag_status, deinit, (defrag_pool * pool), (pool))
GUARD(defrag_status, alloc, (defrag_pool * pool, size_t bytes, defrag_fit fit, defrag_handle *handle),
      (pool, bytes, fit, handle))
GUARD(defrag_status, alloc_array,
      (defrag_pool * pool, size_t count, size_t bytes, defrag_fit fit, defrag_handle *handle),
      (pool, count, bytes, fit, handle))
GUARD(defrag_status, alloc_with, (defrag_pool * pool, const defrag_request *request, defrag_handle *handle),
      (pool, request, handle))
GUARD(defrag_status, free, (defrag_pool * pool, defrag_handle handle), (pool, handle))
GUARD(defrag_status, resize, (defrag_pool * pool, defrag_handle handle, size_t bytes, defrag_fit fit),
      (pool, handle, bytes, fit))
GUARD(defrag_status, usable_size, (const defrag_pool *pool, defrag_handle handle, size_t *bytes), (pool, handle, bytes))
GUARD(defrag_status, lock, (defrag_pool * pool, defrag_handle handle, void **address), (pool, handle, address))
GUARD(defrag_status, lock_shared, (defrag_pool * pool, defrag_handle handle, const void **address),
      (pool, handle, address))
GUARD(defrag_status, unlock, (defrag_pool * pool, defrag_handle handle), (pool, handle))
GUARD(defrag_status, clean, (defrag_pool * pool), (pool))
GUARD(defrag_status, compact, (defrag_pool * pool), (pool))
GUARD(defrag_status, step, (defrag_pool * pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress),
      (pool, max_bytes, max_blocks, progress))
GUARD(defrag_status, stats, (const defrag_pool *pool, defrag_pool_stats *stats), (pool, stats))
GUARD(defrag_status, would_fit, (const defrag_pool *pool, size_t bytes, size_t alignment, defrag_fit_report *report),
      (pool, bytes, alignment, report))
GUARD(bool, walk, (const defrag_pool *pool, defrag_block *block), (pool, block))
GUARD(defrag_status, check, (const defrag_pool *pool, int32_t *invariant), (pool, invariant))
GUARD(defrag_status, observe, (defrag_pool * pool, defrag_observer *observer, void *context), (pool, observer, context))

#endif
