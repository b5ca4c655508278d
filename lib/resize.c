/* SPDX-License-Identifier: MIT
 *
 * Resizing, cheapest way first: in place; into the hole before; to another place; and at last by rotating the block with
 * its neighbours to the side of the free space. */
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "move.h"
#include "observe.h"
#include "room.h"

/* Where the block of a slot is; it may change with every move. */
static uint32_t place_of(const defrag_pool *pool, uint32_t slot)
{
    return index_in(entry(pool, slot));
}

/* Whether the block at g, could it begin at `from`, had so many granules up to the next block behind `end`. */
static bool reaches(const defrag_pool *pool, uint32_t from, uint32_t end, uint32_t granules)
{
    uint32_t next = end;
    if (end == pool->top) {
        next += (uint32_t)defrag_wilderness(pool, pool->slots);
    } else {
        word_t h = sound_header(pool, end);
        next += (h & IS_HOLE) != 0 ? size_in(h) : 0;
    }
    return next - from >= granules;
}

static void shrink(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    word_t h = header(pool, g);
    uint32_t rest = size_in(h) - granules;
    if (rest != 0) {
        set_header(pool, g, h - block_header(0, rest));
        pool->in_use -= rest;
        defrag_release(pool, g + granules, rest, 0);
    }
}

/* Lets the block at g grow in place, if that suffices. */
static bool grow_in_place(defrag_pool *pool, uint32_t g, const need_t *need)
{
    bool suffices = reaches(pool, g, end_of(pool, g), need->granules);
    if (suffices) {
        defrag_extend(pool, g, need->granules);
    }
    return suffices;
}

/* Lets it grow after sliding down into the hole before it, if that suffices. */
static bool grow_downwards(defrag_pool *pool, uint32_t g, const need_t *need)
{
    word_t h = header(pool, g);
    uint32_t hole = hole_before(pool, g, h);
    uint32_t to = hole + padding(pool, hole, need->alignment);

    if (to >= g || size_at(pool, hole) != g - hole || !reaches(pool, to, g + size_in(h), need->granules)) {
        return false;
    }
    defrag_push(pool, hole, hole, false);
    /* Others, or a damaged list of holes, may have changed what is there. */
    return end_of(pool, to) - to <= need->granules && grow_in_place(pool, to, need);
}

static void reverse(defrag_pool *pool, uint32_t from, uint32_t to)
{
    while (from < to) {
        to -= WORD;
        word_t word = load(pool, from);
        store(pool, from, load(pool, to));
        store(pool, to, word);
        from += WORD;
    }
}

/* Exchanges block g of `size` granules with the blocks from its end to `end`, by three reversals. */
static void rotate(defrag_pool *pool, uint32_t g, uint32_t size, uint32_t end)
{
    word_t block = header(pool, g);
    uint32_t to = end - size;

    set_header(pool, g, block & ~HOLE_BEFORE);
    reverse(pool, header_offset(g), header_offset(g + size));
    reverse(pool, header_offset(g + size), header_offset(end));
    reverse(pool, header_offset(g), header_offset(end));
    set_header(pool, g, header(pool, g) | (block & HOLE_BEFORE));
    defrag_count(pool, pool->moved_bytes, GRANULE * (end - g));
    defrag_commit_moves(pool, g, end);
    defrag_tell_of_moves(pool, g, to, size);
}

/* With all holes gathered, brings the block next to the hole above it. */
static bool grow_by_rotating(defrag_pool *pool, uint32_t slot, const need_t *need)
{
    uint32_t g = place_of(pool, slot);
    uint32_t size = size_at(pool, g);
    uint32_t end = g + size;
    word_t h;

    for (; end < pool->top && ((h = sound_header(pool, end)) & IS_HOLE) == 0; end += size_in(h)) {
        if (!is_movable(pool, h) || defrag_alignment_at(pool, end) != 1) {
            return false;
        }
    }
    uint32_t to = end - size;
    if (!reaches(pool, to, end, need->granules) || padding(pool, to, need->alignment) != 0) {
        return false;
    }
    /* Rotating leaves nothing whole in between, so that others cannot be let in. */
    if (to != g && GRANULE * (end - g) > OPEN_BYTES) {
        return false;
    }
    if (to != g) {
        rotate(pool, g, size, end);
    }
    defrag_extend(pool, to, need->granules);
    return true;
}

