/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include "blocks.h"

static void set_record(defrag_pool *pool, uint32_t slot_plus_1, uint32_t to, uint32_t done)
{
    set_half(pool, &pool->flight_slot, slot_plus_1);
    set_half(pool, &pool->flight_to, to);
    set_half(pool, &pool->flight_done, done);
}

DEFRAG_PRIVATE void defrag_begin_flight(defrag_pool *pool, const move_t *move)
{
    uint32_t slot = owner_in(header(pool, move->from));
    word_t e = entry(pool, slot);
    uint32_t alignment = alignment_of(pool, e, move->granules);
    uint32_t at = move->slides ? move->hole : move->to;
    uint32_t to = defrag_take(pool, at, move->granules, alignment, slot);

    set_entry(pool, slot, e, e | (word_t)IN_FLIGHT << LOCKS_SHIFT);
    set_record(pool, slot + 1, to, 0);
}

static void land(defrag_pool *pool)
{
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t from = index_in(entry(pool, slot));
    word_t source = header(pool, from);

    defrag_commit_move(pool, slot, pool->flight_to);
    set_record(pool, 0, 0, 0);
    defrag_release(pool, from, size_in(source), source);
    defrag_notify_move(pool, slot, from, size_in(source));
}

DEFRAG_PRIVATE uint32_t defrag_continue_flight(defrag_pool *pool, uint32_t granules)
{
    uint32_t to = pool->flight_to;
    uint32_t from = index_in(entry(pool, pool->flight_slot - 1U));
    uint32_t size = size_in(header(pool, to));
    uint32_t done = pool->flight_done;
    uint32_t end = size - done < granules ? size : done + granules;

    if (done == end) {
        return 0;
    }
    /* The header is not copied: the new place has its own. */
    uint32_t skip = done == 0 ? WORD : GRANULE * done;
    defrag_copy(pool, header_offset(to) + skip, header_offset(from) + skip, GRANULE * end - skip);
    defrag_count_copied(pool, end - done);
    if (end == size) {
        land(pool);
    } else {
        set_half(pool, &pool->flight_done, end);
    }
    return end - done;
}

DEFRAG_PRIVATE void defrag_cancel_flight(defrag_pool *pool)
{
    if (!in_flight(pool)) {
        return;
    }
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t to = pool->flight_to;
    word_t e = entry(pool, slot);

    set_entry(pool, slot, e, e & ~LOCKS_MASK);
    set_record(pool, 0, 0, 0);
    defrag_release(pool, to, size_in(header(pool, to)), header(pool, to));
}
