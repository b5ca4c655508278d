/* SPDX-License-Identifier: MIT
 *
 * The public functions of a build with DEFRAG_CONFIG or DEFRAG_STRESS: each keeps others out while the one that does the work
 * runs, lets it touch the pool, and puts blocks under stress then. */
#include "stress.h"

#if GUARDED || STRESSED

#ifdef DEFRAG_CONFIG
#include DEFRAG_CONFIG
#endif

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

#ifdef DEFRAG_CONFIG

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
    open_call call = { NULL, NULL };
    defrag_open_call(&call);
    defrag_exit(before);
    before = defrag_enter();
    outside = before;
    defrag_close_call(&call);
}

#else

typedef bool guard_t;

static guard_t enter(void)
{
    return true;
}

static void leave(guard_t guard)
{
    (void)guard;
}

#endif

/* A function of this name, what does its work, whether it only looks, and what then moves blocks for the sake of stress. */
#define GUARD_AND(RESULT, NAME, PARAMETERS, ARGUMENTS, LOOKS, MOVES)                                                   \
    DEFRAG_API RESULT defrag_##NAME PARAMETERS;                                                                        \
    DEFRAG_API RESULT defrag_##NAME PARAMETERS                                                                         \
    {                                                                                                                  \
        guard_t guard = enter();                                                                                       \
        const defrag_pool *outer = defrag_expose(pool, LOOKS);                                                         \
        RESULT result = defrag_##NAME##_unguarded ARGUMENTS;                                                           \
        MOVES;                                                                                                         \
        defrag_conceal(pool, LOOKS, outer);                                                                            \
        leave(guard);                                                                                                  \
        return result;                                                                                                 \
    }

#define GUARD(RESULT, NAME, PARAMETERS, ARGUMENTS) GUARD_AND(RESULT, NAME, PARAMETERS, ARGUMENTS, false, (void)0)

#define GUARD_LOOKING(RESULT, NAME, PARAMETERS, ARGUMENTS) GUARD_AND(RESULT, NAME, PARAMETERS, ARGUMENTS, true, (void)0)

#define GUARD_MOVING(RESULT, NAME, PARAMETERS, ARGUMENTS, ALL, HANDLE)                                                 \
    GUARD_AND(RESULT, NAME, PARAMETERS, ARGUMENTS, false, defrag_move_after(pool, result, ALL, HANDLE))

/* The same for what makes a pool of memory. */
#define GUARD_MAKING(NAME, PARAMETERS, ARGUMENTS)                                                                      \
    DEFRAG_API defrag_status defrag_##NAME PARAMETERS;                                                                 \
    DEFRAG_API defrag_status defrag_##NAME PARAMETERS                                                                  \
    {                                                                                                                  \
        guard_t guard = enter();                                                                                       \
        const defrag_pool *outer = defrag_expose(NULL, false);                                                         \
        defrag_allow(memory, bytes);                                                                                   \
        defrag_status result = defrag_##NAME##_unguarded ARGUMENTS;                                                    \
        defrag_conceal(result == DEFRAG_OK ? *pool : NULL, false, outer);                                              \
        leave(guard);                                                                                                  \
        return result;                                                                                                 \
    }

/* A program's structure may be shorter than the library's. */
static bool makes_room(const defrag_request *request)
{
    return request != NULL && request->size > offsetof(defrag_request, fit) && request->fit == DEFRAG_MAKE_ROOM;
}

/* Steps that a program counts must come to an end. */
static bool is_done(const defrag_progress *progress)
{
    return progress == NULL || (progress->size > offsetof(defrag_progress, done) && progress->done != 0);
}

GUARD_MAKING(init, (void *memory, size_t bytes, const defrag_config *config, defrag_pool **pool),
             (memory, bytes, config, pool))
GUARD_MAKING(attach, (void *memory, size_t bytes, defrag_pool **pool), (memory, bytes, pool))
GUARD(defrag_status, deinit, (defrag_pool * pool), (pool))
GUARD_MOVING(defrag_status, alloc, (defrag_pool * pool, size_t bytes, defrag_fit fit, defrag_handle *handle),
             (pool, bytes, fit, handle), fit == DEFRAG_MAKE_ROOM, DEFRAG_NO_HANDLE)
GUARD_MOVING(defrag_status, alloc_array,
             (defrag_pool * pool, size_t count, size_t bytes, defrag_fit fit, defrag_handle *handle),
             (pool, count, bytes, fit, handle), fit == DEFRAG_MAKE_ROOM, DEFRAG_NO_HANDLE)
GUARD_MOVING(defrag_status, alloc_with, (defrag_pool * pool, const defrag_request *request, defrag_handle *handle),
             (pool, request, handle), makes_room(request), DEFRAG_NO_HANDLE)
GUARD(defrag_status, free, (defrag_pool * pool, defrag_handle handle), (pool, handle))
GUARD_MOVING(defrag_status, resize, (defrag_pool * pool, defrag_handle handle, size_t bytes, defrag_fit fit),
             (pool, handle, bytes, fit), fit == DEFRAG_MAKE_ROOM, handle)
GUARD_LOOKING(defrag_status, usable_size, (const defrag_pool *pool, defrag_handle handle, size_t *bytes),
              (pool, handle, bytes))
GUARD(defrag_status, lock, (defrag_pool * pool, defrag_handle handle, void **address), (pool, handle, address))
GUARD(defrag_status, lock_shared, (defrag_pool * pool, defrag_handle handle, const void **address),
      (pool, handle, address))
GUARD_MOVING(defrag_status, unlock, (defrag_pool * pool, defrag_handle handle), (pool, handle), false, handle)
GUARD(defrag_status, clean, (defrag_pool * pool), (pool))
GUARD_MOVING(defrag_status, compact, (defrag_pool * pool), (pool), true, DEFRAG_NO_HANDLE)
GUARD_MOVING(defrag_status, step, (defrag_pool * pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress),
             (pool, max_bytes, max_blocks, progress), is_done(progress), DEFRAG_NO_HANDLE)
GUARD_LOOKING(defrag_status, stats, (const defrag_pool *pool, defrag_pool_stats *stats), (pool, stats))
GUARD_LOOKING(defrag_status, would_fit,
              (const defrag_pool *pool, size_t bytes, size_t alignment, defrag_fit_report *report),
              (pool, bytes, alignment, report))
GUARD_LOOKING(bool, walk, (const defrag_pool *pool, defrag_block *block), (pool, block))
GUARD_LOOKING(defrag_status, check, (const defrag_pool *pool, int32_t *invariant), (pool, invariant))
GUARD(defrag_status, observe, (defrag_pool * pool, defrag_observer *observer, void *context), (pool, observer, context))

#endif
