/* SPDX-License-Identifier: MIT
 * The library as part of this one unit, everything in it private, for one link width: compiled once for each. */
#include <stddef.h>
#include <stdint.h>

#define DEFRAG_API static
#define DEFRAG_PRIVATE static

#include "engine_library.h"

#include "engine.h"

#define JOIN(a, b) a##b
#define ENGINE(width) JOIN(engine_, width)

const engine_t ENGINE(DEFRAG_LINK_WIDTH) = {
    .link_width = DEFRAG_LINK_WIDTH,
    .max_pool_bytes = MAX_POOL_BYTES,
    .init = defrag_init,
    .attach = defrag_attach,
    .deinit = defrag_deinit,
    .alloc = defrag_alloc,
    .alloc_array = defrag_alloc_array,
    .alloc_with = defrag_alloc_with,
    .free = defrag_free,
    .resize = defrag_resize,
    .usable_size = defrag_usable_size,
    .lock = defrag_lock,
    .lock_shared = defrag_lock_shared,
    .unlock = defrag_unlock,
    .clean = defrag_clean,
    .compact = defrag_compact,
    .step = defrag_step,
    .stats = defrag_stats,
    .would_fit = defrag_would_fit,
    .walk = defrag_walk,
    .check = defrag_check,
    .observe = defrag_observe,
    .status_text = defrag_status_text,
    .invariant_text = defrag_invariant_text,
    .version = defrag_version,
};
