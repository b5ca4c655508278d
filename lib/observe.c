/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include "control.h"

DEFRAG_API defrag_status defrag_observe(defrag_pool *pool, defrag_observer *observer, void *context)
{
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        enum { OBSERVER = offsetof(defrag_pool, observer) };
        pool->seal ^= defrag_seal_from(pool, OBSERVER);
        pool->observer = observer;
        pool->observer_context = context;
        pool->seal ^= defrag_seal_from(pool, OBSERVER);
        uint32_t identity = observer != NULL ? POOL_OBSERVED + defrag_mark_of(pool) : POOL_QUIET;
        pool->identity += identity - vouched(pool);
    }
    return status;
}

/* Whether there is an observer that the identity vouches for, and that is not at work, in a pool whose top is not damaged. */
static bool is_observed(const defrag_pool *pool)
{
    return is_top(pool) && vouched(pool) - defrag_mark_of(pool) == POOL_OBSERVED;
}

/* Tells the observer, if there is one. */
static void tell(defrag_pool *pool, const defrag_event *event)
{
    if (is_observed(pool)) {
        pool->identity += POOL_BUSY - POOL_OBSERVED;
        pool->observer(pool->observer_context, pool, event);
        pool->identity -= POOL_BUSY - POOL_OBSERVED;
    }
}

DEFRAG_PRIVATE void defrag_notify(defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from)
{
    if (pool->observer != NULL && slot < pool->slots) {
        word_t e = entry(pool, slot);
        defrag_event event = { sizeof event,
                               kind,
                               handle_of(pool, slot, e),
                               DEFRAG_OK,
                               usable_offset(index_in(e)),
                               usable_offset(from),
                               defrag_usable_of(pool, slot) };
        tell(pool, &event);
    }
}

DEFRAG_PRIVATE void defrag_tell_of_moves(defrag_pool *pool, uint32_t g, uint32_t end, uint32_t above)
{
    for (; pool->observer != NULL && g < end && g < pool->top; g = end_of(pool, g)) {
        defrag_notify(pool, DEFRAG_EVENT_MOVE, owner_in(header(pool, g)), g + above);
    }
}

DEFRAG_PRIVATE void defrag_tell_of_free(defrag_pool *pool, const named_t *block, uint32_t usable)
{
    size_t offset = usable_offset(index_in(block->e));
    defrag_handle handle = handle_of(pool, block->slot, block->e);
    defrag_event event = { sizeof event, DEFRAG_EVENT_FREE, handle, DEFRAG_OK, offset, offset, usable };
    tell(pool, &event);
}

DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes)
{
    defrag_set_u32(pool, &pool->refused, pool->refused + 1);
    if (bytes > pool->largest_refused) {
        defrag_set_u32(pool, &pool->largest_refused, bytes);
    }
    defrag_event event = { sizeof event, DEFRAG_EVENT_REFUSE, handle, status, 0, 0, bytes };
    tell(pool, &event);
    return status;
}
