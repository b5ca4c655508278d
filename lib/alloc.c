/* SPDX-License-Identifier: MIT */
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "observe.h"
#include "room.h"
#include "versioned.h"

#include <string.h>

/* Gives the new block a slot and its place, and returns its handle. */
static defrag_handle place(defrag_pool *pool, const need_t *need, uint32_t at)
{
    uint32_t slot = defrag_take_slot(pool, at);
    uint32_t g = defrag_take(pool, at, need->granules, need->alignment, slot);
    word_t e = entry(pool, slot);
    word_t settled = (e & ~INDEX_MASK) | g | (need->alignment > 1 ? OVER_ALIGNED : 0) |
                     (word_t)(need->lowest ? 1 : 0) << LOCKS_SHIFT;
    set_entry(pool, slot, e, settled);
    defrag_set_alignment(pool, g, need->granules, need->alignment);

    uint32_t used = pool->used + need->granules;
    uint32_t live = (uint32_t)pool->slots - pool->free_slots;
    pool->used = (half_t)used;
    if (used > pool->peak_used) {
        set_half(pool, &pool->peak_used, used);
    }
    if (live > pool->peak_live) {
        set_half(pool, &pool->peak_live, live);
    }
    return handle_of(pool, slot, settled);
}

/* `request` is valid but for its size, which the pool decides. */
static defrag_status allocate(defrag_pool *pool, const defrag_request *request, defrag_handle *handle)
{
    if (request->bytes - 1 >= pool->max_request) {
        return DEFRAG_INVALID_SIZE;
    }
    uint32_t bytes = (uint32_t)request->bytes;
    uint32_t alignment = alignment_in_granules(request->alignment);
    need_t need = {granules_for(bytes, alignment), alignment, request->fit, 1, (request->flags & DEFRAG_PINNED) != 0};
    uint32_t at;
    defrag_status status = defrag_find_room(pool, &need, &at);
    if (status != DEFRAG_OK) {
        return defrag_refuse(pool, status, DEFRAG_NO_HANDLE, bytes);
    }
    *handle = place(pool, &need, at);
    uint32_t slot = (*handle & SLOT_AND_TAG_MASK) - pool->handle_base;
    uint32_t g = index_in(entry(pool, slot));
    if ((request->flags & DEFRAG_ZEROED) != 0) {
        memset((unsigned char *)pool + usable_offset(g), 0,
               usable_bytes(need.granules) - (alignment > 1 ? sizeof(half_t) : 0));
    }
    notify(pool, DEFRAG_EVENT_ALLOC, *handle, g, g, need.granules);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle)
{
    defrag_request known;
    if (handle != NULL) {
        *handle = DEFRAG_NO_HANDLE;
    }
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    if (handle == NULL || request == NULL || !defrag_read_struct(&known, request, sizeof known) || !is_fit(known.fit) ||
        (known.flags & ~(uint32_t)(DEFRAG_ZEROED | DEFRAG_PINNED)) != 0 || known.reserved != 0) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    if (!is_alignment(known.alignment)) {
        return DEFRAG_INVALID_ALIGNMENT;
    }
    return allocate(pool, &known, handle);
}

DEFRAG_API defrag_status defrag_alloc_array(defrag_pool *pool, size_t count, size_t bytes, defrag_fit fit,
                                            defrag_handle *handle)
{
    /* An overflowing product becomes 0, which is refused as a size. */
    size_t product = bytes != 0 && count > SIZE_MAX / bytes ? 0 : count * bytes;
    defrag_request request = {sizeof request, 0, product, 0, fit, 0};
    return defrag_alloc_with(pool, &request, handle);
}

DEFRAG_API defrag_status defrag_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    return defrag_alloc_array(pool, 1, bytes, fit, handle);
}

DEFRAG_API defrag_status defrag_free(defrag_pool *pool, defrag_handle handle)
{
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    uint32_t slot;
    word_t e;
    if (!find_slot(pool, handle, &slot, &e)) {
        return DEFRAG_INVALID_HANDLE;
    }
    if (locks_in(e) != UNLOCKED && locks_in(e) != IN_FLIGHT) {
        return DEFRAG_LOCKED;
    }
    uint32_t g = index_in(e);
    if (!is_sound(pool, slot, g)) {
        return DEFRAG_CORRUPT;
    }
    if (locks_in(e) == IN_FLIGHT) {
        defrag_cancel_flight(pool);
    }
    word_t h = header(pool, g);
    pool->used = (half_t)(pool->used - size_in(h));
    defrag_release(pool, g, size_in(h), h);
    defrag_release_slot(pool, slot);
    notify(pool, DEFRAG_EVENT_FREE, handle, g, g, size_in(h));
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_usable_size(const defrag_pool *pool, defrag_handle handle, size_t *bytes)
{
    if (bytes != NULL) {
        *bytes = 0;
    }
    if (!is_readable(pool)) {
        return DEFRAG_INVALID_POOL;
    }
    if (bytes == NULL) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    uint32_t slot;
    word_t e;
    if (!find_slot(pool, handle, &slot, &e)) {
        return DEFRAG_INVALID_HANDLE;
    }
    *bytes = usable_bytes_of(pool, e);
    return DEFRAG_OK;
}
