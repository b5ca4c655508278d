/* SPDX-License-Identifier: MIT
 *
 * The life of a pool. */
#include "check.h"
#include "control.h"
#include "flight.h"
#include "handles.h"
#include "room.h"
#include "versioned.h"

enum { MAX_TAG = 31 };

static bool is_aligned(const void *memory)
{
    return (uintptr_t)memory % GRANULE == 0;
}

/* Fibonacci hashing (D. E. Knuth, The Art of Computer Programming 3, section 6.4): its top bits depend on all of the
 * address. */
static uint32_t draw_tag(const void *memory)
{
    return (uint32_t)((uintptr_t)memory / GRANULE) * 2654435769U >> (32 - TAG_BITS);
}

DEFRAG_API defrag_status defrag_init(void *memory, size_t bytes, const defrag_config *config, defrag_pool **pool)
{
    defrag_config known = { 0 };
    if (pool != NULL) {
        *pool = NULL;
    }
    if (memory == NULL || pool == NULL ||
        (config != NULL &&
         (!defrag_read_struct(&known, config, sizeof known) || known.tag > MAX_TAG || known.reserved != 0))) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    if (!is_aligned(memory)) {
        return DEFRAG_INVALID_ALIGNMENT;
    }
    if (bytes < DEFRAG_MIN_POOL_BYTES || bytes > MAX_POOL_BYTES || known.handles > MAX_SLOTS) {
        return DEFRAG_INVALID_SIZE;
    }
    defrag_pool shape = { .bytes = (uint32_t)bytes / GRANULE * GRANULE };
    shape.max_request = defrag_capacity(&shape, known.handles);
    if (shape.max_request == 0) {
        return DEFRAG_INVALID_SIZE;
    }
    defrag_pool *made = memory;
    uint32_t tag = (known.tag != 0 ? known.tag : draw_tag(memory)) & ((1U << TAG_BITS) - 1);
    __builtin_memset(made, 0, header_offset(defrag_first_block(&shape)));
    *made = shape;
    made->identity = POOL_QUIET;
    made->handle_base = tag << SLOT_BITS | 1;
    made->top = (half_t)defrag_first_block(made);
    made->high_water = made->top;
    made->reserved_slots = (half_t)known.handles;
    /* A mark beyond the capacity asks for everything in one hole. */
    size_t watermark = known.watermark < made->max_request ? known.watermark : made->max_request;
    made->watermark = watermark != 0 ? (half_t)granules_for((uint32_t)watermark, 1) : 0;
    made->seal = defrag_control_seal(made);
    defrag_reserve_slots(made, known.handles);
    *pool = made;
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_attach(void *memory, size_t bytes, defrag_pool **pool)
{
    if (pool != NULL) {
        *pool = NULL;
    }
    if (memory == NULL || pool == NULL) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    if (!is_aligned(memory)) {
        return DEFRAG_INVALID_ALIGNMENT;
    }
    defrag_pool *found = memory;
    if (bytes < DEFRAG_MIN_POOL_BYTES || !is_ready(found)) {
        return DEFRAG_INVALID_POOL;
    }
    if (found->bytes > bytes) {
        return DEFRAG_INVALID_SIZE;
    }
    int32_t broken = defrag_broken_invariant(found);
    if (broken == MISALIGNED) {
        return DEFRAG_INVALID_ALIGNMENT;
    }
    if (broken != INTACT) {
        return DEFRAG_CORRUPT;
    }
    *pool = found;
    return defrag_observe(found, NULL, NULL);
}

DEFRAG_API defrag_status defrag_deinit(defrag_pool *pool)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    for (uint32_t slot = 0; slot < pool->slots; slot++) {
        uint32_t locks = locks_in(entry(pool, slot));
        if (locks != UNLOCKED && locks != IN_FLIGHT && locks != FREE_SLOT) {
            return DEFRAG_LOCKED;
        }
    }
    pool->identity = 0;
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_clean(defrag_pool *pool)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    uint32_t kept = defrag_needed_slots(pool);
    if (kept != pool->slots) {
        defrag_trim_table(pool, kept);
    }
    return DEFRAG_OK;
}
