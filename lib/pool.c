/* SPDX-License-Identifier: MIT
 *
 * The life of a pool. */
#include "check.h"
#include "control.h"
#include "flight.h"
#include "handles.h"
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

/* Makes a pool of so many bytes, whose largest request is the capacity. */
static defrag_pool *make(void *memory, uint32_t bytes, uint32_t capacity, const defrag_config *config)
{
    defrag_pool *made = memory;
    uint32_t first = defrag_first_in(bytes);
    uint32_t tag = (config->tag != 0 ? config->tag : draw_tag(memory)) & ((1U << TAG_BITS) - 1);
    __builtin_memset(made, 0, header_offset(first));
    made->table = bytes - WORD;
    made->identity = POOL_QUIET + made->table;
    made->handle_base = tag << SLOT_BITS | 1;
    made->max_request = capacity;
    made->top = (half_t)first;
    made->high_water = (half_t)first;
    made->bins[0] = NO_SLOT;
    made->reserved_slots = (half_t)config->handles;
    if (config->watermark != 0) {
        /* A mark beyond the capacity asks for everything in one hole. */
        size_t watermark = config->watermark < capacity ? config->watermark : capacity;
        made->watermark = (half_t)granules_for((uint32_t)watermark, 1);
    }
    made->seal = defrag_seal_from(made, offsetof(defrag_pool, peak));
    while (made->slots < config->handles) {
        defrag_add_slot(made);
    }
    return made;
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
    if (bytes < DEFRAG_MIN_POOL_BYTES || bytes > MAX_POOL_BYTES) {
        return DEFRAG_INVALID_SIZE;
    }
    uint32_t whole = (uint32_t)bytes / GRANULE * GRANULE;
    uint32_t capacity = defrag_capacity(whole, known.handles);
    if (capacity == 0) {
        return DEFRAG_INVALID_SIZE;
    }
    *pool = make(memory, whole, capacity, &known);
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
    defrag_status status = bytes < DEFRAG_MIN_POOL_BYTES ? DEFRAG_INVALID_POOL : defrag_ready(found);
    if (status == DEFRAG_INVALID_POOL || status == DEFRAG_BUSY) {
        return DEFRAG_INVALID_POOL;
    }
    if (bytes_of(found) > bytes) {
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
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        if (defrag_locked_blocks(pool) != 0) {
            return DEFRAG_LOCKED;
        }
        pool->identity += POOL_ENDED - vouched(pool);
    }
    return status;
}

DEFRAG_API defrag_status defrag_clean(defrag_pool *pool)
{
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        defrag_trim_table(pool);
    }
    return status;
}
