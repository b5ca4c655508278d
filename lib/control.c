/* SPDX-License-Identifier: MIT */
#include "control.h"

#include "bins.h"

/* What the observer and its context contribute to the identity: any bit of them, but not to the highest. */
DEFRAG_PRIVATE uint32_t defrag_mark_of(const defrag_pool *pool)
{
    uint64_t both = (uintptr_t)pool->observer ^ (uintptr_t)pool->observer_context;
    return (uint32_t)(both ^ both >> 31 ^ both >> 62) & (UINT32_MAX >> 1);
}

DEFRAG_PRIVATE defrag_status defrag_ready(const defrag_pool *pool)
{
    if (pool == NULL) {
        return DEFRAG_INVALID_POOL;
    }
    uint32_t identity = vouched(pool);
    defrag_status status = DEFRAG_OK;
    if (identity != POOL_QUIET) {
        identity -= defrag_mark_of(pool);
        if (identity != POOL_OBSERVED) {
            status = identity == POOL_BUSY ? DEFRAG_BUSY : DEFRAG_INVALID_POOL;
        }
    }
    if (status == DEFRAG_INVALID_POOL) {
        return status;
    }
    uint32_t first = defrag_first_block(pool);
    return pool->top - first <= limit_with(bytes_of(pool), pool->slots) - first ? status : DEFRAG_CORRUPT;
}

DEFRAG_PRIVATE defrag_status defrag_ready_to_look(const defrag_pool *pool)
{
    defrag_status status = defrag_ready(pool);
    return status == DEFRAG_BUSY ? DEFRAG_OK : status;
}

/* One bin for each class of hole that can be in the pool. */
DEFRAG_PRIVATE uint32_t defrag_control_bytes(uint32_t bytes)
{
    return (uint32_t)(offsetof(defrag_pool, bins) + sizeof(half_t) * (bin_of(bytes / GRANULE) + 1));
}

DEFRAG_PRIVATE uint32_t defrag_first_in(uint32_t bytes)
{
    return (defrag_control_bytes(bytes) + WORD - 1) / GRANULE;
}

DEFRAG_PRIVATE uint32_t defrag_first_block(const defrag_pool *pool)
{
    return defrag_first_in(bytes_of(pool));
}

DEFRAG_PRIVATE uint32_t defrag_capacity(uint32_t bytes, uint32_t reserved_slots)
{
    uint32_t slots = reserved_slots + (reserved_slots == 0);
    uint32_t first = defrag_first_in(bytes);
    if (slots > MAX_SLOTS || bytes / WORD < slots + header_offset(first + 1) / WORD) {
        return 0;
    }
    return usable_bytes(limit_with(bytes, slots) - first);
}

DEFRAG_PRIVATE int32_t defrag_wilderness(const defrag_pool *pool, uint32_t slots)
{
    return wilderness_with(pool, slots);
}

DEFRAG_PRIVATE int32_t defrag_free_with(const defrag_pool *pool, uint32_t slots)
{
    return (int32_t)(limit_with(bytes_of(pool), slots) - defrag_first_block(pool) - used_in(pool->in_use));
}

DEFRAG_PRIVATE void defrag_set_half(defrag_pool *pool, half_t *sealed, uint32_t value)
{
    set_half(pool, sealed, value);
}

DEFRAG_PRIVATE void defrag_set_u32(defrag_pool *pool, uint32_t *sealed, uint32_t value)
{
    pool->seal ^= fold(*sealed ^ value);
    *sealed = value;
}

SELDOM DEFRAG_PRIVATE defrag_status defrag_note_peaks(defrag_pool *pool)
{
    word_t exceeded = borrowed(pool->in_use, pool->peak);
    word_t halves = (exceeded << 1) - (exceeded >> (HALF_BITS - 1)); /* all bits of those that are exceeded */
    word_t difference = (pool->peak ^ pool->in_use) & halves;
    pool->peak ^= difference;
    pool->seal ^= (difference ^ difference >> HALF_BITS) & HALF_MASK;
    return DEFRAG_OK;
}

DEFRAG_PRIVATE word_t defrag_seal_from(const defrag_pool *pool, uint32_t offset)
{
    word_t seal = 0;
    for (; offset != offsetof(defrag_pool, bins); offset += (uint32_t)sizeof(half_t)) {
        seal ^= *(const half_t *)(const void *)((const unsigned char *)pool + offset);
    }
    return seal;
}
