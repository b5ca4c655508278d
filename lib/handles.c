/* SPDX-License-Identifier: MIT */
#include "handles.h"

DEFRAG_PRIVATE defrag_status defrag_open_unlocked(const defrag_pool *pool, defrag_handle handle, named_t *block)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    *block = find_named(pool, handle);
    if (block->state >= FREE_SLOT) {
        return DEFRAG_INVALID_HANDLE;
    }
    if (block->state != UNLOCKED && block->state != IN_FLIGHT) {
        return DEFRAG_LOCKED;
    }
    uint32_t g = index_in(block->e);
    return is_sound(pool, header(pool, g), block->slot, g) ? DEFRAG_OK : DEFRAG_CORRUPT;
}

DEFRAG_PRIVATE void defrag_reserve_slots(defrag_pool *pool, uint32_t slots)
{
    while (pool->slots < slots) {
        add_slot(pool);
    }
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
            append_free_slot(pool, slot, entry_at(pool, slot), e, e & GENERATION_MASK);
        } else {
            drop_slot(pool, e);
        }
        slot = index_in(e);
    }
    pool->slots = (half_t)slots;
}
