/* SPDX-License-Identifier: MIT */
#include "control.h"

DEFRAG_PRIVATE uint32_t defrag_first_block(const defrag_pool *pool)
{
    return (defrag_control_bytes(pool->bytes) + WORD - 1) / GRANULE;
}

DEFRAG_PRIVATE uint32_t defrag_capacity(const defrag_pool *pool, uint32_t reserved_slots)
{
    uint32_t slots = reserved_slots == 0 ? 1 : reserved_slots;
    uint32_t first = defrag_first_block(pool);
    if (header_offset(first) + (uint64_t)WORD * slots + GRANULE > pool->bytes) {
        return 0;
    }
    return usable_bytes(limit_with(pool, slots) - first);
}

static word_t fold(uint64_t value)
{
    return (word_t)(WORD_BITS == 64 ? value : value ^ value >> 32);
}

DEFRAG_PRIVATE word_t defrag_observer_seal(const defrag_pool *pool)
{
    return fold((uint64_t)(uintptr_t)pool->observer) ^ fold((uint64_t)(uintptr_t)pool->observer_context);
}

DEFRAG_PRIVATE word_t defrag_control_seal(const defrag_pool *pool)
{
    word_t seal = defrag_observer_seal(pool);
    seal ^= pool->bytes ^ pool->handle_base ^ pool->max_request;
    seal ^= (word_t)(pool->peak_used ^ pool->peak_live ^ pool->high_water ^ pool->reserved_slots);
    seal ^= (word_t)(pool->flight_slot ^ pool->flight_to ^ pool->flight_done ^ pool->cursor);
    seal ^= (word_t)(pool->watermark ^ pool->seed);
    seal ^= pool->refused ^ pool->largest_refused ^ pool->worst_call;
    seal ^= pool->moved_blocks[0] ^ pool->moved_blocks[1];
    seal ^= pool->moved_bytes[0] ^ pool->moved_bytes[1];
    return seal;
}
