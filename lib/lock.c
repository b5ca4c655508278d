/* SPDX-License-Identifier: MIT
 *
 * Locks are a count in the table entry: shared ones add up, an exclusive one stands alone. */
#include "flight.h"
#include "handles.h"
#include "observe.h"

/* Locks a block, whose lock field is to become `state`, and returns its address. */
INLINE void *acquire(defrag_pool *pool, named_t block, uint32_t state)
{
    set_state(pool, block, state);
    return granule_at(pool, index_in(block.e) + 1);
}

/* What becomes of a lock field by a lock, 1 standing for a shared one, or its end, which is UNLOCKED; or why not. */
static defrag_status change(uint32_t *state, uint32_t lock)
{
    uint32_t old = *state;
    if (lock == UNLOCKED) {
        *state = old == EXCLUSIVE ? UNLOCKED : old - 1;
        return old == UNLOCKED || old == IN_FLIGHT ? DEFRAG_NOT_LOCKED : DEFRAG_OK;
    }
    if (old == EXCLUSIVE || (lock == EXCLUSIVE && old != UNLOCKED)) {
        return DEFRAG_LOCKED;
    }
    *state = old + lock;
    return old >= DEFRAG_MAX_SHARED_LOCKS ? DEFRAG_TOO_MANY_LOCKS : DEFRAG_OK;
}

/* Locks a block or unlocks it in any case: in flight, or observed, or refused. */
SELDOM static defrag_status change_slowly(defrag_pool *pool, defrag_handle handle, void **address, uint32_t lock)
{
    named_t block;
    defrag_status status = defrag_open(pool, handle, &block);
    if (lock != UNLOCKED) {
        if (address == NULL) {
            return status == DEFRAG_INVALID_HANDLE || status == DEFRAG_OK ? DEFRAG_INVALID_ARGUMENT : status;
        }
        *address = NULL;
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    if (lock != UNLOCKED && is_on_its_way(pool, block.slot, block.state)) {
        return DEFRAG_LOCKED;
    }
    if (lock != UNLOCKED) {
        status = defrag_give_up_copy(pool, &block);
    }
    uint32_t state = block.state;
    if (status == DEFRAG_OK) {
        status = change(&state, lock);
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    void *fixed = acquire(pool, block, state);
    if (lock != UNLOCKED) {
        *address = fixed;
    }
    defrag_notify(pool, lock != UNLOCKED ? DEFRAG_EVENT_LOCK : DEFRAG_EVENT_UNLOCK, block.slot, index_in(block.e));
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
    return change_slowly(pool, handle, address, EXCLUSIVE);
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
    defrag_status status = change_slowly(pool, handle, address != NULL ? &fixed : NULL, 1);
    if (address != NULL) {
        *address = fixed;
    }
    return status;
}

DEFRAG_API defrag_status defrag_unlock(defrag_pool *pool, defrag_handle handle)
{
    if (is_quiet(pool)) {
        named_t block = find_named(pool, handle);
        if (block.state == EXCLUSIVE) {
            set_state(pool, block, UNLOCKED);
            return DEFRAG_OK;
        }
        if (block.state - 1 < DEFRAG_MAX_SHARED_LOCKS) {
            set_state(pool, block, block.state - 1);
            return DEFRAG_OK;
        }
    }
    return change_slowly(pool, handle, NULL, UNLOCKED);
}
