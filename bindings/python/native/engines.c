/* SPDX-License-Identifier: MIT
 * Which build of the library serves which pool. */
#include "engine.h"

const engine_t *engine_for(uint64_t pool_bytes)
{
    if (pool_bytes <= engine_16.max_pool_bytes) {
        return &engine_16;
    }
    return pool_bytes <= engine_32.max_pool_bytes ? &engine_32 : NULL;
}