/* Whether others, if they were let in, have left the block alone, and moves in a damaged pool have not fallen on it. */
APART static defrag_status look_again(const defrag_pool *pool, defrag_handle handle)
{
    named_t block;
    return defrag_open_unlocked(pool, handle, &block);
}

/* Gives back what the block has beyond its need; false if it has less. */
static bool cut(defrag_pool *pool, uint32_t slot, const need_t *need)
{
    uint32_t g = place_of(pool, slot);
    bool suffices = size_at(pool, g) >= need->granules;
    if (suffices) {
        shrink(pool, g, need->granules);
    }
    return suffices;
}

/* The last resort: gathers all holes first. */
APART static defrag_status grow_at_last(defrag_pool *pool, defrag_handle handle, uint32_t slot, const need_t *need)
{
    uint32_t before = pool->moved_bytes[0];
    defrag_trim_table(pool);
    (void)defrag_compact(pool); /* which gives a flight up, too */
    defrag_status status = look_again(pool, handle);
    if (status == DEFRAG_OK && !cut(pool, slot, need) && !grow_by_rotating(pool, slot, need)) {
        status = DEFRAG_FRAGMENTED;
    }
    defrag_note_worst_call(pool, before);
    return status;
}

static defrag_status grow(defrag_pool *pool, defrag_handle handle, uint32_t slot, const need_t *need)
{
    uint32_t g = place_of(pool, slot);
    if (grow_in_place(pool, g, need) || grow_downwards(pool, g, need)) {
        return DEFRAG_OK;
    }
    uint32_t at;
    bool found = defrag_find_room(pool, need, &at) == DEFRAG_OK;
    defrag_status status = look_again(pool, handle);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (cut(pool, slot, need)) {
        return DEFRAG_OK; /* others have made it larger */
    }
    if (found) {
        /* Making room may have moved the block, or freed the granules behind it. Sliding would copy as much, and lets
         * others in, who may take the room found. */
        g = place_of(pool, slot);
        if (!grow_in_place(pool, g, need)) {
            defrag_evacuate(pool, g, at, need->granules);
        }
        return DEFRAG_OK;
    }
    int64_t size = size_at(pool, place_of(pool, slot));
    if (defrag_free_with(pool, defrag_needed_slots(pool)) + size < need->granules) {
        return DEFRAG_OUT_OF_MEMORY;
    }
    if (need->fit != DEFRAG_MAKE_ROOM) {
        return DEFRAG_FRAGMENTED;
    }
    return grow_at_last(pool, handle, slot, need);
}

DEFRAG_API defrag_status defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit)
{
    named_t block;
    defrag_status status = defrag_open_unlocked(pool, handle, &block);
    if (!is_fit(fit) && status != DEFRAG_BUSY && status != DEFRAG_INVALID_POOL) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    uint32_t from = index_in(block.e);
    uint32_t alignment = defrag_alignment_at(pool, from);
    need_t need = { 0, 0, fit, 0, 0, bytes, (size_t)alignment * GRANULE };
    status = defrag_measure(pool, &need);
    if (status == DEFRAG_OK) {
        status = defrag_give_up_copy(pool, &block);
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    if (!cut(pool, block.slot, &need)) {
        status = grow(pool, handle, block.slot, &need);
        if (status == DEFRAG_LOCKED || status == DEFRAG_INVALID_HANDLE || status == DEFRAG_CORRUPT) {
            return status;
        }
        if (status != DEFRAG_OK) {
            return defrag_refuse(pool, status, handle, (uint32_t)bytes);
        }
    }
    uint32_t g = place_of(pool, block.slot);
    defrag_set_alignment(pool, g, end_of(pool, g) - g, alignment);
    defrag_notify(pool, DEFRAG_EVENT_RESIZE, block.slot, from);
    return DEFRAG_OK;
}
