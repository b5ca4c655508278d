/* SPDX-License-Identifier: MIT
 *
 * Locks are a count in the table entry: shared ones add up, an exclusive one stands alone. */
#include "flight.h"
#include "handles.h"
#include "observe.h"

static void notify_lock(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e)
{
    uint32_t g = index_in(e);
    notify(pool, kind, handle, e, g, size_in(header(pool, g)));
}

/* Locks a block, whose lock field is to become `state`, and returns its address. */
INLINE void *acquire(defrag_pool *pool, named_t block, uint32_t state)
{
    set_state(pool, block, state);
    return granule_at(pool, index_in(block.e) + 1);
}

/* Locks a block in any case: in flight, or observed, or not to be locked at all. */
SELDOM static defrag_status acquire_slowly(defrag_pool *pool, defrag_handle handle, void **address, bool shared)
{
    if (address == NULL) {
        return is_ready(pool) ? DEFRAG_INVALID_ARGUMENT : not_ready(pool);
    }
    *address = NULL;
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    named_t block = find_named(pool, handle);
    if (block.state == IN_FLIGHT) {
        defrag_cancel_flight(pool);
        block = find_named(pool, handle);
    }
    if (block.state >= FREE_SLOT) {
        return DEFRAG_INVALID_HANDLE;
    }
    if (block.state == EXCLUSIVE || (block.state != UNLOCKED && !shared)) {
        return DEFRAG_LOCKED;
    }
    if (block.state == DEFRAG_MAX_SHARED_LOCKS) {
        return DEFRAG_TOO_MANY_LOCKS;
    }
    *address = acquire(pool, block, shared ? block.state + 1 : EXCLUSIVE);
    notify_lock(pool, DEFRAG_EVENT_LOCK, handle, block.e);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_lock(defrag_pool *pool, defrag_handle handle, void **address)
{
    if (address != NULL && is_quiet(pool)) {
        named_t block = find_named(pool, handle);
        if (block.state == UNLOCKED) {
            *address = acquire(pool, block, EXCLUSIVE);
            return DEFRAG_OK;
        }
    }
    return acquire_slowly(pool, handle, address, false);
}

DEFRAG_API defrag_status defrag_lock_shared(defrag_pool *pool, defrag_handle handle, const void **address)
{
    if (address != NULL && is_quiet(pool)) {
        named_t block = find_named(pool, handle);
        if (block.state < DEFRAG_MAX_SHARED_LOCKS) {
            *address = acquire(pool, block, block.state + 1);
            return DEFRAG_OK;
        }
    }
    void *fixed = NULL;
    defrag_status status = acquire_slowly(pool, handle, address != NULL ? &fixed : NULL, true);
    if (address != NULL) {
        *address = fixed;
    }
    return status;
}

/* Gives up one lock of a block; false if it has none. */
INLINE bool give_up(defrag_pool *pool, named_t block)
{
    if (block.state == EXCLUSIVE) {
        set_state(pool, block, UNLOCKED);
        return true;
    }
    if (block.state - 1 < DEFRAG_MAX_SHARED_LOCKS) {
        set_state(pool, block, block.state - 1);
        return true;
    }
    return false;
}

/* Unlocks a block in any case: observed, or not to be unlocked at all. */
SELDOM static defrag_status unlock_slowly(defrag_pool *pool, defrag_handle handle)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    named_t block = find_named(pool, handle);
    if (block.state >= FREE_SLOT) {
        return DEFRAG_INVALID_HANDLE;
    }
    if (!give_up(pool, block)) {
        return DEFRAG_NOT_LOCKED;
    }
    notify_lock(pool, DEFRAG_EVENT_UNLOCK, handle, block.e);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_unlock(defrag_pool *pool, defrag_handle handle)
{
    if (is_quiet(pool) && give_up(pool, find_named(pool, handle))) {
        return DEFRAG_OK;
    }
    return unlock_slowly(pool, handle);
}
