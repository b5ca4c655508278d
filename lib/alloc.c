/* SPDX-License-Identifier: MIT */
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "observe.h"
#include "room.h"
#include "versioned.h"

/* Gives the new block a slot and its place, and returns its handle. */
static defrag_handle place(defrag_pool *pool, const need_t *need, uint32_t at)
{
    word_t old;
    word_t e;
    uint32_t slot = defrag_take_slot(pool, &old, &e);
    uint32_t g = defrag_take(pool, at, need->granules, need->alignment, slot);
    e |= g | (need->alignment > 1 ? OVER_ALIGNED : 0) | (word_t)((need->flags & DEFRAG_PINNED) != 0) << LOCKS_SHIFT;
    set_entry(pool, slot, old, e);
    if ((need->flags & DEFRAG_ZEROED) != 0) {
        __builtin_memset((unsigned char *)pool + usable_offset(g), 0, usable_bytes(need->granules));
    }
    defrag_set_alignment(pool, g, need->granules, need->alignment);

    defrag_add_used(pool, need->granules);
    uint32_t live = (uint32_t)pool->slots - pool->free_slots;
    if (live > pool->peak_live) {
        set_half(pool, &pool->peak_live, live);
    }
    defrag_handle handle = handle_of(pool, slot, e);
    notify(pool, DEFRAG_EVENT_ALLOC, handle, e, g, g, need->granules);
    return handle;
}

static defrag_status allocate(defrag_pool *pool, size_t bytes, const need_t *need, defrag_handle *handle)
{
    uint32_t at = defrag_find_place(pool, need);
    if (at == 0) {
        defrag_status status = defrag_make_room(pool, need, &at);
        if (status != DEFRAG_OK) {
            return defrag_refuse(pool, status, DEFRAG_NO_HANDLE, (uint32_t)bytes);
        }
    }
    *handle = place(pool, need, at);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    if (handle == NULL) {
        return is_ready(pool) ? DEFRAG_INVALID_ARGUMENT : not_ready(pool);
    }
    *handle = DEFRAG_NO_HANDLE;
    if (!is_ready(pool)) {
        return not_ready(pool);
    }
    if (!is_fit(fit)) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    if (bytes - 1 >= pool->max_request) {
        return DEFRAG_INVALID_SIZE;
    }
    need_t need = { granules_for((uint32_t)bytes, 1), 1, fit, 1, 0 };
    return allocate(pool, bytes, &need, handle);
}

DEFRAG_API defrag_status defrag_alloc_array(defrag_pool *pool, size_t count, size_t bytes, defrag_fit fit,
                                            defrag_handle *handle)
{
    /* An overflowing product becomes 0, which is refused as a size. */
    size_t product = bytes != 0 && count > SIZE_MAX / bytes ? 0 : count * bytes;
    return defrag_alloc(pool, product, fit, handle);
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
    if (known.bytes - 1 >= pool->max_request) {
        return DEFRAG_INVALID_SIZE;
    }
    uint32_t alignment = alignment_in_granules(known.alignment);
    need_t need = { granules_for((uint32_t)known.bytes, alignment), alignment, known.fit, 1, known.flags };
    return allocate(pool, known.bytes, &need, handle);
}

DEFRAG_API defrag_status defrag_free(defrag_pool *pool, defrag_handle handle)
{
    uint32_t slot;
    word_t e;
    defrag_status status = open_unlocked(pool, handle, &slot, &e);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (locks_in(e) == IN_FLIGHT) {
        defrag_cancel_flight(pool);
    }
    uint32_t g = index_in(e);
    word_t h = header(pool, g);
    subtract_used(pool, size_in(h));
    defrag_release(pool, g, size_in(h), h);
    defrag_release_slot(pool, slot);
    notify(pool, DEFRAG_EVENT_FREE, handle, e, g, g, size_in(h));
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
