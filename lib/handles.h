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

/* What a handle names. */
typedef struct {
    uint32_t slot;
    uint32_t state; /* the lock field; FREE_SLOT or more if the handle is not valid */
    word_t e;       /* the entry, and where it is */
    word_t *at;
    word_t generation; /* as the entry has it */
} named_t;

/* Finds what a handle names. The subtraction leaves the generation and the slot, and makes the slot too large if the pool's
 * tag differs; a generation that differs makes the state too large. */
INLINE named_t find_named(const defrag_pool *pool, defrag_handle handle)
{
    uint32_t given = handle - pool->handle_base;
    uint32_t slot = given & SLOT_AND_TAG_MASK;
    if (slot >= pool->slots) {
        return (named_t){ 0, UINT32_MAX, 0, NULL, 0 };
    }
    word_t *at = entry_at(pool, slot);
    word_t e = *at;
    enum { SHIFT = GENERATION_SHIFT - HANDLE_GENERATION_SHIFT };
    /* In a word of 32 bits the slot is shifted out as the entry's index is. */
    word_t state = (e ^ (word_t)(WORD_BITS == 32 ? given : given - slot) << SHIFT) >> LOCKS_SHIFT;
    return (named_t){ slot, (uint32_t)state, e, at, (word_t)(given - slot) << SHIFT };
}

/* Changes the lock field of a block. */
INLINE void set_state(defrag_pool *pool, named_t block, uint32_t state)
{
    word_t difference = (word_t)(block.state ^ state) << LOCKS_SHIFT;
    *block.at = block.e ^ difference;
    pool->seal ^= difference;
}

/* Whether a header at g, which is a place, is one that this slot's block can have, seen in O(1): an underrun of the block, or an
 * overrun of the one before it, has overwritten it otherwise. */
INLINE bool is_sound(const defrag_pool *pool, word_t h, uint32_t slot, uint32_t g)
{
    return owner_in(h) == slot && (h & IS_HOLE) == 0 && size_in(h) - 1 < pool->top - g;
}

/* What a call begins with that names a block; OK if the handle is valid. */
DEFRAG_PRIVATE defrag_status defrag_open(const defrag_pool *pool, defrag_handle handle, named_t *block);

/* The same for a block that must not be locked, but may be in flight. */
DEFRAG_PRIVATE defrag_status defrag_open_unlocked(const defrag_pool *pool, defrag_handle handle, named_t *block);

/* Abandons the copy of a block, if one is under way. CORRUPT if its header is not sound then. */
DEFRAG_PRIVATE defrag_status defrag_give_up_copy(defrag_pool *pool, named_t *block);

/* The bytes of a slot's block that its user may use. */
DEFRAG_PRIVATE uint32_t defrag_usable_of(const defrag_pool *pool, uint32_t slot);

/* How many blocks are locked. */
DEFRAG_PRIVATE uint32_t defrag_locked_blocks(const defrag_pool *pool);

/* Whether a slot is free: NO_SLOT lies beyond each table. */
INLINE bool has_free_slot(const defrag_pool *pool)
{
    return first_free_slot(pool) < pool->slots;
}

/* How many slots the table must have for so many more blocks, 0 or 1. */
static inline uint32_t slots_for(const defrag_pool *pool, uint32_t more)
{
    return more != 0 && !has_free_slot(pool) ? pool->slots + 1U : pool->slots;
}

/* Appends a slot to the queue of free ones; its entry, which is at `at` and has been `old` so far, keeps only a generation. */
INLINE void append_free_slot(defrag_pool *pool, uint32_t slot, word_t *at, word_t old, word_t generation)
{
    word_t e = generation + LOCKS_MASK + NO_SLOT;
    uint32_t last = pool->last_free_slot;
    word_t difference = old ^ e ^ last ^ slot;

    if (!has_free_slot(pool)) {
        pool->bins[0] = (half_t)slot;
    } else if (last < pool->slots) {
        difference ^= NO_SLOT ^ slot;
        *low_half(at + ((ptrdiff_t)slot - (ptrdiff_t)last)) = (half_t)slot;
    }
    pool->last_free_slot = (half_t)slot;
    pool->seal ^= difference;
    *at = e;
}

DEFRAG_PRIVATE void defrag_append_free_slot(defrag_pool *pool, uint32_t slot, word_t old, word_t generation);

/* A slot taken for a block, and its entry, of which the generation stays. */
typedef struct {
    uint32_t slot;
    word_t e;
} claim_t;

/* Takes the slot that has been free longest, if there is a free one. */
INLINE claim_t pop_slot(defrag_pool *pool)
{
    uint32_t slot = first_free_slot(pool);
    word_t e = entry(pool, slot);
    pool->bins[0] = (half_t)e;
    return (claim_t){ slot, e };
}

/* Takes a new slot, for which there must be room, if there is no free one. Its entry is not in the table yet, but sealed. */
INLINE claim_t new_slot(defrag_pool *pool)
{
    uint32_t slot = pool->slots;
    set_slots(pool, slot + 1);
    word_t e = (word_t)pool->seed << GENERATION_SHIFT;
    pool->seal ^= e;
    return (claim_t){ slot, e };
}

/* Takes whichever of the two there is. */
INLINE claim_t claim_slot(defrag_pool *pool)
{
    return has_free_slot(pool) ? pop_slot(pool) : new_slot(pool);
}

/* Adds a free slot to the table, for which there must be room. */
DEFRAG_PRIVATE void defrag_add_slot(defrag_pool *pool);

/* What the slot of a freed block keeps: a handle of the next generation will name it. */
INLINE word_t next_generation(named_t block)
{
    return block.generation + ((word_t)1 << GENERATION_SHIFT);
}

/* How many slots the table would keep if free slots at its end were given back. */
DEFRAG_PRIVATE uint32_t defrag_needed_slots(const defrag_pool *pool);

/* How many slots the table must have for so many more blocks, 0 or 1, if free slots at its end are given back. */
DEFRAG_PRIVATE uint32_t defrag_fewest_slots(const defrag_pool *pool, uint32_t more);

/* Gives free slots at the end of the table back. */
DEFRAG_PRIVATE void defrag_trim_table(defrag_pool *pool);

#endif
