/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include "control.h"

DEFRAG_API defrag_status defrag_observe(defrag_pool *pool, defrag_observer *observer, void *context)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    pool->seal ^= defrag_observer_seal(pool);
    pool->observer = observer;
    pool->observer_context = context;
    pool->seal ^= defrag_observer_seal(pool);
    pool->identity = observer != NULL ? POOL_OBSERVED : POOL_QUIET;
    return DEFRAG_OK;
}

static void tell(defrag_pool *pool, const defrag_event *event)
{
    pool->identity = POOL_BUSY;
    pool->observer(pool->observer_context, pool, event);
    pool->identity = POOL_OBSERVED;
}

DEFRAG_PRIVATE void defrag_tell(defrag_pool *pool, int32_t kind, defrag_handle handle, word_t e, uint32_t from,
                                uint32_t granules)
{
    defrag_event event = { sizeof event,
                           kind,
                           handle,
                           DEFRAG_OK,
                           usable_offset(index_in(e)),
                           usable_offset(from),
                           usable_bytes(granules) - tail_bytes(e) };
    tell(pool, &event);
}

DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes)
{
    set_u32(pool, &pool->refused, pool->refused + 1);
    if (bytes > pool->largest_refused) {
        set_u32(pool, &pool->largest_refused, bytes);
    }
    if (pool->observer != NULL) {
        defrag_event event = { sizeof event, DEFRAG_EVENT_REFUSE, handle, status, 0, 0, bytes };
        tell(pool, &event);
    }
    return status;
}
