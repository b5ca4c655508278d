/* SPDX-License-Identifier: MIT
 *
 * Locks are a count in the table entry: shared ones add up, an exclusive one stands alone. */
#include "flight.h"
#include "handles.h"
#include "observe.h"

static void notify_lock(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e)
{
    uint32_t g = index_in(e);
    notify(pool, kind, handle, e, g, g, size_in(header(pool, g)));
}

static defrag_status acquire(defrag_pool *pool, defrag_handle handle, bool shared, void **address)
{
    if (address == NULL) {
        return is_ready(pool) ? DEFRAG_INVALID_ARGUMENT : not_ready(pool);
    }
    *address = NULL;
    uint32_t slot;
    word_t e;
    defrag_status status = open_handle(pool, handle, &slot, &e);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (locks_in(e) == IN_FLIGHT) {
        defrag_cancel_flight(pool);
        e = entry(pool, slot);
    }
    uint32_t locks = locks_in(e);
    if (locks == EXCLUSIVE || (locks != UNLOCKED && !shared)) {
        return DEFRAG_LOCKED;
    }
    if (locks == DEFRAG_MAX_SHARED_LOCKS) {
        return DEFRAG_TOO_MANY_LOCKS;
    }
    set_entry(pool, slot, e, e + ((word_t)(shared ? 1 : EXCLUSIVE) << LOCKS_SHIFT));
    *address = (unsigned char *)pool + usable_offset(index_in(e));
    notify_lock(pool, DEFRAG_EVENT_LOCK, handle, e);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_lock(defrag_pool *pool, defrag_handle handle, void **address)
{
    return acquire(pool, handle, false, address);
}

DEFRAG_API defrag_status defrag_lock_shared(defrag_pool *pool, defrag_handle handle, const void **address)
{
    void *fixed = NULL;
    defrag_status status = acquire(pool, handle, true, address != NULL ? &fixed : NULL);
    if (address != NULL) {
        *address = fixed;
    }
    return status;
}

DEFRAG_API defrag_status defrag_unlock(defrag_pool *pool, defrag_handle handle)
{
    uint32_t slot;
    word_t e;
    defrag_status status = open_handle(pool, handle, &slot, &e);
    if (status != DEFRAG_OK) {
        return status;
    }
    uint32_t locks = locks_in(e);
    if (locks == UNLOCKED || locks == IN_FLIGHT) {
        return DEFRAG_NOT_LOCKED;
    }
    uint32_t left = locks == EXCLUSIVE ? UNLOCKED : locks - 1;
    set_entry(pool, slot, e, (e & ~LOCKS_MASK) | (word_t)left << LOCKS_SHIFT);
    notify_lock(pool, DEFRAG_EVENT_UNLOCK, handle, e);
    return DEFRAG_OK;
}
