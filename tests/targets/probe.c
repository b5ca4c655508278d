/* SPDX-License-Identifier: MIT
 *
 * Programs that use a part of the library, to see how much of it that part takes. The caller has a pool when INIT is 0, and
 * moves nothing when MOVING is 0. */
#include "defrag.h"

static _Alignas(8) unsigned char memory[4096];

void probe(defrag_pool *pool);

void probe(defrag_pool *pool)
{
    defrag_handle handle;
    void *address;
#if INIT
    (void)defrag_init(memory, sizeof memory, NULL, &pool);
#else
    (void)memory;
#endif
    (void)defrag_alloc(pool, 100, DEFRAG_FAST, &handle);
    (void)defrag_lock(pool, handle, &address);
    (void)defrag_unlock(pool, handle);
    (void)defrag_free(pool, handle);
#if MOVING
    (void)defrag_step(pool, 256, 16, NULL);
    (void)defrag_alloc(pool, 100, DEFRAG_MAKE_ROOM, &handle);
#endif
}
