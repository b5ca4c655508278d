/* SPDX-License-Identifier: MIT
 * Records what becomes of the blocks of a defrag pool. A handle takes the address's place, as blocks move. */
#include "defrag_log.h"

#include <defrag.h>

void defrag_log_observer(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)context;
    (void)pool;
    switch (event->kind) {
    case DEFRAG_EVENT_ALLOC: defrag_log_record('a', event->handle, 0, event->bytes); break;
    case DEFRAG_EVENT_FREE: defrag_log_record('f', event->handle, 0, 0); break;
    case DEFRAG_EVENT_RESIZE: defrag_log_record('r', event->handle, event->handle, event->bytes); break;
    case DEFRAG_EVENT_LOCK: defrag_log_record('l', event->handle, 0, 0); break;
    case DEFRAG_EVENT_UNLOCK: defrag_log_record('u', event->handle, 0, 0); break;
    default: break;
    }
}
