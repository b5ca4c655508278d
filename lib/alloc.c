/* SPDX-License-Identifier: MIT */
#include "blocks.h"
#include "flight.h"
#include "handles.h"
#include "observe.h"
#include "room.h"
#include "versioned.h"

/* Enters a block into the books: the entry of its slot, just claimed, says its place from now on. Returns OK. */
INLINE defrag_status enter(defrag_pool *pool, claim_t claim, word_t place, uint32_t granules, defrag_handle *handle)
{
    word_t generation = claim.e & GENERATION_MASK;
    word_t e = generation | place;
    word_t in_use = pool->in_use + ONE_BLOCK + granules;

    pool->in_use = in_use;
    set_entry(pool, claim.slot, claim.e, e);
    *handle = handle_of(pool, claim.slot, generation);
    return borrowed(in_use, pool->peak) != 0 ? defrag_note_peaks(pool) : DEFRAG_OK;
}

/* Fills a block that nobody knows yet with zero; a guarded build lets others in meanwhile. */
static void zero(void *block, uint32_t bytes)
{
    unsigned char *at = block;
    for (; bytes > OPEN_BYTES; bytes -= OPEN_BYTES) {
        __builtin_memset(at, 0, OPEN_BYTES);
        defrag_let_others_in();
        at += OPEN_BYTES;
    }
    __builtin_memset(at, 0, bytes);
}

/* Makes a block in the place found for it. */
APART static void settle(defrag_pool *pool, const need_t *need, uint32_t at, defrag_handle *handle)
{
    claim_t claim = claim_slot(pool);
    uint32_t g = defrag_take(pool, at, need->granules, need->alignment, claim.slot);
    word_t place = g | (need->alignment > 1 ? OVER_ALIGNED : 0);
    place |= (word_t)((need->flags & DEFRAG_PINNED) != 0) << LOCKS_SHIFT;
    enter(pool, claim, place, need->granules, handle);
    if ((need->flags & DEFRAG_ZEROED) != 0) {
        zero(granule_at(pool, g + 1), usable_bytes(need->granules));
    }
    defrag_set_alignment(pool, g, need->granules, need->alignment);
    defrag_notify(pool, DEFRAG_EVENT_ALLOC, claim.slot, g);
    if ((need->flags & DEFRAG_PINNED) != 0) {
        defrag_notify(pool, DEFRAG_EVENT_LOCK, claim.slot, g);
    }
}

/* Serves a need in any case: without a place at hand, or observed, or not to be served at all. */
static defrag_status serve(defrag_pool *pool, need_t *need, defrag_handle *handle)
{
    defrag_status status = defrag_ready(pool);
    if (handle != NULL) {
        *handle = DEFRAG_NO_HANDLE;
    }
    if (status == DEFRAG_OK) {
        status = handle != NULL && is_fit(need->fit) ? defrag_measure(pool, need) : DEFRAG_INVALID_ARGUMENT;
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    uint32_t at;
    status = defrag_find_room(pool, need, &at);
    if (status != DEFRAG_OK) {
        return defrag_refuse(pool, status, DEFRAG_NO_HANDLE, (uint32_t)need->bytes);
    }
    settle(pool, need, at, handle);
    return DEFRAG_OK;
}

SELDOM static defrag_status allocate_slowly(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    need_t need = { 0, 0, fit, 1, 0, bytes, 0 };
    return serve(pool, &need, handle);
}

/* Takes the hole at `at`, or the wilderness if that is its beginning; the caller knows that it and the table suffice. */
APART static defrag_status allocate_at(defrag_pool *pool, uint32_t at, uint32_t granules, defrag_handle *handle)
{
    claim_t claim = claim_slot(pool);
    defrag_carve(pool, at, block_header(claim.slot, granules));
    return enter(pool, claim, at, granules, handle);
}

/* Takes the beginning of the wilderness, if that suffices. */
APART static defrag_status allocate_on_top(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    uint32_t granules = granules_for((uint32_t)bytes, 1);
    if (!is_top(pool) || wilderness_with(pool, slots_for(pool, 1)) < (int32_t)granules) {
        return allocate_slowly(pool, bytes, fit, handle);
    }
    return allocate_at(pool, pool->top, granules, handle);
}

/* The smallest hole that fits, or 0. Apart, so that what comes next finds its stack free again. */
APART static uint32_t best_hole(const defrag_pool *pool, uint32_t granules)
{
    search_t search = { granules, 1, pool->top, 0, 0 };
    return defrag_find_hole(pool, &search);
}

/* Takes the smallest hole that fits, if there is one. Apart, since a call in its midst would cost the quick way registers. */
APART static defrag_status allocate_best(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    uint32_t granules = granules_for((uint32_t)bytes, 1);
    uint32_t at = is_fit(fit) && is_top(pool) && has_free_slot(pool) ? best_hole(pool, granules) : 0;
    return at != 0 ? allocate_at(pool, at, granules, handle) : allocate_slowly(pool, bytes, fit, handle);
}

/* Whether it is plain that the hole that first_fit found, or none, is what a search through all holes would find. */
INLINE bool is_plainly_best(const defrag_pool *pool, const fit_t *found, uint32_t granules)
{
    uint32_t own = bin_of(granules);
    if (found->bin != own && bin_has_hole(pool, own)) {
        return false;
    }
    return found->at == 0 || found->rest == 0 || found->bin <= BINS_OF_ONE_SIZE || next_hole(found->header) == 0;
}

DEFRAG_API defrag_status defrag_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle)
{
    if (SMALL_CORE || handle == NULL || !is_quiet(pool) || bytes - 1 >= pool->table - WORD) {
        return allocate_slowly(pool, bytes, fit, handle);
    }
    forget();
    uint32_t granules = granules_for((uint32_t)bytes, 1);
    fit_t found = first_fit(pool, granules);
    if (fit != DEFRAG_FAST && (!is_fit(fit) || !is_plainly_best(pool, &found, granules))) {
        return allocate_best(pool, bytes, fit, handle);
    }
    if (found.at == 0) {
        return allocate_on_top(pool, bytes, fit, handle);
    }
    if (size_in(found.header) >= last_granule(pool) - found.at) {
        *handle = DEFRAG_NO_HANDLE;
        return DEFRAG_CORRUPT;
    }
    claim_t claim;
    if (has_free_slot(pool)) {
        claim = pop_slot(pool);
    } else if (wilderness_with(pool, pool->slots + 1U) >= 0) {
        claim = new_slot(pool);
    } else {
        return allocate_slowly(pool, bytes, fit, handle);
    }
    set_header(pool, found.at, block_header(claim.slot, granules));
    unlink_from(pool, found.header, previous_hole(pool, found.at), found.bin);
    link_rest(pool, found.at + granules, found.rest);
    return enter(pool, claim, found.at, granules, handle);
}

