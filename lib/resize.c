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

/* Where the block of a slot is, and how much it has; it may change with every move. */
static uint32_t place_of(const defrag_pool *pool, uint32_t slot)
{
    return index_in(entry(pool, slot));
}

/* The free granules right behind a block. */
static uint32_t room_behind(const defrag_pool *pool, uint32_t end)
{
    if (end == pool->top) {
        return limit_with(pool, pool->slots) - end;
    }
    word_t h = header(pool, end);
    return (h & IS_HOLE) != 0 ? size_in(h) : 0;
}

static void shrink(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    word_t h = header(pool, g);
    uint32_t rest = size_in(h) - granules;
    if (rest != 0) {
        set_header(pool, g, block_header(owner_in(h), granules) | (h & HOLE_BEFORE));
        subtract_used(pool, rest);
        defrag_release(pool, g + granules, rest, 0);
    }
}

static bool grow_in_place(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    uint32_t size = size_in(header(pool, g));
    if (size + room_behind(pool, g + size) < granules) {
        return false;
    }
    defrag_extend(pool, g, granules);
    return true;
}

/* Slides the block down into the hole before it, if it can then grow in place. */
static bool grow_downwards(defrag_pool *pool, uint32_t g, uint32_t granules, uint32_t alignment)
{
    word_t h = header(pool, g);
    if ((h & HOLE_BEFORE) == 0) {
        return false;
    }
    uint32_t hole = g - size_before(pool, g);
    uint32_t to = hole + padding(pool, hole, alignment);
    uint32_t end = g + size_in(h);
    if (to == g || end - to + room_behind(pool, end) < granules) {
        return false;
    }
    defrag_slide(pool, hole, to);
    defrag_extend(pool, to, granules);
    return true;
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
    word_t hole_before = header(pool, g) & HOLE_BEFORE;
    uint32_t slot = owner_in(header(pool, g));
    uint32_t to = end - size;

    set_header(pool, g, header(pool, g) & ~HOLE_BEFORE);
    reverse(pool, header_offset(g), header_offset(g + size));
    reverse(pool, header_offset(g + size), header_offset(end));
    reverse(pool, header_offset(g), header_offset(end));
    set_header(pool, g, header(pool, g) | hole_before);
    defrag_count_copied(pool, end - g);
    for (uint32_t at = g; at != to; at += size_in(header(pool, at))) {
        defrag_commit_move(pool, owner_in(header(pool, at)), at);
    }
    defrag_commit_move(pool, slot, to);
    for (uint32_t at = g; at != to; at += size_in(header(pool, at))) {
        defrag_notify_move(pool, owner_in(header(pool, at)), at + size, size_in(header(pool, at)));
    }
}

/* With all holes gathered, brings the block next to the hole above it. */
static bool grow_by_rotating(defrag_pool *pool, uint32_t slot, uint32_t granules, uint32_t alignment)
{
    uint32_t g = place_of(pool, slot);
    uint32_t size = size_in(header(pool, g));
    uint32_t end = g + size;

    while (end != pool->top && (header(pool, end) & IS_HOLE) == 0) {
        word_t h = header(pool, end);
        if (!is_movable(pool, h) || (entry(pool, owner_in(h)) & OVER_ALIGNED) != 0) {
            return false;
        }
        end += size_in(h);
    }
    if (size + room_behind(pool, end) < granules || padding(pool, end - size, alignment) != 0) {
        return false;
    }
    if (end != g + size) {
        rotate(pool, g, size, end);
    }
    defrag_extend(pool, end - size, granules);
    return true;
}

static defrag_status grow_elsewhere(defrag_pool *pool, uint32_t slot, const need_t *need)
{
    uint32_t at = defrag_find_place(pool, need);
    defrag_status status = at != 0 ? DEFRAG_OK : defrag_make_room(pool, need, &at);
    if (status == DEFRAG_OK) {
        /* Making room may have moved the block, or freed the granules behind it. */
        uint32_t g = place_of(pool, slot);
        if (!grow_in_place(pool, g, need->granules)) {
            defrag_evacuate(pool, g, at, need->granules);
        }
        return DEFRAG_OK;
    }
    uint32_t size = size_in(header(pool, place_of(pool, slot)));
    if (free_with(pool, defrag_fewest_slots(pool, 0)) + size < need->granules) {
        return DEFRAG_OUT_OF_MEMORY;
    }
    if (need->fit != DEFRAG_MAKE_ROOM) {
        return DEFRAG_FRAGMENTED;
    }
    uint32_t before = pool->moved_bytes[0];
    defrag_trim_table(pool, defrag_needed_slots(pool));
    defrag_cancel_flight(pool);
    defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);
    bool grown = grow_by_rotating(pool, slot, need->granules, need->alignment);
    defrag_note_worst_call(pool, before);
    return grown ? DEFRAG_OK : DEFRAG_FRAGMENTED;
}

static defrag_status grow(defrag_pool *pool, uint32_t slot, const need_t *need)
{
    uint32_t g = place_of(pool, slot);
    if (grow_in_place(pool, g, need->granules) || grow_downwards(pool, g, need->granules, need->alignment)) {
        return DEFRAG_OK;
    }
    return grow_elsewhere(pool, slot, need);
}

static defrag_status resize(defrag_pool *pool, defrag_handle handle, uint32_t slot, uint32_t bytes, defrag_fit fit)
{
    uint32_t from = place_of(pool, slot);
    uint32_t old = size_in(header(pool, from));
    uint32_t alignment = alignment_of(pool, entry(pool, slot), old);
    need_t need = { granules_for(bytes, alignment), alignment, fit, 0, 0 };

    if (need.granules <= old) {
        shrink(pool, from, need.granules);
    } else {
        defrag_status status = grow(pool, slot, &need);
        if (status != DEFRAG_OK) {
            return defrag_refuse(pool, status, handle, bytes);
        }
    }
    uint32_t g = place_of(pool, slot);
    uint32_t size = size_in(header(pool, g));
    defrag_set_alignment(pool, g, size, alignment);
    notify(pool, DEFRAG_EVENT_RESIZE, handle, entry(pool, slot), from, size);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit)
{
    if (!is_fit(fit)) {
        return is_ready(pool) ? DEFRAG_INVALID_ARGUMENT : not_ready(pool);
    }
    named_t block;
    defrag_status status = defrag_open_unlocked(pool, handle, &block);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (bytes - 1 >= pool->max_request) {
        return DEFRAG_INVALID_SIZE;
    }
    if (block.state == IN_FLIGHT) {
        defrag_cancel_flight(pool);
    }
    return resize(pool, handle, block.slot, (uint32_t)bytes, fit);
}
