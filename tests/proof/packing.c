/* SPDX-License-Identifier: MIT
 *
 * What is packed into a word comes out of it again, handles name what they should, and padding aligns: claimed. */
#include "bins.h"
#include "claim.h"
#include "handles.h"
#include "room.h"

/* A header gives back its owner and its size, whatever its flags. */
CLAIM(header, uint32_t owner, uint32_t granules, bool hole_before, bool is_hole)
{
    if (owner > MAX_SLOTS || granules > INDEX_MASK) {
        return true;
    }
    word_t plain = block_header(owner, granules);
    word_t h = plain | (hole_before ? HOLE_BEFORE : 0) | (is_hole ? IS_HOLE : 0);
    return owner_in(h) == owner && size_in(h) == granules && next_hole(h) == owner &&
           ((h & HOLE_BEFORE) != 0) == hole_before && ((h & IS_HOLE) != 0) == is_hole;
}

/* Headers of blocks add up, as long as their sizes do. */
CLAIM(header_sum, uint32_t owner, uint32_t granules, uint32_t more)
{
    if (owner > MAX_SLOTS || granules > INDEX_MASK || more > INDEX_MASK - granules) {
        return true;
    }
    return block_header(owner, granules) + block_header(0, more) == block_header(owner, granules + more);
}

/* An entry gives back its place, its locks and whether its block is over-aligned. */
CLAIM(entry, word_t generation, uint32_t locks, uint32_t place, bool over_aligned)
{
    if (locks > 15 || place > INDEX_MASK) {
        return true;
    }
    word_t e =
        (generation & GENERATION_MASK) | (word_t)locks << LOCKS_SHIFT | (over_aligned ? OVER_ALIGNED : 0) | place;
    return locks_in(e) == locks && index_in(e) == place && (tail_bytes(e) != 0) == over_aligned &&
           (e & GENERATION_MASK) == (generation & GENERATION_MASK);
}

/* The place and the locks of an entry can be set anew, and the rest stays: as by keep and defrag_commit_move. */
CLAIM(entry_moved, word_t e, uint32_t place)
{
    if (place > INDEX_MASK) {
        return true;
    }
    word_t flying = (e & ~INDEX_MASK) | (word_t)IN_FLIGHT << LOCKS_SHIFT | place;
    word_t moved = (e & ~(LOCKS_MASK | INDEX_MASK)) | place;
    return index_in(flying) == place && index_in(moved) == place && locks_in(moved) == UNLOCKED &&
           ((flying ^ e) & (GENERATION_MASK | OVER_ALIGNED)) == 0 &&
           ((moved ^ e) & (GENERATION_MASK | OVER_ALIGNED)) == 0 &&
           (locks_in(e) != UNLOCKED || locks_in(flying) == IN_FLIGHT);
}

/* A pool's handles, as defrag_init makes their base. */
static bool is_base(uint32_t base)
{
    return (base & MAX_SLOTS) == 1 && base >> (SLOT_BITS + TAG_BITS) == 0;
}

/* A handle is no null handle, and names its slot and its generation. */
CLAIM(handle, uint32_t base, uint32_t slot, word_t e)
{
    defrag_pool pool;
    pool.handle_base = base;
    if (!is_base(base) || slot >= MAX_SLOTS - 1) {
        return true;
    }
    defrag_handle handle = handle_of(&pool, slot, e);
    return handle != DEFRAG_NO_HANDLE && ((handle - base) & SLOT_AND_TAG_MASK) == slot &&
           handle >> HANDLE_GENERATION_SHIFT == e >> GENERATION_SHIFT;
}

/* An entry as the library writes them, with nothing between generation and locks. */
static bool is_entry(word_t e)
{
    return (e & ~(GENERATION_MASK | LOCKS_MASK | HALF_MASK)) == 0;
}

/* What the handle names: its slot, its entry and the lock field. */
CLAIM(handle_names, const defrag_pool *pool, uint32_t slot, word_t e)
{
    if (!is_base(pool->handle_base) || slot >= MAX_SLOTS - 1 || slot >= pool->slots || e != entry(pool, slot) ||
        !is_entry(e)) {
        return true;
    }
    named_t block = find_named(pool, handle_of(pool, slot, e));
    return block.slot == slot && block.e == e && block.at == entry_at(pool, slot) && block.state == locks_in(e) &&
           block.generation == (e & GENERATION_MASK);
}

