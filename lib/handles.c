/* SPDX-License-Identifier: MIT */
#include "handles.h"

#include "flight.h"

DEFRAG_PRIVATE defrag_status defrag_open(const defrag_pool *pool, defrag_handle handle, named_t *block)
{
    defrag_status status = defrag_ready(pool);
    if (status == DEFRAG_OK) {
        *block = find_named(pool, handle);
        status = block->state < FREE_SLOT ? DEFRAG_OK : DEFRAG_INVALID_HANDLE;
    }
    return status;
}

static defrag_status check_named(const defrag_pool *pool, const named_t *block)
{
    uint32_t g = index_in(block->e);
    return is_place(pool, g) && is_sound(pool, header(pool, g), block->slot, g) ? DEFRAG_OK : DEFRAG_CORRUPT;
}

DEFRAG_PRIVATE defrag_status defrag_open_unlocked(const defrag_pool *pool, defrag_handle handle, named_t *block)
{
    defrag_status status = defrag_open(pool, handle, block);
    if (status != DEFRAG_OK) {
        return status;
    }
    if ((block->state != UNLOCKED && block->state != IN_FLIGHT) || is_on_its_way(pool, block->slot, block->state)) {
        return DEFRAG_LOCKED;
    }
    return check_named(pool, block);
}

DEFRAG_PRIVATE defrag_status defrag_give_up_copy(defrag_pool *pool, named_t *block)
{
    if (block->state != IN_FLIGHT) {
        return DEFRAG_OK;
    }
    defrag_cancel_flight(pool);
    block->e = entry(pool, block->slot);
    block->state = locks_in(block->e);
    return check_named(pool, block);
}

DEFRAG_PRIVATE word_t defrag_header(const defrag_pool *pool, uint32_t g)
{
    word_t h = header(pool, g);
    uint32_t most = pool->top - g;
    return size_in(h) - 1 < most ? h : block_header((uint32_t)INDEX_MASK, most);
}

DEFRAG_PRIVATE bool defrag_is_movable(const defrag_pool *pool, word_t header_word)
{
    uint32_t slot = owner_in(header_word);
    return slot < pool->slots && locks_in(entry(pool, slot)) == UNLOCKED;
}

DEFRAG_PRIVATE uint32_t defrag_alignment_at(const defrag_pool *pool, uint32_t g)
{
    word_t h = defrag_header(pool, g);
    uint32_t slot = owner_in(h);
    if ((entry(pool, slot) & OVER_ALIGNED) == 0) {
        return 1;
    }
    uint32_t alignment = size_before(pool, g + size_in(h));
    return alignment - 1 < DEFRAG_MAX_ALIGNMENT / GRANULE && (alignment & (alignment - 1)) == 0 ? alignment : 1;
}

DEFRAG_PRIVATE uint32_t defrag_usable_of(const defrag_pool *pool, uint32_t slot)
{
    word_t e = entry(pool, slot);
    uint32_t g = index_in(e);
    return is_place(pool, g) ? usable_bytes(size_in(defrag_header(pool, g))) - tail_bytes(e) : 0;
}

DEFRAG_PRIVATE uint32_t defrag_locked_blocks(const defrag_pool *pool)
{
    uint32_t locked = 0;
    for (uint32_t slot = 0; slot < pool->slots; slot++) {
        uint32_t locks = locks_in(entry(pool, slot));
        locked += locks != UNLOCKED && locks != IN_FLIGHT && locks != FREE_SLOT;
    }
    return locked;
}

DEFRAG_PRIVATE void defrag_append_free_slot(defrag_pool *pool, uint32_t slot, word_t old, word_t generation)
{
    append_free_slot(pool, slot, entry_at(pool, slot), old, generation);
}

DEFRAG_PRIVATE void defrag_add_slot(defrag_pool *pool)
{
    uint32_t slot = pool->slots;
    set_slots(pool, slot + 1);
    defrag_append_free_slot(pool, slot, 0, (word_t)pool->seed << GENERATION_SHIFT);
}

DEFRAG_PRIVATE uint32_t defrag_needed_slots(const defrag_pool *pool)
{
    uint32_t slots = pool->slots;
    while (slots > pool->reserved_slots && locks_in(entry(pool, slots - 1)) == FREE_SLOT) {
        slots--;
    }
    return slots;
}

DEFRAG_PRIVATE uint32_t defrag_fewest_slots(const defrag_pool *pool, uint32_t more)
{
    uint32_t kept = defrag_needed_slots(pool);
    return live_in(pool->in_use) + more > kept ? kept + 1 : kept;
}

/* New slots begin where the given-back ones left off, so that old handles stay stale. */
static void drop_slot(defrag_pool *pool, word_t e)
{
    uint32_t generation = (uint32_t)(e >> GENERATION_SHIFT);
    uint32_t ahead = (generation - pool->seed) & ((1U << GENERATION_BITS) - 1);
    if (ahead < 1U << (GENERATION_BITS - 1)) {
        defrag_set_half(pool, &pool->seed, generation);
    }
    pool->seal ^= e;
}

DEFRAG_PRIVATE void defrag_trim_table(defrag_pool *pool)
{
    uint32_t kept = defrag_needed_slots(pool);
    uint32_t slot = first_free_slot(pool);

    pool->bins[0] = NO_SLOT;
    for (uint32_t left = pool->slots; slot < pool->slots && left != 0; left--) {
        word_t e = entry(pool, slot);
        if (slot < kept) {
            defrag_append_free_slot(pool, slot, e, e & GENERATION_MASK);
        } else {
            drop_slot(pool, e);
        }
        slot = index_in(e);
    }
    set_slots(pool, kept);
}