DEFRAG_API defrag_status defrag_alloc_array(defrag_pool *pool, size_t count, size_t bytes, defrag_fit fit,
                                            defrag_handle *handle)
{
    /* An overflowing product becomes 0, which is refused as a size. */
    size_t product;
    if (__builtin_mul_overflow(count, bytes, &product)) {
        product = 0;
    }
    return defrag_alloc(pool, product, fit, handle);
}

/* What a request asks for, with a fit that there is not if the request is not valid. */
APART static need_t need_of(const defrag_request *request)
{
    defrag_request known = { 0 };
    if (request == NULL || !defrag_read_struct(&known, request, sizeof known) ||
        (known.flags & ~(uint32_t)(DEFRAG_ZEROED | DEFRAG_PINNED)) != 0 || known.reserved != 0) {
        known.fit = -1;
    }
    return (need_t){ 0, 0, known.fit, 1, known.flags, known.bytes, known.alignment };
}

DEFRAG_API defrag_status defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle)
{
    need_t need = need_of(request);
    return serve(pool, &need, handle);
}

/* Frees a block in any case: in flight, or observed, or not to be freed at all. */
SELDOM static defrag_status free_slowly(defrag_pool *pool, defrag_handle handle)
{
    named_t block;
    defrag_status status = defrag_open_unlocked(pool, handle, &block);
    if (status == DEFRAG_OK) {
        status = defrag_give_up_copy(pool, &block);
    }
    if (status != DEFRAG_OK) {
        return status;
    }
    uint32_t g = index_in(block.e);
    word_t h = header(pool, g);
    uint32_t usable = defrag_usable_of(pool, block.slot);
    pool->in_use -= ONE_BLOCK + size_in(h);
    defrag_append_free_slot(pool, block.slot, block.e, next_generation(block));
    defrag_release(pool, g, size_in(h), h);
    defrag_tell_of_free(pool, &block, usable);
    return DEFRAG_OK;
}

DEFRAG_API defrag_status defrag_free(defrag_pool *pool, defrag_handle handle)
{
    if (!SMALL_CORE && is_quiet(pool) && is_top(pool)) {
        named_t block = find_named(pool, handle);
        uint32_t g = index_in(block.e);
        if (block.state == UNLOCKED && is_below_top(pool, g)) {
            word_t h = header(pool, g);
            if (is_sound(pool, h, block.slot, g)) {
                pool->in_use -= ONE_BLOCK + size_in(h);
                append_free_slot(pool, block.slot, block.at, block.e, next_generation(block));
                return release(pool, g, size_in(h), h);
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
    defrag_status status = defrag_ready_to_look(pool);
    if (status != DEFRAG_OK) {
        return status;
    }
    if (bytes == NULL) {
        return DEFRAG_INVALID_ARGUMENT;
    }
    named_t block = find_named(pool, handle);
    if (block.state >= FREE_SLOT) {
        return DEFRAG_INVALID_HANDLE;
    }
    *bytes = defrag_usable_of(pool, block.slot);
    return DEFRAG_OK;
}
