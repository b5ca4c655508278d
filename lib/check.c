/* SPDX-License-Identifier: MIT
 *
 * Verifying a pool without trusting it: nothing is used as a place before it was found to lie in the pool, and each loop
 * is bounded by a count that was verified. */
#include "check.h"

#include "bins.h"
#include "control.h"

/* Blocks and holes counted in one pass over the arena. */
typedef struct {
    uint32_t blocks; /* flight destination excluded */
    uint32_t used;
    uint32_t holes;
    uint32_t hole_sum; /* of their places, and of the squares: the lists must come to the same */
    uint32_t hole_squares;
    bool flight_seen;
} census_t;

static bool is_control_block_sound(const defrag_pool *pool)
{
    uint32_t bytes = bytes_of(pool);
    if (bytes < DEFRAG_MIN_POOL_BYTES || bytes > MAX_POOL_BYTES || bytes % GRANULE != 0 || pool->slots > MAX_SLOTS ||
        live_in(pool->in_use) > pool->slots || pool->max_request == 0 ||
        pool->max_request != defrag_capacity(bytes, pool->reserved_slots)) {
        return false;
    }
    uint32_t control = defrag_control_bytes(bytes);
    uint32_t first = defrag_first_block(pool);
    uint64_t needed = (uint64_t)header_offset(first) + (uint64_t)pool->slots * WORD;
    if (needed > bytes || pool->top < first || pool->top > limit_with(bytes, pool->slots)) {
        return false;
    }
    for (uint32_t i = control; i < header_offset(first); i++) {
        if (((const unsigned char *)pool)[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool is_in_arena(const defrag_pool *pool, uint32_t g)
{
    return g >= defrag_first_block(pool) && g < pool->top;
}

static bool is_flight_destination(const defrag_pool *pool, uint32_t g)
{
    return pool->flight_slot != 0 && pool->flight_to == g;
}

static int32_t check_alignment(const defrag_pool *pool, word_t e, uint32_t g, uint32_t granules)
{
    if ((e & OVER_ALIGNED) == 0) {
        return INTACT;
    }
    uint32_t alignment = size_before(pool, g + granules);
    if (alignment < 2 || alignment > DEFRAG_MAX_ALIGNMENT / GRANULE || (alignment & (alignment - 1)) != 0) {
        return ALIGNMENTS;
    }
    return padding(pool, g, alignment) == 0 ? INTACT : MISALIGNED;
}

static int32_t check_block(const defrag_pool *pool, uint32_t g, word_t h, census_t *census)
{
    uint32_t slot = owner_in(h);
    if (slot >= pool->slots || locks_in(entry(pool, slot)) == FREE_SLOT) {
        return OWNERS;
    }
    if (is_flight_destination(pool, g)) {
        census->flight_seen = true;
        return slot + 1 == pool->flight_slot ? INTACT : FLIGHT;
    }
    word_t e = entry(pool, slot);
    if (index_in(e) != g) {
        return OWNERS;
    }
    census->blocks++;
    census->used += size_in(h);
    return check_alignment(pool, e, g, size_in(h));
}

static int32_t check_hole(const defrag_pool *pool, uint32_t g, word_t h, census_t *census)
{
    uint32_t granules = size_in(h);
    uint32_t end = g + granules;
    if (end == pool->top || (header(pool, end) & IS_HOLE) != 0 || (h & HOLE_BEFORE) != 0) {
        return HOLES_APART;
    }
    if (size_before(pool, end) != granules || load(pool, header_offset(g) + WORD) >> HALF_BITS != granules) {
        return HOLE_SIZES;
    }
    census->holes++;
    census->hole_sum += g;
    census->hole_squares += g * g;
    return INTACT;
}

static int32_t check_arena(const defrag_pool *pool, census_t *census)
{
    bool hole_before = false;
    for (uint32_t g = defrag_first_block(pool); g != pool->top;) {
        word_t h = header(pool, g);
        uint32_t granules = size_in(h);
        if (granules == 0 || granules > pool->top - g) {
            return TILING;
        }
        bool is_hole = (h & IS_HOLE) != 0;
        if (!is_hole && ((h & HOLE_BEFORE) != 0) != hole_before) {
            return HOLE_BEFORE_BIT;
        }
        int32_t broken = is_hole ? check_hole(pool, g, h, census) : check_block(pool, g, h, census);
        if (broken != INTACT) {
            return broken;
        }
        hole_before = is_hole;
        g += granules;
    }
    return INTACT;
}

static bool is_bin_sound(const defrag_pool *pool, uint32_t bin, census_t *listed, uint32_t holes)
{
    uint32_t previous = IN_BIN | bin;
    for (uint32_t hole = first_in(pool, bin); hole != 0;) {
        if (!is_in_arena(pool, hole) || listed->holes++ == holes) {
            return false;
        }
        word_t h = header(pool, hole);
        uint32_t granules = size_in(h);
        if ((h & IS_HOLE) == 0 || granules > pool->top - hole || bin_of(granules) != bin ||
            (load(pool, header_offset(hole) + WORD) & HALF_MASK) != previous) {
            return false;
        }
        listed->hole_sum += hole;
        listed->hole_squares += hole * hole;
        previous = hole;
        hole = next_hole(h);
    }
    return true;
}

static int32_t check_bins(const defrag_pool *pool, const census_t *census)
{
    census_t listed = { 0 };
    uint32_t last = bin_of(bytes_of(pool) / GRANULE);
    for (uint32_t bin = 0; bin < 32 * MAP_WORDS; bin++) {
        bool has_hole = bin - 1 < last && first_in(pool, bin) != 0;
        if ((pool->map[bin / 32] >> bin % 32 & 1) != has_hole) {
            return BIN_MAP;
        }
        if (has_hole && !is_bin_sound(pool, bin, &listed, census->holes)) {
            return LISTS;
        }
    }
    bool same = listed.holes == census->holes && listed.hole_sum == census->hole_sum &&
                listed.hole_squares == census->hole_squares;
    return same ? INTACT : LISTS;
}

static bool is_queue_sound(const defrag_pool *pool)
{
    uint32_t marked = 0;
    for (uint32_t slot = 0; slot < pool->slots; slot++) {
        marked += locks_in(entry(pool, slot)) == FREE_SLOT;
    }
    if (marked != pool->slots - live_in(pool->in_use)) {
        return false;
    }
    /* Each hop must lead on to another free slot, and as many of them to none; so none is met twice. */
    uint32_t slot = first_free_slot(pool);
    uint32_t last = pool->last_free_slot;
    for (uint32_t left = marked; left != 0; left--) {
        if (slot >= pool->slots || locks_in(entry(pool, slot)) != FREE_SLOT) {
            return false;
        }
        last = slot;
        slot = index_in(entry(pool, slot));
    }
    return slot == NO_SLOT && last == pool->last_free_slot;
}

static bool is_flight_sound(const defrag_pool *pool, const census_t *census)
{
    if (pool->flight_slot == 0) {
        return pool->flight_to == 0 && pool->flight_done == 0;
    }
    /* The slot is in use and names a block of the census, since the destination's header was found to name the slot, and
     * there are as many slots in use as blocks. */
    word_t e = census->flight_seen ? entry(pool, pool->flight_slot - 1U) : 0;
    if (locks_in(e) != IN_FLIGHT) {
        return false;
    }
    uint32_t granules = size_at(pool, pool->flight_to);
    return granules == size_at(pool, index_in(e)) && pool->flight_done < granules;
}

static word_t seal_of(const defrag_pool *pool)
{
    word_t seal = defrag_seal_from(pool, offsetof(defrag_pool, peak));
    for (uint32_t slot = 0; slot < pool->slots; slot++) {
        seal ^= entry(pool, slot);
    }
    return seal;
}

DEFRAG_PRIVATE int32_t defrag_broken_invariant(const defrag_pool *pool)
{
    if (!is_control_block_sound(pool)) {
        return CONTROL_BLOCK;
    }
    census_t census = { 0 };
    int32_t broken = check_arena(pool, &census);
    if (broken == INTACT) {
        broken = check_bins(pool, &census);
    }
    if (broken != INTACT) {
        return broken;
    }
    if (census.blocks != live_in(pool->in_use)) {
        return LIVE_COUNT;
    }
    if (census.used != used_in(pool->in_use)) {
        return USED_COUNT;
    }
    if (!is_queue_sound(pool)) {
        return FREE_SLOTS;
    }
    if (!is_flight_sound(pool, &census)) {
        return FLIGHT;
    }
    return seal_of(pool) == pool->seal ? INTACT : SEAL;
}

DEFRAG_API defrag_status defrag_check(const defrag_pool *pool, int32_t *invariant)
{
    if (invariant != NULL) {
        *invariant = INTACT;
    }
    if (defrag_ready(pool) == DEFRAG_INVALID_POOL) {
        return DEFRAG_INVALID_POOL;
    }
    int32_t broken = defrag_broken_invariant(pool);
    if (invariant != NULL) {
        *invariant = broken;
    }
    return broken == INTACT ? DEFRAG_OK : DEFRAG_CORRUPT;
}
