/* SPDX-License-Identifier: MIT
 *
 * Handles, and the slots of the handle table behind them. */
#ifndef DEFRAG_HANDLES_H
#define DEFRAG_HANDLES_H

#include "pool.h"

static inline defrag_handle handle_of(const defrag_pool *pool, uint32_t slot, word_t e)
{
    return (uint32_t)(e >> GENERATION_SHIFT) << HANDLE_GENERATION_SHIFT | (pool->handle_base + slot);
}

/* Finds the slot that a handle names. The subtraction checks the pool's tag and the table's end in one. */
static inline bool find_slot(const defrag_pool *pool, defrag_handle handle, uint32_t *slot, word_t *e)
{
    *slot = (handle & SLOT_AND_TAG_MASK) - pool->handle_base;
    if (*slot >= pool->slots) {
        return false;
    }
    *e = entry(pool, *slot);
    return (uint32_t)(*e >> GENERATION_SHIFT) == handle >> HANDLE_GENERATION_SHIFT && locks_in(*e) != FREE_SLOT;
}

/* What every call with a handle begins with. */
static inline defrag_status open_handle(const defrag_pool *pool, defrag_handle handle, uint32_t *slot, word_t *e)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    return find_slot(pool, handle, slot, e) ? DEFRAG_OK : DEFRAG_INVALID_HANDLE;
}

/* Whether the header at g is one that this slot's block can have, seen in O(1): an underrun of the block, or an overrun of
 * the one before it, has overwritten it otherwise. */
static inline bool is_sound(const defrag_pool *pool, uint32_t slot, uint32_t g)
{
    word_t h = header(pool, g);
    return owner_in(h) == slot && (h & IS_HOLE) == 0 && size_in(h) != 0 && g + size_in(h) <= pool->top;
}

/* What every call begins with that changes an unlocked block. */
static inline defrag_status open_unlocked(const defrag_pool *pool, defrag_handle handle, uint32_t *slot, word_t *e)
{
    defrag_status status = open_handle(pool, handle, slot, e);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (locks_in(*e) != UNLOCKED && locks_in(*e) != IN_FLIGHT) {
        return DEFRAG_LOCKED;
    }
    return is_sound(pool, *slot, index_in(*e)) ? DEFRAG_OK : DEFRAG_CORRUPT;
}

static inline uint32_t usable_bytes_of(const defrag_pool *pool, word_t e)
{
    return usable_bytes(size_in(header(pool, index_in(e)))) - tail_bytes(e);
}

/* How many slots the table must have for so many more blocks, 0 or 1. */
static inline uint32_t slots_for(const defrag_pool *pool, uint32_t more)
{
    return pool->free_slots < more ? pool->slots + 1U : pool->slots;
}

/* Whether the table can have so many slots without a block in the way. */
static inline bool table_fits(const defrag_pool *pool, uint32_t slots)
{
    return slots <= MAX_SLOTS && limit_with(pool, slots) >= pool->top;
}

/* Takes the slot that has been free longest, or adds one, for which there must be room. Its entry is for the caller to
 * write: *old is what it replaces, and *fresh what it becomes, unlocked and with no place yet. */
DEFRAG_PRIVATE uint32_t defrag_take_slot(defrag_pool *pool, word_t *old, word_t *fresh);
DEFRAG_PRIVATE void defrag_release_slot(defrag_pool *pool, uint32_t slot);

/* Adds free slots until the table has so many, for which there must be room. */
DEFRAG_PRIVATE void defrag_reserve_slots(defrag_pool *pool, uint32_t slots);

/* How many slots the table would keep if free slots at its end were given back. */
DEFRAG_PRIVATE uint32_t defrag_needed_slots(const defrag_pool *pool);

/* Shortens the table to so many slots, all those beyond being free. */
DEFRAG_PRIVATE void defrag_trim_table(defrag_pool *pool, uint32_t slots);

#endif
