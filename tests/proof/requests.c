/* SPDX-License-Identifier: MIT
 *
 * What a request takes, and whether the wilderness has it: claims. */
#include "claim.h"
#include "room.c"

/* A request is measured if and only if it is valid, and gets what it asks for, its alignment included. */
CLAIM(measure, const defrag_pool *pool, size_t bytes, size_t alignment)
{
    need_t need = { 0, 0, DEFRAG_FAST, 1, 0, bytes, alignment };
    if (pool->max_request > MAX_POOL_BYTES || pool->max_request >= pool->table) {
        return true;
    }
    bool is_power = alignment == 0 || (alignment & (alignment - 1)) == 0;
    defrag_status status = defrag_measure(pool, &need);
    if (!is_power || alignment > DEFRAG_MAX_ALIGNMENT) {
        return status == DEFRAG_INVALID_ALIGNMENT;
    }
    if (bytes == 0 || bytes > pool->max_request) {
        return status == DEFRAG_INVALID_SIZE;
    }
    size_t tail = need.alignment > 1 ? sizeof(half_t) : 0;
    return status == DEFRAG_OK && need.alignment >= 1 && (need.alignment & (need.alignment - 1)) == 0 &&
           (size_t)GRANULE * need.alignment >= alignment && need.alignment <= DEFRAG_MAX_ALIGNMENT / GRANULE &&
           (size_t)GRANULE * need.granules >= WORD + bytes + tail &&
           (size_t)GRANULE * (need.granules - 1) < WORD + bytes + tail;
}

/* A block of so many granules at the top leaves the table its slots if and only if the wilderness has the granules. */
CLAIM(wilderness, const defrag_pool *pool, uint32_t slots, uint32_t granules)
{
    uint64_t bytes = (uint64_t)pool->table + WORD;
    if (bytes < DEFRAG_MIN_POOL_BYTES || bytes > MAX_POOL_BYTES || slots > MAX_SLOTS || granules > INDEX_MASK / 2 ||
        (uint64_t)WORD * slots + GRANULE > bytes || (uint64_t)GRANULE * pool->top > bytes) {
        return true;
    }
    uint64_t end = (uint64_t)GRANULE * (pool->top + (uint64_t)granules + 1) - WORD;
    return (wilderness_with(pool, slots) >= (int32_t)granules) == (end + (uint64_t)WORD * slots <= bytes);
}
