/* SPDX-License-Identifier: MIT */
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "observe.h"
#include "room.h"
#include "versioned.h"

/* Raises the records that are exceeded. */
SELDOM static defrag_status note_peaks(defrag_pool *pool)
{
    uint32_t live = (uint32_t)pool->slots - pool->free_slots;
    if (live > pool->peak_live) {
        set_half(pool, &pool->peak_live, live);
    }
    defrag_add_used(pool, 0);
    return DEFRAG_OK;
}

/* Enters a block into the books. Its slot is the one that has been free longest; the entry says its place from now on. */
INLINE defrag_status enter(defrag_pool *pool, uint32_t slot, word_t place, uint32_t granules, defrag_handle *handle)
{
    word_t *at = entry_at(pool, slot);
    word_t old = *at;
    word_t e = (old & GENERATION_MASK) | place;
    uint32_t live = (uint32_t)pool->slots - pool->free_slots; /* without it */
    uint32_t used = pool->used + granules;

    pool->first_free_slot = (half_t)old;
    pool->free_slots--;
    pool->used = (half_t)used;
    pool->seal ^= old ^ e;
    *at = e;
    *handle = handle_of(pool, slot, old);
    return used > pool->peak_used || live >= pool->peak_live ? note_peaks(pool) : DEFRAG_OK;
}

/* Serves any request that is valid. */
static defrag_status allocate(defrag_pool *pool, size_t bytes, const need_t *need, defrag_handle *handle)
{
    uint32_t at = defrag_find_place(pool, need);
    if (at == 0) {
        defrag_status status = defrag_make_room(pool, need, &at);
        if (status != DEFRAG_OK) {
            return defrag_refuse(pool, status, DEFRAG_NO_HANDLE, (uint32_t)bytes);
        }
    }
    if (pool->free_slots == 0) {
        add_slot(pool);
    }
    uint32_t slot = pool->first_free_slot;
    uint32_t g = defrag_take(pool, at, need->granules, need->alignment, slot);
    if ((need->flags & DEFRAG_ZEROED) != 0) {
        __builtin_memset((unsigned char *)pool + usable_offset(g), 0, usable_bytes(need->granules));
    }
    defrag_set_alignment(pool, g, need->granules, need->alignment);
    word_t place = g | (need->alignment > 1 ? OVER_ALIGNED : 0);
    place |= (word_t)((need->flags & DEFRAG_PINNED) != 0) << LOCKS_SHIFT;
    defrag_status status = enter(pool, slot, place, need->granules, handle);
    notify(pool, DEFRAG_EVENT_ALLOC, *handle, place, g, need->granules);
    return status;
}

/* Serves a request in any case: without a place at hand, or observed, or not to be served at all. */
SELDOM static defrag_status allocate_slowly(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
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

/* Whether it is plain that the hole that first_fit found, or none, is what a search through all holes would find. */
INLINE bool is_plainly_best(const defrag_pool *pool, const fit_t *found, uint32_t granules)
{
    uint32_t own = bin_of(granules);
    if (found->bin != own && bin_has_hole(pool, own)) {
        return false;
    }
    return found->at == 0 || found->rest == 0 || found->bin < BINS_OF_ONE_SIZE || next_hole(found->header) == 0;
}

DEFRAG_API defrag_status defrag_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    if (handle == NULL || !is_quiet(pool) || bytes - 1 >= pool->max_request) {
        return allocate_slowly(pool, bytes, fit, handle);
    }
    uint32_t granules = granules_for((uint32_t)bytes, 1);
    fit_t found = first_fit(pool, granules);
    if (fit != DEFRAG_FAST && (!is_fit(fit) || !is_plainly_best(pool, &found, granules))) {
        return allocate_slowly(pool, bytes, fit, handle);
    }
    uint32_t at = found.at;
    if (at != 0) {
        if (pool->free_slots == 0) {
            return allocate_slowly(pool, bytes, fit, handle);
        }
        occupy_hole(pool, &found, granules);
    } else {
        at = pool->top;
        uint32_t slots = slots_for(pool, 1);
        if (slots > MAX_SLOTS || at + granules > limit_with(pool, slots)) {
            return allocate_slowly(pool, bytes, fit, handle);
        }
        raise_top(pool, at + granules);
        if (pool->free_slots == 0) {
            add_slot(pool);
        }
    }
    uint32_t slot = pool->first_free_slot;
    set_header(pool, at, block_header(slot, granules));
    return enter(pool, slot, at, granules, handle);
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

/* Frees a block in any case: in flight, or observed, or not to be freed at all. */
SELDOM static defrag_status free_slowly(defrag_pool *pool, defrag_handle handle)
{
    named_t block;
    defrag_status status = defrag_open_unlocked(pool, handle, &block);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (block.state == IN_FLIGHT) {
        defrag_cancel_flight(pool);
        block.e = entry(pool, block.slot);
    }
    uint32_t g = index_in(block.e);
    word_t h = header(pool, g);
    subtract_used(pool, size_in(h));
    defrag_release(pool, g, size_in(h), h);
    release_slot(pool, block);
    notify(pool, DEFRAG_EVENT_FREE, handle, block.e, g, size_in(h));
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_free(defrag_pool *pool, defrag_handle handle)
{
    if (is_quiet(pool)) {
        named_t block = find_named(pool, handle);
        if (block.state == UNLOCKED) {
            uint32_t g = index_in(block.e);
            word_t h = header(pool, g);
            if (is_sound(pool, h, block.slot, g)) {
                subtract_used(pool, size_in(h));
                release(pool, g, size_in(h), h);
                release_slot(pool, block);
                return DEFRAG_OK;
            }
        }
    }
    return free_slowly(pool, handle);
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
    named_t block = find_named(pool, handle);
    if (block.state >= FREE_SLOT) {
        return DEFRAG_INVALID_HANDLE;
    }
    *bytes = usable_bytes_of(pool, block.e);
    return DEFRAG_OK;
}
