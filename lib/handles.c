/* SPDX-License-Identifier: MIT */
#include "handles.h"

static void set_next_free(defrag_pool *pool, uint32_t slot, uint32_t next)
{
    word_t e = entry(pool, slot);
    set_entry(pool, slot, e, (e & ~INDEX_MASK) | next);
}

static void append_free_slot(defrag_pool *pool, uint32_t slot)
{
    set_next_free(pool, slot, slot);
    if (pool->free_slots == 0) {
        pool->first_free_slot = (half_t)slot;
    } else {
        set_next_free(pool, pool->last_free_slot, slot);
    }
    pool->last_free_slot = (half_t)slot;
    pool->free_slots++;
}

static word_t first_generation(const defrag_pool *pool)
{
    return (word_t)pool->seed << GENERATION_SHIFT;
}

DEFRAG_PRIVATE void defrag_reserve_slots(defrag_pool *pool, uint32_t slots)
{
    while (pool->slots < slots) {
        uint32_t slot = pool->slots++;
        set_entry(pool, slot, 0, first_generation(pool) | LOCKS_MASK);
        append_free_slot(pool, slot);
    }
}

DEFRAG_PRIVATE uint32_t defrag_take_slot(defrag_pool *pool, word_t *old, word_t *fresh)
{
    if (pool->free_slots == 0) {
        *old = 0;
        *fresh = first_generation(pool);
        return pool->slots++;
    }
    uint32_t slot = pool->first_free_slot;
    *old = entry(pool, slot);
    *fresh = *old & ~(LOCKS_MASK | INDEX_MASK);
    pool->first_free_slot = (half_t)index_in(*old);
    pool->free_slots--;
    return slot;
}

DEFRAG_PRIVATE void defrag_release_slot(defrag_pool *pool, uint32_t slot)
{
    word_t e = entry(pool, slot);
    word_t next_generation = e + ((word_t)1 << GENERATION_SHIFT);
    set_entry(pool, slot, e, (next_generation & ~OVER_ALIGNED) | LOCKS_MASK);
    append_free_slot(pool, slot);
}

DEFRAG_PRIVATE uint32_t defrag_needed_slots(const defrag_pool *pool)
{
    uint32_t slots = pool->slots;
    while (slots > pool->reserved_slots && locks_in(entry(pool, slots - 1)) == FREE_SLOT) {
        slots--;
    }
    return slots;
}

/* New slots begin where the given-back ones left off, so that old handles stay stale. */
static void drop_slot(defrag_pool *pool, word_t e)
{
    uint32_t generation = (uint32_t)(e >> GENERATION_SHIFT);
    uint32_t ahead = (generation - pool->seed) & ((1U << GENERATION_BITS) - 1);
    if (ahead < 1U << (GENERATION_BITS - 1)) {
        set_half(pool, &pool->seed, generation);
    }
    pool->seal ^= e;
}

DEFRAG_PRIVATE void defrag_trim_table(defrag_pool *pool, uint32_t slots)
{
    uint32_t slot = pool->first_free_slot;
    uint32_t left = pool->free_slots;

    pool->first_free_slot = 0;
    pool->last_free_slot = 0;
    pool->free_slots = 0;
    for (; left != 0; left--) {
        word_t e = entry(pool, slot);
        if (slot < slots) {
            append_free_slot(pool, slot);
        } else {
            drop_slot(pool, e);
        }
        slot = index_in(e);
    }
    pool->slots = (half_t)slots;
}
