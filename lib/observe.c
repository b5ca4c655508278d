/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include "control.h"
#include "handles.h"

DEFRAG_API defrag_status defrag_observe(defrag_pool *pool, defrag_observer *observer, void *context)
{
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        enum { OBSERVER = offsetof(defrag_pool, observer) };
        pool->seal ^= defrag_seal_from(pool, OBSERVER);
        pool->observer = observer;
        pool->observer_context = context;
        pool->seal ^= defrag_seal_from(pool, OBSERVER);
        uint32_t identity = observer != NULL ? POOL_OBSERVED + defrag_mark_of(observer, context) : POOL_QUIET;
        pool->identity += identity - vouched(pool);
    }
    return status;
}

DEFRAG_PRIVATE defrag_event defrag_describe(const defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from)
{
    word_t e = entry(pool, slot);
    return (defrag_event){ sizeof(defrag_event),        kind,
                           handle_of(pool, slot, e),    DEFRAG_OK,
                           usable_offset(index_in(e)),  usable_offset(from),
                           defrag_usable_of(pool, slot) };
}

DEFRAG_PRIVATE void defrag_tell(defrag_pool *pool, const defrag_event *event)
{
    if (!is_quiet(pool) && defrag_ready(pool) == DEFRAG_OK) {
        pool->identity += POOL_BUSY - POOL_OBSERVED;
        pool->observer(pool->observer_context, pool, event);
        pool->identity -= POOL_BUSY - POOL_OBSERVED;
    }
}

DEFRAG_PRIVATE void defrag_notify(defrag_pool *pool, int32_t kind, uint32_t slot, uint32_t from)
{
    if (pool->observer != NULL && slot < pool->slots) {
        defrag_event event = defrag_describe(pool, kind, slot, from);
        defrag_tell(pool, &event);
    }
}

DEFRAG_PRIVATE defrag_status defrag_refuse(defrag_pool *pool, defrag_status status, defrag_handle handle,
                                           uint32_t bytes)
{
    defrag_set_u32(pool, &pool->refused, pool->refused + 1);
    if (bytes > pool->largest_refused) {
        defrag_set_u32(pool, &pool->largest_refused, bytes);
    }
    defrag_event event = { sizeof event, DEFRAG_EVENT_REFUSE, handle, status, 0, 0, bytes };
    defrag_tell(pool, &event);
    return status;
}
