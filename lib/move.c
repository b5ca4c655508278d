/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "bins.h"
#include "blocks.h"
#include "handles.h"
#include "observe.h"

/* Four words at a time, which ARM compilers turn into load and store multiple. */
typedef struct {
    word_t words[4];
} __attribute__((may_alias)) chunk_t;

DEFRAG_PRIVATE void defrag_copy(defrag_pool *pool, uint32_t to, uint32_t from, uint32_t bytes)
{
    unsigned char *memory = (unsigned char *)pool;
    for (; bytes >= sizeof(chunk_t); bytes -= (uint32_t)sizeof(chunk_t)) {
        chunk_t chunk = *(const chunk_t *)(const void *)(memory + from);
        *(chunk_t *)(void *)(memory + to) = chunk;
        from += (uint32_t)sizeof(chunk_t);
        to += (uint32_t)sizeof(chunk_t);
    }
    for (; bytes != 0; bytes -= WORD) {
        store(pool, to, load(pool, from));
        from += WORD;
        to += WORD;
    }
}

static void count(defrag_pool *pool, uint32_t counter[2], uint32_t amount)
{
    uint32_t low = counter[0] + amount;
    if (low < amount) {
        set_u32(pool, &counter[1], counter[1] + 1);
    }
    set_u32(pool, &counter[0], low);
}

DEFRAG_PRIVATE void defrag_commit_move(defrag_pool *pool, uint32_t slot, uint32_t to)
{
    word_t e = entry(pool, slot);
    set_entry(pool, slot, e, (e & ~(LOCKS_MASK | INDEX_MASK)) | to);
    count(pool, pool->moved_blocks, 1);
}

DEFRAG_PRIVATE void defrag_count_copied(defrag_pool *pool, uint32_t granules)
{
    count(pool, pool->moved_bytes, granules * GRANULE);
}

DEFRAG_PRIVATE void defrag_note_worst_call(defrag_pool *pool, uint32_t before)
{
    uint32_t moved = pool->moved_bytes[0] - before;
    if (moved > pool->worst_call) {
        set_u32(pool, &pool->worst_call, moved);
    }
}

DEFRAG_PRIVATE void defrag_notify_move(defrag_pool *pool, uint32_t slot, uint32_t from, uint32_t granules)
{
    word_t e = entry(pool, slot);
    notify(pool, DEFRAG_EVENT_MOVE, handle_of(pool, slot, e), e, from, granules);
}

DEFRAG_PRIVATE void defrag_slide(defrag_pool *pool, uint32_t hole, uint32_t to)
{
    word_t hole_header = header(pool, hole);
    uint32_t from = hole + size_in(hole_header);
    word_t moved = header(pool, from);
    uint32_t granules = size_in(moved);

    defrag_unlink_hole(pool, hole, hole_header);
    defrag_copy(pool, header_offset(to), header_offset(from), GRANULE * granules);
    if (to != hole) {
        defrag_link_hole(pool, hole, to - hole);
    } else {
        moved &= ~HOLE_BEFORE;
    }
    set_header(pool, to, moved);
    defrag_count_copied(pool, granules);
    defrag_commit_move(pool, owner_in(moved), to);
    defrag_release(pool, to + granules, from - to, 0);
    defrag_notify_move(pool, owner_in(moved), from, granules);
}

DEFRAG_PRIVATE uint32_t defrag_evacuate(defrag_pool *pool, uint32_t from, uint32_t at, uint32_t granules)
{
    word_t moved = header(pool, from);
    uint32_t slot = owner_in(moved);
    uint32_t old = size_in(moved);
    uint32_t alignment = alignment_of(pool, entry(pool, slot), old);
    uint32_t to = defrag_take(pool, at, granules, alignment, slot);

    defrag_copy(pool, usable_offset(to), usable_offset(from), usable_bytes(old));
    defrag_set_alignment(pool, to, granules, alignment);
    defrag_add_used(pool, granules - old);
    defrag_count_copied(pool, old);
    defrag_commit_move(pool, slot, to);
    /* Taking the hole may have changed what is before the old place. */
    defrag_release(pool, from, old, header(pool, from));
    defrag_notify_move(pool, slot, from, granules);
    return to;
}

DEFRAG_PRIVATE bool defrag_plan_push(const defrag_pool *pool, uint32_t hole, uint32_t end, move_t *move)
{
    uint32_t width = size_in(header(pool, hole));
    uint32_t from = hole + width;
    word_t block = header(pool, from);
    if (!is_movable(pool, block)) {
        return false;
    }
    uint32_t granules = size_in(block);
    uint32_t alignment = alignment_of(pool, entry(pool, owner_in(block)), granules);
    uint32_t behind = from + granules;
    uint32_t not_to = alignment > 1 ? TOP_OF_ALL : end > behind ? end : behind;
    search_t search = { granules, alignment, MOVE_TRIES, hole, not_to };
    uint32_t to = defrag_find_hole(pool, &search);
    bool slides = to == 0 || size_in(header(pool, to)) >= width + granules;
    if (slides) {
        to = hole + padding(pool, hole, alignment);
    }
    *move = (move_t){ hole, from, granules, to, slides };
    return to != from;
}

DEFRAG_PRIVATE uint32_t defrag_push(defrag_pool *pool, const move_t *move)
{
    if (move->slides) {
        defrag_slide(pool, move->hole, move->to);
        return move->to + move->granules;
    }
    defrag_evacuate(pool, move->from, move->to, move->granules);
    return move->hole;
}
