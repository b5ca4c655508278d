/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include "blocks.h"
#include "handles.h"
#include "move.h"
#include "observe.h"

static void set_record(defrag_pool *pool, uint32_t slot_plus_1, uint32_t to)
{
    defrag_set_half(pool, &pool->flight_slot, slot_plus_1);
    defrag_set_half(pool, &pool->flight_to, to);
    defrag_set_half(pool, &pool->flight_done, 0);
}

DEFRAG_PRIVATE bool defrag_in_flight(const defrag_pool *pool)
{
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t to = pool->flight_to;
    if (slot >= pool->slots || !is_place(pool, to)) {
        return false;
    }
    word_t e = entry(pool, slot);
    uint32_t from = index_in(e);
    return locks_in(e) == IN_FLIGHT && is_place(pool, from) && is_sound(pool, header(pool, from), slot, from) &&
           is_sound(pool, header(pool, to), slot, to) && size_at(pool, to) == size_at(pool, from) &&
           pool->flight_done < size_at(pool, to);
}

DEFRAG_PRIVATE void defrag_begin_flight(defrag_pool *pool, uint32_t from, uint32_t at)
{
    word_t source = header(pool, from);
    uint32_t slot = owner_in(source);
    uint32_t to = defrag_take(pool, at, size_in(source), defrag_alignment_at(pool, from), slot);
    word_t e = entry(pool, slot);

    set_entry(pool, slot, e, e | (word_t)IN_FLIGHT << LOCKS_SHIFT);
    set_record(pool, slot + 1, to);
}

/* All is copied: the source is given back. */
static void land(defrag_pool *pool)
{
    uint32_t to = pool->flight_to;
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t from = index_in(entry(pool, slot));
    /* The header of the old place may be overwritten, if damage had the two places overlap. */
    uint32_t granules = size_at(pool, to);
    word_t h = header(pool, from);

    set_record(pool, 0, 0);
    defrag_commit_move(pool, slot, to);
    defrag_count(pool, pool->moved_blocks, 1);
    defrag_release(pool, from, granules, h);
    defrag_tell_of_moves(pool, to, to + granules, from - to);
}

DEFRAG_PRIVATE uint32_t defrag_continue_flight(defrag_pool *pool, uint32_t granules)
{
    uint32_t to = pool->flight_to;
    uint32_t from = index_in(entry(pool, pool->flight_slot - 1U));
    uint32_t done = pool->flight_done;
    uint32_t left = size_at(pool, to) - done;

    if (left <= granules) {
        granules = left;
    }
    if (granules > OPEN_BYTES / GRANULE) {
        granules = OPEN_BYTES / GRANULE;
    }
    /* The header is not copied: the new place has its own. */
    uint32_t skip = done == 0 ? WORD : GRANULE * done;
    uint32_t end = done + granules;
    defrag_copy(pool, header_offset(to) + skip, header_offset(from) + skip, GRANULE * end - skip);
    defrag_count(pool, pool->moved_bytes, GRANULE * granules);
    defrag_set_half(pool, &pool->flight_done, end);
    if (granules == left) {
        land(pool);
    }
    return granules;
}

DEFRAG_PRIVATE void defrag_cancel_flight(defrag_pool *pool)
{
    if (defrag_in_flight(pool)) {
        uint32_t to = pool->flight_to;
        uint32_t slot = pool->flight_slot - 1U;
        word_t h = header(pool, to);

        set_record(pool, 0, 0);
        defrag_commit_move(pool, slot, index_in(entry(pool, slot)));
        defrag_release(pool, to, size_in(h), h);
    }
}