/* A handle of another generation is not taken, whatever the lock field. */
CLAIM(handle_stale, const defrag_pool *pool, defrag_handle handle)
{
    uint32_t given = handle - pool->handle_base;
    uint32_t slot = given & SLOT_AND_TAG_MASK;
    if (slot >= pool->slots || given >> HANDLE_GENERATION_SHIFT == entry(pool, slot) >> GENERATION_SHIFT) {
        return true;
    }
    return find_named(pool, handle).state > FREE_SLOT;
}

/* A handle of another pool is not taken. */
CLAIM(handle_foreign, const defrag_pool *pool, uint32_t tag, uint32_t slot, word_t generation)
{
    uint32_t base = tag << SLOT_BITS | 1;
    if (tag >> TAG_BITS != 0 || slot >= MAX_SLOTS - 1 || !is_base(pool->handle_base) || base == pool->handle_base) {
        return true;
    }
    defrag_handle handle = (uint32_t)(generation >> GENERATION_SHIFT) << HANDLE_GENERATION_SHIFT | (base + slot);
    return pool->slots > MAX_SLOTS || find_named(pool, handle).state > FREE_SLOT;
}

/* What set_state writes has the new lock field, and all else as before. */
CLAIM(state, word_t e, uint32_t state)
{
    word_t changed = e ^ (word_t)(locks_in(e) ^ state) << LOCKS_SHIFT;
    return state > 15 || (locks_in(changed) == state && ((changed ^ e) & ~LOCKS_MASK) == 0);
}

/* The generation behind the last is the first, and it carries nowhere. */
CLAIM(generation, word_t e)
{
    named_t block = { 0, 0, e, 0, e & GENERATION_MASK };
    word_t next = next_generation(block);
    return (next & ~GENERATION_MASK) == 0 && (next - block.generation) >> GENERATION_SHIFT == 1;
}

/* A header that passes as sound has the owner, is no hole, and ends within the arena. */
CLAIM(sound, const defrag_pool *pool, word_t h, uint32_t slot, uint32_t g)
{
    if (g > pool->top || !is_sound(pool, h, slot, g)) {
        return true;
    }
    return owner_in(h) == slot && (h & IS_HOLE) == 0 && size_in(h) != 0 && g + size_in(h) <= pool->top;
}

/* Padding aligns what follows the header, and is the least that does. */
#define CLAIM_PADDING(alignment)                                                                                       \
    CLAIM(padding_##alignment, uintptr_t pool, uint32_t g)                                                             \
    {                                                                                                                  \
        uint32_t above = padding((const defrag_pool *)(pool * GRANULE), g, alignment);                                 \
        uint32_t usable = (uint32_t)(pool * GRANULE) + usable_offset(g + above);                                       \
        return above < (alignment) && usable % (GRANULE * (alignment)) == 0;                                           \
    }
CLAIM_PADDING(1)
CLAIM_PADDING(2)
CLAIM_PADDING(4)
CLAIM_PADDING(8)
CLAIM_PADDING(16)
CLAIM_PADDING(32)
CLAIM_PADDING(64)
CLAIM_PADDING(128)

/* The seal changes by what a field changes, and so is put right by putting the field back. */
CLAIM(seal, uint32_t a, uint32_t b, word_t seal)
{
    return (seal ^ fold(a ^ b)) == (seal ^ fold(a) ^ fold(b)) && (fold(a) & ~HALF_MASK) == 0 &&
           ((a ^ b) == 0 || ((a ^ b) & ((a ^ b) - 1)) != 0 || fold(a) != fold(b));
}

/* The three fits are known, and nothing else. */
CLAIM(fit, defrag_fit fit)
{
    return is_fit(fit) == (fit == DEFRAG_FAST || fit == DEFRAG_BEST || fit == DEFRAG_MAKE_ROOM);
}
